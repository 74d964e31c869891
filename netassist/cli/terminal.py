"""The terminal while something runs: progress on stderr, a question before an intrusive call, and Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from netassist.network import Progress
from netassist.toolbox import Call, Risk
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.assistant.approvals import Approval
    from netassist.assistant.consent import Consent


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


async def approve(call: Call, risk: Risk) -> bool | Approval:
    """Ask on the terminal; no where there is none to ask on."""
    if not is_attended():
        return False
    from netassist.assistant.approvals import Approval

    _say(f"\r\x1b[K{as_text(str(call))} is {risk}: {_WHAT[risk]}. Run it?\n")
    _say("  y once, s for this session, a always for this tool and target, e edit it first, N no: ")
    said = (await _line()).strip().lower()
    if said in ("e", "edit"):
        return await _edited(call)
    answer = _ANSWERS.get(said)
    return Approval(answer) if answer is not None else False


_ANSWERS: dict[str, Literal["once", "session", "always"]] = {
    "y": "once", "yes": "once", "once": "once", "s": "session", "session": "session", "a": "always", "always": "always",
}  # fmt: skip
_WHAT: dict[Risk, str] = {
    "passive": "it looks things up",
    "active": "it connects to its target as any client would",
    "intrusive": "it may disturb what it scans",
    "change": "it alters or removes what was set up earlier",
}


async def _edited(call: Call) -> bool | Approval:
    """The call with the arguments that the person writes; no where no tool takes them."""
    from netassist.assistant.approvals import Approval
    from netassist.toolbox import InvalidCall, from_words

    words = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in call.arguments.items()}
    for key, value in words.items():
        _say(f"  {as_text(key, 64)} [{as_text(value, 200)}]: ")
        words[key] = (await _line()).strip() or value
    _say("  further arguments as key=value, or none: ")
    for word in (await _line()).split():
        key, _, value = word.partition("=")
        words[key] = value
    try:
        return Approval("edit", from_words(call.name, words))
    except InvalidCall as error:
        _say(f"  {as_text(str(error), 300)}; nothing is run\n")
        return False


def _say(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


async def _line() -> str:
    """A line from the terminal, read so that Ctrl-C still works."""
    from netassist.cli.questions import readable

    await readable(sys.stdin.fileno())
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


def is_attended() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


async def confirm(calls: Sequence[Call]) -> Consent:
    """Ask whether these calls are what was meant; anything but a yes runs nothing."""
    from netassist.assistant.answers import as_read

    _say(f"\r\x1b[K{as_read(calls)} Run it? [y/N] ")
    return "yes" if (await _line()).strip().lower() in ("y", "yes", "ja", "j") else "ask"
