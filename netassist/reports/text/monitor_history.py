"""How a watched host was: availability, response times, and what happened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from netassist.reports.layout import BAD, BLANK, GOOD, NEUTRAL, UNKNOWN, WARN, Task, Verdict, facts, heading, table
from netassist.reports.text.monitor_words import clock, event, fact_rows, idle, pending, place, standing
from netassist.reports.words import count, lasting, milliseconds, named

if TYPE_CHECKING:
    from netassist.reports.monitoring import MonitorHistory, Past
    from netassist.reports.style import Line


def task(report: MonitorHistory) -> Task:
    return Task("show the history", f"of {report.target}")


def verdict(report: MonitorHistory) -> Verdict:
    if not report.checks:
        return Verdict(f"{named(str(report.target))} is not watched.", NEUTRAL)
    said = " ".join(_sentence(past, report) for past in report.checks)
    text = f"Over the last {_span(report.hours)}: {said}"
    measured = [past for past in report.checks if past.ratio is not None]
    if not report.daemon.running:
        text += " The daemon is not running, so nothing is being checked just now."
    if not measured:
        return Verdict(text, UNKNOWN)
    if any(past.down for past in measured):
        return Verdict(text, BAD if any(past.watch.standing == "down" for past in measured) else WARN)
    return Verdict(text, WARN if any(past.degraded for past in measured) or not report.daemon.running else GOOD)


def evidence(report: MonitorHistory, width: int) -> Iterator[Line]:
    yield from idle(report.daemon, width)
    for number, past in enumerate(report.checks):
        if number or not report.daemon.running:
            yield BLANK
        yield from heading(place(past.watch), width)
        yield from facts(_rows(past, report), width)
        if past.events:
            yield BLANK
            rows = [(f"{clock(happened.at)}", event(happened)) for happened in past.events]
            yield from table(("time (UTC)", "what happened"), rows, width)


def _sentence(past: Past, report: MonitorHistory) -> str:
    if past.ratio is None:
        return f"{place(past.watch)} was not measured{'; it is watched no more' if past.removed else ''}."
    failed = f", down for {lasting(past.down)}" if past.down else ""
    gaps = f", not measured for {lasting(past.unmeasured)}" if past.unmeasured > 0.02 * report.hours * 3600 else ""
    median = f", half of the answers within {milliseconds(past.times.p50)}" if past.times else ""
    available = f"{place(past.watch)} was available {_ratio(past.ratio)} of the time measured"
    return f"{available}{failed}{gaps}{median}; {_now(past)}."


def _now(past: Past) -> str:
    if past.removed:
        return "it is watched no more"
    if not past.watch.enabled:
        return "now paused"
    return f"now {pending(past.watch) if past.watch.standing == 'pending' else past.watch.standing}"


def _rows(past: Past, report: MonitorHistory) -> list[tuple[str, str | None]]:
    times = past.times
    parts = [("up", past.up), ("degraded", past.degraded), ("down", past.down), ("unknown", past.unknown),
             ("not measured", past.unmeasured)]  # fmt: skip
    shown = ", ".join(f"{name} {lasting(seconds)}" for name, seconds in parts if seconds >= 1)
    return [
        ("Now", "watched no more" if past.removed else standing(past.watch, report.started)),
        ("Availability", "nothing was measured" if past.ratio is None else _ratio(past.ratio)),
        ("Time", shown),
        (
            "Response",
            f"median {milliseconds(times.p50)}, 95% within {milliseconds(times.p95)}, 99% within {milliseconds(times.p99)}, "
            f"at most {milliseconds(times.max)}; {count(times.count, 'answer')}"
            if times
            else None,
        ),
        ("Last result", past.watch.message or None),
        *fact_rows(past.watch.facts),
    ]


def _ratio(part: float) -> str:
    """Per cent with as many digits as tell it from all; never 100% where something was down."""
    for digits in (0, 1, 2, 3):
        shown = f"{part:.{digits}%}"
        if part in (0.0, 1.0) or (float(shown[:-1]) < 100 and (digits or part < 0.9)):
            return shown
    return "more than 99.999%"


def _span(hours: int) -> str:
    return "hour" if hours == 1 else count(hours // 24, "day") if hours % 24 == 0 and hours > 24 else f"{hours} hours"
