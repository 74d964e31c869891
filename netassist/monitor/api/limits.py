"""How often somebody may ask: a token bucket for each, and few of these. Pure but for the clock that is passed in."""

from __future__ import annotations

from collections import OrderedDict

MOST_CALLERS = 4096
"""Callers that are remembered at once; who was not heard of for longest is forgotten, and begins with a full bucket."""
BURST = 10.0
"""Seconds' worth of requests that may come at once."""


class Limiter:
    """Args:
    rate: requests a second in the long run.
    """

    def __init__(self, rate: float) -> None:
        self.rate, self._most = rate, max(1.0, rate * BURST)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, caller: str, now: float, cost: float = 1.0) -> float:
        """Seconds until `caller` may ask; 0 where that is now, and then it counts.

        `now` is a monotonic time in seconds.
        """
        late = self.late(caller, now, cost)
        if not late:
            self.spend(caller, now, cost)
        return late

    def late(self, caller: str, now: float, cost: float = 1.0) -> float:
        """Seconds until `caller` may ask; nothing is counted."""
        return max(0.0, (min(cost, self._most) - self._left(caller, now)) / self.rate)

    def spend(self, caller: str, now: float, cost: float) -> None:
        """Count a cost, though there may not be as much left."""
        left = max(-self._most, self._left(caller, now) - cost)
        self._buckets.pop(caller, None)
        self._buckets[caller] = (left, now)
        while len(self._buckets) > MOST_CALLERS:
            self._buckets.popitem(last=False)

    def _left(self, caller: str, now: float) -> float:
        left, at = self._buckets.get(caller, (self._most, now))
        return min(self._most, left + max(0.0, now - at) * self.rate)
