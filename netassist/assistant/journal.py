"""One line for every call: who asked for what, which model planned it, who allowed it, and what came of it.

Append-only, JSON lines, readable by the user alone, each chained to the one before (see `chain`). A call that cannot
be written down is not run.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar

import msgspec

from netassist.assistant.chain import Head, head_of, linked, next_file
from netassist.observations import Report
from netassist.toolbox import Call, Value
from netassist.untrusted import as_text, without_secrets

T = TypeVar("T")

LARGEST = 16 * 2**20
"""Bytes after which the journal is continued in a new file; the full one is kept as journal.000001.jsonl, and so on."""
_PATIENCE = 5.0
"""Seconds to wait for another process that writes."""


class Entry(msgspec.Struct, frozen=True):
    """`status` is the report's, or ``refused``, or ``begun``; `allowed_by` names who said yes.

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
    """The journal in `folder`/journal.jsonl; `largest` as `LARGEST`."""

    def __init__(self, folder: Path, largest: int = LARGEST) -> None:
        self.path, self._largest = folder / "journal.jsonl", largest

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

    def write(self, entry: Entry) -> Head:
        """Append one entry, chained to the last, whichever process wrote that; its head. Raises JournalError."""
        try:
            with self._alone():
                previous, loose = head_of(self.path.parent)
                if self.path.exists() and self.path.stat().st_size >= self._largest:
                    os.rename(self.path, next_file(self.path.parent))
                end = b"\n" if loose and not loose.endswith(b"\n") else b""
                head, line = linked(msgspec.json.encode(entry), previous, loose + end)
                self._append(end + line)
                return head
        except OSError as error:
            raise JournalError(f"{self.path}: cannot be written: {error.strerror or error}") from None

    def changed(self, call: Call, by: str, through: str, work: Callable[[], T], done: Callable[[T], bool] = lambda _: True) -> T:
        """What `work` gives: a change that no tool makes. Where it is `done`, it is entered who made it, through what.

        Raises JournalError, before anything is done where nothing can be written; and what `work` does.
        """
        self.open()
        given = work()
        if done(given):
            self.write(change(call.name.replace("_", " "), by, call, through))
        return given

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock that every writer takes; it ends with the process."""
        descriptor = os.open(self.path.with_name("journal.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            until = monotonic() + _PATIENCE
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if monotonic() > until:
                        raise OSError(0, "another process holds journal.lock; end it, and ask again") from None
                    sleep(0.002)
            yield
        finally:
            os.close(descriptor)

    def _append(self, data: bytes) -> None:
        """All of `data`, or as much as fits: what a full disk leaves is a torn line, which the next entry says."""
        descriptor = self._descriptor()
        try:
            while data:
                data = data[os.write(descriptor, data) :]
        finally:
            os.close(descriptor)

    def _descriptor(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def entry(request: str, planned_by: str, call: Call, allowed_by: str, outcome: Report | str | None) -> Entry:
    """An entry about a call that was run (its report), refused (why), or is about to be run (None). Secrets are masked.

    What needs a person's yes has a line of the last kind before it is run, so that a crash in the middle hides none of it.
    """
    facts = _facts(request, planned_by, call, allowed_by)
    if outcome is None:
        return Entry(*facts, "begun")
    if isinstance(outcome, str):
        return _refused(facts, outcome)
    digest = hashlib.sha256(msgspec.json.encode(outcome)).hexdigest()
    error = _kept(outcome.error.message, 2000) if outcome.error else None
    return Entry(*facts, outcome.status, error, tuple(_commands(outcome)), digest)


def change(request: str, wanted_by: str, call: Call, allowed_by: str, trouble: str = "") -> Entry:
    """An entry about a change of what is watched, or of the daemon: made, or refused because of `trouble`. Secrets are masked."""
    facts = _facts(request, wanted_by, call, allowed_by)
    return _refused(facts, trouble) if trouble else Entry(*facts, "ok")


_Facts = tuple[datetime, str, str, str, Call, str]


def _facts(request: str, planned_by: str, call: Call, allowed_by: str) -> _Facts:
    return datetime.now(UTC), _user(), _kept(request, 2000), _kept(planned_by, 200), _masked(call), _kept(allowed_by, 500)


def _refused(facts: _Facts, why: str) -> Entry:
    return Entry(*facts, "refused", _kept(why, 2000))


def _user() -> str:
    """Who runs this, as the password database says; the environment may say anything."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _kept(text: str, limit: int) -> str:
    return as_text(without_secrets(text), limit)


def _masked(call: Call) -> Call:
    arguments: dict[str, Value] = {
        as_text(name, 64): _kept(value, 2000) if isinstance(value, str) else value for name, value in call.arguments.items()
    }
    return Call(as_text(call.name, 64), arguments)


def _commands(report: Report) -> Iterator[tuple[str, ...]]:
    """The commands of a report and, where it is an audit, of the reports inside it."""
    if command := getattr(report, "command", ()):
        yield tuple(without_secrets(word) for word in command)
    for host in getattr(report, "hosts", ()):
        for inner in getattr(host, "reports", ()):
            yield from _commands(inner)
