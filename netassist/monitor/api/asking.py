"""``/v1/ask``: the assistant, for somebody who is not at a terminal. What a person would have to agree to is not run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from netassist.monitor.api.values import Asked
from netassist.monitor.api.ways import Unasked
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.assistant.answers import Answer
    from netassist.backends.planning import Backend
    from netassist.configuration import Settings

SECONDS = 150.0
"""For one answer."""
MOST_WAITING = 4
"""Questions at once, the one that is answered among them; there is one model."""


class Asking:
    """Answers one question after the other, each by itself.

    Args:
        settings: those of now.
        backend: makes the backends that the configuration chooses.
    """

    def __init__(self, settings: Callable[[], Settings], backend: Callable[[Settings], Backend]) -> None:
        self._settings, self._backend = settings, backend
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def ask(self, question: str) -> Asked:
        """Raises Unasked, and ValueError where it is no question."""
        if self._waiting >= MOST_WAITING:
            raise Unasked(f"{MOST_WAITING} questions wait already; ask again in a while")
        self._waiting += 1
        try:
            async with self._turn:
                return _asked(await self._answer(question))
        finally:
            self._waiting -= 1

    async def _answer(self, question: str) -> Answer:
        from netassist.assistant.approvals import Approvals, ApprovalsError
        from netassist.assistant.consent import unattended
        from netassist.assistant.conversation import Conversation, Interrupted
        from netassist.assistant.journal import Journal, JournalError
        from netassist.assistant.rounds import Limits
        from netassist.backends.planning import BackendError
        from netassist.configuration import state_folder

        settings = self._settings()
        # Approvals without a folder: what the user allowed for always on his terminal is not allowed to whoever has a token.
        conversation = Conversation(
            self._backend(settings),
            settings,
            Journal(state_folder()),
            approved=Approvals(),
            confirm=unattended,
            limits=Limits(seconds=SECONDS),
        )
        try:
            return await conversation.ask(question)
        except (BackendError, JournalError, ApprovalsError, Interrupted) as error:
            raise Unasked(as_text(str(error), 500)) from None
        finally:
            await conversation.close()


def _asked(answer: Answer) -> Asked:
    from netassist.monitor.asking import in_words

    return Asked(outcome=answer.outcome, text=in_words(answer), answer=msgspec.Raw(msgspec.json.encode(answer)))
