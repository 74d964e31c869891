"""quantum_check against real TLS and SSH servers, and against ones that do not answer, answer late, or lie."""

from __future__ import annotations

import asyncio
import socket
from typing import Literal

import pytest

from netassist.network import Network
from netassist.observations import Endpoint
from netassist.probes import ssh_kexinit as ssh
from netassist.quantum import Deadline, QuantumCheck, quantum_check
from netassist.scope import Scope
from netassist.tls import group_scan
from netassist.tls import hello as wire
from netassist.tls.deadlines import ClassicalPart, deadlines, rsa_strength
from netassist.tls.hello import Alert, ServerHello
from tests.lab.http import raw_server
from tests.lab.pki import authority, issue, leaf
from tests.lab.scripted import Reply, scripted_server
from tests.lab.ssh import ssh_server
from tests.lab.tls import tls_server

ROOT = authority()
EC, RSA = leaf(ROOT), leaf(ROOT, key="rsa")
RETRY = wire.RETRY_RANDOM


def check(port: int, protocol: Literal["tls", "ssh"] = "tls", *, host: str = "127.0.0.1", timeout: float = 10.0) -> QuantumCheck:
    return asyncio.run(quantum_check(Network(Scope(frozenset({host})), timeout=timeout), host, port, protocol))


def accepted(report: QuantumCheck) -> set[str]:
    return {group.name for group in report.key_exchange.groups}


def facts(report: QuantumCheck) -> tuple[object, ...]:
    exchange = report.key_exchange
    return report.status, report.verdict, exchange.negotiated, exchange.confirmed, exchange.preferred, exchange.classical_accepted


# TLS: real servers


def test_a_server_that_prefers_post_quantum_groups_is_safe() -> None:
    with tls_server(EC) as server:
        report = check(server.port)
    assert facts(report) == ("ok", "safe", "X25519MLKEM768", True, "server", True)
    assert report.key_exchange.kind == "hybrid"
    assert {"X25519MLKEM768", "x25519"} <= accepted(report)
    assert (report.version, report.error) == ("TLSv1.3", None)
    assert report.target == Endpoint("127.0.0.1", server.port, "127.0.0.1")
    # The server saw one whole handshake, and with the same group.
    assert server.negotiated == ["X25519MLKEM768"]


def test_a_server_that_follows_the_client_is_safe_with_four_connections() -> None:
    with tls_server(RSA, groups="X25519MLKEM768:X25519") as server:
        report = check(server.port)
    assert facts(report) == ("ok", "safe", "X25519MLKEM768", True, "client_order", True)
    assert accepted(report) == {"X25519MLKEM768", "x25519"}
    assert report.connections == 4
    assert (report.authentication.leaf_key, report.authentication.post_quantum) == ("RSA 2048", False)
    assert Deadline("NIST IR 8547", "RSA-2048 disallowed", "2035-12-31") in report.deadlines
    assert not any("key exchange" in deadline.what for deadline in report.deadlines)


def test_a_server_that_takes_nothing_else_refuses_classical_clients() -> None:
    with tls_server(EC, groups="X25519MLKEM768") as server:
        report = check(server.port)
    assert facts(report) == ("ok", "safe", "X25519MLKEM768", True, "server", False)
    assert accepted(report) == {"X25519MLKEM768"}


def test_every_post_quantum_group_is_found() -> None:
    with tls_server(EC, groups="MLKEM768:X25519MLKEM768:SecP384r1MLKEM1024:P-384") as server:
        report = check(server.port)
    assert {group.code: group.kind for group in report.key_exchange.groups} == {
        "0x11EC": "hybrid", "0x11ED": "hybrid", "0x0201": "post_quantum", "0x0018": "classical",
    }  # fmt: skip


def test_the_scheme_of_an_rsa_key_is_the_one_that_was_used() -> None:
    with tls_server(RSA) as server:
        report = check(server.port)
    assert (report.authentication.signature, report.authentication.leaf_key) == ("rsa_pss_rsae_sha256", "RSA 2048")


