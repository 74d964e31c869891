"""The terminal while something runs: progress on stderr, a question before an intrusive call, and Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import sys
from collections.abc import Callable, Iterator

from netassist.network import Progress
from netassist.toolbox import Call, Risk
from netassist.untrusted import as_text


class ProgressLine:
    """One line on stderr that tells how far each call is; silent where stderr is no terminal."""

    def __init__(self) -> None:
        self._on = sys.stderr.isatty()
        self._parts: dict[int, str] = {}

    def moved(self, index: int, progress: Progress) -> None:
        done = "" if progress.fraction is None else f" {progress.fraction:.0%}"
        self._parts[index] = f"{progress.text}{done}"
        self._draw()

    def finished(self, index: int) -> None:
        self._parts.pop(index, None)
        self._draw()

    def clear(self) -> None:
        if self._on:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _draw(self) -> None:
        if self._on:
            width = shutil.get_terminal_size().columns - 1
            text = as_text(" | ".join(self._parts.values()), width) if self._parts else ""
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()


async def approve(call: Call, risk: Risk) -> bool:
    """Ask on the terminal; no where there is none to ask on."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    what = "may disturb what it scans" if risk == "intrusive" else "changes what is watched"
    sys.stderr.write(f"\r\x1b[K{as_text(str(call))} is {risk}: it {what}. Run it? [y/N] ")
    sys.stderr.flush()
    return (await _line()).strip().lower() in ("y", "yes")


async def _line() -> str:
    """A line from the terminal, read so that Ctrl-C still works."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def is_ready() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(sys.stdin, is_ready)
    try:
        await ready
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline()


@contextlib.contextmanager
def interruptible(interrupt: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C calls `interrupt`, which keeps what is known; the second cancels the task.

    SIGTERM, and SIGHUP (the terminal was closed) where `nohup` does not ask to go on, are as a Ctrl-C.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    pressed = 0

    def on_signal() -> None:
        nonlocal pressed
        pressed += 1
        if pressed == 1:
            interrupt()
        elif task is not None:
            task.cancel()

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, on_signal)
    try:
        yield
    except asyncio.CancelledError:
        if pressed > 1:
            raise KeyboardInterrupt from None
        raise
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
