"""Real servers that not everybody gets an answer from: they want a name, or short hellos, or few visitors."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from netassist.tls.hello import Alert, alert
from tests.lab import tls_scripted as lab
from tests.lab.faulty import behind, extensions_of
from tests.lab.middlebox import Judge, middlebox
from tests.lab.openssl4 import modern
from tests.lab.servers import Served, Start

_NAME = b"localhost"
_HANDSHAKE_FAILURE, _UNRECOGNIZED_NAME = 40, 112
_SUPPORTED_VERSIONS = 43
PATIENCE, PAUSE = 12, 6
"""After so many connections it takes none for so many more."""


def _judged(judge: Judge, host: str = "127.0.0.1") -> Start:
    """OpenSSL behind a judge of first words."""

    @contextlib.contextmanager
    def start(folder: Path) -> Iterator[Served]:
        with behind(folder) as (upstream, _, anchor), middlebox(upstream, judge) as port:
            yield Served(port, anchor=anchor, host=host)

    return start


def name_required(first: bytes) -> bytes | None:
    """RFC 6066, section 3, knows no alert for this; handshake_failure is what Cloudflare sends."""
    return None if _NAME in first else alert(Alert(2, _HANDSHAKE_FAILURE))


def name_required_by_its_alert(first: bytes) -> bytes | None:
    return None if _NAME in first else alert(Alert(2, _UNRECOGNIZED_NAME))


def name_unrecognized(first: bytes) -> bytes | None:
    """RFC 6066, section 3: the server aborts by the fatal alert unrecognized_name."""
    return alert(Alert(2, _UNRECOGNIZED_NAME)) if _NAME in first else None


def longer_than(most: int) -> Judge:
    """Closes hellos of more than so many bytes."""
    return lambda first: b"" if len(first) > most else None


def padding_wanted(first: bytes) -> bytes | None:
    """RFC 7685, section 1: hellos of 256 to 511 bytes are not answered, shorter and longer ones are."""
    return b"" if first[:1] == b"\x16" and 256 <= len(first) - 5 < 512 else None


def tls13_intolerant(first: bytes) -> bytes | None:
    """Closes hellos that know supported_versions, instead of passing over what it does not know (RFC 8446, section 4.2.1)."""
    return b"" if lab.is_hello(lab.Record(first[0], first[5:])) and _SUPPORTED_VERSIONS in extensions_of(first) else None


@contextlib.contextmanager
def name_warning(folder: Path) -> Iterator[Served]:
    """Warns of a name that it does not know, and goes on with its own (RFC 6066, section 3, advises against it)."""

    def watch() -> lab.Watch:
        return lambda _: None

    with behind(folder) as (upstream, _, anchor):
        carry = lab.carried(upstream, watch)

        def talk(line: lab.Line) -> None:
            first = line.record()
            if first is not None:
                line.put_back(first)
                if _NAME in first.content:
                    line.send(lab.ALERT, bytes((1, _UNRECOGNIZED_NAME)))
                carry(line)

        with lab.scripted_tls(talk) as port:
            yield Served(port, anchor=anchor, host="localhost")


@contextlib.contextmanager
def padding_wanted_by_modern(folder: Path) -> Iterator[Served]:
    with modern(folder) as served, middlebox(served.port, padding_wanted) as port:
        yield served._replace(port=port)


def counted(treat: Callable[[int], bool], delay: float = 0.0) -> Start:
    """`openssl4_modern` behind one who carries the connections whose number, from 0, `treat` likes, and resets the others."""

    @contextlib.contextmanager
    def start(folder: Path) -> Iterator[Served]:
        count = itertools.count()
        with modern(folder) as served:
            carry = lab.carried(served.port, lambda: lambda _: None)

            def talk(line: lab.Line) -> None:
                time.sleep(delay)
                if treat(next(count)):
                    carry(line)
                else:
                    line.hello()
                    line.reset()

            with lab.scripted_tls(talk) as port:
                yield served._replace(port=port)

    return start


@contextlib.contextmanager
def refusing(upstream: int, most: int, seconds: float) -> Iterator[int]:
    """Carries `most` connections to port `upstream`, then stops listening for so many seconds, once."""
    carry = lab.carried(upstream, lambda: lambda _: None)
    listener = socket.create_server(("127.0.0.1", 0))
    port = int(listener.getsockname()[1])
    ended = threading.Event()

    def held(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            carry(lab.Line(connection))

    def serve() -> None:
        nonlocal listener
        for number in itertools.count(1):
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=held, args=(connection,), daemon=True).start()
            if number == most:
                listener.close()
                if ended.wait(seconds):
                    return
                listener = socket.create_server(("127.0.0.1", port))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield port
    finally:
        ended.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


SERVERS: dict[str, Start] = {
    "scripted_name_required": _judged(name_required, "localhost"),
    "scripted_name_required_by_its_alert": _judged(name_required_by_its_alert, "localhost"),
    "scripted_name_not_given": _judged(name_required),
    "scripted_name_unrecognized": _judged(name_unrecognized, "localhost"),
    "scripted_name_warning": name_warning,
    "scripted_hellos_to_255": _judged(longer_than(255)),
    "scripted_hellos_to_512": _judged(longer_than(512)),
    "scripted_hellos_to_1300": _judged(longer_than(1300)),
    "scripted_padding_wanted": padding_wanted_by_modern,
    "scripted_tls13_intolerant": _judged(tls13_intolerant),
    "scripted_pauses": counted(lambda number: not PATIENCE <= number < PATIENCE + PAUSE),
    "scripted_runs_out": counted(lambda number: number < PATIENCE),
    "scripted_slow": counted(lambda _: True, delay=0.02),
}
