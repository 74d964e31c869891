"""The clocks that the engine goes by; tests pass their own."""

from __future__ import annotations

import asyncio
import contextlib
import time


class Clock:
    """`wall` is Unix seconds, which may be set; `monotonic` only runs."""

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def wait(self, woken: asyncio.Event, seconds: float | None) -> None:
        """Until `woken` is set, for so many seconds at most; without a limit where they are None."""
        if woken.is_set() or (seconds is not None and seconds <= 0):
            await asyncio.sleep(0)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await woken.wait()
