"""When each watch is checked: pure arithmetic on times that are passed in.

A watch's runs lie on a grid of its own: every `interval` seconds, at a fraction of the interval that its key alone decides. So
watches are spread over the interval, and neither a restart nor an edit of others bunches them. Within the process what is due
stands in monotonic time, which no one sets; the wall clock only tells what to write down.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from hashlib import blake2b

RECHECK = 10.0
"""Seconds after a failure that is not confirmed yet."""
SPREAD = 60.0
"""Seconds over which is spread what is overdue."""
JUMP = 5.0
"""Seconds by which the wall clock has to leave the monotonic one before that is taken for a jump."""
_AGEING_AFTER = 86400.0
_LEAST_GAP = 0.2
"""Part of the interval: a run on the grid that follows a recheck sooner is left out."""


def fraction(key: str) -> float:
    """From 0 to below 1, the same for a key at all times."""
    return int.from_bytes(blake2b(key.encode(), digest_size=6).digest(), "big") / 2**48


def next_on_grid(key: str, interval: int, now: float) -> float:
    """The first of a watch's times that lies clearly after `now`."""
    offset = fraction(key) * interval
    later = now + _LEAST_GAP * interval
    return (later - offset) // interval * interval + interval + offset


def wait_after(key: str, interval: int, now: float, *, recheck: bool) -> float:
    """Seconds from `now`, when a check has ended, to its next."""
    regular = next_on_grid(key, interval, now) - now
    return min(regular, RECHECK, float(interval)) if recheck else regular


def first_wait(key: str, interval: int, next_run: float, now: float) -> float:
    """Seconds from the start, or from a change, to a watch's first run. `next_run` is what was written down, 0 where nothing was.

    What is overdue is run once, spread over a minute or its interval; what lies further ahead than an interval (the clock was set
    back, the interval shortened) goes by the grid.
    """
    if 0 < next_run - now <= interval:
        return next_run - now
    if next_run <= now:
        return fraction("soon " + key) * min(SPREAD, interval)
    return next_on_grid(key, interval, now) - now


class Agenda:
    """What is due when, in monotonic seconds; a key stands in it at most once."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, str]] = []
        self._due: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._due)

    def __contains__(self, key: str) -> bool:
        return key in self._due

    def put(self, key: str, due: float) -> None:
        """Enter a key, or move it."""
        self._due[key] = due
        heapq.heappush(self._heap, (due, key))

    def sooner(self, key: str, due: float) -> bool:
        """Move a key forward where it stands later; whether it was."""
        if key not in self._due or self._due[key] <= due:
            return False
        self.put(key, due)
        return True

    def drop(self, key: str) -> None:
        self._due.pop(key, None)

    def next_due(self) -> float | None:
        """When the next is due; None where nothing is."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, now: float) -> tuple[str, float] | None:
        """The next key that is due, which leaves, and when it was; None where nothing is."""
        due = self.next_due()
        if due is None or due > now:
            return None
        _, key = heapq.heappop(self._heap)
        del self._due[key]
        return key, due

    def skip_ahead(self, seconds: float, now: float) -> int:
        """Time has passed that the monotonic clock did not count (the machine slept): what would have been due then is run once,
        spread over a minute; how many that are."""
        overdue = [(key, due) for key, due in self._due.items() if now < due < now + seconds]
        for key, due in overdue:
            self.put(key, now + fraction("soon " + key) * min(SPREAD, due - now))
        return len(overdue)

    def keys(self) -> Iterable[str]:
        return tuple(self._due)


class Clocks:
    """Tells jumps of the wall clock from its ordinary running, by holding it against the monotonic one."""

    def __init__(self, wall: float, monotonic: float) -> None:
        self._between = wall - monotonic
        self._distrusted_until: float | None = None

    def jumped(self, wall: float, monotonic: float) -> float:
        """By how many seconds the wall clock was set (forward: positive) since the last call; 0 where it only ran."""
        before, self._between = self._between, wall - monotonic
        jump = self._between - before
        if abs(jump) < JUMP:
            return 0.0
        if jump > _AGEING_AFTER:
            self._distrusted_until = monotonic + _AGEING_AFTER
        elif jump < -_AGEING_AFTER:
            self._distrusted_until = None
        return jump

    def may_age(self, monotonic: float) -> bool:
        """Whether what is old by the wall clock may be deleted: not for a day after it was set forward by more than one."""
        return self._distrusted_until is None or monotonic >= self._distrusted_until
