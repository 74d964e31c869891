"""What the commands that change or read the monitoring share: the store, the gate, the journal, and words for what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from netassist.cli.exits import CLEAN, INCOMPLETE, REFUSED, USAGE
from netassist.cli.told import told

if TYPE_CHECKING:
    from netassist.monitor.store import Store
    from netassist.observations import Report, Stopwatch
    from netassist.toolbox import Value

T = TypeVar("T")
Work = Callable[["Store", float, "Stopwatch"], T]
"""Something done with the store, at a time (Unix seconds)."""
BY = "the command line"


class Change(NamedTuple):
    """A change of what is watched: the tool that makes the like, and what was written on the command line."""

    tool: str
    host: str
    check: str | None
    values: Mapping[str, object]


def shown(work: Work[Report], format: str) -> int:
    """Do something with the store and show its report."""
    from netassist.cli.output import show

    def done() -> int:
        report = in_store(work)
        show(report, format)
        return CLEAN if report.status == "ok" else INCOMPLETE

    return troubled(done)


def changed(change: Change, work: Work[Report], format: str, config: Path | None) -> int:
    """Make a change that the gate admits, and show its report; nothing is changed where the journal cannot be written."""
    from netassist.assistant.journal import Journal, entry
    from netassist.cli.output import show
    from netassist.configuration import state_folder
    from netassist.toolbox import Call

    def done() -> int:
        _admit(change, config)
        journal, call = Journal(state_folder()), Call(change.tool, written(host=change.host, check=change.check, **change.values))
        journal.open()
        report = in_store(work)
        journal.write(entry(f"monitor {call}", "the user", call, BY, report))
        show(report, format)
        return CLEAN if report.status == "ok" else INCOMPLETE

    return troubled(done)


def entered(name: str, values: Mapping[str, object], work: Callable[[], int]) -> int:
    """Make a change that no tool makes; `name` is what the journal calls it. It is entered where it was made."""
    from netassist.assistant.journal import Journal
    from netassist.configuration import state_folder
    from netassist.toolbox import Call

    return Journal(state_folder()).changed(Call(name, written(**values)), "the user", BY, work, lambda code: code == CLEAN)


def written(**values: object) -> dict[str, Value]:
    """What was given, as a call has it; several are one text."""
    given = {name: ", ".join(map(str, value)) if isinstance(value, tuple) else value for name, value in values.items()}
    return {
        name: value if isinstance(value, (str, int)) else str(value)
        for name, value in given.items()
        if value is not None and value != ""
    }


class Refusal(Exception):
    """The gate does not let it through."""


def _admit(change: Change, config: Path | None) -> None:
    """Scope and read-only mode as for the assistant; whoever types the command has approved it."""
    import asyncio

    from netassist.assistant.gate import Refused, admit
    from netassist.configuration import load
    from netassist.toolbox import Call

    async def nobody(call: Call, risk: str) -> bool:
        return False

    call = Call(change.tool, written(host=change.host, check=change.check))
    try:
        asyncio.run(admit(call, load(config), None, frozenset({"active", "change"}), nobody))
    except Refused as refused:
        kind = ValueError if refused.kind == "invalid" else Refusal
        raise kind(str(refused)) from None


def in_store(work: Work[T]) -> T:
    import time

    from netassist.monitor.plan_file import store_of
    from netassist.monitor.store import open_store
    from netassist.observations import Stopwatch

    stamp = Stopwatch()
    with open_store(store_of()) as store:
        return work(store, time.time(), stamp)


def troubled(work: Callable[[], int]) -> int:
    """The exit code; what went wrong is told in one line."""
    from netassist.monitor.client import Unheard
    from netassist.monitor.store import StoreTrouble
    from netassist.observations import Failed

    codes = {
        Refusal: REFUSED, Failed: USAGE, ValueError: USAGE, StoreTrouble: INCOMPLETE, OSError: INCOMPLETE, Unheard: INCOMPLETE,
    }  # fmt: skip
    return told(work, codes)


def seconds(length: str) -> int:
    """Whole seconds of ``5m``; raises ValueError."""
    from netassist.monitor.times import seconds_of

    found = seconds_of(int(length) if length.isdigit() else length)
    if found != int(found):
        raise ValueError(f"{length!r} is no whole number of seconds")
    return int(found)
