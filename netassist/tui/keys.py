"""Every binding of the terminal UI, by what it belongs to: what help lists and what tui.toml can change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from textual.binding import Binding

if TYPE_CHECKING:
    from textual.app import App
    from textual.dom import DOMNode


def every_binding() -> Iterator[Binding]:
    """The bindings of the app, of each room, and of what stands in the conversation."""
    from netassist.tui.app import NetAssistApp
    from netassist.tui.rooms import DOORS, made
    from netassist.tui.rooms.ask import Ask
    from netassist.tui.rooms.room import Room
    from netassist.tui.widgets.fold import FoldTitle
    from netassist.tui.widgets.prompt import Prompt

    rooms: list[type[DOMNode]] = [type(made(door)) for door in DOORS if door.of]
    for kind in (NetAssistApp, Ask, Prompt, FoldTitle, Room, *rooms):
        for each in kind.__dict__.get("BINDINGS", ()):
            if isinstance(each, Binding):
                yield each


def said(app: App[None], binding: Binding) -> str:
    """The keys of a binding as a person reads them, with what tui.toml says."""
    keys = getattr(app, "_keymap", {}).get(binding.id or "", binding.key)
    return " ".join(_written(key.strip()) for key in keys.split(",")[:2])


_NAMES = {
    "escape": "Esc", "slash": "/", "question_mark": "?", "pageup": "PgUp", "pagedown": "PgDn", "enter": "Enter", "tab": "Tab",
    "up": "↑", "down": "↓", "delete": "Del", "left_square_bracket": "[", "right_square_bracket": "]", "ctrl+j": "Ctrl-J",
}  # fmt: skip


def _written(key: str) -> str:
    if key in _NAMES:
        return _NAMES[key]
    *modifiers, last = key.split("+")
    shown = _NAMES.get(last, last.upper() if len(last) > 1 or modifiers else last)
    return "-".join([*(modifier.capitalize() for modifier in modifiers), shown])


def here(app: App[None], nodes: Sequence[type[object]]) -> list[tuple[str, str, str]]:
    """The keys, the meaning and the id of the bindings of these classes."""
    found = []
    for node in nodes:
        for each in node.__dict__.get("BINDINGS", ()):
            if isinstance(each, Binding) and each.description and (each.id or "").split(".")[-1][:5] != "enter":
                found.append((said(app, each), each.description, each.id or ""))
    return found
