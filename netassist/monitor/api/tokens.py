"""Tokens for the API: drawn at random, shown once, and kept only as salted hashes."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from netassist.monitor.store import Token

Right = Literal["read", "write", "ask"]
"""Read what is known; change what is watched, and acknowledge; let the assistant measure what a question names."""
RIGHTS: tuple[Right, ...] = get_args(Right)
MOST = 100
"""Tokens that are kept: each request is held against all of them."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SALT, _SECRET = 16, 32
"""Bytes. A secret of 256 random bits cannot be guessed, so that one round of a keyed hash is enough."""


def checked_name(name: str) -> str:
    """The name itself; raises ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name[:80]!r} is no name for a token; letters, digits, '.', '_' and '-' make one, 64 at most")
    return name


def minted() -> tuple[str, str]:
    """A new token, and what is kept of it."""
    secret = f"na_{secrets.token_urlsafe(_SECRET)}"
    salt = secrets.token_bytes(_SALT)
    return secret, f"blake2b${salt.hex()}${_hashed(secret, salt)}"


def owner(secret: str, tokens: Iterable[Token]) -> Token | None:
    """Whose token it is. Takes the same time for whichever of them, and for none."""
    found = None
    for token in tokens:
        if _matches(secret, token.hash) and found is None:
            found = token
    return found


def _matches(secret: str, kept: str) -> bool:
    kind, _, rest = kept.partition("$")
    salt, _, hashed = rest.partition("$")
    try:
        known = kind == "blake2b" and hmac.compare_digest(_hashed(secret, bytes.fromhex(salt)), hashed)
    except ValueError:
        return False
    return known


def _hashed(secret: str, salt: bytes) -> str:
    return hashlib.blake2b(secret.encode("utf-8", "replace"), key=salt, digest_size=32).hexdigest()
