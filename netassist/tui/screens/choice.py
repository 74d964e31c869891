"""One of several, found by typing: earlier questions, stored sessions, yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from netassist.tui.styled import styled
from netassist.untrusted import as_text

MOST = 200


class Offer(NamedTuple):
    """What is picked, how it is shown, and what stands beside it."""

    id: str
    text: str
    beside: str = ""


class Choice(ModalScreen[str | None]):
    """Dismissed with the id of what was picked, or None; with `search` the list is narrowed by what is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "None", show=False),
        Binding("down", "step(1)", show=False),
        Binding("up", "step(-1)", show=False),
    ]

    def __init__(self, title: str, offers: Sequence[Offer], *, text: str = "", search: bool = True) -> None:
        super().__init__()
        self._title, self._offers, self._text, self._search = title, tuple(offers), text, search
        self._shown: list[Offer] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="window"):
            yield Static(styled((self._title, "title")), markup=False)
            if self._text:
                yield Static(Content(self._text), markup=False, classes="text")
            field = Input(placeholder="Words to look for", compact=True)
            field.display = self._search
            yield field
            yield OptionList(markup=False, compact=True)
            yield Static(styled(("Enter takes it, Esc leaves", "dim")), markup=False)

    def on_mount(self) -> None:
        self._fill("")
        (self.query_one(Input) if self._search else self.query_one(OptionList)).focus()

    def _fill(self, words: str) -> None:
        wanted = words.casefold().split()
        self._shown = [each for each in self._offers if all(word in f"{each.text} {each.beside}".casefold() for word in wanted)][
            :MOST
        ]
        options = self.query_one(OptionList)
        options.clear_options()
        for each in self._shown:
            beside = f"  {as_text(each.beside, 100)}" if each.beside else ""
            options.add_option(Option(styled((as_text(each.text, 300), "plain"), (beside, "dim"))))
        options.highlighted = 0 if self._shown else None

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._fill(event.value)

    @on(Input.Submitted)
    def _entered(self) -> None:
        self._take(self.query_one(OptionList).highlighted)

    @on(OptionList.OptionSelected)
    def _picked(self, event: OptionList.OptionSelected) -> None:
        self._take(event.option_index)

    def _take(self, place: int | None) -> None:
        if place is not None and place < len(self._shown):
            self.dismiss(self._shown[place].id)

    def action_step(self, step: int) -> None:
        options = self.query_one(OptionList)
        if self._shown:
            options.highlighted = ((options.highlighted or 0) + step) % len(self._shown)
