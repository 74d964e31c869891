"""What the store needs now and then: sums of the hours that are over, and room."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from netassist.monitor.logs import say
from netassist.monitor.store import Retention, StoreTrouble

if TYPE_CHECKING:
    from netassist.monitor.engine import Engine
    from netassist.monitor.store import Store

ROLL_UP_EVERY, FORGET_EVERY = 600.0, 6 * 3600.0

_log = logging.getLogger(__name__)


async def keep_up(store: Store, engine: Engine, keep: Callable[[], Retention]) -> None:
    """Sum up every ten minutes, and forget every six hours, but not while the clock is not to be trusted.

    In a thread of their own: both take many short transactions, between which results are written.
    """
    forgotten = -FORGET_EVERY
    while True:
        try:
            await asyncio.to_thread(store.roll_up, time.time())
            if engine.may_age and time.monotonic() - forgotten >= FORGET_EVERY:
                gone = await asyncio.to_thread(store.forget, time.time(), keep())
                forgotten = time.monotonic()
                say(_log, logging.INFO, "forgotten what was kept long enough", rows=gone)
        except StoreTrouble as trouble:
            say(_log, logging.WARNING, "upkeep waits", why=str(trouble))
        await asyncio.sleep(ROLL_UP_EVERY)
