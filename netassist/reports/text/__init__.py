"""A report as a person reads it: the verdict in one sentence, then the evidence, then what to do.

The renderer of schema ``netassist/NAME/1`` is the module ``netassist.reports.text.NAME``; a report that has none is shown
field by field.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable, Iterator
from typing import Protocol, cast

from netassist.observations import Endpoint, Report, schema_of
from netassist.reports.layout import BAD, BLANK, GOOD, NEUTRAL, WARN, Task, Verdict, paragraph
from netassist.reports.style import WIDTH, Line, Span
from netassist.reports.text import finding
from netassist.reports.words import duration, inside, place, sentence_end
from netassist.untrusted import as_text

NARROWEST = 40
"""Columns below which nothing is squeezed further."""
_SENTENCE_LIMIT = 8000


class Renderer(Protocol):
    """What a module of this package offers for its type of report."""

    def task(self, report: Report) -> Task:
        """What was to be done, for the sentence of a report that failed."""

    def verdict(self, report: Report) -> Verdict:
        """What a report that did not fail says."""

    def evidence(self, report: Report, width: int) -> Iterable[Line]:
        """What the verdict rests on."""


def sentence(report: Report) -> str:
    """The verdict in plain words, with the measured facts in it. What failed or is incomplete says so first."""
    return verdict(report).text


def verdict(report: Report) -> Verdict:
    """`sentence`, and how good news it is."""
    renderer = _renderer(report)
    if report.status == "failed":
        return Verdict(as_text(_failed(renderer.task(report), report), _SENTENCE_LIMIT), BAD)
    text, tone = renderer.verdict(report)
    if report.status == "partial" and not getattr(renderer, "TELLS_ALL", False):
        missing = f" Not everything could be measured: {sentence_end(report.error.message)}" if report.error else ""
        text, tone = f"Incomplete: {inside(text)}{missing}", WARN if tone in (GOOD, NEUTRAL) else tone
    return Verdict(as_text(text, _SENTENCE_LIMIT), tone)


def lines(report: Report, *, width: int = WIDTH) -> tuple[Line, ...]:
    """The whole report, no line wider than `width` (but at least 40) columns, except where a URL alone is."""
    return tuple(_lines(report, max(width, NARROWEST)))


def _lines(report: Report, width: int) -> Iterator[Line]:
    renderer = _renderer(report)
    text, tone = verdict(report)
    yield from paragraph(Span(text, tone.style), width, lead=Span(f"{tone.mark} ", tone.style))
    if report.status != "failed" and (evidence := list(renderer.evidence(report, width))):
        yield BLANK
        yield from evidence
    if report.findings:
        yield BLANK
        yield from finding.lines(report.findings, width, plan=getattr(renderer, "PLAN", False))
    yield BLANK
    yield from paragraph(Span(_measured(report), "dim"), width)


def _renderer(report: Report) -> Renderer:
    name = f"{__name__}.{schema_of(report).split('/')[1].replace('-', '_')}"
    own = schema_of(report).startswith("netassist/")
    if not own or name.count(".") != __name__.count(".") + 1 or importlib.util.find_spec(name) is None:
        name = f"{__name__}.anything"
    return cast("Renderer", importlib.import_module(name))


def _failed(task: Task, report: Report) -> str:
    reason = report.error.message if report.error else "the reason is unknown"
    # Messages name the host first; there is no need to say it twice.
    known = reason.removeprefix("[").startswith(place(report.target, port=False))
    return sentence_end(f"Could not {task.what}{'' if known else f' {task.of}'}: {reason}")


def _measured(report: Report) -> str:
    target = report.target
    address = target.address if isinstance(target, Endpoint) else None
    at = f", at {address}" if address and address != place(target, port=False) else ""
    return f"Measured {report.started:%Y-%m-%d %H:%M:%S} UTC in {duration(report.duration_s)}{at}."
