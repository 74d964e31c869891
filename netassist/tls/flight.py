"""A server's whole first flight as bytes: what it selects, its certificates, and with which parameters. No I/O.

Before TLS 1.3 it is ServerHello, Certificate, ServerKeyExchange and ServerHelloDone in plain text (RFC 5246, section 7.3); of
TLS 1.3 only the ServerHello can be read. SSL 2.0 answers with one message (draft-hickman-netscape-ssl-00, section 2.6).
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from netassist.tls.hello import RETRY_RANDOM, TLS12, TLS13, Alert, Reader, read_extensions
from netassist.tls.suites import suite

SSL2 = 0x0002
MOST_BYTES = 131_072
"""A flight that is longer is cut off; what came of it until then counts."""

_MOST_WARNINGS = 20
"""Who warns more often says nothing else; OpenSSL gives up after five."""
_LONGEST_HELLO = 32768

_ALERT, _HANDSHAKE = 21, 22
_SERVER_HELLO, _CERTIFICATE, _KEY_EXCHANGE, _DONE = 2, 11, 12, 14
_LONGEST_RECORD = 16384 + 2048
_KEY_SHARE, _VERSIONS = 51, 43
_SSL2_ERROR, _SSL2_SERVER_HELLO = 0, 4
_HANDSHAKE_FAILURE = 40


class Flight(msgspec.Struct, frozen=True, kw_only=True):
    """What a server answers a hello with.

    `group` is the group of a TLS 1.3 key share, or the curve of a ServerKeyExchange; `dh_bits` the size of its prime, `signature`
    its scheme. `chain` are the certificates in DER. `ssl2_suites` are those that an SSL 2.0 server has in common with the
    client. What the flight does not tell, or was cut off before, is None or empty.
    """

    version: int
    cipher_suite: int
    random: bytes = bytes(32)
    session_id: bytes = b""
    compression: int = 0
    extensions: dict[int, bytes] = {}
    group: int | None = None
    dh_bits: int | None = None
    signature: int | None = None
    chain: tuple[bytes, ...] = ()
    ssl2_suites: tuple[int, ...] = ()

    @property
    def retry(self) -> bool:
        """Whether this is a HelloRetryRequest (RFC 8446, section 4.1.4)."""
        return self.random == RETRY_RANDOM


def read_flight(data: bytes, *, ended: bool = False) -> Flight | Alert | None:
    """What a TLS server answers, out of all its bytes so far; None while more are needed.

    A fatal alert anywhere in the flight is the answer. Where the stream has `ended`, or goes on for too long, a flight counts
    as far as it came, if only its ServerHello is there.

    Raises:
        ValueError: these are not the bytes of a TLS server, or they end before it has answered; the message says why.
    """
    flight: Flight | None = None
    warnings = 0
    for kind, body in _messages(data):
        if kind == _ALERT:
            sent = Alert(*body)
            if sent.level != 1 or sent.description == 0:
                return sent
            warnings += 1
            if warnings > _MOST_WARNINGS:
                raise ValueError(f"more than {_MOST_WARNINGS} warnings ({sent})")
        elif flight is None:
            if kind != _SERVER_HELLO:
                raise ValueError(f"a TLS handshake message of type {kind} instead of a ServerHello")
            flight = _server_hello(Reader(body))
            if flight.version >= TLS13:
                return flight
        elif kind == _CERTIFICATE:
            flight = msgspec.structs.replace(flight, chain=_chain(Reader(body)))
        elif kind == _KEY_EXCHANGE:
            flight = _key_exchange(flight, Reader(body))
        elif kind == _DONE:
            return flight
    if ended or len(data) > MOST_BYTES:
        if flight is None:
            raise ValueError("no ServerHello" if data else "no answer")
        return flight
    return None


def read_ssl2(data: bytes, *, ended: bool = False) -> Flight | Alert | None:
    """What a server answers an SSL 2.0 hello with; as `read_flight`. Its errors are handshake_failure alerts."""
    if not data and not ended:
        return None
    if data[:1] in (b"\x15", b"\x16"):
        return read_flight(data, ended=ended)
    if len(data) >= 3:
        size = int.from_bytes(data[:2], "big") & 0x7FFF
        if not data[0] & 0x80 or data[2] not in (_SSL2_ERROR, _SSL2_SERVER_HELLO):
            raise ValueError("the answer is not SSL 2.0")
        if data[2] == _SSL2_ERROR:
            return Alert(2, _HANDSHAKE_FAILURE)
        if len(data) >= 2 + size:
            return _ssl2_hello(Reader(data[3 : 2 + size]))
    if ended or len(data) > MOST_BYTES:
        raise ValueError("no SSL 2.0 answer")
    return None


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind (`_ALERT`, or the handshake type) and body of each whole message; fragmented and coalesced ones put right."""
    held = bytearray()
    position = 0
    while position < len(data):
        kind = data[position]
        if kind not in (_HANDSHAKE, _ALERT) or data[position + 1 : position + 2] not in (b"\x03", b""):
            raise ValueError("the answer is not TLS")
        if len(data) < position + 5:
            return
        length = int.from_bytes(data[position + 3 : position + 5], "big")
        if not 0 < length <= _LONGEST_RECORD:
            raise ValueError(f"a TLS record of {length} bytes")
        fragment = data[position + 5 : position + 5 + length]
        if len(fragment) < length:
            return
        position += 5 + length
        if kind == _ALERT:
            if length != 2:
                raise ValueError("a malformed TLS alert")
            yield _ALERT, fragment
            continue
        held += fragment
        if len(held) >= 4 and held[0] == _SERVER_HELLO and int.from_bytes(held[1:4], "big") > _LONGEST_HELLO:
            raise ValueError(f"a ServerHello of {int.from_bytes(held[1:4], 'big')} bytes")
        while len(held) >= 4 and len(held) >= 4 + (size := int.from_bytes(held[1:4], "big")):
            yield held[0], bytes(held[4 : 4 + size])
            del held[: 4 + size]


