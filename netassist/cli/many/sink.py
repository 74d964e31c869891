"""Where reports go: standard output or a file, whole one after the other, by a thread that may wait for a slow reader."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from netassist.cli.many.orders import Form


class _Part(NamedTuple):
    data: bytes
    written: asyncio.Future[None]
    loop: asyncio.AbstractEventLoop


class Sink:
    """Writes to a descriptor. `one`: a single report is the whole output, so that JSON is no array.

    The thread is a daemon and holds no lock of Python's streams: a reader that has stopped reading holds nobody up at the end.
    """

    def __init__(self, descriptor: int, name: Path | None, form: Form, *, one: bool) -> None:
        self._descriptor, self._name, self._form, self._one = descriptor, name, form, one
        self._parts: SimpleQueue[_Part] = SimpleQueue()
        self._turn = asyncio.Lock()
        self._count = 0
        threading.Thread(target=self._write, daemon=True).start()

    async def report(self, body: bytes) -> None:
        """Write one report, and wait until it is written; raises OSError."""
        async with self._turn:
            lead = b""
            if self._form == "json" and not self._one:
                lead, body = b",\n" if self._count else b"[\n", body.rstrip(b"\n")
            elif self._form == "text":
                lead = b"\n" if self._count else b""
            self._count += 1
            await self._put(lead + body)

    async def end(self, last: bytes = b"") -> None:
        """What stands behind the last report."""
        async with self._turn:
            if self._form == "json" and not self._one:
                last = b"\n]\n" if self._count else b"[]\n"
            if last:
                await self._put(last)

    async def _put(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        written: asyncio.Future[None] = loop.create_future()
        self._parts.put(_Part(data, written, loop))
        await written

    def _write(self) -> None:
        while True:
            data, written, loop = self._parts.get()
            error: OSError | None = None
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(self._descriptor, view) :]
            except OSError as failed:
                error = failed if self._name is None else OSError(failed.errno, failed.strerror, str(self._name))
            try:
                loop.call_soon_threadsafe(_tell, written, error)
            except RuntimeError:  # the loop has ended
                return


def _tell(written: asyncio.Future[None], error: OSError | None) -> None:
    if written.done():
        return
    if error is not None:
        written.set_exception(error)
    else:
        written.set_result(None)
