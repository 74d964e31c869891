"""HTTP/2: nginx's answer, and what a server does that chooses it and then breaks its rules."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from h2.connection import H2Connection
from h2.errors import ErrorCodes

from netassist.network import Network
from netassist.probes.http import HttpCheck, http_check
from netassist.probes.http_exchange import BODY_LIMIT
from netassist.scope import Scope
from tests.lab import nginx
from tests.lab.http2 import Answer, http2_server
from tests.probes.test_http import Identity


def check(url: str, ca_file: Path | None = None, timeout: float = 5.0) -> HttpCheck:
    network = Network(Scope(frozenset({"localhost", "127.0.0.1"})), ca_file=ca_file, timeout=timeout)
    return asyncio.run(http_check(network, url))


def asked(folder: Path, answer: Answer, timeout: float = 5.0) -> HttpCheck:
    identity = Identity(folder, "localhost")
    with http2_server(identity.context, answer) as port:
        return check(f"https://localhost:{port}/", identity.file, timeout)


def test_nginx_is_asked_by_http2(tmp_path: Path) -> None:
    with nginx.intermediate(tmp_path) as served:
        report = check(f"https://127.0.0.1:{served.port}/", served.anchor)
    assert (report.status, report.status_code, report.http_version, report.tls_error) == ("ok", 200, "2", None)
    assert report.tls is not None
    assert (report.tls.alpn, report.tls.group) == ("h2", "x25519")
    assert report.headers["strict-transport-security"] == "max-age=63072000"
    assert report.body is not None
    assert (report.body.received, report.body.complete) == (4, True)
    assert report.timing_ms.total is not None


def test_a_server_without_it_is_asked_by_http1(tmp_path: Path) -> None:
    with nginx.old_clients(tmp_path) as served:
        report = check(f"https://127.0.0.1:{served.port}/", served.anchor)
    assert (report.status_code, report.http_version) == (200, "1.1")


def test_headers_that_come_twice_and_cookies(tmp_path: Path) -> None:
    def answer(http2: H2Connection, _: socket.socket, stream: int) -> None:
        fields = [(":status", "200"), ("vary", "a"), ("vary", "b"), ("set-cookie", "a=1; Secure"), ("set-cookie", "b=2")]
        http2.send_headers(stream, fields, end_stream=True)

    report = asked(tmp_path, answer)
    assert report.headers["vary"] == "a, b"
    assert [(cookie.name, cookie.secure) for cookie in report.cookies] == [("a", True), ("b", False)]


def test_informational_answers_are_passed_over(tmp_path: Path) -> None:
    def answer(http2: H2Connection, _: socket.socket, stream: int) -> None:
        http2.send_headers(stream, [(":status", "103"), ("link", "</x>")])
        http2.send_headers(stream, [(":status", "204")], end_stream=True)

    assert asked(tmp_path, answer).status_code == 204


def test_no_more_than_the_limit_of_a_body_is_read(tmp_path: Path) -> None:
    def answer(http2: H2Connection, connection: socket.socket, stream: int) -> None:
        http2.send_headers(stream, [(":status", "200")])
        while size := min(http2.local_flow_control_window(stream), 16384):
            http2.send_data(stream, b"x" * size)
        connection.sendall(http2.data_to_send())

    report = asked(tmp_path, answer, timeout=2.0)
    assert report.body is not None
    # The window of a stream is one byte short of the limit; the rest comes once it is opened again, or never.
    assert report.body.received <= BODY_LIMIT
    assert not report.body.complete


@pytest.mark.parametrize("way", ["reset", "goaway", "hang_up", "no_status", "garbage"])
def test_a_server_that_does_not_keep_the_rules_is_no_crash(way: str, tmp_path: Path) -> None:
    def answer(http2: H2Connection, connection: socket.socket, stream: int) -> None:
        if way == "reset":
            http2.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
        elif way == "goaway":
            http2.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
        elif way == "hang_up":
            connection.close()
        elif way == "garbage":
            connection.sendall(b"\x00\x00\x08\x06\x00\x00\x00\x00\x01nonsense" * 3)
        else:
            http2.config.validate_outbound_headers = http2.config.normalize_outbound_headers = False
            http2.send_headers(stream, [("x-lab", "no status")], end_stream=True)

    report = asked(tmp_path, answer, timeout=2.0)
    assert report.error is not None
    # What hangs up with data unread resets the connection, if that comes before its end is seen.
    kinds = {"protocol", "reset"} if way == "hang_up" else {"protocol"}
    assert (report.status, report.status_code) == ("failed", None)
    assert report.error.kind in kinds
    assert report.error.kind == "reset" or "HTTP/2" in report.error.message


def test_a_body_that_is_broken_off_leaves_the_head_measured(tmp_path: Path) -> None:
    def answer(http2: H2Connection, _: socket.socket, stream: int) -> None:
        http2.send_headers(stream, [(":status", "200")])
        http2.send_data(stream, b"abc")
        http2.reset_stream(stream, ErrorCodes.INTERNAL_ERROR)

    report = asked(tmp_path, answer)
    assert report.error is not None
    assert (report.status, report.status_code, report.error.kind, report.timing_ms.total) == ("partial", 200, "protocol", None)


def test_headers_without_end_are_refused(tmp_path: Path) -> None:
    def answer(http2: H2Connection, _: socket.socket, stream: int) -> None:
        http2.send_headers(stream, [(":status", "200"), *((f"x-{n}", "v" * 1000) for n in range(120))], end_stream=True)

    report = asked(tmp_path, answer)
    assert report.error is not None
    assert (report.status, report.error.kind) == ("failed", "protocol")


def test_an_endless_flow_of_pings_ends_with_the_step(tmp_path: Path) -> None:
    def answer(http2: H2Connection, connection: socket.socket, _: int) -> None:
        for _n in range(100_000):
            http2.ping(b"12345678")
            connection.sendall(http2.data_to_send())

    report = asked(tmp_path, answer, timeout=0.5)
    assert report.error is not None
    assert (report.status, report.error.kind) == ("failed", "timeout")
