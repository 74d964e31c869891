"""How a server agrees on keys, and what that is worth once quantum computers are there. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from netassist.tls.groups import Group, Kind

Verdict = Literal["safe", "available", "not_safe", "unknown"]
Preferred = Literal["server", "client_order", "classical"]
QUANTUM_SAFE: tuple[Kind, ...] = ("hybrid", "post_quantum")


class KeyExchange(msgspec.Struct, frozen=True):
    """`negotiated` is what a client in use gets: over TLS one that shares X25519MLKEM768 and X25519, over SSH OpenSSH 10.

    `confirmed`: a whole handshake was completed with it. `groups` are those that the server accepts: all post-quantum ones
    and, of TLS's classical ones, those that it was seen to select. None: not established.
    """

    negotiated: str | None = None
    kind: Kind | None = None
    confirmed: bool = False
    groups: tuple[Group, ...] = ()
    preferred: Preferred | None = None
    classical_accepted: bool | None = None


def quantum_verdict(negotiated: Kind | None, groups: Sequence[Group], complete: bool) -> Verdict:
    """`complete`: the groups are all that the server accepts."""
    if negotiated in QUANTUM_SAFE:
        return "safe"
    if any(group.kind in QUANTUM_SAFE for group in groups):
        return "available"
    return "not_safe" if complete else "unknown"
