"""Which checks an open port calls for: a certificate and quantum check for TLS, a quantum check for SSH, a GET for HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from netassist.network import Network, host_port
from netassist.observations import Report
from netassist.probes.nmap_xml import NmapPort

# Ports where TLS comes first, whatever the service turns out to be (IANA service names and port numbers).
TLS_PORTS = frozenset({443, 465, 636, 853, 990, 993, 995, 8443})
_HTTP_PORTS = frozenset({80, 443, 8000, 8008, 8080, 8443, 8888})
_SSH_PORTS = frozenset({22, 2222})


class Service(msgspec.Struct, frozen=True):
    """One open port. `tls` is None where it was not established."""

    port: int
    protocol: str
    service: str | None = None
    product: str | None = None
    version: str | None = None
    tls: bool | None = None

    @classmethod
    def of(cls, port: NmapPort) -> Service:
        """What Nmap knows of a port, without the names that it has from the number alone."""
        if not port.probed:
            return cls(port.port, port.protocol, tls=True if port.tunnel == "ssl" else None)
        tls = port.tunnel == "ssl" or port.service in ("ssl", "https")
        return cls(port.port, port.protocol, port.service, port.product, port.version, tls)


class Part(NamedTuple):
    """One check. Where it is not `certain` that the port speaks the protocol, a peer that does not is no failure."""

    title: str
    certain: bool
    run: Callable[[], Awaitable[Report]]


def parts_of(network: Network, host: str, services: Sequence[Service]) -> tuple[Part, ...]:
    """The checks of all open TCP ports, in their order."""
    return tuple(part for service in services if service.protocol == "tcp" for part in _parts(network, host, service))


def _parts(network: Network, host: str, service: Service) -> Iterator[Part]:
    port, name, known = service.port, service.service, service.service is not None
    where = host_port(host, port)
    if name == "ssh" or (not known and port in _SSH_PORTS):

        async def ssh() -> Report:
            from netassist.quantum import quantum_check

            return await quantum_check(network, host, port, "ssh")

        yield Part(f"quantum safety of SSH at {where}", known, ssh)
    tls = service.tls or (not known and port in TLS_PORTS)
    if tls:

        async def certificate() -> Report:
            from netassist.tls.certificate import certificate_info

            return await certificate_info(network, host, port)

        async def quantum() -> Report:
            from netassist.quantum import quantum_check

            return await quantum_check(network, host, port, "tls")

        yield Part(f"certificate of {where}", known, certificate)
        yield Part(f"quantum safety of TLS at {where}", known, quantum)
    if (name or "").startswith("http") or (not known and port in _HTTP_PORTS):

        async def http() -> Report:
            from netassist.probes.http import http_check

            return await http_check(network, f"{'https' if tls else 'http'}://{where}/")

        yield Part(f"HTTP at {where}", known, http)
