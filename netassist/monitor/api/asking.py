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
    from netassist.assistant.journal import Journal
    from netassist.backends.planning import Backend
    from netassist.configuration import Settings

SECONDS = 150.0
"""For one answer."""
MOST_WAITING = 4
"""Questions at once, the one that is answered among them; there is one model."""
IDLE = 300.0
MOST_ANSWERS = 200
"""Of one model's process, so that what it holds stays bounded."""


class Asking:
    """Answers one question after the other, each by itself; the model stays loaded for a while, so that the next need not wait.

    Args:
        settings: those of now.
        backend: makes the backends that the configuration chooses.
        journal: of the calls that are run.
        idle: seconds without a question after which the model is let go.
    """

    def __init__(
        self, settings: Callable[[], Settings], backend: Callable[[Settings], Backend], journal: Journal, *, idle: float = IDLE
    ) -> None:
        self._settings, self._make, self._journal, self._idle = settings, backend, journal, idle
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._kept: tuple[Backend, Settings] | None = None
        self._answered = 0
        self._closing: asyncio.Task[None] | None = None

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

    async def close(self) -> None:
        """Let go of the model."""
        if self._closing is not None:
            self._closing.cancel()
        await self._let_go()

    async def _let_go(self) -> None:
        kept, self._kept, self._answered = self._kept, None, 0
        if kept is not None:
            await kept[0].close()

    async def _let_go_later(self) -> None:
        await asyncio.sleep(self._idle)
        async with self._turn:
            await self._let_go()

    async def _backend(self, settings: Settings) -> Backend:
        """The one that is there, unless the configuration was read anew since, or it has answered `MOST_ANSWERS`."""
        if self._closing is not None:
            self._closing.cancel()
        if self._kept is not None and (self._kept[1] is not settings or self._answered >= MOST_ANSWERS):
            await self._let_go()
        if self._kept is None:
            self._kept = self._make(settings), settings
        self._answered += 1
        return self._kept[0]

    async def _answer(self, question: str) -> Answer:
        from netassist.assistant.approvals import Approvals, ApprovalsError
        from netassist.assistant.consent import unattended
        from netassist.assistant.conversation import Conversation, Interrupted
        from netassist.assistant.journal import JournalError
        from netassist.assistant.rounds import Limits
        from netassist.backends.planning import BackendError

        settings = self._settings()
        # Approvals without a folder: what the user allowed for always on his terminal is not allowed to whoever has a token.
        conversation = Conversation(
            await self._backend(settings),
            settings,
            self._journal,
            approved=Approvals(),
            confirm=unattended,
            limits=Limits(seconds=SECONDS),
        )
        try:
            return await conversation.ask(question)
        except (BackendError, JournalError, ApprovalsError, Interrupted) as error:
            await self._let_go()  # the next question begins with a fresh one
            raise Unasked(as_text(str(error), 500)) from None
        except asyncio.CancelledError:
            await self._let_go()
            raise
        finally:
            self._closing = asyncio.ensure_future(self._let_go_later())


def _asked(answer: Answer) -> Asked:
    from netassist.monitor.asking import in_words

    return Asked(outcome=answer.outcome, text=in_words(answer), answer=msgspec.Raw(msgspec.json.encode(answer)))
