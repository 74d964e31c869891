"""Remote backends over the lab's chat completion server, as tests of them want them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from netassist.backends.endpoint import Patience
from netassist.backends.keys import KeySource
from netassist.backends.ledger import Budget, Ledger
from netassist.backends.planning import Backend, BackendError, Exchange, Plan, Round
from netassist.backends.remote import Remote, Server
from netassist.toolbox import tools
from tests.lab.llm_server import Llm

T = TypeVar("T")
EVERY = list(tools().values())
QUICK = Patience(connect=2.0, first=0.5, gap=0.5, whole=2.0)
"""Time-outs that a test can wait for; a server on loopback answers in milliseconds."""
PATIENT = Patience(connect=10.0, first=30.0, gap=30.0, whole=60.0)


def remote(
    lab: Llm,
    folder: Path,
    *,
    name: str = "turbollm",
    key: KeySource | None = None,
    budget: Budget | None = None,
    patience: Patience = PATIENT,
    redact: bool = False,
    ca_file: Path | None = None,
    ledger: Ledger | None = None,
) -> Remote:
    source = key or KeySource("127.0.0.1")
    server = Server(name, lab.url, "lab", source, budget or Budget(), ca_file, patience, redact)
    return Remote(server, ledger or Ledger(folder))


def told(story: Awaitable[T]) -> T:
    async def run() -> T:
        return await story

    return asyncio.run(run())


async def planned(
    backend: Backend,
    request: str,
    earlier: Sequence[Exchange] = (),
    so_far: Sequence[Round] = (),
    inventory: Mapping[str, str] | None = None,
) -> Plan:
    """One plan, after which the backend is closed."""
    try:
        return await backend.plan(request, earlier, EVERY, inventory or {}, so_far)
    finally:
        await backend.close()


def failing(make: Callable[[], Awaitable[Plan]]) -> BackendError:
    """The error of a plan that cannot be made."""
    try:
        plan = told(make())
    except BackendError as error:
        return error
    raise AssertionError(f"there is a plan: {plan}")
