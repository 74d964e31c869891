"""Heartbleed, CCS injection, ROBOT and Ticketbleed, against servers that have them and servers that have not."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.network import Network, Stream
from netassist.scope import Scope
from netassist.tls import weaknesses
from netassist.tls.exchange import read_record
from netassist.tls.facts import VERSIONS, Facts, Support
from netassist.tls.server import Server
from netassist.tls.suites import suite
from netassist.tls.weakness import Verdict, Weakness, WeaknessId
from netassist.tls.weaknesses.robot import padded
from netassist.tls.weaknesses.ticketbleed import read_ticket
from tests.lab import tls_scripted as lab
from tests.lab.pki import Identity, authority, leaf
from tests.lab.tls import tls_server

Talk = Callable[[lab.Line], None]
ACTIVE: tuple[WeaknessId, ...] = ("heartbleed", "ccs_injection", "robot", "ticketbleed")


def facts(*suites: int, version: str = "TLSv1.2") -> Facts:
    protocols: dict[str, Support] = {held: "accepted" if held == version else "refused" for held in VERSIONS}
    return Facts(protocols=protocols, suites={version: tuple(map(suite, suites))}, complete=frozenset({f"suites/{version}"}))


CHECKS = weaknesses.checks()
ECDHE, RSA = facts(lab.ECDHE_SUITE), facts(lab.RSA_SUITE)


def found(port: int, known: Facts, host: str = "127.0.0.1", timeout: float = 5.0) -> dict[WeaknessId, Weakness]:
    network = Network(Scope(frozenset({host})), timeout=timeout)
    return {held.id: held for held in asyncio.run(weaknesses.active(Server(network, host, port), known))}


def one(weakness: WeaknessId, talk: Talk, known: Facts, monkeypatch: pytest.MonkeyPatch, timeout: float = 5.0) -> Weakness:
    """What the one check says of a server that talks like this, the other checks left out."""
    only = {weakness: weaknesses.checks()[weakness]}
    monkeypatch.setattr(weaknesses, "checks", lambda: only)
    with lab.scripted_tls(talk) as port:
        return found(port, known, timeout=timeout)[weakness]


@pytest.fixture(scope="module")
def rsa() -> Identity:
    return leaf(authority(), key="rsa")


@pytest.mark.parametrize(
    ("talk", "verdict", "because"),
    [
        (lab.heartbleed(lambda _: True), "vulnerable", "in two connections"),
        (lab.heartbleed(lambda _: False), "safe", "not answered"),
        (lab.heartbleed(lambda _: True, offers=False), "safe", "does not take part"),
        (lab.heartbleed(lambda count: count == 0), "unknown", "not again"),
    ],
)
def test_heartbleed(talk: Talk, verdict: Verdict, because: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = one("heartbleed", talk, ECDHE, monkeypatch)
    assert (seen.verdict, because in seen.evidence) == (verdict, True), seen


def test_heartbleed_is_proven_with_two_bytes_at_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    leaked: list[int] = []

    def talk(line: lab.Line) -> None:
        line.hello()
        line.say(lab.flight(lab.ECDHE_SUITE, extensions=((15, b"\x01"),)))
        kind, content = line.record() or (0, b"")
        assert kind == lab.HEARTBEAT
        claimed = int.from_bytes(content[1:3], "big")
        leaked.append(claimed - len(content[3:]))
        line.send(lab.HEARTBEAT, b"\x02" + content[1:3] + (content[3:] + bytes(64))[:claimed] + bytes(16))

    assert one("heartbleed", talk, ECDHE, monkeypatch).verdict == "vulnerable"
    assert leaked == [1, 1]


def test_a_heartbeat_that_echoes_something_else_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def talk(line: lab.Line) -> None:
        line.hello()
        line.say(lab.flight(lab.ECDHE_SUITE, extensions=((15, b"\x01"),)))
        _, content = line.record() or (0, b"")
        line.send(lab.HEARTBEAT, b"\x02" + content[1:3] + b"\xff" * 19)

    seen = one("heartbleed", talk, ECDHE, monkeypatch)
    assert (seen.verdict, "not again" in seen.evidence) == ("unknown", True)


@pytest.mark.parametrize(
    ("talk", "verdict", "because"),
    [
        (lab.ccs_injection(lambda _: True), "vulnerable", "decryption_failed"),
        (lab.ccs_injection(lambda _: True, answer=lab.BAD_RECORD_MAC), "vulnerable", "bad_record_mac"),
        (lab.ccs_injection(lambda _: False), "safe", "unexpected_message"),
        (lab.ccs_injection(lambda count: count == 0), "unknown", "the second time"),
    ],
)
def test_ccs_injection(talk: Talk, verdict: Verdict, because: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = one("ccs_injection", talk, ECDHE, monkeypatch)
    assert (seen.verdict, because in seen.evidence) == (verdict, True), seen


def test_a_reset_at_an_early_change_cipher_spec_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def talk(line: lab.Line) -> None:
        line.hello()
        line.say(lab.flight(lab.ECDHE_SUITE))
        line.record()
        line.reset()

    assert one("ccs_injection", talk, ECDHE, monkeypatch).verdict == "safe"


def test_silence_after_an_early_change_cipher_spec_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def talk(line: lab.Line) -> None:
        line.hello()
        line.say(lab.flight(lab.ECDHE_SUITE))
        line.until_they_leave()

    assert one("ccs_injection", talk, ECDHE, monkeypatch, timeout=0.4).verdict == "unknown"


@pytest.mark.parametrize(
    ("oracle", "verdict", "because"),
    [
        ("strong", "vulnerable", "a strong oracle"),
        ("weak", "vulnerable", "a weak oracle"),
        ("early", "vulnerable", "a strong oracle"),
        ("none", "safe", "answered alike"),
        ("fickle", "unknown", "change by themselves"),
    ],
)
def test_robot(oracle: lab.Oracle, verdict: Verdict, because: str, rsa: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = one("robot", lab.robot(rsa, oracle), RSA, monkeypatch)
    assert (seen.verdict, because in seen.evidence) == (verdict, True), seen


def test_robot_of_a_server_that_never_answers_is_unknown(rsa: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = one("robot", lab.robot(rsa, "mute"), RSA, monkeypatch, timeout=2.0)
    assert (seen.verdict, "at all" in seen.evidence) == ("unknown", True)


def test_robot_of_a_server_that_is_late_is_asked_again_one_by_one(rsa: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    sound, busy = lab.padding_oracle(rsa, "none"), itertools.count()

    def talk(line: lab.Line) -> None:
        line.hello()
        line.say(lab.flight(lab.RSA_SUITE, rsa))
        if next(busy) < 5:
            return line.until_they_leave()
        return sound(line)

    seen = one("robot", talk, RSA, monkeypatch, timeout=3.0)
    assert (seen.verdict, "answered alike" in seen.evidence) == ("safe", True), seen


def test_robot_needs_an_rsa_key_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    elliptic = leaf(authority())

    def talk(line: lab.Line) -> None:
        line.hello()
        line.say(lab.flight(lab.RSA_SUITE, elliptic))
        line.until_they_leave()

    seen = one("robot", talk, RSA, monkeypatch)
    assert (seen.verdict, "no RSA key" in seen.evidence) == ("unknown", True)


@pytest.mark.parametrize(
    ("vulnerable", "takes", "verdict", "because"),
    [
        (lambda _: True, True, "vulnerable", "in two connections"),
        (lambda _: False, True, "safe", "as it was"),
        (lambda _: True, False, "unknown", "does not take its own"),
        (lambda count: count == 0, True, "unknown", "not again"),
    ],
)
def test_ticketbleed(
    vulnerable: Callable[[int], bool], takes: bool, verdict: Verdict, because: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tls_server(leaf(authority()), version="TLSv1.2") as real:
        talk = lab.ticketbleed(vulnerable, takes=takes, upstream=real.port)
        seen = one("ticketbleed", talk, ECDHE, monkeypatch)
    assert (seen.verdict, because in seen.evidence) == (verdict, True), seen


def test_no_check_takes_more_connections_than_it_says(rsa: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(weakness: WeaknessId, talk: Talk, known: Facts) -> int:
        only = {weakness: CHECKS[weakness]}
        monkeypatch.setattr(weaknesses, "checks", lambda: only)
        network = Network(Scope(frozenset({"127.0.0.1"})))
        with lab.scripted_tls(talk) as port:
            asyncio.run(weaknesses.active(Server(network, "127.0.0.1", port), known))
        return network.connections

    assert taken("heartbleed", lab.heartbleed(lambda _: False), ECDHE) == 1
    assert taken("heartbleed", lab.heartbleed(lambda _: True), ECDHE) == 2
    assert taken("ccs_injection", lab.ccs_injection(lambda _: False), ECDHE) == 1
    assert taken("ccs_injection", lab.ccs_injection(lambda _: True), ECDHE) == 2
    assert taken("robot", lab.robot(rsa, "none"), RSA) == 10
    assert taken("robot", lab.robot(rsa, "strong"), RSA) == 15
    with tls_server(leaf(authority()), version="TLSv1.2") as real:
        assert taken("ticketbleed", lab.ticketbleed(lambda _: False, upstream=real.port), ECDHE) == 2
        assert taken("ticketbleed", lab.ticketbleed(lambda _: True, upstream=real.port), ECDHE) == 3


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_real_openssl_with_tls12_has_none_of_them(name: str, rsa: Identity) -> None:
    with tls_server(rsa, version="TLSv1.2") as server:
        seen = found(server.port, facts(lab.ECDHE_SUITE, lab.RSA_SUITE, 0x009C), name)
    assert {weakness: held.verdict for weakness, held in seen.items()} == dict.fromkeys(ACTIVE, "safe"), seen


def test_a_real_openssl_with_tls10_has_none_of_them(rsa: Identity) -> None:
    with tls_server(rsa, version="TLSv1.0") as server:
        seen = found(server.port, facts(0xC013, lab.RSA_SUITE, version="TLSv1.0"))
    assert {weakness: held.verdict for weakness, held in seen.items()} == dict.fromkeys(ACTIVE, "safe"), seen


def test_they_are_asked_after_starttls_too(rsa: Identity) -> None:
    def smtp(connection: socket.socket) -> None:
        connection.sendall(b"220 lab ESMTP\r\n")
        connection.recv(4096)
        connection.sendall(b"250-lab\r\n250 STARTTLS\r\n")
        connection.recv(4096)
        connection.sendall(b"220 go on\r\n")

    with tls_server(rsa, version="TLSv1.2", before=smtp) as server:
        network = Network(Scope(frozenset({"localhost"})))
        seen = asyncio.run(
            weaknesses.active(Server(network, "localhost", server.port, "smtp"), facts(lab.ECDHE_SUITE, lab.RSA_SUITE))
        )
    assert {held.verdict for held in seen} == {"safe"}, seen


def test_tls13_alone_has_none_of_them_and_is_not_asked(rsa: Identity) -> None:
    with tls_server(rsa, version="TLSv1.3") as server:
        seen = found(server.port, facts(0x1301, version="TLSv1.3"))
        assert server.negotiated == []
    assert {held.verdict for held in seen.values()} == {"not_applicable"}


def test_a_server_without_rsa_key_transport_is_not_asked_for_robot(rsa: Identity) -> None:
    with tls_server(rsa, version="TLSv1.2") as server:
        seen = found(server.port, ECDHE)
    assert (seen["robot"].verdict, seen["robot"].evidence) == (
        "not_applicable",
        "no suite with RSA key transport is accepted",
    )


def silent(line: lab.Line) -> None:
    line.until_they_leave()


def closing(_: lab.Line) -> None:
    return


def resetting(line: lab.Line) -> None:
    line.hello()
    line.reset()


def garbage(line: lab.Line) -> None:
    line.hello()
    line.say(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 50)
    line.until_they_leave()


def endless(line: lab.Line) -> None:
    line.hello()
    line.say(lab.flight(lab.RSA_SUITE, extensions=((15, b"\x01"),)))
    while True:
        line.send(22, bytes(16000))


def turns_to_garbage(line: lab.Line) -> None:
    line.hello()
    line.say(lab.flight(lab.ECDHE_SUITE, extensions=((15, b"\x01"),)))
    line.record()
    line.say(b"\x00" * 500)
    line.until_they_leave()


@pytest.mark.parametrize("talk", [silent, closing, resetting, garbage, endless, turns_to_garbage])
def test_nothing_is_concluded_from_a_server_that_is_none(talk: Talk) -> None:
    with lab.scripted_tls(talk) as port:
        seen = found(port, facts(lab.ECDHE_SUITE, lab.RSA_SUITE), timeout=0.4)
    assert {weakness: held.verdict for weakness, held in seen.items()} == dict.fromkeys(ACTIVE, "unknown"), seen


def test_nothing_is_concluded_where_nothing_listens() -> None:
    with lab.scripted_tls(silent) as port:
        pass
    seen = found(port, facts(lab.ECDHE_SUITE, lab.RSA_SUITE))
    assert {held.verdict for held in seen.values()} == {"unknown"}
    assert all("refused" in held.evidence for held in seen.values())


class Counting(Network):
    """Knows how many of its connections were open at a time."""

    open = most = 0

    @contextlib.asynccontextmanager
    async def connect(self, host: str, port: int, *, first_only: bool = False) -> AsyncIterator[Stream]:
        async with super().connect(host, port, first_only=first_only) as stream:
            self.open += 1
            self.most = max(self.most, self.open)
            try:
                yield stream
            finally:
                self.open -= 1


@pytest.mark.parametrize("jobs", [1, 3])
def test_no_more_connections_than_allowed_are_open_at_a_time(jobs: int, rsa: Identity) -> None:
    network = Counting(Scope(frozenset({"127.0.0.1"})))
    with tls_server(rsa, version="TLSv1.2") as server:
        asyncio.run(weaknesses.active(Server(network, "127.0.0.1", server.port, at_once=jobs), facts(0x009C)))
    assert 0 < network.most <= jobs
    assert network.connections >= 10


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_a_wait_or_one_kind_of_error(data: bytes) -> None:
    for attempt in (data, b"\x16\x03\x03" + data):
        assert isinstance(read_ticket(attempt), bytes)
        try:
            record = read_record(attempt)
        except ValueError:
            continue
        assert record is None or len(attempt) >= 5 + len(record[1])


@given(st.binary(min_size=1, max_size=300), st.integers(0, 0xFFFFFFFF))
def test_a_ticket_is_read_out_of_its_message(ticket: bytes, lifetime: int) -> None:
    body = lifetime.to_bytes(4, "big") + len(ticket).to_bytes(2, "big") + ticket
    message = b"\x04" + len(body).to_bytes(3, "big") + body
    record = b"\x16\x03\x03" + len(message).to_bytes(2, "big") + message
    assert read_ticket(lab.flight(lab.ECDHE_SUITE) + record + b"\x14\x03\x03\x00\x01\x01") == ticket
    assert read_ticket(lab.flight(lab.ECDHE_SUITE) + b"\x14\x03\x03\x00\x01\x01" + record) == b""


@given(st.integers(64, 1024), st.integers(0, 4))
def test_a_premaster_secret_is_padded_with_one_fault_at_the_most(size: int, fault: int) -> None:
    block = padded(size, 0x0303, fault)
    assert len(block) == size
    assert (block[:2] == b"\x00\x02") == (fault != 1)
    assert (0 in block[2:]) == (fault != 3)
    secret = block[block.find(b"\x00", 2) + 1 :]
    assert (len(secret) == 48) == (fault in (0, 1, 4))
    assert (secret[:2] == b"\x03\x03" and len(secret) == 48) == (fault in (0, 1))
