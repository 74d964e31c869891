"""Real servers with one fault each that no current stack has: a script stands before OpenSSL or is put into tlslite-ng."""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from netassist.tls.flight import read_flight
from netassist.tls.hello import Alert, Reader, alert, read_extensions
from netassist.tls.suites import SSL2_SUITES
from tests.lab import tls_scripted as lab
from tests.lab.middlebox import middlebox
from tests.lab.pki import Identity, authority, leaf
from tests.lab.scripted import Reply, scripted_server
from tests.lab.servers import Served, Start
from tests.lab.tls import tls_server
from tests.lab.tlslite import served

ECDHE = "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"
RSA = "ECDHE-RSA-AES128-GCM-SHA256:AES128-GCM-SHA256:@SECLEVEL=0"
_HEARTBEAT, _RENEGOTIATION = 15, 0xFF01
_RENEGOTIATION_SCSV, _FALLBACK_SCSV = 0x00FF, 0x5600
_SSL2_HELLO = b"\x01\x00\x02"
_CLIENT_KEY_EXCHANGE = bytes((16,))


@contextlib.contextmanager
def behind(folder: Path, ciphers: str = ECDHE) -> Iterator[tuple[int, Identity, Path]]:
    """TLS 1.2 with one group and an RSA key: its port, its certificate, and the file of its authority."""
    root = authority()
    identity = leaf(root, key="rsa")
    with tls_server(identity, version="TLSv1.2", ciphers=ciphers, groups="P-256") as server:
        yield server.port, identity, root.anchor(folder)


def _watched(watch: Callable[[Identity], Callable[[], lab.Watch]], ciphers: str = ECDHE) -> Start:
    """OpenSSL, with connections taken over by what `watch` gives for its identity."""

    @contextlib.contextmanager
    def start(folder: Path) -> Iterator[Served]:
        with contextlib.ExitStack() as stack:
            upstream, identity, anchor = stack.enter_context(behind(folder, ciphers))
            port = stack.enter_context(lab.scripted_tls(lab.carried(upstream, watch(identity))))
            yield Served(port, anchor=anchor)

    return start


def heartbeats(talk: lab.Talk) -> Start:
    """Who offers heartbeats is served by `talk`."""

    def watch(record: lab.Record) -> lab.Talk | None:
        return talk if lab.is_hello(record) and _HEARTBEAT in extensions_of(bytes(record)) else None

    return _watched(lambda _: lambda: watch)


def wrong_echo(line: lab.Line) -> None:
    """Answers any heartbeat, with bytes that nobody has sent."""
    line.hello()
    line.say(lab.flight(lab.ECDHE_SUITE, extensions=((_HEARTBEAT, b"\x01"),)))
    while (got := line.record()) is not None and got.kind == lab.HEARTBEAT:
        line.send(lab.HEARTBEAT, b"\x02" + got.content[1:3] + b"\xff" * 19)


def early_changes(taken: Callable[[int], bool]) -> Start:
    """ChangeCipherSpec before ClientKeyExchange is taken where `taken` says so for its number, from 0."""
    count = itertools.count()

    def watch() -> lab.Watch:
        keyed = False

        def look(record: lab.Record) -> lab.Talk | None:
            nonlocal keyed
            # Who resumes a session has its keys already.
            resumes = lab.is_hello(record) and bool(lab.session_id_of(record))
            keyed = keyed or resumes or (record.kind == lab.HANDSHAKE and record.content[:1] == _CLIENT_KEY_EXCHANGE)
            if record.kind != lab.CHANGE_CIPHER_SPEC or keyed:
                return None
            return lambda line: lab.early_change(line, taken(next(count)))

        return look

    return _watched(lambda _: watch)


def oracle(kind: lab.Oracle) -> Start:
    """Premaster secrets that are padded wrongly are answered as the oracle does, all others by OpenSSL."""

    def watch(identity: Identity) -> Callable[[], lab.Watch]:
        talk = lab.padding_oracle(identity, kind)

        def look(record: lab.Record) -> lab.Talk | None:
            sent = record.content
            # A point on P-256 takes 65 bytes, a secret that is encrypted with RSA 2048 takes 256.
            transported = record.kind == lab.HANDSHAKE and sent[:1] == _CLIENT_KEY_EXCHANGE and len(sent) == 6 + 256
            return talk if transported and lab.padding_fault(identity, sent[6:]) else None

        return lambda: look

    return _watched(watch, RSA)


@contextlib.contextmanager
def ticketbleed(folder: Path) -> Iterator[Served]:
    """Echoes session ids that are too short with the bytes that lie behind them."""
    with behind(folder) as (upstream, _, anchor), lab.scripted_tls(lab.ticketbleed(lambda _: True, upstream=upstream)) as port:
        yield Served(port, anchor=anchor)


