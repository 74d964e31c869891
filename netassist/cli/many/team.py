"""Worker processes, one a core, that share the audits among them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import Protocol

import msgspec

from netassist.assistant.journal import JournalError
from netassist.cli.many.orders import HEAD, Order, Row, Stop, Terms, framed

PATIENCE = 2.0
"""Seconds that a worker gets to end by itself."""


class Broken(Exception):
    """No more audits can be had; the message is one line for the user."""


class Audits(Protocol):
    """Who carries out orders: this process (`auditor.Auditor`), or a `Team`."""

    async def audit(self, order: Order) -> tuple[Row, bytes]:
        """The report in brief, and as it is to be written. Raises JournalError; a team also Broken."""

    def interrupt(self) -> None:
        """End what is under way; each report says what is known."""

    async def close(self) -> None:
        """End all that was started."""


class Team:
    """Workers of equal standing: each order goes to the one that has fewest."""

    def __init__(self, workers: list[_Worker]) -> None:
        self._workers = workers

    @classmethod
    async def started(cls, terms: Terms, size: int) -> Team:
        """`size` workers, of which each takes its part of the jobs. Raises Broken."""
        part = msgspec.structs.replace(terms, jobs=-(-terms.jobs // size))
        team = cls([])
        try:
            for _ in range(size):
                team._workers.append(await _Worker.started(part))
        except BaseException:
            await team.close()
            raise
        return team

    async def audit(self, order: Order) -> tuple[Row, bytes]:
        row, body = await min(self._workers, key=lambda worker: worker.busy).audit(order)
        if row.broken is not None:
            raise JournalError(row.broken)
        return row, body

    def interrupt(self) -> None:
        for worker in self._workers:
            worker.send(Stop())

    async def close(self) -> None:
        await asyncio.gather(*(worker.close() for worker in self._workers))


class _Worker:
    def __init__(self, process: asyncio.subprocess.Process, stdin: asyncio.StreamWriter, stdout: asyncio.StreamReader) -> None:
        self._process, self._stdin, self._stdout = process, stdin, stdout
        self._waiting: dict[int, asyncio.Future[tuple[Row, bytes]]] = {}
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def started(cls, terms: Terms) -> _Worker:
        package = Path(__file__).parents[3]
        search = os.pathsep.join(filter(None, (str(package), os.environ.get("PYTHONPATH"))))
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "netassist.cli.many.worker",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                # A session of its own: Ctrl-C on the terminal is the parent's to handle.
                start_new_session=True, env={**os.environ, "PYTHONPATH": search},
            )  # fmt: skip
        except OSError as error:
            raise Broken(f"a process that audits could not be started: {error.strerror}; try --workers 1") from None
        assert process.stdin is not None  # noqa: S101 - spawned with pipes
        assert process.stdout is not None  # noqa: S101
        worker = cls(process, process.stdin, process.stdout)
        worker.send(terms)
        return worker

    @property
    def busy(self) -> int:
        return len(self._waiting)

    def send(self, message: Terms | Order | Stop) -> None:
        with contextlib.suppress(ConnectionError):
            self._stdin.write(framed(message))

    async def audit(self, order: Order) -> tuple[Row, bytes]:
        if self._listening.done():
            raise self._death()
        future: asyncio.Future[tuple[Row, bytes]] = asyncio.get_running_loop().create_future()
        self._waiting[order.number] = future
        try:
            self.send(order)
            return await future
        finally:
            self._waiting.pop(order.number, None)

    async def close(self) -> None:
        self._stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), PATIENCE)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        await self._listening

    async def _listen(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                row, body = msgspec.json.decode(await self._frame(), type=Row), await self._frame()
                if (future := self._waiting.get(row.number)) is not None and not future.done():
                    future.set_result((row, body))
        await self._process.wait()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(self._death())

    async def _frame(self) -> bytes:
        size = int.from_bytes(await self._stdout.readexactly(HEAD), "big")
        return await self._stdout.readexactly(size)

    def _death(self) -> Broken:
        code = self._process.returncode or 0
        how = f"by signal {-code}" if code < 0 else f"with code {code}"
        return Broken(f"a process that audits has ended ({how}); what was measured is written, and --resume goes on from there")
