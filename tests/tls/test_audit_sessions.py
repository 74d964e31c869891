"""What tls_audit finds by more than first flights: which group clients get, resumption, large hellos, and names."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from netassist.network import Network
from netassist.scope import Scope
from netassist.tls.audit import TlsAudit, audited
from netassist.tls.hello import Alert, alert
from netassist.tls.resumption import Resumption
from netassist.tls.server import Server
from tests.lab.middlebox import middlebox, switch
from tests.lab.pki import authority, leaf
from tests.lab.tls import tls_server

ROOT = authority()
RSA, OTHER = leaf(ROOT, key="rsa"), leaf(ROOT)
AES = "ECDHE+AESGCM:@SECLEVEL=0"
QUANTUM = "X25519:X25519MLKEM768:SecP256r1MLKEM768:P-256"


def audit(port: int, host: str = "127.0.0.1", *, timeout: float = 10.0, ca: Path | None = None) -> TlsAudit:
    async def run() -> TlsAudit:
        network = Network(Scope(frozenset({host})), timeout=timeout, ca_file=ca)
        return await audited(Server(network, host, port), active_weaknesses=False)

    return asyncio.run(run())


# Groups


def test_what_a_server_offers_is_not_what_a_client_gets() -> None:
    with tls_server(RSA, groups="X25519:P-256:SecP256r1MLKEM768", server_order=True, ciphers=AES) as server:
        report = audit(server.port)
    assert report.quantum == "available"
    assert report.key_exchange is not None
    assert (report.key_exchange.negotiated, report.key_exchange.preferred) == ("x25519", "classical")
    assert report.confirmed_groups == ("SecP256r1MLKEM768",)


@pytest.mark.parametrize(("server_order", "preferred"), [(True, "server"), (False, "client_order")])
def test_whether_the_server_or_the_client_prefers_is_decided_both_ways_round(server_order: bool, preferred: str) -> None:
    groups = "X25519MLKEM768:SecP256r1MLKEM768:X25519:P-256"
    with tls_server(RSA, groups=groups, server_order=server_order, ciphers=AES) as server:
        report = audit(server.port)
    assert report.quantum == "safe"
    assert report.key_exchange is not None
    assert (report.key_exchange.negotiated, report.key_exchange.preferred) == ("X25519MLKEM768", preferred)
    assert report.key_exchange.confirmed
    assert report.key_exchange.classical_accepted


def test_before_tls_1_3_there_is_nothing_post_quantum() -> None:
    with tls_server(RSA, version="TLSv1.2", groups=QUANTUM, ciphers=AES) as server:
        report = audit(server.port)
    assert report.quantum == "not_safe"
    assert report.confirmed_groups == ()


def test_a_group_that_is_selected_but_fails_is_not_confirmed() -> None:
    def broken(first: bytes) -> bytes | None:
        # A handshake with X25519MLKEM768 (its share is 1,216 bytes long) from a real client is cut off; hellos of zeros pass.
        at = first.find(bytes.fromhex("11ec04c0"))
        return b"" if at > 0 and any(first[at + 4 : at + 1000]) else None

    with tls_server(RSA, groups="X25519MLKEM768:X25519", ciphers=AES) as server, middlebox(server.port, broken) as port:
        report = audit(port)
    assert report.key_exchange is not None
    assert (report.quantum, report.key_exchange.negotiated) == ("safe", "X25519MLKEM768")
    assert report.key_exchange.confirmed is False
    assert (report.confirmed_groups, report.failed_groups) == ((), ("X25519MLKEM768",))


# Large hellos


def test_a_hello_of_two_segments_is_answered() -> None:
    with tls_server(RSA, ciphers=AES) as server:
        assert audit(server.port).large_hello is True


@pytest.mark.parametrize("answer", [b"", alert(Alert(2, 50))])
def test_what_bears_no_large_hello_is_found_and_clients_with_post_quantum_shares_are_known_to_suffer(answer: bytes) -> None:
    def short_only(first: bytes) -> bytes | None:
        return answer if len(first) > 1400 else None

    with tls_server(RSA, groups="X25519MLKEM768:X25519", ciphers=AES) as server, middlebox(server.port, short_only) as port:
        report = audit(port)
    assert report.large_hello is False
    assert report.quantum == "available"  # by a HelloRetryRequest to a short hello
    assert report.confirmed_groups == ()
    assert report.protocols["TLSv1.3"] == "accepted"


# Names


def test_a_server_that_does_not_know_the_name_is_asked_without() -> None:
    def unknown(first: bytes) -> bytes | None:
        return alert(Alert(2, 112)) if b"localhost" in first else None

    with tls_server(RSA, ciphers=AES) as server, middlebox(server.port, unknown) as port:
        report = audit(port, "localhost")
    assert report.name_unrecognized is True
    assert report.protocols["TLSv1.3"] == "accepted"
    assert report.target.server_name is None  # type: ignore[union-attr]
    assert len(report.certificates) == 1


def test_another_certificate_without_a_name_is_shown_and_not_blamed(tmp_path: Path) -> None:
    with (
        tls_server(RSA, ciphers=AES) as named,
        tls_server(OTHER, ciphers=AES) as nameless,
        switch(lambda first: named.port if b"localhost" in first else nameless.port) as port,
    ):
        report = audit(port, "localhost", ca=ROOT.anchor(tmp_path))
    assert report.without_server_name == "other"
    assert [held.chain[0].key.type for held in report.certificates] == ["RSA", "EC"]
    assert [held.hostname_matches for held in report.certificates] == [True, None]
    assert "wrong_host" not in report.certificates[1].problems


def test_the_same_certificate_without_a_name() -> None:
    with tls_server(RSA, ciphers=AES) as server:
        report = audit(server.port, "localhost")
        by_address = audit(server.port)
    assert (report.without_server_name, len(report.certificates)) == ("same", 1)
    assert by_address.without_server_name is None


def test_a_server_that_turns_away_who_says_no_name() -> None:
    def strict(first: bytes) -> bytes | None:
        return None if b"localhost" in first else alert(Alert(2, 40))

    with tls_server(RSA, ciphers=AES) as server, middlebox(server.port, strict) as port:
        report = audit(port, "localhost")
    assert report.without_server_name == "refused"
    assert report.protocols["TLSv1.2"] == "accepted"


# Resumption


def test_sessions_are_resumed_by_id_ticket_and_psk() -> None:
    with tls_server(RSA, ciphers=AES) as server:
        assert audit(server.port).resumption == Resumption(session_id=True, ticket=True, tls13=True)


def test_a_server_without_tickets_resumes_by_ids_alone() -> None:
    with tls_server(RSA, ciphers=AES, version="TLSv1.2", tickets=False) as server:
        assert audit(server.port).resumption == Resumption(session_id=True, ticket=False, tls13=None)


def test_ids_that_are_handed_out_and_not_taken_back_resume_nothing() -> None:
    with tls_server(RSA, ciphers=AES, version="TLSv1.2", tickets=False, cache=False) as server:
        report = audit(server.port)
    assert report.resumption == Resumption(session_id=False, ticket=False, tls13=None)


def test_a_server_that_refuses_h2_shows_that_it_resumes_all_the_same() -> None:
    def no_h2(first: bytes) -> bytes | None:
        return alert(Alert(2, 120)) if b"\x00\x03\x02h2" in first else None

    with tls_server(RSA, version="TLSv1.3") as server, middlebox(server.port, no_h2) as port:
        report = audit(port)
    assert report.resumption == Resumption(tls13=True)