@pytest.mark.parametrize(
    ("groups", "extra"), [("X25519/X25519MLKEM768", "X25519MLKEM768"), ("SecP256r1MLKEM768:X25519", "SecP256r1MLKEM768")]
)
def test_where_a_client_in_use_gets_a_classical_group_it_is_only_available(groups: str, extra: str) -> None:
    with tls_server(EC, groups=groups) as server:
        report = check(server.port)
    assert facts(report) == ("ok", "available", "x25519", True, "classical", True)
    assert accepted(report) == {"x25519", extra}


@pytest.mark.parametrize(("groups", "negotiated"), [("X25519", "x25519"), ("P-256", "secp256r1")])
def test_a_classical_server_is_not_safe_with_three_connections(groups: str, negotiated: str) -> None:
    with tls_server(EC, groups=groups) as server:
        report = check(server.port)
    assert facts(report) == ("ok", "not_safe", negotiated, True, "classical", True)
    assert (accepted(report), report.connections) == ({negotiated}, 3)
    # In TLS 1.3 a P-256 key signs by one scheme only.
    assert (report.authentication.signature, report.authentication.leaf_key) == ("ecdsa_secp256r1_sha256", "EC P-256")
    assert Deadline("NIST IR 8547", f"{negotiated} key exchange disallowed", "2035-12-31") in report.deadlines
    assert "CNSA 2.0" in {deadline.standard for deadline in report.deadlines}


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.0"])
def test_before_tls_1_3_nothing_more_needs_to_be_asked(version: str) -> None:
    with tls_server(RSA, version=version) as server:
        report = check(server.port)
    assert (report.status, report.verdict, report.version, report.connections) == ("ok", "not_safe", version, 1)
    assert (report.key_exchange.kind, report.authentication.signature) == ("classical", None)


def test_an_ml_dsa_certificate_is_post_quantum() -> None:
    with tls_server(issue("lab", None, key="mldsa65")) as server:
        report = check(server.port)
    keys = report.authentication
    assert (report.verdict, keys.leaf_key, keys.signature, keys.post_quantum) == ("safe", "ML-DSA-65", "mldsa65", True)
    assert report.deadlines == ()


def test_a_name_is_sent_as_sni_and_an_address_is_not() -> None:
    for host, name in (("localhost", "localhost"), ("127.0.0.1", None)):
        with tls_server(EC, groups="X25519") as server, scripted_server(lambda _: "forward", upstream=server.port) as front:
            report = check(front.port, host=host)
        assert report.verdict == "not_safe"
        assert [wire.read_client_hello(said).server_name for said in front.heard] == [name] * 3
        assert server.names == [name]
        assert report.target == Endpoint(host, front.port, "127.0.0.1", name)


# TLS: no answer, and answers that are not to be believed


def retry(said: bytes, group: int, random: bytes = RETRY) -> bytes:
    session = wire.read_client_hello(said).session_id
    answer = ServerHello(version=wire.TLS13, random=random, session_id=session, cipher_suite=0x1301, group=group)
    return wire.server_hello(answer)


def without_shares(said: bytes) -> bool:
    return not wire.read_client_hello(said).key_shares


def asks_post_quantum(said: bytes) -> bool:
    return without_shares(said) and 0x11EC in wire.read_client_hello(said).groups


@pytest.mark.parametrize(
    "group", [0x0017, 0x4242], ids=["a classical group to a hello without one", "a group that nobody has offered"]
)
def test_a_retry_for_a_group_that_was_not_offered_is_not_believed(group: int) -> None:
    def lie(said: bytes) -> Reply:
        return retry(said, group) if asks_post_quantum(said) else "forward"

    with tls_server(EC, groups="X25519") as server, scripted_server(lie, upstream=server.port) as front:
        report = check(front.port)
    assert facts(report) == ("partial", "unknown", "x25519", True, "classical", True)
    assert accepted(report) == {"x25519"}
    assert report.error is not None
    assert "not offered" in report.error.message


