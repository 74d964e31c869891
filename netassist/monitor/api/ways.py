"""What the API and the page stand on: the store and what the daemon can do, handed in so that neither knows a daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from netassist.monitor.api import Api
from netassist.monitor.page import Page

if TYPE_CHECKING:
    from netassist.configuration import Settings
    from netassist.monitor.api.values import Asked, Reloaded, Status, Tried
    from netassist.monitor.happening import Result
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
    now: the time, Unix seconds.
    status, reload, stop: of the daemon.
    ask: answers a question; raises Unasked.
    test_alert: sends a test to the channel of that name, to all where it is empty; raises KeyError.
    measure: one check of a watch that is not stored.
    figures: what the engine has counted so far.
    changed: called after what is watched has been changed, so that it counts at once.
    """

    store: Store
    settings: Settings
    api: Api
    page: Page
    now: Callable[[], float]
    status: Callable[[], Awaitable[Status]]
    reload: Callable[[], Awaitable[Reloaded]]
    stop: Callable[[], None]
    ask: Callable[[str], Awaitable[Asked]]
    test_alert: Callable[[str], Awaitable[tuple[Tried, ...]]]
    measure: Callable[[Watch], Awaitable[Result]]
    figures: Callable[[], Figures]
    changed: Callable[[], None]


async def stored(work: Callable[[], T]) -> T:
    """What a read or a small write of the store comes to, done beside the event loop."""
    return await asyncio.to_thread(work)
