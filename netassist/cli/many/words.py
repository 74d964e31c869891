"""The words of a plain ``netassist tls`` command line, read without the library that explains what is wrong with others.

That library takes a third of the time that one server takes. What is not understood here is left to it, and what is
means the same to it (`netassist.cli.tls`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from netassist.reports.formats import FormatName

_SWITCHES = ("all_addresses", "no_active_weaknesses", "resume", "check_revocation")
_SHORT = {"-i": "--input", "-f": "--format", "-o": "--output"}
_FORMATS: tuple[FormatName, ...] = ("text", "json", "jsonl", "sarif", "junit", "html", "markdown", "csv", "cbom")
_PROTOCOLS = ("smtp", "imap", "pop3", "ftp", "ldap", "xmpp", "postgres", "mysql")
_SEVERITIES = ("critical", "high", "medium", "low", "info", "never")


class Options(TypedDict, total=False):
    """What the words say; what they do not is left out."""

    input: Path
    port: int
    starttls: str
    all_addresses: bool
    no_active_weaknesses: bool
    jobs: int
    at_once: int
    delay: float
    deadline: float
    timeout: float
    workers: int
    format: FormatName
    output: Path
    resume: bool
    fail_on: str
    ca_file: Path
    check_revocation: bool
    config: Path


def plain(words: Sequence[str]) -> tuple[tuple[str, ...], Options] | None:
    """Hosts and options; None where a word is not plain: an option unknown, abbreviated, twice, or with a value that is odd."""
    hosts: list[str] = []
    options: dict[str, object] = {}
    left = iter(words)
    for word in left:
        if not word.startswith("-"):
            if not word:
                return None
            hosts.append(word)
            continue
        name = _SHORT.get(word, word)
        key = name[2:].replace("-", "_")
        if name != "--" + key.replace("_", "-") or key in options:
            return None
        if key in _SWITCHES:
            options[key] = True
            continue
        value = next(left, "-")
        if key not in _VALUES or not value or value.startswith("-") or (read := _VALUES[key](value)) is None:
            return None
        options[key] = read
    return tuple(hosts), Options(**options)  # type: ignore[typeddict-item]


def _whole(value: str) -> int | None:
    return int(value) if re.fullmatch("[0-9]{1,9}", value) else None


def _seconds(value: str) -> float | None:
    return float(value) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value) else None


def _one_of(values: tuple[str, ...]) -> Callable[[str], str | None]:
    return lambda value: value if value in values else None


_VALUES: dict[str, Callable[[str], object]] = {
    **dict.fromkeys(("input", "output", "ca_file", "config"), Path),
    **dict.fromkeys(("port", "jobs", "at_once", "workers"), _whole),
    **dict.fromkeys(("delay", "deadline", "timeout"), _seconds),
    "starttls": _one_of(_PROTOCOLS),
    "format": _one_of(_FORMATS),
    "fail_on": _one_of(_SEVERITIES),
}
