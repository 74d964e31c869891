"""Servers that mean no good: every probe of TLS ends, with the failure that the truth says, in bounded memory, in clean words."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import time
import tracemalloc
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from netassist.audit import judged
from netassist.network import Network
from netassist.observations import Report
from netassist.quantum import quantum_check
from netassist.reports.text import lines, sentence
from netassist.scope import Scope
from netassist.tls import scanner, session
from netassist.tls.audit import TlsAudit, tls_audit
from netassist.tls.certificate import certificate_info
from netassist.tls.hello import Alert, alert
from netassist.tls.starttls import DIALOGUES
from tests.lab import hostile, picky, tls
from tests.lab import tls_scripted as lab
from tests.lab.listening import listening
from tests.lab.openssl4 import modern
from tests.lab.pki import authority, issue, leaf
from tests.lab.servers import Served, servers
from tests.lab.tls import tls_server
from tests.lab.truth import Truth, differences, truth_of
from tests.tls.test_starttls import SCRIPTS

GUARD = 60.0
"""Seconds after which a call counts as one that does not end; all of them are to end within two."""
MEGABYTE = 1 << 20
MOST_MEMORY = 16 * MEGABYTE
ESCAPES = "\x1b]0;owned\x07\x1b[31m\u202egro.elpmaxe\u2066\x00\x9b2J"
TARPITS = ("scripted_silent", "scripted_drips", "scripted_slow_warnings")
ENDLESS = (
    "scripted_absurd_record", "scripted_empty_records", "scripted_absurd_handshake", "scripted_small_fragments",
    "scripted_warnings", "scripted_endless_certificates", "scripted_long_chain",
)  # fmt: skip


def network(served: Served, *, deadline: float = 120.0) -> Network:
    scope = Scope(frozenset({served.host, "127.0.0.1", "::1"}))
    return Network(scope, timeout=served.timeout, deadline=deadline, ca_file=served.anchor)


def ended(served: Served, *, deadline: float = 120.0) -> tuple[Report, ...]:
    """What the probes of TLS say of the server; an error where one of them does not end."""

    async def run() -> tuple[Report, ...]:
        async with asyncio.timeout(GUARD):
            return (
                await tls_audit(network(served, deadline=deadline), served.host, served.port, served.starttls),
                await certificate_info(network(served, deadline=deadline), served.host, served.port, served.starttls),
                await quantum_check(network(served, deadline=deadline), served.host, served.port),
            )

    return asyncio.run(run())


def audit(served: Served) -> TlsAudit:
    async def run() -> TlsAudit:
        async with asyncio.timeout(GUARD):
            return await tls_audit(network(served), served.host, served.port, served.starttls)

    return asyncio.run(run())


def unclean(report: Report) -> set[str]:
    """The characters of a judged report, as text and as JSON, that can do something to a terminal."""
    report = judged(report)
    told = msgspec.json.encode(report).decode()
    plain = "\n".join((sentence(report), *map(str, lines(report)), *_texts(msgspec.json.decode(told))))
    return {held for held in plain if held != "\n" and unicodedata.category(held) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")}


def _texts(value: object) -> Iterator[str]:
    """Every text in a decoded JSON value; certificates in PEM are of lines."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, held in value.items():
            yield from (name, *_texts(held))
    elif isinstance(value, list):
        for held in value:
            yield from _texts(held)


# Each of them


@pytest.mark.parametrize("name", hostile.TALKS)
def test_every_probe_ends_with_a_failure_that_has_words(name: str, tmp_path: Path) -> None:
    truth = truth_of(name)
    with servers()[name](tmp_path) as served:
        reports = ended(served)
    for report in reports:
        assert report.status in ("failed", "partial")
        assert report.error is not None
        assert report.error.kind in (*truth.error, "protocol", "timeout", "reset")
        assert str(served.port) in report.error.message
        assert unclean(report) == set()
    assert isinstance(reports[0], TlsAudit)
    assert differences(reports[0], truth) == ()


@pytest.mark.parametrize("name", ENDLESS)
def test_no_server_makes_a_probe_hold_much(name: str, tmp_path: Path) -> None:
    with servers()["scripted_garbage"](tmp_path) as served:
        ended(served)  # what is loaded once is no server's doing
    with servers()[name](tmp_path) as served:
        tracemalloc.start()
        try:
            ended(served)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < MOST_MEMORY, f"{most / MEGABYTE:.1f} MB"


