"""A window in which something is written: a file's name, a reason, a list of hosts."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static, TextArea

from netassist.tui.styled import styled
from netassist.untrusted import as_text


class Written(ModalScreen[str | None]):
    """Dismissed with the text, or None. `wrong` says what is wrong with a text, and keeps the window open."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "None", show=False),
        Binding("ctrl+s", "take", "Take it", show=False),
    ]

    def __init__(
        self, title: str, *, text: str = "", value: str = "", lines: bool = False, wrong: Callable[[str], str] = lambda _: ""
    ) -> None:
        super().__init__()
        self._title, self._text, self._value, self._lines, self._wrong = title, text, value, lines, wrong

    def compose(self) -> ComposeResult:
        with Vertical(classes="window"):
            yield Static(styled((self._title, "title")), markup=False)
            if self._text:
                yield Static(Content(self._text), markup=False, classes="text")
            if self._lines:
                yield TextArea(self._value, tab_behavior="focus", compact=True)
            else:
                yield Input(self._value, compact=True)
            yield Static(markup=False, id="wrong")
            end = "Ctrl-S" if self._lines else "Enter"
            yield Static(styled((f"{end} takes it, Esc leaves", "dim")), markup=False)

    def on_mount(self) -> None:
        self.query_one("TextArea, Input").focus()

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.action_take()

    def on_paste(self, event: events.Paste) -> None:
        event.stop()

    def action_take(self) -> None:
        text = self.query_one(TextArea).text if self._lines else self.query_one(Input).value
        if problem := self._wrong(text):
            self.query_one("#wrong", Static).update(styled((as_text(problem, 400), "bad")))
        else:
            self.dismiss(text)
