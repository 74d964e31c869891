"""A line that unfolds: by Enter, Space or a click. Its body is made when it is first seen, for the width that there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from netassist.tui.widgets.fitted import Fitted


class FoldTitle(Static, can_focus=True):
    """The line that is always seen."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "turn(None)", "Fold or unfold", show=False, id="fold.turn"),
        Binding("right", "turn(True)", "Unfold", show=False),
        Binding("left", "turn(False)", "Fold", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("y", "copy", "Copy", id="fold.copy"),
        Binding("delete,x", "cancel", "Cancel this one", show=False, id="fold.cancel"),
    ]

    def action_turn(self, unfolded: bool | None) -> None:
        if isinstance(self.parent, Fold):
            self.parent.unfolded = not self.parent.unfolded if unfolded is None else unfolded

    def action_copy(self) -> None:
        if isinstance(self.parent, Fold):
            self.parent.copy()

    def action_cancel(self) -> None:
        if isinstance(self.parent, Fold):
            self.parent.cancel()

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.action_turn(None)


class Fold(Vertical):
    """`title`, and below it what `make` returns for a width in columns."""

    unfolded = reactive(False)

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
        """Copy what is in it to the clipboard (OSC 52)."""
        self.app.copy_to_clipboard(f"{self.title.plain}\n{self._make(100).plain}".strip())
        self.notify("Copied, if your terminal lets programs copy (OSC 52).", markup=False)

    def cancel(self) -> None:
        """Stop what it is about, where that runs."""

    def on_fitted_made(self, event: Fitted.Made) -> None:
        event.stop()
        self.scroll_visible(animate=False)

    def on_mount(self) -> None:
        self.watch_unfolded(self.unfolded)
