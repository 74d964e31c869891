"""Going on where a list of reports ends: which servers are in it, and which of them are to be audited again."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Protocol, TypeVar

import msgspec

from netassist.cli.many.auditor import INTERRUPTED
from netassist.cli.many.hosts import Place, key
from netassist.observations import Endpoint, Failure, Status
from netassist.toolbox import InvalidCall

_PASSING = ("timeout", "unreachable")
"""Kinds of failure that may be over by now."""
_PART = 2**20


class _Written(Protocol):
    """What is read of a line, to know whose it is."""

    @property
    def schema(self) -> str: ...


_Line = TypeVar("_Line", bound=_Written)


class _Seen(msgspec.Struct, frozen=True):
    target: Endpoint
    status: Status
    error: Failure | None
    schema: str


def resumed(file: Path, starttls: str | None, *, addresses: bool) -> frozenset[int]:
    """The keys of the servers whose reports stay in `file`; with `addresses`, each of its address.

    The last line is dropped where it was cut short. So are reports that were interrupted, that failed by `timeout` or
    `unreachable`, and those of servers that limited the rate: they are measured again.

    Raises:
        InvalidCall: a line is no report of a TLS audit; the message names it.
        OSError: the file cannot be read or written.
    """
    kept: set[int] = set()

    def stays(line: bytes, where: str) -> bool:
        if not line.strip():
            return True
        seen = read(line, where, _Seen, "netassist/tls-audit/", "not a report of netassist tls -f jsonl")
        if _again(seen):
            return False
        if seen.target.starttls == starttls:
            place = Place(seen.target.host, seen.target.port or 0)
            kept.add(key(place, seen.target.address if addresses else None))
        return True

    sifted(file, stays)
    return frozenset(kept)


def sifted(file: Path, stays: Callable[[bytes, str], bool]) -> None:
    """Drop the lines of a file that do not stay, and a last one that was cut short.

    `stays` is given each line and where it stands (``file:3``). Nothing is written where all of them stay, and nothing is lost
    where it is interrupted.
    """
    dropped: list[tuple[int, int]] = []
    with file.open("r+b") as reports:
        end = 0
        for number, line in enumerate(reports, 1):
            begin, end = end, end + len(line)
            if not line.endswith(b"\n") or not stays(line, f"{file}:{number}"):
                dropped.append((begin, end))
        if dropped and dropped[0][0] + _size(dropped) == end:
            reports.truncate(dropped[0][0])
        elif dropped:
            _without(reports, dropped, file)


def read(line: bytes, where: str, kind: type[_Line], schema: str, otherwise: str) -> _Line:
    """A line as `kind`; raises InvalidCall, with `otherwise`, where its schema does not begin so."""
    try:
        seen = msgspec.json.decode(line, type=kind)
    except msgspec.DecodeError:
        seen = None
    if seen is None or not seen.schema.startswith(schema):
        raise InvalidCall(f"{where}: {otherwise}; name another file")
    return seen


def _again(seen: _Seen) -> bool:
    error = seen.error
    if error is None:
        return False
    interrupted = error.kind == "timeout" and error.message.endswith(f": {INTERRUPTED}")
    return interrupted or error.kind == "rate_limited" or (seen.status == "failed" and error.kind in _PASSING)


def _size(parts: list[tuple[int, int]]) -> int:
    return sum(end - begin for begin, end in parts)


def _without(reports: IO[bytes], dropped: list[tuple[int, int]], file: Path) -> None:
    """Write the file anew without these parts, and put it in the place of the old one when it is whole."""
    handle, name = tempfile.mkstemp(prefix=f".{file.name[:64]}.", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as fresh:
            os.fchmod(handle, os.fstat(reports.fileno()).st_mode & 0o777)
            at = 0
            for begin, end in [*dropped, (os.fstat(reports.fileno()).st_size, 0)]:
                reports.seek(at)
                while at < begin and (part := reports.read(min(_PART, begin - at))):
                    fresh.write(part)
                    at += len(part)
                at = end
        os.replace(name, file)
    except BaseException:
        os.unlink(name)
        raise
