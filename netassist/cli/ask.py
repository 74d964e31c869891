"""``netassist ask``: one question, planned, measured and answered."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from netassist.cli.exits import CLEAN, FINDINGS, INCOMPLETE, INTERRUPTED, REFUSED, USAGE
from netassist.cli.options import Approve, CaFile, Config, FailOn, Format, ModelFile, Thinking, ThoughtTokens, Threads, reaches

MOST_READ = 64 * 2**10
"""Bytes that are read of standard input."""

if TYPE_CHECKING:
    from netassist.assistant.answers import Answer
    from netassist.assistant.conversation import Conversation


def ask(
    *question: Annotated[
        str,
        Parameter(
            help="The question in plain words; quotation marks are optional. For - or none, standard input is read.",
            allow_leading_hyphen=True,
        ),
    ],
    format: Format = "text",
    approve: Approve = (),
    fail_on: FailOn = "never",
    model: ModelFile = None,
    threads: Threads = None,
    thinking: Thinking = "off",
    thought_tokens: ThoughtTokens = 1024,
    ca_file: CaFile = None,
    config: Config = None,
) -> int:
    """Answer one question by measurement."""
    import asyncio

    from netassist.assistant.conversation import Conversation, Interrupted
    from netassist.assistant.events import Event, Finished, Moved
    from netassist.assistant.journal import Journal
    from netassist.cli.backend import chosen_backend
    from netassist.cli.output import show_answer
    from netassist.cli.terminal import ProgressLine
    from netassist.cli.terminal import approve as on_terminal
    from netassist.configuration import load, state_folder

    settings = load(config, ca_file)
    line = ProgressLine()

    def tell(event: Event) -> None:
        if isinstance(event, Moved):
            line.moved(event.index, event.progress)
        elif isinstance(event, Finished):
            line.finished(event.index)

    conversation = Conversation(
        chosen_backend(settings, model, threads, thinking, thought_tokens, line),
        settings,
        Journal(state_folder()),
        tell=tell,
        approve=on_terminal,
        approved=frozenset(approve),
    )
    try:
        answer = asyncio.run(_asked(conversation, spoken(question)))
    except Interrupted as interrupted:
        print(f"netassist: {interrupted}", file=sys.stderr)
        return INTERRUPTED
    except ValueError as error:
        print(f"netassist: {error}", file=sys.stderr)
        return USAGE
    finally:
        line.clear()
    show_answer(answer, format)
    return _code(answer, fail_on)


def spoken(words: Sequence[str]) -> str:
    """The question: the words, or what standard input holds where they are missing or ``-``; raises ValueError."""
    if words not in ((), ("-",)):
        if option := next((word for word in words if word.startswith("-") and not re.search(r"\s", word)), None):
            raise ValueError(f"there is no option {option}; netassist ask --help shows which there are")
        return " ".join(words)
    if not words and sys.stdin.isatty():
        return ""
    read = sys.stdin.buffer.read(MOST_READ + 1)
    if len(read) > MOST_READ:
        raise ValueError(f"standard input holds more than {MOST_READ:,} bytes, which is no question")
    return read.decode("utf-8", "replace")


async def _asked(conversation: Conversation, question: str) -> Answer:
    from netassist.cli.terminal import interruptible

    try:
        with interruptible(conversation.interrupt):
            return await conversation.ask(question)
    finally:
        await conversation.close()


def _code(answer: Answer, fail_on: str) -> int:
    if answer.interrupted:
        return INTERRUPTED
    if answer.outcome == "clarify":
        return USAGE
    if any(step.refusal == "invalid" for step in answer.steps):
        return USAGE
    if any(step.status == "refused" for step in answer.steps):
        return REFUSED
    if any(step.status != "ok" for step in answer.steps):
        return INCOMPLETE
    return FINDINGS if reaches(answer.findings, fail_on) else CLEAN
