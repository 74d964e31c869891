"""Servers that are no good to anybody: mute, endless, broken off, or full of what no client has asked for.

What a client may conclude from them, `tests/lab/truth` says; that it comes to an end, and in bounded memory,
`tests/tls/test_hostile.py`.
"""

from __future__ import annotations

import contextlib
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from netassist.tls.hello import RETRY_RANDOM, TLS12, TLS13, ServerHello, read_client_hello, records, server_hello, vector
from netassist.tls.hello import ClientHello as Hello
from tests.lab import tls_scripted as lab
from tests.lab.servers import Served, Start

STEP = 0.3
"""Seconds that a client should wait for them."""
KYBER_DRAFT = 0x6399  # X25519Kyber768Draft00 of draft-tls-westerbaan-xyber768d00, withdrawn
CHAIN_BYTES = 5_000_000
_SERVER_HELLO, _CERTIFICATE = 2, 11
_HANDSHAKE_FAILURE, _PROTOCOL_VERSION, _UNRECOGNIZED_NAME = 40, 70, 112
_FRAGMENT = 16384
_BLOCK = struct.pack("!BHH", lab.HANDSHAKE, lab.VERSION, _FRAGMENT) + bytes(_FRAGMENT)


def silent(line: lab.Line) -> None:
    line.until_they_leave()


def drips(line: lab.Line) -> None:
    """A byte at a time of a ServerHello that would be right, at a pace at which it never gets anywhere."""
    line.hello()
    for byte in lab.flight(lab.ECDHE_SUITE):
        line.say(bytes((byte,)))
        time.sleep(STEP / 6)


def garbage(line: lab.Line) -> None:
    line.hello()
    line.say(b"HTTP/1.1 400 Bad Request\r\nServer: \x1b[2J\r\n\r\n" * 50)
    line.until_they_leave()


def resets(line: lab.Line) -> None:
    line.hello()
    line.reset()


def resets_midway(line: lab.Line) -> None:
    """Half a ServerHello, and no more."""
    line.hello()
    line.say(lab.flight(lab.ECDHE_SUITE)[:20])
    line.reset()


def absurd_record(line: lab.Line) -> None:
    """RFC 5246, section 6.2.3: a record has 2^14 + 2048 bytes at the most; this one says 65,535."""
    line.hello()
    line.say(struct.pack("!BHH", lab.HANDSHAKE, lab.VERSION, 0xFFFF))
    _endlessly(line, _BLOCK)


def empty_records(line: lab.Line) -> None:
    """RFC 8446, section 5.1: implementations must not send zero-length fragments of handshake types."""
    line.hello()
    _endlessly(line, struct.pack("!BHH", lab.HANDSHAKE, lab.VERSION, 0) * 1000)


def absurd_handshake(line: lab.Line) -> None:
    """A ServerHello of 2^24 - 1 bytes, in fragments that do not end."""
    line.hello()
    head = bytes((_SERVER_HELLO,)) + b"\xff\xff\xff"
    line.send(lab.HANDSHAKE, head)
    _endlessly(line, _BLOCK)


def small_fragments(line: lab.Line) -> None:
    """The same, a byte in each record."""
    line.hello()
    line.send(lab.HANDSHAKE, bytes((_SERVER_HELLO,)) + b"\xff\xff\xff")
    _endlessly(line, bytes(lab.Record(lab.HANDSHAKE, b"\x00")) * 1000)


def absurd_extensions(line: lab.Line) -> None:
    """A ServerHello whose extensions are said to take more than there is (RFC 5246, section 7.4.1.4)."""
    line.hello()
    hello = struct.pack("!H", lab.VERSION) + bytes(32) + b"\x00" + struct.pack("!HB", lab.ECDHE_SUITE, 0)
    line.say(records(_SERVER_HELLO, hello + b"\xff\xff" + bytes(40), lab.VERSION))
    line.until_they_leave()


def warnings(line: lab.Line) -> None:
    """Nothing but warnings, of a name that is not known (RFC 6066, section 3)."""
    line.hello()
    _endlessly(line, bytes(lab.Record(lab.ALERT, bytes((1, _UNRECOGNIZED_NAME)))) * 1000)


def slow_warnings(line: lab.Line) -> None:
    """One warning after another, each in time."""
    line.hello()
    while True:
        line.send(lab.ALERT, bytes((1, _UNRECOGNIZED_NAME)))
        time.sleep(STEP / 6)


def anything(line: lab.Line) -> None:
    """Whatever is offered, it selects a suite that nobody has (0x0A0A is kept for GREASE, RFC 8701)."""
    line.hello()
    line.say(lab.flight(0x0A0A))
    line.until_they_leave()


