"""NetBench: requests to a network assistant, and the tool calls that answer them. Cases, planning of one, verdict on one.

The form of cases and predictions is that of NetBench's own scorer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Annotated

import msgspec

from netassist.backends.planning import Backend, Outcome, in_turn
from netassist.evaluation.lines import rows
from netassist.evaluation.netbench_rules import AnyOf, Expected, PlannedCall, PlannedTurn, Truth, turn_is_right
from netassist.evaluation.record import Answered
from netassist.evaluation.score import Judged, NetBench, common
from netassist.toolbox import Call, InvalidCall, Tool
from netassist.untrusted import as_text


class Message(msgspec.Struct, frozen=True):
    content: str


class Case(msgspec.Struct, frozen=True):
    """One line of a NetBench file. `ground_truth` of several turns has one entry a turn; `truths` is one entry a turn always."""

    id: str
    category: str
    question: Annotated[list[Annotated[list[Message], msgspec.Meta(min_length=1)]], msgspec.Meta(min_length=1)]
    ground_truth: msgspec.Raw
    expect: str | None = None

    @property
    def requests(self) -> list[str]:
        return [turn[0].content for turn in self.question]

    @property
    def truths(self) -> list[Truth]:
        """Raises msgspec.ValidationError where the ground truth is of another form."""
        if len(self.question) == 1:
            return [msgspec.json.decode(self.ground_truth, type=Truth)]
        return msgspec.json.decode(self.ground_truth, type=list[Truth])


class Prediction(Answered, frozen=True, kw_only=True):
    """One line of a file of predictions."""

    turns: tuple[PlannedTurn, ...] = ()


def cases(file: Path) -> list[Case]:
    """The cases of a NetBench file; raises InvalidCall, which names the line, and OSError."""
    found: dict[str, Case] = {}
    for place, case in rows(file, Case, "a NetBench case"):
        try:
            truths = case.truths
        except msgspec.ValidationError as error:
            raise place.wrong(f"not a NetBench case: ground_truth: {error}") from None
        if len(truths) != len(case.question):
            raise place.wrong(f"{len(case.question)} turns, and ground_truth has {len(truths)} entries")
        if any(len(call) != 1 for truth in truths for call in _calls(truth)):
            raise place.wrong("ground_truth: each call has one name")
        if case.id in found:
            raise place.wrong(f"the id {case.id!r} is there twice")
        found[case.id] = case
    if not found:
        raise InvalidCall(f"{file}: there are no cases in it")
    return list(found.values())


def _calls(truth: Truth) -> list[Expected]:
    return [call for calls in truth.any_of for call in calls] if isinstance(truth, AnyOf) else truth


async def planned(
    case: Case, backend: Backend, tools: Sequence[Tool], inventory: Mapping[str, str], thinking: bool = False
) -> Prediction:
    """Each turn planned with the calls that were planned for the turns before it; raises BackendError.

    `thinking` tells whether the backend lets its model think aloud. The prediction's `seconds` are those of one turn.
    """
    started = monotonic()
    exchanges = await in_turn(backend, case.requests, tools, inventory)
    turns = tuple(as_turn(exchange.outcome, exchange.calls) for exchange in exchanges)
    seconds = round((monotonic() - started) / len(turns), 5)
    return Prediction(id=case.id, model=backend.model, thinking=thinking, seconds=seconds, turns=turns)


def as_turn(outcome: Outcome, calls: Sequence[Call]) -> PlannedTurn:
    """A plan in the form of predictions."""
    return PlannedTurn(outcome, [PlannedCall(call.name, dict(call.arguments)) for call in calls])


def evaluated(cases: Sequence[Case], answers: Mapping[str, Prediction], model: str, most_misses: int = 0) -> NetBench:
    """How well `model` did on the cases that have an answer."""
    counts = Counter(case.category for case in cases)
    judged = [Judged(case.id, case.category, fault(case, answers[case.id])) for case in cases if case.id in answers]
    return NetBench(**common(model, counts, judged, [answers[one.id] for one in judged], most_misses))


def fault(case: Case, prediction: Prediction) -> str | None:
    """Why a prediction is wrong; None where it is right."""
    if prediction.error is not None and not prediction.turns:
        return prediction.error
    truths, turns = case.truths, prediction.turns
    if len(turns) != len(truths):
        return f"{len(turns)} turns were planned, and there are {len(truths)}"
    expect = case.expect if len(truths) == 1 else None
    for number, (turn, truth) in enumerate(zip(turns, truths, strict=True), 1):
        if not turn_is_right(turn, truth, expect):
            where = f"turn {number}: " if len(truths) > 1 else ""
            return as_text(f"{where}{case.requests[number - 1]!r} should be {_shown(truth, expect)}, not {_planned(turn)}", 1000)
    return None


def _shown(truth: Truth, expect: str | None) -> str:
    if isinstance(truth, AnyOf):
        return " or ".join(_shown(one, expect) for one in truth.any_of)
    return msgspec.json.encode(truth).decode() if truth else expect or "no call"


def _planned(turn: PlannedTurn) -> str:
    calls = [f"{call.name}({', '.join(f'{k}={v!r}' for k, v in (call.arguments or {}).items())})" for call in turn.calls or ()]
    return ", ".join(calls) or turn.outcome or "no call"
