"""Durable delivery: each notice until its channel has taken it, at least once, tries further and further apart.

A try is written down before it begins, so that what may have come twice says so. Channels are served side by side; one that is
slow or broken holds up no other.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from netassist.monitor.alert import Alert, Notice
from netassist.monitor.channels import Channel
from netassist.monitor.sending import Message, SendFailed, send
from netassist.monitor.store.trouble import StoreTrouble

FIRST, LONGEST = 10.0, 3600.0
"""Seconds between two tries, at first and at most."""
GIVEN_UP_AFTER = 2 * 86400.0
_TRIES = 20
"""Tries without which nothing is given up, however the clock is set."""
_AT_ONCE = 20
"""Notices of a channel that are taken up at a time."""
_MOST = 5000
POLL = 2.0
_log = logging.getLogger(__name__)


class Shelf(Protocol):
    """What of the store the outbox needs."""

    def due(self, now: float, limit: int = 50) -> list[Notice]: ...
    def begun(self, id: str, due: float) -> None: ...
    def delivered(self, id: str, at: float) -> None: ...
    def failed(self, id: str, error: str, due: float | None) -> None: ...
    def alert(self, id: str) -> Alert | None: ...
    def notices(self, limit: int = 100) -> list[Notice]: ...


Send = Callable[[Channel, Message, float], Awaitable[None]]


def back_off(attempt: int, chance: float) -> float:
    """Seconds after the try of that number (from 1): 10, 20, 40 … up to an hour, a fifth more or less by `chance` (0 to 1)."""
    return min(LONGEST, FIRST * 2.0 ** min(attempt - 1, 20)) * (0.8 + 0.4 * chance)


class Outbox:
    """Sends what is due.

    Args:
        channels: those of now, asked anew each time, so that a reload counts at once.
    """

    def __init__(
        self,
        store: Shelf,
        channels: Callable[[], Sequence[Channel]],
        *,
        now: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
        send: Send = send,
    ) -> None:
        self._store, self._channels, self._now, self._chance, self._send = store, channels, now, chance, send
        self._wanted = asyncio.Event()
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._resting: dict[str, tuple[float, int]] = {}
        self._sent: dict[str, float] = {}
        self._trouble = ""
        self._looked: float | None = None

    def wake(self) -> None:
        """There may be something new."""
        self._wanted.set()

    async def run(self) -> None:
        """Until it is cancelled, which stops every try at once; what was under way is tried again another time."""
        try:
            while True:
                self._wanted.clear()
                await self.begin()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL):
                        await self._wanted.wait()
        finally:
            await self.stop()

    async def once(self) -> None:
        """Try what is due now, and wait for the end of it."""
        await self.begin()
        await asyncio.gather(*self._serving.values())

    async def begin(self) -> None:
        """Set to work every channel for which something is due and that is not at work or at rest."""
        now = self._now()
        try:
            await self._note_sent()
            found = await asyncio.to_thread(self._due, now)
        except StoreTrouble as trouble:
            self._tell(str(trouble))
            return
        self._tell("")
        named = {channel.name: channel for channel in self._channels()}
        for name, notices in found.items():
            task = asyncio.create_task(self._serve(named.get(name), name, notices[:_AT_ONCE]))
            self._serving[name] = task
            task.add_done_callback(lambda ended, name=name: self._ended(name, ended))  # type: ignore[misc]

    async def stop(self) -> None:
        """Give up every try that is under way."""
        tasks = [*self._serving.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        self._serving.pop(name, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("channel %s: internal error", name, exc_info=error)
        self.wake()

    def _due(self, now: float) -> dict[str, list[Notice]]:
        """What is due of the channels that are free; those that are not may have much before them."""
        self._bring_back(now)
        limit, found, busy = 50, dict[str, list[Notice]](), self._busy(now)
        while True:
            notices = self._store.due(now, limit)
            for notice in notices:
                if notice.channel not in busy:
                    found.setdefault(notice.channel, []).append(notice)
            if found or len(notices) < limit or limit >= _MOST:
                return {name: sorted(held, key=lambda notice: notice.made) for name, held in found.items()}
            limit = min(limit * 10, _MOST)

    def _bring_back(self, now: float) -> None:
        """Where the clock was set back, have what is due only in a far future tried now."""
        if self._looked is None or now < self._looked - 60:
            for notice in self._store.notices(_MOST):
                waits = notice.delivered is None and not notice.given_up
                if waits and notice.due > now + 2 * LONGEST:
                    self._store.failed(notice.id, notice.error, now)
        self._looked = now

    def _busy(self, now: float) -> set[str]:
        # A rest that is longer than any lies in a future that a clock set back has left.
        resting = {name for name, (until, _) in self._resting.items() if now < until <= now + 2 * LONGEST}
        return resting | self._serving.keys()

    async def _serve(self, channel: Channel | None, name: str, notices: Sequence[Notice]) -> None:
        for notice in notices:
            try:
                if not await self._tried(channel, name, notice):
                    return
            except StoreTrouble as trouble:
                self._tell(str(trouble))
                self._rest(name, 0.0)
                return

    async def _tried(self, channel: Channel | None, name: str, notice: Notice) -> bool:
        """Whether the channel goes on with its next notice."""
        now, attempt = self._now(), notice.attempts + 1
        again = back_off(attempt, self._chance())
        # The time-out is added, so that a program that was killed meanwhile does not try while the first is on its way.
        await asyncio.to_thread(self._store.begun, notice.id, now + again + (channel.timeout if channel is not None else 0.0))
        try:
            if channel is None:
                raise SendFailed(f"there is no channel {name} in monitor.toml any more", of_notice=True)
            alerts = await asyncio.to_thread(self._alerts, notice)
            await self._send(channel, Message(notice=notice, attempt=attempt, alerts=alerts), now)
        except SendFailed as failed:
            await self._failed(notice, attempt, str(failed), max(again, failed.retry_after))
            if failed.of_notice:
                return True
            self._rest(name, failed.retry_after)
            return False
        self._resting.pop(name, None)
        self._sent[notice.id] = self._now()
        await self._note_sent()
        return True

    async def _failed(self, notice: Notice, attempt: int, error: str, again: float) -> None:
        now = self._now()
        over = attempt >= _TRIES and now - notice.made >= GIVEN_UP_AFTER
        if over:
            _log.error("given up after %d tries: %r; %s", attempt, notice.title, error)
        else:
            _log.warning("try %d: %r is not delivered; %s", attempt, notice.title, error)
        await asyncio.to_thread(self._store.failed, notice.id, error, None if over else now + again)

    async def _note_sent(self) -> None:
        """Write down what was delivered, also what could not be written down before."""
        for id, at in [*self._sent.items()]:
            await asyncio.to_thread(self._store.delivered, id, at)
            self._sent.pop(id, None)

    def _alerts(self, notice: Notice) -> tuple[Alert, ...]:
        found = (self._store.alert(id) for id in notice.alerts[:200])
        return tuple(alert for alert in found if alert is not None)

    def _rest(self, name: str, least: float) -> None:
        failures = self._resting.get(name, (0.0, 0))[1] + 1
        self._resting[name] = (self._now() + max(back_off(failures, self._chance()), least), failures)

    def _tell(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            _log.error("messages wait, for nothing can be written down: %s", trouble)
        elif self._trouble and not trouble:
            _log.info("the outbox works again")
        self._trouble = trouble
