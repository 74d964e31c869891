"""``netassist ask``: a question, or a file of them, planned, measured and answered."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter, validators

from netassist.cli.exits import CLEAN, FINDINGS, INCOMPLETE, INTERRUPTED, REFUSED, USAGE
from netassist.cli.options import (
    Approve,
    BackendName,
    CaFile,
    Config,
    FailOn,
    ModelFile,
    Thinking,
    ThoughtTokens,
    Threads,
    reaches,
)
from netassist.cli.questions import STDIN, spoken

if TYPE_CHECKING:
    from netassist.assistant.answers import Answer
    from netassist.assistant.conversation import Conversation
    from netassist.assistant.kept import Kept
    from netassist.assistant.memory import Recalled


def ask(
    *question: Annotated[
        str,
        Parameter(
            help="The question in plain words; quotation marks are optional. For - or none, standard input is read: one "
            "question, or with -f jsonl one a line.",
            allow_leading_hyphen=True,
        ),
    ],
    format: Annotated[
        Literal["text", "json", "jsonl"],
        Parameter(name=("-f", "--format"), help="How to print the result; jsonl: an answer a line, as soon as it is there."),
    ] = "text",
    go_on: Annotated[
        bool,
        Parameter(name="--continue", help="Go on with the latest session, or with the one whose ID comes next.", negative=""),
    ] = False,
    separate: Annotated[
        bool,
        Parameter(help="With -f jsonl, each line of standard input is a conversation of its own.", negative=""),
    ] = False,
    store: Annotated[
        bool, Parameter(name="--store", negative="--no-store", help="Keep the question and its answer in the sessions.")
    ] = True,
    approve: Approve = (),
    fail_on: FailOn = "never",
    within: Annotated[
        float,
        Parameter(
            help="Seconds that one question may take; what is known by then is answered.", validator=validators.Number(gt=0)
        ),
    ] = 7200.0,
    backend: BackendName = None,
    model: ModelFile = None,
    threads: Threads = None,
    thinking: Thinking = "off",
    thought_tokens: ThoughtTokens = 1024,
    ca_file: CaFile = None,
    config: Config = None,
) -> int:
    """Answer a question by measurement."""
    import asyncio

    from netassist.assistant.consent import unattended
    from netassist.assistant.conversation import Conversation
    from netassist.assistant.events import Event, Finished, Moved
    from netassist.assistant.journal import Journal
    from netassist.assistant.kept import Kept
    from netassist.assistant.rounds import Limits
    from netassist.assistant.sessions import SessionError, Sessions, UnknownSession
    from netassist.cli.backend import chosen_backend
    from netassist.cli.batch import answer_lines
    from netassist.cli.terminal import ProgressLine, confirm, is_attended
    from netassist.cli.terminal import approve as on_terminal
    from netassist.cli.tools import say_problems
    from netassist.configuration import load, state_folder

    settings = load(config, ca_file)
    line = ProgressLine()

    def tell(event: Event) -> None:
        if isinstance(event, Moved):
            line.moved(event.index, event.progress)
        elif isinstance(event, Finished):
            line.finished(event.index)

    kept = Kept(Sessions(state_folder()), store, lambda text: print(f"netassist: {text}", file=sys.stderr))
    try:
        words, recalled = _gone_on(question, kept) if go_on else (question, ())
        many = format == "jsonl" and words in STDIN
        if separate and not many:
            raise ValueError("--separate goes with -f jsonl and questions on standard input")
        asked = "" if many else spoken(words)
    except (ValueError, UnknownSession) as error:
        print(f"netassist: {error}", file=sys.stderr)
        return USAGE
    except SessionError as error:
        print(f"netassist: {error}", file=sys.stderr)
        return INCOMPLETE
    conversation = Conversation(
        chosen_backend(settings, model, threads, thinking, thought_tokens, line, backend=backend),
        settings,
        Journal(state_folder()),
        tell=tell,
        approve=on_terminal,
        approved=frozenset(approve),
        confirm=confirm if is_attended() else unattended,
        limits=Limits(seconds=within),
        keep=kept.keep,
    )
    conversation.resume(recalled)
    say_problems()
    try:
        if many:
            return asyncio.run(answer_lines(conversation, kept, lambda answer: code_of(answer, fail_on), separate=separate))
        return asyncio.run(_one(conversation, kept, asked, format, fail_on))
    finally:
        line.clear()


def _gone_on(question: Sequence[str], kept: Kept) -> tuple[Sequence[str], Sequence[Recalled]]:
    """The words without the session's ID where one comes first, and the turns of that session, or of the latest."""
    named = question[0] if question and re.fullmatch("[0-9a-f]{8}", question[0]) else None
    return question[1:] if named else question, kept.go_on(named)


async def _one(conversation: Conversation, kept: Kept, question: str, format: str, fail_on: str) -> int:
    from netassist.assistant.conversation import Interrupted
    from netassist.cli.output import show_answer
    from netassist.cli.terminal import interruptible

    try:
        with interruptible(conversation.interrupt):
            answer = await conversation.ask(question)
    except Interrupted as interrupted:
        print(f"netassist: {interrupted}", file=sys.stderr)
        return INTERRUPTED
    except ValueError as error:
        print(f"netassist: {error}", file=sys.stderr)
        return USAGE
    finally:
        await conversation.close()
    show_answer(kept.labelled(answer), format)
    return code_of(answer, fail_on)


def code_of(answer: Answer, fail_on: str) -> int:
    """The exit code of one answer."""
    if answer.interrupted:
        return INTERRUPTED
    if answer.outcome == "clarify":
        return USAGE
    if any(step.refusal == "invalid" for step in answer.steps):
        return USAGE
    # What was planned and not begun when a limit was reached has been refused by nobody.
    if any(step.status == "refused" and not (answer.missing and step.refusal == "denied") for step in answer.steps):
        return REFUSED
    if answer.missing or any(step.status != "ok" for step in answer.steps):
        return INCOMPLETE
    return FINDINGS if reaches(answer.findings, fail_on) else CLEAN
