"""Which routers lie on the way to a host, and how far is each? UDP with growing hop limits, without privileges.

Each router that drops a datagram because its hops are used up says so (RFC 1812, section 4.3.3.4; RFC 4443, section 3.3), and the
host itself says that nobody listens on the port. All hops are asked side by side, a window of them ahead of the farthest that
has answered, so that it takes about as long as the slowest answer. Each datagram goes to a port of its own, as traceroute(8)'s
do, by which its answer is known; where routers share the load between several ways, the hops may belong to different ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator
from time import monotonic

import dns.reversename
import msgspec

from netassist.network import Network, Progress
from netassist.observations import Endpoint, Failed, Report, Stopwatch
from netassist.probes.dns import ask
from netassist.probes.icmp_errors import IcmpError, listen_for_errors, next_error, set_hop_limit
from netassist.targets import Address
from netassist.untrusted import as_text

PROBES, MOST_HOPS, WINDOW = 3, 30, 8
"""Datagrams a hop; the farthest hop; how many hops are asked beyond the farthest that has answered."""
SPACING = 0.005
"""Seconds between two datagrams."""
PATIENCE, LEAST_PATIENCE = 2.0, 0.3
"""Seconds to wait for an answer; once the host itself has answered, three times the slowest answer but this at least."""
NAMES_WAIT = 1.0
"""Seconds for the names of all hops together."""
FIRST_PORT = 33434
_PAYLOAD = 32
_RETRIES = 3


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """`hop` routers away: who answered, and after how many milliseconds each datagram was (None: it was not).

    `others` are further addresses that answered at the same distance. `name` is what the DNS calls the address; its owner chooses
    it. `refusal` says why the way ends here, where it does so short of the host.
    """

    hop: int
    address: str | None = None
    name: str | None = None
    rtt_ms: tuple[float | None, ...] = ()
    others: tuple[str, ...] = ()
    refusal: str | None = None


class Traceroute(Report, frozen=True, kw_only=True, tag="netassist/traceroute/1"):
    """`hops` go up to the last that answered; `silent_after` is its number where the host was not reached (0: none answered).

    `reached` is None where that was not established; `probed` is the farthest distance that was asked.
    """

    reached: bool | None = None
    hops: tuple[Hop, ...] = ()
    silent_after: int | None = None
    probed: int = 0


class _Trace:
    """The datagrams of one trace by their number, which their port tells: when each was sent, what came back and how fast."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.sent: dict[int, float] = {}
        self.answers: dict[int, tuple[IcmpError, float]] = {}

    def note(self, error: IcmpError) -> None:
        number = error.port - FIRST_PORT
        if number in self.sent and number not in self.answers:
            self.answers[number] = (error, monotonic() - self.sent[number])

    @property
    def end(self) -> int | None:
        """The distance at which the way ends: at the host, or at who refuses to carry on."""
        return min((_distance(n) for n, (error, _) in self.answers.items() if error.meaning != "time_exceeded"), default=None)

    @property
    def last(self) -> int:
        """The farthest distance to ask."""
        frontier = max(map(_distance, self.answers), default=0)
        return min(self.end or MOST_HOPS, frontier + WINDOW, MOST_HOPS)

    def next(self) -> int | None:
        """The number of the next datagram: all hops once, then again."""
        last = self.last
        numbers = (turn * MOST_HOPS + hop for turn in range(PROBES) for hop in range(last))
        return next((number for number in numbers if number not in self.sent), None)

    def waits_until(self) -> float:
        """When the last answer that may still come is given up; 0 where none is missing."""
        patience = PATIENCE
        if self.end is not None:
            slowest = max(seconds for _, seconds in self.answers.values())
            patience = min(PATIENCE, max(LEAST_PATIENCE, 3 * slowest))
        last = self.last
        missing = (n for n in self.sent if n not in self.answers and _distance(n) <= last)
        return max((self.sent[n] + patience for n in missing), default=0.0)

    def hops(self) -> Iterator[Hop]:
        for distance in range(1, self.end or max(map(_distance, self.answers), default=0) + 1):
            yield self._hop(distance, [n for n in sorted(self.sent) if _distance(n) == distance])
        if self.end is not None:
            # What had hops to spare tells as much of the end of the way as what had just enough.
            spare = [n for n in sorted(self.answers) if _distance(n) > self.end and self._is_like_end(n)]
            own = [n for n in sorted(self.sent) if _distance(n) == self.end]
            yield self._hop(self.end, [n for n in (*own, *spare) if n in self.answers][:PROBES], missing=len(own))

    def _is_like_end(self, number: int) -> bool:
        error = self.answers[number][0]
        return any(
            error.sender == known.sender and error.meaning == known.meaning
            for n, (known, _) in self.answers.items()
            if _distance(n) == self.end
        )

    def _hop(self, distance: int, numbers: list[int], missing: int = 0) -> Hop:
        heard = [self.answers[n] for n in numbers if n in self.answers]
        times = [round(self.answers[n][1] * 1000, 3) if n in self.answers else None for n in numbers]
        senders = list(dict.fromkeys(error.sender for error, _ in heard))
        refusals = [error.words for error, _ in heard if error.meaning == "refused" and error.sender != self.target]
        return Hop(
            hop=distance,
            address=senders[0] if senders else None,
            rtt_ms=(*times, *[None] * (missing - len(times))),
            others=tuple(senders[1:]),
            refusal=refusals[0] if refusals else None,
        )

    @property
    def reached(self) -> bool:
        return any(e.meaning == "port_unreachable" or e.sender == self.target for e, _ in self.answers.values())


