"""The line for questions, with the earlier ones at hand."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

EXAMPLE = "Ask, for example: which ports are open on 127.0.0.1?"
REPLY = "Your answer, for example: 192.0.2.7 or www.example.org"


class Prompt(Input):
    """An input line with history; pasted lines become one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Ask"),
        Binding("up", "earlier(-1)", "Earlier question", show=False),
        Binding("down", "earlier(1)", "Later question", show=False),
    ]

    class HelpWanted(Message):
        """A question mark alone was typed."""

    def __init__(self) -> None:
        super().__init__(placeholder=EXAMPLE, select_on_focus=False)
        self._history: list[str] = []
        self._at = 0
        self._draft = ""

    def take(self) -> str:
        """The text, which is remembered and taken out of the line."""
        text = self.value.strip()
        if text and self._history[-1:] != [text]:
            self._history.append(text)
        self._at, self._draft = len(self._history), ""
        self.value = ""
        return text

    def action_earlier(self, step: int) -> None:
        """Walk through what was asked before; what was being written waits at the end."""
        if not 0 <= self._at + step <= len(self._history):
            return
        if self._at == len(self._history):
            self._draft = self.value
        self._at += step
        self.value = self._draft if self._at == len(self._history) else self._history[self._at]
        self.cursor_position = len(self.value)

    def on_key(self, event: events.Key) -> None:
        if event.key == "question_mark" and not self.value:
            event.prevent_default().stop()
            self.post_message(self.HelpWanted())

    def on_paste(self, event: events.Paste) -> None:
        event.prevent_default().stop()
        self.replace(" ".join(event.text.split()), *self.selection)
