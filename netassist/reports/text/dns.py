"""The records of a name, or that there are none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from netassist.reports.layout import BLANK, GOOD, UNKNOWN, WARN, Task, Verdict, facts, table
from netassist.reports.style import Span, Style
from netassist.reports.words import count, listed, milliseconds, named, place

if TYPE_CHECKING:
    from netassist.probes.dns import DnsLookup
    from netassist.reports.style import Line

_STYLES: dict[str, Style] = {"secure": "good", "bogus": "bad", "unknown": "warn"}


def task(lookup: DnsLookup) -> Task:
    return Task(f"look up {lookup.record_type} records", f"of {place(lookup.target)}")


def verdict(lookup: DnsLookup) -> Verdict:
    asked, kind = place(lookup.target), lookup.record_type
    if lookup.rcode == "NXDOMAIN":
        reverse = "has no name (NXDOMAIN)" if _reverse(lookup) else "does not exist (NXDOMAIN)"
        return Verdict(f"No DNS record: {asked} {reverse}.", WARN)
    if lookup.rcode != "NOERROR":
        return Verdict(f"Which {kind} records {asked} has is unknown.", UNKNOWN)
    data = [answer.data for answer in lookup.answers if answer.type == kind]
    aliases = lookup.aliases if kind != "CNAME" else ()
    by_way = f", by way of the alias {_host(aliases[-1])}" if aliases else ""
    if not data:
        alias = f"the name is an alias of {_host(aliases[-1])}, which has none" if aliases else "the name exists, but has none"
        return Verdict(f"No DNS record of type {kind} for {asked}: {alias}.", WARN)
    if _reverse(lookup):
        return Verdict(f"{asked} is named {listed([_host(name) for name in data])} in DNS{by_way}.", GOOD)
    return Verdict(f"{asked} has {count(len(data), f'{kind} record')}: {_values(kind, data)}{by_way}.", GOOD)


def evidence(lookup: DnsLookup, width: int) -> Iterator[Line]:
    missing = {"NXDOMAIN": "there is no such name", "NOERROR": "" if lookup.answers else "there is no such record of the name"}
    meaning = missing.get(lookup.rcode or "", "")
    took = f" in {milliseconds(lookup.response_ms)}" if lookup.response_ms is not None else ""
    authority = lookup.authority
    rows = [
        ("Asked for", f"{lookup.name} {lookup.record_type}"),
        ("Resolver", f"{lookup.resolver}, answered{took}" if lookup.resolver else None),
        ("Answer", f"{lookup.rcode or 'none'}{f': {meaning}' if meaning else ''}"),
        ("Says", f"the zone {authority.zone}; may be kept for {authority.negative_ttl} s" if authority else None),
        ("Aliases", " → ".join((lookup.name, *lookup.aliases)) if lookup.aliases else None),
        ("DNSSEC", [Span(lookup.dnssec, _STYLES.get(lookup.dnssec, "plain")), Span(f": {lookup.dnssec_detail or 'not asked'}")]),
    ]
    yield from facts(rows, width)
    if lookup.answers:
        yield BLANK
        records = [(answer.name, answer.type, f"{answer.ttl} s", answer.data) for answer in lookup.answers]
        yield from table(("name", "type", "TTL", "data"), records, width)


def _reverse(lookup: DnsLookup) -> bool:
    return lookup.record_type == "PTR" and lookup.name != lookup.target


def _host(name: str) -> str:
    return named(name.rstrip("."))


def _values(kind: str, data: list[str]) -> str:
    """Addresses and host names as they are; text, which anybody may have written, in quotation marks."""
    if kind in ("A", "AAAA", "NS", "CNAME", "PTR"):
        return listed([_host(value) for value in data])
    if kind in ("MX", "SRV"):
        return listed([value.rstrip(".") for value in data])
    return listed([named(value) for value in data], 4)
