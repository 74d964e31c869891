"""The command palette: rooms, deeds, colours and examples, each by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar, NamedTuple, cast

from textual.binding import Binding, BindingType
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider

from netassist.tui.keys import said
from netassist.tui.rooms import ASK, DOORS
from netassist.tui.screens.help import EXAMPLES

if TYPE_CHECKING:
    from netassist.tui.app import NetAssistApp


class Palette(CommandPalette):
    """The menu; Home and End go through its list, of which most is out of sight."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home", "command_list('first')", show=False, priority=True),
        Binding("end", "command_list('last')", show=False, priority=True),
    ]


class Command(NamedTuple):
    """What can be done, what that means, and the doing; `discover` lists it before anything is typed."""

    title: str
    help: str
    do: Callable[[], object]
    discover: bool = True


class Commands(Provider):
    """Everything that a key does, and more."""

    async def discover(self) -> Hits:
        for command in commands(cast("NetAssistApp", self.app)):
            if command.discover:
                yield DiscoveryHit(command.title, command.do, help=command.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in commands(cast("NetAssistApp", self.app)):
            if (score := matcher.match(command.title)) > 0:
                yield Hit(score, matcher.highlight(command.title), command.do, help=command.help)


def commands(app: NetAssistApp) -> Iterator[Command]:
    """Every command as it can be given now, those of the room that is seen first."""
    if app.room != ASK:
        from netassist.tui.rooms.room import Room

        title = next(door.title for door in DOORS if door.id == app.room)
        for each in (*type(app.room_widget).__dict__["BINDINGS"], *Room.BINDINGS):
            if isinstance(each, Binding) and each.description and not each.action.startswith("step"):
                do = partial(app.run_action, each.action, app.room_widget)
                yield Command(f"{title}: {each.description}", said(app, each), do)
    for number, door in enumerate(DOORS, 1):
        yield Command(f"Go to {door.title}", f"Alt-{number}: {door.does}", partial(app.enter, door.id))
    yield Command("Export what is seen", "Ctrl-E: text, JSON, SARIF, JUnit, HTML, Markdown, CSV, CycloneDX", app.action_export)
    yield Command("Go on with a stored session", "Ctrl-O", app.action_sessions)
    yield Command("Look through earlier questions", "Ctrl-R", app.action_recall)
    yield Command("Add or import targets", "Names of your own for hosts, or a list of hosts", app.add_targets)
    yield Command("Clear the conversation and begin anew", "Ctrl-L", app.action_clear)
    yield Command("Cancel what is running", "Esc: what is known is kept", app.action_cancel)
    yield Command("Copy the last answer", "To the clipboard of your terminal (OSC 52)", app.copy_answer)
    yield Command("Ask the first questions again", "Which hosts are yours, who plans, which colours", app.first_questions)
    yield Command("Next colours", "F2: dark, light, high contrast", app.action_next_theme)
    yield Command("Help", "F1", app.action_help)
    yield Command("Quit", "Ctrl-Q", app.action_quit)
    for theme in ("dark", "light", "contrast"):
        yield Command(f"Colours: {theme}", "Kept in tui.toml", partial(app.set_theme, f"netassist-{theme}"), False)
    for example in EXAMPLES:
        yield Command(
            f"Ask: {example}", "Written into the line, to be changed or asked", partial(app.write_there, example), False
        )
