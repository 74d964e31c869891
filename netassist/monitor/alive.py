"""Signs of life, for the manager and in the store. A store in trouble is no reason to be restarted; one that hangs is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from netassist.monitor.alone import BEAT
from netassist.monitor.counts import Counts
from netassist.monitor.logs import say
from netassist.monitor.service import Service

_log = logging.getLogger(__name__)


async def live(
    beat: Callable[[], Awaitable[None]], service: Service, counts: Counts, summary: Callable[[], str], where: str
) -> None:
    """Beat for ever. While a beat does not come back from the store at `where`, the manager hears that, and no sign of life."""
    every = min(BEAT, service.watchdog or BEAT)
    hangs = f"{where}: it does not answer"
    while True:
        beating = asyncio.ensure_future(beat())
        try:
            while not (await asyncio.wait({beating}, timeout=3 * every))[0]:
                if not counts.store_trouble:
                    say(_log, logging.ERROR, "the store does not answer; what is measured is held", store=where)
                    counts.store_trouble = hangs
                service.status(summary())
            beating.result()
        finally:
            beating.cancel()
        if counts.store_trouble == hangs:
            say(_log, logging.WARNING, "the store answers again", store=where)
            counts.store_trouble = ""
        service.alive()
        service.status(summary())
        await asyncio.sleep(every)
