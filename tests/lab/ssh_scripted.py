"""An SSH server that is none of the distribution's: it offers what a test says, and shows the host key that it is given.

It goes as far as the reply to the client's share (RFC 4253, section 8; RFC 4419; RFC 5656) and checks the share before it
answers, as a real server does: a share that is wrong is answered by SSH_MSG_DISCONNECT.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable, Iterator, Mapping

from cryptography.hazmat.primitives.asymmetric import ec, mlkem

from netassist.probes import ssh_kexinit as ssh
from netassist.probes.ssh_kexinit import KexInit, Packet
from tests.lab.listening import listening

BANNER = b"SSH-2.0-lab_1.0\r\n"
SIZES = {"mlkem768x25519-sha256": 1184 + 32, "mlkem768nistp256-sha256": 1184 + 65, "mlkem1024nistp384-sha384": 1568 + 97}


def string(data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + data


def mpint(number: int) -> bytes:
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


def rsa_key(bits: int) -> bytes:
    """The public key of a size that no key generator makes any more, in SSH's format; its modulus is no product of primes."""
    return string(b"ssh-rsa") + mpint(65537) + mpint((1 << (bits - 1)) | 1)


@contextlib.contextmanager
def ssh_scripted(
    offer: KexInit,
    keys: Mapping[str, bytes],
    *,
    group: Callable[[int], int | None] = lambda _: None,
    banner: bytes = BANNER,
    before: bytes = b"",
) -> Iterator[int]:
    """Yields the port.

    Args:
        offer: what it says in its KEXINIT.
        keys: public keys in SSH's format by host key algorithm; for others it disconnects.
        group: the modulus for a group exchange by the least bits that are asked for; None disconnects.
        before: bytes ahead of each reply (SSH_MSG_IGNORE, say).
    """

    def hold(connection: socket.socket) -> None:
        connection.settimeout(10)
        connection.sendall(banner + ssh.packet(ssh.KEXINIT, ssh.kexinit(offer)))
        stream = _Packets(connection)
        first = stream.next()
        if first.message == ssh.DISCONNECT:
            return
        theirs = ssh.read_kexinit(first.body)
        key = keys.get(theirs.host_key[0])
        share = stream.next()
        if share.message == 34:
            modulus = group(int.from_bytes(share.body[:4], "big"))
            if modulus is None:
                connection.sendall(_disconnect("no group of this size"))
                return
            connection.sendall(before + ssh.packet(31, mpint(modulus) + mpint(2)))
            share = stream.next()
            if share.message == ssh.DISCONNECT:
                return
        elif not _is_sound(theirs.kex[0], share.body):
            connection.sendall(_disconnect("a share that is wrong"))
            return
        if key is None:
            connection.sendall(_disconnect("no such host key"))
            return
        reply = 33 if share.message == 32 else 31
        connection.sendall(before + ssh.packet(reply, string(key) + string(b"share") + string(b"signature")))
        stream.next()

    with listening(hold) as port:
        yield port


class _Packets:
    """What a client says after its identification line, packet by packet."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._data = connection, b""
        while b"\n" not in self._data:
            self._more()
        self._data = self._data.split(b"\n", 1)[1]

    def next(self) -> Packet:
        while (packet := ssh.read_packet(self._data)) is None:
            self._more()
        self._data = self._data[packet.size :]
        return packet

    def _more(self) -> None:
        more = self._connection.recv(65536)
        if not more:
            raise ConnectionError("the client has left")
        self._data += more


def _is_sound(method: str, body: bytes) -> bool:
    """Whether the keys in a hybrid share are what cryptography takes for keys; other shares are not looked at."""
    if method not in SIZES:
        return True
    share = body[4:]
    if len(share) != SIZES[method]:
        return False
    if "768" in method:
        mlkem.MLKEM768PublicKey.from_public_bytes(share[:1184]).encapsulate()
    else:
        mlkem.MLKEM1024PublicKey.from_public_bytes(share[:1568]).encapsulate()
    if "nistp" in method:
        curve: ec.EllipticCurve = ec.SECP256R1() if "256" in method[8:] and "768" in method else ec.SECP384R1()
        ec.EllipticCurvePublicKey.from_encoded_point(curve, share[1184 if "768" in method else 1568 :])
    return True


def _disconnect(reason: str) -> bytes:
    return ssh.packet(ssh.DISCONNECT, struct.pack("!I", 2) + string(reason.encode("ascii")) + string(b""))
