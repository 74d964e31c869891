"""tls_audit against real TLS servers, and against ones that limit, fall silent, talk nonsense or speak what is long dead."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import threading
from pathlib import Path

import msgspec
import pytest

from netassist import toolbox
from netassist.audit import judged
from netassist.network import Network, Progress
from netassist.reports.text import lines, sentence
from netassist.scope import Scope
from netassist.tls import scanner
from netassist.tls.audit import TlsAudit, tls_audit
from netassist.tls.hello import Alert, alert
from netassist.tls.suites import SSL2_SUITES, suite
from tests.lab.middlebox import carry
from tests.lab.pki import authority, leaf
from tests.lab.scripted import Reply, scripted_server
from tests.lab.tls import tls_server

ROOT = authority()
RSA, EC = leaf(ROOT, key="rsa"), leaf(ROOT)
FOUR = "ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-GCM-SHA256:AES256-SHA256:AES128-GCM-SHA256"
FOUR_CODES = ["0xC028", "0xC02F", "0x003D", "0x009C"]


def audit(
    port: int, *, host: str = "127.0.0.1", timeout: float = 10.0, ca: Path | None = None, starttls: str | None = None
) -> TlsAudit:
    network = Network(Scope(frozenset({host})), timeout=timeout, ca_file=ca)
    return asyncio.run(tls_audit(network, host, port, starttls))


def codes(report: TlsAudit, version: str) -> list[str]:
    return [held.code for held in report.cipher_suites[version]]


def verdict(report: TlsAudit, weakness: str) -> str:
    return next(held.verdict for held in report.weaknesses if held.id == weakness)


# Real servers


def test_the_suites_of_a_server_that_keeps_its_order_come_in_that_order() -> None:
    with tls_server(RSA, least="TLSv1.2", ciphers=f"{FOUR}:@SECLEVEL=0", server_order=True) as server:
        report = audit(server.port)
    assert (report.status, report.error, report.incomplete) == ("ok", None, ())
    assert report.protocols == {
        "SSLv2": "refused", "SSLv3": "refused", "TLSv1.0": "refused", "TLSv1.1": "refused",
        "TLSv1.2": "accepted", "TLSv1.3": "accepted",
    }  # fmt: skip
    assert codes(report, "TLSv1.2") == FOUR_CODES
    assert codes(report, "TLSv1.3") == ["0x1302", "0x1303", "0x1301"]
    assert report.server_preference == {"TLSv1.2": True, "TLSv1.3": True}
    assert report.cipher_suites["TLSv1.2"][0].name == "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"


def test_the_suites_of_a_server_that_follows_the_client_come_by_code() -> None:
    with tls_server(RSA, least="TLSv1.2", ciphers=f"{FOUR}:@SECLEVEL=0") as server:
        report = audit(server.port)
    assert codes(report, "TLSv1.2") == sorted(FOUR_CODES)
    assert report.server_preference == {"TLSv1.2": False, "TLSv1.3": False}


def test_every_version_that_is_spoken_is_found_with_its_own_suites() -> None:
    with tls_server(RSA, least="TLSv1.0", ciphers="ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA:@SECLEVEL=0") as server:
        report = audit(server.port)
    assert codes(report, "TLSv1.0") == codes(report, "TLSv1.1") == ["0xC013"]
    assert codes(report, "TLSv1.2") == ["0xC013", "0xC02F"]
    assert (verdict(report, "tls1_0"), verdict(report, "sslv3_poodle")) == ("vulnerable", "safe")
    assert report.fallback_scsv is True


def test_groups_are_found_with_those_that_are_post_quantum() -> None:
    with tls_server(RSA, groups="MLKEM768:X25519MLKEM768:SecP384r1MLKEM1024:P-384:X25519:brainpoolP256r1") as server:
        report = audit(server.port)
    assert {held.name: held.kind for held in report.groups} == {
        "MLKEM768": "post_quantum", "X25519MLKEM768": "hybrid", "SecP384r1MLKEM1024": "hybrid", "secp384r1": "classical",
        "x25519": "classical", "brainpoolP256r1": "classical",
    }  # fmt: skip
    assert "groups" not in report.incomplete


@pytest.mark.parametrize(
    ("identity", "schemes"),
    [
        (EC, {"ecdsa_secp256r1_sha256"}),
        (RSA, {"rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512"}),
        (leaf(ROOT, key="ed25519"), {"ed25519"}),
    ],
)
def test_the_signature_schemes_of_tls_1_3_are_those_of_the_key(identity: object, schemes: set[str]) -> None:
    with tls_server(identity, version="TLSv1.3") as server:  # type: ignore[arg-type]
        report = audit(server.port)
    assert {held.name for held in report.signature_schemes} == schemes
    assert "signature_schemes" not in report.incomplete


def test_each_leaf_is_reported_once(tmp_path: Path) -> None:
    with tls_server(RSA, also=EC, least="TLSv1.2", ciphers="ECDHE+AESGCM:@SECLEVEL=0") as server:
        report = audit(server.port, ca=ROOT.anchor(tmp_path))
    assert [held.chain[0].key.type for held in report.certificates] == ["RSA", "EC"]
    assert [held.trusted for held in report.certificates] == [True, True]
    assert all(held.ocsp_staple == "absent" for held in report.certificates)


def test_a_server_with_an_ecdsa_key_alone_is_known_wholly() -> None:
    aead = "ECDHE+AESGCM:@SECLEVEL=0"
    with tls_server(EC, version="TLSv1.2", groups="P-256:X25519", ciphers=aead, server_order=True) as server:
        report = audit(server.port)
    assert {held.name for held in report.groups} >= {"secp256r1"}
    assert "groups" not in report.incomplete
    assert (report.curves[0], report.dh_bits) == ("secp256r1", ())
    assert len(report.certificates) == 1


def test_fewest_connections() -> None:
    with tls_server(RSA, least="TLSv1.2", ciphers=f"{FOUR}:@SECLEVEL=0", groups="X25519:P-256") as server:
        report = audit(server.port)
    assert report.connections <= 75


def test_the_same_server_gives_the_same_report() -> None:
    def timeless(report: TlsAudit) -> dict[str, object]:
        kept = msgspec.to_builtins(report)
        for part in (kept, *kept["certificates"]):
            del part["started"], part["duration_s"]
        for held in kept["certificates"]:
            del held["revocation"]["checked_at"]
        assert isinstance(kept, dict)
        return kept

    with tls_server(RSA, also=EC, ciphers="ALL:eNULL:@SECLEVEL=0", least="TLSv1.0") as server:
        one, other = audit(server.port), audit(server.port)
    assert timeless(one) == timeless(other)


def test_the_host_name_is_sent_and_the_address_is_not() -> None:
    with tls_server(RSA, version="TLSv1.2") as server:
        by_name = audit(server.port, host="localhost")
        named = set(server.names)
        server.names.clear()
        by_address = audit(server.port)
        addressed = set(server.names)
    assert (by_name.target.server_name, by_address.target.server_name) == ("localhost", None)  # type: ignore[union-attr]
    assert "localhost" in named
    assert addressed <= {None}


def test_starttls() -> None:
    def smtp(connection: socket.socket) -> None:
        connection.sendall(b"220 lab ESMTP\r\n")
        connection.recv(1000)
        connection.sendall(b"250-lab\r\n250 STARTTLS\r\n")
        connection.recv(1000)
        connection.sendall(b"220 go ahead\r\n")

    with tls_server(RSA, least="TLSv1.2", ciphers=f"{FOUR}:@SECLEVEL=0", before=smtp) as server:
        report = audit(server.port, starttls="smtp")
    assert report.protocols["TLSv1.3"] == "accepted"
    assert codes(report, "TLSv1.2") == sorted(FOUR_CODES)
    assert report.target.starttls == "smtp"  # type: ignore[union-attr]


def test_as_a_tool_it_is_called_judged_and_told() -> None:
    with tls_server(RSA, least="TLSv1.0", ciphers="ALL:eNULL:@SECLEVEL=0") as server:
        call = toolbox.validated(toolbox.Call("tls_audit", {"host": "127.0.0.1", "port": server.port}))
        report = judged(asyncio.run(toolbox.run(call, Network(Scope(frozenset({"127.0.0.1"}))))))
    assert msgspec.json.decode(msgspec.json.encode(report))["schema"] == "netassist/tls-audit/1"
    found = {finding.id: finding.severity for finding in report.findings}
    assert found["tls.null_cipher"] == "critical"
    assert found["tls.tls1_0"] == "medium"
    assert "certificate.untrusted_root" in found
    assert "tls.sslv3_poodle" not in found
    text = "\n".join(map(str, lines(report)))
    for words in ("TLS_RSA_WITH_NULL_SHA256", "broken (no encryption)", "X25519MLKEM768", "Grade", "Policies", "SSL 3.0"):
        assert words in text
    assert "it speaks TLS 1.0, TLS 1.1, TLS 1.2 and TLS 1.3" in sentence(report)


# Old ones that no library speaks any more


def test_ssl_2_is_found_with_its_suites() -> None:
    def answer(said: bytes) -> Reply:
        if said[2:5] != b"\x01\x00\x02":
            return alert(Alert(2, 70))
        held = b"".join(code.to_bytes(3, "big") for code in SSL2_SUITES[:3])
        body = b"\x04\x00\x01\x00\x02\x00\x00" + len(held).to_bytes(2, "big") + b"\x00\x10" + held + bytes(16)
        return (0x8000 | len(body)).to_bytes(2, "big") + body

    with scripted_server(answer) as server:
        report = judged(audit(server.port))
    assert isinstance(report, TlsAudit)
    assert (report.protocols["SSLv2"], report.protocols["TLSv1.2"]) == ("accepted", "refused")
    assert [held.name for held in report.cipher_suites["SSLv2"]] == [suite(code).name for code in SSL2_SUITES[:3]]
    assert "tls.sslv2" in {finding.id for finding in report.findings}
    assert "SSL 2.0" in sentence(report)


# What is not answered is unknown


class Limited:
    """Stands before a TLS server and carries `most` connections, then takes no more; too many `at_once` it closes."""

    def __init__(self, upstream: int, most: int, at_once: int = 1000) -> None:
        self._upstream, self._most = upstream, most
        self._places = threading.Semaphore(at_once)
        self.closed = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        for number in itertools.count(1):
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(connection,), daemon=True).start()
            if number == self._most:
                self._listener.shutdown(socket.SHUT_RDWR)
                self._listener.close()
                return

    def _carry(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            if not self._places.acquire(blocking=False):
                self.closed += 1
                connection.recv(65536)
                return
            try:
                self._forward(connection)
            finally:
                self._places.release()

    def _forward(self, connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self._upstream)) as onward:
            back = threading.Thread(target=carry, args=(onward, connection), daemon=True)
            back.start()
            carry(connection, onward)
            back.join()


@pytest.mark.parametrize("most", [9, 20])
def test_a_server_that_takes_no_more_connections_is_never_said_to_refuse_what_was_not_asked(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanner, "PAUSES", (0.01, 0.01))
    with tls_server(RSA, least="TLSv1.2", ciphers="ALL:@SECLEVEL=0") as server:
        report = audit(Limited(server.port, most).port)
    assert report.status == "partial"
    assert report.error is not None
    assert report.error.kind == "rate_limited"
    assert report.protocols["TLSv1.2"] == "accepted"
    assert "suites/TLSv1.2" in report.incomplete
    assert {verdict(report, weakness) for weakness in ("heartbleed", "robot")} == {"unknown"}
    assert sentence(report).startswith("Incomplete: ")


def test_a_server_that_closes_what_is_too_many_at_a_time_is_scanned_as_any_other() -> None:
    with tls_server(RSA, least="TLSv1.2", ciphers=f"{FOUR}:@SECLEVEL=0", server_order=True) as server:
        narrow = Limited(server.port, 10_000, at_once=2)
        report = audit(narrow.port)
    assert narrow.closed > 0
    assert codes(report, "TLSv1.2") == FOUR_CODES
    assert codes(report, "TLSv1.3") == ["0x1302", "0x1303", "0x1301"]
    assert report.incomplete == ()


def test_a_scan_that_is_interrupted_reports_what_it_has() -> None:
    with tls_server(RSA, least="TLSv1.2", ciphers="ALL:@SECLEVEL=0") as server:
        counter = itertools.count()

        def progress(_: Progress) -> None:
            if next(counter) == 4:
                network.interrupt()

        network = Network(Scope(frozenset({"127.0.0.1"})), progress=progress)
        report = asyncio.run(tls_audit(network, "127.0.0.1", server.port))
    assert report.status == "partial"
    assert report.error is not None
    assert report.error.kind == "timeout"
    assert report.error.message.endswith("interrupted")
    assert report.protocols["TLSv1.3"] == "accepted"
    assert "suites/TLSv1.2" in report.incomplete


def failed(report: TlsAudit) -> str:
    assert report.status == "failed"
    assert report.error is not None
    assert set(report.protocols.values()) <= {"unknown", "refused"}
    assert sentence(report).startswith("Could not audit TLS")
    return report.error.kind


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    assert failed(audit(port)) == "refused"


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"\x16\x03\x03\xff\xff",
        b"\x16\x03\x03\x00\x04\x02\xff\xff\xff",
    ],
)
def test_a_peer_that_speaks_something_else(said: bytes) -> None:
    with scripted_server(lambda _: said) as server:
        report = audit(server.port, timeout=0.5)
    assert failed(report) in ("protocol", "timeout")


def test_a_peer_that_closes_on_everything_is_not_said_to_refuse() -> None:
    with scripted_server(lambda _: "close") as server:
        report = audit(server.port)
    assert failed(report) == "protocol"
    assert set(report.protocols.values()) == {"unknown"}


def test_a_peer_that_is_silent() -> None:
    with scripted_server(lambda _: b"") as server:
        report = audit(server.port, timeout=0.2)
    assert failed(report) == "timeout"
    assert set(report.protocols.values()) == {"unknown"}


def test_a_peer_that_refuses_every_version() -> None:
    with scripted_server(lambda _: alert(Alert(2, 70))) as server:
        report = audit(server.port)
    assert failed(report) == "protocol"
    assert set(report.protocols.values()) == {"refused"}


def test_out_of_scope() -> None:
    report = asyncio.run(tls_audit(Network(Scope(frozenset({"shop.test"}))), "127.0.0.1", 443))
    assert failed(report) == "out_of_scope"
    assert report.connections == 0
