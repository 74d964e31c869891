"""What every backend does: turn a request, in its conversation, into a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from netassist.toolbox import Call, Tool

Outcome = Literal["call", "clarify", "no_call"]
LONGEST_REQUEST = 8000
"""Characters; no request that a person types is longer, and a planner would only see its end."""


class Exchange(msgspec.Struct, frozen=True):
    """One earlier turn: what the user said, what was called, what it came to, and each result as a short typed summary."""

    request: str
    calls: tuple[Call, ...] = ()
    outcome: Outcome = "call"
    results: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True):
    """The calls to run (`call`), or a question back (`clarify`), or that no tool serves (`no_call`).

    `text` is the model's own question or answer, `thought` what it thought aloud before; empty where it wrote none. `confidence`
    is the smallest margin between the best and second-best admitted token's log probability, None where the backend cannot tell.
    """

    outcome: Outcome
    calls: tuple[Call, ...] = ()
    text: str = ""
    confidence: float | None = None
    thought: str = ""


class Backend(Protocol):
    name: str
    model: str

    async def plan(self, request: str, earlier: Sequence[Exchange], tools: Sequence[Tool], inventory: Mapping[str, str]) -> Plan:
        """Decide the calls. Raises BackendError, with a line for the user, where the backend cannot answer."""

    async def close(self) -> None:
        """Let go of processes and connections."""


class BackendError(Exception):
    """A backend that cannot answer; the message says what happened and what to do next."""


async def in_turn(
    backend: Backend, requests: Iterable[str], tools: Sequence[Tool], inventory: Mapping[str, str]
) -> tuple[Exchange, ...]:
    """Each request planned after those before it, as they were planned; raises BackendError."""
    exchanges: list[Exchange] = []
    for request in requests:
        plan = await backend.plan(request, exchanges, tools, inventory)
        exchanges.append(Exchange(request, plan.calls, plan.outcome))
    return tuple(exchanges)
