"""Watches as monitor.toml has them; what is written so is read back the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from netassist.monitor.validity import is_measured
from netassist.monitor.watch import Watch

if TYPE_CHECKING:
    from netassist.monitor.store.values import Window

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def exported(watches: Sequence[Watch], windows: Sequence[Window] = ()) -> str:
    """TOML of all watches and maintenance windows, wherever they came from, in the order of their keys."""
    tables = [_table("watch", _watch(watch)) for watch in sorted(watches, key=lambda watch: watch.key)]
    tables += [_table("maintenance", _window(window)) for window in sorted(windows, key=lambda window: window.name)]
    return "\n".join(tables)


def _watch(watch: Watch) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(watch)
    limits = {name: value for name, value in plain.pop("limits", {}).items() if is_measured(name, watch.check)}
    plain |= {"limits": limits} if limits else {}
    return {name: value for name, value in plain.items() if name != "source" and value not in ({}, [])}


def _window(window: Window) -> dict[str, Any]:
    times = {name: datetime.fromtimestamp(value, UTC) for name, value in (("starts", window.starts), ("ends", window.ends))}
    more: dict[str, Any] = {"watches": window.watches} if window.watches else {}
    return {"name": window.name, **times, **more, **({"weekly": True} if window.weekly else {})}


def _table(name: str, values: Mapping[str, Any]) -> str:
    return "\n".join([f"[[{name}]]", *(f"{_key(key)} = {_value(value)}" for key, value in values.items())]) + "\n"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(str(key))} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    return _text(value) if isinstance(value, str) else repr(value)


def _text(value: str) -> str:
    return '"' + "".join(_escaped(value)) + '"'


def _escaped(value: str) -> Iterator[str]:
    for character in value:
        plain = character.isprintable() or ord(character) > 0x9F
        yield _ESCAPES.get(character) or (character if plain else f"\\u{ord(character):04x}")
