"""What a person has said yes to: once, for the session, or always for a tool and its target; the last are kept."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from netassist.scope import spelled
from netassist.targets import parse_network
from netassist.toolbox import Call, Risk, Value, targets_of


class Approval(msgspec.Struct, frozen=True):
    """A person's answer. ``edit`` brings the call as the person changed it, which passes the gate anew and is asked about."""

    answer: Literal["no", "once", "session", "always", "edit"]
    edited: Call | None = None


class Kept(msgspec.Struct, frozen=True):
    """A yes that is kept: to calls of this tool, of this risk tier, on these targets.

    `arguments` are the call's where it has no target, and then have to be the same.
    """

    tool: str
    risk: Risk
    targets: tuple[str, ...]
    arguments: dict[str, Value] = {}
    since: datetime | None = None

    def is_for(self, other: Kept) -> bool:
        """Whether it says yes to what `other` would."""
        mine = self.tool, self.risk, self.targets, self.arguments
        return mine == (other.tool, other.risk, other.targets, other.arguments)

    def __str__(self) -> str:
        aim = ", ".join(self.targets) or ", ".join(f"{key}={value!r}" for key, value in self.arguments.items()) or "no target"
        return f"{self.tool} ({self.risk}) on {aim}"


class ApprovalsError(OSError):
    """What is kept cannot be read or written; the message says where and what to do."""


class Approvals:
    """`tiers` are those approved beforehand; `folder` is where a yes for always is kept, none where it is None."""

    def __init__(self, tiers: frozenset[Risk] = frozenset(), folder: Path | None = None) -> None:
        self.tiers = tiers
        self._session: list[Kept] = []
        self._file = folder / "approvals.json" if folder is not None else None

    def given(self, call: Call, risk: Risk) -> str | None:
        """Who has allowed such a call beforehand, in words for the journal; None where nobody has. Raises ApprovalsError."""
        if risk in self.tiers:
            return f"--approve {risk}"
        wanted = _kept(call, risk)
        if any(kept.is_for(wanted) for kept in self._session):
            return "a yes on the terminal, given for the session"
        kept = next((kept for kept in self.kept() if kept.is_for(wanted)), None)
        return f"a yes on the terminal, given for always{f' on {kept.since:%Y-%m-%d}' if kept.since else ''}" if kept else None

    def keep(self, call: Call, risk: Risk, approval: Approval) -> None:
        """Remember a yes for the session or for always. Raises ApprovalsError."""
        wanted = _kept(call, risk)
        if approval.answer == "session" or (approval.answer == "always" and self._file is None):
            self._session.append(wanted)
        elif approval.answer == "always":
            with self._alone():
                self._write([*self.kept(), msgspec.structs.replace(wanted, since=datetime.now(UTC).replace(microsecond=0))])

    def kept(self) -> tuple[Kept, ...]:
        """Every yes for always, the oldest first. Raises ApprovalsError."""
        if self._file is None:
            return ()
        try:
            with self._file.open("rb") as file:
                found = os.fstat(file.fileno())
                if found.st_mode & 0o022 or found.st_uid != os.getuid():
                    raise ApprovalsError(
                        f"{self._file}: others may write to it, so nothing in it counts; "
                        "look through it, then: chown it to yourself, chmod 600"
                    )
                return msgspec.json.decode(file.read(2**22), type=tuple[Kept, ...])
        except FileNotFoundError:
            return ()
        except msgspec.DecodeError as error:
            raise ApprovalsError(f"{self._file}: is no list of approvals ({error}); remove it, and approve anew") from None
        except OSError as error:
            if isinstance(error, ApprovalsError):
                raise
            raise ApprovalsError(f"{self._file}: cannot be read: {error.strerror}") from None

    def revoke(self, numbers: frozenset[int] | None) -> tuple[Kept, ...]:
        """Forget those with these numbers (from 1, in the order of `kept`), or all; what was forgotten. Raises ApprovalsError."""
        with self._alone():
            every = self.kept()
            gone = [place for place in range(len(every)) if numbers is None or place + 1 in numbers]
            self._write([kept for place, kept in enumerate(every) if place not in gone])
        return tuple(every[place] for place in gone)

    def _write(self, kept: list[Kept]) -> None:
        """The whole list, put in place at once."""
        assert self._file is not None  # noqa: S101 - nothing is kept without a file
        fresh = self._file.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(kept)) + b"\n")
        os.replace(fresh, self._file)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        assert self._file is not None  # noqa: S101
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = self._file.with_suffix(".lock")
            with os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "rb") as held:
                fcntl.flock(held, fcntl.LOCK_EX)
                yield
        except OSError as error:
            if isinstance(error, ApprovalsError):
                raise
            raise ApprovalsError(f"{self._file}: cannot be written: {error.strerror}") from None


def _kept(call: Call, risk: Risk) -> Kept:
    targets = targets_of(call)
    written = tuple(str(area) if (area := parse_network(target)) is not None else spelled(target) for target in targets)
    return Kept(call.name, risk, written, {} if targets else dict(call.arguments))
