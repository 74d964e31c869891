"""Audit as code: the project file `netassist.toml` with targets, policies, exceptions, thresholds; mistakes have their lines."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from netassist.audit.exceptions import Exemption
from netassist.configuration import BadConfiguration, line_of
from netassist.observations import SEVERITIES
from netassist.scope import parse_rule
from netassist.targets import is_port_list
from netassist.untrusted import as_text

NAME = "netassist.toml"
LARGEST = 1 << 20
"""Bytes of a project file."""
LEVELS = (*SEVERITIES, "never")
_KINDS: Mapping[str, type] = {
    "targets": list,
    "ports": str,
    "policies": list,
    "baseline": str,
    "thresholds": dict,
    "exceptions": list,
}
_THRESHOLDS = ("fail_on", "fail_on_new")
_EXCEPTION = ("rule", "target", "reason", "expires")
_WORDS: Mapping[type, str] = {list: "a list of texts", str: "a text in quotation marks", dict: "a table"}


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """What the project file says; None and empty where it says nothing. `baseline` is found from the file's folder."""

    file: Path
    targets: tuple[str, ...] = ()
    ports: str | None = None
    policies: tuple[str, ...] = ()
    baseline: Path | None = None
    fail_on: str | None = None
    fail_on_new: str | None = None
    exceptions: tuple[Exemption, ...] = ()


def found(folder: Path) -> Path | None:
    """`netassist.toml` in the folder or in the nearest one above it."""
    return next((file for place in (folder, *folder.parents) if (file := place / NAME).is_file()), None)


def read(file: Path) -> Project:
    """The project in `file`. Raises BadConfiguration with the file, the line and what is wrong."""
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise BadConfiguration(f"{file}: larger than {LARGEST >> 20} MB; is it a project file?")
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadConfiguration(f"{file}: {error}") from None
    for line, wrong in _mistakes(raw, text):
        raise BadConfiguration(f"{file}:{f'{line}:' if line else ''} {as_text(wrong, 500)}")
    thresholds = raw.get("thresholds", {})
    return Project(
        file=file,
        targets=tuple(raw.get("targets", ())),
        ports=raw.get("ports"),
        policies=tuple(raw.get("policies", ())),
        baseline=file.parent / raw["baseline"] if "baseline" in raw else None,
        fail_on=thresholds.get("fail_on"),
        fail_on_new=thresholds.get("fail_on_new"),
        exceptions=tuple(Exemption(**held) for held in raw.get("exceptions", ())),
    )


_Mistakes = Iterator[tuple[int | None, str]]


def _mistakes(raw: Mapping[str, Any], text: str) -> _Mistakes:
    """The line, where it is known, and what is wrong there."""
    for key, value in raw.items():
        kind = _KINDS.get(key)
        if kind is None:
            yield line_of(text, (key,)), f"there is no setting {key!r}; there are {', '.join(_KINDS)}"
        elif key == "exceptions":
            yield from _wrong_exceptions(value, text)
        elif not _is_of(value, kind):
            yield line_of(text, (key,)), f"{key} must be {_WORDS[kind]}"
        elif key == "ports" and not is_port_list(value):
            yield line_of(text, (key,)), f"ports {value!r} is not a list such as 22,80,8000-8100"
        elif key == "policies":
            yield from ((line_of(text, ("", key, name)), wrong) for name in value if (wrong := unknown_policy(name)))
        elif key == "thresholds":
            yield from ((line_of(text, (key, name)), wrong) for name, wrong in _wrong_thresholds(value))


def _is_of(value: object, kind: type) -> bool:
    return isinstance(value, kind) and (not isinstance(value, list) or all(isinstance(item, str) for item in value))


def unknown_policy(name: str) -> str | None:
    """What to say where no policy has this name."""
    from netassist.tls.policies import policies

    return None if name in policies() else f"there is no policy {name!r}; there are {', '.join(policies())}"


def _wrong_thresholds(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, level in table.items():
        if name not in _THRESHOLDS:
            yield name, f"[thresholds] there is no setting {name!r}; there are {', '.join(_THRESHOLDS)}"
        elif level not in LEVELS:
            yield name, f"[thresholds] {name} must be one of {', '.join(LEVELS)}"


def _wrong_exceptions(value: object, text: str) -> _Mistakes:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        yield line_of(text, ("exceptions",)), "exceptions are written as tables, each under a line [[exceptions]]"
        return
    for number, held in enumerate(value):
        for key, wrong in _wrong_exception(held):
            yield _line_of_exception(text, number, key), f"[[exceptions]] {wrong}"


def _wrong_exception(held: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    from netassist.audit.catalogue import is_rule

    for key in held:
        if key not in _EXCEPTION:
            yield key, f"there is no setting {key!r}; there are {', '.join(_EXCEPTION)}"
    for key in _EXCEPTION:
        if key not in held:
            yield "", f"{key} is missing; an exception names {', '.join(_EXCEPTION)}"
            return
    for key in _EXCEPTION[:-1]:
        if not isinstance(held[key], str) or not held[key].strip():
            yield key, f"{key} must be a text in quotation marks, and not empty"
            return
    if not is_rule(held["rule"]):
        yield "rule", f"there is no rule {held['rule']!r}; `netassist rules` lists them"
    try:
        parse_rule(held["target"])
    except ValueError as error:
        yield "target", f"target: {error}"
    if not isinstance(held["expires"], date) or isinstance(held["expires"], datetime):
        yield "expires", "expires must be a day such as 2027-03-31, without quotation marks"


def _line_of_exception(text: str, number: int, key: str) -> int | None:
    """The line of a key of the exception of this number (from 0), or of its header."""
    begun, header = -1, None
    for place, line in enumerate(text.splitlines(), 1):
        if re.match(r"\s*\[", line):
            begun += bool(re.match(r"\s*\[\[\s*[\"']?exceptions[\"']?\s*\]\]", line))
            if begun > number or (begun == number and header is not None):
                break
            header = place if begun == number else None
        elif begun == number and key and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return place
    return header
