"""From which margin on plans are relied on: the arithmetic, and the command over real cases and the built-in model."""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.backends.testllm import TestLlm
from netassist.evaluation.calibration import Outcome, calibration, lines, threshold_for
from netassist.nano.confidence import UNSURE_BELOW
from netassist.toolbox import built_in

MARGINS = st.lists(st.tuples(st.floats(0, 20), st.booleans()), min_size=1, max_size=60)


def test_a_threshold_by_hand() -> None:
    # Given ten cases of which the two least sure are wrong, and one that is sure
    found = [Outcome(0.1 + place, right=place not in (0, 1, 7)) for place in range(10)]
    chosen = threshold_for(found, 0.2)
    # Then two may be asked about, and what is above is counted apart
    assert chosen == 2.1
    one = calibration(found, chosen)
    assert (one.asked, one.accuracy_below, one.accuracy_above, one.wrong_and_sure) == (0.2, 0.0, 7 / 8, 0.1)
    assert lines(one)[-1] == "wrong and sure: 10.0% of all cases"


@given(MARGINS, st.floats(0, 1))
def test_no_more_are_asked_than_may_be(pairs: list[tuple[float, bool]], most: float) -> None:
    found = [Outcome(margin, right) for margin, right in pairs]
    one = calibration(found, threshold_for(found, most))
    assert one.asked <= most + 1e-9
    below = one.asked * (one.accuracy_below or 0)
    above = (1 - one.asked) * (one.accuracy_above or 0)
    assert math.isclose(below + above, one.accuracy, abs_tol=1e-9)


def test_where_nothing_was_chosen_nothing_is_unsure() -> None:
    found = [Outcome(math.inf, True)] * 3
    assert calibration(found, threshold_for(found, 0.5)).asked == 0
    assert "unknown, there are none" in "\n".join(lines(calibration(found, 0.0)))


@pytest.mark.parametrize(
    "request_text",
    ["is db1.example.org up?", "hello", "look at it", "everything about the certificate, or so, of db1.example.org"],
)
def test_a_plan_is_unsure_below_the_threshold(request_text: str) -> None:
    async def planned() -> None:
        backend = TestLlm(threads=1)
        try:
            plan = await backend.plan(request_text, [], list(built_in().values()), {})
        finally:
            await backend.close()
        assert plan.confidence is not None
        assert plan.unsure is (plan.confidence < UNSURE_BELOW)

    asyncio.run(planned())


def test_the_command_says_what_a_threshold_does(tmp_path: Path) -> None:
    questions = ("is db1.example.org up?", "ping 192.0.2.1", "which agents are there", "trace the way to 192.0.2.1")
    truths: tuple[dict[str, object], ...] = (
        {"ping": {"host": ["db1.example.org"], "count": ["", 4]}}, {"ping": {"host": ["192.0.2.1"], "count": ["", 4]}},
        {"agent_list": {}}, {"ping": {"host": ["192.0.2.1"]}},
    )  # fmt: skip
    cases = tmp_path / "cases.jsonl"
    rows = (
        {"id": str(n), "category": "simple", "question": [[{"role": "user", "content": text}]], "ground_truth": [truth]}
        for n, (text, truth) in enumerate(zip(questions, truths, strict=True))
    )
    cases.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    command = [sys.executable, "-m", "netassist.nano.confidence", str(cases), "--threads", "1", "--most-asked", "0.3"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "cases: 4, of which 75.0% are planned right" in done.stdout
    assert "wrong and sure: " in done.stdout
    assert "chosen on one half of the cases and measured on the other: " in done.stdout
