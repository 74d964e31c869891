"""Reachability: how many answers came, and how fast."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from netassist.reports.layout import BAD, GOOD, UNKNOWN, WARN, Task, Verdict, facts
from netassist.reports.words import count, milliseconds, percent, place

if TYPE_CHECKING:
    from netassist.probes.ping import Ping
    from netassist.reports.style import Line


def task(ping: Ping) -> Task:
    return Task("ping", place(ping.target, port=False))


def verdict(ping: Ping) -> Verdict:
    host = place(ping.target, port=False)
    if ping.sent is None or ping.received is None:
        return Verdict(f"Whether {host} is reachable is unknown.", UNKNOWN)
    answers = f"{ping.received} of {count(ping.sent, _kind(ping))}{_port(ping)} answered"
    if not ping.received and ping.refusal:
        return Verdict(f"{host} did not answer ({answers}); {ping.refusal}.", BAD)
    if not ping.received:
        return Verdict(f"{host} did not answer ({answers}); whether it is down or drops such requests cannot be told.", BAD)
    speed = f", in {milliseconds(ping.rtt_ms.avg)}{' on average' if ping.received > 1 else ''}" if ping.rtt_ms else ""
    if ping.received < ping.sent:
        return Verdict(f"{host} is reachable with {percent(1 - ping.received / ping.sent)} loss: {answers}{speed}.", WARN)
    return Verdict(f"{host} is reachable: {answers}{speed}.", GOOD)


def evidence(ping: Ping, width: int) -> Iterable[Line]:
    trip = ping.rtt_ms
    method = "ICMP echo" if ping.method == "icmp" else f"{_kind(ping)}{_port(ping)}; this user may not send ICMP"
    times = [
        ("Round trip", f"{milliseconds(trip.min)} least, {milliseconds(trip.avg)} average, {milliseconds(trip.max)} most"),
        ("Deviation", milliseconds(trip.stddev)),
    ] if trip else []  # fmt: skip
    rows = [
        ("Sent", None if ping.sent is None else str(ping.sent)),
        ("Answered", None if ping.received is None else str(ping.received)),
        ("Lost", None if ping.loss is None else percent(ping.loss)),
        ("Twice", count(ping.duplicates, "duplicate answer") if ping.duplicates else None),
        *times,
        ("Refused", ping.refusal),
        ("Method", method if ping.method else None),
    ]
    return facts(rows, width)


def _kind(ping: Ping) -> str:
    if ping.method == "icmp":
        return "ICMP echo request"
    return "TCP connection attempt" if ping.method else "request"


def _port(ping: Ping) -> str:
    port = getattr(ping.target, "port", None)
    return f" to port {port}" if ping.method == "tcp" and port else ""
