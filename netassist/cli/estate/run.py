"""The whole of an audit: networks are looked through, hosts audited a few at a time, and Ctrl-C keeps what is known."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator
from itertools import chain, count

from netassist.assistant.approvals import Approval
from netassist.assistant.journal import Journal
from netassist.audit.security_audit import SecurityAudit
from netassist.cli.estate.auditing import Auditing
from netassist.cli.estate.outputs import EstateOutputs, width
from netassist.cli.estate.tally import EstateTally
from netassist.cli.estate.targets import WHOLE, Targets, shown
from netassist.cli.estate.terms import Terms
from netassist.cli.many.auditor import INTERRUPTED
from netassist.cli.many.hosts import Place, key
from netassist.cli.many.tally import Progress
from netassist.cli.terminal import approve, interruptible
from netassist.configuration import state_folder
from netassist.reports import words
from netassist.toolbox import Call, Risk
from netassist.untrusted import as_text


class Run:
    """Hosts whose audits the output holds already are left out."""

    def __init__(self, targets: Targets, terms: Terms, outputs: EstateOutputs, tally: EstateTally) -> None:
        self._targets, self._terms, self._outputs, self._tally = targets, terms, outputs, tally
        self._progress = Progress(tally)
        self._numbers = count()
        self._journal = Journal(state_folder())
        self._cut_short = 0

    async def whole(self, total_deadline: float | None) -> int:
        """Audit all, in `total_deadline` seconds where that is given; the exit code.

        Raises JournalError, and the OSError of what cannot be written.
        """
        self._journal.open()
        self._auditing = Auditing(self._terms, self._journal, self._asked)
        drawing = asyncio.create_task(self._progress.drawn())
        clock = asyncio.get_running_loop().call_later(total_deadline, self._late) if total_deadline else None
        try:
            with interruptible(self._interrupted):
                await self._all()
        finally:
            drawing.cancel()
            if clock is not None:
                clock.cancel()
            self._progress.clear()
            self._outputs.close()
        self._told()
        self._outputs.end()
        return self._tally.code

    async def _asked(self, call: Call, risk: Risk) -> bool | Approval:
        """Ask on the terminal, while no progress is drawn over the question."""
        with self._progress.aside():
            return await approve(call, risk)

    def _interrupted(self) -> None:
        self._tally.interrupted = True
        self._auditing.interrupt()

    def _late(self) -> None:
        self._tally.late = True
        self._interrupted()

    async def _all(self) -> None:
        named = sum(1 for _ in self._left(self._targets))
        self._tally.total = named + len(self._targets.networks)
        answering: list[str] = []
        for area in self._targets.networks:
            if not self._tally.interrupted:
                answering += await self._network(area)
        places = list(self._answering(answering))
        self._tally.total = named + len(places)
        hosts = self._left(chain(self._targets, places))
        running = [asyncio.create_task(self._job(hosts)) for _ in range(self._terms.jobs)]
        try:
            await asyncio.gather(*running)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _left(self, places: Iterable[Place]) -> Iterator[Place]:
        return (place for place in places if key(place) not in self._outputs.done)

    def _answering(self, addresses: Iterable[str]) -> Iterator[Place]:
        """Each host that answers, unless it is named by itself."""
        seen = {key(place) for place in self._targets}
        for address in addresses:
            place = Place(address, WHOLE)
            if key(place) not in seen and key(place) not in self._outputs.done:
                seen.add(key(place))
                yield place

    async def _network(self, area: str) -> tuple[str, ...]:
        number = next(self._numbers)
        self._progress.began(number, area)
        audit = await self._auditing.network(area, lambda _: None)
        self._progress.ended(number)
        with self._progress.aside():
            self._outputs.put(audit)
        self._tally.failed(audit)
        return audit.up

    async def _job(self, places: Iterator[Place]) -> None:
        while not self._tally.interrupted and (place := next(places, None)) is not None:
            number, name = next(self._numbers), as_text(shown(place), 255)
            self._progress.began(number, name)
            audit = await self._auditing.host(place, self._progress.moved if self._tally.total == 1 else lambda _: None)
            self._progress.ended(number)
            with self._progress.aside():
                self._outputs.put(audit)
            self._tally.count(number, name, audit)
            self._tally.done += 1
            self._cut_short += _is_cut_short(audit)

    def _told(self) -> None:
        """The table, and on stderr what is not in any audit."""
        tally = self._tally
        if tally.measured > 1:
            self._outputs.table(tally.lines(width()))
        if self._terms.baseline is not None and not tally.interrupted and (missing := self._terms.baseline.not_met()):
            hosts = words.listed([as_text(host, 255) for host in missing], 5)
            _say(f"the baseline has findings of hosts that were not audited this time: {hosts}")
        if tally.interrupted:
            whole = tally.done - self._cut_short
            why = "the time for the whole is over" if tally.late else "interrupted"
            part = f", {self._cut_short:,} more in part" if self._cut_short else ""
            _say(f"{why}: {whole:,} of {words.count(tally.total, 'host')} audited{part}; --resume goes on with an -o FILE.jsonl")


def _is_cut_short(audit: SecurityAudit) -> bool:
    return audit.error is not None and audit.error.message.endswith(f": {INTERRUPTED}")


def _say(text: str) -> None:
    print(f"netassist: {text}", file=sys.stderr)
