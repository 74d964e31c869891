"""What is watched, and how it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from netassist.reports.layout import BAD, BLANK, GOOD, NEUTRAL, UNKNOWN, WARN, Task, Text, Verdict, paragraph, table
from netassist.reports.style import Span
from netassist.reports.text.monitor_words import TONES, idle, place, standing
from netassist.reports.words import count, lasting, listed, milliseconds, named
from netassist.targets import host_of
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from datetime import datetime

    from netassist.reports.monitoring import MonitorList, Standing, Watched
    from netassist.reports.style import Line

_ORDER: tuple[Standing, ...] = ("down", "degraded", "unknown", "pending", "up")


def task(report: MonitorList) -> Task:
    return Task("list what is watched", "")


def verdict(report: MonitorList) -> Verdict:
    if not report.watches:
        return Verdict("Nothing is being watched. Add something with: netassist monitor add HOST --check https", NEUTRAL)
    active = [watch for watch in report.watches if watch.enabled]
    standings = Counter(watch.standing for watch in active)
    paused = len(report.watches) - len(active)
    parts = [f"{standings[name]} {_said(name)}" for name in _ORDER if standings[name]]
    parts += [f"{paused} paused"] if paused else []
    hosts = len({host_of(watch.host).lower() for watch in report.watches})
    number = len(report.watches)
    text = f"{count(number, 'check')} of {count(hosts, 'host')} {'is' if number == 1 else 'are'} set up: {', '.join(parts)}."
    failing = [watch for name in ("down", "degraded") for watch in active if watch.standing == name]
    if failing:
        text += f" {_named(failing)}."
    if not report.daemon.running:
        text += " The daemon is not running, so nothing is being checked just now."
        return Verdict(text, WARN)
    tones = (("down", BAD), ("degraded", WARN), ("unknown", UNKNOWN), ("pending", NEUTRAL))
    return Verdict(text, next((tone for name, tone in tones if any(watch.standing == name for watch in active)), GOOD))


def evidence(report: MonitorList, width: int) -> Iterator[Line]:
    yield from idle(report.daemon, width)
    if report.watches and not report.daemon.running:
        yield BLANK
    rows: list[Sequence[Text]] = []
    ordered = sorted(report.watches, key=lambda watch: (watch.group, _ORDER.index(watch.standing), watch.key))
    for group, watches in groupby(ordered, key=lambda watch: watch.group):
        rows += [(Span(f"{named(group)}:", "title"), "", "", "")] if group else []
        rows += [_row(watch, report.started) for watch in watches]
    if rows:
        yield from table(("watch", "state", "took", "every"), rows, width)
    troubled = [watch for watch in ordered if watch.enabled and watch.message and watch.standing != "up"]
    for number, watch in enumerate(troubled):
        yield from [BLANK] if not number else []
        lead = Span(f"  {TONES[watch.standing].mark} ", TONES[watch.standing].style)
        yield from paragraph(f"{as_text(watch.key, 300)}: {watch.message}", width, lead=lead)


def _row(watch: Watched, now: datetime) -> Sequence[Text]:
    tone = TONES[watch.standing] if watch.enabled else NEUTRAL
    took = milliseconds(watch.ms) if watch.ms is not None else ""
    state = [Span(f"{tone.mark} ", tone.style), Span(standing(watch, now), tone.style)]
    return as_text(watch.key, 300), state, took, lasting(watch.interval)


def _said(name: str) -> str:
    return {"pending": "not confirmed yet"}.get(name, name)


def _named(failing: list[Watched]) -> str:
    said = [f"{place(watch)} is {watch.standing}" for watch in failing]
    said = [f"{said[0]}: {failing[0].message}"] if len(said) == 1 and failing[0].message else said
    return listed(said, 3)
