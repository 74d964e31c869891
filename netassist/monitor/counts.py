"""What the engine counts for metrics; plain numbers, read by anyone."""

from __future__ import annotations

from bisect import bisect_left

from netassist.monitor.happening import Outcome
from netassist.monitor.watch import Check

LATENESS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
"""Upper bounds of the histogram's buckets, in seconds; a last one holds what is beyond."""


class Counts:
    """Since the engine began.

    Attributes:
        checks: how many of each check came to each outcome.
        lateness: checks by how long after their time they began, one number a bucket, not cumulative.
        late_seconds: the sum of it.
        running: checks under way.
        held: results that wait to be written.
        written: results that were recorded; `dropped` could not be held any longer.
        store_errors: times that the store could not be written; `store_trouble` is the present one in words, empty where it can.
        clock_jumps: times that the wall clock was set.
    """

    def __init__(self) -> None:
        self.checks: dict[tuple[Check, Outcome], int] = {}
        self.lateness = [0] * (len(LATENESS) + 1)
        self.late_seconds = 0.0
        self.running = self.held = self.written = self.dropped = self.store_errors = self.clock_jumps = 0
        self.store_trouble = ""
        self.offline = False

    def began(self, late: float) -> None:
        self.lateness[bisect_left(LATENESS, late)] += 1
        self.late_seconds += max(late, 0.0)
        self.running += 1

    def ended(self, check: Check, outcome: Outcome) -> None:
        self.checks[check, outcome] = self.checks.get((check, outcome), 0) + 1
        self.running -= 1
