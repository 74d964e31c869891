"""Any number of tool calls that the user wrote out himself: allowed, measured, journaled and shown, in their order."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from netassist.assistant.approvals import Approvals
from netassist.assistant.gate import Pass, Refused, admit, is_asked_about, network_for
from netassist.assistant.journal import Journal, entry
from netassist.cli.exits import CLEAN, FINDINGS, INCOMPLETE, INTERRUPTED, REFUSED, USAGE
from netassist.cli.options import reaches
from netassist.cli.outputs import Outputs
from netassist.cli.terminal import ProgressLine, approve, interruptible
from netassist.configuration import Settings, state_folder
from netassist.network import Network
from netassist.observations import Report
from netassist.reports.refusal import refusal
from netassist.toolbox import Call, Risk, targets_of
from netassist.untrusted import as_text


class Terms(NamedTuple):
    """What holds for every call of a command; `verb` is the command's name, `jobs` how many calls run at a time."""

    settings: Settings
    outputs: Outputs
    approved: frozenset[Risk] = frozenset()
    fail_on: str = "never"
    check_revocation: bool = False
    verb: str = "run"
    jobs: int = 1


class _Done(NamedTuple):
    """`told`: stderr has said it already."""

    report: Report
    code: int
    told: bool = False


async def measured(calls: Iterable[Call], terms: Terms) -> int:
    """Run the calls and show each report in the order of the calls; the exit code.

    The first Ctrl-C begins nothing more and keeps what is known, the second ends at once.
    """
    running = _Running(terms)
    under_way: deque[asyncio.Task[_Done]] = deque()
    codes: set[int] = set()

    async def show_oldest() -> None:
        done = await under_way.popleft()
        codes.add(done.code)
        running.line.clear()
        terms.outputs.add(done.report, told=done.told)

    with interruptible(running.interrupt):
        for number, call in enumerate(calls):
            passed = await running.admitted(call) if not running.interrupted else None
            if passed is None:
                codes.add(INTERRUPTED)
                break
            under_way.append(asyncio.create_task(running.one(number, call, passed)))
            if len(under_way) >= terms.jobs:
                await show_oldest()
        while under_way:
            await show_oldest()
    terms.outputs.end()
    return _worst(codes)


def refused(tool: str, target: str, rule: str, message: str) -> Report:
    """The report of a call that was not run; a person is told on stderr."""
    print(f"netassist: {as_text(message, 1000)}", file=sys.stderr)
    return refusal(as_text(tool, 64), as_text(target, 253), rule, as_text(message, 1000))


class _Running:
    """The calls under way, which one interruption ends together."""

    def __init__(self, terms: Terms) -> None:
        self._terms, self._journal = terms, Journal(state_folder())
        self._approvals = Approvals(terms.approved, state_folder())
        self._networks: set[Network] = set()
        self._asking: asyncio.Task[Pass | Refused] | None = None
        self.line, self.interrupted = ProgressLine(), False
        self._journal.open()

    def interrupt(self) -> None:
        self.interrupted = True
        if self._asking is not None:
            self._asking.cancel()
        for network in self._networks:
            network.interrupt()

    async def admitted(self, call: Call) -> Pass | Refused | None:
        """Leave to run the call, or why there is none; None where Ctrl-C came while it was asked for."""
        self._asking = asyncio.create_task(self._admission(call))
        try:
            return await self._asking
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return None
        finally:
            self._asking = None

    async def _admission(self, call: Call) -> Pass | Refused:
        try:
            return await admit(call, self._terms.settings, None, self._approvals, approve)
        except Refused as error:
            return error

    async def one(self, number: int, call: Call, passed: Pass | Refused) -> _Done:
        """What came of one call."""
        request = f"{self._terms.verb} {call}"
        if isinstance(passed, Refused):
            self._journal.write(entry(request, "the user", call, "nobody", str(passed)))
            code = {"invalid": USAGE, "unavailable": INCOMPLETE}.get(passed.kind, REFUSED)
            self.line.clear()
            return _Done(refused(call.name, " ".join(targets_of(call)), passed.kind, str(passed)), code, told=True)
        if is_asked_about(passed.call, self._terms.settings):
            self._journal.write(entry(request, "the user", passed.call, passed.allowed_by, None))
        report = await self._measured(number, passed)
        self._journal.write(entry(request, "the user", passed.call, passed.allowed_by, report))
        return _Done(report, self._code(report))

    async def _measured(self, number: int, passed: Pass) -> Report:
        from netassist import toolbox
        from netassist.audit import judged

        network = network_for(
            passed.call,
            passed,
            self._terms.settings,
            lambda progress: self.line.moved(number, progress),
            revocation=self._terms.check_revocation,
        )
        self._networks.add(network)
        if self.interrupted:
            network.interrupt()
        try:
            return judged(await toolbox.run(passed.call, network))
        finally:
            self._networks.discard(network)
            self.line.finished(number)

    def _code(self, report: Report) -> int:
        if self.interrupted:
            return INTERRUPTED
        if report.error is not None and report.error.kind in ("out_of_scope", "invalid"):
            return REFUSED if report.error.kind == "out_of_scope" else USAGE
        if report.status != "ok":
            return INCOMPLETE
        return FINDINGS if reaches(report.findings, self._terms.fail_on) else CLEAN


def _worst(codes: set[int]) -> int:
    """The exit code of all: one that was refused or failed among others makes the whole incomplete."""
    if INTERRUPTED in codes:
        return INTERRUPTED
    if len(codes) == 1:
        return codes.pop()
    return INCOMPLETE if codes & {USAGE, INCOMPLETE, REFUSED} else FINDINGS if FINDINGS in codes else CLEAN
