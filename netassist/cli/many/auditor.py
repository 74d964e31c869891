"""One audit after an order: measured within its own scope and time, judged, written down in the journal, made ready to print."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import resource
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from netassist.assistant.journal import Journal, entry
from netassist.audit import judged
from netassist.cli.many.orders import OTHER_FILES, Order, Row, Terms
from netassist.network import Network, Progress
from netassist.observations import SEVERITIES, Endpoint, Failed, Failure, Report, Stopwatch
from netassist.targets import host_port, parse_address
from netassist.tls.scanning import scanning
from netassist.tls.server import Server
from netassist.toolbox import Call

if TYPE_CHECKING:
    from netassist.tls.audit import TlsAudit

_log = logging.getLogger(__name__)


class Auditor:
    """Audits in this process. Belongs to the event loop that it is made in."""

    def __init__(self, terms: Terms, journal: Journal, progress: Callable[[Progress], None] = lambda _: None) -> None:
        self._terms, self._journal, self._progress = terms, journal, progress
        self._ca_file = Path(terms.settings.ca_file).expanduser() if terms.settings.ca_file else None
        self._networks: set[Network] = set()
        self._interrupted = False
        # Names are looked up in threads; asyncio has six of them on two cores, and one that hangs takes seconds.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(terms.jobs))
        _allow_files(terms.jobs * terms.at_once + OTHER_FILES)

    async def audit(self, order: Order) -> tuple[Row, bytes]:
        """The report in brief, and as it is to be written. Raises JournalError."""
        terms = self._terms
        network = Network(
            terms.settings.scope_for(order.host),
            timeout=terms.timeout,
            deadline=terms.deadline,
            progress=self._progress,
            ca_file=self._ca_file,
            revocation=terms.revocation,
            resolver=terms.settings.resolver,
        )
        self._networks.add(network)
        if self._interrupted:
            network.interrupt()
        try:
            report = await _measured(network, order, terms)
        finally:
            self._networks.discard(network)
        self._write_down(order, report)
        return _row(order, report), self._shown(report)

    def interrupt(self) -> None:
        """End what is under way; each report says what is known."""
        self._interrupted = True
        for network in self._networks:
            network.interrupt()

    async def close(self) -> None:
        """Nothing to end: audits are awaited by those who asked for them."""

    def _write_down(self, order: Order, report: Report) -> None:
        place = host_port(order.host, order.port)
        arguments: dict[str, str | int | bool] = {"host": order.host, "port": order.port}
        if self._terms.starttls:
            arguments["starttls"] = self._terms.starttls
        request = f"tls {place}{f' at {order.address}' if order.address else ''}"
        refused = report.error is not None and report.error.kind == "out_of_scope"
        outcome = report.error.message if refused and report.error else report
        call = Call("tls_audit", arguments)
        self._journal.write(entry(request, "the user", call, "nobody" if refused else "the request", outcome))

    def _shown(self, report: Report) -> bytes:
        terms = self._terms
        if terms.form == "text":
            from netassist.reports.style import ansi
            from netassist.reports.text import lines

            text = ansi(lines(report, width=terms.width), colour=terms.colour, encoding=terms.encoding)
            return text.encode(terms.encoding, "backslashreplace")
        from netassist.reports.json import encoded

        return encoded(report, pretty=terms.form == "json") + b"\n"


async def _measured(network: Network, order: Order, terms: Terms) -> Report:
    watch = Stopwatch()
    try:
        server = Server(network, order.host, order.port, terms.starttls, at_once=terms.at_once, delay=terms.delay)
        if order.address is not None and (address := parse_address(order.address)):
            network.pin(order.host, address)
        await network.resolve(order.host)
        async with scanning(server) as begun:
            if _AUDIT not in sys.modules:
                await asyncio.to_thread(_load, network.ca_file)
            from netassist.tls.audit import audited

            report: Report = judged(await audited(server, active_weaknesses=terms.active_weaknesses, begun=begun))
    except Failed as failed:
        return _nothing(order, terms, failed.failure, watch)
    except Exception as error:  # noqa: BLE001 - a mistake of ours with one server must not take the others along
        _log.error("%s", host_port(order.host, order.port), exc_info=error)
        what = f"{host_port(order.host, order.port)}: internal error ({type(error).__name__}: {error}); report it"
        return _nothing(order, terms, Failure("invalid", what), watch)
    if order.address is not None and isinstance(report.target, Endpoint) and report.target.address is None:
        # Nothing was reached there; --resume has to know where all the same.
        report = msgspec.structs.replace(report, target=msgspec.structs.replace(report.target, address=order.address))
    if network.interrupted and report.status != "ok":
        cut_short = Failure("timeout", f"{host_port(order.host, order.port)}: {INTERRUPTED}")
        return msgspec.structs.replace(report, error=cut_short)
    return report


def _load(ca_file: Path | None) -> None:
    """What an audit needs once its server has answered; in a thread, so that the server is asked meanwhile."""
    importlib.import_module(_AUDIT)
    from netassist.tls.trust import anchors

    with contextlib.suppress(Failed):  # told where certificates are judged
        anchors(ca_file)


_AUDIT = "netassist.tls.audit"
INTERRUPTED = "interrupted"
"""How the message of an audit ends that did not come to its end."""


def _nothing(order: Order, terms: Terms, failure: Failure, watch: Stopwatch) -> TlsAudit:
    from netassist.tls.audit import TlsAudit

    target = Endpoint(order.host, order.port, order.address, starttls=terms.starttls)
    return TlsAudit(target=target, status="failed", error=failure, **watch.stamp())


def _row(order: Order, report: Report) -> Row:
    from netassist.tls.audit import TlsAudit

    target, audit = report.target, report if isinstance(report, TlsAudit) else None
    worst = min(report.findings, key=lambda finding: SEVERITIES.index(finding.severity), default=None)
    return Row(
        number=order.number,
        target=host_port(order.host, order.port),
        address=target.address if isinstance(target, Endpoint) else None,
        status=report.status,
        error=report.error.kind if report.error else None,
        grade=audit.grade.letter if audit and audit.grade else None,
        versions=tuple(version for version, support in audit.protocols.items() if support == "accepted") if audit else (),
        quantum=audit.quantum if audit else "unknown",
        severity=worst.severity if worst else None,
        finding=worst.title if worst else None,
    )


def _allow_files(wanted: int) -> None:
    """Open files up to what the system allows this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
