"""What `netassist monitor` shows that is no report: one judged check, and maintenance windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from netassist.cli.exits import CLEAN, FINDINGS, INCOMPLETE
from netassist.monitor.happening import Result
from netassist.monitor.times import seconds_of, stamp
from netassist.monitor.watch import Watch

if TYPE_CHECKING:
    from netassist.assistant.journal import Entry
    from netassist.monitor.store.values import Window
    from netassist.reports.style import Line

_CODES = {"up": CLEAN, "degraded": FINDINGS, "down": FINDINGS, "unknown": INCOMPLETE}


def show_results(results: Sequence[tuple[Watch, Result]], format: str, recorded: str, *, several: bool) -> int:
    """Print what checks came to, and whether it is recorded; the exit code says how the worst is. `several`: as a JSON array."""
    from netassist.cli.output import show_json

    if format == "json" and not several:
        show_json(results[0][1])
    elif format == "json":
        _show_array([result for _, result in results])
    else:
        for watch, result in results:
            _show(watch, result, recorded)
    return max(_CODES[result.outcome] for _, result in results)


def _show(watch: Watch, result: Result, recorded: str) -> None:
    from netassist.cli.output import show_lines
    from netassist.monitor.alerting import place_of
    from netassist.reports.layout import facts, paragraph
    from netassist.reports.style import Span
    from netassist.reports.text.monitor_words import TONES, fact_rows
    from netassist.reports.words import milliseconds

    tone, width = TONES[result.outcome], _width()
    said = f"{place_of(watch, watch.key)} is {result.outcome}{f': {result.message}' if result.message else ''}"
    rows = [("Took", milliseconds(result.ms) if result.ms is not None else None)]
    rows += fact_rows(result.facts)
    rows.append(("Recorded", recorded))
    show_lines([*paragraph(Span(said, tone.style), width, lead=Span(f"{tone.mark} ", tone.style)), *facts(rows, width)])


def change_lines(entry: Entry) -> Iterator[Line]:
    """What was changed, and below it by whom, over what."""
    from netassist.reports.layout import paragraph
    from netassist.reports.style import Span
    from netassist.untrusted import as_text

    width, who = _width(), entry.user if entry.planned_by == "the user" else entry.planned_by
    yield from paragraph(f"{entry.time:%Y-%m-%d %H:%M:%S}Z {as_text(str(entry.call), 1000)}", width)
    ended = "" if entry.status == "ok" else f": {entry.status}{f', {entry.message}' if entry.message else ''}"
    yield from paragraph(Span(as_text(f"{who}, {entry.allowed_by}{ended}", 1000), "dim"), width, lead=Span("    ", "dim"))


def show_windows(windows: Sequence[Window], now: float, format: str) -> int:
    """Print the maintenance windows, and which of them are open."""
    from netassist.cli.output import show_lines
    from netassist.monitor.states import is_open
    from netassist.reports.layout import table

    if format == "json":
        _show_array(windows)
        return CLEAN
    if not windows:
        print("No maintenance is planned.")
        return CLEAN
    rows = [
        (window.name, ", ".join(window.watches) or "everything", stamp(window.starts), stamp(window.ends),
         "weekly" if window.weekly else "", "open" if is_open(window, now) else "")
        for window in windows
    ]  # fmt: skip
    show_lines(table(("name", "of", "starts", "ends", "again", "now"), rows, _width(), indent=0))
    return CLEAN


def window_of(name: str, watches: tuple[str, ...], starts: str | None, lasts: str, weekly: bool, now: float) -> Window:
    """Raises ValueError where it is none."""
    from netassist.monitor.store.values import Window
    from netassist.monitor.validity import check_ahead, check_window

    begin = now
    if starts is not None:
        try:
            when = datetime.fromisoformat(starts)
        except ValueError:
            raise ValueError(f"{starts!r} is no time such as 2026-12-01T22:00+01:00") from None
        begin = (when if when.tzinfo else when.astimezone()).timestamp()
    seconds = seconds_of(int(lasts) if lasts.isdigit() else lasts)
    window = Window(name=name, watches=watches, starts=begin, ends=begin + seconds, weekly=weekly)
    check_window(window)
    check_ahead(window, now)
    return window


def _show_array(values: Sequence[Result] | Sequence[Window]) -> None:
    import sys

    import msgspec

    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(values), indent=2) + b"\n")


def _width() -> int:
    import sys

    from netassist.reports.style import columns

    return columns(sys.stdout)
