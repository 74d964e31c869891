"""TLS servers of the lab with the faults that no current stack has, in the bytes that the RFC or the advisory gives.

Each shakes hands as far as its fault needs, in TLS 1.2, and then does what a vulnerable or a sound server does. `carried` puts
such a fault before a real server, so that there is all else to be found too.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from netassist.tls.hello import extension_block, read_client_hello, records, vector
from tests.lab.listening import listening
from tests.lab.pki import Identity

VERSION = 0x0303
RSA_SUITE, ECDHE_SUITE = 0x002F, 0xC02F
CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, HEARTBEAT = 20, 21, 22, 24
UNEXPECTED_MESSAGE, BAD_RECORD_MAC, DECRYPTION_FAILED, HANDSHAKE_FAILURE, DECRYPT_ERROR = 10, 20, 21, 40, 51
_HEARTBEAT_EXTENSION, _TICKET_EXTENSION = 15, 35
Oracle = Literal["none", "weak", "strong", "early", "fickle", "mute"]


class Record(NamedTuple):
    kind: int
    content: bytes

    def __bytes__(self) -> bytes:
        version = 0x0301 if self.kind == HANDSHAKE and self.content[:1] == b"\x01" else VERSION
        return struct.pack("!BH", self.kind, version) + vector(self.content, 2)


class Line:
    """The server's end of one connection, in records."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._file = connection.makefile("rb")

        self._again: list[Record] = []

    def record(self) -> Record | None:
        """The next record; None at the end."""
        if self._again:
            return self._again.pop()
        head = self._file.read(5)
        if len(head) < 5:
            return None
        return Record(head[0], self._file.read(int.from_bytes(head[3:5], "big")))

    def put_back(self, record: Record) -> None:
        """Have it read once more."""
        self._again.append(record)

    def hello(self) -> bytes:
        """The ClientHello, in its records."""
        return bytes(self.record() or Record(HANDSHAKE, b""))

    def send(self, kind: int, content: bytes) -> None:
        self._connection.sendall(bytes(Record(kind, content)))

    def alert(self, description: int) -> None:
        self.send(ALERT, bytes((2, description)))

    def say(self, raw: bytes) -> None:
        self._connection.sendall(raw)

    def reset(self) -> None:
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def until_they_leave(self) -> None:
        while self._file.read(1):
            pass

    def end(self) -> None:
        self._connection.shutdown(socket.SHUT_WR)


Talk = Callable[[Line], None]
Watch = Callable[[Record], Talk | None]
"""Is shown each record of a client; where it gives a talk, that one holds the connection from this record on."""


@contextlib.contextmanager
def scripted_tls(talk: Talk) -> Iterator[int]:
    """A server on loopback that holds every connection as `talk` says; yields its port."""
    with listening(lambda connection: talk(Line(connection))) as port:
        yield port


def flight(
    suite: int, identity: Identity | None = None, *, session_id: bytes = b"", extensions: tuple[tuple[int, bytes], ...] = ()
) -> bytes:
    """ServerHello, Certificate and ServerHelloDone (RFC 5246, section 7.3); without a key exchange where the suite wants one."""
    hello = struct.pack("!H", VERSION) + bytes(range(32)) + vector(session_id, 1) + struct.pack("!HB", suite, 0)
    certificate = vector(identity.certificate.public_bytes(Encoding.DER), 3) if identity is not None else b""
    answer = records(2, hello + (extension_block(extensions) if extensions else b""), VERSION)
    return answer + (records(11, vector(certificate, 3), VERSION) if identity is not None else b"") + records(14, b"", VERSION)


def heartbleed(vulnerable: Callable[[int], bool], *, offers: bool = True) -> Talk:
    """OpenSSL's `tls1_process_heartbeat`, before and after 1.0.1g; `vulnerable` is asked for each heartbeat, counted from 0.

    The sound one discards what claims more than it has (RFC 6520, section 4). Both close on close_notify.
    """
    memory, count = b"SECRET" * 11_000, itertools.count()

    def talk(line: Line) -> None:
        line.hello()
        line.say(flight(ECDHE_SUITE, extensions=((_HEARTBEAT_EXTENSION, b"\x01"),) if offers else ()))
        while (got := line.record()) is not None and got[0] != ALERT:
            kind, content = got
            if kind == HEARTBEAT and content[0] == 1:
                claimed, payload = int.from_bytes(content[1:3], "big"), content[3:]
                if 1 + 2 + claimed + 16 <= len(content) or vulnerable(next(count)):
                    line.send(HEARTBEAT, b"\x02" + content[1:3] + (payload + memory)[:claimed] + bytes(16))

    return talk


def ccs_injection(vulnerable: Callable[[int], bool], *, answer: int = DECRYPTION_FAILED) -> Talk:
    """A server with this fault, and nothing more."""
    count = itertools.count()

    def talk(line: Line) -> None:
        line.hello()
        line.say(flight(ECDHE_SUITE))
        early_change(line, vulnerable(next(count)), answer)

    return talk


