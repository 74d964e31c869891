"""Who asks: the user of this machine over the unix socket, a token over TCP, or somebody unknown."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from netassist.monitor.api.tokens import RIGHTS, owner

if TYPE_CHECKING:
    from netassist.monitor.store import Token

LONGEST = 400
"""Characters of a credential."""


class Caller(NamedTuple):
    """`name` says who it is, in logs and acknowledgements and to the limiter; `rights` are what it may do."""

    name: str
    rights: frozenset[str] = frozenset()

    @property
    def known(self) -> bool:
        return bool(self.rights)


def local(peer: str) -> Caller:
    """Who came over the unix socket, whose peer the kernel has vouched for."""
    return Caller(peer, frozenset(RIGHTS))


def remote(peer: str, authorization: str, tokens: Sequence[Token], *, reading: bool) -> Caller | None:
    """Who came over TCP; None where the credential is wrong.

    Args:
        reading: whether the request changes nothing. Only then may the token stand as the password of HTTP Basic, which browsers
            add by themselves, also to requests that other sites make them send.
    """
    secret = _secret(authorization, basic=reading)
    if not secret:
        return None if authorization else Caller(peer)
    token = owner(secret, tokens)
    return Caller(f"token {token.name}", frozenset(token.scopes)) if token is not None else None


def _secret(authorization: str, *, basic: bool) -> str:
    if len(authorization) > LONGEST:
        return ""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    if scheme.lower() != "basic" or not basic:
        return ""
    try:
        return base64.b64decode(given.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
