"""Services of the lab network that speak in the clear, played as far as a scanner asks: a greeting, and answers to first lines.

Greetings and answers are those that the programs give (Nmap's nmap-service-probes has them as patterns).
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from tests.lab.listening import listening
from tests.lab.network.place import Place, Start

_VERSION = b"""{
  "name" : "lab",
  "cluster_name" : "lab",
  "cluster_uuid" : "Zk5lQ0d4S1N3a1E",
  "version" : {
    "number" : "7.10.2",
    "build_flavor" : "default",
    "lucene_version" : "8.7.0"
  },
  "tagline" : "You Know, for Search"
}
"""
# Protocol::HandshakeV10: capabilities without CLIENT_SSL (0x0800), so that there is no upgrade to TLS.
_MYSQL = b"\x0a5.7.44\x00" + struct.pack("<I", 7) + b"saltsalt\x00" + struct.pack("<HBHHB", 0xF7FF & ~0x0800, 33, 2, 0x807F, 21)
_MYSQL += bytes(10) + b"saltsaltsalt\x00mysql_native_password\x00"
_CONNACK = bytes((0x20, 2, 0, 0))


@contextlib.contextmanager
def _talks(place: Place, greeting: bytes, answer: Callable[[bytes], bytes | None]) -> Iterator[None]:
    """Says `greeting`, then to all that comes what `answer` makes of it; None hangs up."""

    def hold(connection: socket.socket) -> None:
        connection.settimeout(30)
        connection.sendall(greeting)
        while said := connection.recv(4096):
            reply = answer(said)
            if reply is None:
                return
            connection.sendall(reply)

    with listening(hold, place.where):
        yield


def _by_verb(replies: dict[bytes, bytes], other: bytes) -> Callable[[bytes], bytes]:
    """A line's reply by its first word."""
    return lambda said: replies.get(said.split(None, 1)[0].upper() if said.split() else b"", other)


def _redis(said: bytes) -> bytes:
    """RESP, as far as inline commands and INFO go."""
    if b"info" in said.lower():
        text = b"# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n"
        return b"$%d\r\n%s\r\n" % (len(text), text)
    return b"+PONG\r\n" if b"ping" in said.lower() else b"-ERR unknown command\r\n"


def _memcached(said: bytes) -> bytes:
    if said.startswith(b"stats"):
        return b"STAT pid 7\r\nSTAT uptime 4711\r\nSTAT time 1790000000\r\nSTAT version 1.6.18\r\nEND\r\n"
    return b"VERSION 1.6.18\r\n" if said.startswith(b"version") else b"ERROR\r\n"


def _mqtt(said: bytes) -> bytes | None:
    """CONNECT (MQTT 3.1.1, section 3.1) is answered, all else ends the connection."""
    return _CONNACK if said[:1] == b"\x10" else None


def _http(pages: Mapping[bytes, tuple[bytes, bytes]], other: tuple[bytes, bytes]) -> Callable[[bytes], bytes]:
    """By path the header fields and body of what answers a request, in the version of HTTP that it has."""

    def answer(said: bytes) -> bytes:
        words = said.split(b"\r\n", 1)[0].split()
        if len(words) != 3:
            return b"HTTP/1.0 400 Bad Request\r\n\r\n"
        head, body = pages.get(words[1], other)
        status = b"200 OK" if words[1] in pages else b"404 Not Found"
        return b"%s %s\r\n%sContent-Length: %d\r\n\r\n%s" % (words[2], status, head, len(body), body)

    return answer


_HELP = b"500 5.5.1 Error: command not recognized\r\n"
_EHLO = b"250-mx.lab.test\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250 8BITMIME\r\n"
_SMTP = {b"EHLO": _EHLO, b"HELO": b"250 mx.lab.test\r\n", b"QUIT": b"221 2.0.0 Bye\r\n"}
_FTP = {b"AUTH": b"530 Please login with USER and PASS.\r\n", b"QUIT": b"221 Goodbye.\r\n"}
_MYSQL_GREETING = struct.pack("<I", len(_MYSQL)) + _MYSQL  # three bytes of length, and the number 0
_DATE = b"Date: Thu, 01 Oct 2026 08:00:00 GMT\r\n"
_DOCKER = _http(
    {
        b"/version": (
            b"Api-Version: 1.41\r\nContent-Type: application/json\r\nServer: Docker/20.10.24 (linux)\r\n" + _DATE,
            b'{"Version":"20.10.24","ApiVersion":"1.41","Os":"linux","KernelVersion":"6.1.0"}\n',
        )
    },
    (b"Content-Type: application/json\r\n" + _DATE, b'{"message":"page not found"}\n'),
)
_ELASTICSEARCH = _http(
    {b"/": (b"content-type: application/json; charset=UTF-8\r\n", _VERSION)},
    (b"content-type: application/json; charset=UTF-8\r\n", b"{}"),
)
SERVICES: dict[str, Start] = {
    "smtp_postfix_old": partial(
        _talks, greeting=b"220 mx.lab.test ESMTP Postfix (2.11.0)\r\n", answer=_by_verb(_SMTP, _HELP)
    ),
    "pop3_plain": partial(_talks, greeting=b"+OK Dovecot ready.\r\n", answer=lambda _: b"-ERR Unknown command.\r\n"),
    "ftp": partial(
        _talks, greeting=b"220 (vsFTPd 3.0.3)\r\n", answer=_by_verb(_FTP, b"530 Please login with USER and PASS.\r\n")
    ),
    "telnet": partial(
        _talks, greeting=b"\xff\xfd\x18\xff\xfd \xff\xfd#\xff\xfd'", answer=lambda _: b"\r\nDebian GNU/Linux 12\r\nthings login: "
    ),
    "rsync": partial(_talks, greeting=b"@RSYNCD: 31.0\n", answer=lambda _: None),
    "vnc": partial(_talks, greeting=b"RFB 003.008\n", answer=lambda _: b"\x01\x02"),
    "redis": partial(_talks, greeting=b"", answer=_redis),
    "memcached": partial(_talks, greeting=b"", answer=_memcached),
    "mqtt": partial(_talks, greeting=b"", answer=_mqtt),
    "mysql_old": partial(_talks, greeting=_MYSQL_GREETING, answer=lambda _: None),
    "docker": partial(_talks, greeting=b"", answer=_DOCKER),
    "elasticsearch": partial(_talks, greeting=b"", answer=_ELASTICSEARCH),
}  # fmt: skip
