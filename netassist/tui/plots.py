"""Pictures made of text, where people would rather look than read. Pure; each fits the width that it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.content import Content

from netassist.observations import SEVERITIES, Severity
from netassist.reports.style import Style
from netassist.reports.words import milliseconds
from netassist.tui.columns import fitted
from netassist.tui.styled import SEVERITY, styled

BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float | None], width: int) -> str:
    """The latest values as bars, a dot where nothing was measured; all of one height where they are all the same."""
    some = list(values)[-width:]
    known = [value for value in some if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    return "".join("·" if value is None else BARS[_level(value, low, high, len(BARS))] for value in some)


def _level(value: float, low: float, high: float, levels: int) -> int:
    return min(int((value - low) / (high - low) * levels), levels - 1) if high > low else levels // 2


Pair = tuple[float | None, float | None]
"""A middle value and a high one, None where nothing was measured."""


def binned(pairs: Sequence[Pair], most: int) -> list[Pair]:
    """At most so many pairs, side by side ones put together: of the middle values the mean, of the high ones the highest."""
    size = max(-(-len(pairs) // most), 1)
    made: list[Pair] = []
    for begin in range(0, len(pairs), size):
        some = pairs[begin : begin + size]
        middles, highs = [m for m, _ in some if m is not None], [h for _, h in some if h is not None]
        made.append((sum(middles) / len(middles) if middles else None, max(highs, default=None)))
    return made


def curve(pairs: Sequence[Pair], width: int, height: int = 6) -> Content:
    """Pairs (ms) as columns from zero: full up to the middle, dotted up to the high one; a dot where nothing was measured."""
    some = binned(pairs, max(width - 9, 1))
    top = max((value for pair in some for value in pair if value is not None), default=0.0)
    if top <= 0:
        return styled(("No response time has been measured yet.", "dim"))
    wide = max((width - 9) // max(len(some), 1), 1)
    rows = []
    for row in range(height, 0, -1):
        label = milliseconds(top * row / height) if row in (height, height // 2) else ""
        marks: list[tuple[str, Style]] = [(f"{label:>8} ", "dim")]
        marks += [_mark(pair, row, height, top, wide) for pair in some]
        rows.append(styled(*marks))
    return Content("\n").join(rows)


def _mark(pair: Pair, row: int, height: int, top: float, wide: int) -> tuple[str, Style]:
    """One column of a curve in the row of this number, from 1 at the bottom."""
    middle, high = pair
    if middle is None:
        return ("·" if row == 1 else " ") * wide, "bad"
    filled = middle / top * height - (row - 1)
    if filled > 0:
        return BARS[min(max(int(filled * 8) - 1, 0), 7)] * wide, "accent"
    return ("░" if high is not None and high / top * height > row - 1 else " ") * wide, "dim"


def severities(counts: Sequence[tuple[str, Mapping[Severity, int]]], width: int) -> Content:
    """A bar a host of its findings by severity, each in its colour and begun by its letter; the numbers stand behind it."""
    if not counts:
        return styled(("Nothing has been found yet.", "dim"))
    names = min(max(len(host) for host, _ in counts), max(width // 3, 8))
    told = [" ".join(f"{count[severity]} {severity}" for severity in SEVERITIES if count.get(severity)) for _, count in counts]
    most = max((sum(count.values()) for _, count in counts), default=0) or 1
    room = max(width - names - max(map(len, told)) - 8, 5)
    lines = []
    for (host, count), words in zip(counts, told, strict=True):
        bar: list[tuple[str, Style]] = [(f"{fitted(host, names):<{names}}  ", "plain")]
        for severity in SEVERITIES:
            size = round(count.get(severity, 0) / most * room) or bool(count.get(severity, 0))
            if size:
                bar.append((severity[0].upper() + "━" * (size - 1), SEVERITY[severity]))
        lines.append(styled(*bar, (f"  {words or 'nothing found'}", "dim")))
    return Content("\n").join(lines)


def port_map(hosts: Sequence[tuple[str, Sequence[int]]], width: int) -> Content:
    """Hosts against the ports that are open on any of them, the most frequent first; what does not fit is counted."""
    scanned = [(host, ports) for host, ports in hosts if ports]
    if not scanned:
        return styled(("No scan has found an open port yet; s in this room scans the chosen host.", "dim"))
    every = sorted({port for _, ports in scanned for port in ports}, key=lambda port: (-sum(port in p for _, p in scanned), port))
    names = min(max(len(host) for host, _ in scanned), max(width // 3, 8))
    shown: list[int] = []
    room = width - names - 2
    for port in every:
        if room < len(str(port)) + 1:
            break
        room -= len(str(port)) + 1
        shown.append(port)
    shown.sort()
    lines = [styled((" " * (names + 2) + " ".join(map(str, shown)), "dim"))]
    for host, ports in scanned:
        row: list[tuple[str, Style]] = [(f"{fitted(host, names):<{names}}  ", "plain")]
        for port in shown:
            row.append((f"{'■' if port in ports else '·':^{len(str(port))}} ", "accent" if port in ports else "dim"))
        lines.append(styled(*row))
    if hidden := len(every) - len(shown):
        lines.append(styled((f"{hidden} more ports are open somewhere; a wider terminal shows them.", "dim")))
    return Content("\n").join(lines)


def span(begin: float, end: float, now: float, width: int, style: Style) -> Content:
    """A bar from `begin` to `end` on an axis of `width` columns, with a mark for `now`; all three from 0 to 1."""
    first, last = int(begin * width), max(int(end * width), int(begin * width) + 1)
    mark = min(int(now * width), width - 1)
    parts: list[tuple[str, Style]] = []
    for column in range(width):
        inside = first <= column < last
        character = "│" if column == mark else "━" if inside else " "
        parts.append((character, "accent" if column == mark else style))
    return styled(*parts)
