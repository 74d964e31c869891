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
        Binding("enter,space", "turn(None)", "Fold or unfold", show=False),
        Binding("right", "turn(True)", "Unfold", show=False),
        Binding("left", "turn(False)", "Fold", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def action_turn(self, unfolded: bool | None) -> None:
        if isinstance(self.parent, Fold):
            self.parent.unfolded = not self.parent.unfolded if unfolded is None else unfolded

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.action_turn(None)


class Fold(Vertical):
    """`title`, and below it what `make` returns for a width in columns."""

    unfolded = reactive(False)

    def __init__(self, title: Content, make: Callable[[int], Content]) -> None:
        super().__init__()
        self.title = title
        self._make = make

    def compose(self) -> ComposeResult:
        yield FoldTitle(markup=False)
        body = Fitted(self._make)
        body.display = False
        yield body

    def watch_unfolded(self, unfolded: bool) -> None:
        if self.is_mounted or self.children:
            self.query_one(FoldTitle).update(Content("▾ " if unfolded else "▸ ") + self.title)
            self.query_one(Fitted).display = unfolded
            self.set_class(unfolded, "-unfolded")

    def on_fitted_made(self, event: Fitted.Made) -> None:
        event.stop()
        self.scroll_visible(animate=False)

    def on_mount(self) -> None:
        self.watch_unfolded(self.unfolded)