@pytest.mark.parametrize("name", TARPITS)
def test_the_deadline_ends_what_its_steps_would_not(name: str, tmp_path: Path) -> None:
    with servers()[name](tmp_path) as served:
        reports = ended(served._replace(timeout=10 * GUARD), deadline=0.5)
    for report in reports:
        assert report.status == "failed"
        assert report.error is not None
        # OpenSSL has enough after five warnings.
        assert report.error.kind == "timeout" or (name == "scripted_slow_warnings" and "warn alerts" in report.error.message)


# Before TLS


def _greets(protocol: str) -> bytes:
    """The first that a server of this protocol says, whether or not it has been asked."""
    return SCRIPTS[protocol][0].sends


def silent(_: str, connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def silent_after_the_greeting(protocol: str, connection: socket.socket) -> None:
    connection.sendall(_greets(protocol)[:-1] if protocol in ("postgres", "xmpp", "ldap") else _greets(protocol))
    silent(protocol, connection)


def drips(protocol: str, connection: socket.socket) -> None:
    for byte in _greets(protocol) or b"A" * 1000:
        connection.sendall(bytes((byte,)))
        time.sleep(0.05)
    silent(protocol, connection)


def endless_line(_: str, connection: socket.socket) -> None:
    while True:
        connection.sendall(b"220-" + b"A" * 4096)


def endless_lines(_: str, connection: socket.socket) -> None:
    while True:
        connection.sendall(b"220-go on\r\n* go on\r\n" * 100)


def escapes(_: str, connection: socket.socket) -> None:
    connection.sendall(ESCAPES.encode() + b"\r\n")
    silent("", connection)


@pytest.mark.parametrize("hold", [silent, silent_after_the_greeting, drips, endless_line, endless_lines, escapes])
def test_every_dialogue_before_tls_ends(hold: Callable[[str, socket.socket], None]) -> None:
    async def run(protocol: str, port: int) -> tuple[Report, ...]:
        served = Served(port, starttls=protocol, timeout=0.2)
        return (
            await certificate_info(network(served), served.host, port, protocol),
            await tls_audit(network(served), served.host, port, protocol),
        )

    async def all_of_them(ports: Sequence[int]) -> list[tuple[Report, ...]]:
        async with asyncio.timeout(GUARD):
            return await asyncio.gather(*(run(protocol, port) for protocol, port in zip(DIALOGUES, ports, strict=True)))

    with contextlib.ExitStack() as stack:
        ports = [
            stack.enter_context(listening(lambda connection, protocol=protocol: hold(protocol, connection)))  # type: ignore[misc]
            for protocol in DIALOGUES
        ]
        found = asyncio.run(all_of_them(ports))
    for protocol, reports in zip(DIALOGUES, found, strict=True):
        for report in reports:
            assert report.status == "failed", protocol
            assert report.error is not None
            assert report.error.kind in ("timeout", "protocol"), (protocol, report.error)
            assert unclean(report) == set()


# Words


def test_names_in_a_certificate_do_nothing_to_a_terminal(tmp_path: Path) -> None:
    root = authority(f"Root{ESCAPES[:20]}")
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"Acme{ESCAPES}"), x509.NameAttribute(NameOID.COMMON_NAME, ESCAPES)]
    )
    dns = ("localhost", "local\x1b[31mhost", "localhost\x00.evil.test", "\x1b]0;owned\x07.test")
    with tls_server(issue(subject, root, dns=dns, ips=(), key="rsa"), ciphers="ECDHE+AESGCM:@SECLEVEL=0") as server:
        served = Served(server.port, anchor=root.anchor(tmp_path), host="localhost")
        reports = ended(served)
    for report in reports:
        assert unclean(report) == set()
    assert "Acme" in msgspec.json.encode(reports[0]).decode()


def test_headers_do_nothing_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    said = f"HTTP/1.1 200 {ESCAPES}\r\nStrict-Transport-Security: max-age=1; {ESCAPES}\r\nServer: {ESCAPES}\r\n\r\n"
    monkeypatch.setattr(tls, "ANSWER", said.encode())
    with tls_server(leaf(authority(), key="rsa"), ciphers="ECDHE+AESGCM:@SECLEVEL=0") as server:
        monkeypatch.setattr(session, "HTTPS_PORTS", frozenset((server.port,)))
        report = audit(Served(server.port))
    assert (report.hsts or "").startswith("max-age=1; ")
    assert unclean(report) == set()


