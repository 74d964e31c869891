"""Hosts, ports, networks and URLs, parsed once where they enter.

Everything behind this module may rely on a target being well formed: it never begins with a dash and never holds
white space or characters that a shell or a terminal would act on.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from typing import Literal
from urllib.parse import urlsplit

import msgspec

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# RFC 1123 labels, with the underscore that device names carry in practice; letters of other scripts are IDN (RFC 5891).
_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?|_[\w-]{0,62}")
_NUMERIC = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)(?:\.(?:0[xX][0-9a-fA-F]*|[0-9]+)){0,3}", re.ASCII)


class Target(msgspec.Struct, frozen=True):
    """One thing that can be probed, as the user wrote it (`text`) and as the network takes it (`host`)."""

    text: str
    kind: Literal["name", "address", "network"]
    host: str


def parse_address(text: str) -> Address | None:
    """An IP address, brackets of a URL or the full stop of a sentence allowed, zone index refused; None where it is none.

    An IPv4-mapped one (RFC 4291, section 2.5.5.2) is the IPv4 address.
    """
    text = text.removesuffix(".")
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return None if address.scope_id is not None else address.ipv4_mapped or address
    return address


def numeric_address(text: str) -> Address | None:
    """The IPv4 address that the C library reads in decimal, octal, hexadecimal or shortened notation (inet_aton(3)), such as
    ``2130706433``, ``0177.0.0.1``, ``0x7f.1``; None where it reads none."""
    if not _NUMERIC.fullmatch(text.rstrip(".")):
        return None
    import socket

    try:
        return ipaddress.IPv4Address(socket.inet_aton(text.rstrip(".")))
    except OSError:
        return None


def parse_network(text: str) -> Network | None:
    """A CIDR network with its prefix length written out; host bits may be set, as people write them.

    One of IPv4-mapped addresses is the IPv4 network.
    """
    if "/" not in text:
        return None
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped and network.prefixlen >= 96:
        return ipaddress.ip_network((network.network_address.ipv4_mapped, network.prefixlen - 96))
    return None if "%" in text else network


def parse_host(text: str) -> Target:
    """A host name or an IP address.

    Raises:
        ValueError: it is neither; the message says why, and is fit to be shown.
    """
    address = parse_address(text)
    if address is not None:
        return Target(text, "address", str(address))
    name = text.rstrip(".") if not text.startswith(".") else text
    try:
        ascii_name = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        raise ValueError(f"{_shown(text)} is not a host name: it cannot be written in ASCII (IDNA)") from None
    labels = name.split(".")
    if not name or len(ascii_name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{_shown(text)} is not a host name or an IP address")
    if (meant := numeric_address(ascii_name)) is not None:
        raise ValueError(f"{_shown(text)} is not a plain IP address; programs read {meant} in it: write out the one you mean")
    if all(label.isdigit() for label in labels):
        raise ValueError(f"{_shown(text)} is not an IP address")
    return Target(text, "name", ascii_name.lower())


def parse_target(text: str) -> Target:
    """A host or a CIDR network; raises ValueError as `parse_host` does."""
    network = parse_network(text)
    return Target(text, "network", str(network)) if network is not None else parse_host(text)


def host_of(text: str) -> str:
    """The bare host of a host, a ``host:port``, or a URL, spelled as it was written."""
    netloc = text
    if "://" in text:
        netloc = text.split("://", 1)[1].split("/", 1)[0].split("?", 1)[0].rsplit("@", 1)[-1]
    if netloc.startswith("["):
        return netloc[1:].split("]", 1)[0]
    return netloc.split(":", 1)[0] if netloc.count(":") == 1 else netloc


class Url(msgspec.Struct, frozen=True):
    """An http or https URL in parts; `path` keeps the query."""

    text: str
    scheme: Literal["http", "https"]
    host: Target
    port: int
    path: str


def parse_url(text: str) -> Url:
    """An http(s) URL; a bare host is taken as https.

    Raises:
        ValueError: another scheme, no host, a bad port, or credentials in the URL.
    """
    whole = text if "://" in text else f"https://{f'[{text}]' if ':' in text and parse_address(text) else text}"
    try:
        parts = urlsplit(whole)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{_shown(text)} is not a URL: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{_shown(text)} is not an http or https URL")
    if parts.username or parts.password:
        raise ValueError(f"{_shown(text)} holds a user name or password; leave it out")
    if re.search(r"[\s\x00-\x1f\x7f]", whole):
        raise ValueError(f"{_shown(text)} holds white space or control characters")
    scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Url(whole, scheme, parse_host(parts.hostname), port or (443 if scheme == "https" else 80), path)


def check_port(port: int) -> int:
    """The port itself; raises ValueError outside 1–65535."""
    if not 1 <= port <= 65535:
        raise ValueError(f"port {port} is not between 1 and 65535")
    return port


def is_port_list(text: str) -> bool:
    """Whether `text` is a list of ports and ranges in Nmap's notation, such as ``22,80,8000-8100``."""
    if not re.fullmatch(r"\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?)*", text):
        return False
    for part in text.split(","):
        low, _, high = part.partition("-")
        if not 0 <= int(low) <= int(high or low) <= 65535:
            return False
    return True


def port_ranges(listed: str) -> tuple[tuple[int, int], ...]:
    """The ranges of a list of ports in Nmap's notation, each with its first and its last port; none where it is empty."""
    bounds = (part.partition("-") for part in listed.split(",") if part)
    return tuple((int(low), int(high or low)) for low, _, high in bounds)


def port_numbers(ranges: Iterable[tuple[int, int]]) -> Iterator[int]:
    """Every port of some ranges."""
    return (port for low, high in ranges for port in range(low, high + 1))


def host_port(host: str, port: int | None = None) -> str:
    """``192.0.2.1:443``, and ``[2001:db8::1]:443`` (RFC 3986, section 3.2.2); without a port, the host as a URL has it."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"


def host_and_port(text: str) -> tuple[str, int | None]:
    """What `host_of` and `host_port` say of a ``host:port``; None where it ends with no port."""
    bare = host_of(text)
    port = re.fullmatch(r":([0-9]{1,5})", text.removeprefix(f"[{bare}]").removeprefix(bare))
    return bare, int(port[1]) if port else None


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "…")
