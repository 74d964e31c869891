"""Is a host reachable, with what loss and round-trip time? ICMP echo (RFC 792, RFC 4443), or TCP where ICMP is not allowed."""

from __future__ import annotations

import secrets
import struct
from collections.abc import Mapping
from statistics import fmean, pstdev
from time import monotonic
from typing import Literal, NamedTuple

import anyio
import msgspec

from netassist.network import Icmp, Network, Progress
from netassist.observations import Endpoint, Failed, Failure, Report, Stopwatch
from netassist.toolbox import MOST_PINGS

INTERVAL = 0.2
"""Seconds between requests, the shortest that ping(8) allows an ordinary user."""
ANSWER_WAIT = 2.0
"""Seconds to wait for answers after the last request."""
TCP_PORTS = (443, 80)

_ECHO_REQUEST, _ECHO_REPLY = {4: 8, 6: 128}, {4: 0, 6: 129}


class RoundTrip(msgspec.Struct, frozen=True):
    """Milliseconds; `stddev` is that of the population."""

    min: float
    avg: float
    max: float
    stddev: float


class Ping(Report, frozen=True, kw_only=True, tag="netassist/ping/1"):
    """`loss` is a fraction from 0 to 1; no answer at all is a measurement too.

    `method` is ``tcp`` where this user may not send ICMP: connections to `target.port`, of which a refused one is an answer.
    `duplicates` counts second answers to the same request that came before the last answer; None by TCP, which has none.
    `refusal` is what this machine or a router on the way said of a request that was not answered.
    """

    sent: int | None = None
    received: int | None = None
    loss: float | None = None
    rtt_ms: RoundTrip | None = None
    method: Literal["icmp", "tcp"] | None = None
    duplicates: int | None = None
    refusal: str | None = None


class _Tally(NamedTuple):
    """When each request was sent, and how long each answered one took, in seconds, by sequence number.

    `again` are the sequence numbers of second answers, `refusals` what was said of requests instead of an answer.
    """

    sent: dict[int, float]
    took: dict[int, float]
    again: list[int]
    refusals: list[str]


async def ping(network: Network, host: str, count: int = 4) -> Ping:
    """Send `count` (1 to 100) requests, 0.2 s apart, to the first address of `host`."""
    watch = Stopwatch()
    target = Endpoint(host)
    tally = _Tally({}, {}, [], [])
    method: Literal["icmp", "tcp"] | None = None
    failure: Failure | None = None
    try:
        if not 1 <= count <= MOST_PINGS:
            raise Failed("invalid", f"{host}: count {count} is not between 1 and {MOST_PINGS}")
        target = Endpoint(host, None, str((await network.resolve(host))[0]))
        try:
            async with network.icmp(host) as icmp:
                method = "icmp"
                await _echo(network, icmp, host, count, tally)
        except Failed as failed:
            if failed.failure.kind != "denied":
                raise
            method = "tcp"
            target = Endpoint(host, await _connects(network, host, count, tally), target.address)
    except Failed as failed:
        failure = failed.failure
    if not tally.sent:
        return Ping(target=target, status="failed", error=failure, method=method, **watch.stamp())
    return Ping(
        target=target,
        status="partial" if failure else "ok",
        error=failure,
        sent=len(tally.sent),
        received=len(tally.took),
        loss=round(1 - len(tally.took) / len(tally.sent), 4),
        rtt_ms=_round_trip(tally.took),
        method=method,
        duplicates=len(tally.again) if method == "icmp" else None,
        refusal=tally.refusals[-1].partition(": ")[2] if tally.refusals and len(tally.took) < len(tally.sent) else None,
        **watch.stamp(),
    )


def echo_request(version: int, identifier: int, sequence: int, payload: bytes) -> bytes:
    """An ICMP (RFC 792) or ICMPv6 (RFC 4443, section 4.1) echo request; the checksum of the latter is the kernel's to fill in."""
    kind = _ECHO_REQUEST[version]
    message = struct.pack("!BBHHH", kind, 0, 0, identifier, sequence) + payload
    return message if version == 6 else struct.pack("!BBHHH", kind, 0, _checksum(message), identifier, sequence) + payload


def echo_reply(version: int, message: bytes, payload: bytes) -> int | None:
    """The sequence number of an echo reply that carries `payload`; None where `message` is anything else."""
    if len(message) < 8 or message[8:] != payload:
        return None
    kind, code, _, _, sequence = struct.unpack_from("!BBHHH", message)
    return int(sequence) if (kind, code) == (_ECHO_REPLY[version], 0) else None


def _checksum(message: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = message + b"\0" * (len(message) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


async def _echo(network: Network, icmp: Icmp, host: str, count: int, tally: _Tally) -> None:
    identifier, payload = secrets.randbits(16), secrets.token_bytes(32)
    until = monotonic()
    while len(tally.took) < count:
        now = monotonic()
        if len(tally.sent) < count and now >= until:
            sequence = len(tally.sent) + 1
            try:
                await icmp.send(echo_request(icmp.version, identifier, sequence, payload))
            except Failed as failed:
                # Later on it is the kernel handing up an ICMP error about an earlier request: that one is lost, nothing more.
                if sequence == 1:
                    raise
                tally.refusals.append(failed.failure.message)
            tally.sent[sequence] = now
            until = now + (INTERVAL if sequence < count else ANSWER_WAIT)
        elif now >= until:
            return
        try:
            message = await icmp.receive(max(until - monotonic(), 0.001))
        except Failed as failed:
            if not network.remaining:
                raise
            if failed.failure.kind != "timeout":
                tally.refusals.append(failed.failure.message)
            continue
        answered = echo_reply(icmp.version, message, payload)
        if answered in tally.took:
            tally.again.append(answered)
        elif answered in tally.sent:
            tally.took[answered] = monotonic() - tally.sent[answered]
            network.progress(Progress(f"ping {host}: {len(tally.took)} of {count} answered", len(tally.took) / count))


async def _connects(network: Network, host: str, count: int, tally: _Tally) -> int:
    """TCP connects instead of echo requests, to the first of the ports that gives any answer; returns that port."""
    port = TCP_PORTS[0]
    for sequence in range(1, count + 1):
        if sequence > 1:
            await anyio.sleep(min(INTERVAL, network.remaining))
        for candidate in TCP_PORTS if sequence == 1 else (port,):
            port, began = candidate, monotonic()
            try:
                async with network.connect(host, port, first_only=True):
                    tally.took[sequence] = monotonic() - began
            except Failed as failed:
                if failed.failure.kind == "refused":
                    tally.took[sequence] = monotonic() - began
                elif not network.remaining or failed.failure.kind not in ("timeout", "unreachable", "reset"):
                    raise
            tally.sent[sequence] = began
            if sequence in tally.took:
                break
        network.progress(Progress(f"ping {host}: {len(tally.took)} of {count} answered", sequence / count))
    return port


def _round_trip(took: Mapping[int, float]) -> RoundTrip | None:
    times = [seconds * 1000 for seconds in took.values()]
    if not times:
        return None
    return RoundTrip(round(min(times), 3), round(fmean(times), 3), round(max(times), 3), round(pstdev(times), 3))
