"""The first flight of TLS as bytes: what a client offers, and what a server answers (RFC 8446, section 4.1). No I/O.

Own bytes instead of a library's, because a probe has to offer what no library offers: groups without key shares, shares
in any order, code points that nothing on this machine implements.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

import msgspec

TLS12, TLS13 = 0x0303, 0x0304
MOST_BYTES = 65536
"""A first answer that is longer than this is refused; real ones are below 3 kB."""
# SHA-256 of "HelloRetryRequest" (RFC 8446, section 4.1.3).
RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")

_HANDSHAKE, _ALERT = 22, 21
_LONGEST_RECORD, _LONGEST_MESSAGE = 16384, 32768
_CLIENT_HELLO, _SERVER_HELLO = 1, 2
_SERVER_NAME, _GROUPS, _POINT_FORMATS, _SIGNATURES, _EMS, _VERSIONS, _KEY_SHARE = 0, 10, 11, 13, 23, 43, 51

TLS13_SUITES = (0x1302, 0x1301, 0x1303)
# ECDHE and DHE with AES or ChaCha20, then RSA key transport, and the renegotiation SCSV (RFC 5746).
TLS12_SUITES = (0xC02C, 0xC02B, 0xC030, 0xC02F, 0xCCA9, 0xCCA8, 0xC024, 0xC023, 0xC028, 0xC027, 0xC00A, 0xC009, 0xC014, 0xC013,
                0x009F, 0x009E, 0xCCAA, 0x009D, 0x009C, 0x003D, 0x003C, 0x0035, 0x002F, 0x00FF)  # fmt: skip
# ML-DSA (draft-ietf-tls-mldsa), ECDSA, EdDSA, RSA-PSS and PKCS #1, SHA-1 last.
SIGNATURE_SCHEMES = (0x0905, 0x0906, 0x0904, 0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0809, 0x080A, 0x080B, 0x0804, 0x0805,
                     0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201)  # fmt: skip

# RFC 8446, section 6; those that a server may answer a hello with.
ALERTS = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
    40: "handshake_failure", 43: "unsupported_certificate", 47: "illegal_parameter", 50: "decode_error", 51: "decrypt_error",
    70: "protocol_version", 71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback",
    109: "missing_extension", 110: "unsupported_extension", 112: "unrecognized_name", 116: "certificate_required",
    120: "no_application_protocol",
}  # fmt: skip


class ClientHello(msgspec.Struct, frozen=True, kw_only=True):
    """What a client offers. `random` and `session_id` are 32 bytes; each share's group has to be among `groups`."""

    random: bytes
    session_id: bytes
    groups: tuple[int, ...]
    key_shares: tuple[tuple[int, bytes], ...] = ()
    server_name: str | None = None
    versions: tuple[int, ...] = (TLS13,)
    cipher_suites: tuple[int, ...] = TLS13_SUITES
    signature_schemes: tuple[int, ...] = SIGNATURE_SCHEMES


class ServerHello(msgspec.Struct, frozen=True, kw_only=True):
    """A ServerHello or, where `retry`, a HelloRetryRequest. `group` is None where none is told, as in TLS 1.2."""

    version: int
    random: bytes
    session_id: bytes
    cipher_suite: int
    group: int | None = None
    key_exchange: bytes = b""

    @property
    def retry(self) -> bool:
        return self.random == RETRY_RANDOM


class Alert(msgspec.Struct, frozen=True):
    """Why a server goes no further; `level` 1 is a warning, 2 is fatal."""

    level: int
    description: int

    def __str__(self) -> str:
        return f"{ALERTS.get(self.description, 'alert')} ({self.description})"


def client_hello(hello: ClientHello) -> bytes:
    """The hello in TLS records.

    Raises:
        ValueError: a key share for a group that is not offered (RFC 8446, section 4.2.8), or a value that does not fit.
    """
    if not {code for code, _ in hello.key_shares} <= set(hello.groups):
        raise ValueError("a key share for a group outside supported_groups")
    shares = b"".join(struct.pack("!H", code) + vector(share, 2) for code, share in hello.key_shares)
    extensions = [
        (_POINT_FORMATS, b"\x01\x00"),
        (_EMS, b""),
        (_GROUPS, vector(words(hello.groups), 2)),
        (_SIGNATURES, vector(words(hello.signature_schemes), 2)),
        (_VERSIONS, vector(words(hello.versions), 1)),
        (_KEY_SHARE, vector(shares, 2)),
    ]
    if hello.server_name is not None:
        extensions.insert(0, (_SERVER_NAME, vector(b"\x00" + vector(hello.server_name.encode("ascii"), 2), 2)))
    body = struct.pack("!H", TLS12) + hello.random + vector(hello.session_id, 1)
    body += vector(words(hello.cipher_suites), 2) + b"\x01\x00" + extension_block(extensions)
    return records(_CLIENT_HELLO, body, 0x0301)


