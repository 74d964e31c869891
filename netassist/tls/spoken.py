"""Which protocol a server speaks that does not speak TLS, by how it begins."""

from __future__ import annotations

import re
from typing import NamedTuple

from netassist.untrusted import as_text

_SHOWN = 60
# RFC 4253, 9112, 5321, 959, 9051, 1939 and 6120; MySQL's packet: its length, number 0, protocol version 10.
_BEGINNINGS: tuple[tuple[str, str | None, re.Pattern[bytes]], ...] = (
    ("SSH", None, re.compile(rb"SSH-")),
    ("HTTP", None, re.compile(rb"HTTP/[0-9]")),
    ("SMTP", "smtp", re.compile(rb"[245][0-9][0-9][ -][^\r\n]*SMTP", re.IGNORECASE)),
    ("FTP", "ftp", re.compile(rb"[245][0-9][0-9][ -][^\r\n]*FTP", re.IGNORECASE)),
    ("IMAP", "imap", re.compile(rb"\* (?:OK|PREAUTH|BYE)\b")),
    ("POP3", "pop3", re.compile(rb"\+OK\b|-ERR\b")),
    ("XMPP", "xmpp", re.compile(rb"(?:<\?xml[^>]*>\s*)?<stream:")),
    ("MySQL", "mysql", re.compile(rb"...\x00\x0a[0-9]", re.DOTALL)),
)


class Spoken(NamedTuple):
    """`starttls` is the name by which it is upgraded to TLS, None where it cannot be."""

    protocol: str
    starttls: str | None
    line: str

    @property
    def advice(self) -> str:
        """What to do next."""
        if self.starttls is not None:
            return f"does it begin with STARTTLS? Ask with starttls {self.starttls} then"
        return "is it the right port?"

    def __str__(self) -> str:
        return f"{self.protocol} ({self.line})" if self.line else self.protocol


def spoken(heard: bytes) -> Spoken | None:
    """What begins so; None where that is not known."""
    for protocol, starttls, begins in _BEGINNINGS:
        if begins.match(heard):
            line = "" if protocol == "MySQL" else as_text(heard.splitlines()[0], _SHOWN)
            return Spoken(protocol, starttls, line)
    return None
