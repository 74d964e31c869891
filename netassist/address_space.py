"""What kind of address it is: one that has to be written out, one of the public Internet, one that leads to another."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from netassist.targets import Address, Network

# Cloud metadata services: AWS, Azure, Google Cloud, Alibaba, Oracle, Scaleway, and the credentials of ECS and EKS.
_METADATA = (
    "169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:42::42",
    "100.100.100.200", "168.63.129.16", "192.0.0.192",
)  # fmt: skip
# RFC 6890 and its updates: loopback, link-local, multicast, "this host", limited broadcast.
_SPECIAL = (
    "127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10", "224.0.0.0/4", "ff00::/8", "0.0.0.0/8", "::/128",
    "255.255.255.255/32",
)  # fmt: skip
SPECIAL: tuple[Network, ...] = tuple(ip_network(text) for text in (*_METADATA, *_SPECIAL))
"""Ranges that are touched only where the user has written them out, or a part of them; the narrowest stand first."""

LOOPBACK = ip_network("127.0.0.0/8"), ip_network("::1/128")

# What Python takes for global and is not one host of the public Internet, or leads to an IPv4 address inside it: protocol
# assignments and Teredo, 6to4 and its relays, documentation (IANA special-purpose address registries).
_NOT_PUBLIC = tuple(
    ip_network(a) for a in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_GLOBAL_UNICAST = ip_network("2000::/3")

# Where an IPv4 address stands inside an IPv6 address, by the bit behind its last: IPv4-mapped (RFC 4291, section 2.5.5.2),
# IPv4-compatible (2.5.5.1), IPv4-translated (RFC 7915), NAT64 (RFC 6052), 6to4 (RFC 3056).
_EMBEDDING = (
    (IPv6Network("::ffff:0:0/96"), 128), (IPv6Network("::/96"), 128), (IPv6Network("::ffff:0:0:0/96"), 128),
    (IPv6Network("64:ff9b::/96"), 128), (IPv6Network("2002::/16"), 48),
)  # fmt: skip


def faces(address: Address) -> tuple[Address, ...]:
    """The address, and the IPv4 addresses that packets to it may end at: mapped, translated (NAT64), tunnelled (6to4, Teredo)."""
    if isinstance(address, IPv4Address):
        return (address,)
    found: list[Address] = [address]
    for prefix, end in _EMBEDDING:
        if address in prefix and int(address) > 1:  # :: and ::1 hold no IPv4 address
            found.append(IPv4Address(int(address) >> (128 - end) & 0xFFFFFFFF))
    return (*found, *(address.teredo or ()))


def forms(network: Network) -> tuple[Network, ...]:
    """The network, and the IPv6 networks through which its addresses can be reached as well (as in `faces`, but for Teredo)."""
    if isinstance(network, IPv6Network):
        return (network,)
    inside, bits = int(network.network_address), network.prefixlen - 32
    embedded = (IPv6Network((int(prefix.network_address) | inside << (128 - end), end + bits)) for prefix, end in _EMBEDDING)
    return (network, *embedded)


def plain(address: Address) -> Address:
    """The IPv4 address of an IPv4-mapped one, which is the same host; any other as it is."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


@lru_cache(maxsize=4096)
def special_range(address: Address) -> Network | None:
    """The narrowest of the `SPECIAL` ranges that holds the address."""
    return next((area for area in SPECIAL if area.version == address.version and address in area), None)


def is_public(address: Address) -> bool:
    """Whether it is a single host's on the public Internet, by itself and not by translation into another address."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if address.version == 6 and address not in _GLOBAL_UNICAST:
        return False
    return not any(address.version == area.version and address in area for area in _NOT_PUBLIC)


def overlap(one: Network, other: Network) -> bool:
    """Whether two networks have an address in common."""
    return one.version == other.version and one.overlaps(other)


def covers(outer: Network, inner: Network) -> bool:
    """Whether all of `inner` lies in `outer`."""
    if isinstance(outer, IPv4Network):
        return isinstance(inner, IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and inner.subnet_of(outer)


def single(address: Address) -> Network:
    """The network of one address."""
    return ipaddress.ip_network(address)
