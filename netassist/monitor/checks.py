"""A watch is measured: through the gate and the scope as every call, within a deadline below its interval.

tcp, http and https take one connection and one request (`Network` opens it), for they are the many; the rest run the toolbox's
tool. What may be touched is decided once for a watch and asked again of every address and port that is connected to.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from netassist.configuration import Settings
from netassist.grounding import STARTTLS_PORTS
from netassist.monitor.happening import Result
from netassist.monitor.judging import Reached, of_failure, of_reached, of_report, of_trouble
from netassist.monitor.watch import Check, Watch, port_of
from netassist.monitor.way_out import Repeated
from netassist.network import Network
from netassist.observations import Failed, Failure
from netassist.scope import Scope, port_list
from netassist.targets import Url, host_of, host_port, parse_url, port_numbers, port_ranges
from netassist.toolbox import Call, Value, run, tools

HEAVY: frozenset[Check] = frozenset({"smtp", "certificate", "tls", "quantum", "ssh", "nmap"})
"""Checks that take many packets or much of the processor; few of them run at once."""
WEB_PORTS = (3000, 5000, *range(8000, 8101), 8443, 8888, *range(9000, 9101), 9443)
PAGE_LIMIT = 65536
STEP = 5.0
"""Seconds for one step of a light check."""
_LIGHT_DEADLINE = 10.0
_OVERTIME = 10.0
"""Seconds after its deadline in which a probe has to come to its end by itself."""


def call_for(watch: Watch) -> Call:
    """The toolbox's call that measures what a watch watches; it is what the gate decides on."""
    bare, port = host_of(watch.host), port_of(watch)
    host: dict[str, Value] = {"host": bare}
    at_port: dict[str, Value] = {"port": port} if port else {}
    match watch.check:
        case "icmp":
            return Call("ping", host)
        case "tcp":
            return Call("tcp_check", {"host": bare, "port": port or 0})
        case "dns":
            kind = watch.limits.record_type
            return Call("dns_lookup", {"name": bare, "record_type": kind} if kind else {"name": bare})
        case "http" | "https":
            return Call("http_check", {"url": url_of(watch).text})
        case "nmap":
            looked_at = str(port) if port else _ports_to_scan(watch.limits.ports)
            return Call("nmap_scan", {"target": bare, "ports": looked_at} if looked_at else {"target": bare})
        case "certificate" | "tls":
            tool = "certificate_info" if watch.check == "certificate" else "tls_audit"
            upgraded = starttls_of(port)
            return Call(tool, host | at_port | ({"starttls": upgraded} if upgraded else {}))
        case "quantum":
            return Call("quantum_check", host | at_port | ({"protocol": "ssh"} if port == 22 else {}))
        case "smtp" | "ssh":
            tool = "smtp_check" if watch.check == "smtp" else "ssh_audit"
            return Call(tool, host | at_port)


def url_of(watch: Watch) -> Url:
    """What an http or https check asks for: the URL as it was written, whose scheme holds, else the host's first page."""
    if "://" in watch.host:
        written = parse_url(watch.host)
        port = watch.port or written.port
        return parse_url(f"{written.scheme}://{host_port(written.host.text, port)}{written.path}") if watch.port else written
    port = port_of(watch) or (443 if watch.check == "https" else 80)
    return parse_url(f"{watch.check}://{host_port(host_of(watch.host), port)}/")


def _ports_to_scan(expected: str | None) -> str:
    """What is expected, and for what is not: all well-known ports, those that should not be open anywhere, and where web servers
    often are. Nmap's quick choice where nothing is expected.
    """
    if not expected:
        return ""
    from netassist.audit.exposed import TCP_PORTS

    return port_list({*range(1, 1025), *TCP_PORTS, *WEB_PORTS, *port_numbers(port_ranges(expected))})


def starttls_of(port: int | None) -> str | None:
    """The protocol that is upgraded to TLS on a well-known port; None where TLS comes first."""
    return next((name for name, ports in STARTTLS_PORTS.items() if port in ports), None)


def deadline_of(watch: Watch) -> float:
    """Seconds that a check may take: its tool's deadline, and four fifths of its interval at most."""
    own = _LIGHT_DEADLINE if watch.check in ("icmp", "tcp", "dns", "http", "https") else tools()[call_for(watch).name].deadline_s
    return min(own, 0.8 * watch.interval)


class _Prepared(NamedTuple):
    """What is the same for every check of a watch; `way` is None for those that get a `Network` of their own each time."""

    watch: Watch
    scope: Scope
    deadline: float
    measure: Callable[[Watch, Network, float], Awaitable[Result]]
    way: Repeated | None


