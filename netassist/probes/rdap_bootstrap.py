"""Which RDAP server knows of a name, an address or an AS number: IANA's bootstrap registries (RFC 9224).

They come with the package, in netassist/probes/data, each with the day that it is of. Newer files of IANA's, by their own names
(dns.json, ipv4.json, ipv6.json, asn.json) in the folder ``rdap`` of the user's data folder, are taken instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from netassist.address_space import covers
from netassist.configuration import data_folder
from netassist.observations import Failed
from netassist.targets import Network

Name = Literal["dns", "ipv4", "ipv6", "asn"]


class Service(NamedTuple):
    """The servers of one registry, those by HTTPS first, and the entry that they are listed for: ``com``, ``192.0.0.0/8``."""

    entry: str
    urls: tuple[str, ...]


class Bootstrap(msgspec.Struct, frozen=True):
    """One of IANA's files; `as_of` is its day where it comes with the package, `publication` where it is IANA's own."""

    services: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    as_of: str | None = None
    publication: str | None = None

    @property
    def day(self) -> str:
        return self.as_of or (self.publication or "unknown")[:10]

    def entries(self) -> Iterator[Service]:
        for entries, urls in self.services:
            best_first = tuple(sorted(urls, key=lambda url: not url.startswith("https://")))
            yield from (Service(entry, best_first) for entry in entries)


def load(name: Name) -> Bootstrap:
    """The user's file, or the package's; Failed(invalid) where it is malformed."""
    own = data_folder() / "rdap" / f"{name}.json"
    file = own if own.exists() else Path(__file__).parent / "data" / f"{name}.json"
    try:
        return msgspec.json.decode(file.read_bytes(), type=Bootstrap)
    except (OSError, msgspec.DecodeError) as error:
        raise Failed("invalid", f"{file}: is not a list of RDAP servers ({error}); remove it, or fetch IANA's anew") from None


def for_domain(registry: Bootstrap, name: str) -> Service | None:
    """By the longest entry that the labels of `name` (in ASCII) end in (RFC 9224, section 4)."""
    by_entry = {service.entry.lower(): service for service in registry.entries()}
    labels = name.lower().split(".")
    return next((found for at in range(len(labels)) if (found := by_entry.get(".".join(labels[at:])))), None)


def for_network(registry: Bootstrap, area: Network) -> Service | None:
    """By the longest prefix that holds `area` (section 5.1 and 5.2)."""
    best: tuple[int, Service] | None = None
    for service in registry.entries():
        try:
            held = ip_network(service.entry)
        except ValueError:
            continue
        if covers(held, area) and (best is None or held.prefixlen > best[0]):
            best = (held.prefixlen, service)
    return best[1] if best else None


def for_number(registry: Bootstrap, number: int) -> Service | None:
    """By the range that holds the AS number (section 5.3)."""
    for service in registry.entries():
        first, _, last = service.entry.partition("-")
        if first.isdecimal() and (last or first).isdecimal() and int(first) <= number <= int(last or first):
            return service
    return None
