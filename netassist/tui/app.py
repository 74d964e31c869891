"""The terminal UI: a conversation and the rooms around it, under one line of tabs.

What plans and measures is imported after the first paint; nothing of it is needed to start typing.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, ClassVar, Protocol, cast, runtime_checkable

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Footer, Static

from netassist import __version__
from netassist.tui.commands import Commands, Palette
from netassist.tui.deeds import Deeds
from netassist.tui.doors import Lent
from netassist.tui.preferences import Preferences
from netassist.tui.rooms import ASK, DOORS, made
from netassist.tui.rooms.ask import Ask
from netassist.tui.talk import Talk
from netassist.tui.themes import THEMES, fitting
from netassist.tui.widgets.prompt import Prompt
from netassist.tui.widgets.tabs import Tabs

if TYPE_CHECKING:
    from textual.app import App
    from textual.driver import Driver

    from netassist.assistant.approvals import Approval as Decision
    from netassist.assistant.journal import Journal
    from netassist.backends.ladder import Rung
    from netassist.backends.planning import Backend
    from netassist.configuration import Settings
    from netassist.toolbox import Call, Risk
    from netassist.tui.rooms.room import Room

LOOKED = 15.0
"""Seconds from one look for open alerts to the next."""
LOCAL = frozenset({"testllm"})
"""Backends that plan on this machine."""


@runtime_checkable
class Startable(Protocol):
    """A backend that can begin to load its model before it is asked."""

    def start(self) -> None: ...


@runtime_checkable
class Several(Protocol):
    """A backend made of several (`Ladder`), which tells when another one goes on."""

    rungs: Sequence[Rung]
    tell: Callable[[str], None]


class NetAssistApp(Deeds, inherit_bindings=False):
    """`approved` are the risk tiers that need no question; answers are stored in the sessions of `folder`, or nowhere.

    `lent` is what the command line lends, `clock` tells the time in Unix seconds.
    """

    TITLE = "netassist"
    CSS_PATH = "app.tcss"
    AUTO_FOCUS = "Prompt, ModalScreen *"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    COMMANDS = {Commands}  # noqa: RUF012 - so declared in Textual
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-wide"), (116, "-broad")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (10, "-high"), (34, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="app.cancel"),
        Binding("escape", "to_tabs", "To the rooms", show=False, id="app.tabs"),
        Binding("ctrl+c", "interrupt", "Cancel, then quit", show=False, priority=True, id="app.interrupt"),
        Binding("ctrl+l", "clear", "Clear", show=False, id="app.clear"),
        Binding("f1", "help", "Help", id="app.help"),
        Binding("ctrl+p", "command_palette", "Menu", priority=True, id="app.commands"),
        Binding("f2", "next_theme", "Colours", show=False, id="app.colours"),
        Binding("ctrl+o", "sessions", "Sessions", show=False, id="app.sessions"),
        Binding("ctrl+e", "export", "Export", show=False, priority=True, id="app.export"),
        Binding("ctrl+q", "quit", "Quit", priority=True, id="app.quit"),
        Binding("pageup", "scroll(-1)", "Scroll up", show=False, id="app.pageup"),
        Binding("pagedown", "scroll(1)", "Scroll down", show=False, id="app.pagedown"),
        Binding("ctrl+pageup", "enter_next(-1)", "Room before", show=False, priority=True, id="app.before"),
        Binding("ctrl+pagedown", "enter_next(1)", "Next room", show=False, priority=True, id="app.after"),
        *(
            Binding(f"alt+{n}", f"enter('{door.id}')", door.title, show=False, priority=True, id=f"app.{door.id}")
            for n, door in enumerate(DOORS, 1)
        ),
    ]

    def __init__(
        self,
        settings: Settings,
        backend: Backend,
        journal: Journal,
        approved: frozenset[Risk],
        driver: type[Driver] | None = None,
        folder: Path | None = None,
        lent: Lent | None = None,
        clock: Callable[[], float] = time,
    ) -> None:
        super().__init__(driver_class=driver)
        self.settings, self.backend, self.journal, self.folder, self.clock = settings, backend, journal, folder, clock
        self.lent = lent or Lent()
        self.preferences = Preferences.read(self.lent.preferences)
        self.talk = Talk(settings, backend, journal, approved, folder, self._approve, self._told)
        self.ask_room = Ask(self.talk)
        self.room = ASK
        self.leaving = self._stopped = self.looked = False
        self._listen_to(backend)

    def compose(self) -> ComposeResult:
        with Horizontal(id="header"):
            yield Static(Content.assemble(("netassist", "bold"), f" {__version__}"), markup=False, id="name")
            yield Static(markup=False, id="model")
            yield Static(markup=False, id="privacy")
        yield Tabs(DOORS)
        with ContentSwitcher(id="rooms", initial=ASK):
            yield self.ask_room
        yield Static(markup=False, id="status")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self.preferences.theme_of(THEMES) or fitting(os.environ).name
        self.set_keymap(self.preferences.keys)
        self.show_backend()
        self.ask_room.prompt.focus()
        for problem in self.preferences.problems[:1]:
            self.say(problem)
        self.call_after_refresh(self._load)

    def _load(self) -> None:
        """What the first question needs, once the screen is there."""
        self.run_worker(self._rest, thread=True)
        if isinstance(self.backend, Startable):
            self.backend.start()
        if self.lent.first_start:
            self.first_questions()
        elif self.lent.begin_with:
            self.write_there(self.lent.begin_with)

    def _rest(self) -> None:
        """Import what the first question needs, and recall what was asked before."""
        import netassist.assistant.conversation
        import netassist.tui.widgets.turn  # noqa: F401

        # What is there by now stays; the collector need not walk through it while somebody types.
        gc.freeze()
        self.recall_history()
        self._look_for_alerts()
        self.call_from_thread(self.set_interval, LOOKED, self._look)

    def _look(self) -> None:
        self.run_worker(self._look_for_alerts, thread=True, group="alerts")

    def _look_for_alerts(self) -> None:
        self.call_from_thread(self.show_alerts, self.open_alerts())

    def show_alerts(self, number: int | None) -> None:
        """How many alerts are open, on the Monitor's tab; None where that cannot be told."""
        self.looked = True
        self.base.query_one(Tabs).alerts = "" if number == 0 else "?" if number is None else str(number)

    async def on_unmount(self) -> None:
        await self._stop()

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        return self.ask_room.busy

    def say(self, text: str) -> None:
        """One line below the room, until the next."""
        for screen in self.screen_stack[:1]:
            screen.query_one("#status", Static).update(Content(text))

    @property
    def base(self) -> Screen[object]:
        """The screen with the rooms, whatever lies over it."""
        return self.screen_stack[0]

    def show_backend(self) -> None:
        """Say at the top who plans, and what leaves the machine."""
        self.base.query_one("#model", Static).update(Content(f"{self.backend.name} · {self.backend.model}"))
        names = backends(self.backend)
        kept = self.base.query_one("#privacy", Static)
        kept.update(Content(privacy(*names)))
        kept.set_class(any(name not in LOCAL for name in names), "-leaves")

    def _listen_to(self, backend: Backend) -> None:
        if isinstance(backend, Several):
            backend.tell = self._told

    def _told(self, text: str) -> None:
        self.ask_room.note(text)

    async def _approve(self, call: Call, risk: Risk) -> Decision:
        return await self.ask_room.approve(call, risk)

    # Rooms

    async def enter(self, room: str) -> None:
        """Go into a room; it is made when it is first entered."""
        door = next(door for door in DOORS if door.id == room)
        rooms = self.base.query_one("#rooms", ContentSwitcher)
        self.room = room
        if not rooms.query(f"#{room}"):
            there = made(door)
            there.id = room
            await rooms.mount(there)
        rooms.current = room
        self.base.query_one(Tabs).current = room
        self.say("" if room == ASK and not self.busy else door.does if room != ASK else "Working; Esc cancels.")
        self.run_worker(self.room_widget.entered(), group="enter", exclusive=True)

    @property
    def room_widget(self) -> Room | Ask:
        """The room that is seen."""
        return cast("Room | Ask", self.base.query_one(f"#rooms > #{self.room}"))

    async def action_enter(self, room: str) -> None:
        if len(self.screen_stack) == 1:
            await self.enter(room)

    async def action_enter_number(self, number: int) -> None:
        await self.action_enter(DOORS[number - 1].id)

    async def action_enter_next(self, step: int) -> None:
        ids = [door.id for door in DOORS]
        await self.action_enter(ids[(ids.index(self.room) + step) % len(ids)])

    @on(Tabs.Chosen)
    async def _tab(self, event: Tabs.Chosen) -> None:
        await self.enter(event.room)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Cancelling is offered while something runs; a window over the rooms keeps Ctrl-E for its own lines."""
        if action == "export":
            return len(self.screen_stack) == 1
        if action == "to_tabs":
            return not self.busy and isinstance(self.focused, Prompt)
        return action != "cancel" or self.busy

    def action_cancel(self) -> None:
        self.ask_room.cancel()

    def action_command_palette(self) -> None:
        if not Palette.is_open(cast("App[object]", self)):
            self.push_screen(Palette(id="--command-palette"))

    def action_to_tabs(self) -> None:
        self.base.query_one(Tabs).focus()

    async def action_to_line(self) -> None:
        if self.room == ASK:
            self.ask_room.prompt.focus()
        else:
            await self.enter(ASK)

    async def action_interrupt(self) -> None:
        if self.leaving:
            await self.action_quit()
        elif self.busy:
            self.leaving = True
            self.ask_room.cancel()
        elif selected := self.screen.get_selected_text() or self.ask_room.prompt.selected_text:
            self.copy_to_clipboard(selected)
            self.screen.clear_selection()
            self.say("Copied.")
        else:
            self.leaving = True
            self.say("Ctrl-C once more quits.")

    async def action_quit(self) -> None:
        if not self._stopped:
            self.say("Stopping…")
            await self._stop()
            self.exit()

    def action_clear(self) -> None:
        self.ask_room.clear()

    def action_scroll(self, pages: int) -> None:
        view = self.ask_room.view
        view.scroll_relative(y=pages * max(view.size.height - 2, 1), animate=False)

    @on(Prompt.HelpWanted)
    def _help_wanted(self) -> None:
        self.action_help()

    async def _stop(self) -> None:
        """End the request and let the backend go; nothing is left running."""
        if self._stopped:
            return
        self._stopped = True
        await self.ask_room.stop()
        await self.backend.close()


def backends(backend: Backend) -> tuple[str, ...]:
    """The names of those that may be asked, in their order."""
    return tuple(rung.backend.name for rung in backend.rungs) if isinstance(backend, Several) else (backend.name,)


def privacy(*backends: str) -> str:
    """What leaves the machine when a question is asked."""
    remote = [backend for backend in backends if backend not in LOCAL]
    if not remote:
        return "only probes leave this machine"
    return f"questions {'are' if backends[0] in remote else 'may be'} sent to {' or '.join(remote)}"
