"""traceroute through real routers in network namespaces, and its plan of asking without any."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.network import Network
from netassist.probes.icmp_errors import IcmpError, read_error
from netassist.probes.traceroute import FIRST_PORT, MOST_HOPS, PROBES, WINDOW, Traceroute, _Trace, traceroute
from netassist.scope import Scope
from tests.lab.routers import Way, way

PROGRAM = """
import asyncio, sys, msgspec
from netassist.network import Network
from netassist.probes import traceroute
from netassist.scope import Scope
traceroute.NAMES_WAIT, host = 0.05, sys.argv[1]
network = Network(Scope(frozenset({host})), resolver="127.0.0.1:9")
sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(traceroute.traceroute(network, host))))
"""


@pytest.fixture(scope="module")
def routers() -> Iterator[Way]:
    with way(4) as made:
        yield made


WITHOUT_CAPABILITIES = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all")


def trace(made: Way, host: str, program: str = PROGRAM) -> Traceroute:
    """As a user who may do nothing special."""
    written = made.run(*WITHOUT_CAPABILITIES, sys.executable, "-c", program, host)
    return msgspec.json.decode(written.encode(), type=Traceroute)


@pytest.mark.parametrize("version", [4, 6])
def test_every_router_is_named_in_its_place_and_the_host_last(routers: Way, version: int) -> None:
    report = trace(routers, routers.host if version == 4 else routers.host6)
    assert (report.status, report.reached, report.silent_after) == ("ok", True, None)
    assert [(hop.hop, hop.address) for hop in report.hops] == list(enumerate(routers.hops(version), 1))
    assert all(len(hop.rtt_ms) == PROBES and None not in hop.rtt_ms for hop in report.hops)


def test_a_router_that_says_nothing_is_a_gap_and_no_end(routers: Way) -> None:
    silent = routers.routers[1]
    routers.command(silent, "rule", "add", "iif", "lo", "priority", "1", "blackhole")
    try:
        report = trace(routers, routers.host)
    finally:
        routers.command(silent, "rule", "del", "priority", "1")
    expected = routers.hops()
    assert report.reached is True
    assert [hop.address for hop in report.hops] == [expected[0], None, *expected[2:]]


def test_where_it_falls_silent_is_told(routers: Way) -> None:
    blocking = routers.routers[2]
    routers.command(blocking, "route", "add", "blackhole", routers.host)
    try:
        report = trace(routers, routers.host)
    finally:
        routers.command(blocking, "route", "del", "blackhole", routers.host)
    assert (report.status, report.reached, report.silent_after) == ("ok", False, 2)
    assert [hop.address for hop in report.hops] == routers.hops()[:2]
    assert report.probed == 2 + WINDOW


def test_who_refuses_to_carry_on_is_told_with_the_reason(routers: Way) -> None:
    refusing = routers.routers[2]
    routers.command(refusing, "route", "add", "prohibit", routers.host)
    try:
        report = trace(routers, routers.host)
    finally:
        routers.command(refusing, "route", "del", "prohibit", routers.host)
    assert report.reached is False
    assert (report.hops[-1].address, report.hops[-1].refusal) == (routers.hops()[2], "forbidden by a filter")


def test_only_the_host_has_to_be_in_scope(routers: Way) -> None:
    out = asyncio.run(traceroute(Network(Scope(frozenset({"localhost"}))), routers.host))
    assert out.error is not None
    assert (out.status, out.error.kind, out.hops) == ("failed", "out_of_scope", ())


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_loopback_is_one_hop_away(host: str) -> None:
    report = asyncio.run(traceroute(Network(Scope(frozenset({host})), resolver="127.0.0.1:9"), host))
    assert (report.reached, [hop.address for hop in report.hops]) == (True, [host])


def test_a_program_that_listens_there_and_answers_is_the_end_too() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        try:
            server.bind(("127.0.0.1", FIRST_PORT))
        except OSError:
            pytest.skip(f"port {FIRST_PORT} is taken")

        async def both() -> Traceroute:
            answering = asyncio.to_thread(lambda: server.sendto(b"hello", server.recvfrom(2048)[1]))
            tracing = traceroute(Network(Scope(frozenset({"127.0.0.1"})), resolver="127.0.0.1:9"), "127.0.0.1")
            return (await asyncio.gather(tracing, answering))[0]

        report = asyncio.run(both())
    assert (report.reached, len(report.hops)) == (True, 1)


def test_an_interrupt_leaves_what_is_known(routers: Way) -> None:
    program = PROGRAM.replace("asyncio.run(", "asyncio.run(interrupted(").replace("host))))", "host)))))")
    program = program.replace(
        "traceroute.NAMES_WAIT",
        "async def interrupted(tracing):\n"
        "    network.progress = lambda progress: progress.text.endswith('2 hops answered') and network.interrupt()\n"
        "    return await tracing\n"
        "traceroute.NAMES_WAIT",
    )
    report = trace(routers, routers.host, program)
    assert (report.status, report.reached) == ("partial", None)
    assert [hop.address for hop in report.hops][:2] == routers.hops()[:2]


def number(distance: int, turn: int = 0) -> int:
    return turn * MOST_HOPS + distance - 1


def asked(planned: _Trace) -> list[int]:
    """Sends all that may be sent now; the distances, in order."""
    distances = []
    while (following := planned.next()) is not None:
        planned.sent[following] = 0.0
        distances.append(following % MOST_HOPS + 1)
    return distances


def test_a_whole_window_is_under_way_before_anything_has_answered() -> None:
    planned = _Trace("192.0.2.9")
    assert asked(planned) == list(range(1, WINDOW + 1)) * PROBES


def test_the_window_moves_with_the_farthest_answer_and_ends_at_the_host() -> None:
    planned = _Trace("192.0.2.9")
    asked(planned)
    planned.note(IcmpError("192.0.2.1", FIRST_PORT + number(5), "time_exceeded"))
    assert set(asked(planned)) == set(range(WINDOW + 1, WINDOW + 6))
    planned.note(IcmpError("192.0.2.9", FIRST_PORT + number(7), "port_unreachable"))
    assert (planned.last, planned.next()) == (7, None)


def test_answers_of_datagrams_with_hops_to_spare_count_for_the_host() -> None:
    """Hosts limit how many such errors they send: those that come must not be wasted."""
    planned = _Trace("192.0.2.9")
    asked(planned)
    for distance in (2, 3, 4):
        planned.note(IcmpError("192.0.2.9", FIRST_PORT + number(distance), "port_unreachable"))
    [_, host] = planned.hops()
    assert (host.hop, len([time for time in host.rtt_ms if time is not None])) == (2, PROBES)


def test_a_second_answer_and_one_to_nothing_that_was_sent_change_nothing() -> None:
    planned = _Trace("192.0.2.9")
    planned.sent[0] = 0.0
    planned.note(IcmpError("192.0.2.1", FIRST_PORT, "time_exceeded"))
    planned.note(IcmpError("192.0.2.2", FIRST_PORT, "time_exceeded"))
    planned.note(IcmpError("192.0.2.3", FIRST_PORT + 5, "port_unreachable"))
    assert [hop.address for hop in planned.hops()] == ["192.0.2.1"]


def extended(version: int, kind: int, code: int, origin: int, sender: bytes) -> bytes:
    name = struct.pack("=HH", 2, 0) + sender if version == 4 else struct.pack("=HHI", 10, 0, 0) + sender
    return struct.pack("=IBBBBII", 113, origin, kind, code, 0, 0, 0) + name


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ((4, 11, 0, 2, bytes([192, 0, 2, 1])), IcmpError("192.0.2.1", 7, "time_exceeded")),
        ((4, 3, 3, 2, bytes([192, 0, 2, 1])), IcmpError("192.0.2.1", 7, "port_unreachable")),
        ((4, 3, 13, 2, bytes([192, 0, 2, 1])), IcmpError("192.0.2.1", 7, "refused", "forbidden by a filter")),
        ((4, 12, 1, 2, bytes([192, 0, 2, 1])), IcmpError("192.0.2.1", 7, "refused", "ICMP type 12 code 1")),
        ((6, 3, 0, 3, socket.inet_pton(socket.AF_INET6, "2001:db8::1")), IcmpError("2001:db8::1", 7, "time_exceeded")),
        ((6, 1, 4, 3, socket.inet_pton(socket.AF_INET6, "2001:db8::1")), IcmpError("2001:db8::1", 7, "port_unreachable")),
        ((4, 3, 3, 1, bytes([192, 0, 2, 1])), None),
        ((4, 11, 0, 2, bytes(4)), None),
    ],
)
def test_what_the_kernel_hands_up(data: tuple[Any, ...], expected: IcmpError | None) -> None:
    assert read_error(data[0], extended(*data), 7) == expected


@given(st.sampled_from([4, 6]), st.binary(max_size=64))
def test_no_bytes_upset_the_reader(version: int, data: bytes) -> None:
    read_error(version, data, 33434)
