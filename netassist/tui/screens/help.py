"""Help for where the person is: its keys, those that work everywhere, and examples that can be taken over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from netassist.tui.styled import styled

EXAMPLES = (
    "which ports are open on 127.0.0.1?",
    "is 127.0.0.1 up?",
    "does 127.0.0.1 accept connections on port 22?",
    "show the certificate of www.example.org",
    "is www.example.org quantum safe?",
    "which mail servers does example.org have?",
    "check the security headers of https://www.example.org/",
    "run a comprehensive security audit of 127.0.0.1",
)
KEYS = (
    ("Enter", "ask; on a ▸ line, unfold it"),
    ("Tab", "complete a word; else go to the latest ▸ lines, Esc back"),
    ("↑ ↓  Ctrl-R", "earlier questions; look through all of them"),
    ("Ctrl-J", "a new line in the question"),
    ("Alt-1 … Alt-7", "the rooms; or Esc, then 1 to 7; Ctrl-PgDn the next"),
    ("Ctrl-P", "every command, by typing a part of it"),
    ("Ctrl-O", "go on with a stored session"),
    ("Ctrl-E", "export what is seen"),
    ("x on a ▸ call", "cancel that one; y copies it, c its command"),
    ("Esc, Ctrl-C", "in the question: cancel, and show what is known"),
    ("Ctrl-L", "clear the view and begin anew"),
    ("F2", "dark, light, high contrast"),
    ("Ctrl-Q", "quit; so does Ctrl-C twice"),
)
Line = tuple[str, str, str]


class Help(ModalScreen[str | None]):
    """Dismissed with the chosen example, or None. In a room its keys stand in the place of the examples."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,q,question_mark", "dismiss(None)", "Close", show=False),
    ]

    def __init__(self, room: str = "", does: str = "", keys: Sequence[Line] = ()) -> None:
        super().__init__()
        self._room, self._does, self._keys = room, does, tuple(keys)

    def compose(self) -> ComposeResult:
        with Vertical(id="help"):
            if self._keys:
                with VerticalScroll():
                    yield Static(self._of_room(), markup=False)
                return
            yield Static(styled(("Ask in plain words; Enter takes an example over", "title")), markup=False)
            yield OptionList(*(Option(Content(example)) for example in EXAMPLES), markup=False, compact=True)
            yield Static(written(KEYS), markup=False)

    def _of_room(self) -> Content:
        title = styled((f"{self._room}\n", "title"), (f"{self._does}.\n", "plain"))
        wide = max(len(key) for key, _, _ in self._keys) + 2
        lines = [
            styled((f"{key:<{wide}}", "accent"), (f"{meaning:<26}", "plain"), (f" {id}", "dim"))
            for key, meaning, id in self._keys
        ]
        below = styled(('\nThe names at the right take other keys in tui.toml: [keys] "findings.group" = "ctrl+g"', "dim"))
        return Content("\n").join([title, *lines, below])

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(EXAMPLES[event.option_index])


def written(keys: Sequence[tuple[str, str]]) -> Content:
    return Content("\n").join([styled((f"{key:<15}", "accent"), (meaning, "plain")) for key, meaning in keys])