def server_hello(hello: ServerHello) -> bytes:
    """The hello as a server sends it, in TLS records; raises ValueError where a value does not fit."""
    extensions = []
    if hello.version >= TLS13:
        extensions.append((_VERSIONS, struct.pack("!H", hello.version)))
    if hello.group is not None:
        share = b"" if hello.retry else vector(hello.key_exchange, 2)
        extensions.append((_KEY_SHARE, struct.pack("!H", hello.group) + share))
    body = struct.pack("!H", min(hello.version, TLS12)) + hello.random + vector(hello.session_id, 1)
    body += struct.pack("!HB", hello.cipher_suite, 0) + extension_block(extensions)
    return records(_SERVER_HELLO, body, TLS12)


def alert(sent: Alert) -> bytes:
    """The alert in a TLS record."""
    return struct.pack("!BHHBB", _ALERT, TLS12, 2, sent.level, sent.description)


def read_answer(data: bytes) -> ServerHello | Alert | None:
    """What a server answers first, out of all its bytes so far; None while more are needed.

    Warnings that come before the ServerHello, such as unrecognized_name, are passed over.

    Raises:
        ValueError: these are not the bytes of a TLS server; the message says why.
    """
    message = b""
    for kind, fragment in _fragments(data):
        if kind == _ALERT:
            if message or len(fragment) != 2:
                raise ValueError("a malformed TLS alert")
            answer = Alert(*fragment)
            if answer.level != 1 or answer.description == 0:
                return answer
            continue
        message += fragment
        if message[0] != _SERVER_HELLO:
            raise ValueError(f"a TLS handshake message of type {message[0]} instead of a ServerHello")
        if len(message) >= 4:
            length = int.from_bytes(message[1:4], "big")
            if length > _LONGEST_MESSAGE:
                raise ValueError(f"a ServerHello of {length} bytes")
            if len(message) >= 4 + length:
                return _read_server_hello(Reader(message[4 : 4 + length]))
    if len(data) > MOST_BYTES:
        raise ValueError(f"no ServerHello within {MOST_BYTES} bytes")
    return None


def read_client_hello(data: bytes) -> ClientHello:
    """The ClientHello out of all its records; raises ValueError where it is none, or cut short."""
    reader = Reader(b"".join(fragment for kind, fragment in _fragments(data) if kind == _HANDSHAKE))
    if reader.number(1) != _CLIENT_HELLO:
        raise ValueError("not a ClientHello")
    body = Reader(reader.take(reader.number(3)))
    legacy, random, session_id = body.number(2), body.take(32), body.vector(1)
    suites = body.words()
    body.vector(1)
    found = read_extensions(body)
    groups = Reader(found[_GROUPS]).words() if _GROUPS in found else ()
    shares = []
    if _KEY_SHARE in found:
        entries = Reader(Reader(found[_KEY_SHARE]).vector(2))
        while entries.left:
            shares.append((entries.number(2), entries.vector(2)))
    name = None
    if _SERVER_NAME in found:
        names = Reader(Reader(found[_SERVER_NAME]).vector(2))
        if names.number(1) != 0:
            raise ValueError("a server name that is no host name")
        name = names.vector(2).decode("ascii")
    return ClientHello(
        random=random,
        session_id=session_id,
        groups=groups,
        key_shares=tuple(shares),
        server_name=name,
        versions=Reader(found[_VERSIONS]).words(1) if _VERSIONS in found else (legacy,),
        cipher_suites=suites,
        signature_schemes=Reader(found[_SIGNATURES]).words() if _SIGNATURES in found else (),
    )


