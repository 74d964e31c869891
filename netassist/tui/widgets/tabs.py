"""The rooms as one line of tabs; a click enters, and what has no room is shortened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from netassist.tui.rooms import ASK, Door

if TYPE_CHECKING:
    from netassist.tui.deeds import Deeds


class Tabs(Widget, can_focus=True):
    """`current` is the id of the room that is seen, `alerts` what stands beside the Monitor; with the focus digits enter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"app.enter_number({n})", show=False) for n in range(1, 8)),
        Binding("left,left_square_bracket", "app.enter_next(-1)", show=False),
        Binding("right,right_square_bracket", "app.enter_next(1)", show=False),
        Binding("escape,enter", "app.to_line", "Back"),
    ]
    current = reactive(ASK)
    alerts = reactive("")

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, room: str) -> None:
            super().__init__()
            self.room = room

    def __init__(self, doors: Sequence[Door]) -> None:
        super().__init__()
        self._doors = tuple(doors)

    def render(self) -> Content:
        parts: list[Content] = []
        for number, door in enumerate(self._doors, 1):
            style = "bold $background on $text-primary" if door.id == self.current else "$foreground 80%"
            if door.id == "monitor" and self.alerts and door.id != self.current:
                style = "bold $text-error"
            parts.append(Content.styled(f" {self._label(number, door)} ", style))
        return Content("").join(parts)

    def _label(self, number: int, door: Door) -> str:
        """With its number, shortened where the line is too short for all: the room that is seen keeps its name."""
        beside = f"•{self.alerts}" if self.alerts else ""
        whole = sum(len(each.title) + 4 for each in self._doors) + len(beside)
        beside = beside if door.id == "monitor" else ""
        if self.size.width >= whole or door.id == self.current:
            return f"{number} {door.title}{beside}"
        most = max((self.size.width - len(self.current) - 5) // (len(self._doors) - 1) - 3, 0) - len(beside)
        return (f"{number} {door.title[:most]}".strip() if most > 1 else f"{number}") + beside

    def on_focus(self) -> None:
        cast("Deeds", self.app).say("1 to 7 go to a room; Esc goes back to the question.")

    def on_key(self, event: events.Key) -> None:
        """A letter that does nothing here was meant for the question."""
        if event.is_printable and event.key not in self._bindings.key_to_bindings:
            cast("Deeds", self.app).say("1 to 7 go to a room; Esc goes back to the question.")

    def on_click(self, event: events.Click) -> None:
        column = event.x
        for number, door in enumerate(self._doors, 1):
            column -= len(self._label(number, door)) + 2
            if column < 0:
                self.post_message(self.Chosen(door.id))
                return
