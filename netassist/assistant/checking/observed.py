"""The observations of a conversation as sources: which hosts and port each is about, what it holds, and what it mentions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from netassist.assistant.checking.mentions import Mention, mentions
from netassist.observations import Report
from netassist.targets import host_of

Data = Mapping[str, Any]

_NESTED = frozenset({"certificates", "reports"})
_SKIPPED = frozenset(
    {
        "pem",
        "command",
        "fix",
        "detail",
        "source",
        "findings",
        "deviations",
        "missing",
        "policies_left_out",
        "schema",
        "references",
    }
)
_PEERS = frozenset(
    {"banner", "headers", "data", "subject", "issuer", "product", "version", "hostnames", "location", "value", "name"}
)
"""Fields whose words a peer has chosen: they bear names and versions out, never a port, a count or a verdict."""
_FROM_PEERS = frozenset({"name", "address", "version", "date", "hex", "url", "algorithm", "method"})
_LONGEST_STRING = 4000
_DEEPEST = 12


class Leaf(NamedTuple):
    """A value of a report with the fields that lead to it."""

    path: str
    key: str
    value: str | float | bool


class Source:
    """A report, or one host of a scan.

    `hosts` are all names and addresses that it is about, `port` its port where it has one; `data` its fields.
    """

    def __init__(self, number: int, schema: str, hosts: Iterable[str], port: int | None, data: Data, place: str = "") -> None:
        self.number, self.schema, self.port, self.data, self.place = number, schema, port, data, place
        self.hosts = frozenset(_spelled(host) for host in hosts if host)

    def where(self, path: str = "") -> str:
        """Names the report and a field: ``netassist/certificate/1 shop.example:443 days_left``."""
        host = next(iter(sorted(self.hosts, key=lambda name: (name[:1].isdigit(), name))), "")
        at = f"{host}:{self.port}" if self.port else host
        return " ".join(filter(None, (self.schema, at, ".".join(filter(None, (self.place, path))))))

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """Every value but those of nested reports, of advice and of programs' arguments."""
        return tuple(_leaves(self.data, "", "", 0))

    @cached_property
    def said(self) -> dict[tuple[str, str | float], str]:
        """What its strings mention, each with the path to it."""
        found: dict[tuple[str, str | float], str] = {}
        for leaf in self.leaves:
            if not isinstance(leaf.value, str):
                continue
            whole = leaf.value[:_LONGEST_STRING]
            parts = mentions(whole)
            peers = any(part in _PEERS for part in leaf.path.replace("[", ".").split(".")) and not _only(parts, whole)
            for mention in parts:
                if not peers or mention.kind in _FROM_PEERS or (mention.kind == "cve" and "scripts" in leaf.path):
                    found.setdefault((mention.kind, mention.value), leaf.path)
        for finding in self.findings:
            for mention in mentions(" ".join((finding["title"], finding["evidence"][:_LONGEST_STRING], *finding["references"]))):
                if mention.kind != "cve" or mention.value in finding["title"] + " ".join(finding["references"]):
                    found.setdefault((mention.kind, mention.value), f"findings {finding['id']}")
        return found

    @cached_property
    def words(self) -> str:
        """All strings in small letters, to look for words in."""
        texts = [leaf.value[:_LONGEST_STRING] for leaf in self.leaves if isinstance(leaf.value, str)]
        texts += [f"{finding['title']} {finding['evidence'][:_LONGEST_STRING]}" for finding in self.findings]
        return "\n".join(texts).lower()

    @cached_property
    def days(self) -> tuple[tuple[str, str], ...]:
        """The days that it mentions (``2027-03-04``), each with the path to it."""
        return tuple((str(value), path) for (kind, value), path in self.said.items() if kind == "date")

    @cached_property
    def memo(self) -> dict[str, Any]:
        """What judges have worked out of it."""
        return {}

    @property
    def findings(self) -> Sequence[Data]:
        held = self.data.get("findings") or ()
        return held if isinstance(held, list | tuple) else ()

    @cached_property
    def figures(self) -> tuple[Leaf, ...]:
        return tuple(leaf for leaf in self.leaves if isinstance(leaf.value, int | float) and not isinstance(leaf.value, bool))


def _only(parts: list[Mention], whole: str) -> bool:
    return len(parts) == 1 and parts[0].span == (0, len(whole))


def _leaves(value: object, path: str, key: str, depth: int) -> Iterator[Leaf]:
    if depth > _DEEPEST or value is None:
        return
    if isinstance(value, str | bool | int | float):
        yield Leaf(path, key, value)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if (name not in _SKIPPED and not (name in _NESTED and depth == 0)) or (
                name not in _SKIPPED and not isinstance(inner, list | tuple)
            ):
                yield from _leaves(inner, f"{path}.{name}" if path else str(name), str(name), depth + 1)
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{place}]", key, depth + 1)