def another_version(line: lab.Line) -> None:
    """Selects TLS 1.3 of whoever asks, and a group that nobody has (GREASE again)."""
    if (hello := _hello(line)) is not None:
        line.say(_retry(hello, 0x0A0A))
        line.until_they_leave()
    else:
        line.alert(_PROTOCOL_VERSION)


def endless_certificates(line: lab.Line) -> None:
    """A good ServerHello, and then certificates without end."""
    if _takes_tls12(line):
        line.say(_SELECTED)
        _endlessly(line, records(_CERTIFICATE, vector(vector(bytes(1000), 3), 3), lab.VERSION) * 15)


def long_chain(line: lab.Line) -> None:
    """A good ServerHello, and a chain of 5 MB (RFC 5246, section 7.4.2 has room for three times that)."""
    if _takes_tls12(line):
        line.say(_SELECTED)
        line.say(_CHAIN)
        line.until_they_leave()


def kyber_draft(line: lab.Line) -> None:
    """TLS 1.3 with the group that X25519MLKEM768 has replaced, and no other; it would sign by rsa_pss_rsae_sha256."""
    hello = _hello(line)
    if hello is None or TLS13 not in hello.versions:
        return line.alert(_PROTOCOL_VERSION)
    suite = next((code for code in (0x1301, 0x1302) if code in hello.cipher_suites), None)
    shared = any(group == KYBER_DRAFT for group, _ in hello.key_shares)
    if suite is None or KYBER_DRAFT not in hello.groups or (shared and 0x0804 not in hello.signature_schemes):
        return line.alert(_HANDSHAKE_FAILURE)
    return line.say(_retry(hello, KYBER_DRAFT, suite, bytes(1120) if shared else b""))


def _hello(line: lab.Line) -> Hello | None:
    """The client's hello; None for SSL 2.0 and 3.0, whose hellos have no extensions."""
    try:
        return read_client_hello(line.hello())
    except ValueError:
        return None


def _takes_tls12(line: lab.Line) -> bool:
    """Whether the hello is for TLS 1.2 and has the suite; any other is refused."""
    hello = _hello(line)
    if hello is not None and TLS12 in hello.versions and lab.ECDHE_SUITE in hello.cipher_suites:
        return True
    line.alert(_PROTOCOL_VERSION if hello is None or TLS12 not in hello.versions else _HANDSHAKE_FAILURE)
    return False


def _retry(hello: Hello, group: int, suite: int = 0x1301, share: bytes = b"") -> bytes:
    """A HelloRetryRequest for `group`, or with a `share` the ServerHello."""
    answer = ServerHello(
        version=TLS13,
        random=bytes(32) if share else RETRY_RANDOM,
        session_id=hello.session_id,
        cipher_suite=suite,
        group=group,
        key_exchange=share,
    )
    return server_hello(answer)


def _endlessly(line: lab.Line, block: bytes) -> None:
    while True:
        line.say(block)


def _chain() -> bytes:
    """The Certificate message, in records of 2^14 bytes."""
    return records(_CERTIFICATE, vector(vector(bytes(1000), 3) * (CHAIN_BYTES // 1003), 3), lab.VERSION)


_CHAIN = _chain()
_SELECTED = server_hello(ServerHello(version=TLS12, random=bytes(32), session_id=b"", cipher_suite=lab.ECDHE_SUITE))


def _served(talk: lab.Talk) -> Start:
    @contextlib.contextmanager
    def start(_: Path) -> Iterator[Served]:
        with lab.scripted_tls(talk) as port:
            # Who waits for the others waits for an answer that comes, be the machine ever so busy.
            yield Served(port, timeout=STEP if talk in (silent, drips, slow_warnings) else 10.0)

    return start


TALKS: dict[str, lab.Talk] = {
    "scripted_silent": silent,
    "scripted_drips": drips,
    "scripted_garbage": garbage,
    "scripted_resets": resets,
    "scripted_resets_midway": resets_midway,
    "scripted_absurd_record": absurd_record,
    "scripted_empty_records": empty_records,
    "scripted_absurd_handshake": absurd_handshake,
    "scripted_small_fragments": small_fragments,
    "scripted_absurd_extensions": absurd_extensions,
    "scripted_warnings": warnings,
    "scripted_slow_warnings": slow_warnings,
    "scripted_anything": anything,
    "scripted_another_version": another_version,
    "scripted_endless_certificates": endless_certificates,
    "scripted_long_chain": long_chain,
    "scripted_kyber_draft": kyber_draft,
}
SERVERS: dict[str, Start] = {name: _served(talk) for name, talk in TALKS.items()}