def test_what_speaks_something_else_is_named_in_clean_words() -> None:
    def ssh(line: lab.Line) -> None:
        line.say(f"SSH-2.0-{ESCAPES}\r\n".encode())
        line.until_they_leave()

    with lab.scripted_tls(ssh) as port:
        for report in ended(Served(port, timeout=0.5)):
            assert report.status == "failed"
            assert unclean(report) == set()


# Limits


def invented(report: TlsAudit, truth: Truth) -> list[str]:
    """What a report says of a server that is not true of it; what it does not know or has not seen is no invention."""
    said = [line for line in differences(report, truth) if "invented" in line or "twice" in line]
    support = {version: "accepted" if version in (truth.protocols or ()) else "refused" for version in report.protocols}
    said += [f"{version}: {held}" for version, held in report.protocols.items() if held not in ("unknown", support[version])]
    weak = truth.weaknesses or {}
    said += [f"{held.id}: {held.verdict}" for held in report.weaknesses if held.verdict not in ("unknown", weak[held.id])]
    flags = truth.flags or {}
    said += [f"{name}: {getattr(report, name)}" for name, true in flags.items() if getattr(report, name) not in (None, true)]
    kept = {version: held for version, held in report.server_preference.items() if held is not None}
    said += [f"order of {version}: {held}" for version, held in kept.items() if (truth.server_preference or {})[version] != held]  # type: ignore[index]
    said += [f"whole: {what}" for what in _missing(report, truth) if what not in report.incomplete]
    return said


def _missing(report: TlsAudit, truth: Truth) -> Iterator[str]:
    """The lists that lack something."""
    for versions, true in (truth.suites or {}).items():
        for version in versions.split():
            if report.protocols[version] == "accepted" and len(report.cipher_suites.get(version, ())) < len(true):
                yield f"suites/{version}"
    if len(report.groups) < len(truth.groups or ()):
        yield "groups"
    if len(report.signature_schemes) < len(truth.signature_schemes or ()):
        yield "signature_schemes"


@pytest.mark.parametrize("most", [1, 3, 6, 9, 14, 20, 27, 35, 45])
def test_a_server_that_stops_listening_is_known_in_part_and_wrongly_in_nothing(
    most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanner, "PAUSES", (0.01, 0.01))
    with modern(tmp_path) as served, picky.refusing(served.port, most, GUARD) as port:
        report = audit(served._replace(port=port))
    assert invented(report, truth_of("openssl4_modern")) == []
    assert report.status in ("partial", "failed")
    assert report.error is not None
    assert report.error.kind in ("rate_limited", "refused")


def test_a_deadline_that_comes_before_the_next_attempt_is_not_called_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanner, "PAUSES", (0.01, 3600.0))
    with modern(tmp_path) as served, picky.refusing(served.port, 12, GUARD) as port:
        there = served._replace(port=port)
        report = asyncio.run(tls_audit(network(there, deadline=4.0), there.host, port))
    assert report.protocols["TLSv1.2"] == "accepted"
    assert report.error is not None
    assert (report.status, report.error.kind) == ("partial", "timeout")
    assert "the time for the whole scan is over" in report.error.message


@pytest.mark.parametrize("most", [2, 5, 8, 13, 18, 25, 32, 40, 48])
def test_a_server_that_resets_what_is_too_much_is_known_in_part_and_wrongly_in_nothing(
    most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanner, "PAUSES", (0.01, 0.01))
    with picky.counted(lambda number: number < most)(tmp_path) as served:
        report = audit(served)
    assert invented(report, truth_of("openssl4_modern")) == []
    assert report.status in ("partial", "failed")


@pytest.mark.parametrize("every", [3, 5, 7, 11])
def test_a_server_that_resets_every_so_many_connections_has_refused_nothing_by_it(every: int, tmp_path: Path) -> None:
    with picky.counted(lambda number: number % every != every - 1)(tmp_path) as served:
        report = audit(served)
    assert invented(report, truth_of("openssl4_modern")) == []
    assert report.protocols["TLSv1.3"] == "accepted"


