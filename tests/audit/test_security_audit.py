"""security_audit on loopback: every part in its place, and no part that hides another."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from netassist.audit import judged, parts, security_audit
from netassist.audit.findings import merged
from netassist.audit.open_ports import open_ports
from netassist.audit.parts import Part, Service, parts_of
from netassist.audit.security_audit import SecurityAudit, Summary, Wanted, audit_ports, audited
from netassist.network import Network, Progress
from netassist.observations import Endpoint, Failure, Finding, Report, Severity, Stopwatch, schema_of
from netassist.probes.http import HttpCheck
from netassist.probes.nmap import NmapScan
from netassist.probes.nmap_xml import NmapHost, NmapPort
from netassist.probes.tcp import TcpCheck
from netassist.scope import Scope
from tests.lab.dns import dns_server
from tests.lab.http import Page, http_server
from tests.lab.listening import listening
from tests.lab.pki import authority, leaf
from tests.lab.programs import require
from tests.lab.smtp import talker
from tests.lab.tls import tls_server

LOOPBACK = Scope(frozenset({"127.0.0.1"}))


def audit(*ports: int, progress: Callable[[Progress], None] = lambda _: None) -> SecurityAudit:
    network = Network(LOOPBACK, progress=progress)
    return asyncio.run(audit_ports(network, "127.0.0.1", ",".join(map(str, ports))))


def finding(id: str, severity: Severity = "low", evidence: str = "seen") -> Finding:
    return Finding(id=id, severity=severity, title=id, detail="", evidence=evidence, fix="")


def report(port: int, *findings: Finding) -> Report:
    return TcpCheck(target=Endpoint("192.0.2.1", port), findings=findings, **Stopwatch().stamp())


def waiting(connection: socket.socket) -> None:
    """Says nothing, and waits for the client to speak or to leave."""
    with contextlib.suppress(OSError):
        connection.recv(1)


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

    def guessed(network: Network, host: str, services: object, pages: object) -> tuple[Part, ...]:
        return (Part("HTTP", "likely", lambda: no_http(network, host, services)),)

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

    every = (Part("one", "certain", breaks), Part("two", "certain", fails), Part("three", "certain", works))
    monkeypatch.setattr(security_audit, "parts_of", lambda *_: every)
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
        (Service(2200, "tcp", "ssh", tls=False), [("SSH at h:2200", "certain")]),
        (Service(8000, "tcp", "http", tls=False), [("HTTP at h:8000", "certain")]),
        (Service(9443, "tcp", "http", tls=True), [("TLS at h:9443", "certain"), ("HTTP at h:9443", "certain")]),
        (Service(993, "tcp", "imap", tls=True), [("TLS at h:993", "certain")]),
        (Service(443, "tcp"), [("TLS at h:443", "likely"), ("HTTP at h:443", "likely")]),
        (Service(22, "tcp"), [("SSH at h:22", "likely")]),
        (Service(22, "tcp", "http", tls=False), [("HTTP at h:22", "certain")]),
        (Service(443, "udp"), []),
        (Service(5432, "tcp", "postgresql", tls=False), [("STARTTLS at h:5432", "certain")]),
        (Service(2525, "tcp", "smtp", tls=False), [("STARTTLS at h:2525", "certain"), ("mail at h:2525", "certain")]),
        (Service(465, "tcp", "smtp", tls=True), [("TLS at h:465", "certain"), ("mail at h:465", "certain")]),
        (Service(143, "tcp"), [("STARTTLS at h:143", "likely")]),
        (Service(6379, "tcp", "redis", tls=False), []),
        (Service(7777, "tcp"), [("TLS at h:7777", "guess")]),
        (Service(7777, "tcp", tls=True), [("TLS at h:7777", "certain")]),
    ],
)
def test_each_open_port_gets_the_checks_it_calls_for(service: Service, expected: list[tuple[str, str]]) -> None:
    assert [(part.title, part.sure) for part in parts_of(Network(Scope()), "h", [service])] == expected


def test_pages_that_are_named_are_fetched_in_the_place_of_the_root() -> None:
    web = [Service(80, "tcp", "http", tls=False), Service(22, "tcp", "ssh", tls=False)]
    titles = [part.title for part in parts_of(Network(Scope()), "h", web, ("http://h/shop",))]
    assert titles == ["SSH at h:22", "HTTP at http://h/shop"]


def test_findings_of_a_scan_have_their_ports() -> None:
    ports = tuple(NmapPort(port=number, protocol="tcp", state="open", service="redis", confidence=10) for number in (6379, 6380))
    host = NmapHost(address="192.0.2.1", state="up", ports=ports)
    scan = judged(NmapScan(target=Endpoint("db.example", None, "192.0.2.1"), hosts=(host,), **Stopwatch().stamp()))
    [found] = merged([scan])
    assert (found.id, [(place.host, place.port) for place in found.places]) == (
        "service.redis", [("db.example", 6379), ("db.example", 6380)],
    )  # fmt: skip
    assert found.evidence == "192.0.2.1:6379/tcp open (redis); 192.0.2.1:6380/tcp open (redis)"


def test_merging_what_is_merged_keeps_the_places() -> None:
    once = merged([report(443, finding("tls.old")), report(8443, finding("tls.old"))])
    whole = SecurityAudit(target=Endpoint("192.0.2.1"), findings=once, **Stopwatch().stamp())
    assert merged([whole]) == once


def test_a_service_that_refuses_starttls_is_a_finding_and_no_failure(without_nmap: None) -> None:
    def said(line: bytes) -> bytes:
        return (line.split(b" ", 1)[0].strip() or b"*") + b" BAD no\r\n"

    with talker(b"* OK IMAP4rev1 ready\r\n", said) as port:
        result = audit(port)
    [service] = result.hosts[0].services
    assert (service.service, service.tls, service.starttls) == ("imap", False, False)
    found = next(item for item in result.findings if item.id == "service.no_starttls")
    assert [place.port for place in found.places] == [port]
    assert "n1 BAD no" in found.evidence
    # Only that there is no Nmap is missing.
    assert result.error is not None
    assert (result.error.kind, "more part" in result.error.message) == ("missing_program", False)


def test_a_service_that_says_nothing_is_not_made_up(without_nmap: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(lambda connection: None) as port:
        result = audit(port)
    assert result.hosts[0].services == (Service(port, "tcp"),)
    assert result.findings == ()


def test_a_policy_that_is_asked_for_is_held_against_the_server(tmp_path: Path, without_nmap: None) -> None:
    with tls_server(leaf(authority()), version="TLSv1.2", ciphers="ECDHE+AESGCM") as server:
        wanted = Wanted(str(server.port), policies=("mozilla_modern",))
        result = asyncio.run(audited(Network(LOOPBACK), "127.0.0.1", wanted))
    found = next(item for item in result.findings if item.id == "policy.mozilla_modern")
    assert "TLSv1.2" in found.evidence
    assert not [item for item in result.findings if item.id.startswith("policy.") and item != found]
    assert [service.tls for service in result.hosts[0].services] == [True]


def test_ports_that_were_not_tried_for_want_of_time_are_counted(without_nmap: None) -> None:
    network = Network(LOOPBACK, deadline=0.3)
    with listening(waiting) as port:
        result = asyncio.run(audited(network, "127.0.0.1", Wanted(f"{port},1-65535")))
    [host] = result.hosts
    assert 0 < len(host.tried) < 65535
    assert len(host.reports) < 20
    assert result.status == "partial"


def test_ports_that_were_not_tried_since_it_was_cancelled_are_told_as_that(without_nmap: None) -> None:
    network = Network(LOOPBACK)
    network.interrupt()
    found = asyncio.run(open_ports(network, "127.0.0.1", "service", "1-5"))
    assert found.failures[-1].message == "127.0.0.1: 5 of 5 ports were not tried: interrupted"


@pytest.mark.parametrize("recursion", [True, False])
def test_a_dns_server_is_asked_whether_it_resolves_for_strangers(recursion: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scanned(*_: object) -> NmapScan:
        ports = (NmapPort(port=port, protocol="tcp", state="open", service="domain", confidence=10),)
        host = NmapHost(address="127.0.0.1", state="up", ports=ports)
        return NmapScan(target="127.0.0.1", hosts=(host,), **Stopwatch().stamp())

    monkeypatch.setattr("netassist.probes.nmap.scan_within", scanned)
    with dns_server({("a.example", "A"): ("192.0.2.1",)}, recursion=recursion) as server:
        port = int(server.address.rpartition(":")[2])
        result = audit(port)
    assert (result.status, result.hosts[0].services[0].recursion, len(server.questions)) == ("ok", recursion, 1)
    assert [(item.id, item.severity, item.places[0].port) for item in result.findings] == (
        [("service.open_resolver", "info", port)] if recursion else []
    )


def test_a_dns_server_that_does_not_answer_leaves_the_audit_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scanned(*_: object) -> NmapScan:
        ports = (NmapPort(port=port, protocol="tcp", state="open", service="domain", confidence=10),)
        host = NmapHost(address="127.0.0.1", state="up", ports=ports)
        return NmapScan(target="127.0.0.1", hosts=(host,), **Stopwatch().stamp())

    monkeypatch.setattr("netassist.probes.nmap.scan_within", scanned)
    with listener() as port:
        result = asyncio.run(audit_ports(Network(LOOPBACK, timeout=0.5), "127.0.0.1", str(port)))
    assert (result.status, result.hosts[0].services[0].recursion, result.findings) == ("partial", None, ())


def test_a_host_of_which_nothing_answers_is_not_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scanned(*_: object) -> NmapScan:
        host = NmapHost(address="127.0.0.1", state="unknown", not_shown={"filtered": 1000})
        return NmapScan(target="127.0.0.1", status="partial", hosts=(host,), **Stopwatch().stamp())

    monkeypatch.setattr("netassist.probes.nmap.scan_within", scanned)
    result = audit(1)
    assert result.error is not None
    assert (result.status, result.error.kind, result.findings) == ("partial", "unreachable", ())
    assert "nothing answered" in result.error.message


def test_every_part_looks_at_the_address_that_is_scanned(without_nmap: None, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(Scope(frozenset({"two.example"}), allow=("127.0.0.0/8",)))
    monkeypatch.setattr(network, "_pinned", {"two.example": (ip_address("127.0.0.2"), ip_address("127.0.0.1"))})
    with listener() as port:
        result = asyncio.run(audited(network, "two.example", Wanted(str(port))))
    # It is open at the second address alone.
    assert [(host.address, host.services, host.tried) for host in result.hosts] == [("127.0.0.2", (), (port,))]


def test_what_the_scope_closes_is_said_to_be_unseen() -> None:
    if shutil.which("nmap") is None:
        pytest.skip("Nmap is not installed")
    network = Network(Scope(frozenset({"127.0.0.1"}), deny=(":25",)), deadline=60)
    audit = asyncio.run(audited(network, "127.0.0.1", Wanted()))
    assert audit.status == "partial"
    assert audit.error is not None
    assert "its ports 25 were not looked at" in audit.error.message
