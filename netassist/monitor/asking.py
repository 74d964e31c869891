"""Scheduled questions are put to the assistant, and their answers go to people: into the outbox, or into a file."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from netassist.monitor.alert import AlertStatus, Notice
from netassist.monitor.changes import told_by_history
from netassist.monitor.happening import Event, State
from netassist.monitor.questions import Question, Turn, first_turn, turn_of
from netassist.monitor.times import stamp, zone_of
from netassist.untrusted import as_text, without_secrets

if TYPE_CHECKING:
    from netassist.assistant.answers import Answer
    from netassist.assistant.journal import Journal
    from netassist.backends.planning import Backend
    from netassist.configuration import Settings

MOST_TRIES = 3
"""Times that an answer is begun; after that, whatever breaks it off, it is told that there is none."""
MOST_EVENTS = 5000
LONGEST = 12_000
"""Characters of a message."""
MakeBackend = Callable[["Settings"], "Backend"]
_log = logging.getLogger(__name__)


class Answered(NamedTuple):
    """What came of a question; `answer` is None where there is none, and `text` says why."""

    text: str
    answer: Answer | None = None


class Records(Protocol):
    """What of the store questions need."""

    def get(self, name: str) -> str | None: ...
    def put(self, name: str, value: str) -> None: ...
    def events(self, since: float, until: float, watch: str | None = None, limit: int = 200) -> list[Event]: ...
    def states(self) -> dict[str, State]: ...
    def enqueue(self, notices: Sequence[Notice], told: Mapping[str, AlertStatus]) -> None: ...


class Asker:
    """Asks what is due, one question at a time.

    A turn is written down before it is asked and again when its answer is on its way. One that was broken off is asked again; its
    messages have the ids that they had, so that none comes twice.

    Args:
        backend: makes the one that plans, for one question.
        told: hears that there is something in the outbox.
    """

    def __init__(
        self,
        store: Records,
        questions: Callable[[], Sequence[Question]],
        settings: Callable[[], Settings],
        journal: Journal,
        backend: MakeBackend,
        *,
        folder: Path,
        now: Callable[[], float] = time.time,
        told: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._questions, self._settings, self._journal = store, questions, settings, journal
        self._backend, self._folder, self._now, self._told = backend, folder, now, told

    async def once(self) -> int:
        """Ask all that is due now, and hand the answers over; how many there were. Raises StoreTrouble."""
        count = 0
        for question in self._questions():
            turn = await asyncio.to_thread(self._begun, question, self._now())
            if turn is not None:
                await self._answer(question, turn)
                count += 1
        return count

    def _begun(self, question: Question, now: float) -> Turn | None:
        """The turn that is due, written down as begun."""
        known = _turn(self._store.get(_fact(question)))
        if known is None or known.slot > now:
            self._put(question, first_turn(question, now))
            return None
        turn = turn_of(question, known, now)
        if turn is not None:
            turn = msgspec.structs.replace(turn, tries=turn.tries + 1)
            self._put(question, turn)
        return turn

    async def _answer(self, question: Question, turn: Turn) -> None:
        """Ask, and hand the answer over; where the store gives way in between, the turn stays begun and comes again."""
        broken_off = Answered(f"There is no answer: it was broken off {MOST_TRIES} times.")
        answered = broken_off if turn.tries > MOST_TRIES else await self._asked(question)
        await asyncio.to_thread(self._hand_over, question, turn, answered)
        self._told()

    async def _asked(self, question: Question) -> Answered:
        from netassist.assistant.consent import unattended
        from netassist.assistant.conversation import Conversation, Interrupted
        from netassist.assistant.rounds import Limits
        from netassist.backends.planning import BackendError

        try:
            settings = self._settings()
            conversation = Conversation(
                self._backend(settings), settings, self._journal, confirm=unattended, limits=Limits(seconds=question.seconds)
            )
            try:
                answer = await conversation.ask(question.text)
            finally:
                await conversation.close()
        except (BackendError, Interrupted, OSError, ValueError) as error:
            _log.warning("question %r is not answered: %s", question.name, as_text(str(error), 300))
            return Answered(f"There is no answer: {as_text(without_secrets(str(error)), 500)}")
        return Answered(in_words(answer), answer)

    def _hand_over(self, question: Question, turn: Turn, answered: Answered) -> None:
        now = self._now()
        events = self._store.events(turn.since, now, limit=MOST_EVENTS)
        facts = question.text, events, self._store.states(), turn.since, now
        changes = told_by_history(*facts, more=len(events) >= MOST_EVENTS)
        body = "\n".join([f"Question: {as_text(question.text, 2000)}", "", answered.text, "", *changes])
        if question.file:
            body = "\n".join([body, "", self._filed(question, turn, answered, changes)])
        title = as_text(f"[answer] {question.name}", 200)
        notices = [
            Notice(id=_id(question, turn, channel), channel=channel, title=title, body=_cut(body), alerts=(), made=now, due=now)
            for channel in question.channels
        ]
        self._store.enqueue(notices, {})
        self._put(question, Turn(turn.slot, turn.since))

    def _filed(self, question: Question, turn: Turn, answered: Answered, changes: Sequence[str]) -> str:
        """Write the report's file, put in place at once; a line that says where it is, or why it is not."""
        day = datetime.fromtimestamp(turn.slot, zone_of(question.zone)).strftime("%Y-%m-%d")
        path = self._folder / Path(question.file.replace("{date}", day)).expanduser()
        fresh = path.with_name(f".{path.name}.new")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(rendered(question, turn, answered, changes))
            os.replace(fresh, path)
        except OSError as error:
            _log.error("question %r: %s cannot be written: %s", question.name, path, error.strerror)
            return f"{path} cannot be written: {error.strerror}"
        return f"written to {path}"

    def _put(self, question: Question, turn: Turn) -> None:
        self._store.put(_fact(question), msgspec.json.encode(turn).decode())


