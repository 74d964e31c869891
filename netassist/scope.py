"""Which targets may be touched. Deny wins; what is neither named by the user nor allowed in the configuration is out."""

from __future__ import annotations

import ipaddress

import msgspec

from netassist.observations import Failed
from netassist.targets import Address, Network, parse_address, parse_network

# Cloud metadata services answer on link-local 169.254.0.0/16, and on these addresses outside it.
_METADATA = frozenset(ipaddress.ip_address(a) for a in ("fd00:ec2::254", "100.100.100.200", "168.63.129.16"))
# What Python takes for global and is not one host of the public Internet, or leads to an IPv4 address inside it: protocol
# assignments and Teredo, 6to4 and its relays, documentation (IANA special-purpose address registries).
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(a) for a in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


class Scope(msgspec.Struct, frozen=True):
    """What one request may touch.

    `named` are the hosts, addresses and networks that the user wrote out; `allow` and `deny` come from the configuration
    and hold addresses, networks, host names, and suffixes that begin with a dot (``.example.org``). `learned` are hosts that
    nobody named but what a third party published, and may be touched at public addresses only.
    """

    named: frozenset[str] = frozenset()
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    learned: frozenset[str] = frozenset()

    def naming(self, *hosts: str) -> Scope:
        """The same scope with more hosts that the user has written out."""
        return msgspec.structs.replace(self, named=self.named | {_spelled(host) for host in hosts})

    def learning(self, *hosts: str) -> Scope:
        """The same scope with more hosts that a third party named, whose addresses have to be public."""
        return msgspec.structs.replace(self, learned=self.learned | {_spelled(host) for host in hosts})

    def check_host(self, host: str) -> None:
        """Raises Failed(out_of_scope) unless `host` (name or address) was named or is allowed, and is not denied."""
        name, address = _spelled(host), parse_address(host)
        if _listed(self.deny, name, address):
            raise Failed("out_of_scope", f"{host}: the configuration denies it ([scope] deny)")
        if not (self._wanted(name, address) or name in self.learned):
            raise Failed("out_of_scope", f"{host}: not named in the request; name it, or allow it in [scope] allow")

    def _wanted(self, name: str, address: Address | None) -> bool:
        """Whether the user named or allowed it."""
        return name in self.named or _listed(self.named, name, address) or _listed(self.allow, name, address)

    def check_network(self, area: Network) -> tuple[Network, ...]:
        """The denied networks inside `area`, which a scan of it has to leave out.

        Raises Failed(out_of_scope) unless the whole of `area` was named or is allowed, and where all of it is denied.
        """
        denied = tuple(rule for rule in map(_network_of, self.deny) if rule is not None and _overlap(rule, area))
        if any(_covers(rule, area) for rule in denied):
            raise Failed("out_of_scope", f"{area}: the configuration denies it ([scope] deny)")
        if not any(rule is not None and _covers(rule, area) for rule in map(_network_of, (*self.named, *self.allow))):
            raise Failed("out_of_scope", f"{area}: not named in the request; name it, or allow it in [scope] allow")
        return denied

    def check_address(self, host: str, address: Address) -> None:
        """Raises Failed(out_of_scope) where the address that `host` resolved to is denied, or special and not written out."""
        plain = getattr(address, "ipv4_mapped", None) or address
        if _listed(self.deny, "", plain):
            raise Failed("out_of_scope", f"{host}: its address {plain} is denied by the configuration ([scope] deny)")
        special = plain.is_loopback or plain.is_link_local or plain.is_multicast or plain.is_unspecified or plain in _METADATA
        written = _listed(self.named, "", plain) or _listed(self.allow, "", plain)
        if special and not written and not (plain.is_loopback and _spelled(host) == "localhost"):
            raise Failed(
                "out_of_scope",
                f"{host}: resolves to {plain}, which must be written out; name the address, or allow it in [scope] allow",
            )
        if not (written or self._wanted(_spelled(host), parse_address(host)) or _public(plain)):
            raise Failed("out_of_scope", f"{host}: resolves to {plain}, which is no public address; allow it in [scope] allow")


def _public(address: Address) -> bool:
    """Whether it is a single host's on the public Internet, by itself and not by translation into another address."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if address.version == 6 and address not in _GLOBAL_UNICAST:
        return False
    return not any(address.version == network.version and address in network for network in _NOT_PUBLIC)


def _spelled(host: str) -> str:
    address = parse_address(host)
    return str(address) if address is not None else host.rstrip(".").lower()


def _listed(rules: frozenset[str] | tuple[str, ...], name: str, address: Address | None) -> bool:
    for rule in rules:
        network = _network_of(rule)
        if network is not None:
            if address is not None and address.version == network.version and address in network:
                return True
        elif name and (name == _spelled(rule) or (rule.startswith(".") and name.endswith(rule.lower()))):
            return True
    return False


def _network_of(rule: str) -> Network | None:
    address = parse_address(rule)
    return ipaddress.ip_network(address) if address is not None else parse_network(rule)


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def _covers(outer: Network, inner: Network) -> bool:
    return _overlap(outer, inner) and outer.prefixlen <= inner.prefixlen
