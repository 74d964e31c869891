"""One host or network after the gate: measured, held against exceptions and baseline, written down in the journal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

import msgspec

from netassist.assistant.approvals import Approvals
from netassist.assistant.gate import Approve, Pass, Refused, admit, network_for
from netassist.assistant.journal import Journal, entry
from netassist.audit.exceptions import excused
from netassist.audit.security_audit import SecurityAudit, Wanted, audited
from netassist.cli.estate.targets import WHOLE, shown
from netassist.cli.estate.terms import Terms
from netassist.cli.many.auditor import INTERRUPTED
from netassist.cli.many.hosts import Place
from netassist.configuration import state_folder
from netassist.network import Network, Progress
from netassist.observations import Endpoint, Failure, Stopwatch
from netassist.reports.refusal import KINDS
from netassist.toolbox import Call, Value

_log = logging.getLogger(__name__)


class Auditing:
    """Audits in this process; belongs to the event loop that it is made in."""

    def __init__(self, terms: Terms, journal: Journal, approve: Approve) -> None:
        self._terms, self._journal, self._approve = terms, journal, approve
        self._approvals = Approvals(terms.approved, state_folder())
        self._asking = asyncio.Lock()
        self._networks: set[Network] = set()
        self._admission: asyncio.Task[Pass] | None = None
        self.interrupted = False
        # Names are looked up in threads, and one that hangs takes seconds; reading Nmap's results takes one too.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2 * terms.jobs + 2))

    def interrupt(self) -> None:
        """End what is under way; each report says what is known."""
        self.interrupted = True
        if self._admission is not None:
            self._admission.cancel()
        for network in self._networks:
            network.interrupt()

    async def host(self, place: Place, progress: Callable[[Progress], None]) -> SecurityAudit:
        """The audit of a host, or of one of its ports. Raises JournalError."""
        terms, watch = self._terms, Stopwatch()
        calls = [Call("security_audit", {"host": place.host})]
        calls += [Call("nmap_scan", {"target": place.host, "profile": "vuln"})] if terms.scripts else []
        passed: Pass | None = None
        for call in calls:
            try:
                passed = await self._admitted(call)
            except Refused as refused:
                self._write_down(place, call, "nobody", str(refused))
                return _nothing(place, _failure(refused), watch)
        assert passed is not None  # noqa: S101 - one call at least
        network = self._network(passed, progress)
        report = await self._measured(place, network, watch)
        report = excused(report, terms.exceptions, terms.today)
        self._write_down(place, calls[-1], passed.allowed_by, report)
        return terms.baseline.compared(report) if terms.baseline is not None else report

    async def network(self, area: str, progress: Callable[[Progress], None]) -> SecurityAudit:
        """Which hosts of a network answer. Raises JournalError."""
        from netassist.probes.nmap import scan_within

        watch, call = Stopwatch(), Call("nmap_scan", {"target": area, "profile": "discovery"})
        try:
            passed = await self._admitted(call)
        except Refused as refused:
            self._journal.write(entry(f"audit {area}", "the user", call, "nobody", str(refused)))
            return SecurityAudit(target=area, status="failed", error=_failure(refused), **watch.stamp())
        network = self._network(passed, progress)
        try:
            scan = await scan_within(network, area, "discovery", None, network.remaining)
        finally:
            self._networks.discard(network)
        self._journal.write(entry(f"audit {area}", "the user", passed.call, passed.allowed_by, scan))
        up = sorted((ip_address(host.address) for host in scan.hosts if host.state == "up"), key=int)
        return SecurityAudit(target=area, status=scan.status, error=scan.error, up=tuple(map(str, up)), **watch.stamp())

    async def _admitted(self, call: Call) -> Pass:
        """Leave to run a call; one question at a time."""
        async with self._asking:
            try:
                if self.interrupted:
                    raise asyncio.CancelledError
                coming = admit(call, self._terms.settings, None, self._approvals, self._approve)
                self._admission = asyncio.create_task(coming)
                return await self._admission
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if not self.interrupted or task is None or task.cancelling():
                    raise
                raise Refused("denied", f"{call.name} was not begun: {INTERRUPTED}") from None
            finally:
                self._admission = None

    def _network(self, passed: Pass, progress: Callable[[Progress], None]) -> Network:
        terms = self._terms
        network = network_for(
            passed.call,
            passed,
            terms.settings,
            progress,
            deadline=terms.deadline,
            revocation=terms.revocation,
            rate=terms.rate,
        )
        self._networks.add(network)
        if self.interrupted:
            network.interrupt()
        return network

    async def _measured(self, place: Place, network: Network, watch: Stopwatch) -> SecurityAudit:
        terms = self._terms
        port = None if place.port == WHOLE else place.port
        wanted = Wanted(terms.ports, port, terms.pages.get(place, ()), terms.policies, terms.scripts)
        try:
            report = await audited(network, place.host, wanted)
        except Exception as error:  # noqa: BLE001 - a mistake of ours with one host must not take the others along
            _log.error("%s", shown(place), exc_info=error)
            what = f"{shown(place)}: internal error ({type(error).__name__}: {error}); report it"
            return _nothing(place, Failure("invalid", what), watch)
        finally:
            self._networks.discard(network)
        if network.interrupted and report.status != "ok":
            return msgspec.structs.replace(report, error=Failure("timeout", f"{shown(place)}: {INTERRUPTED}"))
        return report

    def _write_down(self, place: Place, call: Call, allowed_by: str, outcome: SecurityAudit | str) -> None:
        arguments: dict[str, Value] = dict(call.arguments)
        ports = self._terms.ports if place.port == WHOLE else str(place.port)
        if ports is not None:
            arguments["ports"] = ports
        self._journal.write(entry(f"audit {shown(place)}", "the user", Call(call.name, arguments), allowed_by, outcome))


def _failure(refused: Refused) -> Failure:
    return Failure(KINDS.get(refused.kind, "invalid"), str(refused))


def _nothing(place: Place, failure: Failure, watch: Stopwatch) -> SecurityAudit:
    target = Endpoint(place.host, None if place.port == WHOLE else place.port)
    return SecurityAudit(target=target, status="failed", error=failure, **watch.stamp())