@contextlib.contextmanager
def ssl2(folder: Path) -> Iterator[Served]:
    """SSL 2.0 beside TLS 1.2, with all suites of OpenSSL 1.0, export ones among them."""

    def judge(first: bytes) -> bytes | None:
        return ssl2_hello(SSL2_SUITES) if first[2:5] == _SSL2_HELLO else None

    with behind(folder) as (upstream, _, anchor), middlebox(upstream, judge) as port:
        yield Served(port, anchor=anchor)


@contextlib.contextmanager
def ssl2_alone(_: Path) -> Iterator[Served]:
    """SSL 2.0 with two suites, and the alert protocol_version for all else."""

    def answer(first: bytes) -> Reply:
        return ssl2_hello(SSL2_SUITES[:2]) if first[2:5] == _SSL2_HELLO else alert(Alert(2, 70))

    with scripted_server(answer) as server:
        yield Served(server.port)


def ssl2_hello(suites: tuple[int, ...]) -> bytes:
    """SERVER-HELLO (draft-hickman-netscape-ssl-00, section 2.6): no session, no certificate, the suites, a connection id."""
    ciphers = b"".join(code.to_bytes(3, "big") for code in suites)
    body = b"\x04\x00\x01\x00\x02" + struct.pack("!HHH", 0, len(ciphers), 16) + ciphers + bytes(16)
    return struct.pack("!H", 0x8000 | len(body)) + body


@contextlib.contextmanager
def compression(folder: Path) -> Iterator[Served]:
    """Selects DEFLATE (RFC 3749, section 2) where that is offered; OpenSSL, whose hello it is, has no zlib."""
    with behind(folder) as (upstream, _, anchor):

        def judge(first: bytes) -> bytes | None:
            return _deflated(_answer(upstream, first)) if first[:1] == b"\x16" and 1 in _compressions(first) else None

        with middlebox(upstream, judge) as port:
            yield Served(port, anchor=anchor)


@contextlib.contextmanager
def unaware(folder: Path) -> Iterator[Served]:
    """TLS 1.1 and 1.2 by one who has read neither RFC 5746 nor RFC 7507: their signals are passed over."""
    root = authority()
    settings = {
        "minVersion": (3, 2), "maxVersion": (3, 3), "cipherNames": ["aes128gcm", "aes128"], "macNames": ["sha", "aead"],
        "keyExchangeNames": ["ecdhe_rsa"], "eccCurves": ["secp256r1"], "keyShares": [],
    }  # fmt: skip
    ignored = frozenset((_RENEGOTIATION_SCSV, _FALLBACK_SCSV, _RENEGOTIATION))
    with served(folder, leaf(root, key="rsa"), settings, ignored) as port:
        yield Served(port, anchor=root.anchor(folder))


def _answer(upstream: int, hello: bytes) -> bytes:
    """The server's first flight, as far as it comes."""
    answer = b""
    with socket.create_connection(("127.0.0.1", upstream)) as server:
        server.sendall(hello)
        while read_flight(answer) is None and (more := server.recv(65536)):
            answer += more
    return answer


def _deflated(answer: bytes) -> bytes:
    """The same with DEFLATE selected: the last byte before the extensions of a ServerHello (RFC 5246, section 7.4.1.3)."""
    if answer[:1] != b"\x16":
        return answer
    at = 5 + 4 + 2 + 32 + 1 + answer[43] + 2
    return answer[:at] + b"\x01" + answer[at + 1 :]


def _compressions(hello: bytes) -> bytes:
    return _parts(hello)[0]


def extensions_of(hello: bytes) -> dict[int, bytes]:
    return _parts(hello)[1]


def _parts(hello: bytes) -> tuple[bytes, dict[int, bytes]]:
    """Compression methods and extensions of a ClientHello in one record."""
    reader = Reader(hello[9:])
    reader.take(2 + 32)
    reader.vector(1)
    reader.vector(2)
    return reader.vector(1), read_extensions(reader) if reader.left else {}


SERVERS: dict[str, Start] = {
    "scripted_heartbleed": heartbeats(lab.heartbleed(lambda _: True)),
    "scripted_heartbleed_patched": heartbeats(lab.heartbleed(lambda _: False)),
    "scripted_heartbleed_wrong_echo": heartbeats(wrong_echo),
    "scripted_ccs_injection": early_changes(lambda _: True),
    "scripted_ccs_injection_once": early_changes(lambda count: count == 0),
    "scripted_robot_strong": oracle("strong"),
    "scripted_robot_weak": oracle("weak"),
    "scripted_robot_fickle": oracle("fickle"),
    "scripted_ticketbleed": ticketbleed,
    "scripted_ssl2": ssl2,
    "scripted_ssl2_alone": ssl2_alone,
    "scripted_compression": compression,
    "scripted_unaware": unaware,
}
