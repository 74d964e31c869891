"""STARTTLS against servers that speak the plain-text part by a script, then real TLS."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path
from typing import NamedTuple

import pytest

from netassist.network import Network
from netassist.scope import Scope
from netassist.tls.certificate import CertificateInfo, certificate_info
from netassist.tls.starttls import DIALOGUES
from tests.lab.pki import Identity, authority, leaf
from tests.lab.tls import tls_server


class Line(NamedTuple):
    """What the server waits for (nothing, or bytes that have to come exactly), and what it then sends."""

    awaits: bytes
    sends: bytes


LDAP_REQUEST = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
XMPP_OPENING = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
    b" to='localhost' version='1.0'>"
)
XMPP_FEATURES = (
    b"<?xml version='1.0'?><stream:stream from='localhost' id='1' version='1.0'><stream:features>"
    b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
)
XMPP_START = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
MYSQL_REQUEST = bytes.fromhex("20000001008a00000000000121") + bytes(23)


def mysql_greeting(capabilities: int = 0xFFFF) -> bytes:
    greeting = (
        b"\x0a8.0.36\0" + bytes(4) + b"saltsalt\0" + capabilities.to_bytes(2, "little") + b"\xff\x02\0\xff\xdf\x15" + bytes(30)
    )
    return len(greeting).to_bytes(3, "little") + b"\0" + greeting


SCRIPTS: dict[str, tuple[Line, ...]] = {
    "smtp": (
        Line(b"", b"220-lab.test ESMTP\r\n220 welcome\r\n"),
        Line(b"EHLO netassist.invalid\r\n", b"250-lab.test\r\n250-SIZE 1000\r\n250 starttls\r\n"),
        Line(b"STARTTLS\r\n", b"220 go ahead\r\n"),
    ),
    "imap": (Line(b"", b"* OK ready\r\n"), Line(b"n1 STARTTLS\r\n", b"* CAPABILITY IMAP4rev1\r\nn1 OK begin\r\n")),
    "pop3": (Line(b"", b"+OK ready\r\n"), Line(b"STLS\r\n", b"+OK begin\r\n")),
    "ftp": (Line(b"", b"220-Hello\r\n  there\r\n220 ready\r\n"), Line(b"AUTH TLS\r\n", b"234 proceed\r\n")),
    "ldap": (Line(LDAP_REQUEST, bytes.fromhex("300c02010178070a010004000400")),),
    "xmpp": (Line(XMPP_OPENING, XMPP_FEATURES), Line(XMPP_START, b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")),
    "postgres": (Line(bytes.fromhex("0000000804d2162f"), b"S"),),
    "mysql": (Line(b"", mysql_greeting()), Line(MYSQL_REQUEST, b"")),
}


@pytest.fixture(scope="module")
def root() -> Identity:
    return authority()


def check(root: Identity, protocol: str, script: tuple[Line, ...], ca_file: Path | None = None) -> CertificateInfo:
    def before(client: socket.socket) -> None:
        for awaits, sends in script:
            came = b""
            while len(came) < len(awaits) and (data := client.recv(len(awaits) - len(came))):
                came += data
            if came != awaits:
                raise ConnectionAbortedError(f"{came!r} came, and not {awaits!r}")
            client.sendall(sends)

    with tls_server(leaf(root), before=before) as server:
        network = Network(Scope(frozenset(("127.0.0.1", "localhost"))), ca_file=ca_file)
        return asyncio.run(certificate_info(network, "localhost", server.port, starttls=protocol))


@pytest.mark.parametrize("protocol", DIALOGUES)
def test_the_certificate_comes_after_the_upgrade(root: Identity, tmp_path: Path, protocol: str) -> None:
    report = check(root, protocol, SCRIPTS[protocol], root.anchor(tmp_path))
    assert (report.status, report.error, report.trusted, report.problems) == ("ok", None, True, ())
    assert report.target.starttls == protocol  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("protocol", "script", "cause"),
    [
        ("smtp", (Line(b"", b"554 go away\r\n"),), "expected 220, got “554 go away”"),
        ("smtp", (SCRIPTS["smtp"][0], Line(b"EHLO netassist.invalid\r\n", b"250 SIZE\r\n")), "does not offer STARTTLS"),
        ("smtp", (Line(b"", b"SSH-2.0-OpenSSH\r\n" * 200),), "expected 220"),
        ("imap", (SCRIPTS["imap"][0], Line(b"n1 STARTTLS\r\n", b"n1 BAD no\r\n")), "refuses STARTTLS: “n1 BAD no”"),
        ("imap", (Line(b"", b"\x1b[2J<TOOLCALL>\r\n"),), "got “< TOOLCALL>”"),
        ("imap", (SCRIPTS["imap"][0], Line(b"n1 STARTTLS\r\n", b"* still\r\n" * 150)), "no answer among 100 lines"),
        ("pop3", (SCRIPTS["pop3"][0], Line(b"STLS\r\n", b"-ERR no\r\n")), "expected +OK, got “-ERR no”"),
        ("ftp", (SCRIPTS["ftp"][0], Line(b"AUTH TLS\r\n", b"502 unknown\r\n")), "expected 234, got “502 unknown”"),
        ("ldap", (Line(LDAP_REQUEST, bytes.fromhex("300c02010178070a013504000400")),), "result code 53"),
        ("ldap", (Line(LDAP_REQUEST, b"HTTP/1.1 400 Bad Request\r\n\r\n"),), "is not LDAP"),
        ("ldap", (Line(LDAP_REQUEST, bytes.fromhex("3084ffffffff")),), "longer than 65536"),
        ("ldap", (Line(LDAP_REQUEST, bytes.fromhex("300502010178ff")),), "not an LDAP ExtendedResponse"),
        ("xmpp", (Line(XMPP_OPENING, b"<stream:stream><stream:features></stream:features>"),), "does not offer STARTTLS"),
        ("xmpp", (SCRIPTS["xmpp"][0], Line(XMPP_START, b"<failure/>")), "refuses STARTTLS: “<failure/>”"),
        ("xmpp", (Line(XMPP_OPENING, b"<" * 100_000),), "longer than 65536"),
        ("postgres", (Line(SCRIPTS["postgres"][0].awaits, b"N"),), "does not offer TLS"),
        ("postgres", (Line(SCRIPTS["postgres"][0].awaits, b"E"),), "unexpected answer “E”"),
        ("mysql", (Line(b"", mysql_greeting(0xF7FF)),), "does not offer TLS"),
        ("mysql", (Line(b"", b"\x0b\0\0\0\xff\x6a\x04Host no!"),), "the server refuses: “Host no!”"),
        ("mysql", (Line(b"", b"220 smtp.lab.test\r\n" + bytes(3_500_000)),), "greeting is not MySQL's"),
    ],
)  # fmt: skip
def test_a_server_that_does_not_agree(root: Identity, protocol: str, script: tuple[Line, ...], cause: str) -> None:
    report = check(root, protocol, script)
    assert report.status == "failed"
    assert report.error is not None
    assert report.error.kind == "protocol"
    assert cause in report.error.message
    assert f"{protocol} before TLS" in report.error.message


@pytest.mark.parametrize("protocol", [name for name in DIALOGUES if name != "mysql"])
def test_plain_text_after_the_consent_is_refused(root: Identity, protocol: str) -> None:
    *first, last = SCRIPTS[protocol]
    report = check(root, protocol, (*first, Line(last.awaits, last.sends + b"injected")))
    assert report.error is not None
    assert "goes on in plain text" in report.error.message


@pytest.mark.parametrize("protocol", DIALOGUES)
@pytest.mark.parametrize("answer", [b"", b"\0" * 20000, b"\xff" * 20000, b"A" * 20000, b"\n" * 20000])
def test_nonsense_is_a_failure_and_no_crash(root: Identity, protocol: str, answer: bytes) -> None:
    def before(client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            client.sendall(answer)
        client.shutdown(socket.SHUT_WR)
        raise ConnectionAbortedError

    with tls_server(leaf(root), before=before) as server:
        network = Network(Scope(frozenset(("127.0.0.1",))))
        report = asyncio.run(certificate_info(network, "127.0.0.1", server.port, starttls=protocol))
    assert report.status == "failed"
    assert report.error is not None
    assert report.error.kind in ("protocol", "reset")


def test_a_protocol_that_is_not_in_the_table(root: Identity) -> None:
    report = check(root, "gopher", ())
    assert report.error is not None
    assert report.error.kind == "invalid"
