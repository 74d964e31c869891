"""From hosts to reports: a fixed number of audits at a time, and no further host is taken before a report is written."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from itertools import count

from netassist.cli.many.hosts import Place, key
from netassist.cli.many.orders import Order, Terms
from netassist.cli.many.sink import Sink
from netassist.cli.many.tally import Progress, Tally
from netassist.cli.many.team import Audits
from netassist.network import Network
from netassist.observations import Failed


class Flow:
    """`addresses`: each address of a host is audited by itself. `done`: keys of servers that are left out."""

    def __init__(
        self,
        audits: Audits,
        terms: Terms,
        sink: Sink,
        tally: Tally,
        progress: Progress,
        done: Collection[int],
        *,
        addresses: bool,
    ) -> None:
        self._audits, self._terms, self._sink, self._tally, self._progress = audits, terms, sink, tally, progress
        self._done, self._addresses = done, addresses
        self._numbers = count()
        self._networks: set[Network] = set()

    async def run(self, places: Iterator[Place], jobs: int) -> None:
        """Audit all. Raises the first of JournalError, Broken, and the OSError of what cannot be written."""
        running = [asyncio.create_task(self._job(places)) for _ in range(jobs)]
        try:
            await asyncio.gather(*running)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def interrupt(self) -> None:
        """Take no more hosts, and have those under way reported as far as they are."""
        self._tally.interrupted = True
        for network in self._networks:
            network.interrupt()
        self._audits.interrupt()

    async def _job(self, places: Iterator[Place]) -> None:
        while not self._tally.interrupted and (place := next(places, None)) is not None:
            number = next(self._numbers)
            self._progress.began(number, str(place))
            for address in await self._addresses_of(place):
                if not self._tally.interrupted:
                    await self._audit(place, address)
            self._tally.done += 1
            self._progress.ended(number)

    async def _audit(self, place: Place, address: str | None) -> None:
        row, body = await self._audits.audit(Order(next(self._numbers), place.host, place.port, address))
        with self._progress.aside():
            await self._sink.report(body)
        self._tally.add(row)

    async def _addresses_of(self, place: Place) -> list[str | None]:
        """Those to audit it at, the denied ones too, whose reports say that; None alone for whichever answers.

        That also reports why there is none.
        """
        if not self._addresses:
            return [None]
        network = Network(self._terms.settings.scope_for(place.host), timeout=self._terms.timeout)
        self._networks.add(network)
        try:
            allowed = await network.resolve(place.host)
            found = [str(address) for address in (*allowed, *network.denied[place.host])]
        except Failed:
            return [None]
        finally:
            self._networks.discard(network)
        return [address for address in found if key(place, address) not in self._done]


def left(places: Iterator[Place], done: Collection[int]) -> Iterator[Place]:
    """The places whose reports are not there yet."""
    return (place for place in places if key(place) not in done)
