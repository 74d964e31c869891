"""An engine whose clock, network and checks are played, over a real store."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from netassist.configuration import Settings
from netassist.monitor.clock import Clock
from netassist.monitor.connectivity import Link, Way
from netassist.monitor.engine import Engine
from netassist.monitor.happening import Outcome, Result
from netassist.monitor.store import Store, open_store
from netassist.monitor.watch import Watch
from netassist.monitor.writer import Writer, Written

T = TypeVar("T")
NOON = 1_795_867_200.0


class PlayedClock(Clock):
    """Time passes only in `passes`; whoever waits is woken in order."""

    def __init__(self, wall: float = NOON) -> None:
        self.now, self.between = 1000.0, wall - 1000.0
        self._waiting: list[tuple[float, asyncio.Future[None]]] = []

    def wall(self) -> float:
        return self.now + self.between

    def monotonic(self) -> float:
        return self.now

    def set_wall(self, seconds: float) -> None:
        """Somebody sets the clock ahead, or back."""
        self.between += seconds

    async def wait(self, woken: asyncio.Event, seconds: float | None) -> None:
        if woken.is_set():
            await asyncio.sleep(0)
            return
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((math.inf if seconds is None else self.now + seconds, ended))
        event = asyncio.ensure_future(woken.wait())
        either: set[asyncio.Future[Any]] = {ended, event}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            event.cancel()
            ended.cancel()

    async def passes(self, seconds: float) -> None:
        until = self.now + seconds
        while True:
            await settled()
            self._waiting = [(at, ended) for at, ended in self._waiting if not ended.done()]
            due = min((at for at, _ in self._waiting), default=math.inf)
            if due > until:
                break
            self.now = max(self.now, due)
            for at, ended in self._waiting:
                if at <= self.now and not ended.done():
                    ended.set_result(None)
        self.now = until
        await settled()


async def settled() -> None:
    """Until nobody has anything to do at this moment."""
    for _ in range(15):
        await asyncio.sleep(0)


class InlineWriter(Writer):
    """Uses the store at once and not in a thread, which would take real time."""

    async def in_store(self, work: Callable[..., T], *arguments: object) -> T:
        return work(*arguments)


class Play:
    """What each watch comes to is in `outcomes`, `up` where it is not; `ran` are the checks, with the monotonic time of each."""

    def __init__(self, folder: Path, *watches: Watch, clock: PlayedClock | None = None) -> None:
        self.clock = clock or PlayedClock()
        self.store: Store = open_store(str(folder / "monitor.db"))
        for watch in watches:
            self.store.put_watch(watch, self.clock.wall())
        self.outcomes: dict[str, Outcome] = {}
        self.facts: dict[str, dict[str, str]] = {}
        self.ran: list[tuple[float, str]] = []
        self.written: list[Written] = []
        self.link = Link(True, (None,))
        self.slow = 0.0
        self.at_once = self.most_at_once = 0
        self.engine = self._engine()

    def _engine(self) -> Engine:
        engine = Engine(
            self.store, Settings(), told=self.written.append, clock=self.clock, check=self._check, way=Way(lambda: self.link)
        )
        old = engine._writer
        engine._writer = InlineWriter(self.store, self.clock, engine.counts, old._new_id, self.written.append)
        old.close()
        return engine

    async def _check(self, watch: Watch, at: float) -> Result:
        self.ran.append((self.clock.now, watch.key))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        if self.slow:
            await self.clock.wait(asyncio.Event(), self.slow)
        self.at_once -= 1
        outcome = self.outcomes.get(watch.key, "up")
        if outcome not in ("up", "degraded", "down", "unknown"):
            raise RuntimeError(outcome)
        message = "" if outcome == "up" else f"it is {outcome}"
        return Result(watch=watch.key, at=at, outcome=outcome, ms=1.0, message=message, facts=self.facts.get(watch.key, {}))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.ensure_future(self.engine.run())
        await settled()
        try:
            yield
        finally:
            self.engine.stop()
            while not task.done():
                await self.clock.passes(1.0)
            await task
            self.engine.close()

    def restarted(self) -> None:
        """A new process over the same store."""
        self.engine = self._engine()
        self.ran.clear()

    def times(self, watch: Watch) -> list[float]:
        return [at for at, key in self.ran if key == watch.key]

    def edit(self, watch: Watch, **values: object) -> None:
        self.store.put_watch(msgspec.structs.replace(watch, **values), self.clock.wall())

    def titles(self) -> list[str]:
        return [alert.watch for alert in self.store.unresolved()]

    def kinds(self) -> list[str]:
        return [event.kind for event in reversed(self.store.events(0, 1e11)) if event.kind != "changed"]
