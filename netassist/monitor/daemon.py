"""The daemon: the engine, the messages, the diagnosis, the questions, upkeep and the ways in, in one asyncio process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netassist import __version__
from netassist.assistant.journal import Journal, JournalError, change
from netassist.configuration import BadConfiguration, Settings, state_folder
from netassist.monitor import standing
from netassist.monitor.alive import live
from netassist.monitor.alone import Heartbeat, alone, beat, socket_file
from netassist.monitor.api.asking import Asking
from netassist.monitor.api.values import Reloaded, Status, Tried
from netassist.monitor.api.ways import Ways
from netassist.monitor.channels import unusable
from netassist.monitor.doors import Doors
from netassist.monitor.engine import Engine
from netassist.monitor.logs import say
from netassist.monitor.messenger import Messenger, Terms
from netassist.monitor.plan_changes import Change, changes
from netassist.monitor.plan_file import Plan, apply, read_plan
from netassist.monitor.service import Service
from netassist.monitor.store import StoreTrouble
from netassist.monitor.upkeep import keep_up
from netassist.toolbox import Call, Value

if TYPE_CHECKING:
    from netassist.backends.planning import Backend
    from netassist.monitor.happening import Result
    from netassist.monitor.store import Store
    from netassist.monitor.watch import Watch
    from netassist.monitor.writer import Written

ANEW = 5.0
"""Seconds after which a part that broke off is begun anew."""
STORE_SECONDS = 3.0
"""In which the store has to say what stands in a status."""
THREADS = 256
"""For what blocks, names that are looked up above all: as many as checks can have waiting for a name server that is gone."""
MOST_PROBES = 20
"""Checks for ``/probe`` at once."""

_log = logging.getLogger(__name__)


class Daemon:
    """Watches one store from `run` until `stop`.

    Args:
        plan_file: monitor.toml; it may be missing where it is the usual one, and then says nothing.
        settings: reads the configuration, at the start and at each reload; raises BadConfiguration.
        backend: makes the backends that answer questions.
    """

    def __init__(
        self,
        store: Store,
        plan_file: Path,
        settings: Callable[[], Settings],
        backend: Callable[[Settings], Backend],
        service: Service | None = None,
    ) -> None:
        self.store, self._plan_file, self._read_settings = store, plan_file.absolute(), settings
        self._service = service or Service()
        self.settings = settings()
        self.plan = self._read_plan()
        self._plan_trouble = ""
        self._unusable: list[str] = []
        self._since = time.time()
        self._probing = asyncio.Semaphore(MOST_PROBES)
        self.engine = Engine(store, self.settings, told=self._heard)
        self._messenger = Messenger(
            store, terms(self.plan), self.settings, backend,
            trouble=lambda: self.engine.counts.store_trouble, blind=lambda: standing.blind(self.engine),
        )  # fmt: skip
        store.unwritten = lambda: self.engine.unwritten
        self._journal = Journal(state_folder())
        self._asking = Asking(lambda: self.settings, backend, self._journal)
        self._doors = Doors(socket_file())
        self._reloading = asyncio.Lock()
        self._stopped = asyncio.Event()
        self.ready = asyncio.Event()
        """Set once it watches and answers."""

    def stop(self) -> None:
        self._stopped.set()

    async def run(self) -> None:
        """Watch until `stop`. Raises NotAlone, StoreTrouble, BadConfiguration, OSError where it cannot begin."""
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="netassist-beside"))
        # resolv.conf(5): by default a name server that is gone takes the whole time of a check before the next one is asked.
        os.environ.setdefault("RES_OPTIONS", "timeout:2 attempts:2")
        with alone(self.store, time.time()), self._signals():
            self._journal.open()
            before = await self.engine.in_store(self.store.watches)
            await self.engine.in_store(apply, self.store, self.plan, time.time())
            await self._enter("daemon_begin", self._changed_by(changes(before, self.plan)))
            engine = asyncio.ensure_future(self.engine.run())
            engine.add_done_callback(lambda _: self.stop())  # where it breaks off, all ends, and its error is raised below
            others: list[asyncio.Task[None]] = []
            try:
                await self._begun(engine)
                await self._look_at_channels()
                others = [asyncio.ensure_future(part) for part in self._parts()]
                await self._stopped.wait()
            finally:
                await self._ended(engine, others)

    async def reload(self) -> Reloaded:
        """Take configuration and monitor.toml anew. Raises BadConfiguration, and then all is as before."""
        async with self._reloading:
            self._service.reloading()
            try:
                return await self._reloaded()
            except (BadConfiguration, StoreTrouble) as error:
                self._plan_trouble = str(error)
                say(_log, logging.ERROR, "not reloaded; what was watched before is still watched", why=str(error))
                raise
            finally:
                self._service.ready(self._summary())

    async def status(self) -> Status:
        """How it does; what the store cannot tell just now is left out, and that it cannot stands there."""
        try:
            async with asyncio.timeout(STORE_SECONDS):
                from_store = await asyncio.to_thread(standing.asked, self.store)
        except TimeoutError:
            from_store = standing.Asked(self.store.where, trouble=f"{self.store.where}: it does not answer")
        plan, where = self._plan_file, self._doors.where
        trouble = self._plan_trouble or "; ".join(self._unusable)
        return standing.status(
            self.engine, from_store, since=self._since, plan=plan, plan_trouble=trouble, where=where, held=self._messenger.held()
        )

    def ways(self) -> Ways:
        """What the API and the page stand on, as the plan is now."""
        return Ways(
            store=self.store,
            settings=self.settings,
            journal=self._journal,
            api=self.plan.api,
            page=self.plan.page,
            now=time.time,
            status=self.status,
            reload=self.reload,
            stop=self.stop,
            ask=self._asking.ask,
            test_alert=self._test_alert,
            measure=self._measure,
            state=lambda key: self.engine.states.get(key),
            check=self.engine.check_now,
            figures=lambda: standing.figures(self.engine.counts),
            changed=self._changed,
        )

    def _read_plan(self) -> Plan:
        from netassist.monitor.plan_file import plan_file

        is_usual = self._plan_file == plan_file().absolute()
        return Plan() if is_usual and not self._plan_file.exists() else read_plan(self._plan_file)

    async def _begun(self, engine: asyncio.Future[None]) -> None:
        """The ways in are open, the first checks planned, and everybody is told so."""
        waited: set[asyncio.Future[Any]] = {engine, started := asyncio.ensure_future(self.engine.started.wait())}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        started.cancel()
        if engine.done():
            engine.result()
            raise OSError("the engine ended before it began")
        self._doors.open(self.ways())
        await self._beat()
        self._service.ready(self._summary())
        say(_log, logging.INFO, "watching", watches=len(self.engine.watches), store=self.store.where,
            plan=self._plan_file, listening=" ".join(self._doors.where))  # fmt: skip
        self.ready.set()

    def _parts(self) -> Iterator[Awaitable[None]]:
        """What runs beside the engine; each goes on for ever."""
        yield self._again("messages", self._messenger.run)
        yield self._again("upkeep", lambda: keep_up(self.store, self.engine, lambda: self.plan.retention))
        where, counts = self.store.where, self.engine.counts
        yield self._again("heartbeat", lambda: live(self._beat, self._service, counts, self._summary, where))

    async def _again(self, name: str, part: Callable[[], Awaitable[None]]) -> None:
        """Run a part; where a mistake of ours ends it, begin it anew after a while."""
        while True:
            try:
                await part()
            except Exception as error:  # noqa: BLE001 - a mistake of ours in one part must not end the watching
                _log.error("%s broke off and begins anew", name, exc_info=error)
            await asyncio.sleep(ANEW)

    async def _ended(self, engine: asyncio.Future[None], others: list[asyncio.Task[None]]) -> None:
        """Nothing new is begun, what is under way ends, and what was measured is written."""
        self._service.stopping("writing what was measured")
        self._doors.end()
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self.engine.stop()
        try:
            await engine
        finally:
            await self._doors.closed()
            await self._asking.close()
            await self._enter("daemon_end", {"checks": sum(self.engine.counts.checks.values())})
            with contextlib.suppress(StoreTrouble):
                await self.engine.in_store(beat, self.store, None)
            self.engine.close()
            say(_log, logging.INFO, "ended", checks=sum(self.engine.counts.checks.values()), held=self.engine.counts.held)

    async def _reloaded(self) -> Reloaded:
        settings, plan = self._read_settings(), self._read_plan()
        if plan.store != self.plan.store:
            say(_log, logging.WARNING, "another store counts from the next start on")
        self._doors.prepare(plan.api)
        before = await asyncio.to_thread(self.store.watches)
        await self.engine.in_store(apply, self.store, plan, time.time())
        self.settings, self.plan, self._plan_trouble = settings, plan, ""
        self.engine.reload(settings)
        self._messenger.reload(terms(plan), settings)
        await self._look_at_channels()
        self._doors.reopen(self.ways())
        self._changed()
        done = changes(before, plan)
        await self._enter("daemon_reload", self._changed_by(done))
        keys = {what: tuple(one.key for one in done if one.what == what) for what in ("add", "change", "remove")}
        say(_log, logging.INFO, "reloaded", **{what: len(found) for what, found in keys.items()})
        return Reloaded(
            added=keys["add"],
            changed=keys["change"],
            removed=keys["remove"],
            unchanged=len(plan.watches) - len(keys["add"]) - len(keys["change"]),
        )

    def _changed_by(self, done: Sequence[Change]) -> dict[str, Value]:
        """How much is watched now, and what monitor.toml changed of it."""
        kinds = {"added": "add", "changed": "change", "removed": "remove"}
        keys = {name: "; ".join(one.key for one in done if one.what == what) for name, what in kinds.items()}
        return {"store": self.store.where, "plan": str(self._plan_file), **{name: text for name, text in keys.items() if text}}

    async def _enter(self, what: str, facts: dict[str, Value]) -> None:
        """Into the journal: what the daemon did of itself. Between begin and end it runs the checks of what is watched."""
        entry = change("netassist daemon", "the daemon", Call(what, facts), "monitor.toml")
        try:
            await asyncio.to_thread(self._journal.write, entry)
        except JournalError as error:
            _log.error("%s", error)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT stop, SIGHUP reloads."""
        loop = asyncio.get_running_loop()
        kept: set[asyncio.Task[None]] = set()

        def hup() -> None:
            task = asyncio.ensure_future(self._reload_quietly())
            kept.add(task)
            task.add_done_callback(kept.discard)

        loop.add_signal_handler(signal.SIGHUP, hup)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    async def _reload_quietly(self) -> None:
        with contextlib.suppress(BadConfiguration, StoreTrouble):
            await self.reload()

    def _heard(self, written: Written) -> None:
        """After each transaction of the engine's."""
        for one in written.alerts:
            say(_log, logging.INFO, f"alert {one.status}", id=one.id, watch=one.watch, level=one.level, title=one.title)
        turns = [event for event in written.events if event.kind == "state"]
        if lost := [event for event in turns if event.after == "unknown"]:
            say(_log, logging.WARNING, "cannot be measured", checks=len(lost), first=lost[0].watch, why=lost[0].message)
        if found := [event for event in turns if event.before == "unknown"]:
            say(_log, logging.INFO, "can be measured again", checks=len(found), first=found[0].watch)
        self._messenger.told(written)

    async def _look_at_channels(self) -> None:
        """Once a plan, not once a status or a scrape of the metrics."""
        self._unusable = await asyncio.to_thread(unusable, self.plan.channels)
        for trouble in self._unusable:
            say(_log, logging.WARNING, "a channel cannot be used", why=trouble)

    def _changed(self) -> None:
        """Somebody changed what is watched."""
        self.engine.reload()

    async def _beat(self) -> None:
        told = Heartbeat(
            pid=os.getpid(), host=socket.gethostname(), since=self._since, at=time.time(), socket=str(self._doors.path),
            version=__version__,
        )  # fmt: skip
        with contextlib.suppress(StoreTrouble):
            await self.engine.in_store(beat, self.store, told)

    def _summary(self) -> str:
        """One line for ``systemctl status``."""
        states = [self.engine.states[key] for key in self.engine.watches if key in self.engine.states]
        down = sum(state.standing == "down" for state in states)
        trouble = self.engine.counts.store_trouble or self._plan_trouble
        said = f"{len(self.engine.watches)} watched, {down} down"
        return f"{said}; {trouble}" if trouble else said

    async def _test_alert(self, name: str) -> tuple[Tried, ...]:
        chosen = [channel.name for channel in self.plan.channels if name in ("", channel.name)]
        if name and not chosen:
            raise KeyError(name)
        errors = await asyncio.gather(*map(self._messenger.test, chosen))
        return tuple(Tried(channel, error or "") for channel, error in zip(chosen, errors, strict=True))

    async def _measure(self, watch: Watch) -> Result:
        async with self._probing:
            return await self.engine.measure(watch)


def terms(plan: Plan) -> Terms:
    """What the plan says of how people are told."""
    return Terms(channels=plan.channels, quiet=plan.quiet, questions=plan.questions, diagnosis=plan.diagnosis)
