"""The opening of SSH as bytes: the identification lines and SSH_MSG_KEXINIT (RFC 4253, sections 4.2, 6 and 7.1). No I/O."""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

import msgspec

from netassist.tls.groups import Kind
from netassist.untrusted import as_text

MOST_BYTES = 262144
"""An opening that is longer than this is refused."""
LONGEST_PACKET = 35000
"""RFC 4253, section 6.1: what every implementation has to take; a KEXINIT is about 1 kB."""
MOST_LINES, LONGEST_LINE = 50, 1024
"""Lines before the identification, and bytes of each; RFC 4253 allows 255 for the identification itself."""

DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, KEXINIT = 1, 2, 3, 4, 20
_MESSAGES = {KEXINIT: "KEXINIT"}
_FIELDS = 10
_NAME = re.compile(rb"[\x21-\x2b\x2d-\x7e]{1,256}")

# What RFC 8308 and OpenSSH signal in the list of key exchange methods, and Dropbear's guess: none is a method.
_PSEUDO = re.compile(r"ext-info-[cs]|kex-strict-[cs]-v\d+@openssh\.com|kexguess2@matt\.ucc\.asn\.au")

# The KEMs that names of methods are made of: RFCs and drafts of the IETF's sshm group, OpenSSH, TinySSH, AWS, Open Quantum Safe.
_KEM = re.compile(r"mlkem|ml-kem|sntrup|ntru|kyber|frodo|mceliece|bike|hqc", re.IGNORECASE)
_CURVE = re.compile(r"25519|x448|curve448|nistp|ecdh|p256|p384|p521", re.IGNORECASE)
# IANA "Key Exchange Method Names" (ssh-parameters-16): RFC 4253, 4419, 4432, 4462, 5656, 8268, 8731, 8732.
_CLASSICAL = re.compile(
    r"curve25519-sha256(@libssh\.org)?|curve448-sha512|(ecdh-sha2|diffie-hellman|gss|rsa1024|rsa2048)-.+|ecmqv-sha2"
)

STRICT = "kex-strict-s-v00@openssh.com"
"""By which a server says that it knows strict key exchange (OpenSSH PROTOCOL, section 1.10)."""
OPENSSH_CLIENT = (
    "mlkem768x25519-sha256", "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com", "curve25519-sha256",
    "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521",
    "diffie-hellman-group-exchange-sha256", "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512",
    "diffie-hellman-group14-sha256",
)  # fmt: skip
"""What OpenSSH 10's client offers by default, in its order (ssh_config(5), KexAlgorithms)."""


class Identification(msgspec.Struct, frozen=True):
    """`text` is the line (``SSH-2.0-OpenSSH_9.2p1``), `before` the lines ahead of it, `size` the bytes of all of them."""

    text: str
    size: int
    before: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """The protocol version, ``2.0``; 1.99 means 2.0 and 1.x (RFC 4253, section 5.1)."""
        return self.text.split("-")[1]


class Packet(msgspec.Struct, frozen=True):
    """One unencrypted binary packet; `message` is its number, `size` the bytes it took on the wire."""

    message: int
    body: bytes
    size: int


class KexInit(msgspec.Struct, frozen=True, kw_only=True):
    """The name-lists of SSH_MSG_KEXINIT, each in the sender's order; those for two directions are client to server first."""

    kex: tuple[str, ...]
    host_key: tuple[str, ...]
    ciphers: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    macs: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    compression: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    languages: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    cookie: bytes = bytes(16)
    first_kex_packet_follows: bool = False

    @property
    def methods(self) -> tuple[str, ...]:
        """The key exchange methods, without the signals that share their list."""
        return tuple(name for name in self.kex if not _PSEUDO.fullmatch(name))


class Opening(NamedTuple):
    """What a server says before keys are exchanged."""

    identification: Identification
    offer: KexInit


def read_opening(data: bytes) -> Opening | None:
    """The identification and the KEXINIT out of all bytes so far; None while more are needed.

    Messages that may come before it (SSH_MSG_IGNORE, SSH_MSG_DEBUG) are passed over.

    Raises:
        ValueError: these are not the bytes of an SSH 2 server, or it disconnects; the message says why.
    """
    found = read_opening_and_rest(data)
    return found[0] if found else None


def read_opening_and_rest(data: bytes) -> tuple[Opening, bytes] | None:
    """`read_opening`, and what came after the KEXINIT."""
    identification = read_identification(data)
    if identification is None:
        return None
    if identification.version not in ("2.0", "1.99"):
        raise ValueError(f"speaks SSH {identification.version} only")
    found = read_message(data[identification.size :], KEXINIT)
    if found is None:
        return None
    message, rest = found
    return Opening(identification, read_kexinit(message.body)), rest


def read_message(data: bytes, wanted: int) -> tuple[Packet, bytes] | None:
    """The first message that means something, and what came after it; None while more bytes are needed.

    Raises:
        ValueError: it is another than `wanted`, the server disconnects, or there are more bytes than there may be.
    """
    at = 0
    while found := read_packet(data[at : at + 4 + LONGEST_PACKET]):
        at += found.size
        if found.message == wanted:
            return found, data[at:]
        if found.message == DISCONNECT:
            raise ValueError(f"disconnects: {disconnect_reason(found.body) or 'no reason given'}")
        if found.message not in (IGNORE, UNIMPLEMENTED, DEBUG):
            raise ValueError(f"sends SSH message {found.message} instead of {_MESSAGES.get(wanted, wanted)}")
    if len(data) > MOST_BYTES:
        raise ValueError(f"no {_MESSAGES.get(wanted, wanted)} within {MOST_BYTES} bytes")
    return None


