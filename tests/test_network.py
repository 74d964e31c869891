"""The way out: scope, pinning, deadlines, counting, and being interrupted."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import struct
import threading
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest

from netassist.network import Network
from netassist.observations import Failed, FailureKind
from netassist.scope import Scope
from tests.lab.listening import listening

LOOPBACK = Scope().naming("127.0.0.1")


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def failure(network: Network, host: str, port: int, *, read: bool = False) -> tuple[FailureKind, str]:
    async def talk() -> None:
        async with network.connect(host, port) as stream:
            if read:
                await stream.receive()

    with pytest.raises(Failed) as failed:
        asyncio.run(talk())
    return failed.value.failure.kind, failed.value.failure.message


def test_a_connection_is_counted_and_tells_its_address(silent_port: int) -> None:
    network = Network(LOOPBACK)

    async def talk() -> str:
        async with network.connect("127.0.0.1", silent_port) as stream:
            return stream.address

    assert (asyncio.run(talk()), network.connections) == ("127.0.0.1", 1)


def test_what_is_out_of_scope_is_not_even_tried(silent_port: int) -> None:
    network = Network(Scope().naming("192.0.2.1"))
    assert failure(network, "127.0.0.1", silent_port)[0] == "out_of_scope"
    assert network.connections == 0


def test_each_failure_names_host_and_step(silent_port: int) -> None:
    kind, message = failure(Network(LOOPBACK, timeout=0.2), "127.0.0.1", silent_port, read=True)
    assert kind == "timeout"
    assert message.startswith(f"127.0.0.1:{silent_port}: waiting for an answer: no answer within 0.2 s; is it the right port")
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    kind, message = failure(Network(LOOPBACK), "127.0.0.1", closed)
    assert (kind, f"127.0.0.1:{closed}: connecting: refused" in message) == ("refused", True)
    kind, message = failure(Network(Scope().naming("no-such-host.invalid")), "no-such-host.invalid", 443)
    assert (kind, "check the spelling" in message) == ("unresolvable", True)


def test_the_deadline_of_the_call_ends_every_step(silent_port: int) -> None:
    kind, message = failure(Network(LOOPBACK, timeout=60, deadline=0.2), "127.0.0.1", silent_port, read=True)
    assert (kind, "no answer within 0." in message) == ("timeout", True)


def test_interrupting_ends_the_step_under_way(silent_port: int) -> None:
    network = Network(LOOPBACK, timeout=60)

    async def talk() -> None:
        async with network.connect("127.0.0.1", silent_port) as stream:
            asyncio.get_running_loop().call_soon(network.interrupt)
            await stream.receive()

    with pytest.raises(Failed, match=r"interrupted$"):
        asyncio.run(talk())
    assert (network.remaining, network.interrupted) == (0, True)


def test_a_peer_that_never_stops_sending_does_not_outlast_the_deadline_or_an_interrupt() -> None:
    there: list[int] = []

    async def story(network: Network, port: int, seconds: float) -> tuple[int, str]:
        """Take what is there byte by byte, so that there is always more; how many were taken, and what ended it."""
        asyncio.get_running_loop().call_later(seconds, network.interrupt)
        taken = 0
        async with network.connect("127.0.0.1", port) as stream:
            await asyncio.to_thread(sent.wait)
            try:
                while await stream.receive(1):
                    taken += 1
            except Failed as failed:
                return taken, failed.failure.message
        return taken, "all was read"

    for network, seconds, ends in ((Network(LOOPBACK, deadline=0.3), 60.0, "no answer"), (Network(LOOPBACK), 0.3, "interrupted")):
        sent = threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as server:

            def flood(server: socket.socket = server, sent: threading.Event = sent) -> None:
                with server.accept()[0] as accepted:
                    accepted.setblocking(False)
                    there.append(accepted.send(b"x" * 400_000))
                    sent.set()
                    accepted.setblocking(True)
                    with contextlib.suppress(ConnectionResetError):
                        accepted.recv(1)

            thread = threading.Thread(target=flood)
            thread.start()
            taken, why = asyncio.run(story(network, server.getsockname()[1], seconds))
            thread.join()
        assert ends in why
        assert taken < there[-1]


def test_a_reset_is_told_with_what_to_look_at() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def reset() -> None:
            connection, _ = server.accept()
            # Closing with a linger time of zero sends RST instead of FIN.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        thread = threading.Thread(target=reset)
        thread.start()
        kind, message = failure(Network(LOOPBACK), "127.0.0.1", server.getsockname()[1], read=True)
        thread.join()
    assert (kind, "the peer reset the connection; is it the right port" in message) == ("reset", True)


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ECONNREFUSED, "refused", "refused; nothing listens there"),
        (errno.ENETUNREACH, "unreachable", "this machine has no route there; check its network, and that it has IPv6"),
        (errno.EHOSTUNREACH, "unreachable", "the host cannot be reached; is it up"),
        (errno.EHOSTDOWN, "unreachable", os.strerror(errno.EHOSTDOWN)),
    ],
)
def test_ipv6_addresses_stand_in_brackets_and_errors_in_words(
    number: int, kind: FailureKind, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refusing(*_: object) -> None:
        raise OSError(number, "Connect call failed ('2001:db8::1', 9080, 0, 0)")

    monkeypatch.setattr(asyncio.BaseEventLoop, "sock_connect", refusing, raising=False)
    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", refusing)
    found, message = failure(Network(Scope().naming("2001:db8::1")), "2001:db8::1", 9080)
    assert (found, message.startswith(f"[2001:db8::1]:9080: connecting: {words}")) == (kind, True)
    assert "Connect call" not in message


def test_a_name_keeps_the_address_that_it_had_first(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["192.0.2.1", "127.0.0.1"])

    async def rebinding(*_: object, **__: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 0))]

    network = Network(Scope().naming("rebind.test"))

    async def look_up() -> list[str]:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", rebinding)
        return [str(address) for _ in range(2) for address in await network.resolve("rebind.test")]

    assert asyncio.run(look_up()) == ["192.0.2.1", "192.0.2.1"]


def test_a_name_that_leads_to_loopback_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def inside(*_: object, **__: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    async def look_up() -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", inside)
        await Network(Scope().naming("inside.test")).resolve("inside.test")

    with pytest.raises(Failed, match="must be written out"):
        asyncio.run(look_up())


def test_what_a_scope_denies_inside_a_network_is_told() -> None:
    scope = Scope(deny=("10.0.3.0/24", "localhost")).naming("10.0.0.0/16")
    area, denied = asyncio.run(Network(scope).resolve_network("10.0.0.0/16"))
    assert (str(area), [str(rule) for rule in denied]) == ("10.0.0.0/16", ["10.0.3.0/24"])


def test_what_is_asked_beside_keeps_the_call_s_pace_and_is_counted_with_it() -> None:
    async def opened(port: int) -> tuple[float, int]:
        network = Network(Scope().naming("127.0.0.1"), rate=20)
        began = monotonic()
        for _ in range(2):
            async with network.connect("127.0.0.1", port):
                pass
            with network.beside(Scope().naming("127.0.0.1")) as own:
                async with own.connect("127.0.0.1", port):
                    pass
        return monotonic() - began, network.connections

    with listening(lambda connection: None) as port:
        took, connections = asyncio.run(opened(port))
    assert took >= 3 / 20
    assert connections == 4
