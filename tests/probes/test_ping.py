"""ping over real ICMP where this user may, over TCP where not, and against a peer that answers as it likes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.audit import judged
from netassist.network import Icmp, Network
from netassist.observations import Endpoint, Failed
from netassist.probes import ping as probe
from netassist.probes.ping import Ping, echo_reply, echo_request, ping
from netassist.scope import Scope
from tests.lab.routers import way

LOOPBACK = Scope(frozenset({"127.0.0.1"}))
PROGRAM = """
import asyncio, sys, msgspec
from netassist.network import Network
from netassist.probes.ping import ping
from netassist.scope import Scope
host = sys.argv[1]
sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(ping(Network(Scope(frozenset({host}))), host, 2))))
"""


class WithoutIcmp(Network):
    """A network where this user may not open ICMP sockets."""

    @contextlib.asynccontextmanager
    async def icmp(self, host: str) -> AsyncIterator[Icmp]:
        raise Failed("denied", f"{host}: not allowed")
        yield


class Answering(Network):
    """A network at whose other end `peer` turns each request into messages that come back."""

    peer: Callable[[bytes], list[bytes]]

    @contextlib.asynccontextmanager
    async def icmp(self, host: str) -> AsyncIterator[Icmp]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.setblocking(False)
        thread = threading.Thread(target=self._serve, args=(theirs,))
        thread.start()
        try:
            yield Icmp(ours, host, host, self)
        finally:
            theirs.shutdown(socket.SHUT_RDWR)
            thread.join()
            ours.close()
            theirs.close()

    def _serve(self, theirs: socket.socket) -> None:
        while request := theirs.recv(65536):
            for message in self.peer(request):
                theirs.send(message)


def reply(request: bytes, sequence: int | None = None) -> bytes:
    """The echo reply to a request, of another sequence number if asked to."""
    sent = struct.unpack_from("!H", request, 6)[0]
    return struct.pack("!BBH", 0, 0, 0) + request[4:6] + struct.pack("!H", sequence or sent) + request[8:]


def sequence_of(request: bytes) -> int:
    return int(struct.unpack_from("!H", request, 6)[0])


def against(peer: Callable[[bytes], list[bytes]], count: int, deadline: float = 60.0) -> Ping:
    network = Answering(LOOPBACK, deadline=deadline)
    network.peer = peer
    return asyncio.run(ping(network, "127.0.0.1", count))


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses that no test looks at."""
    monkeypatch.setattr(probe, "INTERVAL", 0.01)
    monkeypatch.setattr(probe, "ANSWER_WAIT", 0.2)


@contextlib.contextmanager
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def free_port() -> int:
    with listener() as port:
        return port


def test_loopback_answers_whichever_way_this_user_may_ask() -> None:
    network = Network(LOOPBACK)
    report = asyncio.run(ping(network, "127.0.0.1"))
    assert (report.status, report.sent, report.received, report.loss) == ("ok", 4, 4, 0.0)
    assert report.rtt_ms is not None
    assert 0 < report.rtt_ms.min <= report.rtt_ms.avg <= report.rtt_ms.max
    assert report.method in ("icmp", "tcp")
    assert network.connections >= 1


def test_without_icmp_a_connection_counts_and_the_report_says_so(brisk: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with listener() as port:
        monkeypatch.setattr(probe, "TCP_PORTS", (port,))
        report = asyncio.run(ping(WithoutIcmp(LOOPBACK), "127.0.0.1", 3))
    assert (report.method, report.sent, report.received) == ("tcp", 3, 3)
    assert report.target == Endpoint("127.0.0.1", port, "127.0.0.1")


def test_without_icmp_a_refusal_is_an_answer(brisk: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "TCP_PORTS", (free_port(),))
    report = asyncio.run(ping(WithoutIcmp(LOOPBACK), "127.0.0.1", 2))
    assert (report.method, report.received, report.loss) == ("tcp", 2, 0.0)


def test_lost_answers_are_counted(brisk: None) -> None:
    report = against(lambda request: [] if sequence_of(request) == 2 else [reply(request)], 4)
    assert (report.status, report.sent, report.received, report.loss) == ("ok", 4, 3, 0.25)
    assert [finding.id for finding in judged(report).findings] == ["ping.packet_loss"]


def test_no_answer_at_all_is_a_measurement(brisk: None) -> None:
    report = against(lambda _: [], 3)
    assert (report.status, report.sent, report.received, report.loss, report.rtt_ms) == ("ok", 3, 0, 1.0, None)
    assert [finding.id for finding in judged(report).findings] == ["ping.no_answer"]


def test_duplicates_echoes_and_strangers_are_no_answers(brisk: None) -> None:
    def peer(request: bytes) -> list[bytes]:
        stranger = reply(request)[:-1] + b"?"
        return [request, stranger, b"", reply(request, 99), reply(request), reply(request)]

    report = against(peer, 3)
    assert (report.sent, report.received) == (3, 3)
    assert report.duplicates == 2  # what comes after the last answer is not waited for


def test_by_tcp_there_are_no_duplicates_to_count(brisk: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "TCP_PORTS", (free_port(),))
    assert asyncio.run(ping(WithoutIcmp(LOOPBACK), "127.0.0.1", 2)).duplicates is None


def test_ipv6_answers_too() -> None:
    report = asyncio.run(ping(Network(Scope(frozenset({"::1"}))), "::1", 2))
    assert (report.status, report.received) == ("ok", 2)


def test_what_a_router_says_instead_of_an_answer_is_told() -> None:
    with way(2) as routers:
        routers.command(routers.routers[1], "route", "add", "unreachable", routers.host)
        report = msgspec.json.decode(routers.run(sys.executable, "-c", PROGRAM, routers.host).encode(), type=Ping)
    assert (report.status, report.sent, report.received) == ("ok", 2, 0)
    assert "the host cannot be reached" in (report.refusal or "")


def test_at_the_deadline_it_reports_what_it_has() -> None:
    report = against(lambda request: [reply(request)], 100, deadline=0.5)
    assert report.status == "partial"
    assert report.error is not None
    assert report.error.kind == "timeout"
    assert report.sent is not None
    assert 1 <= report.sent < 100


@pytest.mark.parametrize("count", [0, -1, 101])
def test_the_number_of_requests_is_bounded(count: int) -> None:
    network = Network(LOOPBACK)
    report = asyncio.run(ping(network, "127.0.0.1", count))
    assert report.error is not None
    assert (report.status, report.error.kind, network.connections) == ("failed", "invalid", 0)


def test_a_host_that_was_not_named_gets_no_packet() -> None:
    network = Network(Scope(frozenset({"localhost"})))
    report = asyncio.run(ping(network, "127.0.0.1"))
    assert report.error is not None
    assert (report.status, report.error.kind, network.connections) == ("failed", "out_of_scope", 0)


@given(st.integers(0, 65535), st.integers(0, 65535), st.binary(max_size=65))
def test_the_checksum_of_a_request_verifies(identifier: int, sequence: int, payload: bytes) -> None:
    message = echo_request(4, identifier, sequence, payload)
    words = struct.unpack(f"!{(len(message) + 1) // 2}H", message + b"\0" * (len(message) % 2))
    total = sum(words)
    assert (total & 0xFFFF) + (total >> 16) == 0xFFFF


@given(st.sampled_from([4, 6]), st.binary(max_size=80))
def test_no_message_upsets_the_reader(version: int, message: bytes) -> None:
    assert echo_reply(version, message, b"never sent" * 8) is None
