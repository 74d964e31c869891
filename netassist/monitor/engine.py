"""The engine: takes what is due, measures it, folds results into states, and has all of it written.

One asyncio task a check, a bounded number at once. Nothing here waits for the store but the writer.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from netassist.configuration import Settings
from netassist.monitor.checks import HEAVY, Checker
from netassist.monitor.clock import Clock
from netassist.monitor.connectivity import MANY, Suspicion, Way, is_elsewhere
from netassist.monitor.counts import Counts
from netassist.monitor.happening import Event, Result, State
from netassist.monitor.judging import of_trouble
from netassist.monitor.schedule import RECHECK, Agenda, Clocks, first_wait, fraction, wait_after
from netassist.monitor.states import blank, folded, parents_of, paused, silence, with_silence
from netassist.monitor.store.trouble import StoreTrouble
from netassist.monitor.watch import Watch
from netassist.monitor.writer import Writer, Written

if TYPE_CHECKING:
    from netassist.monitor.store import Store
    from netassist.monitor.store.values import Window

T = TypeVar("T")
Check = Callable[[Watch, float], Awaitable[Result]]

LIGHT_AT_ONCE, HEAVY_AT_ONCE = 200, 4
LOOK_EVERY = 2.0
"""Seconds between looks at whether somebody changed what is watched."""
SWEEP_EVERY = 10.0
"""Seconds between looks at every state: windows that opened or closed, parents that came back."""
LINK_EVERY = 5.0
"""Seconds for which an answer about this machine's own network holds."""
GRAIN = 0.05
"""Seconds between two looks at what is due, at least."""
GRACE = 10.0
"""Seconds that checks under way may take to end at shutdown; what they would have found is not recorded then."""

_log = logging.getLogger(__name__)