def _server_hello(reader: Reader) -> Flight:
    legacy, random, session_id = reader.number(2), reader.take(32), reader.vector(1)
    selected, compression = reader.number(2), reader.number(1)
    if legacy >> 8 != 3 or len(session_id) > 32:
        raise ValueError("a malformed ServerHello")
    found = read_extensions(reader) if reader.left else {}
    version = Reader(found[_VERSIONS]).only(2) if _VERSIONS in found else legacy
    group = Reader(found[_KEY_SHARE]).number(2) if version >= TLS13 and _KEY_SHARE in found else None
    return Flight(
        version=version,
        cipher_suite=selected,
        random=random,
        session_id=session_id,
        compression=compression,
        extensions=found,
        group=group,
    )


def _chain(reader: Reader) -> tuple[bytes, ...]:
    inner, chain = Reader(reader.vector(3)), []
    while inner.left:
        chain.append(inner.vector(3))
    return tuple(chain)


def _key_exchange(flight: Flight, reader: Reader) -> Flight:
    """RFC 5246, section 7.4.3; RFC 8422, section 5.4; with a PSK an identity hint comes first (RFC 4279)."""
    chosen = suite(flight.cipher_suite)
    if chosen.authentication == "PSK":
        reader.vector(2)
    group = dh_bits = signature = None
    if chosen.key_exchange == "ECDHE":
        if reader.number(1) != 3:  # named_curve
            return flight
        group = reader.number(2)
        reader.vector(1)
    elif chosen.key_exchange == "DHE":
        dh_bits = int.from_bytes(reader.vector(2), "big").bit_length()
        reader.vector(2)
        reader.vector(2)
    else:
        return flight
    if flight.version == TLS12 and chosen.authentication in ("RSA", "ECDSA", "DSS"):
        signature = reader.number(2)
    return msgspec.structs.replace(flight, group=group, dh_bits=dh_bits, signature=signature)


def _ssl2_hello(reader: Reader) -> Flight:
    reader.take(2)  # session id hit, certificate type
    version, certificate, ciphers, connection = (reader.number(2) for _ in range(4))
    leaf, codes = reader.take(certificate), reader.take(ciphers)
    reader.take(connection)
    if version != SSL2 or ciphers % 3:
        raise ValueError("a malformed SSL 2.0 hello")
    found = tuple(int.from_bytes(codes[at : at + 3], "big") for at in range(0, ciphers, 3))
    return Flight(version=SSL2, cipher_suite=found[0] if found else 0, chain=(leaf,) if leaf else (), ssl2_suites=found)
