"""Which checks an open port calls for: the TLS audit on any port that speaks TLS, by STARTTLS where the protocol has it, and the
audit of what the service itself is (SSH, HTTP, mail).

Each fact is measured once: certificates and the quantum verdict of a TLS server are part of its audit, as host keys and the
quantum verdict are of that of an SSH server.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

import msgspec

from netassist.network import Network
from netassist.observations import FailureKind, Report
from netassist.probes.nmap_xml import NmapPort
from netassist.probes.tcp import TcpCheck
from netassist.targets import host_port

# Ports where TLS comes first, whatever the service turns out to be (IANA service names and port numbers).
TLS_PORTS = frozenset({443, 465, 636, 853, 990, 993, 995, 8443})
_HTTP_PORTS = frozenset({80, 443, 8000, 8008, 8080, 8443, 8888})
_SSH_PORTS = frozenset({22, 2222})
_MAIL_PORTS = frozenset({25, 465, 587})
STARTTLS: Mapping[str, str] = MappingProxyType({
    "smtp": "smtp", "submission": "smtp", "imap": "imap", "pop3": "pop3", "ftp": "ftp", "ldap": "ldap", "xmpp": "xmpp",
    "xmpp-client": "xmpp", "jabber": "xmpp", "postgresql": "postgres", "mysql": "mysql",
})  # fmt: skip
"""Protocols that can be upgraded to TLS (keys of `tls.starttls.DIALOGUES`), by Nmap's names of services."""
_STARTTLS_PORTS = {21: "ftp", 25: "smtp", 110: "pop3", 143: "imap", 389: "ldap", 587: "smtp", 3306: "mysql", 5222: "xmpp",
                   5432: "postgres"}  # fmt: skip

Sureness = Literal["certain", "likely", "guess"]
"""That a port speaks a protocol: it has said so, its number says so, or nothing does."""
FORGIVEN: Mapping[Sureness, tuple[FailureKind, ...]] = MappingProxyType({
    "certain": (), "likely": ("protocol",), "guess": ("protocol", "reset", "timeout"),
})  # fmt: skip
"""Kinds of failure that only tell that it does not."""


class Service(msgspec.Struct, frozen=True):
    """One open port. None is what was not established: whether it speaks TLS, can be upgraded to it (`starttls`), and, of a DNS
    server, whether it resolves names for this machine (`recursion`).
    """

    port: int
    protocol: str
    service: str | None = None
    product: str | None = None
    version: str | None = None
    tls: bool | None = None
    starttls: bool | None = None
    recursion: bool | None = None

    @classmethod
    def of(cls, port: NmapPort) -> Service:
        """What Nmap knows of a port, without the names that it has from the number alone."""
        if not port.probed:
            return cls(port.port, port.protocol, tls=True if port.tunnel == "ssl" else None)
        tls = port.tunnel == "ssl" or port.service in ("ssl", "https")
        return cls(port.port, port.protocol, port.service, port.product, port.version, tls)

    @classmethod
    def heard(cls, port: int, check: TcpCheck) -> Service:
        """What a service says by itself to who connects, where there is no Nmap to ask it more."""
        said = check.banner or ""
        name = next((name for begins, within, name in _GREETINGS if said.startswith(begins) and within in said.upper()), None)
        return cls(port, "tcp", name, tls=False if name else None)


_GREETINGS = (
    ("SSH-", "", "ssh"),
    ("220", "SMTP", "smtp"),
    ("220", "FTP", "ftp"),
    ("+OK", "", "pop3"),
    ("* OK", "", "imap"),
)


class Part(NamedTuple):
    """One check of `port`; `upgrades` where it begins by asking for STARTTLS."""

    title: str
    sure: Sureness
    run: Callable[[], Awaitable[Report]]
    port: int = 0
    upgrades: bool = False


def parts_of(network: Network, host: str, services: Sequence[Service], pages: Sequence[str] = ()) -> tuple[Part, ...]:
    """The checks of all open TCP ports, in their order; `pages` are URLs to fetch in the place of ``/``."""
    checks = [part for service in services if service.protocol == "tcp" for part in _parts(network, host, service)]
    if pages:
        checks = [part for part in checks if not part.title.startswith(_HTTP)]
        checks += [Part(f"{_HTTP}{page}", "certain", _page(network, page)) for page in pages]
    return tuple(checks)


_HTTP = "HTTP at "


def _parts(network: Network, host: str, service: Service) -> Iterator[Part]:
    port, name, known = service.port, service.service, service.service is not None
    where = host_port(host, port)
    if name == "ssh" or (not known and port in _SSH_PORTS):
        yield Part(f"SSH at {where}", _sure(known), _ssh(network, host, port), port)
    tls = service.tls or (not known and port in TLS_PORTS)
    upgrade = None if tls else STARTTLS.get(name) if name else _STARTTLS_PORTS.get(port)
    if tls:
        yield Part(f"TLS at {where}", "certain" if service.tls else "likely", _tls(network, host, port), port)
    elif upgrade:
        yield Part(f"STARTTLS at {where}", _sure(known), _tls(network, host, port, upgrade), port, upgrades=True)
    elif not known and port not in _SSH_PORTS | _HTTP_PORTS:
        yield Part(f"TLS at {where}", "guess", _tls(network, host, port), port)
    if (name or "").startswith("http") or (not known and port in _HTTP_PORTS):
        yield Part(f"{_HTTP}{where}", _sure(known), _page(network, f"{'https' if tls else 'http'}://{where}/"), port)
    if name in ("smtp", "submission", "smtps") or (not known and port in _MAIL_PORTS):
        yield Part(f"mail at {where}", _sure(known), _mail(network, host, port), port)


def _sure(known: bool) -> Sureness:
    return "certain" if known else "likely"


def _ssh(network: Network, host: str, port: int) -> Callable[[], Awaitable[Report]]:
    async def run() -> Report:
        from netassist.probes.ssh import ssh_audit

        return await ssh_audit(network, host, port)

    return run


def _tls(network: Network, host: str, port: int, starttls: str | None = None) -> Callable[[], Awaitable[Report]]:
    async def run() -> Report:
        from netassist.tls.audit import tls_audit

        return await tls_audit(network, host, port, starttls)

    return run


def _page(network: Network, url: str) -> Callable[[], Awaitable[Report]]:
    async def run() -> Report:
        from netassist.probes.http import http_check

        return await http_check(network, url)

    return run


def _mail(network: Network, host: str, port: int) -> Callable[[], Awaitable[Report]]:
    async def run() -> Report:
        from netassist.probes.smtp import smtp_check

        return await smtp_check(network, host, port)

    return run