def test_a_retry_with_a_wrong_random_is_not_believed() -> None:
    def lie(said: bytes) -> Reply:
        return retry(said, 0x11EC, bytes(32)) if asks_post_quantum(said) else "forward"

    with tls_server(EC, groups="X25519") as server, scripted_server(lie, upstream=server.port) as front:
        report = check(front.port)
    assert (report.status, report.verdict, accepted(report)) == ("partial", "unknown", {"x25519"})


def test_a_server_that_retries_and_goes_no_further_confirms_nothing() -> None:
    with scripted_server(lambda said: retry(said, 0x0018)) as server:
        report = check(server.port, timeout=0.5)
    assert report.error is not None
    assert (report.status, report.verdict, report.error.kind) == ("failed", "unknown", "timeout")
    assert (report.key_exchange.negotiated, report.key_exchange.groups) == (None, ())


@pytest.mark.parametrize("reply", ["close", b"", wire.alert(Alert(2, 80)), b"\x16\x03\x03\xff\xff", b"slow down\r\n"])
def test_one_probe_without_an_answer_leaves_the_verdict_unknown(reply: Reply) -> None:
    def limited(said: bytes) -> Reply:
        return reply if asks_post_quantum(said) else "forward"

    with tls_server(EC, groups="X25519") as server, scripted_server(limited, upstream=server.port) as front:
        report = check(front.port, timeout=0.5)
    assert facts(report) == ("partial", "unknown", "x25519", True, "classical", True)
    assert report.error is not None


@pytest.mark.parametrize("reply", ["close", b""])
def test_what_was_confirmed_stays_where_later_probes_get_no_answer(reply: Reply) -> None:
    def limited(said: bytes) -> Reply:
        return reply if without_shares(said) else "forward"

    with tls_server(EC, groups="X25519MLKEM768:X25519") as server, scripted_server(limited, upstream=server.port) as front:
        report = check(front.port, timeout=0.5)
    assert facts(report) == ("partial", "safe", "X25519MLKEM768", True, "client_order", None)


@pytest.mark.parametrize("alert", [40, 47, 71])
def test_a_refusal_counts_where_the_server_has_answered_another_such_hello(alert: int) -> None:
    def refuse(said: bytes) -> Reply:
        return wire.alert(Alert(2, alert)) if asks_post_quantum(said) else "forward"

    with tls_server(EC, groups="X25519") as server, scripted_server(refuse, upstream=server.port) as front:
        assert check(front.port).verdict == "not_safe"


@pytest.mark.parametrize("alert", [40, 47, 71])
def test_a_server_that_objects_to_all_hellos_without_shares_refuses_nothing_by_it(alert: int) -> None:
    def refuse(said: bytes) -> Reply:
        return wire.alert(Alert(2, alert)) if without_shares(said) else "forward"

    with tls_server(EC, groups="X25519") as server, scripted_server(refuse, upstream=server.port) as front:
        report = check(front.port)
    assert facts(report) == ("partial", "unknown", "x25519", True, "classical", True)


def test_a_group_that_is_selected_and_never_completed_is_not_confirmed() -> None:
    def select(said: bytes) -> Reply:
        hello = wire.read_client_hello(said)
        if not hello.key_shares:
            return wire.alert(Alert(2, 40))
        facts = {"version": wire.TLS13, "session_id": hello.session_id, "cipher_suite": 0x1301}
        answer = ServerHello(**facts, random=bytes(32), group=0x11EC, key_exchange=bytes(1120))  # type: ignore[arg-type]
        return wire.server_hello(answer) + wire.alert(Alert(2, 40))

    with scripted_server(select) as server:
        report = check(server.port)
    assert facts(report) == ("partial", "safe", "X25519MLKEM768", False, "server", False)
    assert (report.authentication.leaf_key, report.authentication.post_quantum) == (None, None)


