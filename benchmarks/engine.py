"""The engine of `tls_audit` in this process, without start-up: versions, suites, order, groups and the certificate."""

from __future__ import annotations

import asyncio

from netassist.network import Network
from netassist.scope import Scope
from netassist.tls.certificate import CertificateInfo, presented
from netassist.tls.facts import Facts
from netassist.tls.scan import Scan
from netassist.tls.scanner import Scanner
from netassist.tls.server import Server


def network(host: str) -> Network:
    return Network(Scope(frozenset({host})), timeout=20.0, deadline=300.0)


async def examined(host: str, port: int, *, signature_schemes: bool = True) -> tuple[Facts, CertificateInfo]:
    """What a scan establishes, signature schemes among it if wanted, and the certificate shown."""
    server = Server(network(host), host, port)
    scanner, scan = Scanner(server), Scan(signature_schemes=signature_schemes)
    await scanner.run(scan.versions())
    _, certificate = await asyncio.gather(scanner.run(scan.details()), presented(server))
    return scan.facts(), certificate


def engine(host: str, port: int, *, signature_schemes: bool = True) -> tuple[Facts, CertificateInfo]:
    """`examined`, in an event loop of its own. Raises RuntimeError where it is not complete, since then it is no measurement."""
    facts, certificate = asyncio.run(examined(host, port, signature_schemes=signature_schemes))
    unknown = [f"suites/{name}" for name in facts.suites if f"suites/{name}" not in facts.complete]
    if unknown or "groups" not in facts.complete or certificate.error:
        raise RuntimeError(f"incomplete: {unknown or certificate.error or 'groups'}")
    return facts, certificate
