"""The work for one request: plan, run, tell the model what came of it, and again, until it has its answer or reaches a limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from netassist.assistant.answers import Step
from netassist.assistant.consent import Confirm
from netassist.assistant.events import Planned
from netassist.assistant.memory import Published
from netassist.assistant.reference import Reference, looked_ahead, spread
from netassist.assistant.running import Order, Runner, Stopped
from netassist.assistant.summaries import summaries
from netassist.backends.planning import Backend, BackendError, Exchange, Plan, Round, Usage
from netassist.entities import Entity
from netassist.grounding import negative_time, with_ports
from netassist.reports.words import listed
from netassist.toolbox import Call, Value, tools

MOST_THOUGHT = 16_000
MOST_WRITTEN_OUT = 8
"""Hosts that a model is asked about by their names; of more it plans for one, and that is done for all."""
_STANDS = "that host stands for {count}: what is planned for it is run for all of them"

_BELOW_ZERO = "{said} is below zero, so nothing was set up. How often shall it be checked? Say, for example, every 5 minutes."


class Limits(NamedTuple):
    """Of the work for one request: how often it is planned, how many calls are run for it, and for how many seconds."""

    rounds: int = 8
    calls: int = 48
    seconds: float = 2 * 3600

    @property
    def over(self) -> str:
        """Why it ends when the time is over."""
        return f"the {self.seconds:g} seconds for this request are over"


DEFAULT = Limits()


class Request(msgspec.Struct, frozen=True):
    """A request as it is worked on.

    Args:
        said: in the person's own words.
        reference: with what it points at written out.
        named: its entities.
        reach: the entities that its calls may point at.
        learned: hosts that were pointed at and never written out, as they are compared.
    """

    said: str
    reference: Reference
    named: Sequence[Entity]
    reach: Sequence[Entity]
    learned: frozenset[str] = frozenset()


class Around(NamedTuple):
    """What the work for a request takes from its conversation.

    `learn` takes hosts that the request spoke of before they were known into what its calls may point at.
    """

    backend: Backend
    runner: Runner
    earlier: Sequence[Exchange]
    inventory: Mapping[str, str]
    confirm: Confirm
    limits: Limits
    learn: Callable[[Sequence[str], Request], Request]


class Work:
    """One request under way, and what it has come to: `steps`, what is `missing`, and the latest `plan`.

    `agreed` is a plan that the person has said yes to. `unsure` says that a plan below what calibration found reliable was run
    unasked; `offered` is one that the person is to be asked about, and nothing was run.
    """

    def __init__(self, request: Request, around: Around, agreed: Plan | None = None) -> None:
        self.request, self._around, self._agreed = request, around, agreed
        self.steps: list[Step] = []
        self.missing: list[str] = []
        self.plan: Plan | None = agreed
        self.unsure = False
        self.offered: Plan | None = None
        self.thought = ""
        self.usage: Usage | None = None
        self._rounds: list[Round] = []
        self._known: dict[_Key, int] = {}
        self._found: tuple[str, ...] = ()
        self._idle = 0

    async def done(self) -> Plan | None:
        """Work until there is no more to run. Returns the plan without calls that ended it, None where none did.

        Raises:
            BackendError, Stopped: before anything was run.
        """
        plan = self._agreed or await self._planned()
        while plan.calls:
            calls = with_ports(spread(plan.calls, self.request.reference.hosts), self.request.reference.text, self.request.named)
            if below := negative_time(calls, self.request.reference.text):
                return msgspec.structs.replace(plan, outcome="clarify", calls=(), text=_BELOW_ZERO.format(said=below))
            if plan.unsure and plan is not self._agreed and not self.steps:
                consent = await self._around.runner.waiting(self._around.confirm(calls))
                self.unsure = consent == "unasked"
                if consent == "ask":
                    self.offered = msgspec.structs.replace(plan, calls=calls)
                    return None
            await self._run(calls)
            if not self._goes_on():
                return None
            try:
                plan = await self._planned()
            except Stopped as stopped:
                self._note(str(stopped))
                return None
            except BackendError as error:
                self.missing.append(f"the model's conclusion, for it could not be asked again: {error}")
                return None
        return plan

    async def _planned(self) -> Plan:
        around, reference = self._around, self.request.reference
        asked = reference.text
        if around.backend.rounds == 1:
            asked = reference.planned
        elif len(reference.pointed) > MOST_WRITTEN_OUT and not self._rounds:
            asked = f"{reference.planned}\n({_STANDS.format(count=len(reference.pointed))})"
        if self._found:
            asked = f"{asked}\n({listed(self._found, len(self._found))})"
        plan = None
        if around.backend.rounds == 1 and reference.hosts:
            # With its hosts written out a request mostly says it all, and a small model is misled by what was before.
            plan = await self._ask(asked, ())
        if plan is None or plan.unsure or not plan.calls:
            plan = await self._ask(asked, around.earlier)
        if self.plan is None or plan.calls or plan.text:
            self.plan = plan
        return plan

    async def _ask(self, request: str, earlier: Sequence[Exchange]) -> Plan:
        around = self._around
        planning = around.backend.plan(request, earlier, list(tools().values()), around.inventory, tuple(self._rounds))
        plan = await around.runner.waiting(planning)
        self.thought = f"{self.thought}\n{plan.thought}".strip()[:MOST_THOUGHT]
        self.usage = _sum(self.usage, plan.usage)
        return plan

    async def _run(self, calls: Sequence[Call]) -> None:
        """One round: what was not run yet is run, and the model is told what each call came to."""
        around = self._around
        new = [call for call in _each_once(calls) if _key(call) not in self._known]
        run, left_out = new[: (room := around.limits.calls - len(self.steps))], new[room:]
        if run:
            first = len(self.steps)
            for place, call in enumerate(run, first):
                self._known[_key(call)] = place
            around.runner.tell(Planned(tuple(run), first))
            planned_by = self._planner()
            order = Order(self.request.said, planned_by, self.request.reach, self.request.learned)
            self.steps += await around.runner.run(run, first, order)
        if left_out:
            what = listed([str(call) for call in left_out], 4)
            self.missing.append(f"{what}, for {around.limits.calls} calls are the most for one request")
        self._idle = 0 if run else self._idle + 1
        done = [(call, self._known[key]) for call in calls if (key := _key(call)) in self._known]
        told = summaries([self.steps[place] for _, place in done])
        ran = set(map(_key, run))
        results = (
            text if _key(call) in ran else f"run before, with this result: {text}"
            for (call, _), text in zip(done, told, strict=True)
        )
        self._rounds.append(Round(tuple(call for call, _ in done), tuple(results)))
        self._look_ahead()

    def _planner(self) -> str:
        backend = self._around.backend
        return (self.plan.planned_by if self.plan is not None else "") or f"{backend.name}/{backend.model}"

    def _look_ahead(self) -> None:
        """Hosts that the request spoke of, and that this round has found."""
        if not self.request.reference.ahead:
            return
        reports: list[Published] = [msgspec.to_builtins(step.report) for step in self.steps if step.report is not None]
        found = looked_ahead(self.request.reference, reports)
        if found != self._found:
            self._found = found
            self.request = self._around.learn(found, self.request)

    def _goes_on(self) -> bool:
        """Whether the model is asked again; where it would be and is not, what is missing is noted."""
        around = self._around
        most = min(around.backend.rounds, around.limits.rounds)
        if around.runner.stopped_by is not None:
            self._note(around.runner.stopped_by)
            return False
        if around.backend.rounds == 1 or self.missing:
            return False
        if len(self._rounds) >= most:
            self.missing.append(f"the model's conclusion, for it is asked {most} times at most for one request")
        elif self._idle > 1:
            self.missing.append("the model's conclusion, for it went on asking for what had been measured")
        return not self.missing

    def _note(self, why: str) -> None:
        """What is missing where the clock ended it; an interruption speaks for itself."""
        if why == self._around.limits.over and f"the rest, for {why}" not in self.missing:
            self.missing.append(f"the rest, for {why}")


_Key = tuple[str, tuple[tuple[str, Value], ...]]


def _key(call: Call) -> _Key:
    """What two calls that would measure the same have in common: defaults left out, names of hosts in small letters."""
    tool = tools().get(call.name)
    properties = tool.parameters.properties if tool is not None else {}
    arguments = (
        (name, value.lower().rstrip(".") if isinstance(value, str) and name in ("host", "target", "name") else value)
        for name, value in call.arguments.items()
        if name not in properties or value != properties[name].default
    )
    return call.name, tuple(sorted(arguments))


def _each_once(calls: Sequence[Call]) -> list[Call]:
    """The calls in their order; of two that would measure the same, the first."""
    first: dict[_Key, Call] = {}
    for call in calls:
        first.setdefault(_key(call), call)
    return [*first.values()]


def _sum(one: Usage | None, other: Usage | None) -> Usage | None:
    if one is None or other is None:
        return one or other
    return one + other
