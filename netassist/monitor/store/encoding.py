"""Values as rows have them: JSON for what is read whole, and texts that every database takes."""

from __future__ import annotations

import hashlib
from typing import TypeVar

import msgspec

from netassist.monitor.store.trouble import StoreTrouble
from netassist.untrusted import as_text

T = TypeVar("T", bound=msgspec.Struct)

_LONGEST = 500
"""Characters of a result's message."""


def encoded(value: msgspec.Struct) -> str:
    """JSON; what is no Unicode (half a surrogate pair) as a question mark."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(_mended(msgspec.to_builtins(value))).decode()


def decoded(body: str, type: type[T], where: str) -> T:
    """Raises StoreTrouble where the row is no such value."""
    try:
        return msgspec.json.decode(body, type=type)
    except (msgspec.DecodeError, ValueError) as error:
        raise StoreTrouble("corrupt", f"{where}: a {type.__name__.lower()} cannot be read ({error}); restore a backup") from None


def message(text: str) -> str | None:
    return as_text(text, _LONGEST) if text else None


def mark(body: str) -> int:
    """63 bits that tell one event from another."""
    return int.from_bytes(hashlib.blake2b(body.encode(), digest_size=8).digest(), "big") >> 1


def _mended(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mended(item) for item in value]
    return value
