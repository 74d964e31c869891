"""What was measured, on its way into the store: in batches, one transaction each, by one thread.

Where the store is in trouble, what was measured is held, within bounds, and written later; the watching goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from netassist.monitor import alerting
from netassist.monitor.alert import Alert
from netassist.monitor.clock import Clock
from netassist.monitor.counts import Counts
from netassist.monitor.happening import Event, Result, State
from netassist.monitor.store.trouble import StoreTrouble
from netassist.monitor.watch import Watch

if TYPE_CHECKING:
    from netassist.monitor.store import Store

T = TypeVar("T")

TOGETHER = 1.0
"""Seconds for which results are gathered before they are written; a change of state does not wait."""
AT_ONCE = 0.05
"""Seconds for which a change of state is kept, for the others of the same cause."""
MOST_HELD = 50_000
"""Results held while the store cannot be written; of more, the oldest are given up."""
MOST_EVENTS = 10_000
MOST_AT_ONCE = 2000
_FIRST_RETRY, _LAST_RETRY = 1.0, 30.0

_log = logging.getLogger(__name__)


class Written(NamedTuple):
    """What one transaction has recorded: `alerts` that were opened, changed or resolved by it."""

    results: Sequence[Result]
    events: Sequence[Event]
    alerts: Sequence[Alert]


class Writer:
    """Owns the thread that uses the store. `told` hears of each transaction after it is committed."""

    def __init__(
        self, store: Store, clock: Clock, counts: Counts, new_id: Callable[[], str], told: Callable[[Written], None]
    ) -> None:
        self._store, self._clock, self._counts, self._new_id, self._told = store, clock, counts, new_id, told
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="netassist-store")
        self._results: deque[Result] = deque()
        self._events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self._states: dict[str, State] = {}
        self._every: tuple[Mapping[str, State], Mapping[str, Watch]] | None = None
        self._urgent, self._ending, self._woken = False, False, asyncio.Event()
        self._awake = False
        """Whether the writer knows that there is something to write."""
        self.watches: Mapping[str, Watch] = {}

    async def in_store(self, work: Callable[..., T], *arguments: object) -> T:
        """Run something with the store in its thread, one at a time with all else that is written."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    def add(self, result: Result | None, state: State | None, events: Sequence[Event] = ()) -> None:
        """What is to be recorded, of one watch."""
        if result is not None:
            if len(self._results) >= MOST_HELD:
                self._results.popleft()
                if not self._counts.dropped:
                    _log.error("%d results are held; of more, the oldest are given up", MOST_HELD)
                self._counts.dropped += 1
            self._results.append(result)
        if state is not None:
            self._states[state.watch] = state
        if len(self._events) < MOST_EVENTS < len(self._events) + len(events):
            _log.error("%d events are held; of more, the oldest are given up", MOST_EVENTS)
        self._events.extend(events)
        urgent = any(event.before != "pending" or event.after != "up" for event in events)
        self._urgent = self._urgent or urgent
        self._counts.held = len(self._results)
        if urgent or not self._awake or len(self._results) >= MOST_AT_ONCE:
            self._awake = True
            self._woken.set()

    def look_over(self, states: Mapping[str, State]) -> None:
        """Have all states held against the alerts, so that what began or ended in silence is told."""
        self._every = (states, self.watches)
        if not self._awake:
            self._awake = True
            self._woken.set()

    async def run(self) -> None:
        """Write until `end`, and what is there then; returns though the store is in trouble still."""
        retry = 0.0
        nothing = asyncio.Event()
        while not (self._ending and not self._has_work):
            if not self._has_work:
                await self._clock.wait(self._woken, None)
                self._woken.clear()
            if not self._ending and not retry:
                await self._gathered()
            if retry and not self._ending:
                await self._clock.wait(nothing, retry)
            try:
                await self._write()
            except StoreTrouble as trouble:
                self._say(trouble)
                if self._ending:
                    held = (len(self._results), len(self._events))
                    _log.error("%d results and %d events could not be written before the end", *held)
                    return
                retry = min(max(2 * retry, _FIRST_RETRY), _LAST_RETRY)
            else:
                retry = 0.0

    async def _gathered(self) -> None:
        """Wait until there is a batch to write; of what is urgent, for what comes along at the same moment only."""
        self._woken.clear()
        if not self._urgent:
            await self._clock.wait(self._woken, TOGETHER)
        if self._urgent and not self._ending:
            await self._clock.wait(asyncio.Event(), AT_ONCE)

    def end(self) -> None:
        self._ending = True
        self._woken.set()

    def close(self) -> None:
        """End the thread; nothing more can be written."""
        self._thread.shutdown()

    @property
    def _has_work(self) -> bool:
        return bool(self._results or self._events or self._states or self._every)

    async def _write(self) -> None:
        results = [self._results[number] for number in range(min(len(self._results), MOST_AT_ONCE))]
        events, states, every = [*self._events], self._states, self._every
        self._states, self._every, self._urgent, self._awake = {}, None, False, False
        taken = self._counts.dropped
        try:
            alerts = await self.in_store(self._record, results, [*states.values()], events, every)
        except BaseException:
            self._states = {**states, **self._states}
            self._every = self._every or every
            raise
        # Where results were given up meanwhile, they were the first of these.
        for _ in range(max(0, len(results) - (self._counts.dropped - taken))):
            self._results.popleft()
        for _ in range(min(len(events), len(self._events))):
            self._events.popleft()
        self._counts.held = len(self._results)
        self._counts.written += len(results)
        if self._counts.store_trouble:
            _log.warning("the store can be written again; %d results were written, %d are held", len(results), len(self._results))
            self._counts.store_trouble = ""
        self._told(Written(results, events, alerts))

    def _record(
        self,
        results: Sequence[Result],
        states: Sequence[State],
        events: Sequence[Event],
        every: tuple[Mapping[str, State], Mapping[str, Watch]] | None,
    ) -> Sequence[Alert]:
        """In the store's thread: what the events make of the alerts, and all of it in one transaction."""
        alerts: dict[str, Alert] = {}
        if events or every:
            now, unresolved = self._clock.wall(), self._store.unresolved()
            standing = {state.watch: state for state in states}
            known = {**every[0], **standing} if every else standing
            for alert in alerting.changed(events, known, unresolved, self.watches, now, self._new_id):
                alerts[alert.id] = alert
            if every:
                held = {**{alert.id: alert for alert in unresolved}, **alerts}
                still = [alert for alert in held.values() if alert.status != "resolved"]
                alerts.update({alert.id: alert for alert in alerting.after_silence(known, still, every[1], now, self._new_id)})
        if results or states or events or alerts:
            return self._store.record(results, states, events, [*alerts.values()])
        return []

    def _say(self, trouble: StoreTrouble) -> None:
        self._counts.store_errors += 1
        if str(trouble) != self._counts.store_trouble:
            _log.error("%s; what is measured meanwhile is held (%d results)", trouble, len(self._results))
        self._counts.store_trouble = str(trouble)