def read_identification(data: bytes) -> Identification | None:
    """The server's identification line out of all bytes so far; None while more are needed.

    Raises:
        ValueError: too many or too long lines, or an identification that is malformed.
    """
    before: list[str] = []
    start = 0
    while (end := data.find(b"\n", start, start + LONGEST_LINE)) >= 0:
        line = data[start:end].removesuffix(b"\r")
        start = end + 1
        if line.startswith(b"SSH-"):
            if not re.fullmatch(rb"SSH-\d{1,3}\.\d{1,3}-[^\x00\r\n]*", line):
                raise ValueError(f"a malformed SSH identification ({as_text(line, 100)})")
            return Identification(as_text(line, 255), start, tuple(before))
        if len(before) == MOST_LINES:
            raise ValueError(f"no SSH identification within {MOST_LINES} lines")
        before.append(as_text(line, 255))
    if len(data) - start >= LONGEST_LINE:
        raise ValueError(f"no SSH identification, but a line of {LONGEST_LINE} bytes and more")
    return None


def read_packet(data: bytes) -> Packet | None:
    """The first binary packet of `data` (RFC 4253, section 6, no encryption and no MAC); None while more is needed.

    Raises:
        ValueError: lengths that no packet has.
    """
    if len(data) < 4:
        return None
    length = int.from_bytes(data[:4], "big")
    if not 5 <= length <= LONGEST_PACKET:
        raise ValueError(f"an SSH packet of {length} bytes")
    if len(data) < 4 + length:
        return None
    padding = data[4]
    if padding < 4 or padding > length - 2:
        raise ValueError(f"an SSH packet of {length} bytes with {padding} of padding")
    payload = data[5 : 4 + length - padding]
    return Packet(payload[0], payload[1:], 4 + length)


def packet(message: int, body: bytes) -> bytes:
    """A binary packet padded to a multiple of eight bytes; raises ValueError where it would be too long."""
    padding = 8 - (6 + len(body)) % 8
    padding += 8 if padding < 4 else 0
    length = 2 + len(body) + padding
    if length > LONGEST_PACKET:
        raise ValueError(f"an SSH packet of {length} bytes")
    return struct.pack("!IBB", length, padding, message) + body + bytes(padding)


def read_kexinit(body: bytes) -> KexInit:
    """The body of an SSH_MSG_KEXINIT; raises ValueError where it is malformed."""
    if len(body) < 16:
        raise ValueError("a KEXINIT that ends too early")
    at, lists = 16, list[tuple[str, ...]]()
    for _ in range(_FIELDS):
        size = int.from_bytes(body[at : at + 4], "big")
        if at + 4 + size > len(body):
            raise ValueError("a KEXINIT that ends too early")
        lists.append(_names(body[at + 4 : at + 4 + size]))
        at += 4 + size
    # A boolean, then four bytes that are reserved.
    if len(body) != at + 5:
        raise ValueError("a KEXINIT of the wrong length")
    kex, host_key, *pairs = lists
    ciphers, macs, compression, languages = ((pairs[i], pairs[i + 1]) for i in range(0, 8, 2))
    return KexInit(
        kex=kex,
        host_key=host_key,
        ciphers=ciphers,
        macs=macs,
        compression=compression,
        languages=languages,
        cookie=body[:16],
        first_kex_packet_follows=body[at] != 0,
    )


def kexinit(offer: KexInit) -> bytes:
    """The body of an SSH_MSG_KEXINIT, as `read_kexinit` reads it."""
    lists = (offer.kex, offer.host_key, *offer.ciphers, *offer.macs, *offer.compression, *offer.languages)
    texts = [",".join(names).encode("ascii") for names in lists]
    fields = b"".join(struct.pack("!I", len(text)) + text for text in texts)
    return offer.cookie + fields + struct.pack("!?I", offer.first_kex_packet_follows, 0)


def goodbye() -> bytes:
    """The packet of an SSH_MSG_DISCONNECT that gives no more than SSH_DISCONNECT_BY_APPLICATION for its reason."""
    return packet(DISCONNECT, struct.pack("!III", 11, 0, 0))


def disconnect_reason(body: bytes) -> str:
    """The description in an SSH_MSG_DISCONNECT (RFC 4253, section 11.1); empty where there is none."""
    return as_text(body[8 : 8 + int.from_bytes(body[4:8], "big")], 200)


def negotiated(client: tuple[str, ...], server: tuple[str, ...]) -> str | None:
    """The method that both have: the client's order decides (RFC 4253, section 7.1). None where they have none in common."""
    return next((name for name in client if name in server), None)


def kind_of(method: str) -> Kind | None:
    """What a key exchange method is made of, by its name; None where the name tells nothing."""
    if _KEM.search(method):
        return "hybrid" if _CURVE.search(method) else "post_quantum"
    return "classical" if _CLASSICAL.fullmatch(method) else None


def _names(text: bytes) -> tuple[str, ...]:
    """A name-list (RFC 4251, section 5): printable US-ASCII names with commas between."""
    if not text:
        return ()
    parts = text.split(b",")
    if not all(_NAME.fullmatch(part) for part in parts):
        raise ValueError("a KEXINIT with a malformed name-list")
    return tuple(as_text(part, 256) for part in parts)
