"""The terminal UI: one screen with a conversation, an input line, and what is running in between.

What plans and measures is imported after the first paint; nothing of it is needed to start typing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from netassist import __version__
from netassist.tui.themes import DARK, LIGHT, fitting
from netassist.tui.widgets.prompt import EXAMPLE, REPLY, Prompt
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from textual.driver import Driver

    from netassist.assistant.approvals import Approval as Decision
    from netassist.assistant.conversation import Conversation
    from netassist.assistant.events import Event
    from netassist.assistant.journal import Journal
    from netassist.assistant.kept import Kept
    from netassist.backends.ladder import Rung
    from netassist.backends.planning import Backend
    from netassist.configuration import Settings
    from netassist.toolbox import Call, Risk
    from netassist.tui.screens.approval import Answer, Approval
    from netassist.tui.widgets.turn import Turn

PATIENCE = 8.0
"""Seconds that a cancelled request may take to hand in what it has before it is dropped; Nmap gets a few to end."""
GRACE = 4.0
"""Seconds after that in which a signal ends the process even where the app cannot end by itself."""
LOCAL = frozenset({"testllm"})
"""Backends that plan on this machine."""

_log = logging.getLogger(__name__)


@runtime_checkable
class Startable(Protocol):
    """A backend that can begin to load its model before it is asked."""

    def start(self) -> None: ...


@runtime_checkable
class Several(Protocol):
    """A backend made of several (`Ladder`), which tells when another one goes on."""

    rungs: Sequence[Rung]
    tell: Callable[[str], None]


class NetAssistApp(App[None], inherit_bindings=False):
    """`approved` are the risk tiers that need no question; answers are stored in the sessions of `folder`, or nowhere."""

    TITLE = "netassist"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-wide")]  # noqa: RUF012 - so declared in Textual
    VERTICAL_BREAKPOINTS = [(0, "-low"), (10, "-high")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel"),
        Binding("ctrl+c", "interrupt", "Cancel, then quit", show=False, priority=True),
        Binding("ctrl+l", "clear", "Clear"),
        Binding("f1", "help", "Help"),
        Binding("f2", "light_or_dark", "Light or dark", show=False),
        Binding("ctrl+q", "quit", "Quit", priority=True),
        Binding("pageup", "scroll(-1)", "Scroll up", show=False),
        Binding("pagedown", "scroll(1)", "Scroll down", show=False),
    ]

    def __init__(
        self,
        settings: Settings,
        backend: Backend,
        journal: Journal,
        approved: frozenset[Risk],
        driver: type[Driver] | None = None,
        folder: Path | None = None,
    ) -> None:
        super().__init__(driver_class=driver)
        self.settings, self.backend, self.journal, self.approved = settings, backend, journal, approved
        self._folder = folder
        self._talk: Conversation | None = None
        self._kept: Kept | None = None
        self._turn: Turn | None = None
        if isinstance(backend, Several):
            backend.tell = self._told
        self._request: asyncio.Task[None] | None = None
        self._cancelled = self._leaving = self._stopped = False
        self._approval: tuple[Approval, asyncio.Future[Answer]] | None = None

    def compose(self) -> ComposeResult:
        with Horizontal(id="header"):
            yield Static(Content.assemble(("netassist", "bold"), f" {__version__}"), markup=False, id="name")
            yield Static(Content(f"{self.backend.name} · {self.backend.model}"), markup=False, id="model")
            yield Static(Content(privacy(*backends(self.backend))), markup=False, id="privacy")
        with VerticalScroll(id="conversation", can_focus=False):
            yield Static(Content(WELCOME), markup=False, id="welcome")
        yield Static(markup=False, id="status")
        yield Prompt()
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        self.theme = fitting(os.environ).name
        self._prompt.focus()
        self.call_after_refresh(self._load)

    def _load(self) -> None:
        """What the first question needs, once the screen is there."""
        self.run_worker(_import_the_rest, thread=True)
        if isinstance(self.backend, Startable):
            self.backend.start()

    async def on_unmount(self) -> None:
        await self._stop()

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        return self._request is not None

    def say(self, text: str) -> None:
        """One line above the input, until the next."""
        for screen in self.screen_stack[:1]:
            screen.query_one("#status", Static).update(Content(text))

    @property
    def _base(self) -> Screen[object]:
        """The screen with the conversation, whatever lies over it."""
        return self.screen_stack[0]

    @property
    def _prompt(self) -> Prompt:
        return self._base.query_one(Prompt)

    @property
    def _view(self) -> VerticalScroll:
        return self._base.query_one("#conversation", VerticalScroll)

    # Asking

    @on(Input.Submitted)
    async def _submitted(self, event: Input.Submitted) -> None:
        if not event.value.strip():
            self.say("Type a question; F1 shows examples.")
        elif self.busy:
            self.say("One question at a time: yours waits in the line; Enter asks it when the answer is there, Esc cancels.")
        else:
            await self._ask(self._prompt.take())

    async def _ask(self, question: str) -> None:
        from netassist.tui.widgets.turn import Turn

        self._cancelled = self._leaving = False
        self._base.query_one("#welcome").display = False
        self._turn = turn = Turn(question)
        await self._view.mount(turn)
        self.call_after_refresh(self._view.scroll_end, animate=False)
        self.say("Working; Esc cancels and keeps what is known.")
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
            conversation = self._conversation()
            conversation.tell = partial(self._hear, turn)
            answer = await conversation.ask(turn.question)
            question_back = answer.outcome == "clarify"
            await turn.conclude(answer)
        except Interrupted:
            await turn.fail("Cancelled; nothing was run.", WARN)
        except (BackendError, JournalError, ValueError) as error:
            self._interrupt()
            await turn.fail(str(error))
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not take the conversation along
            self._interrupt()
            _log.error("%s", turn.question, exc_info=error)
            await turn.fail(f"internal error ({type(error).__name__}: {error}); please report it")
        finally:
            self._request = None
        if self.is_running and not self._stopped:
            self._answered(turn, question_back)

    def _hear(self, turn: Turn, event: Event) -> None:
        """Show one event, and stay at the end of the conversation where the person has not scrolled away from it."""
        if self._stopped:
            return
        at_end = self._view.is_vertical_scroll_end
        turn.hear(event)
        if at_end:
            self.call_after_refresh(self._view.scroll_end, animate=False)

    def _told(self, text: str) -> None:
        """A line of a backend's, beside the question that it is about."""
        if self._turn is not None and not self._stopped:
            self._turn.note(as_text(text, 600))

    def _answered(self, turn: Turn, question_back: bool) -> None:
        self.say("A question back: your answer goes on from here." if question_back else "")
        self._prompt.placeholder = REPLY if question_back else EXAMPLE
        if question_back:
            self._prompt.focus()
        self.refresh_bindings()
        if turn.is_attached:
            # The verdict comes first, so a long answer is shown from its beginning.
            self.call_after_refresh(self._view.scroll_to_widget, turn, top=True, animate=False)

    def _conversation(self) -> Conversation:
        if self._talk is None:
            from netassist.assistant.conversation import Conversation

            facts = self.backend, self.settings, self.journal
            keep = None
            if self._folder is not None:
                from netassist.assistant.kept import Kept
                from netassist.assistant.sessions import Sessions

                self._kept = Kept(Sessions(self._folder), True, self._told)
                keep = self._kept.keep
            self._talk = Conversation(*facts, approve=self._approve, approved=self.approved, keep=keep)
        return self._talk

    async def _approve(self, call: Call, risk: Risk) -> Decision:
        from netassist.assistant.approvals import Approval as Decision
        from netassist.tui.screens.approval import Approval

        if self._cancelled:
            return Decision("no")
        screen, decided = Approval(call, risk), asyncio.get_running_loop().create_future()
        self._approval = screen, decided
        await self.push_screen(screen, lambda answer: None if decided.done() else decided.set_result(answer or "no"))
        if self._cancelled:
            screen.dismiss("no")
        try:
            return Decision(await decided)
        finally:
            self._approval = None

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Cancelling is offered while something runs."""
        return action != "cancel" or self.busy or not isinstance(self.focused, Prompt)

    def action_cancel(self) -> None:
        if self.busy:
            self._cancel()
        else:
            self._prompt.focus()

    async def action_interrupt(self) -> None:
        if self._leaving:
            await self.action_quit()
        elif self.busy:
            self._leaving = True
            self._cancel()
        elif selected := self.screen.get_selected_text() or self._prompt.selected_text:
            self.copy_to_clipboard(selected)
            self.screen.clear_selection()
            self.say("Copied.")
        else:
            self._leaving = True
            self.say("Ctrl-C once more quits.")

    async def action_quit(self) -> None:
        if not self._stopped:
            self.say("Stopping…")
            await self._stop()
            self.exit()

    def action_clear(self) -> None:
        for turn in self.query("#conversation Turn"):
            if getattr(turn, "over", True):
                turn.remove()
        self._base.query_one("#welcome").display = not self.busy
        if self._talk is not None and not self.busy:
            # What is not seen any more must not be what the next question refers to.
            self._talk.forget()
            if self._kept is not None:
                self._kept.begin_anew()
        self.say("")

    def action_help(self) -> None:
        from netassist.tui.screens.help import Help

        self.push_screen(Help(), self._take_over)

    def action_light_or_dark(self) -> None:
        self.theme = DARK.name if self.theme == LIGHT.name else LIGHT.name

    def action_scroll(self, pages: int) -> None:
        self._view.scroll_relative(y=pages * max(self._view.size.height - 2, 1), animate=False)

    @on(Prompt.HelpWanted)
    def _help_wanted(self) -> None:
        self.action_help()

    @on(Input.Changed)
    def _changed(self) -> None:
        self._leaving = False

    def _take_over(self, example: str | None) -> None:
        if example is not None:
            self._prompt.value = example
            self._prompt.focus()

    # Stopping

    def _cancel(self) -> None:
        """Interrupt the request; its answer holds what is known by then."""
        self._cancelled = True
        if self._approval is not None:
            screen, decided = self._approval
            if not decided.done():
                decided.set_result("no")
            if screen.is_current:
                screen.dismiss("no")
        self._interrupt()
        self.say("Cancelling; what is known is kept…")

    def _interrupt(self) -> None:
        if self._talk is not None:
            self._talk.interrupt()

    async def _stop(self) -> None:
        """End the request and let the backend go; nothing is left running."""
        if self._stopped:
            return
        self._stopped = True
        if self._request is not None:
            request = self._request
            self._cancel()
            await asyncio.wait({request}, timeout=PATIENCE)
            request.cancel()
            await asyncio.gather(request, return_exceptions=True)
        await self.backend.close()


WELCOME = "Ask about hosts and networks in plain words. What is answered has just been measured.\n\nF1 shows examples and keys."


def backends(backend: Backend) -> tuple[str, ...]:
    """The names of those that may be asked, in their order."""
    return tuple(rung.backend.name for rung in backend.rungs) if isinstance(backend, Several) else (backend.name,)


def privacy(*backends: str) -> str:
    """What leaves the machine when a question is asked."""
    remote = [backend for backend in backends if backend not in LOCAL]
    if not remote:
        return "only probes leave this machine"
    return f"questions {'are' if backends[0] in remote else 'may be'} sent to {' or '.join(remote)}"


def run(settings: Settings, backend: Backend, journal: Journal, approved: frozenset[Risk]) -> int:
    """Open the terminal UI and stay until the person quits; returns the exit code: 0, 2 without a terminal, 3 after a crash."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print('netassist: there is no terminal here; ask on the command line: netassist ask "…"', file=sys.stderr)
        return 2
    from netassist.configuration import state_folder
    from netassist.tui.terminal import Driver

    app = NetAssistApp(settings, backend, journal, approved, Driver, state_folder())
    asyncio.run(_serve(app))
    return {0: 0, 1: 3}.get(app.return_code or 0, app.return_code or 0)


async def _serve(app: NetAssistApp) -> None:
    """Run the app; when the terminal goes away or the process is told to end, it stops as if the person had quit."""
    from netassist.tui.terminal import ending

    loop = asyncio.get_running_loop()
    quitting: set[asyncio.Task[None]] = set()

    def quit_soon() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has been closed: the end is near already
            loop.call_soon_threadsafe(lambda: quitting.add(loop.create_task(app.action_quit())))

    ending(quit_soon, PATIENCE + GRACE, 3)
    await app.run_async()


def _import_the_rest() -> None:
    """What the first question needs."""
    import netassist.assistant.conversation
    import netassist.tui.widgets.turn  # noqa: F401
