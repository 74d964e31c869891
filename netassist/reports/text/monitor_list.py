"""What is watched, and how it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from netassist.reports.layout import BAD, BLANK, GOOD, NEUTRAL, UNKNOWN, WARN, Task, Verdict, table
from netassist.reports.style import Span
from netassist.reports.text.monitor_words import TONES, every, idle, place, standing
from netassist.reports.words import count, listed, milliseconds, named

if TYPE_CHECKING:
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
    hosts = len({watch.host for watch in report.watches})
    number = len(report.watches)
    text = f"{count(number, 'check')} of {count(hosts, 'host')} {'is' if number == 1 else 'are'} set up: {', '.join(parts)}."
    failing = [watch for name in ("down", "degraded") for watch in active if watch.standing == name]
    if failing:
        text += f" {_named(failing)}."
    if not report.daemon.running:
        text += " The daemon is not running, so nothing is being checked just now."
        return Verdict(text, WARN)
    tones = (("down", BAD), ("degraded", WARN), ("unknown", UNKNOWN))
    return Verdict(text, next((tone for name, tone in tones if any(watch.standing == name for watch in active)), GOOD))


def evidence(report: MonitorList, width: int) -> Iterator[Line]:
    yield from idle(report.daemon, width)
    if report.watches and not report.daemon.running:
        yield BLANK
    rows = []
    for watch in sorted(report.watches, key=lambda watch: (watch.group, _ORDER.index(watch.standing), watch.key)):
        tone = TONES[watch.standing] if watch.enabled else NEUTRAL
        took = milliseconds(watch.ms) if watch.ms is not None else ""
        state = [Span(f"{tone.mark} ", tone.style), Span(standing(watch, report.started), tone.style)]
        note = watch.message if watch.standing not in ("up", "pending") and watch.enabled else ""
        rows.append((named(watch.group) if watch.group else "", place(watch), state, took, every(watch.interval), note))
    if rows:
        yield from table(("group", "watched", "state", "took", "checked", "last result"), rows, width)


def _said(name: str) -> str:
    return {"pending": "not measured yet"}.get(name, name)


def _named(failing: list[Watched]) -> str:
    said = [f"{place(watch)} is {watch.standing}{f': {watch.message}' if watch.message else ''}" for watch in failing]
    return listed(said, 3)
