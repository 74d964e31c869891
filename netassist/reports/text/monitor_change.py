"""A watch was added, edited or removed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from netassist.reports.layout import GOOD, WARN, Task, Verdict, paragraph
from netassist.reports.style import Span
from netassist.reports.text.monitor_words import every, idle, place
from netassist.reports.words import listed, sentence_end

if TYPE_CHECKING:
    from netassist.reports.monitoring import MonitorChange
    from netassist.reports.style import Line

TELLS_ALL = True
"""What was not done is in the verdict."""
_TASKS = {"added": "add a watch", "edited": "change a watch", "removed": "remove a watch"}


def task(report: MonitorChange) -> Task:
    return Task(_TASKS[report.what], f"of {report.target}")


def verdict(report: MonitorChange) -> Verdict:
    watched = listed([place(watch) for watch in report.watches])
    if report.what == "added" and report.changes:
        text = f"{watched} {report.changes}."
    elif report.what == "added":
        text = f"{watched} is watched from now on, {every(report.watches[0].interval)}." if report.watches else ""
    elif report.what == "removed":
        text = f"{watched} {'is' if len(report.watches) == 1 else 'are'} watched no more; the history stays."
    else:
        text = f"{watched}: {report.changes}."
    if report.unchanged:
        text = f"{text} {' '.join(map(sentence_end, report.unchanged))}".strip()
    if not report.daemon.running and report.what != "removed":
        return Verdict(f"{text} The daemon is not running, so nothing is checked until it is started.", WARN)
    return Verdict(text, WARN if report.unchanged else GOOD)


def evidence(report: MonitorChange, width: int) -> Iterator[Line]:
    if report.what != "removed":
        yield from idle(report.daemon, width)
        if report.daemon.running and report.what == "added" and not report.changes:
            advice = "The daemon takes it up within seconds; netassist monitor list shows how it stands."
            yield from paragraph(Span(advice, "dim"), width)
