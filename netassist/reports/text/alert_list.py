"""The alerts, open ones first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from netassist.reports.layout import BAD, BLANK, CRITICAL, GOOD, NEUTRAL, WARN, Task, Tone, Verdict, facts, paragraph
from netassist.reports.style import Span
from netassist.reports.text.monitor_words import clock, idle, place, since
from netassist.reports.words import count, listed

if TYPE_CHECKING:
    from netassist.reports.monitoring import AlertList, Raised
    from netassist.reports.style import Line

_TONES: dict[str, Tone] = {"critical": CRITICAL, "warning": WARN, "info": NEUTRAL}


def task(report: AlertList) -> Task:
    return Task("list the alerts", "")


def verdict(report: AlertList) -> Verdict:
    which = "" if report.listed == "all" else f"{report.listed} "
    parts = []
    if report.alerts:
        are = "is" if len(report.alerts) == 1 else "are"
        titles = listed([alert.title for alert in report.alerts], 3)
        parts.append(f"There {are} {count(len(report.alerts), f'{which}alert')}: {titles}.")
    else:
        parts.append(f"There are no {which}alerts.")
    if report.listed == "open" and report.acknowledged:
        more = " more" if report.alerts else ""
        parts.append(f"{report.acknowledged}{more} {'is' if report.acknowledged == 1 else 'are'} acknowledged.")
    if report.down and report.listed != "resolved":
        parts.append(_down(report))
    if report.unclear and report.listed != "resolved":
        parts.append(f"Of {count(report.unclear, 'check')} it is not known how {'it is' if report.unclear == 1 else 'they are'}.")
    if not report.daemon.running:
        parts.append("The daemon is not running, so none would be raised." if not report.alerts else
                     "The daemon is not running, so nothing is being checked just now.")  # fmt: skip
    return Verdict(" ".join(parts), _tone(report))


def _down(report: AlertList) -> str:
    """What is down, whether it stands in an alert of the list or not."""
    number = len(report.down)
    verb = ("is" if number == 1 else "are") if report.daemon.running else ("was" if number == 1 else "were")
    when = "now" if report.daemon.running else "at last"
    told = {alert.watch for alert in report.alerts}
    named = "" if all(watch.key in told for watch in report.down) else f": {listed([place(watch) for watch in report.down], 5)}"
    return f"{count(number, 'check')} {verb} down {when}{named}."


def _tone(report: AlertList) -> Tone:
    unresolved = [alert for alert in report.alerts if alert.status != "resolved"]
    levels = {alert.level for alert in unresolved}
    if "critical" in levels or (report.down and report.listed != "resolved"):
        return BAD
    unclear = report.unclear and report.listed != "resolved"
    if "warning" in levels or unclear or (not report.daemon.running and not report.alerts):
        return WARN
    return NEUTRAL if report.alerts else GOOD


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