def early_change(line: Line, taken: bool, answer: int = DECRYPTION_FAILED) -> None:
    """OpenSSL before 1.0.1h takes ChangeCipherSpec at any time, and cannot decrypt what comes then; later ones refuse it."""
    changed = False
    while (got := line.record()) is not None:
        if got.kind == CHANGE_CIPHER_SPEC and not changed:
            if not taken:
                return line.alert(UNEXPECTED_MESSAGE)
            changed = True
        else:
            return line.alert(answer) if changed else None
    return None


def robot(identity: Identity, oracle: Oracle) -> Talk:
    """A server with RSA key transport and nothing more; see `padding_oracle`."""
    answer = padding_oracle(identity, oracle)

    def talk(line: Line) -> None:
        line.hello()
        line.say(flight(RSA_SUITE, identity))
        answer(line)

    return talk


def padding_oracle(identity: Identity, oracle: Oracle) -> Talk:
    """From ClientKeyExchange on, a server that tells about its padding what the paper describes (https://robotattack.org).

    ``strong`` tells the faults apart by its alerts; ``weak`` only good from bad; ``early`` speaks before Finished, and only then
    differs; ``fickle`` answers by turns; ``mute`` never answers; ``none`` is sound.
    """
    turns = itertools.cycle((BAD_RECORD_MAC, HANDSHAKE_FAILURE, DECRYPT_ERROR))

    def talk(line: Line) -> None:
        _, exchange = line.record() or (0, b"")
        found = padding_fault(identity, exchange[6:])
        if oracle == "early" and found == 1:
            return line.alert(DECRYPT_ERROR)
        kind, _ = line.record() or (0, b"")
        if kind == ALERT:
            return None
        line.record()  # Finished
        if oracle == "mute":
            return line.until_they_leave()
        if oracle == "fickle":
            return line.alert(next(turns))
        if oracle == "strong" and found:
            return line.alert({1: DECRYPT_ERROR, 2: HANDSHAKE_FAILURE}.get(found, BAD_RECORD_MAC))
        if oracle == "weak" and found:
            return line.alert(HANDSHAKE_FAILURE)
        return line.alert(BAD_RECORD_MAC)

    return talk


def padding_fault(identity: Identity, encrypted: bytes) -> int:
    """0 for a premaster secret that is padded well, else the number of the fault, as `netassist.tls.weaknesses.robot` counts."""
    assert isinstance(identity.key, RSAPrivateKey)
    numbers = identity.key.private_numbers()
    modulus = numbers.public_numbers.n
    size = (modulus.bit_length() + 7) // 8
    block = pow(int.from_bytes(encrypted, "big"), numbers.d, modulus).to_bytes(size, "big")
    if block[:2] != b"\x00\x02":
        return 1
    secret = block[block.find(b"\x00", 2) + 1 :] if b"\x00" in block[2:] else None
    if secret is None:
        return 3
    if len(secret) != 48:
        return 2
    return 0 if secret[:2] == VERSION.to_bytes(2, "big") else 4


def ticketbleed(vulnerable: Callable[[int], bool], *, takes: bool = True, upstream: int) -> Talk:
    """F5's advisory (CVE-2016-9244): whoever returns with a ticket has its session id echoed with 32 bytes, whatever it sent.

    All other handshakes go to the real server on port `upstream`, which gives the ticket. A sound server echoes the id as it
    came (RFC 5077, section 3.4); one that does not `takes` its ticket has none to echo.
    """
    count = itertools.count()

    def echo(line: Line) -> None:
        hello = read_client_hello(line.hello())
        session_id = hello.session_id if takes else b""
        if takes and vulnerable(next(count)):
            session_id = (session_id + b"\xa5" * 32)[:32]
        line.say(flight(hello.cipher_suites[0], session_id=session_id))
        return line.until_they_leave()

    def watch(record: Record) -> Talk | None:
        # Clients of today make up ids of 32 bytes for what they have a ticket of.
        return echo if is_hello(record) and 0 < len(session_id_of(record)) < 32 else None

    return carried(upstream, lambda: watch)


def is_hello(record: Record) -> bool:
    return record.kind == HANDSHAKE and record.content[:1] == b"\x01"


def session_id_of(hello: Record) -> bytes:
    """Behind type, length, version and random (RFC 5246, section 7.4.1.2)."""
    return hello.content[39 : 39 + hello.content[38]]


def carried(upstream: int, watch: Callable[[], Watch]) -> Talk:
    """Carries each connection to the server on port `upstream` and back, under a watch of its own."""

    def talk(line: Line) -> None:
        look = watch()
        with socket.create_connection(("127.0.0.1", upstream)) as server:

            def back() -> None:
                with contextlib.suppress(OSError):
                    while data := server.recv(65536):
                        line.say(data)
                with contextlib.suppress(OSError):
                    if not taken:
                        line.end()

            taken = False
            thread = threading.Thread(target=back, daemon=True)
            thread.start()
            instead: Talk | None = None
            with contextlib.suppress(OSError):
                while instead is None and (got := line.record()) is not None:
                    if (instead := look(got)) is None:
                        server.sendall(bytes(got))
                    else:
                        line.put_back(got)
            taken = instead is not None
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join()
        if instead is not None:
            instead(line)

    return talk
