"""The ladder over real servers and the real built-in model: falls, pauses, recovery, and nothing lost or run twice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import pytest

from netassist.backends.endpoint import Patience
from netassist.backends.ladder import FIRST_PAUSE, LONGEST_PAUSE, Ladder, Rung
from netassist.backends.ledger import Budget, Fall, Ledger
from netassist.backends.planning import Backend, BackendError, Exchange, Plan, Round
from netassist.backends.testllm import TestLlm
from netassist.toolbox import Call, Tool
from tests.backends.asking import EVERY, QUICK, planned, remote, told
from tests.lab.llm_server import Llm, Turn, Wanted, llm_server

PING = Call("ping", {"host": "192.0.2.1"})
ANSWER = Turn(calls=[Wanted("ping", {"host": "192.0.2.1"})])
REQUEST = "ping 192.0.2.1"


class Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


class Steps:
    """A ladder of `turbollm` in the lab over the built-in model, and what it told."""

    def __init__(self, lab: Llm, folder: Path, *, patience: Patience = QUICK, budget: Budget | None = None) -> None:
        self.clock = Clock()
        self.ledger = Ledger(folder, self.clock)
        self.lines: list[str] = []
        self.lab, self.patience, self.budget = lab, patience, budget

    def ladder(self, *first: Rung, place: str = "lab", pinned: bool = False) -> Ladder:
        """As a new process would make it."""
        turbo = remote(self.lab, self.ledger.path.parent, patience=self.patience, budget=self.budget, ledger=self.ledger)
        rungs = [*first, Rung(turbo, place)] if first else [Rung(turbo, place), Rung(TestLlm(threads=1))]
        return Ladder(rungs[:1] if pinned else rungs, self.ledger, self.lines.append, pinned=pinned)

    def plan(self, ladder: Ladder | None = None, so_far: Sequence[Round] = ()) -> Plan:
        return told(planned(ladder or self.ladder(), REQUEST, so_far=so_far))


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (Turn(status=500, error="boom"), "boom"),
        (Turn(status=429, headers=(("Retry-After", "40"),)), "asks to be left alone for 40 s"),
        (Turn(status=401), "wants a key"),
        (Turn(fault="slow_first_byte"), "does not answer"),
        (Turn("one two three", fault="cut"), "broke off"),
        (Turn(status=404, error="no such model"), "no such model"),
    ],
)
def test_it_falls_says_so_once_and_leaves_the_fallen_alone(tmp_path: Path, turn: Turn, words: str) -> None:
    async def story() -> None:
        ladder = steps.ladder()
        first = await ladder.plan(REQUEST, (), EVERY, {})
        second = await planned(ladder, REQUEST)
        assert (first.calls, first.planned_by) == ((PING,), "testllm/nano")
        assert second.calls == (PING,)

    with llm_server(Llm([turn], otherwise=ANSWER)) as lab:
        steps = Steps(lab, tmp_path)
        told(story())
    assert len(lab.asked) == 1
    assert len(steps.lines) == 1
    assert words in steps.lines[0]
    assert steps.lines[0].endswith("; testllm goes on")


def test_it_recovers_by_itself_and_says_so(tmp_path: Path) -> None:
    with llm_server(Llm([Turn(status=503)], otherwise=ANSWER)) as lab:
        steps = Steps(lab, tmp_path)
        assert steps.plan().planned_by == "testllm/nano"
        steps.clock.now += FIRST_PAUSE - 1
        assert steps.plan().planned_by == "testllm/nano"  # another process, which knows
        steps.clock.now += 2
        assert steps.plan().planned_by == "turbollm/lab"
        assert steps.plan().planned_by == "turbollm/lab"
    assert [line.split("; ")[-1] for line in steps.lines] == ["testllm goes on", "testllm goes on", "turbollm answers again"]
    assert "asked again in 1 s" in steps.lines[1]


def test_the_pause_grows_and_ends_with_an_answer(tmp_path: Path) -> None:
    pauses = []
    with llm_server(Llm([Turn(status=503)] * 9, otherwise=ANSWER)) as lab:
        steps = Steps(lab, tmp_path)
        for _ in range(9):
            steps.plan()
            fall = steps.ledger.fall("turbollm")
            assert fall is not None
            pauses.append(fall.pause)
            steps.clock.now += fall.pause
        steps.plan()
        assert steps.ledger.fall("turbollm") is None
    assert pauses == [min(LONGEST_PAUSE, FIRST_PAUSE * 2**times) for times in range(9)]


def test_retry_after_is_the_pause(tmp_path: Path) -> None:
    with llm_server(Llm([Turn(status=429, headers=(("Retry-After", "700"),))], otherwise=ANSWER)) as lab:
        steps = Steps(lab, tmp_path)
        steps.plan()
        steps.clock.now += 690
        assert steps.plan().planned_by == "testllm/nano"
        steps.clock.now += 20
        assert steps.plan().planned_by == "turbollm/lab"


def test_another_configuration_is_another_backend(tmp_path: Path) -> None:
    with llm_server(Llm([Turn(status=503)], otherwise=ANSWER)) as lab:
        steps = Steps(lab, tmp_path)
        steps.plan()
        assert steps.plan(steps.ladder(place="another model")).planned_by == "turbollm/lab"


def test_a_clock_that_is_set_back_makes_no_pause_longer(tmp_path: Path) -> None:
    with llm_server(Llm([Turn(status=503)], otherwise=ANSWER)) as lab:
        steps = Steps(lab, tmp_path)
        steps.plan()
        steps.clock.now -= 86_400
        assert steps.plan().planned_by == "turbollm/lab"


def test_within_a_process_no_clock_ends_or_stretches_a_pause(tmp_path: Path) -> None:
    async def story() -> None:
        ladder = steps.ladder()
        await ladder.plan(REQUEST, (), EVERY, {})
        steps.clock.now -= 86_400
        assert (await ladder.plan(REQUEST, (), EVERY, {})).planned_by == "testllm/nano"
        steps.clock.now += 2 * 86_400
        assert (await planned(ladder, REQUEST)).planned_by == "turbollm/lab"

    with llm_server(Llm([Turn(status=503)], otherwise=ANSWER)) as lab:
        steps = Steps(lab, tmp_path)
        told(story())


def test_twice_invalid_falls_for_this_request_alone(tmp_path: Path) -> None:
    wrong = Turn(calls=[Wanted("pnig", {})])
    with llm_server(Llm([wrong, wrong], otherwise=ANSWER)) as lab:
        steps = Steps(lab, tmp_path)
        assert steps.plan().planned_by == "testllm/nano"
        assert steps.plan().planned_by == "turbollm/lab"
    assert len(steps.lines) == 1
    assert "is wrong again" in steps.lines[0]


def test_a_spent_budget_falls_and_asks_nobody(tmp_path: Path) -> None:
    with llm_server(Llm(otherwise=ANSWER)) as lab:
        steps = Steps(lab, tmp_path, budget=Budget(tokens=100))
        assert steps.plan().planned_by == "testllm/nano"
        assert lab.asked == []
    assert "0 of 100 tokens used" in steps.lines[0]


def test_a_ledger_that_cannot_be_written_falls_to_what_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "backends.sqlite3").mkdir()
    with llm_server(Llm(otherwise=ANSWER)) as lab:
        steps = Steps(lab, tmp_path)
        assert steps.plan().planned_by == "testllm/nano"
        assert lab.asked == []
    assert "cannot be written down" in steps.lines[0]


class Unsure:
    """The built-in model, unsure of every plan."""

    name, model, rounds = "testllm", "unsure", 1

    def __init__(self) -> None:
        self.inner = TestLlm(threads=1)

    async def plan(
        self,
        request: str,
        earlier: Sequence[Exchange],
        tools: Sequence[Tool],
        inventory: Mapping[str, str],
        so_far: Sequence[Round] = (),
    ) -> Plan:
        return msgspec.structs.replace(await self.inner.plan(request, earlier, tools, inventory, so_far), unsure=True)

    async def close(self) -> None:
        await self.inner.close()


def test_low_confidence_asks_the_next_one(tmp_path: Path) -> None:
    with llm_server(Llm(otherwise=ANSWER)) as lab:
        steps = Steps(lab, tmp_path)
        plan = steps.plan(steps.ladder(Rung(Unsure())))
        assert (plan.planned_by, plan.unsure) == ("turbollm/lab", False)
    assert steps.lines == ["testllm is not sure that it understands this; turbollm goes on"]


def test_the_unsure_plan_stands_where_nobody_else_makes_one(tmp_path: Path) -> None:
    with llm_server(Llm([Turn(status=500)])) as lab:
        steps = Steps(lab, tmp_path)
        plan = steps.plan(steps.ladder(Rung(Unsure())))
        assert (plan.planned_by, plan.unsure, plan.calls) == ("testllm/unsure", True, (PING,))


def test_a_request_goes_on_with_who_planned_it(tmp_path: Path) -> None:
    async def story() -> Plan:
        ladder = steps.ladder(Rung(Unsure()))
        first = await ladder.plan(REQUEST, (), EVERY, {})
        return await planned(ladder, REQUEST, so_far=[Round(first.calls, ("up",))])

    with llm_server(Llm([ANSWER, Turn("It is up.")])) as lab:
        steps = Steps(lab, tmp_path)
        assert told(story()).text == "It is up."


def test_a_fall_between_rounds_runs_nothing_twice(tmp_path: Path) -> None:
    async def story() -> Plan:
        ladder = steps.ladder()
        first = await ladder.plan(REQUEST, (), EVERY, {})
        assert first.planned_by == "turbollm/lab"
        return await planned(ladder, REQUEST, so_far=[Round(first.calls, ("up",))])

    with llm_server(Llm([ANSWER, Turn(status=500)])) as lab:
        steps = Steps(lab, tmp_path)
        plan = told(story())
    assert (plan.outcome, plan.calls, plan.text) == ("no_call", (), "")
    assert steps.lines[0].endswith("; the answer is what has been measured so far")


def test_the_conversation_goes_with_the_fall(tmp_path: Path) -> None:
    earlier = [Exchange("is 192.0.2.9 up?", (Call("ping", {"host": "192.0.2.9"}),), "call", ("up",))]

    async def story() -> Plan:
        ladder = steps.ladder()
        try:
            return await ladder.plan("and its certificate?", earlier, EVERY, {})
        finally:
            await ladder.close()

    with llm_server(Llm([Turn(status=500)])) as lab:
        steps = Steps(lab, tmp_path)
        plan = told(story())
    assert plan.calls == (Call("certificate_info", {"host": "192.0.2.9"}),)


def test_a_cancel_is_no_fall(tmp_path: Path) -> None:
    async def story() -> None:
        ladder = steps.ladder()
        planning = asyncio.ensure_future(ladder.plan(REQUEST, (), EVERY, {}))
        assert await asyncio.to_thread(lab.came.wait, 20)
        planning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await planning
        await ladder.close()

    with llm_server(Llm([Turn(fault="slow_first_byte")])) as lab:
        steps = Steps(lab, tmp_path, patience=Patience())
        told(story())
    assert steps.lines == []
    assert steps.ledger.fall("turbollm") is None


def test_who_is_pinned_is_asked_whatever_was_before_and_its_error_is_told(tmp_path: Path) -> None:
    with llm_server(Llm([Turn(status=503), Turn(status=503)], otherwise=ANSWER)) as lab:
        steps = Steps(lab, tmp_path)
        for _ in range(2):
            with pytest.raises(BackendError, match="HTTP 503"):
                steps.plan(steps.ladder(pinned=True))
        assert steps.plan(steps.ladder(pinned=True)).planned_by == "turbollm/lab"
        assert steps.ledger.fall("turbollm") is None
    assert steps.lines == []


def test_a_moment_is_waited_for_where_nobody_else_can_go_on(tmp_path: Path) -> None:
    async def story() -> Plan:
        turbo = remote(lab, tmp_path)
        return await planned(Ladder([Rung(turbo, "lab")], Ledger(tmp_path)), REQUEST)

    with llm_server(Llm([Turn(status=429, headers=(("Retry-After", "1"),))], otherwise=ANSWER)) as lab:
        assert told(story()).calls == (PING,)
        assert len(lab.asked) == 2


def test_where_all_have_fallen_they_are_asked_all_the_same_but_for_whom_it_was_forbidden(tmp_path: Path) -> None:
    async def story() -> Plan:
        both: list[Backend] = [remote(lab, tmp_path, name=name, ledger=ledger) for name in ("turbollm", "hugllm")]
        return await planned(Ladder([Rung(backend, "lab") for backend in both], ledger), REQUEST)

    ledger = Ledger(tmp_path)
    ledger.fell("turbollm", Fall("lab", ledger.clock(), 300.0, 1, "rate_limited", "turbollm: too many requests"))
    ledger.fell("hugllm", Fall("lab", ledger.clock(), 300.0, 1, "server", "hugllm: boom"))
    with llm_server(Llm(otherwise=ANSWER)) as lab:
        assert told(story()).planned_by == "hugllm/lab"
        assert len(lab.asked) == 1
