"""Where questions come from: the words of the command line, standard input as one question, or one question a line."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence

MOST_READ = 64 * 2**10
"""Bytes that are read of standard input for one question."""

STDIN = ((), ("-",))
"""The words for which standard input is read."""


def spoken(words: Sequence[str]) -> str:
    """The question: the words, or what standard input holds where they are missing or ``-``; raises ValueError."""
    if tuple(words) not in STDIN:
        if option := next((word for word in words if word.startswith("-") and not re.search(r"\s", word)), None):
            raise ValueError(f"there is no option {option}; netassist ask --help shows which there are")
        return " ".join(words)
    if not words and sys.stdin.isatty():
        return ""
    read = sys.stdin.buffer.read(MOST_READ + 1)
    if len(read) > MOST_READ:
        raise ValueError(f"standard input holds more than {MOST_READ:,} bytes, which is no question")
    return read.decode("utf-8", "replace")


async def lines(descriptor: int = 0) -> AsyncIterator[str]:
    """The lines of a file, a pipe or a terminal as they come, without their ends; one of more than `MOST_READ` bytes is cut.

    Read with the event loop, not by a thread that could not be stopped while it waits.
    """
    rest, dropping = b"", False
    while chunk := await _chunk(descriptor):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if not dropping:
                yield _text(line)
            dropping = False
        if len(rest) > MOST_READ:
            if not dropping:
                yield _text(rest)
            rest, dropping = b"", True
    if rest and not dropping:
        yield _text(rest)


def _text(line: bytes) -> str:
    return line[: MOST_READ + 1].decode("utf-8", "replace").removesuffix("\r")


async def _chunk(descriptor: int) -> bytes:
    """What can be read next; empty at the end."""
    with contextlib.suppress(PermissionError):  # a file, of which there is always something to read
        await readable(descriptor)
    return os.read(descriptor, MOST_READ)


async def readable(descriptor: int) -> None:
    """Wait, with the event loop, until something can be read. Raises PermissionError for a file."""
    import asyncio  # here, because most questions come as words

    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def is_ready() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(descriptor, is_ready)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)
