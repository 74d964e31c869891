"""A backend whose plans the test writes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from netassist.backends.planning import BackendError, Exchange, Plan
from netassist.toolbox import Call, Tool, Value


def calls(*planned: Call) -> Plan:
    return Plan("call", planned)


def call(name: str, **arguments: Value) -> Call:
    return Call(name, arguments)


class Planned:
    """Answers each request with the next of `plans`; a `BackendError` among them is raised, and `NEVER` is waited for in vain."""

    name, model = "testllm", "by hand"

    def __init__(self, *plans: Plan | BackendError | None) -> None:
        self._plans = list(plans)
        self.asked: list[str] = []
        self.closed = False

    async def plan(
        self, request: str, earlier: Sequence[Exchange], tools: Sequence[Tool], inventory: Mapping[str, str]
    ) -> Plan:
        self.asked.append(request)
        plan = self._plans.pop(0)
        if plan is NEVER:
            await asyncio.Event().wait()
        if not isinstance(plan, Plan):
            raise plan or BackendError("there is no plan")
        return plan

    async def close(self) -> None:
        self.closed = True


NEVER = None