def check_answer(hello: ClientHello, answer: ServerHello) -> None:
    """Raises ValueError where the answer is none to this hello: it selects what was not offered, or echoes another session.

    RFC 8446, sections 4.1.3, 4.1.4 and 4.2.8: a client has to abort then, so nothing is learnt from such an answer.
    """
    shared = {code for code, _ in hello.key_shares}
    if answer.version not in hello.versions:
        raise ValueError(f"the server selected version 0x{answer.version:04X}, which was not offered")
    if answer.cipher_suite not in hello.cipher_suites:
        raise ValueError(f"the server selected cipher suite 0x{answer.cipher_suite:04X}, which was not offered")
    if answer.version < TLS13:
        return
    if answer.session_id != hello.session_id:
        raise ValueError("the server echoed another session id")
    if answer.group is None:
        raise ValueError("the server selected no group")
    if answer.group not in hello.groups:
        raise ValueError(f"the server selected group 0x{answer.group:04X}, which was not offered")
    if answer.retry == (answer.group in shared):
        raise ValueError("the server asked for a key share it has" if answer.retry else "the server used a key share it has not")


def _read_server_hello(reader: Reader) -> ServerHello:
    legacy, random, session_id = reader.number(2), reader.take(32), reader.vector(1)
    suite, compression = reader.number(2), reader.number(1)
    if legacy >> 8 != 3 or compression != 0 or len(session_id) > 32:
        raise ValueError("a malformed ServerHello")
    found = read_extensions(reader) if reader.left else {}
    version = Reader(found[_VERSIONS]).only(2) if _VERSIONS in found else legacy
    group, share = None, b""
    if version >= TLS13 and _KEY_SHARE in found:
        entry = Reader(found[_KEY_SHARE])
        group = entry.number(2)
        if random != RETRY_RANDOM:
            share = entry.vector(2)
        entry.end()
    return ServerHello(version=version, random=random, session_id=session_id, cipher_suite=suite, group=group, key_exchange=share)


def _fragments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Content type and bytes of each record, the last of a handshake possibly cut short; raises ValueError where it is no TLS."""
    position = 0
    while position < len(data):
        header = data[position : position + 5]
        if header[0] not in (_HANDSHAKE, _ALERT) or (len(header) > 1 and header[1] != 3):
            raise ValueError("the answer is not TLS")
        if len(header) < 5:
            return
        length = int.from_bytes(header[3:5], "big")
        if not 0 < length <= _LONGEST_RECORD:
            raise ValueError(f"a TLS record of {length} bytes")
        if position + 5 + length > len(data):
            return
        yield header[0], data[position + 5 : position + 5 + length]
        position += 5 + length


def read_extensions(reader: Reader) -> dict[int, bytes]:
    inner, found = Reader(reader.vector(2)), dict[int, bytes]()
    reader.end()
    while inner.left:
        kind, value = inner.number(2), inner.vector(2)
        if kind in found:
            raise ValueError(f"TLS extension {kind} comes twice")
        found[kind] = value
    return found


def extension_block(items: Iterable[tuple[int, bytes]]) -> bytes:
    return vector(b"".join(struct.pack("!H", kind) + vector(value, 2) for kind, value in items), 2)


def records(kind: int, body: bytes, version: int) -> bytes:
    message = bytes([kind]) + vector(body, 3)
    parts = (message[start : start + _LONGEST_RECORD] for start in range(0, len(message), _LONGEST_RECORD))
    return b"".join(struct.pack("!BH", _HANDSHAKE, version) + vector(part, 2) for part in parts)


def vector(content: bytes, size: int) -> bytes:
    """`content` behind its length in `size` bytes (RFC 8446, section 3.4)."""
    if len(content) >= 1 << 8 * size:
        raise ValueError(f"{len(content)} bytes do not fit behind a length of {size}")
    return len(content).to_bytes(size, "big") + content


def words(numbers: Iterable[int]) -> bytes:
    held = tuple(numbers)
    try:
        return struct.pack(f"!{len(held)}H", *held)
    except struct.error as error:
        raise ValueError(f"a code point does not fit 16 bits ({error})") from None


class Reader:
    """Reads the presentation language of RFC 8446, section 3; every read past the end raises ValueError."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise ValueError("a TLS message ends too early")
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def only(self, size: int) -> int:
        value = self.number(size)
        self.end()
        return value

    def vector(self, size: int) -> bytes:
        return self.take(self.number(size))

    def words(self, size: int = 2) -> tuple[int, ...]:
        content = self.vector(size)
        if len(content) % 2:
            raise ValueError("a TLS list of odd length")
        return tuple(number for (number,) in struct.iter_unpack("!H", content))

    def end(self) -> None:
        if self.left:
            raise ValueError(f"{self.left} bytes too many in a TLS message")
