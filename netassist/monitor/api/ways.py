"""What the API and the page stand on: the store and what the daemon can do, handed in so that neither knows a daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from netassist.monitor.api import Api
from netassist.monitor.page import Page

if TYPE_CHECKING:
    from netassist.assistant.journal import Journal
    from netassist.configuration import Settings
    from netassist.monitor.api.values import Asked, Reloaded, Status, Tried
    from netassist.monitor.happening import Result, State
    from netassist.monitor.store import Store
    from netassist.monitor.watch import Watch

T = TypeVar("T")


class Unasked(Exception):
    """The question could not be answered; the message says why."""


class Figures(NamedTuple):
    """What the engine counts: checks by outcome; a histogram of lateness, seconds to a cumulative count; and what waits."""

    checks: dict[str, int]
    lateness: tuple[tuple[float, int], ...] = ()
    lateness_sum: float = 0.0
    held: int = 0
    store_errors: int = 0


class Ways(NamedTuple):
    """Args:
    journal: where changes are entered, with who made them.
    now: the time, Unix seconds.
    status, reload, stop: of the daemon.
    ask: answers a question; raises Unasked.
    test_alert: sends a test to the channel of that name, to all where it is empty; raises KeyError.
    measure: one check of a watch that is not stored.
    state: how a watch stands at this moment, also where that is not stored yet; None where it is not watched.
    check: has the engine check a watch at once, by its key; None where it is not watched, or paused.
    figures: what the engine has counted so far.
    changed: called after what is watched has been changed, so that it counts at once.
    """

    store: Store
    settings: Settings
    journal: Journal
    api: Api
    page: Page
    now: Callable[[], float]
    status: Callable[[], Awaitable[Status]]
    reload: Callable[[], Awaitable[Reloaded]]
    stop: Callable[[], None]
    ask: Callable[[str], Awaitable[Asked]]
    test_alert: Callable[[str], Awaitable[tuple[Tried, ...]]]
    measure: Callable[[Watch], Awaitable[Result]]
    state: Callable[[str], State | None]
    check: Callable[[str], Awaitable[Result] | None]
    figures: Callable[[], Figures]
    changed: Callable[[], None]


async def stored(work: Callable[[], T]) -> T:
    """What a read or a small write of the store comes to, done beside the event loop."""
    return await asyncio.to_thread(work)
