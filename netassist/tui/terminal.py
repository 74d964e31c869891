"""The terminal that the UI is drawn on, which may go away at any time: writing to it never fails and never blocks for good."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import IO, TYPE_CHECKING, NamedTuple, cast

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from io import TextIOWrapper

    from textual.app import App

ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class Output:
    """A terminal whose vanishing is a hang-up (SIGHUP), once, and no error: an error would end Textual's writing thread,
    and the app would wait for that thread for ever."""

    def __init__(self, file: IO[str]) -> None:
        self._file, self._gone = file, False

    def write(self, text: str) -> int:
        if not self._gone:
            try:
                self._file.write(text)
            except OSError:
                self._hang_up()
        return len(text)

    def flush(self) -> None:
        if not self._gone:
            try:
                self._file.flush()
            except OSError:
                self._hang_up()

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()

    def _hang_up(self) -> None:
        self._gone = True
        os.kill(os.getpid(), signal.SIGHUP)


class Driver(LinuxDriver):
    """Textual's own, writing to `Output`."""

    def __init__(self, app: App[object], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        # Textual writes to standard error, which may be a file or closed; standard output is known to be the terminal.
        terminal = sys.__stderr__ if sys.__stderr__ is not None and sys.__stderr__.isatty() else sys.stdout
        self._file = cast("TextIOWrapper", Output(terminal))


class _Named(NamedTuple):
    """A key as Textual's table of sequences names it."""

    value: str


def alt_digits() -> None:
    """Let Escape and a digit, which is how terminals send Alt with it, be that key; Textual takes it for ``£`` and its like."""
    table = cast("dict[str, tuple[_Named, ...]]", ANSI_SEQUENCES_KEYS)
    table.update({f"\x1b{digit}": (_Named(f"alt+{digit}"),) for digit in range(10)})


def ending(end: Callable[[], None], seconds: float, code: int) -> None:
    """Call `end` on SIGTERM, SIGHUP or SIGINT; `seconds` after the first of them the process ends with `code` in any case.

    The handlers are Python's own: those of an event loop wait for the loop, which may itself be waiting for the terminal.
    """
    watchdog = threading.Timer(seconds, os._exit, (code,))
    watchdog.daemon = True

    def on_signal(number: int, frame: FrameType | None) -> None:
        if watchdog.ident is None:
            watchdog.start()
        end()

    for number in ENDING:
        signal.signal(number, on_signal)
