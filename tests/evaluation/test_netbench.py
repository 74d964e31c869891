"""NetBench's verdicts: one case a rule, and thousands of made-up predictions against the scorer itself, where that is at hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import msgspec
import pytest

from netassist.evaluation.netbench import Case, Prediction, cases, evaluated, fault
from netassist.toolbox import InvalidCall

SCORER = Path(__file__).parent.parent.parent.parent / "shared" / "netbench" / "score.py"


def case(truth: object, turns: int = 1, **more: object) -> Case:
    question = [[{"role": "user", "content": f"request {number}"}] for number in range(turns)]
    return msgspec.convert(
        {"id": "x", "category": "c", "question": question, "ground_truth": msgspec.Raw(json.dumps(truth).encode()), **more}, Case
    )


def predicted(*turns: object) -> Prediction:
    return msgspec.convert({"id": "x", "turns": turns}, Prediction)


def calls(*named: tuple[str, dict[str, object]]) -> dict[str, object]:
    return {"outcome": "call", "calls": [{"name": name, "arguments": arguments} for name, arguments in named]}


PING = [{"ping": {"host": ["gw7.lab.test"], "count": ["", 3]}}]
TWO = [{"ping": {"host": ["a.lab.test", "b.lab.test"]}}, {"ping": {"host": ["a.lab.test"]}}]
NOTHING: dict[str, object] = {"outcome": "no_call", "calls": []}


@pytest.mark.parametrize(
    ("truth", "turn", "right"),
    [
        (PING, calls(("ping", {"host": "gw7.lab.test"})), True),
        (PING, calls(("ping", {"host": " GW7.lab.test./", "count": 3.0})), True),
        (PING, calls(("ping", {"host": "gw7.lab.test", "count": None})), True),
        (PING, calls(("ping", {"host": "gw7.lab.test", "count": 4})), False),
        (PING, calls(("ping", {"host": "gw7.lab.test", "count": True})), False),
        (PING, calls(("ping", {"host": "gw7.lab.test", "size": 9})), False),
        (PING, calls(("ping", {"count": 3})), False),
        (PING, calls(("tcp_check", {"host": "gw7.lab.test"})), False),
        (PING, calls(("ping", {"host": "gw7.lab.test"}), ("ping", {"host": "gw7.lab.test"})), False),
        (PING, NOTHING, False),
        ([{"scan": {"ports": ["22,80"]}}], calls(("scan", {"ports": "22, 80"})), True),
        ([{"scan": {"ports": ["22,80"]}}], calls(("scan", {"ports": "80,22"})), False),
        ([{"note": {"text": ["*"]}}], calls(("note", {"text": "whatever"})), True),
        ([{"note": {"text": ["*"]}}], calls(("note", {"text": "  "})), False),
        ([{"note": {"text": ["", "a"]}}], calls(("note", {"text": ""})), True),
        ([{"note": {"text": ["", "a"]}}], calls(("note", {"text": "  "})), False),
        ([{"flag": {"on": [True]}}], calls(("flag", {"on": 1})), False),
        (TWO, calls(("ping", {"host": "a.lab.test"}), ("ping", {"host": "b.lab.test"})), True),
        (TWO, calls(("ping", {"host": "b.lab.test"}), ("ping", {"host": "b.lab.test"})), False),
        ({"any_of": [PING, []]}, NOTHING, True),
        ({"any_of": [PING, []]}, calls(("ping", {"host": "gw7.lab.test"})), True),
        ([], NOTHING, True),
        ([], calls(("ping", {"host": "gw7.lab.test"})), False),
    ],
)
def test_each_rule(truth: object, turn: dict[str, object], right: bool) -> None:
    assert (fault(case(truth), predicted(turn)) is None) is right


def test_a_question_back_is_no_refusal() -> None:
    wanted = case([], expect="clarify")
    assert fault(wanted, predicted({"outcome": "clarify", "calls": []})) is None
    assert fault(wanted, predicted(NOTHING)) == "'request 0' should be clarify, not no_call"


def test_every_turn_has_to_be_right() -> None:
    two = case([PING, []], turns=2)
    right = calls(("ping", {"host": "gw7.lab.test"}))
    assert fault(two, predicted(right, NOTHING)) is None
    assert fault(two, predicted(right)) == "1 turns were planned, and there are 2"
    assert str(fault(two, predicted(right, right))).startswith(
        "turn 2: 'request 1' should be no call, not ping(host='gw7.lab.test')"
    )


def test_what_has_no_prediction_is_not_counted_and_not_complete() -> None:
    result = evaluated([case(PING)], {}, "mine")
    assert (result.complete, result.answered, result.accuracy) == (False, 0, None)


@pytest.mark.skipif(not SCORER.is_file(), reason="NetBench is not beside this checkout")
def test_the_verdicts_are_the_scorer_s(tmp_path: Path) -> None:
    chance = Random(5)
    made = [imagined(number, chance) for number in range(4000)]
    files = tmp_path / "cases.jsonl", tmp_path / "predictions.jsonl"
    for place, file in enumerate(files):
        file.write_text("".join(json.dumps(pair[place]) + "\n" for pair in made), encoding="utf-8")
    done = subprocess.run([sys.executable, str(SCORER), *map(str, files), "--json"], capture_output=True, text=True, check=True)
    # Each case has a category of its own, so its accuracy is its verdict.
    theirs = {name: share == 1 for name, share in json.loads(done.stdout)["by_category"].items()}
    predictions = {str(row["id"]): msgspec.convert(row, Prediction) for _, row in made}
    ours = {one.category: fault(one, predictions[one.id]) is None for one in cases(files[0])}
    assert ours == theirs
    assert min(list(ours.values()).count(True), list(ours.values()).count(False)) > 500


def imagined(number: int, chance: Random) -> tuple[dict[str, object], dict[str, object]]:
    """A case and a prediction that is often right, or nearly."""
    turns = chance.choice([1, 1, 1, 2, 3])
    truths = [_truth(chance) for _ in range(turns)]
    name = f"made-{number}"
    row = {"id": name, "category": name, "question": [[{"role": "user", "content": "…"}]] * turns,
           "ground_truth": truths if turns > 1 else truths[0]}  # fmt: skip
    if turns == 1 and chance.random() < 0.5:
        row["expect"] = chance.choice(["no_call", "clarify"])
    planned = [_turn(truth, chance) for truth in truths]
    return row, {"id": name, "turns": planned if chance.random() < 0.95 else planned[1:]}


_VALUES: list[object] = ["gw7.lab.test", "GW7.lab.test.", "22, 80", "22,80", "", "*", "x", " x ", 3, 3.0, 1, True, False, 0, None]
_NAMES = ["host", "ports", "count", "on", "name"]


def _truth(chance: Random) -> object:
    def arguments() -> dict[str, object]:
        return {
            name: chance.choices(_VALUES[:-1], k=chance.randint(1, 3)) for name in chance.sample(_NAMES, chance.randint(0, 3))
        }

    def few() -> list[object]:
        return [{chance.choice(["ping", "scan"]): arguments()} for _ in range(chance.choice([0, 1, 1, 2, 3]))]

    return few() if chance.random() < 0.8 else {"any_of": [few(), few()]}


def _turn(truth: object, chance: Random) -> dict[str, object]:
    expected = chance.choice(truth["any_of"]) if isinstance(truth, dict) else truth
    made: list[dict[str, object]] = []
    for call in expected if isinstance(expected, list) else ():
        ((name, parameters),) = call.items()
        made.append({"name": name, "arguments": {key: chance.choice(values) for key, values in parameters.items()}})
    if made and chance.random() < 0.4:
        changed = chance.choice(made)
        arguments = changed["arguments"]
        assert isinstance(arguments, dict)
        arguments[chance.choice(_NAMES)] = chance.choice(_VALUES)
    if chance.random() < 0.1:
        made = made[1:] or [{"name": "ping", "arguments": {}}]
    chance.shuffle(made)
    return {"outcome": "call" if made else chance.choice(["no_call", "clarify"]), "calls": made}


GOOD = '{"id": "x", "category": "c", "question": [[{"content": "hi"}]], "ground_truth": []}'


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not a NetBench case"),
        (GOOD.replace('"ground_truth": []', '"ground_truth": 5'), "not a NetBench case: ground_truth"),
        (GOOD.replace('"ground_truth": []', '"ground_truth": [{}]'), "ground_truth: each call has one name"),
        (
            GOOD.replace('[[{"content": "hi"}]]', '[[{"content": "hi"}], [{"content": "ho"}]]'),
            "2 turns, and ground_truth has 0 entries",
        ),
        (GOOD, "the id 'x' is there twice"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text(f"{GOOD}\n\n{line}\n")
    with pytest.raises(InvalidCall, match=f"cases.jsonl:3: {message}"):
        cases(file)


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "cases.jsonl").touch()
    with pytest.raises(InvalidCall, match="there are no cases in it"):
        cases(tmp_path / "cases.jsonl")
