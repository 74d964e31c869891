"""The place for questions, of several lines where need be, with the earlier ones at hand and the rest of a word suggested."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from netassist.targets import parse_target

EXAMPLE = "Ask, for example: which ports are open on 127.0.0.1?"
REPLY = "Your answer, for example: 192.0.2.7 or www.example.org"
YES = "Your answer: yes, no, or what you mean in other words"
MOST_KEPT = 500
_WORD = re.compile(r"(?:^|\s)([\w./:@-]{2,})$")


class Prompt(TextArea):
    """A line that grows. `words` are what may be completed: hosts, tools, commands."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Ask", id="prompt.ask"),
        Binding("ctrl+j,shift+enter,alt+enter", "newline", "New line", show=False, id="prompt.newline"),
        Binding("tab", "complete", "Complete, or go on", show=False, id="prompt.complete"),
        Binding("up", "earlier(-1)", "Earlier question", show=False, id="prompt.earlier"),
        Binding("down", "earlier(1)", "Later question", show=False, id="prompt.later"),
        Binding("pageup", "app.scroll(-1)", show=False),
        Binding("pagedown", "app.scroll(1)", show=False),
    ]

    class HelpWanted(Message):
        """A question mark alone was typed."""

    class LinesWanted(Message):
        """Tab was pressed where nothing is to be completed."""

    class Submitted(Message):
        """Enter was pressed."""

    class Pasted(Message):
        """A list of this many hosts was pasted."""

        def __init__(self, hosts: int) -> None:
            super().__init__()
            self.hosts = hosts

    def __init__(self, words: Callable[[], Iterable[str]] = tuple) -> None:
        super().__init__(placeholder=EXAMPLE, tab_behavior="focus", highlight_cursor_line=False, compact=True, soft_wrap=True)
        self.words = words
        self.asked: list[str] = []
        self._at = 0
        self._draft = ""

    @property
    def value(self) -> str:
        return self.text

    @value.setter
    def value(self, text: str) -> None:
        self.load_text(text)
        self.move_cursor(self.document.end)

    def remember(self, questions: Iterable[str]) -> None:
        """Earlier questions, the oldest first, before those that were asked here."""
        mine = self.asked
        self.asked = [*dict.fromkeys([*questions, *mine])][-MOST_KEPT:]
        self._at = len(self.asked)

    def take(self) -> str:
        """The text, which is remembered and taken out of the line."""
        text = self.value.strip()
        if text and self.asked[-1:] != [text]:
            self.asked.append(text)
        self._at, self._draft = len(self.asked), ""
        self.value = ""
        return text

    def action_submit(self) -> None:
        self.post_message(self.Submitted())

    def action_newline(self) -> None:
        self.insert("\n")

    def action_earlier(self, step: int) -> None:
        """Walk through what was asked before; what was being written waits at the end. Within several lines the cursor moves."""
        row, last = self.cursor_location[0], self.document.line_count - 1
        if (step < 0 < row) or (step > 0 and row < last):
            self.move_cursor_relative(rows=step)
            return
        if not 0 <= self._at + step <= len(self.asked):
            return
        if self._at == len(self.asked):
            self._draft = self.value
        self._at += step
        self.value = self._draft if self._at == len(self.asked) else self.asked[self._at]

    def action_complete(self) -> None:
        """Take the suggestion; without one, go to the ▸ lines of the latest question."""
        if self.suggestion:
            self.insert(self.suggestion)
        else:
            self.post_message(self.LinesWanted())

    def update_suggestion(self) -> None:
        """The rest of the word at the end, where one that is known begins so."""
        found = _WORD.search(self.text) if len(self.text) < 4000 and self.cursor_location == self.document.end else None
        self.suggestion = rest(found[1], self.words()) if found else ""

    def on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.prevent_default()  # no new line: the binding asks
        elif event.key == "question_mark" and not self.value:
            event.prevent_default().stop()
            self.post_message(self.HelpWanted())

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted is one line, a list of hosts with commas between them."""
        event.prevent_default().stop()
        listed = hosts_of(event.text)
        self.replace(", ".join(listed) if listed else " ".join(event.text.split()), *self.selection)
        self.move_cursor(self.selection.end)
        if listed:
            self.post_message(self.Pasted(len(listed)))


def rest(begun: str, words: Iterable[str]) -> str:
    """What is missing of the first of the words that begins so; empty where none does, or the word is whole."""
    small = begun.lower()
    matching = [word for word in words if word.lower().startswith(small)]
    return "" if begun in matching or not matching else matching[0][len(begun) :]


def hosts_of(text: str) -> list[str]:
    """The hosts of a pasted list, one a line or more; nothing where a line is anything else, or there is only one."""
    lines = [line.strip().rstrip(",;") for line in text.splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    return list(dict.fromkeys(found)) if len(found) > 1 and all(map(_is_target, found)) else []


def _is_target(text: str) -> bool:
    try:
        parse_target(text)
    except ValueError:
        return False
    return "." in text or ":" in text
