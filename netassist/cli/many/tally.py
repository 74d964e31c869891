"""What has come of many audits so far: the exit code, the table at the end, and the line on stderr while they run."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import sys
from collections.abc import Iterable, Iterator
from time import monotonic

from netassist import network
from netassist.cli.exits import CLEAN, FINDINGS, INCOMPLETE, INTERRUPTED, REFUSED
from netassist.cli.many.orders import Row
from netassist.observations import SEVERITIES
from netassist.reports.layout import BAD, BLANK, GOOD, UNKNOWN, WARN, Text, heading, paragraph, table
from netassist.reports.style import Line, Span
from netassist.reports.words import count, duration
from netassist.untrusted import as_text

MOST_ROWS = 200
"""Rows of the table at the end: the worst ones."""
_REDRAW = 0.2
"""Seconds between two drawings of the line."""
_LETTERS = ("A+", "A", "A-", "B", "C", "D", "E", "F", "T", "M")
_QUANTUM = {"safe": GOOD, "available": WARN, "not_safe": BAD}


class Tally:
    """Counts; holds the worst rows where `table` is wanted, and no report."""

    def __init__(self, total: int, fail_on: str, *, table: bool) -> None:
        self.total, self.interrupted = total, False
        self.done = self.measured = self.incomplete = self.refused = self.cut_short = 0
        self.began = monotonic()
        self._limit = SEVERITIES.index(fail_on) if fail_on in SEVERITIES else -1
        self._reached = False
        self._table = table
        self._rows: list[tuple[tuple[int, int, int], int, Row]] = []

    def add(self, row: Row) -> None:
        self.measured += 1
        if row.error == "out_of_scope":
            self.refused += 1
        elif row.status != "ok":
            self.incomplete += 1
            # What was under way ends as a timeout.
            self.cut_short += self.interrupted and row.error == "timeout"
        if row.severity is not None and SEVERITIES.index(row.severity) <= self._limit:
            self._reached = True
        if self._table:
            push = heapq.heappush if len(self._rows) < MOST_ROWS else heapq.heappushpop
            push(self._rows, (_badness(row), -row.number, row))

    @property
    def code(self) -> int:
        if self.interrupted:
            return INTERRUPTED
        if self.refused and self.refused == self.measured:
            return REFUSED
        if self.refused or self.incomplete:
            return INCOMPLETE
        return FINDINGS if self._reached else CLEAN

    def lines(self, width: int) -> Iterable[Line]:
        """The table: the worst servers first."""
        rows = [row for _, _, row in sorted(self._rows, reverse=True)]
        yield BLANK
        yield from heading(f"{count(self.measured, 'server')} in {duration(monotonic() - self.began)}", width)
        yield from table(
            ("server", "address", "grade", "versions", "quantum", "worst finding", "report"), [*map(_cells, rows)], width
        )
        if self.measured > len(rows):
            yield from paragraph(
                Span(f"The worst {len(rows)} of {self.measured:,}; -f jsonl has them all.", "dim"), width, indent=2
            )


class Progress:
    """One line on stderr: how many are done, how fast, and what runs; silent where stderr is no terminal."""

    def __init__(self, tally: Tally) -> None:
        self._on = sys.stderr.isatty()
        self._tally = tally
        self._running: dict[int, str] = {}
        self._aside = 0

    def moved(self, progress: network.Progress) -> None:
        """How far the only audit is."""
        self._running[0] = progress.text

    def began(self, number: int, target: str) -> None:
        self._running[number] = target

    def ended(self, number: int) -> None:
        self._running.pop(number, None)

    async def drawn(self) -> None:
        """Draw until cancelled."""
        if not self._on:
            return
        import shutil

        while True:
            if not self._aside:
                sys.stderr.write(f"\r\x1b[K{as_text(self.line(), shutil.get_terminal_size().columns - 1)}")
                sys.stderr.flush()
            await asyncio.sleep(_REDRAW)

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Nothing is drawn meanwhile, and what was is wiped: something else is written where it may stand."""
        self._aside += 1
        self.clear()
        try:
            yield
        finally:
            self._aside -= 1

    def clear(self) -> None:
        if self._on:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def line(self) -> str:
        """``12 of 1,000 · 4.1 hosts/s · 2 not measured · 3 min 9 s left · a.test:443, b.test:443``."""
        tally = self._tally
        if tally.total == 1:
            return ", ".join(self._running.values())
        seconds = monotonic() - tally.began
        parts = [f"{tally.done:,} of {tally.total:,}"]
        if tally.done and seconds > 0:
            rate = tally.done / seconds
            parts.append(f"{rate:.3g} hosts/s")
            parts.append(f"{duration(round((tally.total - tally.done) / rate))} left")
        if missed := tally.incomplete + tally.refused:
            parts.insert(2 if len(parts) > 1 else 1, f"{missed:,} not wholly measured")
        return " · ".join([*parts, *([", ".join(self._running.values())] if self._running else [])])


def _badness(row: Row) -> tuple[int, int, int]:
    """The larger the worse: what could not be measured at all stands after the worst that was."""
    severity = len(SEVERITIES) - SEVERITIES.index(row.severity) if row.severity else 0
    letter = _LETTERS.index(row.grade) if row.grade in _LETTERS else -1
    return (0 if row.status == "failed" else 1, letter, severity)


def _cells(row: Row) -> tuple[Text, ...]:
    failed = row.status == "failed"
    versions = (
        row.versions[0]
        if len(row.versions) == 1
        else f"{row.versions[0]}–{row.versions[-1].removeprefix('TLSv')}"
        if row.versions
        else ""
    )
    letter = row.grade or ("" if failed else "?")
    tone = GOOD if letter.startswith("A") else WARN if letter in ("B", "C") else UNKNOWN if letter == "?" else BAD
    quantum = "" if failed else row.quantum.replace("_", " ")
    finding = f"{row.severity}: {row.finding}" if row.finding else ""
    style = GOOD if row.status == "ok" else WARN if row.status == "partial" else BAD
    status = f"{row.status}: {row.error.replace('_', ' ')}" if row.error else row.status
    address = row.address or ""
    return (
        row.target,
        "" if row.target.startswith((address, f"[{address}")) else address,
        Span(letter, tone.style),
        versions,
        Span(quantum, _QUANTUM.get(row.quantum, UNKNOWN).style),
        finding,
        Span(status, style.style),
    )
