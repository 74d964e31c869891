"""Versions whose makers have stopped repairing them, told by CPE names and by what web servers say of themselves.

A version string is what a program says, not what it is: distributions repair old versions under the same number, and what has
been repaired so cannot be seen from outside. So such a finding is of low severity, and its words say what it rests on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import msgspec

from netassist.audit.rule import Rule
from netassist.observations import Finding, Severity

_CPE = re.compile(r"cpe:/a:([^:]+):([^:]+):([^:]+)")
_TOKEN = re.compile(r"([A-Za-z][A-Za-z-]{1,30})/(\d+(?:\.\d+)+[a-z]?)")
# What Debian, Ubuntu, Red Hat and their like put into the versions that they keep in repair.
_DISTRIBUTION = re.compile(r"debian|ubuntu|deb\d+u\d|\bel\d|\.el\d|red hat|centos|amazon|suse|fedora|~bpo", re.IGNORECASE)
_MOST_EVIDENCE = 20


class Seen(NamedTuple):
    """A place, what it says, and the software's names: `cpe` as Nmap has them, `said` the text that a program sent."""

    where: str
    said: str
    cpe: tuple[str, ...] = ()


class _Software(msgspec.Struct, frozen=True):
    title: str
    vendor: str
    product: str
    source: str
    patched: bool
    versions: dict[str, date]
    token: str | None = None

    def ended(self, version: str, today: date) -> tuple[str, date] | None:
        """The line of versions that it belongs to and the last day of its support, where that is past."""
        numbers = re.split(r"[.\-_+~ ]", version.removeprefix("5.5.5-"))  # what MariaDB says to old clients
        for length in range(min(len(numbers), 3), 0, -1):
            line = ".".join(numbers[:length])
            found = next((known for known in self.versions if re.sub(r"[a-z]+$", "", line) == known), None)
            if found is not None:
                return (found, self.versions[found]) if self.versions[found] < today else None
        return None


class _Ended(NamedTuple):
    software: _Software
    line: str
    day: date
    severity: Severity


def end_of_life(seen: Iterable[Seen], today: date) -> Iterator[Finding]:
    """One finding for each line of versions whose support had ended on `today`, with every place where it was seen."""
    places: dict[tuple[str, str, Severity], tuple[_Ended, list[str]]] = {}
    for item in seen:
        for ended in _ended(item, today):
            key = (ended.software.title, ended.line, ended.severity)
            places.setdefault(key, (ended, []))[1].append(f"{item.where}: {item.said}")
    for ended, where in places.values():
        yield _finding(ended, tuple(dict.fromkeys(where)))


def _ended(item: Seen, today: date) -> Iterator[_Ended]:
    told: set[tuple[str, str]] = set()
    named = [match for cpe in item.cpe if (match := _CPE.match(cpe))]
    rows = [(software, match[3]) for match in named for software in _table() if _is(software, match[1], match[2])]
    rows += [
        (software, version) for name, version in _TOKEN.findall(item.said) for software in _table() if software.token == name
    ]
    for software, version in rows:
        found = software.ended(version, today)
        if found is None or (software.title, found[0]) in told:
            continue
        told.add((software.title, found[0]))
        severity = RULE.severity
        if software.patched:
            severity = "info" if _DISTRIBUTION.search(item.said) else "low"
        yield _Ended(software, *found, severity)


def _is(software: _Software, vendor: str, product: str) -> bool:
    return vendor in software.vendor.split("|") and product in software.product.split("|")


_PATCHED = "It says so itself; a distribution may keep it in repair under this number, which cannot be seen from outside."
RULE = Rule(
    "medium",
    "Software whose makers have ended its support, by its version string",
    "It says so itself; its makers repair weaknesses in it for paying customers at most.",
    "Update to a version that is supported, or make sure that the distribution still repairs this one.",
    ("https://endoflife.date/",),
)
"""Of low severity where a distribution may keep the version in repair, and for information where it says that one does."""


def _finding(ended: _Ended, places: tuple[str, ...]) -> Finding:
    title = ended.software.title
    more = f"; and {len(places) - _MOST_EVIDENCE} more" if len(places) > _MOST_EVIDENCE else ""
    return Finding(
        id="software.end_of_life",
        severity=ended.severity,
        title=f"{title} {ended.line} by its version string: its makers ended support on {ended.day.isoformat()}",
        detail=_PATCHED if ended.software.patched else RULE.detail,
        evidence="; ".join(places[:_MOST_EVIDENCE]) + more,
        fix=RULE.fix,
        references=(ended.software.source,),
    )


class _Table(msgspec.Struct, frozen=True):
    software: tuple[_Software, ...]


@cache
def _table() -> tuple[_Software, ...]:
    return msgspec.toml.decode(files(__package__).joinpath("end_of_life.toml").read_bytes(), type=_Table).software
