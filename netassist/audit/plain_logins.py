"""Does a mail store take passwords before STARTTLS? What it says of itself, without trying any."""

from __future__ import annotations

import re

from netassist.network import Network, Stream
from netassist.observations import Failed

_MOST = 8192
_ANSWERS: dict[str, tuple[bytes, re.Pattern[bytes]]] = {
    "imap": (b"a1 CAPABILITY\r\n", re.compile(rb"^a1 (?:OK|NO|BAD)", re.MULTILINE | re.IGNORECASE)),
    "pop3": (b"CAPA\r\n", re.compile(rb"^(?:\.\r?$|-ERR)", re.MULTILINE)),
}
"""The question, and the line with which its answer ends."""
ASKED = frozenset(_ANSWERS)
_LOGINS = re.compile(rb"^(?:USER|SASL[^\r\n]* (?:PLAIN|LOGIN)\b)", re.MULTILINE | re.IGNORECASE)


async def takes_plain_logins(network: Network, host: str, port: int, protocol: str) -> bool | None:
    """Whether an IMAP server lets passwords through in clear text (no LOGINDISABLED, RFC 9051 section 6.2.3), or a POP3 server
    (USER, or SASL with PLAIN or LOGIN among its capabilities, RFC 2449); None where it does not say.
    """
    question, end = _ANSWERS[protocol]
    try:
        async with network.connect(host, port) as stream:
            await _until(stream, re.compile(rb"\n"))
            await stream.send(question)
            said = await _until(stream, end)
    except Failed:
        return None
    if protocol == "imap":
        known = re.search(rb"^\* CAPABILITY ([^\r\n]*)", said, re.MULTILINE | re.IGNORECASE)
        return None if known is None else b"LOGINDISABLED" not in known[1].upper().split()
    return bool(_LOGINS.search(said)) if said.startswith(b"+OK") else None


async def _until(stream: Stream, end: re.Pattern[bytes]) -> bytes:
    """What arrives up to the line that ends it; as far as there was any."""
    said = b""
    while len(said) < _MOST and not end.search(said) and (part := await stream.receive(_MOST - len(said))):
        said += part
    return said
