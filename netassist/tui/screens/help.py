"""Keys, and examples that can be taken over into the input line."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
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
    ("Tab", "go to the ▸ lines and back"),
    ("↑ ↓", "earlier questions"),
    ("Page keys", "scroll the conversation"),
    ("Esc, Ctrl-C", "cancel, and show what is known by then"),
    ("Ctrl-L", "clear the view and begin anew"),
    ("F2", "light or dark"),
    ("Ctrl-Q", "quit; so does Ctrl-C twice"),
)


class Help(ModalScreen[str | None]):
    """Dismissed with the chosen example, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q,question_mark", "dismiss(None)", "Close", show=False)]

    def compose(self) -> ComposeResult:
        with Vertical(id="help"):
            yield Static(styled(("Ask in plain words; Enter takes an example over", "title")), markup=False)
            yield OptionList(*(Option(Content(example)) for example in EXAMPLES))
            yield Static(_keys(), markup=False)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(EXAMPLES[event.option_index])


def _keys() -> Content:
    return Content("\n").join([styled((f"{key:<13}", "accent"), (meaning, "plain")) for key, meaning in KEYS])
