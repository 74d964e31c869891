"""BFCL's files, what a model is asked, and the score."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netassist.evaluation.bfcl import Case, Message, Result, cases, evaluated, fault
from netassist.evaluation.bfcl_asking import prompt, turns
from netassist.toolbox import InvalidCall
from tests.evaluation import small_bfcl


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small_bfcl.written(tmp_path / "data")


def answers(found: list[Case], **instead: str) -> dict[str, Result]:
    """The right answers, but for categories that are named."""
    return {case.id: Result(id=case.id, result=instead.get(case.category, small_bfcl.RIGHT[case.id])) for case in found}


def test_right_answers_score_all(folder: Path) -> None:
    found = cases(folder)
    result = evaluated(found, answers(found), "mine")
    assert (result.right, result.accuracy, result.live_v2, result.live_v4) == (6, 1.0, 1.0, 1.0)


def test_v2_counts_all_six_categories_and_v4_four(folder: Path) -> None:
    found = cases(folder)
    result = evaluated(
        found, answers(found, irrelevance="<TOOLCALL>[ring(times=1)]</TOOLCALL>", simple="no"), "mine", most_misses=9
    )
    assert (result.live_v2, result.live_v4) == (4 / 6, 3 / 4)
    assert [(miss.category, miss.why) for miss in result.misses] == [
        ("simple", "0 calls, and 1 are right"),
        ("irrelevance", "ring is called, and no function serves this"),
    ]


def test_categories_weigh_by_their_cases(folder: Path) -> None:
    for file in (folder / "BFCL_v4_live_simple.json", folder / "possible_answer" / "BFCL_v4_live_simple.json"):
        file.write_text("\n".join(file.read_text().replace("0-0-0", f"{n}-0-0") for n in range(5)))
    found = cases(folder)
    right = Result(id="", result=small_bfcl.RIGHT["live_simple_0-0-0"])
    result = evaluated(found, {case.id: right for case in found}, "mine")
    # The same call everywhere: five of five simple ones, relevance, and nothing else.
    assert (result.live_v2, result.live_v4) == (6 / 10, 5 / 8)


@pytest.mark.parametrize("less", ["a category without a file", "a case without an answer", "only the first cases"])
def test_a_part_is_no_score(folder: Path, less: str) -> None:
    if less == "a category without a file":
        (folder / "BFCL_v4_live_relevance.json").unlink()
    found = cases(folder)
    given = answers(found)
    if less == "a case without an answer":
        del given[next(case.id for case in found if case.category == "relevance")]
    result = evaluated(found, given, "mine", whole=less != "only the first cases")
    assert result.live_v2 is None
    assert result.accuracy == 1.0
    assert (result.live_v4 is None) == (less == "only the first cases")


def test_what_cannot_be_read_is_no_call(folder: Path) -> None:
    by_category = {case.category: case for case in cases(folder)}
    unreadable = Result(id="", result="<TOOLCALL>[ring(times=]</TOOLCALL>")
    assert fault(by_category["irrelevance"], unreadable) is None
    assert fault(by_category["relevance"], unreadable) == "the calls cannot be read: no Python: SyntaxError"


def test_a_failure_is_wrong_even_where_silence_is_right(folder: Path) -> None:
    irrelevance = next(case for case in cases(folder) if case.category == "irrelevance")
    assert fault(irrelevance, Result(id="", error="the model's process died twice")) == "the model's process died twice"


def test_the_prompt_is_the_template_with_the_functions_as_they_were_published(folder: Path) -> None:
    case = cases(folder, ["multiple"])[0]
    text = "".join(segment.text for segment in prompt(case, thinking=False))
    assert text == (
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\ndetailed thinking off<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\n"
        f"<AVAILABLE_TOOLS>{json.dumps([small_bfcl.LAMP, small_bfcl.BELL])}</AVAILABLE_TOOLS>\n\nRing twice<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n<think>\n</think>"
    )
    assert not any(segment.ours for segment in prompt(case, thinking=True) if "Ring twice" in segment.text)


def test_system_messages_are_the_user_s_and_roles_alternate() -> None:
    said = [
        ("system", "Be kind."),
        ("user", "Hi"),
        ("assistant", "Hello"),
        ("assistant", "again"),
        ("user", "One"),
        ("user", "more"),
    ]
    made = turns([Message(role, text) for role, text in said])  # type: ignore[arg-type] # roles out of a list
    assert [(turn.request, turn.answer) for turn in made] == [("Be kind.\n\nHi", "Hello\n\nagain"), ("One\n\nmore", "")]


SAID = '"question": [[{"role": "user", "content": ""}]]'
SIMPLE, RELEVANCE = "BFCL_v4_live_simple.json", "BFCL_v4_live_relevance.json"


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        (SIMPLE, "{", "not JSON"),
        (SIMPLE, '{"id": "x"}', "not a BFCL case: .*question"),
        (SIMPLE, f'{{"id": "x", {SAID.replace("user", "king")}, "function": []}}', "not a BFCL case: .*'king'"),
        (SIMPLE, f'{{"id": "x", {SAID}, "function": []}}', f"x has no line in possible_answer/{SIMPLE}"),
        (SIMPLE, "\udcff", "not UTF-8"),
        (RELEVANCE, f'{{"id": "x", {SAID}, "function": [{{"name": "f"}}]}}', "not a BFCL case: function 1: .*parameters"),
        (f"possible_answer/{SIMPLE}", '{"id": "x", "ground_truth": []}', "not a BFCL answer"),
        (f"possible_answer/{SIMPLE}", '{"id": "x", "ground_truth": [{}]}', "not a BFCL answer: each call has one name"),
    ],
)
def test_a_malformed_line_is_named(folder: Path, file: str, line: str, message: str) -> None:
    with (folder / file).open("a", encoding="utf-8", errors="surrogateescape") as opened:
        opened.write("\n" + line)
    number = len((folder / file).read_bytes().split(b"\n"))
    with pytest.raises(InvalidCall, match=rf"{file}:{number}: {message}"):
        cases(folder)


def test_an_answer_that_calls_what_is_not_offered_is_malformed(folder: Path) -> None:
    truth = folder / "possible_answer" / "BFCL_v4_live_multiple.json"
    truth.write_text(truth.read_text().replace("ring", "sing"))
    with pytest.raises(InvalidCall, match=r"live_multiple.json:1: the answer of .* calls sing, which is not among its functions"):
        cases(folder)


def test_two_versions_of_a_file_are_one_too_many(folder: Path) -> None:
    (folder / "BFCL_v3_live_simple.json").touch()
    with pytest.raises(InvalidCall, match=r"both BFCL_v3_live_simple.json and BFCL_v4_live_simple.json are there"):
        cases(folder)


def test_a_folder_without_the_files_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidCall, match=r"no file is named like BFCL_v4_live_simple.json"):
        cases(tmp_path)
