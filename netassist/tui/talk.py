"""The conversation behind the screen: made when it is first needed, and anew, without loss, when what it stands on changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netassist.assistant.answers import Answer
    from netassist.assistant.approvals import Approvals
    from netassist.assistant.conversation import Conversation
    from netassist.assistant.gate import Approve
    from netassist.assistant.journal import Journal
    from netassist.assistant.kept import Kept
    from netassist.assistant.memory import Recalled
    from netassist.backends.planning import Backend
    from netassist.configuration import Settings
    from netassist.toolbox import Risk


class Talk:
    """One conversation; its answers are stored in the sessions of `folder`, or nowhere.

    Args:
        approve: asked before a call whose risk tier demands it.
        tell: hears lines about what could not be stored.
    """

    def __init__(
        self,
        settings: Settings,
        backend: Backend,
        journal: Journal,
        approved: frozenset[Risk],
        folder: Path | None,
        approve: Approve,
        tell: Callable[[str], None],
    ) -> None:
        self.settings, self.backend, self.journal = settings, backend, journal
        self._approved, self._folder, self._approve, self._tell = approved, folder, approve, tell
        self._conversation: Conversation | None = None
        self._approvals: Approvals | None = None
        self._kept: Kept | None = None
        self._turns: list[Recalled] = []
        self._answers: list[Answer] = []

    @property
    def answers(self) -> Sequence[Answer]:
        """Those given since the conversation began."""
        return self._answers

    def conversation(self) -> Conversation:
        if self._conversation is None:
            from netassist.assistant.approvals import Approvals
            from netassist.assistant.conversation import Conversation
            from netassist.configuration import state_folder

            if self._approvals is None:
                self._approvals = Approvals(self._approved, state_folder())
            facts = self.backend, self.settings, self.journal
            self._conversation = Conversation(*facts, approve=self._approve, approved=self._approvals, keep=self._keep)
            self._conversation.resume(self._turns)
        return self._conversation

    def change(self, settings: Settings | None = None, backend: Backend | None = None) -> None:
        """Go on with other settings or another backend; what was said, and approved for the session, stays."""
        self.settings, self.backend = settings or self.settings, backend or self.backend
        self._conversation = None

    def go_on(self, session: str) -> Sequence[Recalled]:
        """Take up a stored session; its turns. Raises UnknownSession, SessionError."""
        kept = self._storing()
        if kept is None:
            return ()
        self._turns = [*kept.go_on(session)]
        self._answers.clear()
        self._conversation = None
        return self._turns

    def forget(self) -> None:
        """Begin anew, in a session of its own."""
        self._turns.clear()
        self._answers.clear()
        if self._conversation is not None:
            self._conversation.forget()
        if self._kept is not None:
            self._kept.begin_anew()

    def interrupt(self) -> None:
        if self._conversation is not None:
            self._conversation.interrupt()

    def interrupt_call(self, index: int) -> bool:
        """Stop one call of the request under way; what it has measured is kept. False where it does not run."""
        return self._conversation is not None and self._conversation.interrupt_call(index)

    async def _keep(self, answer: Answer, recalled: Recalled) -> None:
        self._turns.append(recalled)
        self._answers.append(answer)
        if (kept := self._storing()) is not None:
            await kept.keep(answer, recalled)

    def _storing(self) -> Kept | None:
        if self._kept is None and self._folder is not None:
            from netassist.assistant.kept import Kept
            from netassist.assistant.sessions import Sessions

            self._kept = Kept(Sessions(self._folder), True, self._tell)
        return self._kept
