"""The loop: a request is planned, each call passes the gate, runs and is judged, and the reports become an answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from time import monotonic

from netassist.assistant.answers import Answer, Step, StepStatus, answered, unanswered
from netassist.assistant.events import Event, Finished, Moved, Planned, Started
from netassist.assistant.gate import Approve, Pass, Refused, admit, network_for
from netassist.assistant.journal import Journal, entry
from netassist.audit import judged
from netassist.backends.planning import LONGEST_REQUEST, Backend, Exchange, Plan
from netassist.configuration import Settings
from netassist.entities import Entity, recognise
from netassist.grounding import within_reach
from netassist.network import Network
from netassist.reports.text import sentence
from netassist.targets import host_of
from netassist.toolbox import Call, Risk, run, tools

AT_ONCE = 4
"""Calls of one request that run side by side."""

_log = logging.getLogger(__name__)


class Interrupted(Exception):
    """The person stopped it before anything had been measured."""


async def nobody(call: Call, risk: Risk) -> bool:
    """The approval where there is nobody to ask: no."""
    return False


class Conversation:
    """Requests and answers that may refer to each other.

    Args:
        tell: called with each event.
        approve: asked before a call whose risk tier demands it.
        approved: tiers approved beforehand.
    """

    def __init__(
        self,
        backend: Backend,
        settings: Settings,
        journal: Journal,
        *,
        tell: Callable[[Event], None] = lambda _: None,
        approve: Approve = nobody,
        approved: frozenset[Risk] = frozenset(),
    ) -> None:
        self.backend, self.settings, self.journal = backend, settings, journal
        self.tell, self.approve, self.approved = tell, approve, approved
        self._earlier: list[Exchange] = []
        self._said: list[Entity] = []
        self._networks: set[Network] = set()
        self._waiting: set[asyncio.Task[object]] = set()
        self._interrupted = False
        self._asking = asyncio.Lock()

    async def ask(self, request: str) -> Answer:
        """Answer one request.

        Raises:
            BackendError: no plan could be made; the message says why.
            JournalError: the journal cannot be written, so nothing was run.
            ValueError: the request is empty or too long.
            Interrupted: stopped before the first call.
        """
        if not request.strip():
            raise ValueError('the question is empty; ask for example: netassist ask "is 192.0.2.1 up?"')
        if len(request) > LONGEST_REQUEST:
            raise ValueError(f"the question has {len(request):,} characters; {LONGEST_REQUEST:,} is the most")
        self._interrupted = False
        self.journal.open()
        inventory = self.settings.inventory
        plan = await self._plan(request)
        named = recognise(request, inventory, self._said)
        said = [*self._said, *named]
        reach = within_reach(request, named, self._said)
        if plan.outcome != "call":
            answer = unanswered(request, plan, self.backend.name, self.backend.model, inventory)
            self._remember(request, plan, said, ())
            return answer
        self.tell(Planned(plan.calls))
        limit = asyncio.Semaphore(AT_ONCE)
        steps = await self._steps([self._step(limit, i, call, request, reach) for i, call in enumerate(plan.calls)])
        self._remember(request, plan, said, steps)
        unused = _unused(named, plan.calls)
        backend, model = self.backend.name, self.backend.model
        return answered(request, steps, backend, model, interrupted=self._interrupted, unused=unused, thought=plan.thought)

    def forget(self) -> None:
        """Begin anew: what was said and measured so far is referred to no more."""
        self._earlier, self._said = [], []

    def interrupt(self) -> None:
        """Stop what is under way: planning is given up, and probes report what they have."""
        self._interrupted = True
        for task in self._waiting:
            task.cancel()
        for network in self._networks:
            network.interrupt()

    async def close(self) -> None:
        await self.backend.close()

    async def _plan(self, request: str) -> Plan:
        planning = asyncio.ensure_future(
            self.backend.plan(request, self._earlier, list(tools().values()), self.settings.inventory)
        )
        self._waiting.add(planning)
        try:
            return await planning
        except asyncio.CancelledError:
            if self._interrupted:
                raise Interrupted("interrupted; nothing was run") from None
            raise
        finally:
            planning.cancel()
            self._waiting.discard(planning)

    async def _steps(self, steps: Sequence[Coroutine[None, None, Step]]) -> list[Step]:
        """All steps; where one cannot go on (the journal), the others end before its error is raised."""
        running = [asyncio.ensure_future(step) for step in steps]
        try:
            return await asyncio.gather(*running)
        finally:
            if not all(task.done() for task in running):
                self.interrupt()
                await asyncio.gather(*running, return_exceptions=True)

    async def _step(self, limit: asyncio.Semaphore, index: int, call: Call, request: str, said: list[Entity]) -> Step:
        async with limit:
            planned_by = f"{self.backend.name}/{self.backend.model}"
            try:
                async with self._asking:
                    self._go_on(call)
                    passed = await admit(call, self.settings, said, self.approved, self.approve)
                self._go_on(call)
            except Refused as refused:
                self.journal.write(entry(request, planned_by, call, "nobody", str(refused)))
                status: StepStatus = "unavailable" if refused.kind == "unavailable" else "refused"
                step = Step(call, status, message=str(refused), refusal=refused.kind)
            else:
                self.tell(Started(index, call))
                step = await self._run(index, call, passed)
                outcome = step.report if step.report is not None else step.message or ""
                self.journal.write(entry(request, planned_by, call, passed.allowed_by, outcome))
            self.tell(Finished(index, step))
            return step

    def _go_on(self, call: Call) -> None:
        if self._interrupted:
            raise Refused("denied", f"{call.name} was not begun: interrupted")

    async def _run(self, index: int, call: Call, passed: Pass) -> Step:
        network = network_for(call, passed, self.settings, lambda progress: self.tell(Moved(index, progress)))
        self._networks.add(network)
        began = monotonic()
        try:
            report = judged(await run(call, network))
        except Exception as error:  # noqa: BLE001 - a mistake of ours in one probe must not take the other answers along
            _log.error("%s", call, exc_info=error)
            return Step(call, "failed", monotonic() - began, f"{call.name}: internal error ({type(error).__name__}: {error})")
        finally:
            self._networks.discard(network)
        message = report.error.message if report.error else None
        return Step(call, report.status, round(monotonic() - began, 3), message, report)

    def _remember(self, request: str, plan: Plan, said: list[Entity], steps: Sequence[Step]) -> None:
        results = tuple(sentence(step.report) if step.report else step.message or "" for step in steps)
        self._earlier.append(Exchange(request, plan.calls, plan.outcome, results))
        self._said = said


def _unused(named: Sequence[Entity], calls: Sequence[Call]) -> tuple[str, ...]:
    """Hosts, networks and URLs that a request names and no call points at."""
    used = {host_of(str(value)).lower().rstrip(".") for call in calls for value in call.arguments.values()}
    used |= {str(value) for call in calls for value in call.arguments.values()}
    targets = dict.fromkeys(str(entity.value) for entity in named if entity.kind in ("host", "network", "url"))
    return tuple(target for target in targets if target not in used and host_of(target).lower().rstrip(".") not in used)