async def traceroute(network: Network, host: str) -> Traceroute:
    """Trace the way to the first address of `host`; only that has to be in scope, the routers answer by themselves."""
    watch = Stopwatch()
    target, failure, trace = Endpoint(host), None, _Trace("")
    try:
        async with network.udp(host) as (opened, address):
            target, trace = Endpoint(host, None, str(address)), _Trace(str(address))
            listen_for_errors(opened, host)
            await _walk(network, opened, address, host, trace)
    except Failed as failed:
        failure = failed.failure
    if failure is not None and not trace.answers:
        return Traceroute(target=target, status="failed", error=failure, **watch.stamp())
    hops = await _named(network, tuple(trace.hops()))
    reached = trace.reached or (None if failure else False)
    return Traceroute(
        target=target,
        status="partial" if failure else "ok",
        error=failure,
        reached=reached,
        hops=hops,
        silent_after=hops[-1].hop if hops and reached is False else 0 if reached is False else None,
        probed=max(map(_distance, trace.sent), default=0),
        **watch.stamp(),
    )


def _distance(number: int) -> int:
    return number % MOST_HOPS + 1


async def _walk(network: Network, opened: socket.socket, address: Address, host: str, trace: _Trace) -> None:
    """Send and listen until every answer is there or given up."""
    loop, heard, due = asyncio.get_running_loop(), asyncio.Event(), monotonic()
    payload = os.urandom(_PAYLOAD)
    loop.add_reader(opened, heard.set)
    try:
        while True:
            heard.clear()
            _collect(opened, trace)
            now, number = monotonic(), trace.next()
            if number is not None and now >= due:
                _send(opened, address, host, trace, number, payload)
                due = now + SPACING
                _tell(network, host, trace)
                continue
            until = due if number is not None else trace.waits_until()
            if until <= now:
                return
            try:
                await network.within(heard.wait(), f"{host}: tracing the way", until - now)
            except Failed:
                if not network.remaining:
                    raise
    finally:
        loop.remove_reader(opened)


def _send(opened: socket.socket, address: Address, host: str, trace: _Trace, number: int, payload: bytes) -> None:
    """Raises Failed where the very first datagram cannot be sent; one later on is lost, as others are on the way."""
    set_hop_limit(opened, _distance(number))
    why: OSError | None = None
    for _ in range(_RETRIES):
        # An error about an earlier datagram is told at the next call, and is no reason against this one.
        opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        trace.sent[number] = monotonic()
        try:
            opened.sendto(payload, (str(address), FIRST_PORT + number))
        except OSError as error:
            why = error
            _collect(opened, trace)
        else:
            return
    if why is not None and not trace.answers and len(trace.sent) == 1:
        advice = "check this machine's network and its firewall"
        raise Failed("unreachable", f"{host}: sending a datagram: {why.strerror or why}; {advice}")


def _collect(opened: socket.socket, trace: _Trace) -> None:
    """Take what has come: errors, and answers of a program that listens on the port, which only the host itself can have."""
    while (error := next_error(opened)) is not None:
        trace.note(error)
    with contextlib.suppress(OSError):
        while True:
            _, sender = opened.recvfrom(2048)
            if str(sender[0]) == trace.target:
                trace.note(IcmpError(trace.target, int(sender[1]), "port_unreachable"))


def _tell(network: Network, host: str, trace: _Trace) -> None:
    done = len({_distance(n) for n in trace.answers})
    network.progress(Progress(f"traceroute {host}: {done} hops answered", done / trace.end if trace.end else None))


async def _named(network: Network, hops: tuple[Hop, ...]) -> tuple[Hop, ...]:
    """The hops with the names that the resolver gives in time."""
    addresses = list(dict.fromkeys(hop.address for hop in hops if hop.address))
    if not addresses or not network.remaining:
        return hops
    asking = {address: asyncio.ensure_future(_name(network, address)) for address in addresses}
    done, waiting = await asyncio.wait(asking.values(), timeout=min(NAMES_WAIT, network.remaining))
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    names = {address: task.result() for address, task in asking.items() if task in done}
    return tuple(msgspec.structs.replace(hop, name=names.get(hop.address or "")) for hop in hops)


async def _name(network: Network, address: str) -> str | None:
    try:
        response = await ask(network, dns.reversename.from_address(address).to_text(), "PTR", NAMES_WAIT)
    except Failed:
        return None
    records = [record for rrset in response.answer for record in rrset if rrset.rdtype == dns.rdatatype.PTR]
    return as_text(records[0].to_text().rstrip("."), 255) or None if records else None
