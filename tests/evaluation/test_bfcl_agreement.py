"""Our reading and checking of calls against the published package, verdict for verdict, where that is at hand.

    pip install --no-deps --target .peers/bfcl bfcl-eval==2026.3.23

It runs as a program of its own (`bfcl_peer.py`); BFCL_EVAL names another folder. `test_ast_checker.py` needs none of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest

from netassist.evaluation.ast_checker import fault
from netassist.evaluation.bfcl import WITH_ANSWERS, Case, cases
from netassist.evaluation.function_docs import Called
from netassist.evaluation.written_calls import Unreadable, read
from tests.evaluation.mutations import accepted, mutated
from tests.evaluation.test_ast_checker import CASES, calls_of

PACKAGE = Path(os.environ.get("BFCL_EVAL", Path(__file__).parent.parent.parent / ".peers" / "bfcl"))
pytestmark = pytest.mark.skipif(not (PACKAGE / "bfcl_eval").is_dir(), reason="the package bfcl-eval is not at hand")


@pytest.fixture(scope="module")
def published() -> list[Case]:
    return cases(PACKAGE / "bfcl_eval" / "data")


def peer(tasks: Iterable[tuple[object, ...]]) -> list[object]:
    program = [sys.executable, str(Path(__file__).parent / "bfcl_peer.py"), str(PACKAGE)]
    done = subprocess.run(program, input="".join(f"{task!r}\n" for task in tasks), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def as_published(calls: Iterable[Called]) -> list[dict[str, dict[str, object]]]:
    return [{call.name: call.arguments} for call in calls]


def disagreements(judged: list[tuple[Case, list[Called], bool]]) -> tuple[list[object], Counter[object]]:
    tasks = [("check", case.category, json.loads(case.documents), as_published(calls), case.truth, underscores)
             for case, calls, underscores in judged]  # fmt: skip
    verdicts = peer(tasks)
    assert len(verdicts) == len(judged)
    differ: list[object] = []
    for (case, calls, underscores), verdict in zip(judged, verdicts, strict=True):
        wrong = fault(case.category, case.functions, calls, case.truth, underscores=underscores)
        # Where the peer itself breaks (null) there is no verdict to agree with, but such an answer must not be right.
        if (wrong is None) is not bool(verdict):
            differ.append((case.id, calls, verdict, wrong))
    return differ, Counter(verdicts)


def test_every_case_of_the_published_files_is_read(published: list[Case]) -> None:
    assert Counter(case.category for case in published) == {
        "simple": 258, "multiple": 1053, "parallel": 16, "parallel_multiple": 24, "irrelevance": 884, "relevance": 16,
    }  # fmt: skip


def test_the_verdict_on_its_own_answers_is_the_published_one(published: list[Case]) -> None:
    chance = Random(1)
    judged = [(case, accepted(case.truth, chance), False) for case in published if case.category in WITH_ANSWERS for _ in "12"]
    differ, verdicts = disagreements(judged)
    assert not differ
    assert verdicts[True] > 2500


@pytest.mark.parametrize("seed", range(3))
def test_the_verdict_on_changed_answers_is_the_published_one(published: list[Case], seed: int) -> None:
    chance = Random(seed)
    judged = []
    for case in published:
        if case.category in WITH_ANSWERS:
            for underscores in (False, True):
                calls = accepted(case.truth, chance)
                if underscores:
                    calls = [Called(call.name.replace(".", "_"), call.arguments) for call in calls]
                judged.append((case, mutated(calls, chance), underscores))
    # The few cases of calls side by side count for more than their number.
    several = [case for case in published if case.category.startswith("parallel")]
    judged += [(case, mutated(accepted(case.truth, chance), chance), False) for case in several for _ in range(25)]
    differ, verdicts = disagreements(judged)
    assert not differ, differ[:5]
    assert len(judged) > 2000
    assert min(verdicts[True], verdicts[False]) > 400


def test_the_stored_verdicts_are_the_published_ones() -> None:
    tasks = [("check", case["category"], case["functions"], as_published(calls_of(case)), case["truth"],
              bool(case.get("underscores"))) for case in CASES]  # fmt: skip
    assert peer(tasks) == [case["right"] for case in CASES]


def test_what_a_model_writes_is_read_as_published(published: list[Case]) -> None:
    chance = Random(7)
    texts = [spelled(mutated(accepted(case.truth, chance), chance)) for case in published if case.category in WITH_ANSWERS]
    texts += [broken(text, chance) for text in texts]
    texts += ODD
    differ = [(text, theirs, ours) for text, theirs in zip(texts, peer([("read", text) for text in texts]), strict=True)
              if theirs != (ours := readable(text))]  # fmt: skip
    assert not differ, differ[:5]


ODD = [f"<TOOLCALL>{inside}</TOOLCALL>" for inside in (
    "", "[]", "hello", "f(a=b)", "[f(a=b.c)]", "[f(a=true)]", "[f(a=g(1))]", "[f(a=g(x=1))]", "[f(a=b[0])]", "[f(a=-1.5)]",
    "[f(a=2*3+1)]", "[f(a='x'+'y')]", "[f(a=...)]", "[f(a=[1,(2,3)])]", "[f(a={'b':[1]})]", "[f(1,2,a=3)]", "[f()()]",
    "[f(a=lambda: 1)]", "[f(a={1,2})]", "[f(a=f'{b}')]", "f(a=1), g(b=2)", "`[f(a=1)]`", "[f(a=1)] [g()]", "[f(a=1)][0]",
    "[f(a={**b})]", "[f(a={[1]:2})]", "[f(a=1/0)]", "[f(a=\x00)]", "[f(a=x if y else z)]",
)] + ["no calls here", "<TOOLCALL>[f(a=1)]", "<TOOLCALL>[f(a=1)]</TOOLCALL> and <TOOLCALL>[g()]</TOOLCALL>"]  # fmt: skip


def spelled(calls: Iterable[Called]) -> str:
    written = [f"{call.name}({', '.join(f'{name}={value!r}' for name, value in call.arguments.items())})" for call in calls]
    return f"<TOOLCALL>[{', '.join(written)}]</TOOLCALL>"


def broken(text: str, chance: Random) -> str:
    place = chance.randrange(len(text))
    return text[:place] + chance.choice(["", "(", ")", "'", '"', ",", "]", "=", " ", "\n"]) + text[place + chance.randint(0, 1) :]


def readable(text: str) -> str | None:
    try:
        return repr(as_published(read(text)))
    except Unreadable:
        return None
