"""Does a certificate speak for this host? RFC 9525: subject alternative names only, never the common name."""

from __future__ import annotations

from collections.abc import Iterable

from netassist.targets import parse_address, parse_host


def matches(host: str, dns: Iterable[str], ips: Iterable[str]) -> bool:
    """Whether one of the names that the certificate presents is `host`'s.

    An IP address matches an iPAddress only (section 6.4). A wildcard stands for one whole left-most label (section 6.3).
    The names are to be the certificate's own, unwashed: what washing takes out of a hostile name could make it match.

    Raises:
        ValueError: `host` is neither a name nor an address.
    """
    address = parse_address(host)
    if address is not None:
        return any(parse_address(ip) == address for ip in ips)
    name = parse_host(host).host
    return any(_covers(presented.lower(), name) for presented in dns)


def wildcards(dns: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in dns if name.startswith("*."))


def _covers(presented: str, name: str) -> bool:
    if presented.startswith("*."):
        label, dot, rest = name.partition(".")
        return bool(label and dot) and presented[2:] == rest
    return presented == name
