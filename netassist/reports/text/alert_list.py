"""The alerts, open ones first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from netassist.reports.layout import BAD, BLANK, CRITICAL, GOOD, NEUTRAL, WARN, Task, Tone, Verdict, facts, paragraph
from netassist.reports.style import Span
from netassist.reports.text.monitor_words import clock, idle, since
from netassist.reports.words import count, listed

if TYPE_CHECKING:
    from netassist.reports.monitoring import AlertList, Raised
    from netassist.reports.style import Line

_TONES: dict[str, Tone] = {"critical": CRITICAL, "warning": WARN, "info": NEUTRAL}


def task(report: AlertList) -> Task:
    return Task("list the alerts", "")


def verdict(report: AlertList) -> Verdict:
    which = "" if report.listed == "all" else f"{report.listed} "
    if not report.alerts:
        idling = "" if report.daemon.running else " The daemon is not running, so none would be raised."
        return Verdict(f"There are no {which}alerts.{idling}", GOOD if report.daemon.running else WARN)
    unresolved = [alert for alert in report.alerts if alert.status != "resolved"]
    titles = listed([alert.title for alert in report.alerts], 3)
    are = "is" if len(report.alerts) == 1 else "are"
    text = f"There {are} {count(len(report.alerts), f'{which}alert')}: {titles}."
    worst = next((level for level in ("critical", "warning") if any(alert.level == level for alert in unresolved)), None)
    return Verdict(text, NEUTRAL if worst is None else BAD if worst == "critical" else WARN)


def evidence(report: AlertList, width: int) -> Iterator[Line]:
    yield from idle(report.daemon, width)
    for number, alert in enumerate(report.alerts):
        if number or not report.daemon.running:
            yield BLANK
        tone = NEUTRAL if alert.status == "resolved" else _TONES[alert.level]
        yield from paragraph(Span(f"{alert.level}: {alert.title}", tone.style), width, lead=Span(f"{tone.mark} ", tone.style))
        yield from facts(_rows(alert, report), width)
        for line in alert.evidence.splitlines():
            yield from paragraph(Span(line, "dim"), width, indent=4)


def _rows(alert: Raised, report: AlertList) -> list[tuple[str, str | None]]:
    by = f" by {alert.acknowledged_by}" if alert.acknowledged_by else ""
    open_for = "" if alert.resolved else f", {since(alert.opened, report.started)}"
    return [
        ("Id", alert.id),
        ("Opened", f"{clock(alert.opened)} UTC{open_for}"),
        ("Taken on", f"{clock(alert.acknowledged)} UTC{by}" if alert.acknowledged else None),
        ("Resolved", f"{clock(alert.resolved)} UTC" if alert.resolved else None),
        ("Detail", alert.detail or None),
        ("To try", alert.advice or None if not alert.resolved else None),
        ("Take it on", f"netassist monitor ack {alert.id}" if alert.status == "open" else None),
    ]
