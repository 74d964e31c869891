"""What `netassist monitor` shows that is no report: one judged check, and maintenance windows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from netassist.cli.exits import CLEAN, FINDINGS, INCOMPLETE
from netassist.monitor.happening import Result
from netassist.monitor.times import seconds_of, stamp
from netassist.monitor.watch import Watch

if TYPE_CHECKING:
    from netassist.monitor.store.values import Window

_CODES = {"up": CLEAN, "degraded": FINDINGS, "down": FINDINGS, "unknown": INCOMPLETE}


def show_result(watch: Watch, result: Result, format: str) -> int:
    """Print one result; the exit code says how it is."""
    from netassist.cli.output import show_json, show_lines
    from netassist.monitor.alerting import place_of
    from netassist.reports.layout import facts, paragraph
    from netassist.reports.style import Span
    from netassist.reports.text.monitor_words import TONES
    from netassist.reports.words import milliseconds

    if format == "json":
        show_json(result)
        return _CODES[result.outcome]
    tone, width = TONES[result.outcome], _width()
    said = f"{place_of(watch, watch.key)} is {result.outcome}{f': {result.message}' if result.message else ''}"
    rows = [("Took", milliseconds(result.ms) if result.ms is not None else None)]
    rows += [(name.replace("_", " ").capitalize(), value) for name, value in result.facts.items()]
    show_lines([*paragraph(Span(said, tone.style), width, lead=Span(f"{tone.mark} ", tone.style)), *facts(rows, width)])
    return _CODES[result.outcome]


def show_windows(windows: Sequence[Window], now: float, format: str) -> int:
    """Print the maintenance windows, and which of them are open."""
    import sys

    import msgspec

    from netassist.cli.output import show_lines
    from netassist.monitor.states import is_open
    from netassist.reports.layout import table

    if format == "json":
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(windows), indent=2) + b"\n")
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

    if not name.strip() or "\n" in name or len(name) > 100:
        raise ValueError("a maintenance window needs a name of at most 100 characters")
    begin = now
    if starts is not None:
        when = datetime.fromisoformat(starts)
        begin = (when if when.tzinfo else when.astimezone()).timestamp()
    seconds = seconds_of(int(lasts) if lasts.isdigit() else lasts)
    if not 0 < seconds <= (7 if weekly else 31) * 86400:
        raise ValueError(f"{lasts}: maintenance lasts at most {'7' if weekly else '31'} days")
    return Window(name=name, watches=watches, starts=begin, ends=begin + seconds, weekly=weekly)


def _width() -> int:
    import sys

    from netassist.reports.style import columns

    return columns(sys.stdout)
