"""From which margin on a plan of the local model can be relied on, measured on NetBench cases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from netassist.backends.planning import Backend, Exchange
from netassist.evaluation.netbench import Case, Prediction, as_turn, fault
from netassist.toolbox import Tool

STEP = 0.05
"""Thresholds are whole multiples of it."""


class Outcome(NamedTuple):
    """`margin` is the smallest one over all turns of a case, infinite where nothing was ever chosen."""

    margin: float
    right: bool


class Calibration(NamedTuple):
    """What a threshold does: shares of all cases, and accuracies on either side of it (None where there are no cases)."""

    threshold: float
    cases: int
    accuracy: float
    asked: float
    accuracy_below: float | None
    accuracy_above: float | None
    wrong_and_sure: float


async def outcomes(cases: Sequence[Case], backend: Backend, tools: Sequence[Tool]) -> list[Outcome]:
    """Each case planned, turn after turn; raises BackendError."""
    found = []
    for case in cases:
        exchanges: list[Exchange] = []
        margin = math.inf
        for request in case.requests:
            plan = await backend.plan(request, exchanges, tools, {})
            exchanges.append(Exchange(request, plan.calls, plan.outcome))
            margin = min(margin, math.inf if plan.confidence is None else plan.confidence)
        turns = tuple(as_turn(exchange.outcome, exchange.calls) for exchange in exchanges)
        prediction = Prediction(id=case.id, model=backend.model, thinking=False, seconds=0.0, turns=turns)
        found.append(Outcome(margin, fault(case, prediction) is None))
    return found


def threshold_for(outcomes: Sequence[Outcome], most_asked: float) -> float:
    """The highest multiple of `STEP` below which no more than a share of `most_asked` of the cases are."""
    ordered = sorted(outcome.margin for outcome in outcomes)
    beyond = math.floor(most_asked * len(ordered))
    # A threshold up to the first margin that must not be below it.
    limit = ordered[beyond] if beyond < len(ordered) else ordered[-1]
    return round(math.floor(limit / STEP) * STEP, 6) if math.isfinite(limit) else 0.0


def calibration(outcomes: Sequence[Outcome], threshold: float) -> Calibration:
    """What `threshold` does on these cases."""
    below = [outcome.right for outcome in outcomes if outcome.margin < threshold]
    above = [outcome.right for outcome in outcomes if outcome.margin >= threshold]

    def accuracy(right: Sequence[bool]) -> float | None:
        return sum(right) / len(right) if right else None

    whole = len(outcomes)
    return Calibration(
        threshold,
        whole,
        (sum(below) + sum(above)) / whole,
        len(below) / whole,
        accuracy(below),
        accuracy(above),
        above.count(False) / whole,
    )


def lines(one: Calibration) -> list[str]:
    """The calibration as a person reads it."""

    def percent(share: float | None) -> str:
        return "unknown, there are none" if share is None else f"{100 * share:.1f}%"

    return [
        f"threshold: {one.threshold:g}",
        f"cases: {one.cases}, of which {percent(one.accuracy)} are planned right",
        f"below the threshold (unsure): {percent(one.asked)} of the cases; right: {percent(one.accuracy_below)}",
        f"above it (sure): {percent(1 - one.asked)}; right: {percent(one.accuracy_above)}",
        f"wrong and sure: {percent(one.wrong_and_sure)} of all cases",
    ]
