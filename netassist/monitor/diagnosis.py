"""A bounded look at what a new critical alert is about, with tools that the owner allowed beforehand; its evidence goes along."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from netassist.monitor.alert import Alert
from netassist.monitor.alerting import STATE
from netassist.monitor.store.trouble import StoreTrouble
from netassist.monitor.watch import Check, Watch
from netassist.targets import host_of, parse_address
from netassist.toolbox import Call, Value
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.assistant.answers import Step
    from netassist.assistant.journal import Journal
    from netassist.configuration import Settings
    from netassist.entities import Entity

_log = logging.getLogger(__name__)

MOST_CALLS = 10
USEFUL = (
    "dns_lookup", "ping", "tcp_check", "http_check", "certificate_info", "smtp_check", "ssh_audit", "nmap_scan", "traceroute",
)  # fmt: skip
"""Tools that a diagnosis may run, from what is quick to what takes its time."""
MOST_EVIDENCE = 2000
"""Characters."""
FRESH = 300.0
"""Seconds after its opening in which an alert is looked at; later, what is measured says little of how it began."""
_MOST_KNOWN = 10_000


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The table ``[diagnosis]``.

    Args:
        tools: names of the tools that may be run without asking, passive and active ones; none where it is empty.
        calls: the most that are run for one alert.
        seconds: all of them together.
        at_once: alerts that are looked at side by side; of more, each waits its turn.
        most: alerts of one moment that are looked at; of a hundred that open at once, the first few say what the rest would.
    """

    tools: tuple[str, ...] = ()
    calls: int = 4
    seconds: int = 20
    at_once: int = 2
    most: int = 5

    def __post_init__(self) -> None:
        from netassist.toolbox import tools

        for name in self.tools:
            tool = tools().get(name)
            if tool is None:
                raise ValueError(f"there is no tool {name!r}; `netassist tools` lists them")
            if tool.risk not in ("passive", "active"):
                raise ValueError(f"{name} is {tool.risk}, and only passive and active tools are run without asking")
            if name not in USEFUL:
                raise ValueError(f"{name} tells nothing of what is down; there are {', '.join(USEFUL)}")
        if not 1 <= self.calls <= MOST_CALLS:
            raise ValueError(f"calls = {self.calls} is not between 1 and {MOST_CALLS}")
        if not (1 <= self.seconds <= 120 and 1 <= self.at_once <= 10 and 1 <= self.most <= 50):
            raise ValueError("seconds is between 1 and 120, at_once between 1 and 10, most between 1 and 50")


_BY_CHECK: Mapping[Check, tuple[str, ...]] = {
    "icmp": ("dns_lookup", "traceroute", "ping"),
    "tcp": ("dns_lookup", "ping", "tcp_check", "traceroute", "nmap_scan"),
    "dns": ("dns_lookup", "ping"),
    "http": ("dns_lookup", "tcp_check", "http_check", "ping", "traceroute"),
    "https": ("dns_lookup", "tcp_check", "http_check", "certificate_info", "ping", "traceroute"),
    "smtp": ("dns_lookup", "tcp_check", "smtp_check", "ping", "traceroute"),
    "certificate": ("certificate_info", "dns_lookup", "tcp_check", "ping"),
    "tls": ("certificate_info", "dns_lookup", "tcp_check", "ping"),
    "quantum": ("certificate_info", "dns_lookup", "tcp_check", "ping"),
    "ssh": ("dns_lookup", "tcp_check", "ssh_audit", "ping", "traceroute"),
    "nmap": ("ping", "dns_lookup", "traceroute", "nmap_scan"),
}
"""What tells most, in its order, by the check that found the trouble."""
_PORTS: Mapping[Check, int] = {"http": 80, "https": 443, "smtp": 25, "certificate": 443, "tls": 443, "quantum": 443, "ssh": 22}


def planned(watch: Watch, diagnosis: Diagnosis) -> tuple[Call, ...]:
    """The calls that look at what a watch watches: those that are allowed, the most telling first, all at its own host."""
    calls = (_call(name, watch) for name in _BY_CHECK[watch.check] if name in diagnosis.tools)
    return tuple(call for call in calls if call is not None)[: diagnosis.calls]


def _call(name: str, watch: Watch) -> Call | None:
    from netassist.monitor.checks import url_of
    from netassist.monitor.watch import port_of

    host, port = host_of(watch.host), port_of(watch) or _PORTS.get(watch.check)
    arguments: dict[str, Value] = {"host": host}
    if name == "dns_lookup":
        if parse_address(host) is not None:
            return None
        arguments = {"name": host}
    elif name == "http_check":
        arguments = {"url": url_of(watch).text}
    elif name == "nmap_scan":
        arguments = {"target": host}
        if port:
            arguments["ports"] = str(port)
    elif name in ("tcp_check", "certificate_info", "smtp_check", "ssh_audit"):
        if port is None:
            return None
        arguments |= {"port": port}
    return Call(name, arguments)


