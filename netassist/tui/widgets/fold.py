"""A line that unfolds: by Enter, Space or a click. Its body is made when it is first seen, for the width that there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from netassist.tui.widgets.fitted import Fitted

if TYPE_CHECKING:
    from netassist.tui.deeds import Deeds


class FoldTitle(Static, can_focus=True):
    """The line that is always seen."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "turn(None)", "Unfold", id="fold.turn"),
        Binding("right", "turn(True)", "Unfold", show=False),
        Binding("left", "turn(False)", "Fold", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("y", "copy", "Copy", id="fold.copy"),
        Binding("c", "command", "Copy command", id="fold.command"),
        Binding("x,delete", "cancel", "Cancel it", id="fold.cancel"),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What the line cannot do is not offered."""
        fold = self.parent
        if action == "cancel":
            return isinstance(fold, Fold) and fold.running
        return action != "command" or (isinstance(fold, Fold) and bool(fold.command))

    def on_key(self, event: events.Key) -> None:
        """A letter that does nothing here was meant for the question."""
        if event.is_printable and event.key not in self._bindings.key_to_bindings:
            cast("Deeds", self.app).say("Esc goes back to the question.")

    def action_turn(self, unfolded: bool | None) -> None:
        if isinstance(self.parent, Fold):
            self.parent.unfolded = not self.parent.unfolded if unfolded is None else unfolded

    def action_copy(self) -> None:
        if isinstance(self.parent, Fold):
            self.parent.copy()

    def action_command(self) -> None:
        if isinstance(self.parent, Fold):
            self.parent.taken(self.parent.command, "the command")

    def action_cancel(self) -> None:
        if isinstance(self.parent, Fold):
            self.parent.cancel()

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.action_turn(None)


class Fold(Vertical):
    """`title`, and below it what `make` returns for a width in columns."""

    unfolded = reactive(False)
    running = False
    command = ""
    """What is run for it, for a command line; empty where it is about no call."""

    def __init__(self, title: Content, make: Callable[[int], Content]) -> None:
        super().__init__()
        self.title = title
        self._rows: list[int] = []
        self._make = make

    def compose(self) -> ComposeResult:
        yield FoldTitle(markup=False)
        body = Fitted(self._make)
        body.display = False
        yield body

    def watch_unfolded(self, unfolded: bool) -> None:
        if self.is_mounted or self.children:
            self.say_title()
            self.query_one(Fitted).display = unfolded
            self.set_class(unfolded, "-unfolded")

    def say_title(self) -> None:
        """Show the title as it is now."""
        line = self.query_one(FoldTitle)
        shown = Content("▾ " if self.unfolded else "▸ ") + self.title
        width = max(line.size.width, 1)
        rows = [width, *(-(-len(text) // width) for text in shown.plain.split("\n"))]
        # Laying the whole conversation out again is dear; a running call says several times a second how far it is.
        line.update(shown, layout=rows != self._rows)
        self._rows = rows

    def copy(self) -> None:
        """Copy what is in it to the clipboard."""
        self.taken(f"{self.title.plain}\n{self._make(100).plain}".strip(), "all of it")

    def taken(self, text: str, what: str) -> None:
        """Copy a text (OSC 52), and say so."""
        self.app.copy_to_clipboard(text)
        cast("Deeds", self.app).say(f"Copied {what}, if your terminal lets programs copy (OSC 52).")

    def cancel(self) -> None:
        """Stop what it is about, where that runs."""

    def on_fitted_made(self, event: Fitted.Made) -> None:
        event.stop()
        self.scroll_visible(animate=False)

    def on_mount(self) -> None:
        self.watch_unfolded(self.unfolded)
