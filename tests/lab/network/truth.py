"""What truth.toml says of the lab network, and an audit held against it: what it misses, and what it invents."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

FILE = Path(__file__).parent / "truth.toml"
# Where a finding holds, as its evidence says: "port 443: …", "10.98.0.11:443: …", "10.98.0.11:23/tcp open (…)",
# "10.98.0.11 443/tcp: …", "http://10.98.0.11:80/ …".
_PLACE = re.compile(r"(?:^|; )(?:port |(?:https?://)?(?P<host>\d+\.\d+\.\d+\.\d+)[: ])(?P<port>\d+)(?:/|:)")


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`find` are ids of rules or names of sets; see the head of truth.toml."""

    port: int
    runs: str
    find: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    tempting: tuple[str, ...] = ()
    because: str = ""


class Host(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    address: str
    about: str
    service: tuple[Service, ...]


class Truth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sets: Mapping[str, tuple[str, ...]]
    host: tuple[Host, ...]

    def expected(self, service: Service) -> frozenset[str]:
        """The ids of a service's findings."""
        return frozenset(id for name in service.find for id in self.sets.get(name, (name,)))


class Found(NamedTuple):
    """A finding in one place."""

    address: str
    port: int | None
    id: str


class Differences(NamedTuple):
    """`missed` are services or findings that are there, `invented` those that are not; `tempted` of these were warned of."""

    missed: tuple[str, ...]
    invented: tuple[str, ...]
    tempted: tuple[str, ...]
    found: int
    """Findings that are as they should be."""


def truth(names: Iterable[str] | None = None) -> Truth:
    """All of the network, or the hosts of these names."""
    whole = msgspec.convert(tomllib.loads(FILE.read_text()), Truth)
    if names is None:
        return whole
    wanted = set(names)
    if unknown := wanted - {host.name for host in whole.host}:
        raise ValueError(f"no such host in {FILE.name}: {', '.join(sorted(unknown))}")
    return Truth(whole.sets, tuple(host for host in whole.host if host.name in wanted))


def findings(hosts: Iterable[Mapping[str, Any]], merged: Iterable[Mapping[str, Any]]) -> Iterator[Found]:
    """Every finding of an audit in every place where its evidence says that it holds."""
    only = [str(host["address"]) for host in hosts]
    for finding in merged:
        places = list(_PLACE.finditer(finding["evidence"]))
        for held in places:
            yield Found(held["host"] or only[0], int(held["port"]), str(finding["id"]))
        if not places:
            yield Found(only[0], None, str(finding["id"]))


def differences(audits: Iterable[Mapping[str, Any]], true: Truth) -> Differences:
    """Audits (the JSON of `netassist/audit/1`), of one host each or of several, against what is true of all these hosts."""
    found: set[Found] = set()
    open_ports: set[tuple[str, int]] = set()
    for audit in audits:
        found.update(findings(audit["hosts"], audit["findings"]))
        for host in audit["hosts"]:
            open_ports.update((str(host["address"]), int(held["port"])) for held in host["services"])
    wanted = {Found(host.address, held.port, id) for host in true.host for held in host.service for id in true.expected(held)}
    also = {Found(host.address, held.port, id) for host in true.host for held in host.service for id in held.also}
    there = {(host.address, held.port) for host in true.host for held in host.service}
    warned = {Found(host.address, held.port, id) for host in true.host for held in host.service for id in held.tempting}
    unseen = [f"{address}:{port} is open" for address, port in sorted(there - open_ports)]
    unreal = [f"{address}:{port} is open" for address, port in sorted(open_ports - there)]
    invented = found - wanted - also
    return Differences(
        (*unseen, *_shown(wanted - found, true)),
        (*unreal, *_shown(invented, true)),
        tuple(_shown(invented & warned, true)),
        len(found & wanted),
    )


def _shown(found: Iterable[Found], true: Truth) -> Iterator[str]:
    runs = {(host.address, held.port): f"{host.name}, {held.runs}" for host in true.host for held in host.service}
    for held in sorted(found, key=str):
        yield f"{held.address}:{held.port} ({runs.get((held.address, held.port or 0), 'nothing listens there')}): {held.id}"
