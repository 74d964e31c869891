"""The conversation: questions, what is running for them, answers; cancelling, approving, going on with a stored session."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.await_remove import AwaitRemove
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.css.query import DOMQuery
from textual.reactive import Reactive, ReactiveType
from textual.widget import Widget
from textual.widgets import Static, TextArea

from netassist.tui.widgets.prompt import EXAMPLE, REPLY, YES, Prompt
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.assistant.answers import Answer
    from netassist.assistant.approvals import Approval as Decision
    from netassist.assistant.events import Event
    from netassist.toolbox import Call, Risk
    from netassist.tui.app import NetAssistApp
    from netassist.tui.screens.approval import Approval
    from netassist.tui.talk import Talk
    from netassist.tui.widgets.answer import Choices
    from netassist.tui.widgets.turn import Turn

PATIENCE = 8.0
"""Seconds that a cancelled request may take to hand in what it has before it is dropped; Nmap gets a few to end."""
WELCOME = (
    "Ask about hosts and networks in plain words. What is answered has just been measured.\n\n"
    "F1 shows examples and keys, Ctrl-P every command; Alt-1 to Alt-7, or Esc and then 1 to 7, go to the rooms."
)
MOST_CHOICES = 6

_log = logging.getLogger(__name__)


class Conversation(VerticalScroll, can_focus=False):
    """Stays at its end while it is anchored and the person has not scrolled away; begins at the top where all of it is seen."""

    def set_reactive(self, reactive: Reactive[ReactiveType], value: ReactiveType) -> None:
        """As of any widget. What is shorter than the view would be anchored with a negative offset."""
        super().set_reactive(reactive, cast("ReactiveType", max(value, 0)) if isinstance(value, int | float) else value)

    @property
    def left(self) -> bool:
        """Whether the person has scrolled away from the end."""
        return self._anchor_released


class Ask(Vertical):
    """The room of the conversation; `talk` is what it speaks with."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "to_line", "Back", id="ask.back"),
        Binding("ctrl+r", "app.recall", "Earlier questions", show=False, id="ask.recall"),
    ]

    def __init__(self, talk: Talk) -> None:
        super().__init__(id="ask")
        self.talk = talk
        self.turn: Turn | None = None
        self._shown: Turn | None = None
        self._request: asyncio.Task[None] | None = None
        self._cancelled = self.stopped = False
        self._offered: Sequence[str] = ()
        self._approval: tuple[Approval, asyncio.Future[Decision]] | None = None

    @property
    def netassist(self) -> NetAssistApp:
        return cast("NetAssistApp", self.app)

    def compose(self) -> ComposeResult:
        with Conversation(id="conversation"):
            yield Static(Content(self.netassist.lent.welcome or WELCOME), markup=False, id="welcome")
        yield Prompt(self.netassist.words)

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        return self._request is not None

    @property
    def prompt(self) -> Prompt:
        return self.query_one(Prompt)

    @property
    def view(self) -> Conversation:
        return self.query_one(Conversation)

    @property
    def turns(self) -> DOMQuery[Widget]:
        """Everything asked, here and in the session that is gone on with."""
        return self.query("#conversation > Turn, #conversation > RecalledTurn")

    async def entered(self) -> None:
        self.prompt.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In the question Esc cancels; everywhere else in the conversation it goes back to the question."""
        return action != "to_line" or self.app.focused is not self.prompt

    def action_to_line(self) -> None:
        self.prompt.focus()

    # Asking

    @on(Prompt.Submitted)
    async def _submitted(self) -> None:
        if not self.prompt.value.strip():
            self.netassist.say("Type a question; F1 shows examples.")
        elif self.busy:
            self.netassist.say("One question at a time: yours waits; Enter asks it when the answer is there, Esc cancels.")
        else:
            await self.ask(self.prompt.take())

    async def ask(self, question: str) -> None:
        from netassist.tui.widgets.turn import Turn

        self._cancelled = self.netassist.leaving = False
        self._welcome(False)
        self._shown, self.prompt.placeholder = None, EXAMPLE
        self.turn = turn = Turn(question, self.talk.interrupt_call, lambda: getattr(self.talk.backend, "writing", ""))
        await self.view.mount(turn)
        self.view.anchor()
        self.netassist.say("Working; Esc cancels and keeps what is known.")
        self._request = asyncio.create_task(self._answer(turn))
        self.refresh_bindings()

    async def _answer(self, turn: Turn) -> None:
        """Ask and show; whatever goes wrong becomes one line of the conversation."""
        from netassist.assistant.conversation import Interrupted
        from netassist.assistant.journal import JournalError
        from netassist.backends.planning import BackendError
        from netassist.reports.layout import WARN

        question_back = False
        try:
            conversation = self.talk.conversation()
            conversation.tell = partial(self._hear, turn)
            answer = await conversation.ask(turn.question)
            question_back = answer.outcome == "clarify"
            self._offered = self._choices(answer) if question_back else ()
            await turn.conclude(answer, self._offered)
        except Interrupted:
            await turn.fail("Cancelled; nothing was run.", WARN)
        except (BackendError, JournalError, ValueError) as error:
            self.talk.interrupt()
            await turn.fail(str(error))
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not take the conversation along
            self.talk.interrupt()
            _log.error("%s", turn.question, exc_info=error)
            await turn.fail(f"internal error ({type(error).__name__}: {error}); please report it")
        finally:
            self._request = None
        if self.app.is_running and not self.stopped:
            self._answered(turn, question_back)

    def _choices(self, answer: Answer) -> Sequence[str]:
        """What a question back can be answered with by one key: a reading that waits for its yes, or one of the user's hosts."""
        if "Say yes" in answer.answer:
            return "yes", "no"
        return [*self.talk.settings.targets][:MOST_CHOICES]

    @on(TextArea.Changed)
    def _changed(self) -> None:
        self.netassist.leaving = False

    @on(Prompt.LinesWanted)
    def _lines_wanted(self) -> None:
        """To the first ▸ line of the latest question."""
        turns = self.turns
        lines = [widget for widget in self.screen.focus_chain if turns and turns.last() in widget.ancestors]
        if lines:
            lines[0].focus()
        else:
            self.screen.focus_next()

    @on(Prompt.Pasted)
    def _pasted(self, event: Prompt.Pasted) -> None:
        self.netassist.say(f"{event.hosts} hosts; write what is to be done with them.")

    async def on_choices_picked(self, event: Choices.Picked) -> None:
        if not self.busy:
            self.prompt.focus()
            await self.ask(event.text)

    def _hear(self, turn: Turn, event: Event) -> None:
        if not self.stopped:
            turn.hear(event)

    def note(self, text: str) -> None:
        """A line of a backend's, beside the question that it is about."""
        if self.turn is not None and not self.stopped:
            self.turn.note(as_text(text, 600))

    def _answered(self, turn: Turn, question_back: bool) -> None:
        self.netassist.say("A question back: your answer goes on from here." if question_back else "")
        if question_back:
            self.prompt.placeholder = YES if "yes" in self._offered else REPLY
        if question_back and self.netassist.room == "ask":
            self.prompt.focus()
        self.netassist.forget_estate()
        self.refresh_bindings()
        self.view.anchor(False)
        self._shown = turn
        self.call_after_refresh(self._show, turn)

    def _show(self, turn: Turn) -> None:
        """The verdict comes first, so a long answer is shown from its beginning, a short one to its end."""
        if turn.is_attached and turn is self._shown:
            self.view.scroll_to_widget(turn, top=True, animate=False)

    def on_fitted_made(self) -> None:
        """A part of the answer has got its height only now."""
        if self._shown is not None:
            self.call_after_refresh(self._show, self._shown)

    def on_resize(self) -> None:
        if self.busy and self.view.is_anchored and not self.view.left:
            self.call_after_refresh(self.view.anchor)

    # Approving

    async def approve(self, call: Call, risk: Risk) -> Decision:
        from netassist.assistant.approvals import Approval as Decision
        from netassist.tui.screens.approval import Approval

        no = Decision("no")
        if self._cancelled:
            return no
        screen, decided = (
            Approval(call, risk, self.turn.question if self.turn else ""),
            asyncio.get_running_loop().create_future(),
        )
        self._approval = screen, decided
        self.app.bell()
        await self.app.push_screen(screen, lambda answer: None if decided.done() else decided.set_result(answer or no))
        if self._cancelled:
            screen.dismiss(no)
        try:
            answer: Decision = await decided
            return answer
        finally:
            self._approval = None

    # Cancelling, clearing, going on

    def cancel(self) -> None:
        """Interrupt the request; its answer holds what is known by then."""
        from netassist.assistant.approvals import Approval as Decision

        self._cancelled = True
        if self._approval is not None:
            screen, decided = self._approval
            if not decided.done():
                decided.set_result(Decision("no"))
            if screen.is_current:
                screen.dismiss(Decision("no"))
        self.talk.interrupt()
        self.netassist.say("Cancelling; what is known is kept…")

    def clear(self) -> None:
        self._take_away(turn for turn in self.turns if not (self.busy and turn is self.turn))
        self._welcome(not self.busy)
        if not self.busy:
            # What is not seen any more must not be what the next question refers to.
            self.talk.forget()
        self.netassist.say("")

    def _take_away(self, turns: Iterable[Widget]) -> AwaitRemove:
        """Take turns out of the conversation. Keys that went to one of their lines would go nowhere, Ctrl-Q among them."""
        gone = [*turns]
        if any(turn.has_focus_within for turn in gone):
            self.screen.set_focus(self.prompt)
        for turn in gone:
            turn.display = False  # nothing of it takes the focus while it is being removed
        self._shown = None
        return self.view.remove_children(gone)

    def _welcome(self, shown: bool) -> None:
        """The usual words leave with the first question; a tour stays above it, to be read on."""
        self.query_one("#welcome").display = shown or bool(self.netassist.lent.welcome)

    async def go_on(self, session: str) -> None:
        """Show a stored session, and let what is asked now go on from it."""
        from netassist.assistant.sessions import SessionError, Sessions, UnknownSession
        from netassist.tui.widgets.recalled import RecalledTurn

        if self.busy:
            self.netassist.say("A request is under way; cancel it first (Esc).")
            return
        try:
            turns = await asyncio.to_thread(self.talk.go_on, session)
            exchanges = await asyncio.to_thread(Sessions(self.netassist.state).exchanges, session)
        except (SessionError, UnknownSession) as error:
            self.netassist.say(as_text(str(error), 400))
            return
        await self._take_away(self.turns)
        self._welcome(False)
        await self.view.mount(*(RecalledTurn(exchange) for exchange in exchanges[-len(turns) :]))
        self.call_after_refresh(self.view.scroll_end, animate=False)
        self.netassist.say(f"Session {session}: what you ask now goes on from here.")

    async def stop(self) -> None:
        """End the request; nothing is left running."""
        self.stopped = True
        if self._request is not None:
            request = self._request
            self.cancel()
            await asyncio.wait({request}, timeout=PATIENCE)
            request.cancel()
            await asyncio.gather(request, return_exceptions=True)