def test_a_server_that_knows_neither_tls_1_3_nor_1_2_is_not_safe() -> None:
    with scripted_server(lambda _: wire.alert(Alert(2, 70))) as server:
        report = check(server.port)
    assert (report.status, report.verdict, report.version) == ("partial", "not_safe", "before TLSv1.2")
    assert (report.key_exchange.negotiated, report.key_exchange.classical_accepted) == (None, None)


def test_a_server_that_is_not_tls_fails_in_words() -> None:
    with raw_server(b"220 lab ESMTP ready\r\n") as port:
        report = check(port)
    assert report.error is not None
    assert (report.status, report.verdict, report.error.kind) == ("failed", "unknown", "protocol")
    assert f"127.0.0.1:{port}" in report.error.message
    assert "is it the right port?" in report.error.message
    assert "starttls" not in report.error.message


def test_a_server_that_speaks_ssh_is_to_be_asked_so() -> None:
    with ssh_server() as port:
        report = check(port)
    assert report.error is not None
    assert (report.status, report.error.kind, report.connections) == ("failed", "protocol", 1)
    assert "but SSH (SSH-2.0-OpenSSH" in report.error.message
    assert report.error.message.endswith("; ask with protocol=ssh")


@pytest.mark.parametrize("protocol", ["tls", "ssh"])
def test_a_server_that_never_answers_times_out(protocol: Literal["tls", "ssh"]) -> None:
    with scripted_server(lambda _: b"") as server:
        report = check(server.port, protocol, timeout=0.3)
    assert report.error is not None
    assert (report.status, report.verdict, report.error.kind, report.connections) == ("failed", "unknown", "timeout", 1)


@pytest.mark.parametrize("protocol", ["tls", "ssh"])
def test_a_closed_port_is_refused(protocol: Literal["tls", "ssh"]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    report = check(port, protocol)
    assert report.error is not None
    assert (report.status, report.verdict, report.error.kind) == ("failed", "unknown", "refused")


def test_an_openssl_without_ml_kem_is_told_apart_from_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_scan, "_USUAL_TO_OPENSSL", "NoSuchGroup")
    with tls_server(EC) as server:
        report = check(server.port)
    assert report.error is not None
    assert (report.status, report.verdict, report.error.kind) == ("failed", "unknown", "missing_program")


def test_a_host_that_was_not_named_is_not_touched() -> None:
    report = asyncio.run(quantum_check(Network(Scope(frozenset({"192.0.2.1"}))), "127.0.0.1", 9))
    assert report.error is not None
    assert (report.error.kind, report.connections) == ("out_of_scope", 0)


# SSH


def offering(*kex: str, host_key: tuple[str, ...] = ("ssh-ed25519",)) -> bytes:
    return ssh.packet(ssh.KEXINIT, ssh.kexinit(ssh.KexInit(kex=kex, host_key=host_key)))


def test_openssh_by_default_is_safe() -> None:
    with ssh_server(host_keys=("ed25519", "rsa")) as port:
        report = check(port, "ssh")
    assert (report.status, report.verdict, report.key_exchange.kind) == ("ok", "safe", "hybrid")
    assert report.key_exchange.negotiated in (
        "mlkem768x25519-sha256",
        "sntrup761x25519-sha512",
        "sntrup761x25519-sha512@openssh.com",
    )
    assert (report.key_exchange.confirmed, report.key_exchange.preferred, report.key_exchange.classical_accepted) == (
        False, "client_order", True,
    )  # fmt: skip
    assert (report.version or "").startswith("SSH-2.0-OpenSSH")
    assert {"ssh-ed25519", "rsa-sha2-512"} <= set(report.authentication.host_keys)
    assert (report.authentication.post_quantum, report.authentication.leaf_key, report.connections) == (False, None, 1)
    # Signals in the list are no key exchange methods.
    assert not any(name.startswith(("ext-info", "kex-strict")) for name in accepted(report))
    assert all(group.code is None and group.kind is not None for group in report.key_exchange.groups)


