"""Counting over stretches of time: how long what was measured speaks, and for which stretch. Pure; times are Unix seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import floor
from typing import NamedTuple

from netassist.monitor.happening import Standing
from netassist.monitor.store.schema import OUTCOMES
from netassist.monitor.store.sketch import bin_of, percentiles_in, percentiles_of
from netassist.monitor.store.values import Availability

SPEAKS = 2.5
"""Intervals that a result speaks for at most; after that the time is unmeasured."""


class Raw(NamedTuple):
    """One stored result; `outcome` is a number of `OUTCOMES`, `us` microseconds. An `interval` of 0 ends what was before."""

    at: float
    us: int | None
    interval: int
    outcome: int


class Summary(NamedTuple):
    """An hour or a day: seconds and results by outcome, and the response times (`sketch`) with the longest, in microseconds."""

    seconds: Sequence[float]
    counts: Sequence[int]
    bins: dict[int, int]
    largest: int


def spans(rows: Sequence[Raw], since: float, until: float) -> Iterator[tuple[float, float, int]]:
    """Where each of the results (in order of time) speaks, within `since` and `until`: start, end, outcome."""
    for row, following in zip(rows, [*(row.at for row in rows[1:]), until], strict=False):
        start, end = row.at, row.at + SPEAKS * row.interval
        if end > following:
            end = following
        if end > until:
            end = until
        if start < since:
            start = since
        if start < end:
            yield start, end, row.outcome


class Tally:
    """What one stretch of time comes to."""

    __slots__ = ("bins", "counts", "end", "exact", "largest", "seconds", "start")

    def __init__(self, start: float, end: float) -> None:
        self.start, self.end = start, end
        self.seconds = [0.0] * len(OUTCOMES)
        self.counts = [0] * len(OUTCOMES)
        self.exact: list[int] = []
        self.bins: dict[int, int] = {}
        self.largest = 0

    @property
    def availability(self) -> Availability:
        up, degraded, down, unknown = self.seconds
        unmeasured = max(0.0, self.end - self.start - sum(self.seconds))
        return Availability(up=up, degraded=degraded, down=down, unknown=unknown, unmeasured=unmeasured)

    @property
    def measured(self) -> bool:
        return any(self.seconds) or any(self.counts)

    @property
    def count(self) -> int:
        return len(self.exact) + sum(self.bins.values())

    @property
    def worst(self) -> Standing:
        """The worst outcome that lasted."""
        up, degraded, down, unknown = self.seconds
        return "down" if down else "degraded" if degraded else "unknown" if unknown else "up" if up else "pending"

    def add_bins(self, bins: dict[int, int], largest: int) -> None:
        for bin, count in bins.items():
            self.bins[bin] = self.bins.get(bin, 0) + count
        self.largest = max(self.largest, largest)

    def all_bins(self) -> dict[int, int]:
        bins = dict(self.bins)
        for us in self.exact:
            bin = bin_of(us)
            bins[bin] = bins.get(bin, 0) + 1
        return bins

    def percentiles(self, *parts: float) -> list[float]:
        """Milliseconds; there is something to count."""
        if not self.bins:
            return [us / 1000 for us in percentiles_of(self.exact, parts)]
        return [us / 1000 for us in percentiles_in(self.all_bins(), self.maximum, parts)]

    @property
    def maximum(self) -> int:
        """Microseconds."""
        return max(self.largest, max(self.exact, default=0))


class Stretches:
    """A time from `since` to `until`, cut into stretches of `width` seconds, the last of which may be shorter."""

    def __init__(self, since: float, until: float, width: float | None = None) -> None:
        self.since, self.until = since, max(since, until)
        self.width = width or max(self.until - since, 1.0)
        number = max(1, -floor(-(self.until - since) / self.width))
        self.tallies = [Tally(since + n * self.width, min(since + (n + 1) * self.width, self.until)) for n in range(number)]

    def add_results(self, rows: Sequence[Raw], since: float, until: float) -> None:
        """Results in order of time, of which those before `since` only speak into it."""
        for start, end, outcome in spans(rows, since, until):
            self._spread(start, end, outcome, end - start)
        for row in rows:
            if since <= row.at <= until and row.interval:
                tally = self._at(row.at)
                tally.counts[row.outcome] += 1
                if row.us is not None:
                    tally.exact.append(row.us)

    def add_summary(self, summary: Summary, start: float, end: float, part: float) -> None:
        """The `part` of a summary from `start` to `end`: so much of its seconds, all of its results and response times."""
        for outcome, length in enumerate(summary.seconds):
            if length:
                self._spread(start, end, outcome, length * part)
        tally = self._at(start)
        tally.counts = [old + new for old, new in zip(tally.counts, summary.counts, strict=True)]
        tally.add_bins(summary.bins, summary.largest)

    def _spread(self, start: float, end: float, outcome: int, length: float) -> None:
        first = self._number(start)
        if end <= self.tallies[first].end:
            self.tallies[first].seconds[outcome] += length
            return
        for tally in self.tallies[first : self._number(end) + 1]:
            within = min(end, tally.end) - max(start, tally.start)
            if within > 0:
                tally.seconds[outcome] += length * within / (end - start)

    def _at(self, at: float) -> Tally:
        return self.tallies[self._number(at)]

    def _number(self, at: float) -> int:
        number = int((at - self.since) // self.width)
        return 0 if number < 0 else min(number, len(self.tallies) - 1)