def evidence_of(steps: Sequence[Step]) -> str:
    """What was measured, a line a call, at most `MOST_EVIDENCE` characters."""
    from netassist.reports.text import sentence

    lines: list[str] = []
    left = MOST_EVIDENCE
    for step in steps:
        said = sentence(step.report) if step.report is not None else step.message or step.status
        line = as_text(f"{step.call.name}: {said}", min(500, max(left, 1)))
        if left <= len(line):
            break
        lines.append(line)
        left -= len(line) + 1
    return "\n".join(lines)


class AlertShelf(Protocol):
    """What of the store a diagnosis needs."""

    def alert(self, id: str) -> Alert | None: ...
    def put_alert(self, alert: Alert) -> None: ...


class Diagnoser:
    """Looks at new critical alerts, a few at once, each within its calls and seconds, and writes down what it found.

    Args:
        terms, settings: those of now, asked anew for each alert.
        journal: where every call leaves its line.
    """

    def __init__(
        self,
        store: AlertShelf,
        terms: Callable[[], Diagnosis],
        settings: Callable[[], Settings],
        journal: Journal,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._terms, self._settings, self._journal, self._now = store, terms, settings, journal, now
        self._running: dict[str, asyncio.Task[None]] = {}
        self._known: dict[str, float] = {}
        self._at_once: tuple[int, asyncio.Semaphore] = (0, asyncio.Semaphore(0))

    @property
    def busy(self) -> frozenset[str]:
        """Ids of the alerts that are being looked at, or wait to be."""
        return frozenset(self._running)

    def consider(self, alerts: Sequence[Alert], watches: Mapping[str, Watch]) -> None:
        """Begin with those that are new, critical and about how something stands; of many, the first few."""
        now, terms = self._now(), self._terms()
        if not terms.tools:
            return
        for alert in sorted(alerts, key=lambda alert: alert.opened):
            watch = watches.get(alert.watch)
            new = alert.status == "open" and alert.id not in self._known and not alert.evidence
            if watch is None or not new or alert.level != "critical" or alert.about != STATE:
                continue
            if not 0 <= now - alert.opened <= FRESH or self._of_late(now) >= terms.most:
                continue
            self._known[alert.id] = now
            task = asyncio.create_task(self._look(alert, watch, terms))
            self._running[alert.id] = task
            task.add_done_callback(lambda ended, id=alert.id: self._ended(id, ended))  # type: ignore[misc]

    async def stop(self) -> None:
        """Give up what is under way."""
        tasks = [*self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def done(self) -> None:
        """Wait until nothing is under way."""
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _of_late(self, now: float) -> int:
        """Alerts that were taken up within the last minute."""
        while len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        return sum(abs(now - at) < 60 for at in self._known.values())

    def _ended(self, id: str, task: asyncio.Task[None]) -> None:
        self._running.pop(id, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("the diagnosis of alert %s failed", id, exc_info=error)

    async def _look(self, alert: Alert, watch: Watch, terms: Diagnosis) -> None:
        if self._at_once[0] != terms.at_once:
            self._at_once = (terms.at_once, asyncio.Semaphore(terms.at_once))
        async with self._at_once[1]:
            steps = await examined(alert, watch, terms, self._settings(), self._journal)
        evidence = evidence_of(steps)
        if evidence:
            try:
                await asyncio.to_thread(self._add, alert.id, evidence)
            except StoreTrouble as trouble:
                _log.error("what the diagnosis of alert %s measured is lost: %s", alert.id, trouble)

    def _add(self, id: str, evidence: str) -> None:
        """To the alert as it is now; it may have been resolved meanwhile."""
        alert = self._store.alert(id)
        if alert is not None:
            self._store.put_alert(msgspec.structs.replace(alert, evidence=evidence))


async def examined(alert: Alert, watch: Watch, terms: Diagnosis, settings: Settings, journal: Journal) -> Sequence[Step]:
    """Run the planned calls as every call is run: grounded in the watch, through scope and gate, with a line in the journal."""
    from netassist.assistant.running import Order, Runner

    calls = planned(watch, terms)
    if not calls:
        return ()

    async def allowed(call: Call, risk: str) -> bool:
        return call.name in terms.tools and risk in ("passive", "active")

    journal.open()
    runner = Runner(settings, journal, allowed, frozenset())
    runner.begin(lambda _: None)
    order = Order(f"diagnosis of alert {alert.id}, {watch.key}", "monitor", _reach(watch))
    timer = asyncio.get_running_loop().call_later(terms.seconds, runner.stop, f"the diagnosis has {terms.seconds} s")
    try:
        return await runner.run(calls, 0, order)
    finally:
        timer.cancel()


def _reach(watch: Watch) -> tuple[Entity, ...]:
    """What a diagnosis may point at: the watch's own host, URL and port."""
    from netassist.entities import Entity
    from netassist.monitor.checks import url_of
    from netassist.monitor.watch import port_of

    host = host_of(watch.host)
    found = [Entity("host", host, host, 0, len(host))]
    if watch.check in ("http", "https"):
        url = url_of(watch).text
        found.append(Entity("url", url, url, 0, len(url)))
    port = port_of(watch) or _PORTS.get(watch.check)
    if port is not None:
        found += [Entity("number", str(port), port, 0, 0), Entity("ports", str(port), str(port), 0, 0)]
    return tuple(found)
