"""Calls as they are run: each passes the gate, measures within its deadline, is judged, and leaves its line in the journal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import TypeVar

import msgspec

from netassist.assistant.answers import Step, StepStatus
from netassist.assistant.approvals import Approval, Approvals
from netassist.assistant.events import Event, Finished, Moved, Started
from netassist.assistant.gate import Approve, Pass, Refused, admit, is_asked_about, network_for
from netassist.assistant.journal import Journal, entry
from netassist.audit import judged
from netassist.configuration import Settings
from netassist.entities import Entity
from netassist.network import Network
from netassist.observations import Report
from netassist.scope import Scope, spelled
from netassist.toolbox import Call, Risk, run, targets_of, tools

T = TypeVar("T")

AT_ONCE = 4
"""Calls of one request that run side by side."""
GRACE = 7.0
"""Seconds that a call which was stopped may take to hand in what it has; Nmap needs a few to end."""
OVERTIME = 15.0
"""Seconds after its deadline in which a probe has to come to its end by itself."""

_log = logging.getLogger(__name__)


class Stopped(Exception):
    """What was waited for has been given up, because the person or the clock stopped it."""


class Order(msgspec.Struct, frozen=True):
    """On whose behalf calls are run.

    Args:
        request: in the person's own words.
        planned_by: the backend and its model.
        reach: what the calls may point at.
        learned: hosts, as they are compared, that the person pointed at and never wrote out: they have to be at public addresses.
    """

    request: str
    planned_by: str
    reach: Sequence[Entity]
    learned: frozenset[str] = frozenset()


class Runner:
    """Runs calls, a few at a time, until it is stopped."""

    def __init__(self, settings: Settings, journal: Journal, approve: Approve, approved: frozenset[Risk] | Approvals) -> None:
        self.settings, self.journal, self.approve, self.approved = settings, journal, approve, approved
        self.tell: Callable[[Event], None] = lambda _: None
        self.stopped_by: str | None = None
        self._networks: dict[int, Network] = {}
        self._waiting: set[asyncio.Future[object]] = set()
        self._probing: set[asyncio.Future[object]] = set()
        self._asking = asyncio.Lock()
        self._last: asyncio.TimerHandle | None = None

    def begin(self, tell: Callable[[Event], None]) -> None:
        """A new request, of whose calls `tell` hears: nothing has been stopped."""
        self.tell, self.stopped_by = tell, None
        if self._last is not None:
            self._last.cancel()
            self._last = None

    def stop(self, why: str) -> None:
        """Stop what is under way: questions and plans are given up, probes hand in what they have, or are dropped in the end."""
        self.stopped_by = self.stopped_by or why
        for task in [*self._waiting]:
            task.cancel()
        for network in [*self._networks.values()]:
            network.interrupt()
        if self._probing and self._last is None:
            self._last = asyncio.get_running_loop().call_later(GRACE, self._drop)

    def stop_call(self, index: int) -> bool:
        """Let one call that runs hand in what it has; the others go on. False where it does not run."""
        network = self._networks.get(index)
        if network is not None:
            network.interrupt()
        return network is not None

    async def waiting(self, awaited: Awaitable[T]) -> T:
        """What is awaited; raises Stopped where the request is stopped meanwhile."""
        if self.stopped_by is not None:
            raise Stopped(self.stopped_by)
        task: asyncio.Future[T] = asyncio.ensure_future(awaited)
        self._waiting.add(task)  # type: ignore[arg-type]
        try:
            return await task
        except asyncio.CancelledError:
            if self.stopped_by is not None and not _cancelled():
                raise Stopped(self.stopped_by) from None
            raise
        finally:
            task.cancel()
            self._waiting.discard(task)

    async def run(self, calls: Sequence[Call], first: int, order: Order) -> list[Step]:
        """All calls; where one cannot go on (the journal), the others end before its error is raised."""
        limit = asyncio.Semaphore(AT_ONCE)
        running = [asyncio.ensure_future(self._step(limit, first + place, call, order)) for place, call in enumerate(calls)]
        try:
            return await asyncio.gather(*running)
        finally:
            if not all(task.done() for task in running):
                self.stop("broken off")
                await asyncio.gather(*running, return_exceptions=True)

    async def _step(self, limit: asyncio.Semaphore, index: int, call: Call, order: Order) -> Step:
        async with limit:
            try:
                async with self._asking:
                    self._go_on(call)
                    passed = await admit(call, self.settings, [*order.reach], self.approved, self._approved)
                self._go_on(call)
            except Refused as refused:
                self.journal.write(entry(order.request, order.planned_by, call, "nobody", str(refused)))
                status: StepStatus = "unavailable" if refused.kind == "unavailable" else "refused"
                step = Step(call, status, message=str(refused), refusal=refused.kind)
            else:
                if is_asked_about(passed.call, self.settings):
                    self.journal.write(entry(order.request, order.planned_by, passed.call, passed.allowed_by, None))
                self.tell(Started(index, passed.call))
                step = await self._run(index, self._narrowed(call, passed, order.learned))
                outcome = step.report if step.report is not None else step.message or ""
                self.journal.write(entry(order.request, order.planned_by, passed.call, passed.allowed_by, outcome))
            self.tell(Finished(index, step))
            return step

    async def _approved(self, call: Call, risk: Risk) -> bool | Approval:
        """The person's yes or no; the question is given up where the request is stopped."""
        try:
            return await self.waiting(self.approve(call, risk))
        except Stopped:
            raise Refused("denied", self._not_begun(call)) from None

    def _go_on(self, call: Call) -> None:
        if self.stopped_by is not None:
            raise Refused("denied", self._not_begun(call))

    def _not_begun(self, call: Call) -> str:
        return f"{call.name} was not begun: {self.stopped_by}"

    def _narrowed(self, call: Call, passed: Pass, learned: frozenset[str]) -> Pass:
        """Leave to touch hosts that were only pointed at where they are public, unless the person has edited the call."""
        pointed = [target for target in targets_of(call) if spelled(target) in learned]
        if not pointed or passed.scope.read_only or passed.call != call:
            return passed
        named = passed.scope.named - Scope().naming(*pointed).named
        return passed._replace(scope=msgspec.structs.replace(passed.scope, named=named).learning(*pointed))

    async def _run(self, index: int, passed: Pass) -> Step:
        call = passed.call
        network = network_for(call, passed, self.settings, lambda progress: self.tell(Moved(index, progress)))
        self._networks[index] = network
        began = monotonic()
        probing = asyncio.ensure_future(self._probe(call, network))
        self._probing.add(probing)  # type: ignore[arg-type]
        try:
            report = await probing
        except asyncio.CancelledError:
            if self.stopped_by is None or _cancelled():
                probing.cancel()
                raise
            return Step(call, "failed", _since(began), f"{call.name} was dropped: it did not end when it was stopped")
        except TimeoutError:
            return Step(call, "failed", _since(began), f"{call.name} was dropped: it did not end at its deadline")
        except Exception as error:  # noqa: BLE001 - a mistake of ours in one probe must not take the other answers along
            _log.error("%s", call, exc_info=error)
            return Step(call, "failed", _since(began), f"{call.name}: internal error ({type(error).__name__}: {error})")
        finally:
            self._probing.discard(probing)
            self._networks.pop(index, None)
        message = report.error.message if report.error else None
        return Step(call, report.status, _since(began), message, report)

    async def _probe(self, call: Call, network: Network) -> Report:
        async with asyncio.timeout(tools()[call.name].deadline_s + OVERTIME):
            return judged(await run(call, network))

    def _drop(self) -> None:
        for task in [*self._probing]:
            task.cancel()


def _since(began: float) -> float:
    return round(monotonic() - began, 3)


def _cancelled() -> bool:
    """Whether the task that asks is itself being cancelled, and not what it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
