"""The session that the questions of one command, or of the terminal UI, go into."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from netassist.assistant.answers import Answer
from netassist.assistant.memory import Recalled
from netassist.assistant.sessions import SessionError, Sessions


class Kept:
    """Stores each answer in one session, begun with the first.

    Args:
        store: nothing is stored without it.
        tell: hears why an answer could not be stored.
    """

    def __init__(self, sessions: Sessions, store: bool, tell: Callable[[str], None]) -> None:
        self._sessions, self._store, self._tell = sessions, store, tell
        self._session: str | None = None

    def go_on(self, named: str | None) -> Sequence[Recalled]:
        """The turns of a session, the latest one where none is named, and what comes goes into it.

        Raises UnknownSession, SessionError.
        """
        self._session = self._sessions.find(named) if named else self._sessions.latest()
        return self._sessions.turns(self._session)

    def begin_anew(self) -> None:
        """What comes now goes into a session of its own."""
        self._session = None

    async def keep(self, answer: Answer, recalled: Recalled) -> None:
        """Store an answer; that it cannot be is told and does not take the answer along."""
        if not self._store:
            return
        try:
            self._session = await asyncio.to_thread(self._sessions.add, self._session, answer, recalled)
        except SessionError as error:
            self._tell(f"not stored: {error}")
            self._store = False

    def labelled(self, answer: Answer) -> Answer:
        """The answer with the session that it stands in."""
        return msgspec.structs.replace(answer, session=self._session or "") if self._store else answer