def rendered(question: Question, turn: Turn, answered: Answered, changes: Sequence[str]) -> bytes:
    """The report's file, in the question's format."""
    if question.format == "json":
        whole = {
            "schema": "netassist/question/1",
            "name": question.name,
            "question": question.text,
            "since": turn.since,
            "slot": turn.slot,
            "text": answered.text,
            "changes": changes,
            "answer": answered.answer,
        }
        return msgspec.json.format(msgspec.json.encode(whole)) + b"\n"
    head = f"{question.name}, {stamp(turn.slot)}"
    head = f"# {head}" if question.format == "markdown" else head
    said = ("> " if question.format == "markdown" else "") + as_text(question.text, 2000)
    lines = [head, "", said, "", answered.text, "", changes[0], "", *changes[1:]]
    return ("\n".join(lines) + "\n").encode()


def in_words(answer: Answer) -> str:
    """What is told of an answer: its text, and its gravest findings, a line each."""
    lines = [as_text(without_secrets(line), 2000) for line in answer.answer.splitlines() if line.strip()]
    lines = lines or ["There is no answer."]
    if answer.outcome == "clarify":
        lines[0] = f"The assistant asks back, and nobody is here to answer: {lines[0]}"
    lines += [f"- {finding.severity}: {as_text(finding.title, 300)}" for finding in answer.findings[:10]]
    left = len(answer.findings) - 10
    return "\n".join([*lines, *([f"- and {left} more findings"] if left > 0 else [])])


def _turn(kept: str | None) -> Turn | None:
    """None where there is none, or where it cannot be read: the question then goes on from its next time."""
    try:
        return msgspec.json.decode(kept, type=Turn) if kept else None
    except msgspec.DecodeError:
        return None


def _fact(question: Question) -> str:
    return f"question {question.name}"


def _id(question: Question, turn: Turn, channel: str) -> str:
    """The same for the same turn, so that one that is answered twice is told once."""
    return hashlib.sha256(f"{question.name}\0{turn.slot!r}\0{channel}".encode()).hexdigest()[:24]


def _cut(body: str) -> str:
    return body if len(body) <= LONGEST else body[:LONGEST].rsplit("\n", 1)[0] + "\n…"
