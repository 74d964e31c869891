"""One line for every call: who asked for what, which model planned it, who allowed it, and what came of it.

Append-only, JSON lines, readable by the user alone. A call that cannot be written down is not run.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from netassist.observations import Report
from netassist.toolbox import Call
from netassist.untrusted import as_text


class Entry(msgspec.Struct, frozen=True):
    """`status` is the report's, or ``refused``; `allowed_by` names who said yes.

    `commands` are the programs that were run, with their arguments; `digest` is the SHA-256 of the report's JSON.
    """

    time: datetime
    user: str
    request: str
    planned_by: str
    call: Call
    allowed_by: str
    status: str
    message: str | None = None
    commands: tuple[tuple[str, ...], ...] = ()
    digest: str | None = None


class JournalError(OSError):
    """The journal cannot be written; the message says where and what to do."""


class Journal:
    """The journal in `folder`/journal.jsonl."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.jsonl"

    def open(self) -> None:
        """Make sure that entries can be written; raises JournalError."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(self._descriptor())
        except OSError as error:
            raise JournalError(
                f"{self.path}: cannot be written ({error.strerror}), and no call is run without its journal line; "
                "set XDG_STATE_HOME to a folder that can be"
            ) from None

    def write(self, entry: Entry) -> None:
        """Append one entry in a single write, so that several processes may share the file; raises JournalError."""
        try:
            descriptor = self._descriptor()
            try:
                os.write(descriptor, msgspec.json.encode(entry) + b"\n")
            finally:
                os.close(descriptor)
        except OSError as error:
            raise JournalError(f"{self.path}: cannot be written: {error.strerror}") from None

    def _descriptor(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def entry(request: str, planned_by: str, call: Call, allowed_by: str, outcome: Report | str) -> Entry:
    """An entry about a call that was run (its report) or refused (why)."""
    user = os.environ.get("USER") or str(os.getuid())
    facts = (datetime.now(UTC), user, as_text(request, 2000), planned_by, call, allowed_by)
    if isinstance(outcome, str):
        return Entry(*facts, "refused", outcome)
    digest = hashlib.sha256(msgspec.json.encode(outcome)).hexdigest()
    error = outcome.error.message if outcome.error else None
    return Entry(*facts, outcome.status, error, tuple(_commands(outcome)), digest)


def _commands(report: Report) -> Iterator[tuple[str, ...]]:
    """The commands of a report and, where it is an audit, of the reports inside it."""
    if command := getattr(report, "command", ()):
        yield tuple(command)
    for host in getattr(report, "hosts", ()):
        for inner in getattr(host, "reports", ()):
            yield from _commands(inner)
