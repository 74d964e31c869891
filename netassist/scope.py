"""Which targets may be touched. Deny wins; what is neither named by the user nor allowed in the configuration is out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import msgspec

from netassist.address_space import LOOPBACK, SPECIAL, covers, faces, forms, is_public, overlap, plain, single, special_range
from netassist.lookalikes import is_international, skeleton
from netassist.observations import Failed
from netassist.targets import (
    Address,
    Network,
    is_port_list,
    numeric_address,
    parse_address,
    parse_host,
    parse_network,
    port_numbers,
    port_ranges,
)

NO_PORT = 0
"""In place of a port: ICMP, which has none; rules with ports do not speak of it."""


class Rule(NamedTuple):
    """One line of allow or deny: an `area`, or a `name` (a `suffix` where that begins with a dot), or neither for any host;
    `ports` are ranges, empty for all."""

    text: str
    area: Network | None = None
    name: str = ""
    ports: tuple[tuple[int, int], ...] = ()

    def has_port(self, port: int | None) -> bool:
        """Whether it speaks of the port; of None where it speaks of any."""
        return port is None or not self.ports or any(low <= port <= high for low, high in self.ports)


@lru_cache(maxsize=4096)
def parse_rule(text: str) -> Rule:
    """A rule: ``host``, ``.suffix``, ``network``, each with ``:ports`` (Nmap's notation) or without, or ``:ports`` alone.

    IPv6 stands in brackets where ports follow: ``[2001:db8::/32]:443``. Raises ValueError with words for the user.
    """
    host, colon, listed = _split(text.strip())
    if colon and (not is_port_list(listed) or any(low == 0 for low, _ in port_ranges(listed))):
        raise ValueError(f"{text!r}: {listed!r} are no ports such as 25 or 80,8000-8100")
    ports = port_ranges(listed)
    area = _area_of(host)
    if area is not None or (not host and ports):
        return Rule(text, area, "", ports)
    dot = "." if host.startswith(".") else ""
    return Rule(text, None, dot + parse_host(host.removeprefix(".")).host, ports)


class Scope(msgspec.Struct, frozen=True):
    """What one request may touch.

    `named` are the hosts, addresses and networks that the user wrote out; `allow` and `deny` come from the configuration
    and hold rules (`parse_rule`). `learned` are hosts that nobody named but what a third party published, and may be touched at
    public addresses only. With `read_only` no target is touched at all, whoever named it.
    """

    named: frozenset[str] = frozenset()
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    learned: frozenset[str] = frozenset()
    read_only: bool = False

    def naming(self, *hosts: str) -> Scope:
        """The same scope with more hosts that the user has written out."""
        return msgspec.structs.replace(self, named=self.named | {spelled(host) for host in hosts})

    def learning(self, *hosts: str) -> Scope:
        """The same scope with more hosts that a third party named, whose addresses have to be public."""
        return msgspec.structs.replace(self, learned=self.learned | {spelled(host) for host in hosts})

    def denied_by(self, host: str, port: int | None = None) -> Rule | None:
        """The deny rule that speaks of a host (a name, or an address in any notation), and of the port where one is given.

        Without a port only rules count that deny every port. A name that looks like a denied one is denied.
        """
        return next(_speaking_of(map(parse_rule, self.deny), host, port or NO_PORT, alike=True), None)

    def allowed_by(self, host: str, port: int | None = None) -> Rule | None:
        """The allow rule that speaks of a host; without a port, of any port of it."""
        return next(_speaking_of(map(parse_rule, self.allow), host, port), None)

    def check_host(self, host: str, port: int | None = None) -> None:
        """Raises Failed(out_of_scope) unless `host` (name or address) was named or is allowed, and is not denied.

        Without a `port`: unless some port of it is; `NO_PORT` for ICMP.
        """
        where = f"{host}:{port}" if port else host
        learned = spelled(host) in self.learned
        if self.read_only and not learned:
            raise _out(f"{where}: read-only mode touches no target; leave --read-only out, and read_only of the configuration")
        if self.denied_by(host, port):
            raise _out(f"{where}: the configuration denies it ([scope] deny)")
        if not (learned or self._is_named(host) or self.allowed_by(host, port)):
            raise _out(f"{where}: not named in the request; name it, or allow it in [scope] allow")

    def check_address(self, host: str, address: Address, port: int | None = None) -> None:
        """Raises Failed(out_of_scope) where the address that `host` resolved to is denied, or special and not written out."""
        seen = plain(address)
        if self.denied_by(str(address), port):
            raise _out(f"{host}: its address {seen} is denied by the configuration ([scope] deny)")
        wanted = self._is_named(host) or self.allowed_by(host, port)
        for face in faces(address):
            special = special_range(face)
            at_home = special in LOOPBACK and spelled(host) == "localhost" and wanted
            if special and not at_home and not self._writes_out(special, face, address):
                advice = "name the address, or allow it in [scope] allow"
                raise _out(f"{host}: resolves to {seen}, which must be written out; {advice}")
        if not (wanted or self._is_named(str(address)) or self.allowed_by(str(address), port) or is_public(seen)):
            raise _out(f"{host}: resolves to {seen}, which is no public address; allow it in [scope] allow")

    def check_network(self, area: Network) -> tuple[Network, ...]:
        """The networks inside `area` that a scan of it has to leave out: what is denied at every port, and what is special.

        Raises Failed(out_of_scope) unless the whole of `area` was named or is allowed, and where all of it is denied.
        """
        if self.read_only:
            raise _out(f"{area}: read-only mode touches no target; leave --read-only out, and read_only of the configuration")
        rules = [rule for rule in map(parse_rule, self.deny) if rule.area is not None and not rule.ports]
        denied = [form for rule in rules if rule.area for form in forms(rule.area) if overlap(form, area)]
        if any(covers(form, area) for form in denied):
            raise _out(f"{area}: the configuration denies it ([scope] deny)")
        outer = [rule.area for rule in self._wanting() if rule.area is not None and covers(rule.area, area)]
        special = next((form for form in _SPECIAL_FORMS if covers(form, area)), None)
        if not any(special is None or covers(special, rule) for rule in outer):
            raise _out(f"{area}: not named in the request; name it, or allow it in [scope] allow")
        inside = [form for form in _SPECIAL_FORMS if covers(area, form) and form != area]
        return _without_covered([*denied, *inside])

    def closed_ports(self, host: str, *areas: Address | Network) -> str:
        """The ports that may not be touched there, in Nmap's notation, empty where all may: denied ones, and all but the allowed
        where only some are.

        `host` is as the user wrote it, `areas` what it resolved to, or the network.
        """
        networks = [area if isinstance(area, Network) else single(area) for area in areas]

        def inside(rule: Rule) -> bool:
            return rule.area is not None and any(overlap(form, area) for form in forms(rule.area) for area in networks)

        deny = [rule for rule in map(parse_rule, self.deny) if rule.ports]
        denying = [*_speaking_of(deny, host, None, alike=True), *filter(inside, deny)]
        closed = {port for rule in denying for port in port_numbers(rule.ports)}
        wanting = [*_speaking_of(self._wanting(), host, None), *filter(inside, self._wanting())]
        if wanting and all(rule.ports for rule in wanting):
            closed |= set(range(1, 65536)).difference(port for rule in wanting for port in port_numbers(rule.ports))
        return port_list(closed)

    def _wanting(self) -> list[Rule]:
        return [*map(_named_rule, self.named), *map(parse_rule, self.allow)]

    def _is_named(self, host: str) -> bool:
        address = _address_of(host)
        if spelled(host) in self.named:
            return True
        areas = [area for area in map(_area_of, self.named) if area is not None] if address is not None else []
        return address is not None and any(_holds(area, address) for area in areas)

    def _writes_out(self, special: Network, face: Address, address: Address) -> bool:
        """Whether a rule, or the user, wrote out this very address, or a network within the special range that holds it."""
        written = [rule.area for rule in self._wanting() if rule.area is not None]
        return any((covers(special, area) and _holds(area, face)) or area == single(address) for area in written)


def ports_in_both(one: str, other: str) -> str:
    """The ports that two lists in Nmap's notation have in common, in the same notation."""
    first, second = (set(port_numbers(port_ranges(listed))) for listed in (one, other))
    return port_list(first & second)


@lru_cache(maxsize=4096)
def spelled(host: str) -> str:
    """A host as rules compare it: an address in its canonical form, a name in small ASCII letters (IDNA) without the last dot."""
    address = _address_of(host)
    if address is not None:
        return str(address)
    try:
        return parse_host(host).host
    except ValueError:
        return host.rstrip(".").lower()


_SPECIAL_FORMS = tuple(form for area in SPECIAL for form in forms(area))


@lru_cache(maxsize=4096)
def _named_rule(text: str) -> Rule:
    area = _area_of(text)
    return Rule(text, area) if area is not None else Rule(text, None, text)


def _speaking_of(rules: Iterable[Rule], host: str, port: int | None, *, alike: bool = False) -> Iterator[Rule]:
    """The rules that speak of a host at a port: by its address, its name, or (`alike`) by where its address leads and by what its
    name looks like."""
    name, address = spelled(host), _address_of(host)
    seen = () if address is None else faces(address) if alike else (address, plain(address))
    looks = skeleton(name) if alike and is_international(name) else None
    for rule in rules:
        anywhere = rule.area is None and not rule.name
        by_area = rule.area is not None and any(_holds(rule.area, one) for one in seen)
        by_name = bool(rule.name) and (_ends(name, rule.name) or (looks is not None and _ends(looks, skeleton(rule.name))))
        if rule.has_port(port) and (anywhere or by_area or by_name):
            yield rule


def _ends(name: str, ruled: str) -> bool:
    return name.endswith(ruled) if ruled.startswith(".") else name == ruled


@lru_cache(maxsize=4096)
def _address_of(host: str) -> Address | None:
    return parse_address(host) or numeric_address(host)


@lru_cache(maxsize=4096)
def _area_of(text: str) -> Network | None:
    address = parse_address(text)
    return single(address) if address is not None else parse_network(text)


def _holds(area: Network, address: Address) -> bool:
    return area.version == address.version and address in area


def _split(text: str) -> tuple[str, str, str]:
    """Host, colon and ports of a rule."""
    if text.startswith("[") and "]" in text:
        host, _, rest = text[1:].partition("]")
        return (host, rest[:1], rest[1:]) if not rest or rest[0] == ":" else (text, "", "")
    host, colon, ports = text.partition(":")
    return (host, colon, ports) if text.count(":") == 1 else (text, "", "")


def port_list(numbers: Iterable[int]) -> str:
    """Ports in Nmap's notation, as ranges: ``1-24,26``."""
    ports = sorted(numbers)
    starts = [port for place, port in enumerate(ports) if not place or ports[place - 1] != port - 1]
    ends = [port for place, port in enumerate(ports) if place == len(ports) - 1 or ports[place + 1] != port + 1]
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in zip(starts, ends, strict=True))


def _without_covered(networks: Iterable[Network]) -> tuple[Network, ...]:
    """Each network once, without those that lie in another."""
    every = list(dict.fromkeys(networks))
    return tuple(area for area in every if not any(other != area and covers(other, area) for other in every))


def _out(message: str) -> Failed:
    return Failed("out_of_scope", message)