class Checker:
    """Carries out checks within a configuration, those of one watch one after another. What is decided of it is kept."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._prepared: dict[str, _Prepared | Failure] = {}
        self._ca_file = Path(settings.ca_file).expanduser() if settings.ca_file else None

    def forget(self) -> None:
        """The configuration or the watches have changed."""
        self._prepared.clear()

    async def check(self, watch: Watch, at: float) -> Result:
        """Measure and judge once; `at` is the time that the result bears. Every failure is a result."""
        try:
            held = self._prepared.get(watch.key)
            if held is None or (isinstance(held, _Prepared) and held.watch is not watch):
                held = self._prepared[watch.key] = await self._prepare(watch)
            if isinstance(held, Failure):
                return of_failure(watch, held, at)
            if held.way is not None:
                return await held.measure(watch, held.way.renewed(held.deadline), at)
            network = Network(
                held.scope, timeout=STEP, deadline=held.deadline, ca_file=self._ca_file, resolver=self._settings.resolver
            )
            async with asyncio.timeout(held.deadline + _OVERTIME):
                return await held.measure(watch, network, at)
        except Failed as failed:
            return of_failure(watch, failed.failure, at)
        except TimeoutError:
            return of_trouble(watch, TimeoutError("the check did not end at its deadline"), at)
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                return of_failure(watch, Failure("denied", "Too many open files: no file descriptor is left"), at)
            return of_trouble(watch, error, at)
        except Exception as error:  # noqa: BLE001 - a mistake of ours in one check must not end the watching of all others
            return of_trouble(watch, error, at)

    async def _prepare(self, watch: Watch) -> _Prepared | Failure:
        scope = await self._admitted(watch)
        if isinstance(scope, Failure):
            return scope
        deadline, measure = deadline_of(watch), _MEASURES.get(watch.check, _tool)
        way = Repeated(
            scope, timeout=min(STEP, deadline), ca_file=self._ca_file, resolver=self._settings.resolver
        ) if watch.check in ("tcp", "http", "https") else None  # fmt: skip
        return _Prepared(watch, scope, deadline, measure, way)

    async def _admitted(self, watch: Watch) -> Scope | Failure:
        """The scope of a watch's calls: whoever put it there named its host and agreed to active checks, and to nothing more."""
        from netassist.assistant.gate import Refused, admit

        async def nobody(_call: Call, _risk: str) -> bool:
            return False

        try:
            passed = await admit(call_for(watch), self._settings, None, frozenset({"active"}), nobody)
        except Refused as refused:
            return Failure("out_of_scope" if refused.kind == "out_of_scope" else "denied", str(refused))
        return passed.scope


async def _tcp(watch: Watch, network: Network, at: float) -> Result:
    host, port = host_of(watch.host), port_of(watch)
    if port is None or not isinstance(network, Repeated):
        raise Failed("invalid", f"{watch.host}: a tcp check needs a port")
    return of_reached(watch, Reached(round(await network.reach(host, port), 3)), at)


async def _http(watch: Watch, network: Network, at: float) -> Result:
    from netassist.probes.http_exchange import get

    url, content = url_of(watch), watch.limits.content
    began = monotonic()
    answer = await get(network, url, verify=False, limit=PAGE_LIMIT)
    if answer.cut is not None:
        raise answer.cut
    days = answer.tls.days_left if answer.tls else None
    whole = len(answer.body) < PAGE_LIMIT
    body = answer.body if content is not None else None
    ms = answer.timing.total or _ms(began)
    found = Reached(ms, answer.status_code, body, whole, answer.tls_error, days, answer.certificate)
    return of_reached(watch, found, at)


async def _icmp(watch: Watch, network: Network, at: float) -> Result:
    """One echo request; where it is lost, or a loss is to be told, three more."""
    from netassist.probes.ping import ping

    host = host_of(watch.host)
    report = await ping(network, host, 1 if watch.limits.loss is None else 4)
    if report.status != "failed" and not report.received and watch.limits.loss is None and network.remaining > STEP / 2:
        report = await ping(network, host, 3)
    return of_report(watch, report, at)


_MEASURES: Mapping[Check, Callable[[Watch, Network, float], Awaitable[Result]]] = {
    "tcp": _tcp, "http": _http, "https": _http, "icmp": _icmp,
}  # fmt: skip


async def _tool(watch: Watch, network: Network, at: float) -> Result:
    return of_report(watch, await run(call_for(watch), network), at)


def _ms(began: float) -> float:
    return round((monotonic() - began) * 1000, 3)
