"""Going on where a file of audits ends: what of it stays, and what is audited again."""

from __future__ import annotations

from pathlib import Path

import msgspec

from netassist.cli.estate.targets import WHOLE
from netassist.cli.many.auditor import INTERRUPTED
from netassist.cli.many.hosts import Place, key
from netassist.cli.many.resume import read, sifted
from netassist.observations import Endpoint, Failure, Status

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

    def stays(line: bytes, where: str) -> bool:
        if not line.strip():
            return False
        seen = read(line, where, _Seen, "netassist/audit/", "no result of netassist audit")
        if not isinstance(seen.target, Endpoint) or _again(seen):
            return False
        kept.add(key(Place(seen.target.host, seen.target.port or WHOLE)))
        return True

    sifted(file, stays)
    return frozenset(kept)


def _again(seen: _Seen) -> bool:
    error = seen.error
    if error is None:
        return False
    return error.message.endswith(f": {INTERRUPTED}") or (seen.status == "failed" and error.kind in _PASSING)