def test_openssh_with_a_classical_method_only_is_not_safe() -> None:
    with ssh_server(kex="curve25519-sha256") as port:
        report = check(port, "ssh")
    assert facts(report) == ("ok", "not_safe", "curve25519-sha256", False, "classical", True)
    assert accepted(report) == {"curve25519-sha256"}
    assert Deadline("NIST IR 8547", "EdDSA host key disallowed", "2035-12-31") in report.deadlines


def test_the_order_of_the_server_does_not_decide() -> None:
    with ssh_server(kex="curve25519-sha256,sntrup761x25519-sha512@openssh.com") as port:
        report = check(port, "ssh")
    assert (report.verdict, report.key_exchange.negotiated) == ("safe", "sntrup761x25519-sha512@openssh.com")


@pytest.mark.parametrize(
    ("kex", "expected"),
    [
        (
            ("mlkem1024nistp384-sha384", "curve25519-sha256"),
            ("ok", "available", "curve25519-sha256", False, "client_order", True),
        ),
        (("mlkem768x25519-sha256",), ("ok", "safe", "mlkem768x25519-sha256", False, "client_order", False)),
        (("curve25519-sha256", "secret@vendor.test"), ("partial", "unknown", "curve25519-sha256", False, "classical", True)),
        (("diffie-hellman-group1-sha1",), ("ok", "not_safe", None, False, "classical", True)),
        (("ext-info-s",), ("partial", "unknown", None, False, "classical", None)),
    ],
)
def test_what_an_ssh_server_offers_decides(kex: tuple[str, ...], expected: tuple[object, ...]) -> None:
    with scripted_server(lambda _: offering(*kex), greeting=b"SSH-2.0-lab\r\n") as server:
        assert facts(check(server.port, "ssh")) == expected
    assert server.heard[0].startswith(b"SSH-2.0-netassist_")


@pytest.mark.parametrize(
    ("host_key", "post_quantum"), [(("ssh-mldsa-65",), True), (("ssh-rsa", "ssh-ed448"), False), (("novel@vendor.test",), None)]
)
def test_host_keys_are_judged_by_their_names(host_key: tuple[str, ...], post_quantum: bool | None) -> None:
    offer = offering("mlkem768x25519-sha256", host_key=host_key)
    with scripted_server(lambda _: offer, greeting=b"SSH-2.0-lab\r\n") as server:
        assert check(server.port, "ssh").authentication.post_quantum is post_quantum


@pytest.mark.parametrize(
    ("greeting", "kind"),
    [
        (b"Exceeded MaxStartups\r\n", "rate_limited"),
        (b"Not allowed at this time\r\n", "rate_limited"),
        (b"SSH-2.0-lab\r\n", "protocol"),
        (b"SSH-1.5-lab\r\n", "protocol"),
        (b"\x16\x03\x03\x00\x02\x02\x28" + bytes(2000), "protocol"),
    ],
)
def test_an_ssh_server_that_says_no_kexinit_leaves_it_unknown(greeting: bytes, kind: str) -> None:
    with scripted_server(lambda _: "close", greeting=greeting) as server:
        report = check(server.port, "ssh")
    assert report.error is not None
    assert (report.status, report.verdict, report.error.kind) == ("failed", "unknown", kind)


# Deadlines


def test_deadlines_follow_the_strength_of_the_key() -> None:
    found = deadlines([ClassicalPart("RSA-2048", rsa_strength(2048)), ClassicalPart("RSA-3072", rsa_strength(3072))])
    nist = [(deadline.what, deadline.after) for deadline in found if deadline.standard == "NIST IR 8547"]
    assert nist == [
        ("RSA-2048 deprecated", "2030-12-31"),
        ("RSA-2048 disallowed", "2035-12-31"),
        ("RSA-3072 disallowed", "2035-12-31"),
    ]
