"""Going on where a file of audits ends: what of it stays, and what is audited again."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec

from netassist.cli.estate.auditing import INTERRUPTED
from netassist.cli.estate.targets import WHOLE
from netassist.cli.many.hosts import Place, key
from netassist.observations import Endpoint, Failure, Status
from netassist.toolbox import InvalidCall

_PASSING = ("timeout", "unreachable", "rate_limited")
"""Kinds of failure that may be over by now."""


class _Seen(msgspec.Struct, frozen=True):
    target: Endpoint | str
    status: Status
    schema: str
    error: Failure | None = None


def resumed(file: Path) -> frozenset[int]:
    """The keys (`many.hosts.key`) of the hosts whose audits stay in `file`.

    The last line is dropped where it was cut short, and so are audits that were interrupted or failed by what passes, and those
    of networks: they are made again.

    Raises:
        InvalidCall: a line is no audit; the message names it.
        OSError: the file cannot be read or written.
    """
    kept: set[int] = set()
    handle, name = tempfile.mkstemp(prefix=f".{file.name[:64]}.", dir=file.parent)
    try:
        with open(handle, "wb") as fresh, file.open("rb") as stored:
            os.fchmod(fresh.fileno(), os.fstat(stored.fileno()).st_mode & 0o777)
            for number, line in enumerate(stored, 1):
                if not line.endswith(b"\n") or not line.strip():
                    continue
                seen = _read(line, f"{file}:{number}")
                if isinstance(seen.target, Endpoint) and not _again(seen):
                    kept.add(key(Place(seen.target.host, seen.target.port or WHOLE)))
                    fresh.write(line)
        os.replace(name, file)
    except BaseException:
        os.unlink(name)
        raise
    return frozenset(kept)


def _read(line: bytes, where: str) -> _Seen:
    try:
        seen = msgspec.json.decode(line, type=_Seen)
    except msgspec.DecodeError:
        seen = None
    if seen is None or not seen.schema.startswith("netassist/audit/"):
        raise InvalidCall(f"{where}: no result of netassist audit; name another file")
    return seen


def _again(seen: _Seen) -> bool:
    error = seen.error
    if error is None:
        return False
    return error.message.endswith(f": {INTERRUPTED}") or (seen.status == "failed" and error.kind in _PASSING)