class Engine:
    """Watches what the store holds, until `stop`.

    Args:
        settings: the configuration: what may be touched.
        check: measures a watch; its second argument is the time that the result bears.
        way: how this machine's own network stands.
        told: hears of every transaction after it is committed, in the loop's thread; it must not block.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        told: Callable[[Written], None] = lambda _: None,
        clock: Clock | None = None,
        check: Check | None = None,
        way: Way | None = None,
        new_id: Callable[[], str] = lambda: secrets.token_hex(4),
    ) -> None:
        self._store, self._clock = store, clock or Clock()
        self._settings, self._checker = settings, Checker(settings)
        self._own_checks = check is None
        self._check: Check = check or self._checker.check
        self._way = way or Way()
        self.counts = Counts()
        self._writer = Writer(store, self._clock, self.counts, new_id, told)
        self._agenda = Agenda()
        self._clocks = Clocks(self._clock.wall(), self._clock.monotonic())
        self.watches: Mapping[str, Watch] = {}
        self.states: dict[str, State] = {}
        self._windows: Sequence[Window] = ()
        self._parents: dict[str, tuple[Watch, ...]] = {}
        self._revision: int | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._awaited: dict[str, asyncio.Future[Result]] = {}
        """Who waits for the next result of a watch."""
        self._ready: dict[bool, deque[tuple[str, float]]] = {True: deque(), False: deque()}
        self._busy = {True: 0, False: 0}
        self._at_once = {True: HEAVY_AT_ONCE, False: _light_at_once()}
        self._woken = asyncio.Event()
        self._stopping = False
        self._looking: asyncio.Task[None] | None = None
        self._look_at = self._sweep_at = 0.0
        self._suspicion = Suspicion()
        self._link: dict[bool, tuple[float, bool]] = {}
        self._elsewhere: frozenset[str] = frozenset()
        self.started = asyncio.Event()
        """Set when the watches are loaded and the first checks are scheduled."""

    def stop(self) -> None:
        """Begin nothing more; `run` returns when what is under way has ended and is written."""
        self._stopping = True
        self._woken.set()

    def reload(self, settings: Settings | None = None) -> None:
        """Take the watches and windows anew at once, and the configuration where one is given; no state is lost."""
        if settings is not None:
            self._settings, self._checker = settings, Checker(settings)
            self._check = self._checker.check if self._own_checks else self._check
        self._revision, self._look_at = None, 0.0
        self._woken.set()

    async def in_store(self, work: Callable[..., T], *arguments: object) -> T:
        """Run something with the store in the one thread that writes: ``await engine.in_store(store.due, now)``."""
        return await self._writer.in_store(work, *arguments)

    @property
    def offline(self) -> bool:
        return self.counts.offline

    @property
    def unwritten(self) -> dict[str, State]:
        """How everything stands, while the store cannot be told so; empty where it can. May be asked from any thread."""
        if not self.counts.store_trouble:
            return {}
        return {key: state for key, state in self.states.copy().items() if state.at is not None and key in self.watches}

    @property
    def may_age(self) -> bool:
        """Whether what is old by the wall clock may be deleted; not where that clock has just been set far ahead."""
        return self._clocks.may_age(self._clock.monotonic())

    async def run(self) -> None:
        """Watch until `stop`; all that was measured is written then. Raises StoreTrouble where the watches cannot be read."""
        writing = asyncio.ensure_future(self._writer.run())
        writing.add_done_callback(lambda _: self.stop())  # where it breaks off, its error is raised below
        try:
            await self._load(first=True)
            self.started.set()
            while not self._stopping:
                await self._turn()
            await self._ended()
        finally:
            for task in [*self._running.values(), *([self._looking] if self._looking else [])]:
                task.cancel()
            self._writer.end()
            await writing

    async def measure(self, watch: Watch) -> Result:
        """One check of a watch that need not be stored; nothing is recorded."""
        checker = Checker(self._settings) if self._own_checks else None
        return await (checker.check if checker else self._check)(watch, self._clock.wall())

    def close(self) -> None:
        """End the thread that uses the store, after `run` has returned."""
        self._writer.close()

    def check_now(self, key: str) -> asyncio.Future[Result] | None:
        """What a check of a watch comes to that is begun now, or is under way; None where it is not watched, or paused."""
        if key not in self.watches or not self.watches[key].enabled:
            return None
        heard = self._awaited.setdefault(key, asyncio.get_running_loop().create_future())
        self._agenda.sooner(key, self._clock.monotonic())
        self._woken.set()
        return heard

    async def _turn(self) -> None:
        now = self._clock.monotonic()
        if jump := self._clocks.jumped(self._clock.wall(), now):
            self._jumped(jump, now)
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY
            self._look_beside()
        if now >= self._sweep_at:
            self._sweep_at = now + SWEEP_EVERY
            await self._sweep()
        self._begin_due(now)
        due = self._agenda.next_due()
        until = min(self._look_at, self._sweep_at, due if due is not None else self._look_at)
        self._woken.clear()
        if not self._stopping:
            # What falls due within a moment is begun together.
            await self._clock.wait(self._woken, max(until - self._clock.monotonic(), GRAIN))

    def _jumped(self, jump: float, now: float) -> None:
        self.counts.clock_jumps += 1
        brought = self._agenda.skip_ahead(jump, now) if jump > 0 else 0
        how = f"{abs(jump):.0f} s {'ahead' if jump > 0 else 'back'}"
        _log.warning("the clock went %s; %d checks that fell into that time are run over the next minute", how, brought)

    def _look_beside(self) -> None:
        """Look, without waiting for a store that is locked or slow; raises what the look before came to by a mistake of ours."""
        if self._looking is not None and self._looking.done():
            self._looking.result()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.ensure_future(self._look())

    async def _look(self) -> None:
        """Take the watches anew where somebody changed them. What the store cannot tell stays as it was."""
        try:
            revision = await self.in_store(self._store.revision)
            if revision != self._revision:
                await self._load(first=False)
        except StoreTrouble as trouble:
            if not self.counts.store_trouble:
                _log.error("%s; watching goes on with what is known", trouble)
                self.counts.store_trouble = str(trouble)

    async def _load(self, *, first: bool) -> None:
        revision = await self.in_store(self._store.revision)
        watches = {watch.key: watch for watch in await self.in_store(self._store.watches)}
        self._windows = await self.in_store(self._store.windows)
        if first:
            self.states = await self.in_store(self._store.states)
        self._revision = revision
        self._adopt(watches)

    def _adopt(self, watches: Mapping[str, Watch]) -> None:
        """Go on with these watches. Of those that stay, states are kept, and when they are due too, but for another interval."""
        before, self.watches, self._writer.watches = self.watches, watches, watches
        self._parents = {key: parents_of(watch, watches) for key, watch in watches.items() if watch.parents}
        self._elsewhere = frozenset(key for key, watch in watches.items() if is_elsewhere(watch))
        self._checker.forget()
        for key in before.keys() - watches.keys():
            self._agenda.drop(key)
            self.states.pop(key, None)
        now = self._clock.monotonic()
        for key, watch in watches.items():
            known = before.get(key)
            self.states.setdefault(key, blank(key))
            if not watch.enabled:
                self.states[key] = paused(self.states[key])
                self._agenda.drop(key)
            elif key not in self._running and (known is None or not known.enabled or known.interval != watch.interval):
                planned = self.states[key].next_run if known is None or known.enabled else 0.0
                self._agenda.put(key, now + first_wait(key, watch.interval, planned, self._clock.wall()))
        self._sweep_at = 0.0
        self._woken.set()

    async def _sweep(self) -> None:
        """Hold every state against what silences it, and the alerts against every state."""
        now = self._clock.wall()
        for key, watch in self.watches.items():
            state = self.states[key]
            if self._windows or watch.parents or state.silenced or not watch.enabled:
                after = with_silence(state, self._silence(watch, now))
                if after is not state:
                    self.states[key] = after
                    self._writer.add(None, after)
        if self.offline and await self._is_online(ask_gateway=True):
            self._came_online(now)
        self._writer.look_over(dict(self.states))

    def _silence(self, watch: Watch, now: float) -> str:
        reason = silence(watch, self._parents.get(watch.key, ()), self.states, self._windows, now)
        return reason or ("offline" if self.offline and watch.key in self._elsewhere else "")

    def _begin_due(self, now: float) -> None:
        while (taken := self._agenda.take(now)) is not None:
            watch = self.watches.get(taken[0])
            if watch is not None:
                self._ready[watch.check in HEAVY].append(taken)
        for heavy, ready in self._ready.items():
            while ready and self._busy[heavy] < self._at_once[heavy]:
                key, due = ready.popleft()
                watch = self.watches.get(key)
                if watch is None or not watch.enabled or key in self._running:
                    continue
                self._busy[heavy] += 1
                self.counts.began(self._clock.monotonic() - due)
                self._running[key] = asyncio.ensure_future(self._one(watch, heavy))

    async def _one(self, watch: Watch, heavy: bool) -> None:
        """One check, from its begin until what came of it is with the writer."""
        at = self._clock.wall()
        result: Result | None = None
        try:
            result = await self._check(watch, at)
            if watch.key in self._elsewhere:
                result = await self._as_seen_from_here(watch, result)
        except Exception as error:  # noqa: BLE001 - a mistake of ours in one check must not end the watching of all others
            _log.error("%s", watch.key, exc_info=error)
            result = of_trouble(watch, error, at)
        finally:
            del self._running[watch.key]
            self._busy[heavy] -= 1
            self.counts.ended(watch.check, result.outcome if result else "unknown")
        self._took(watch, result)
        if self._ready[heavy]:
            self._woken.set()

    def _took(self, watch: Watch, result: Result) -> None:
        """Fold a result in, and enter the watch's next run; one that is gone or paused meanwhile leaves nothing."""
        key, now = watch.key, self._clock.wall()
        if (heard := self._awaited.pop(key, None)) is not None and not heard.done():
            heard.set_result(result)
        current = self.watches.get(key)
        if current is None or not current.enabled:
            return
        after, events, recheck = folded(self.states[key], current, result, self._silence(current, now))
        wait = wait_after(key, current.interval, now, recheck=recheck)
        after = msgspec.structs.replace(after, next_run=now + wait)
        self.states[key] = after
        self._writer.add(result, after, events)
        monotonic = self._clock.monotonic()
        due = self._agenda.next_due()
        self._agenda.put(key, monotonic + wait)
        if recheck:
            self._hurry_parents(key, monotonic)
        if recheck and (due is None or monotonic + wait < due):
            self._woken.set()

    def _hurry_parents(self, key: str, now: float) -> None:
        """Look at what a watch lies behind before it is looked at again itself, so that the cause is known first."""
        for parent in self._parents.get(key, ()):
            if self._agenda.sooner(parent.key, now + fraction(parent.key) * RECHECK / 4):
                self._woken.set()

    async def _as_seen_from_here(self, watch: Watch, result: Result) -> Result:
        """The result, or `unknown` in its place where it is this machine that has lost its network."""
        now = self._clock.monotonic()
        answered = result.outcome in ("up", "degraded")
        self._suspicion.note(watch.host, answered, now)
        if answered:
            if self.offline:
                self._came_online(self._clock.wall())
            return result
        failing = self._suspicion.hosts(now)
        if failing == 0 or await self._is_online(ask_gateway=failing >= MANY):
            return result
        if not self.offline:
            self.counts.offline = True
            message = f"this machine has lost its own network; {failing} hosts failed, none answered, and nothing is said of them"
            _log.error(message)
            self._writer.add(None, None, [Event(at=self._clock.wall(), watch="", kind="offline", message=message)])
        return msgspec.structs.replace(result, outcome="unknown", message="this machine is offline")

    async def _is_online(self, *, ask_gateway: bool) -> bool:
        now = self._clock.monotonic()
        known_at, online = self._link.get(ask_gateway, (-LINK_EVERY, True))
        if now - known_at >= LINK_EVERY:
            online = await self._way.standing(ask_gateway=ask_gateway) == "online"
            self._link[ask_gateway] = (now, online)
        return online

    def _came_online(self, now: float) -> None:
        """Check what waited, spread over a minute or its interval."""
        self.counts.offline = False
        _log.warning("this machine has its network again")
        self._writer.add(None, None, [Event(at=now, watch="", kind="online", message="this machine has its network again")])
        monotonic = self._clock.monotonic()
        self._agenda.skip_ahead(max(watch.interval for watch in self.watches.values()), monotonic)
        self._link.clear()
        self._sweep_at = 0.0

    async def _ended(self) -> None:
        if self._running:
            _, pending = await asyncio.wait([*self._running.values()], timeout=GRACE)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)


def _light_at_once() -> int:
    """As many as file descriptors allow, with room left for the store, the API and messages."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return LIGHT_AT_ONCE if soft < 0 else max(4, min(LIGHT_AT_ONCE, (soft - 64) // 4))
