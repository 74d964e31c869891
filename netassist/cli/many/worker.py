"""A process that audits, as the child of one that reads hosts and writes reports (`python -m netassist.cli.many.worker`).

Its standard input ends when its parent does, however that ends, and then it ends at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import sys

import msgspec

from netassist.assistant.journal import Journal, JournalError
from netassist.cli.many.auditor import Auditor
from netassist.cli.many.orders import HEAD, Order, Row, Stop, Terms, framed
from netassist.configuration import state_folder
from netassist.targets import host_port


def main() -> None:
    """Audit what is ordered until standard input ends."""
    # What prints by mistake must not end up between the frames.
    out = os.dup(1)
    os.dup2(2, 1)
    # Reports are many small values that die with their audit; what was imported lasts.
    gc.freeze()
    gc.set_threshold(10_000)
    asyncio.run(_served(out))


async def _served(out: int) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(out, "wb", buffering=0))
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    terms = msgspec.json.decode(await _frame(reader), type=Terms)
    auditor = Auditor(terms, Journal(state_folder()))
    running: set[asyncio.Task[None]] = set()
    with contextlib.suppress(asyncio.IncompleteReadError):
        while True:
            message = msgspec.json.decode(await _frame(reader), type=Order | Stop)
            if isinstance(message, Stop):
                auditor.interrupt()
                continue
            task = asyncio.create_task(_carried_out(message, auditor, writer))
            running.add(task)
            task.add_done_callback(running.discard)
    # Nobody reads any more; threads that wait for a name server would be waited for.
    os._exit(0)


async def _frame(reader: asyncio.StreamReader) -> bytes:
    size = int.from_bytes(await reader.readexactly(HEAD), "big")
    return await reader.readexactly(size)


async def _carried_out(order: Order, auditor: Auditor, writer: asyncio.StreamWriter) -> None:
    try:
        row, body = await auditor.audit(order)
    except JournalError as error:
        row, body = Row(number=order.number, target=host_port(order.host, order.port), broken=str(error)), b""
    # Both at once, so that no other answer comes between them.
    writer.write(framed(row) + framed(body))
    with contextlib.suppress(ConnectionError):
        await writer.drain()


if __name__ == "__main__":
    main()