class State(NamedTuple):
    """What was measured of a port."""

    state: str
    where: str


class Observed:
    """All sources of a conversation, and which of them are about a host."""

    def __init__(self, reports: Sequence[Report | Data], requested: str = "") -> None:
        self.sources: list[Source] = []
        self.by_host: defaultdict[str, list[Source]] = defaultdict(list)
        for report in reports:
            self._add(msgspec.to_builtins(report))
        addresses: defaultdict[str, set[str]] = defaultdict(set)
        for source in self.sources:
            for host in source.hosts:
                self.by_host[host].append(source)
            names = [host for host in source.hosts if not _is_address(host)]
            for name in names:
                addresses[name] |= {host for host in source.hosts if _is_address(host)}
        for source in self.sources:
            # What is known of an address alone is known of the names that were seen to have it.
            if source.hosts and all(_is_address(host) for host in source.hosts):
                for name, held in addresses.items():
                    if held & source.hosts:
                        self.by_host[name].append(source)
        asked = mentions(requested)
        self.requested = {(mention.kind, mention.value) for mention in asked}
        self.requested |= {("port", mention.value) for mention in asked if mention.kind == "whole"}
        self.requested |= {("name", _spelled(host_of(str(mention.value)))) for mention in asked if mention.kind == "url"}
        self.finding_ids = {str(finding["id"]) for source in self.sources for finding in source.findings}
        self.states: dict[tuple[frozenset[str], int], State | None] = {}
        self._about: dict[tuple[frozenset[str], int | None], list[Source]] = {}

    def about(self, hosts: frozenset[str], port: int | None = None) -> list[Source]:
        """The sources about any of these hosts (all, where none is given), and about this port where they are about one."""
        if (known := self._about.get((hosts, port))) is not None:
            return known
        numbers = {source.number for host in hosts for source in self.by_host.get(host, ())}
        found = [source for source in self.sources if not hosts or source.number in numbers]
        if port is not None:
            found = [source for source in found if source.port in (None, port)]
        self._about[hosts, port] = found
        return found

    def is_subject(self, host: str) -> bool:
        return _spelled(host) in self.by_host

    def _add(self, data: Data, hosts: frozenset[str] = frozenset(), place: str = "") -> None:
        schema, own = str(data.get("schema", "")), set(hosts)
        target, port = data.get("target"), None
        if isinstance(target, Mapping):
            own |= {str(target.get(key)) for key in ("host", "address") if target.get(key)}
            port = target.get("port")
        elif isinstance(target, str):
            own.add(host_of(target) if "://" in target else target)
        if isinstance(url := data.get("url"), str) and url:
            own.add(host_of(url))
            port = port or _port_of(url)
        scanned = data.get("hosts")
        plain = {key: value for key, value in data.items() if key != "hosts"}
        whole = Source(len(self.sources), schema, own, port, plain, place)
        self.sources.append(whole)
        for path, inner in _certificates(plain, "", 0):
            self.sources.append(Source(len(self.sources), schema, own, port, {"started": data.get("started"), **inner}, path))
        for number, certificate in enumerate(
            (data.get("certificates") or ()) if isinstance(data.get("certificates"), list | tuple) else ()
        ):
            self._add(certificate, frozenset(own), f"certificates[{number}]")
        if isinstance(scanned, list | tuple):
            for number, host in enumerate(scanned):
                names = {host.get("address", ""), *(host.get("hostnames") or ())}
                names |= own if len(scanned) == 1 and not isinstance(target, str) else set()
                inner = {key: value for key, value in host.items() if key != "reports"}
                source = Source(len(self.sources), schema, names, None, inner, f"hosts[{number}]")
                self.sources.append(source)
                if isinstance(target, str):
                    self.by_host[_spelled(target)].append(source)
                for name in source.hosts:
                    self.by_host[name].append(whole)
                for report in host.get("reports") or ():
                    self._add(report, frozenset(names), f"hosts[{number}].reports")


def _certificates(value: object, path: str, depth: int) -> Iterator[tuple[str, Data]]:
    """What a report of another kind holds about a certificate."""
    if isinstance(value, Mapping):
        if depth and ("days_left" in value or "trusted" in value):
            yield path, value
        elif depth < 4:
            for key, inner in value.items():
                if key not in _NESTED and isinstance(inner, Mapping | list | tuple):
                    yield from _certificates(inner, f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, list | tuple) and depth < 4:
        for place, inner in enumerate(value[:64]):
            yield from _certificates(inner, f"{path}[{place}]", depth + 1)


def _spelled(host: str) -> str:
    return host.lower().rstrip(".")


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").replace("/", "").isdigit()


def _port_of(url: str) -> int | None:
    try:
        parts = urlsplit(url)
        return parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return None
