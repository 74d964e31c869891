"""Questions from standard input, one a line, each answered by one line of JSON as soon as it can be."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable

from netassist.assistant.answers import Answer
from netassist.assistant.conversation import Conversation, Interrupted
from netassist.assistant.kept import Kept
from netassist.backends.planning import BackendError
from netassist.cli.exits import CLEAN, FINDINGS, INCOMPLETE, INTERRUPTED, REFUSED, USAGE
from netassist.cli.questions import lines
from netassist.cli.terminal import interruptible
from netassist.untrusted import as_text

WORST = (INTERRUPTED, INCOMPLETE, REFUSED, USAGE, FINDINGS, CLEAN)
"""Exit codes, the worst first: of several questions the worst one counts."""


async def answer_lines(conversation: Conversation, kept: Kept, code_of: Callable[[Answer], int], *, separate: bool) -> int:
    """Answer the questions in order, as one conversation; a blank line begins a new one, with `separate` every line does.

    A question that cannot be answered is an answer that says so, and the next one is asked. Returns the worst of all exit codes.
    """
    codes: list[int] = []
    stopped = asyncio.Event()

    def interrupt() -> None:
        stopped.set()
        conversation.interrupt()

    try:
        with interruptible(interrupt):
            async for line in _until(stopped, lines()):
                if separate or not line.strip():
                    conversation.forget()
                    kept.begin_anew()
                if line.strip():
                    answer, code = await _answer(conversation, line, code_of)
                    codes.append(code)
                    if not _written(kept.labelled(answer)):
                        break
    except Interrupted:
        pass
    finally:
        await conversation.close()
    if stopped.is_set():
        print("netassist: interrupted; the questions that are left were not asked", file=sys.stderr)
        return INTERRUPTED
    if not codes:
        print("netassist: standard input holds no question; write one a line", file=sys.stderr)
        return USAGE
    return min(codes, key=WORST.index)


async def _answer(conversation: Conversation, line: str, code_of: Callable[[Answer], int]) -> tuple[Answer, int]:
    try:
        answer = await conversation.ask(line)
    except (BackendError, OSError, ValueError) as error:
        backend = conversation.backend
        said = as_text(line, 2000)
        failed = Answer(
            request=said, answer=as_text(str(error), 1000), outcome="failed", backend=backend.name, model=backend.model
        )
        return failed, USAGE if isinstance(error, ValueError) else INCOMPLETE
    return answer, code_of(answer)


def _written(answer: Answer) -> bool:
    """Write the answer at once; False where its reader has left."""
    from netassist.reports.json import encoded

    try:
        sys.stdout.write(encoded(answer).decode() + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        return False
    return True


async def _until(stopped: asyncio.Event, source: AsyncIterator[str]) -> AsyncIterator[str]:
    """What `source` yields, until it ends or is not wanted any more."""
    stop = asyncio.ensure_future(stopped.wait())
    try:
        while not stopped.is_set():
            coming = asyncio.ensure_future(anext(source, None))
            await asyncio.wait({coming, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                coming.cancel()
                return
            line = coming.result()
            if line is None:
                return
            yield line
    finally:
        stop.cancel()