def test_a_server_that_listens_again_after_a_while_is_known_wholly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "PAUSES", (0.05, 0.4, 3.0))
    with modern(tmp_path) as served, picky.refusing(served.port, 12, 0.15) as port:
        report = audit(served._replace(port=port))
    assert differences(report, truth_of("openssl4_modern")) == ()


def test_a_server_that_offers_no_starttls_is_not_said_to_limit_anything() -> None:
    def plain(connection: socket.socket) -> None:
        connection.sendall(b"220 lab ESMTP\r\n")
        connection.recv(1000)
        connection.sendall(b"250 SIZE 1000\r\n")

    with listening(plain) as port:
        report = audit(Served(port, starttls="smtp"))
    assert report.error is not None
    assert report.error.kind == "protocol"
    assert report.error.message.endswith("the server does not offer STARTTLS")


def test_a_server_that_has_had_enough_of_starttls_limits_and_refuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "PAUSES", (0.01, 0.01))
    count = itertools.count()

    def smtp(connection: socket.socket) -> None:
        if next(count) >= 15:
            connection.sendall(b"421 too many connections\r\n")
            raise ConnectionAbortedError
        connection.sendall(b"220 lab ESMTP\r\n")
        connection.recv(1000)
        connection.sendall(b"250-lab\r\n250 STARTTLS\r\n")
        connection.recv(1000)
        connection.sendall(b"220 go ahead\r\n")

    with tls_server(leaf(authority(), key="rsa"), least="TLSv1.2", ciphers="ECDHE+AESGCM:@SECLEVEL=0", before=smtp) as server:
        report = audit(Served(server.port, starttls="smtp"))
    assert (report.status, report.protocols["TLSv1.2"]) == ("partial", "accepted")
    assert report.error is not None
    assert report.error.kind == "rate_limited"
    assert "421 too many connections" in report.error.message


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH (SSH-2.0-OpenSSH_9.2); is it the right port?"),
        (b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "HTTP (HTTP/1.1 400 Bad Request); is it the right port?"),
        (b"220 a.test ESMTP\x1b[2J\r\n", "SMTP (220 a.test ESMTP); does it begin with STARTTLS? Ask with starttls smtp then"),
        (b"220 (vsFTPd 3.0.3)\r\n", "FTP (220 (vsFTPd 3.0.3)); does it begin with STARTTLS? Ask with starttls ftp then"),
        (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", "Ask with starttls imap then"),
        (b"+OK ready\r\n", "Ask with starttls pop3 then"),
        (b"J\x00\x00\x00\x0a8.0.36\x00", "MySQL; does it begin with STARTTLS? Ask with starttls mysql then"),
    ],
)  # fmt: skip
def test_a_port_where_something_else_is_spoken_says_what_and_what_to_do(said: bytes, told: str) -> None:
    def speak(connection: socket.socket) -> None:
        connection.sendall(said)
        while connection.recv(65536):
            pass

    with listening(speak) as port:
        report = audit(Served(port))
    assert report.status == "failed"
    assert report.error is not None
    assert report.error.kind == "protocol"
    assert report.error.message == f"127.0.0.1:{port}: does not speak TLS here, but {told}" or (
        told.startswith("Ask") and report.error.message.endswith(told)
    )


# Names


def test_a_server_that_insists_on_a_name_knows_the_one_that_it_was_given(tmp_path: Path) -> None:
    with servers()["scripted_name_required_by_its_alert"](tmp_path) as served:
        report = audit(served)
    assert (report.name_unrecognized, report.without_server_name) == (False, "refused")
    assert "tls.name_unrecognized" not in {finding.id for finding in judged(report).findings}


def test_a_server_that_does_not_know_its_name_says_so(tmp_path: Path) -> None:
    with servers()["scripted_name_unrecognized"](tmp_path) as served:
        report = audit(served)
    assert report.name_unrecognized is True
    assert "tls.name_unrecognized" in {finding.id for finding in judged(report).findings}


def test_a_server_that_knows_no_address_wants_its_name() -> None:
    def unknown(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(alert(Alert(2, 112)))

    with listening(unknown) as port:
        report = audit(Served(port))
    assert report.status == "failed"
    assert report.error is not None
    assert "alert unrecognized_name" in report.error.message
    assert report.error.message.endswith("ask for it by its host's name instead of the address")
