"""The whole of a run: the journal, where the reports go, who audits, and what Ctrl-C does."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Collection
from pathlib import Path

from netassist.assistant.journal import Journal
from netassist.cli.many.flow import Flow, left
from netassist.cli.many.hosts import Hosts
from netassist.cli.many.orders import Terms
from netassist.cli.many.sink import Sink
from netassist.cli.many.tally import Progress, Tally
from netassist.cli.many.team import Audits, Team
from netassist.cli.terminal import interruptible
from netassist.configuration import state_folder
from netassist.reports.words import count


async def run(
    hosts: Hosts,
    total: int,
    done: Collection[int],
    terms: Terms,
    size: int,
    output: Path | None,
    fail_on: str,
    *,
    addresses: bool,
    resumable: bool,
) -> int:
    """The exit code. `total` hosts are left when those of `done` are; `size` is how many processes audit; `resumable`: what is
    written can be gone on with.

    Raises:
        JournalError: an audit cannot be written down, so that no further one is made.
        Broken: a process that audits is gone.
        OSError: reports cannot be written.
    """
    journal = Journal(state_folder())
    journal.open()
    one = total == 1 and not addresses
    tally = Tally(total, fail_on, table=terms.form == "text" and not one)
    progress = Progress(tally)
    descriptor = _standard_output() if output is None else os.open(output, _NEW_OR_MORE, 0o666)
    try:
        sink = Sink(descriptor, output, terms.form, one=one)
        audits = await _audits(terms, journal, size, progress, one=one)
        drawing = asyncio.create_task(progress.drawn())
        flow = Flow(audits, terms, sink, tally, progress, done, addresses=addresses)
        try:
            with interruptible(flow.interrupt):
                await flow.run(iter(hosts) if addresses else left(iter(hosts), done), terms.jobs)
                with progress.aside():
                    await sink.end(_table(tally, terms))
        finally:
            drawing.cancel()
            progress.clear()
            await audits.close()
    finally:
        if output is not None:
            os.close(descriptor)
    if tally.interrupted and not one:
        whole = tally.done - tally.cut_short
        parts = f", {tally.cut_short:,} more in part" if tally.cut_short else ""
        go_on = "the same command with --resume goes on" if resumable else "-f jsonl -o FILE could be resumed"
        more = f"; {go_on}" if whole < total else ""
        print(f"netassist: interrupted: {whole:,} of {count(total, 'host')} audited{parts}{more}", file=sys.stderr)
    return tally.code


_NEW_OR_MORE = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


def _standard_output() -> int:
    """Its descriptor, with nothing left in Python's buffer."""
    sys.stdout.flush()
    return sys.stdout.fileno()


async def _audits(terms: Terms, journal: Journal, size: int, progress: Progress, *, one: bool) -> Audits:
    if size > 1:
        return await Team.started(terms, size)
    from netassist.cli.many.auditor import Auditor

    return Auditor(terms, journal, progress.moved) if one else Auditor(terms, journal)


def _table(tally: Tally, terms: Terms) -> bytes:
    if terms.form != "text" or tally.total == tally.measured == 1:
        return b""
    from netassist.reports.style import ansi

    text = ansi(tally.lines(terms.width), colour=terms.colour, encoding=terms.encoding)
    return text.encode(terms.encoding, "backslashreplace")
