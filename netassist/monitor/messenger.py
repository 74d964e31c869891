"""Who sees to people: new alerts are diagnosed and told, messages delivered, scheduled questions asked."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from netassist.monitor.alert import Alert
from netassist.monitor.asking import Asker, MakeBackend
from netassist.monitor.channels import Channel
from netassist.monitor.diagnosis import Diagnoser, Diagnosis
from netassist.monitor.notices import held
from netassist.monitor.outbox import Outbox
from netassist.monitor.own_trouble import SIGHT, OwnTrouble
from netassist.monitor.questions import Question
from netassist.monitor.quiet import Quiet
from netassist.monitor.sending import send_test
from netassist.monitor.store.trouble import StoreTrouble
from netassist.monitor.telling import Telling, new_id
from netassist.monitor.times import stamp
from netassist.reports.words import count

if TYPE_CHECKING:
    from netassist.configuration import Settings
    from netassist.monitor.store import Store
    from netassist.monitor.writer import Written

TICK = 2.0
"""Seconds between two looks at what there is to tell, where nothing wakes it."""
ASK_EVERY = 15.0
_log = logging.getLogger(__name__)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What monitor.toml says of it; `plan_file.Plan` has fields of the same names."""

    channels: tuple[Channel, ...] = ()
    quiet: Quiet | None = None
    questions: tuple[Question, ...] = ()
    diagnosis: Diagnosis = Diagnosis()


class Messenger:
    """Tells people, until its `run` is cancelled. The daemon has one.

    Args:
        backend: makes the backend that plans a scheduled question; without one none is asked.
        trouble: what keeps the engine from writing to the store, empty where nothing does.
        blind: what keeps it from measuring, likewise.
    """

    def __init__(
        self,
        store: Store,
        terms: Terms,
        settings: Settings,
        backend: MakeBackend | None = None,
        *,
        trouble: Callable[[], str] = lambda: "",
        blind: Callable[[], str] = lambda: "",
        now: Callable[[], float] = time.time,
    ) -> None:
        from netassist.assistant.journal import Journal
        from netassist.configuration import state_folder

        self._store, self._terms, self._settings, self._now = store, terms, settings, now
        journal = Journal(state_folder())
        self._telling = Telling(store)
        self.outbox = Outbox(store, lambda: self._terms.channels, now=now)
        self._diagnoser = Diagnoser(store, lambda: self._terms.diagnosis, lambda: self._settings, journal, now=now)
        self._asker = backend and Asker(
            store,
            lambda: self._terms.questions,
            lambda: self._settings,
            journal,
            backend,
            folder=state_folder() / "answers",
            now=now,
            told=self.outbox.wake,
        )
        self._woken = asyncio.Event()
        self._trouble, self._others, self._blind = "", trouble, blind
        self._own = OwnTrouble(lambda: self._terms.channels, new_id, now)
        self._own_sight = OwnTrouble(lambda: self._terms.channels, new_id, now, words=SIGHT)

    def reload(self, terms: Terms, settings: Settings | None = None) -> None:
        """Go on by other terms; nothing that waits is lost."""
        self._terms, self._settings = terms, settings if settings is not None else self._settings
        self._woken.set()

    def told(self, written: Written) -> None:
        """What the engine has recorded: give it to ``Engine(told=…)``. Called in the loop's thread."""
        if written.alerts:
            self._woken.set()

    async def run(self) -> None:
        """Raises nothing but what cancels it; trouble with the store is said once, and what waits is told when it is over."""
        tasks = [asyncio.create_task(work) for work in (self._tell(), self.outbox.run(), *([self._ask()] if self._asker else []))]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._diagnoser.stop()

    async def tick(self) -> None:
        """One look at what there is to tell. Raises StoreTrouble."""
        if self._terms.diagnosis.tools:
            alerts = await asyncio.to_thread(self._store.unresolved)
            if any(alert.status == "open" and not alert.evidence and alert.level == "critical" for alert in alerts):
                await self._diagnose(alerts)
        facts = self._terms.channels, self._terms.quiet, self._now(), self._diagnoser.busy
        if await asyncio.to_thread(self._telling.tick, *facts):
            self.outbox.wake()

    def held(self) -> tuple[str, ...]:
        """What waits before it is even a message, in words."""
        channels, now = self._terms.channels, self._now()
        return tuple(
            f"channel {one.channel}: {count(one.alerts, 'alert')} {'held by the quiet hours' if one.quiet else 'gathered'} "
            f"until {stamp(one.until)}"
            for one in held(self._telling.ledger, channels, self._terms.quiet, now)
        )

    async def test(self, name: str) -> str | None:
        """Send a test alert to a channel; why it failed, or None. Raises ValueError where there is no such channel."""
        channel = next((channel for channel in self._terms.channels if channel.name == name), None)
        if channel is None:
            names = ", ".join(channel.name for channel in self._terms.channels) or "none"
            raise ValueError(f"there is no channel {name!r}; there are {names}")
        return await send_test(channel, self._now(), new_id)

    async def _diagnose(self, alerts: Sequence[Alert]) -> None:
        watches = await asyncio.to_thread(self._store.watches)
        states = await asyncio.to_thread(self._store.states)
        silenced = {key for key, state in states.items() if state.silenced}
        loud = [alert for alert in alerts if alert.watch not in silenced]
        self._diagnoser.consider(loud, {watch.key: watch for watch in watches})

    async def _tell(self) -> None:
        while True:
            self._woken.clear()
            await self._without_trouble(self.tick())
            await self._own.is_so(self._trouble or self._others())
            await self._own_sight.is_so(self._blind())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK):
                    await self._woken.wait()

    async def _ask(self) -> None:
        assert self._asker is not None  # noqa: S101 - it is not begun without one
        while True:
            if self._terms.questions:
                await self._without_trouble(self._asker.once())
            await asyncio.sleep(ASK_EVERY)

    async def _without_trouble(self, work: Awaitable[object]) -> None:
        try:
            await work
        except StoreTrouble as trouble:
            if str(trouble) != self._trouble:
                _log.error("nobody is told anything new meanwhile: %s", trouble)
            self._trouble = str(trouble)
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not end the telling of all that follows
            _log.error("internal error", exc_info=error)
        else:
            self._trouble = ""
