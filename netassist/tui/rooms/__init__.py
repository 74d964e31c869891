"""The rooms, in the order of their tabs; each is one module, imported when it is first entered."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from netassist.tui.rooms.room import Room


class Door(NamedTuple):
    """`id` names the room in bindings and commands; `does` says what it is for."""

    id: str
    title: str
    does: str
    of: str


ASK = "ask"
DOORS = (
    Door(ASK, "Ask", "Ask in plain words; answers are measured", ""),
    Door("targets", "Targets", "Your hosts and those that were looked at, with what is known of them", "Targets"),
    Door("findings", "Findings", "What was found, in all sessions", "Findings"),
    Door("certificates", "Certificates", "When certificates expire, and what a quantum computer breaks", "Certificates"),
    Door("monitor", "Monitor", "What is watched, how it stands, and open alerts", "Monitor"),
    Door("models", "Models", "Which models plan, and what they have used", "Models"),
    Door("journal", "Journal", "Every call: who allowed it, what came of it", "JournalRoom"),
)


def made(door: Door) -> Room:
    """The room behind a door."""
    module = importlib.import_module(f"netassist.tui.rooms.{door.id}")
    return cast("Room", getattr(module, door.of)())
