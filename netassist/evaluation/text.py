"""An evaluation as a person reads it: the figure, then the categories, then what went wrong."""

from __future__ import annotations

from collections.abc import Iterator

from netassist.evaluation.score import BfclLive, Category, Evaluation
from netassist.reports.layout import BAD, BLANK, NEUTRAL, WARN, facts, paragraph, table
from netassist.reports.style import Line, Span


def lines(result: Evaluation, width: int) -> Iterator[Line]:
    """The whole report."""
    tone = NEUTRAL if result.complete else WARN
    yield from paragraph(Span(_sentence(result), tone.style), width, lead=Span(f"{tone.mark} ", tone.style))
    yield BLANK
    yield from table(("category", "right", "", "accuracy"), [_row(one) for one in result.by_category], width)
    yield BLANK
    yield from facts(_figures(result), width)
    for miss in result.misses:
        yield BLANK
        yield from paragraph(Span(f"{miss.category} {miss.id}", "accent"), width, lead=Span(f"{BAD.mark} ", BAD.style))
        yield from paragraph(miss.why, width, indent=2)


def _sentence(result: Evaluation) -> str:
    if not result.answered:
        return f"{result.model} has answered none of {result.cases:,} cases."
    right = f"{result.model} plans {result.right:,} of {result.answered:,} right ({percent(result.accuracy)})"
    rest = result.cases - result.answered
    return f"{right}." if not rest else f"{right}; {rest:,} of {result.cases:,} cases have not been asked yet."


def _row(category: Category) -> tuple[str, str, str, str]:
    part = "" if category.answered == category.cases else f"({category.cases - category.answered:,} not asked)"
    return category.name, f"{category.right:,} of {category.answered:,}", part, percent(category.accuracy)


def _figures(result: Evaluation) -> Iterator[tuple[str, str | None]]:
    yield "thinking", "on" if result.thinking else None
    if isinstance(result, BfclLive):
        yield "V2 score", f"{percent(result.live_v2)} (all six categories, by count)"
        yield "V4 score", f"{percent(result.live_v4)} (without irrelevance and relevance, by count)"
    if result.median_s is not None and result.p95_s is not None:
        yield "an answer takes", f"{_seconds(result.median_s)} (median), {_seconds(result.p95_s)} (95th percentile)"
    if result.failed:
        yield "failed", f"{result.failed:,} cases got no answer and count as wrong; --resume tries them again"


def percent(share: float | None) -> str:
    """A share as it is written; "unknown" where it has not been measured."""
    return "unknown" if share is None else f"{share:.1%}"


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
