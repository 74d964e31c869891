"""security_audit on loopback: every part in its place, and no part that hides another."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from netassist.audit import parts, security_audit
from netassist.audit.findings import merged
from netassist.audit.parts import Part, Service, parts_of
from netassist.audit.security_audit import SecurityAudit, Summary, audit_ports
from netassist.network import Network, Progress
from netassist.observations import Endpoint, Failure, Finding, Report, Severity, Stopwatch, schema_of
from netassist.probes.http import HttpCheck
from netassist.probes.nmap import NmapScan
from netassist.probes.nmap_xml import NmapHost, NmapPort
from netassist.probes.tcp import TcpCheck
from netassist.scope import Scope
from tests.lab.http import Page, http_server
from tests.lab.pki import authority, leaf
from tests.lab.programs import require

LOOPBACK = Scope(frozenset({"127.0.0.1"}))


def audit(*ports: int, progress: Callable[[Progress], None] = lambda _: None) -> SecurityAudit:
    network = Network(LOOPBACK, progress=progress)
    return asyncio.run(audit_ports(network, "127.0.0.1", ",".join(map(str, ports))))


def finding(id: str, severity: Severity = "low", evidence: str = "seen") -> Finding:
    return Finding(id=id, severity=severity, title=id, detail="", evidence=evidence, fix="")


def report(port: int, *findings: Finding) -> Report:
    return TcpCheck(target=Endpoint("192.0.2.1", port), findings=findings, **Stopwatch().stamp())


@contextlib.contextmanager
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def without_nmap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def test_a_web_server_is_found_checked_and_judged() -> None:
    require("nmap")
    told: list[Progress] = []
    with http_server({"/": Page(headers={"Content-Type": "text/html"})}) as server:
        result = audit(server.port, progress=told.append)
    [host] = result.hosts
    assert (result.status, result.error) == ("ok", None)
    assert (host.address, [(s.port, s.service, s.tls) for s in host.services]) == ("127.0.0.1", [(server.port, "http", False)])
    assert [schema_of(item) for item in host.reports] == ["netassist/nmap/1", "netassist/http/1"]
    assert {"http.plain", "http.no_csp", "http.no_nosniff"} <= {item.id for item in result.findings}
    assert result.summary.low == sum(item.severity == "low" for item in result.findings)
    fractions = [step.fraction for step in told if step.fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    # The reports inside carry their own schemas in JSON.
    decoded = msgspec.json.decode(msgspec.json.encode(result))
    assert [inner["schema"] for inner in decoded["hosts"][0]["reports"]] == ["netassist/nmap/1", "netassist/http/1"]


def test_open_ports_come_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    async def shuffled(*_: object) -> NmapScan:
        ports = tuple(NmapPort(port=number, protocol="tcp", state="open") for number in (9200, 22, 443, 80))
        host = NmapHost(address="127.0.0.1", state="up", ports=ports)
        return NmapScan(target="127.0.0.1", hosts=(host,), **Stopwatch().stamp())

    monkeypatch.setattr("netassist.probes.nmap.scan_within", shuffled)
    monkeypatch.setattr(security_audit, "parts_of", lambda *_: ())
    [host] = audit(1).hosts
    assert ([service.port for service in host.services], host.tried) == ([22, 80, 443, 9200], ())


def test_an_audit_is_whole_where_only_a_certificate_does_not_verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scanned(*_: object) -> NmapScan:
        port = NmapPort(port=server.port, protocol="tcp", state="open", service="http", confidence=10, tunnel="ssl")
        host = NmapHost(address="127.0.0.1", state="up", ports=(port,))
        return NmapScan(target="127.0.0.1", hosts=(host,), **Stopwatch().stamp())

    identity = leaf(authority("Lab Root"))
    pem = identity.anchor(tmp_path)
    with pem.open("ab") as file:
        file.write(identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    monkeypatch.setattr("netassist.probes.nmap.scan_within", scanned)
    with http_server({"/": Page()}, context=context) as server:
        result = audit(server.port)
    assert (result.status, result.error) == ("ok", None)
    assert [schema_of(item) for item in result.hosts[0].reports].count("netassist/http/1") == 1


def test_without_nmap_it_goes_on_by_connecting_and_is_partial(without_nmap: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with http_server({"/": Page()}) as server, listener() as shut:
        pass
    with http_server({"/": Page()}) as server:
        monkeypatch.setattr(parts, "_HTTP_PORTS", frozenset({server.port}))
        result = audit(server.port, shut)
    [host] = result.hosts
    assert result.status == "partial"
    assert result.error is not None
    assert (result.error.kind, "apt install nmap" in result.error.message) == ("missing_program", True)
    assert host.services == (Service(server.port, "tcp"),)
    assert host.tried == tuple(sorted((server.port, shut)))
    assert [type(item) for item in host.reports[1:]] == [TcpCheck, HttpCheck]
    assert "http.plain" in {item.id for item in result.findings}


def test_a_guess_by_port_number_that_is_wrong_is_no_failure(without_nmap: None, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_http(network: Network, host: str, services: object) -> Report:
        error = Failure("protocol", "does not speak HTTP")
        return HttpCheck(target=Endpoint(host), status="failed", error=error, **Stopwatch().stamp())

    def guessed(network: Network, host: str, services: object) -> tuple[Part, ...]:
        return (Part("HTTP", False, lambda: no_http(network, host, services)),)

    monkeypatch.setattr(security_audit, "parts_of", guessed)
    with listener() as port:
        result = audit(port)
    assert [type(item).__name__ for item in result.hosts[0].reports] == ["NmapScan", "TcpCheck"]
    assert result.error is not None
    assert result.error.kind == "missing_program"


def test_a_part_that_breaks_hides_no_other(without_nmap: None, monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks() -> Report:
        raise ValueError("a shape nobody thought of")

    async def fails() -> Report:
        error = Failure("timeout", "192.0.2.1:443: no answer")
        return TcpCheck(target=Endpoint("127.0.0.1", 443), status="failed", error=error, **Stopwatch().stamp())

    async def works() -> Report:
        return report(8080, finding("http.plain", "medium"))

    monkeypatch.setattr(
        security_audit, "parts_of", lambda *_: (Part("one", True, breaks), Part("two", True, fails), Part("three", True, works))
    )
    with listener() as port:
        result = audit(port)
    assert result.status == "partial"
    assert [item.id for item in result.findings] == ["http.plain"]
    assert result.summary == Summary(medium=1)
    assert result.error is not None
    assert "2 more parts" in result.error.message


@pytest.mark.parametrize(("host", "kind"), [("192.0.2.1", "out_of_scope"), ("no-such-host.invalid", "unresolvable")])
def test_a_host_that_cannot_be_audited_fails_at_once(host: str, kind: str) -> None:
    network = Network(Scope(frozenset({"no-such-host.invalid"})))
    result = asyncio.run(security_audit.security_audit(network, host))
    assert result.error is not None
    assert (result.status, result.error.kind, network.connections) == ("failed", kind, 0)


def test_the_same_finding_at_two_ports_is_one_with_both_places() -> None:
    found = merged([report(443, finding("tls.old")), report(8443, finding("tls.old")), report(443, finding("tls.old"))])
    assert [(item.id, item.evidence) for item in found] == [("tls.old", "port 443: seen; port 8443: seen")]


def test_findings_about_several_hosts_name_the_host() -> None:
    other = TcpCheck(target=Endpoint("2001:db8::1", 443), findings=(finding("tls.old"),), **Stopwatch().stamp())
    [item] = merged([report(443, finding("tls.old")), other])
    assert item.evidence == "192.0.2.1:443: seen; [2001:db8::1]:443: seen"


def test_the_worst_comes_first() -> None:
    found = merged([report(1, finding("a", "info"), finding("b", "critical"), finding("c", "medium"))])
    assert [item.id for item in found] == ["b", "c", "a"]


def test_what_the_certificate_says_is_not_said_twice() -> None:
    unverified = finding("http.certificate_not_verified", "high")
    found = merged([report(443, finding("certificate.expired", "high")), report(443, unverified), report(8443, unverified)])
    assert [(item.id, item.evidence) for item in found] == [
        ("certificate.expired", "port 443: seen"),
        ("http.certificate_not_verified", "port 8443: seen"),
    ]


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        (Service(2200, "tcp", "ssh", tls=False), [("quantum safety of SSH at h:2200", True)]),
        (Service(8000, "tcp", "http", tls=False), [("HTTP at h:8000", True)]),
        (
            Service(9443, "tcp", "http", tls=True),
            [("certificate of h:9443", True), ("quantum safety of TLS at h:9443", True), ("HTTP at h:9443", True)],
        ),
        (Service(993, "tcp", "imap", tls=True), [("certificate of h:993", True), ("quantum safety of TLS at h:993", True)]),
        (
            Service(443, "tcp"),
            [("certificate of h:443", False), ("quantum safety of TLS at h:443", False), ("HTTP at h:443", False)],
        ),
        (Service(22, "tcp"), [("quantum safety of SSH at h:22", False)]),
        (Service(22, "tcp", "http", tls=False), [("HTTP at h:22", True)]),
        (Service(443, "udp"), []),
        (Service(5432, "tcp", "postgresql", tls=False), []),
    ],
)
def test_each_open_port_gets_the_checks_it_calls_for(service: Service, expected: list[tuple[str, bool]]) -> None:
    assert [(part.title, part.certain) for part in parts_of(Network(Scope()), "h", [service])] == expected
