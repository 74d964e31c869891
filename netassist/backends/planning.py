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


class Round(msgspec.Struct, frozen=True):
    """Calls that were made for the request at hand, and what each came to, as a short typed summary."""

    calls: tuple[Call, ...]
    results: tuple[str, ...]


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one plan; `estimated` where the server did not count them."""

    read: int
    written: int
    estimated: bool = False

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.read + other.read, self.written + other.written, self.estimated or other.estimated)


class Plan(msgspec.Struct, frozen=True):
    """The calls to run (`call`), or a question back (`clarify`), or that no tool serves (`no_call`).

    `text` is the model's own question or answer, `thought` what it thought aloud before; empty where it wrote none. `confidence`
    is the smallest margin between the best and second-best admitted token's log probability, None where the backend cannot tell;
    `unsure` where that is below what calibration found reliable. `planned_by` is the backend that made it, as name/model.
    """

    outcome: Outcome
    calls: tuple[Call, ...] = ()
    text: str = ""
    confidence: float | None = None
    thought: str = ""
    unsure: bool = False
    usage: Usage | None = None
    planned_by: str = ""


class Backend(Protocol):
    """Plans requests. `rounds` is how often it may be asked about one request: 1 for a model that plans all calls at once."""

    name: str
    model: str
    rounds: int

    async def plan(
        self,
        request: str,
        earlier: Sequence[Exchange],
        tools: Sequence[Tool],
        inventory: Mapping[str, str],
        so_far: Sequence[Round] = (),
    ) -> Plan:
        """Decide the calls, or after the rounds `so_far` the next ones, or (`no_call`) the answer in `text`.

        Raises BackendError, with a line for the user, where the backend cannot answer.
        """

    async def close(self) -> None:
        """Let go of processes and connections."""


Trouble = Literal["connection", "timeout", "rate_limited", "server", "budget", "key", "invalid", "refused", "model"]


class BackendError(Exception):
    """A backend that cannot answer; the message says what happened and what to do next.

    `kind` says what sort of trouble it is, `retry_after` in seconds when the server wants to be asked again.
    """

    def __init__(self, message: str, kind: Trouble = "model", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.kind, self.retry_after = kind, retry_after


async def in_turn(
    backend: Backend, requests: Iterable[str], tools: Sequence[Tool], inventory: Mapping[str, str]
) -> tuple[Exchange, ...]:
    """Each request planned after those before it, as they were planned; raises BackendError."""
    exchanges: list[Exchange] = []
    for request in requests:
        plan = await backend.plan(request, exchanges, tools, inventory)
        exchanges.append(Exchange(request, plan.calls, plan.outcome))
    return tuple(exchanges)
