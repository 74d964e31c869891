"""May this call be run? Yes once, for the session, always for this tool and target, or no; no is what happens by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, get_args

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from netassist.targets import parse_network
from netassist.toolbox import Call, Risk, tools
from netassist.tui.styled import styled
from netassist.untrusted import as_text

RISKS: Mapping[Risk, str] = {
    "passive": "Passive: it only looks things up.",
    "active": "Active: it connects to the target as any client would.",
    "intrusive": "Intrusive: it may disturb what it scans, and its owner may take it for an attack.",
    "change": "A change: something set up earlier is altered or removed.",
}
Answer = Literal["no", "once", "session", "always"]
ANSWERS: tuple[Answer, ...] = get_args(Answer)
CALM = 0.5
"""Seconds without a key before the answer counts, so that a letter of a half-typed question is not taken for one."""


class Approval(ModalScreen[Answer]):
    """Dismissed with the answer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "decide('once')", "Yes", show=False),
        Binding("s", "decide('session')", "For the session", show=False),
        Binding("a", "decide('always')", "Always", show=False),
        Binding("n,escape", "decide('no')", "No", show=False),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
    ]

    def __init__(self, call: Call, risk: Risk) -> None:
        super().__init__()
        self._call, self._risk = call, risk
        self.ready = False

    def compose(self) -> ComposeResult:
        with Vertical(id="approval"):
            with VerticalScroll(can_focus=False):
                yield Static(question(self._call, self._risk), markup=False)
            with Horizontal():
                yield Button("No (n)", id="no", disabled=True, compact=True)
                yield Button("Once (y)", id="once", variant="warning", disabled=True, compact=True)
                yield Button("Session (s)", id="session", variant="warning", disabled=True, compact=True)
                yield Button("Always (a)", id="always", variant="warning", disabled=True, compact=True)

    def on_mount(self) -> None:
        self._calm = self.set_timer(CALM, self._listen)

    def on_key(self, event: events.Key) -> None:
        if not self.ready:
            event.stop()
            self._calm.reset()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.ready if action == "decide" else True

    def action_decide(self, answer: Answer) -> None:
        self.dismiss(answer)

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.action_decide(next((answer for answer in ANSWERS if answer == event.button.id), "no"))

    def _listen(self) -> None:
        self.ready = True
        for button in self.query(Button):
            button.disabled = False
        self.query_one("#no").focus()


def question(call: Call, risk: Risk) -> Content:
    """The call, what it does and how risky that is, in words."""
    rows = [styled(("Run this?\n", "title")), styled((as_text(call.name, 64), "title"))]
    rows += [styled((f"  {key} = ", "dim"), (as_text(str(value), 200), "plain")) for key, value in call.arguments.items()]
    rows += [Content(""), styled((RISKS[risk], "warn")), styled((_does(call), "plain"))]
    rows += [styled(("Session and Always hold for this tool on this target; netassist scope approvals lists them.", "dim"))]
    return Content("\n").join(rows)


def _does(call: Call) -> str:
    tool = tools().get(call.name)
    what = [tool.description if tool else ""]
    if call.arguments.get("profile") == "vuln":
        what.append("With the profile vuln, Nmap's scripts try known weaknesses on every open port.")
    area = parse_network(str(call.arguments.get("target", "")))
    if area is not None and area.num_addresses > 1:
        what.append(f"The network has {area.num_addresses:,} addresses.")
    return " ".join(what)
