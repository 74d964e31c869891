"""May this call be run? Yes once, for the session, always for this tool and target, or no; no is what happens by itself.

With e the arguments are edited first; the edited call is checked and asked about anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from netassist.assistant.approvals import Approval as Decision
from netassist.targets import parse_network
from netassist.toolbox import Call, InvalidCall, Risk, from_words, targets_of, tools
from netassist.tui.styled import styled
from netassist.untrusted import as_text

RISKS: Mapping[Risk, str] = {
    "passive": "Passive: it only looks things up.",
    "active": "Active: it connects to the target as any client would.",
    "intrusive": "Intrusive: it may disturb what it scans, and its owner may take it for an attack.",
    "change": "A change: something set up earlier is altered or removed.",
}
Answer = Literal["no", "once", "session", "always"]
CALM = 0.5
"""Seconds without a key before the answer counts, so that a letter of a half-typed question is not taken for one."""


class Approval(ModalScreen[Decision]):
    """Dismissed with the decision; `why` is what was asked for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "decide('once')", "Yes", show=False),
        Binding("s", "decide('session')", "For the session", show=False),
        Binding("a", "decide('always')", "Always", show=False),
        Binding("e", "edit", "Edit the arguments", show=False),
        Binding("n,escape", "decide('no')", "No", show=False),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
    ]

    def __init__(self, call: Call, risk: Risk, why: str = "") -> None:
        super().__init__()
        self._call, self._risk, self._why = call, risk, why
        self.ready = self.editing = False

    def compose(self) -> ComposeResult:
        with Vertical(id="approval"):
            with VerticalScroll(can_focus=False):
                yield Static(question(self._call, self._risk, self._why), markup=False, id="question")
            with Vertical(id="edit"):
                for name, value in self._call.arguments.items():
                    with Horizontal(classes="argument"):
                        yield Label(Content(f"{as_text(name, 64)} "), markup=False)
                        yield Input(str(value), name=name, compact=True)
                yield Static(markup=False, id="wrong")
            with Horizontal(id="answers"):
                yield Button("No (n)", id="no", disabled=True, compact=True)
                yield Button("Once (y)", id="once", variant="warning", disabled=True, compact=True)
                yield Button("Session (s)", id="session", variant="warning", disabled=True, compact=True)
                yield Button("Always (a)", id="always", variant="warning", disabled=True, compact=True)
                yield Button("Edit (e)", id="change", disabled=True, compact=True)

    def on_mount(self) -> None:
        self.query_one("#edit").display = False
        self._calm = self.set_timer(CALM, self._listen)

    def on_key(self, event: events.Key) -> None:
        if not self.ready:
            event.stop()
            self._calm.reset()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.ready if action in ("decide", "edit") else True

    def action_decide(self, answer: Answer) -> None:
        if answer == "no" and self.editing:
            self._edit(False)
        else:
            self.dismiss(Decision(answer))

    def action_edit(self) -> None:
        if self._call.arguments:
            self._edit(True)

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        match event.button.id:
            case "change":
                self.action_edit()
            case "once" | "session" | "always" as answer:
                self.action_decide(answer)
            case _:
                self.action_decide("no")

    @on(Input.Submitted)
    def _edited(self) -> None:
        """The call as it is now written, where the tool takes it; the gate checks it again and asks about it."""
        words = {field.name or "": field.value.strip() for field in self.query(Input) if field.value.strip()}
        try:
            call = from_words(self._call.name, words)
        except InvalidCall as error:
            self.query_one("#wrong", Static).update(styled((str(error), "bad")))
            return
        if call == self._call:
            self._edit(False)
        else:
            self.dismiss(Decision("edit", call))

    def _edit(self, editing: bool) -> None:
        self.editing = editing
        self.query_one("#edit").display = editing
        self.query_one("#answers").display = not editing
        self.query_one("#question", Static).update(
            styled(("Edit, then Enter: the edited call is asked about again. Esc goes back.", "title"))
            if editing
            else question(self._call, self._risk, self._why)
        )
        if editing:
            self.query(Input).first().focus()
        else:
            self.query_one("#no").focus()

    def _listen(self) -> None:
        self.ready = True
        for button in self.query(Button):
            button.disabled = False
        self.query_one("#no").focus()


def question(call: Call, risk: Risk, why: str = "") -> Content:
    """The call, what it touches, what it does, how risky that is, and what it is for, in words."""
    rows = [styled(("Run this?\n", "title")), styled((as_text(call.name, 64), "title"))]
    rows += [styled((f"  {key} = ", "dim"), (as_text(str(value), 200), "plain")) for key, value in call.arguments.items()]
    rows += [Content("")]
    if touched := ", ".join(as_text(target, 100) for target in targets_of(call)):
        rows += [styled(("It touches ", "dim"), (touched, "title"))]
    rows += [styled((RISKS[risk], "warn")), styled((_does(call), "plain"))]
    if why:
        rows += [styled(("You asked: ", "dim"), (as_text(why, 300), "plain"))]
    rows += [styled(("Session and Always hold for this tool on this target; netassist scope approvals lists them.", "dim"))]
    return Content("\n").join(rows)


def _does(call: Call) -> str:
    tool = tools().get(call.name)
    what = [tool.description if tool else ""]
    if call.arguments.get("profile") == "vuln":
        ports = str(call.arguments.get("ports") or "")
        which = f"those of the ports {as_text(ports, 60)} that are open" if ports else "every open port"
        what.append(f"With the profile vuln, Nmap's scripts try known weaknesses on {which}.")
    area = parse_network(str(call.arguments.get("target", "")))
    if area is not None and area.num_addresses > 1:
        what.append(f"The network has {area.num_addresses:,} addresses.")
    return " ".join(what)
