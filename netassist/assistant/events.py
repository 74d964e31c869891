"""What a conversation tells its listener while it works."""

from __future__ import annotations

import msgspec

from netassist.assistant.answers import Step
from netassist.network import Progress
from netassist.toolbox import Call


class Planned(msgspec.Struct, frozen=True):
    """Calls have been decided; each is checked by the gate before it runs.

    A request may be planned in several rounds. Its calls are numbered through; `first` is the number of the first of these.
    """

    calls: tuple[Call, ...]
    first: int = 0


class Started(msgspec.Struct, frozen=True):
    """The call numbered `index` has begun."""

    index: int
    call: Call


class Moved(msgspec.Struct, frozen=True):
    """How far the call numbered `index` is."""

    index: int
    progress: Progress


class Finished(msgspec.Struct, frozen=True):
    """The call numbered `index` is over: run, or refused."""

    index: int
    step: Step


Event = Planned | Started | Moved | Finished
