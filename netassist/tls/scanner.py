"""A scan of a real server: each offer in a connection of its own, a few of them at a time.

A connection that is refused or times out is no answer to an offer. It is tried again after a pause, and then with one
connection at a time; a server that goes on so limits the rate, and the scan ends with what it has.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import TypeVar

from netassist.network import Progress, Stream
from netassist.observations import Failed, Failure
from netassist.tls.flight import Flight, read_flight, read_ssl2
from netassist.tls.hello import Alert
from netassist.tls.offers import Offer, hello_of
from netassist.tls.questions import Alone, Batch, Closed, Outcome, Pause, Steps, Together, Unanswered
from netassist.tls.server import Server
from netassist.tls.spoken import spoken

T = TypeVar("T")
SEGMENT = 1400
"""Bytes of a hello that one TCP segment carries."""
PAUSES = (0.25, 1.0, 3.0)
"""Seconds before a connection that was not had is tried again."""


class _Lost(Unanswered, frozen=True):
    """There was no connection, or no TLS on it: the offer was not even heard."""


class NotTls(ValueError):
    """What came is not the answer of a TLS server; the message says why, and what it may be."""


class Scanner:
    """Asks one server; `failure` is why something is unknown."""

    def __init__(self, server: Server) -> None:
        self._server, self._network, self._where = server, server.network, server.where
        self._slow = self._stopped = self._reached = self._tried = False
        self._asked = self._asking = 0
        self._alone, self._one = asyncio.Lock(), asyncio.Lock()
        self._idle = asyncio.Event()
        self.failure: Failure | None = None

    async def run(self, steps: Steps[T], *, alone: bool = False) -> T:
        """Play steps to their end. `alone`: nothing else is asked at the time, so there is nothing to wait for."""
        try:
            request = next(steps)
            while True:
                outcomes: Sequence[Outcome] = ()
                if isinstance(request, Together):
                    request.results = await asyncio.gather(*(self.run(side, alone=alone) for side in request.steps))
                elif isinstance(request, Alone):
                    request.results = [await self._run_alone(request.steps, alone)]
                elif isinstance(request, Pause):
                    pause = PAUSES[min(request.number, len(PAUSES) - 1)]
                    await asyncio.sleep(min(pause, self._network.remaining))
                else:
                    outcomes = await self._answers(request, alone)
                request = steps.send(outcomes)
        except StopIteration as stop:
            result: T = stop.value
            return result

    def named(self, failure: Failure | None) -> Failure | None:
        """The failure of a scan with the server's name, which the strategy does not know; or what stopped the scan."""
        if self.failure is not None or failure is None:
            return self.failure
        if failure.message.startswith((self._server.host, self._where)):
            return failure
        return Failure(failure.kind, f"{self._where}: {failure.message}")

    async def _run_alone(self, steps: Steps[T], alone: bool) -> T:
        if alone:
            return await self.run(steps, alone=True)
        async with self._alone:
            while self._asking:
                self._idle.clear()
                await self._idle.wait()
            return await self.run(steps, alone=True)

    async def _answers(self, batch: Batch, alone: bool) -> list[Outcome]:
        if not alone:
            async with self._alone:  # let those pass that have to be
                self._asking += 1
        try:
            self._asked += len(batch)
            self._network.progress(Progress(f"{self._where}: {self._asked} offers made"))
            return await asyncio.gather(*(self._answer(offer) for offer in batch))
        finally:
            if not alone:
                self._asking -= 1
                self._idle.set()

    async def _answer(self, offer: Offer) -> Outcome:
        if not self._slow:
            outcome = await self._once(offer)
            if not isinstance(outcome, _Lost) or self._server.address is None:
                return outcome
            self._slow = True
        async with self._one:
            return await (self._again(offer, PAUSES) if self._reached else self._first(offer))

    async def _first(self, offer: Offer) -> Outcome:
        """No TLS was ever had there. Once more, with nothing beside it; then it is no limit that is in the way, but a refusal."""
        if not self._tried:
            self._tried = True
            outcome = await self._once(offer)
            if not isinstance(outcome, _Lost):
                return outcome
            self.failure = outcome.failure
        return Unanswered(self.failure) if self.failure is not None else await self._again(offer, PAUSES)

    async def _again(self, offer: Offer, pauses: Sequence[float]) -> Outcome:
        """One at a time, after pauses that grow while no connection is had. A server that gives none any more ends the scan."""
        if self._stopped:
            return Unanswered(self.failure) if self.failure is not None else self._late()
        outcome = self._late()
        for pause in pauses:
            if self._network.remaining <= pause:
                outcome = self._late()  # with more time there might have been a connection
                break
            await asyncio.sleep(pause)
            last = await self._once(offer)
            if not isinstance(last, _Lost):
                return last
            what = f"{self._where}: takes no more connections ({last.failure.message}); try again later"
            outcome = Unanswered(Failure("rate_limited", what))
        self._stopped = True
        self.failure = self.failure or outcome.failure
        return outcome

    def _late(self) -> Unanswered:
        over = "the time for the whole scan is over; allow it more"
        return Unanswered(Failure("timeout", f"{self._where}: {'interrupted' if self._network.interrupted else over}"))

    async def _once(self, offer: Offer) -> Outcome:
        if self._network.remaining <= 0:
            return self._late()
        try:
            async with self._server.connect() as stream:
                self._reached = True
                try:
                    return await self._network.within(self._exchange(stream, offer), f"{self._where}: waiting for an answer")
                except NotTls as other:
                    return Unanswered(Failure("protocol", f"{self._where}: {other}"))
                except Failed as failed:
                    return Closed() if failed.failure.kind == "reset" else Unanswered(failed.failure)
        except Failed as failed:
            return _Lost(failed.failure)

    async def _exchange(self, stream: Stream, offer: Offer) -> Flight | Alert | Closed:
        received = b""
        hello = hello_of(offer, os.urandom(64), self._server.server_name)
        # In segments as on a real path, where they may come one by one; a local one would carry it whole.
        for at in range(0, len(hello), SEGMENT):
            await stream.send(hello[at : at + SEGMENT])
        while (found := _read(offer, received)) is None:
            try:
                more = await stream.receive()
            except Failed as failed:
                if failed.failure.kind != "reset":
                    raise
                more = b""
            if not more:
                ended = _read(offer, received, ended=True) if received else None
                return ended if ended is not None else Closed()
            received += more
        return found


def _read(offer: Offer, received: bytes, *, ended: bool = False) -> Flight | Alert | None:
    """As `read_flight`, but that it raises NotTls."""
    try:
        return (read_ssl2 if offer.version == "SSLv2" else read_flight)(received, ended=ended)
    except ValueError as error:
        other = spoken(received)
        raise NotTls(f"does not speak TLS here, but {other}; {other.advice}" if other else str(error)) from None
