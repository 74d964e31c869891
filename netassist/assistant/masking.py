"""Answers as they are stored: without what looks like a secret."""

from __future__ import annotations

import os
import re

from netassist.untrusted import without_secrets

MASK = "[secret]"

_NAMES = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD)$", re.IGNORECASE)
_HEADERS = frozenset({"set-cookie", "cookie", "authorization", "proxy-authorization", "www-authenticate", "x-api-key"})
_SHORTEST = 12
"""Characters of a value in the environment that is taken for a secret; shorter ones may be ordinary words."""


def masked(value: object) -> object:
    """A value of JSON without secrets: known by their shape, by the environment, or by the header that carries them."""
    return _masked(value, _of_environment())


def _of_environment() -> tuple[str, ...]:
    return tuple(value for name, value in os.environ.items() if _NAMES.search(name) and len(value) >= _SHORTEST)


def _masked(value: object, secrets: tuple[str, ...]) -> object:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, MASK)
        return without_secrets(value)
    if isinstance(value, dict):
        return {key: MASK if str(key).lower() in _HEADERS else _masked(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item, secrets) for item in value]
    return value
