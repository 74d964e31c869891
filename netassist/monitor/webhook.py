"""A webhook of our own: a JSON POST that is signed, so that the receiver knows who sent it and when.

How to verify it: take the header ``X-Netassist-Signature: t=TIME,v1=HEX``, compute HMAC-SHA256 with the shared secret over
``TIME.BODY`` (the bytes of the body as they came), compare in constant time, and refuse a TIME more than five minutes off.
``X-Netassist-Id`` is the same for every try of a message; a receiver that has it already answers 200 and does nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import msgspec

from netassist.monitor.alert import Alert, AlertStatus, Level
from netassist.monitor.channels import Channel
from netassist.monitor.sending import Message, SendFailed, hidden

if TYPE_CHECKING:
    import ssl

MOST_ANSWER = 4096
"""Bytes of an answer that are read."""
MOST_ALERTS = 200
MOST_RETRY_AFTER = 3600.0
TOLERANCE = 300.0
"""Seconds by which the time of a signature may be off."""


class Alerted(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as a receiver is told of it, as it is when the message is sent."""

    id: str
    watch: str
    about: str
    level: Level
    status: AlertStatus
    ended: str
    title: str
    detail: str
    advice: str
    opened: datetime | None
    resolved: datetime | None
    evidence: str


class Posted(msgspec.Struct, frozen=True, kw_only=True, tag_field="schema", tag="netassist/notice/1"):
    """The body of the POST."""

    id: str
    channel: str
    title: str
    body: str
    made: datetime | None
    attempt: int
    alerts: tuple[Alerted, ...]


def payload(message: Message) -> bytes:
    """The JSON of a message."""
    notice = message.notice
    alerts = tuple(map(_alerted, message.alerts[:MOST_ALERTS]))
    return msgspec.json.encode(
        Posted(
            id=notice.id,
            channel=notice.channel,
            title=notice.title,
            body=message.body,
            made=_time(notice.made),
            attempt=message.attempt,
            alerts=alerts,
        )
    )


def signature(secret: bytes, body: bytes, at: float) -> str:
    """The value of ``X-Netassist-Signature``."""
    return f"t={int(at)},v1={_digest(secret, str(int(at)), body)}"


def is_signed(secret: bytes, body: bytes, header: str, now: float) -> bool:
    """Whether a receiver may believe it: the signature is right, and not older or newer than `TOLERANCE`."""
    parts = dict(part.partition("=")[::2] for part in header[:200].split(","))
    at = parts.get("t", "")
    if not (at.isascii() and at.isdigit() and abs(now - int(at)) <= TOLERANCE):
        return False
    return hmac.compare_digest(_digest(secret, at, body).encode(), parts.get("v1", "").encode())


def post(channel: Channel, url: str, secret: bytes | None, message: Message, now: float) -> None:
    """One POST; redirects are refused, and no more of the answer is read than `MOST_ANSWER`. Raises SendFailed.

    It blocks, as resolving a name does in whatever way; who calls it has to bound the whole.
    """
    import httpx

    for name in ("httpx", "httpcore"):  # they would write the URL out
        log = logging.getLogger(name)
        log.setLevel(max(log.level, logging.WARNING))
    body = payload(message)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "netassist",
        "X-Netassist-Id": message.notice.id,
        "X-Netassist-Attempt": str(message.attempt),
    }
    if secret is not None:
        headers["X-Netassist-Signature"] = signature(secret, body, now)
    until = monotonic() + channel.timeout
    try:
        with (
            httpx.Client(verify=_trusted(channel), follow_redirects=False, timeout=channel.timeout) as client,
            client.stream("POST", url, content=body, headers=headers) as response,
        ):
            read = 0
            for chunk in response.iter_raw(MOST_ANSWER):
                read += len(chunk)
                if read >= MOST_ANSWER or monotonic() > until:
                    break
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        said = hidden(str(error), url, secret) or type(error).__name__
        raise SendFailed(f"channel {channel.name}: {said}") from None
    _check(channel, response.status_code, response.headers.get("Retry-After", ""))


def _check(channel: Channel, status: int, retry_after: str) -> None:
    """Raises SendFailed unless the receiver took it."""
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise SendFailed(f"channel {channel.name}: HTTP {status}, which leads elsewhere; write the final address as its url")
    wait = min(float(retry_after), MOST_RETRY_AFTER) if retry_after.isascii() and retry_after.isdigit() else 0.0
    refused = 400 <= status < 500 and status not in (401, 403, 404, 408, 410, 425, 429)
    raise SendFailed(f"channel {channel.name}: HTTP {status}", of_notice=refused, retry_after=wait)


def _trusted(channel: Channel) -> ssl.SSLContext | bool:
    if not channel.ca_file:
        return True
    import ssl

    return ssl.create_default_context(cafile=Path(channel.ca_file).expanduser())


def _digest(secret: bytes, at: str, body: bytes) -> str:
    return hmac.new(secret, at.encode() + b"." + body, hashlib.sha256).hexdigest()


def _alerted(alert: Alert) -> Alerted:
    return Alerted(
        id=alert.id,
        watch=alert.watch,
        about=alert.about,
        level=alert.level,
        status=alert.status,
        ended=alert.ended,
        title=alert.title,
        detail=alert.detail,
        advice=alert.advice,
        opened=_time(alert.opened),
        resolved=None if alert.resolved is None else _time(alert.resolved),
        evidence=alert.evidence,
    )


def _time(at: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        return None
