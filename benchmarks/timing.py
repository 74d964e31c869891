"""Wall times of several contestants that take turns, so that what else the machine does hits all of them alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import NamedTuple


class Timing(NamedTuple):
    """Seconds: the median of the runs, the fastest and the slowest; `connections` is the median of what `counted` saw."""

    median: float
    least: float
    most: float
    connections: int

    def __str__(self) -> str:
        return f"{shown(self.median)} ({shown(self.least)}–{shown(self.most)})" if self.most > self.least else shown(self.median)


def in_turn(
    contestants: Mapping[str, Callable[[], object]], runs: int, counted: Callable[[], int], *, warm: bool = True
) -> dict[str, Timing]:
    """Each once in a round, `runs` rounds; with `warm` one more before, which is not counted.

    `counted` says how many connections there have been so far.
    """
    taken: dict[str, list[tuple[float, int]]] = {name: [] for name in contestants}
    for turn in range(runs + warm):
        for name, run in contestants.items():
            before, began = counted(), perf_counter()
            run()
            if turn >= warm:
                taken[name].append((perf_counter() - began, counted() - before))
    return {name: _timing(found) for name, found in taken.items()}


def _timing(found: list[tuple[float, int]]) -> Timing:
    seconds = [second for second, _ in found]
    return Timing(statistics.median(seconds), min(seconds), max(seconds), int(statistics.median(count for _, count in found)))


def shown(seconds: float) -> str:
    """With three digits that mean something."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.3g} s"
