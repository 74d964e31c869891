"""The rooms as one line of tabs; a click enters, and what has no room is shortened."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from netassist.tui.rooms import ASK, Door


class Tabs(Widget):
    """`current` is the id of the room that is seen."""

    current = reactive(ASK)

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
            parts.append(Content.styled(f" {self._label(number, door)} ", style))
        return Content("").join(parts)

    def _label(self, number: int, door: Door) -> str:
        """With its number, shortened where the line is too short for all: the room that is seen keeps its name."""
        whole = sum(len(each.title) + 4 for each in self._doors)
        if self.size.width >= whole or door.id == self.current:
            return f"{number} {door.title}"
        most = max((self.size.width - len(self.current) - 5) // (len(self._doors) - 1) - 3, 0)
        return f"{number} {door.title[:most]}".strip() if most > 1 else f"{number}"

    def on_click(self, event: events.Click) -> None:
        column = event.x
        for number, door in enumerate(self._doors, 1):
            column -= len(self._label(number, door)) + 2
            if column < 0:
                self.post_message(self.Chosen(door.id))
                return
