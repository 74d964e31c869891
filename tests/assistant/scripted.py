"""A backend whose plans the test writes, in as many rounds as it says; the calls are real."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from netassist.backends.planning import BackendError, Exchange, Plan, Round
from netassist.toolbox import Call, Tool


class Asked(NamedTuple):
    """What the backend was asked."""

    request: str
    earlier: tuple[Exchange, ...]
    so_far: tuple[Round, ...]


class Scripted:
    """Answers with the plans it was given, one after the other; a function makes one of what was asked, an error is raised.

    Without a further plan it waits until it is cancelled.
    """

    name, model = "scripted", "none"

    def __init__(self, *plans: Plan | BackendError | Callable[[Asked], Plan], rounds: int = 1) -> None:
        self.plans, self.rounds = [*plans], rounds
        self.asked: list[Asked] = []
        self.thinking = asyncio.Event()

    async def plan(
        self,
        request: str,
        earlier: Sequence[Exchange],
        tools: Sequence[Tool],
        inventory: Mapping[str, str],
        so_far: Sequence[Round] = (),
    ) -> Plan:
        self.asked.append(Asked(request, tuple(earlier), tuple(so_far)))
        if not self.plans:
            self.thinking.set()
            await asyncio.Event().wait()
        plan = self.plans.pop(0)
        if isinstance(plan, BackendError):
            raise plan
        return plan if isinstance(plan, Plan) else plan(self.asked[-1])

    async def close(self) -> None:
        """Nothing is held."""


def calls(*planned: Call, unsure: bool = False) -> Plan:
    return Plan("call", planned, unsure=unsure)


def says(text: str) -> Plan:
    """The model's answer."""
    return Plan("no_call", text=text)


def tcp(port: int, host: str = "127.0.0.1") -> Call:
    return Call("tcp_check", {"host": host, "port": port})
