"""Targets: the user's own hosts and all that were looked at, with the latest verdicts; ask, scan and audit from here."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import ClassVar, cast

from textual.binding import Binding, BindingType
from textual.content import Content

from netassist.observations import Report
from netassist.reports.layout import BLANK, facts, heading, paragraph
from netassist.reports.style import Line, Span, Style
from netassist.reports.text import verdict
from netassist.reports.text.finding import TONES
from netassist.reports.words import count, listed
from netassist.targets import parse_network
from netassist.tui.columns import Cell, Column
from netassist.tui.known import Host, hosts
from netassist.tui.plots import port_map, severities
from netassist.tui.rooms.room import Room, Row, Rows
from netassist.tui.styled import SEVERITY, ago, content, styled

QUANTUM = {"safe": "safe", "available": "on offer", "not_safe": "not safe", "unknown": "?"}


class Targets(Room):
    COLUMNS = (
        Column("host", 9, 44, grows=True, least=15),
        Column("yours", 4, 18),
        Column("worst", 8),
        Column("grade", 7),
        Column("quantum", 6),
        Column("cert.", 6, right=True),
        Column("ports", 3, 12),
        Column("seen", 5, right=True),
    )
    VIEWS = ("details", "map of open ports", "severity by host")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "audit", "Audit", id="targets.audit"),
        Binding("s", "scan", "Scan", id="targets.scan"),
        Binding("t", "tls", "TLS", id="targets.tls"),
        Binding("n", "new", "Add", id="targets.add"),
        Binding("w", "watch", "Watch", id="targets.watch"),
        Binding("v", "view", "Maps", id="targets.view"),
    ]

    def read(self) -> Rows:
        estate = self.netassist.estate()
        found = hosts(estate.reports, self.netassist.settings.targets)
        now = self.netassist.clock()
        rows = [_row(host, now) for host in found]
        looked = sum(bool(host.reports) for host in found)
        summary = styled((count(len(found), "host"), "title"), (f", {looked} looked at", "dim"))
        return Rows(rows, summary, "No host yet: n adds yours, or ask about one (1), and it stands here.")

    def place(self, row: Row) -> str:
        return cast("Host", row.item).host

    def details(self, row: Row, width: int) -> Content:
        return content(_details(cast("Host", row.item), self.netassist.clock(), width))

    def overall(self, view: str, width: int) -> Content:
        some = [cast("Host", row.item) for row in self.shown]
        title = styled((f"{view.capitalize()}\n\n", "title"))
        if view.startswith("map"):
            return title + port_map([(host.host, host.ports) for host in some], width)
        return title + severities([(host.host, host.counts) for host in some if host.reports], width)

    def reports_shown(self) -> list[Report]:
        """The latest reports about the hosts that are shown."""
        every = [report for row in self.shown for report in cast("Host", row.item).reports]
        return [*{id(report): report for report in every}.values()]

    def action_audit(self) -> None:
        self.ask("run a comprehensive security audit on {}".format)

    def action_scan(self) -> None:
        self.ask(lambda host: f"who is up in {host}?" if "/" in host else f"which ports are open on {host}?")

    def action_tls(self) -> None:
        self.ask("audit the TLS configuration of {}".format)

    def action_watch(self) -> None:
        if (row := self.chosen) is not None:
            host = cast("Host", row.item)
            if "/" in host.host:
                self.netassist.say("A network is not watched as a whole; scan it, and watch the hosts that are found.")
            else:
                self.netassist.watch_host(host.host, host.tls_port)

    def action_new(self) -> None:
        self.netassist.add_targets(partial(self.run_worker, self.action_read(), exclusive=False))


def _row(host: Host, now: float) -> Row:
    worst = host.worst
    left = "" if host.days_left is None else f"{host.days_left} d"
    tone: Style = "plain" if host.days_left is None or host.days_left > 21 else "bad" if host.days_left < 7 else "warn"
    quantum = QUANTUM[host.quantum] if host.quantum else ""
    grade: Style = "good" if host.grade[:1] == "A" else "warn" if host.grade[:1] in ("B", "C") else "bad"
    seen = ago(now - host.seen.timestamp()) if host.seen else "never"
    cells = (
        Cell(host.host),
        Cell(", ".join(host.names), "accent"),
        Cell(f"{TONES[worst].mark} {worst}" if worst else "✔ none" if host.reports else "", SEVERITY[worst] if worst else "good"),
        Cell(host.grade, grade),
        Cell(quantum, "good" if host.quantum == "safe" else "warn"),
        Cell(left, tone),
        Cell(" ".join(map(str, host.ports[:3])) + (" …" if len(host.ports) > 3 else ""), "dim"),
        Cell(seen, "dim"),
    )
    words = " ".join((host.host, *host.names, host.grade, worst or "", *map(str, host.ports)))
    return Row(host.host, cells, words, host)


def _details(host: Host, now: float, width: int) -> Iterator[Line]:
    title = f"{host.host} ({', '.join(host.names)})" if host.names else host.host
    yield from heading(title, width)
    if not host.reports:
        network = parse_network(host.host)
        size = f" It has {network.num_addresses:,} addresses." if network is not None and network.num_addresses > 1 else ""
        yield from paragraph(f"Not looked at yet.{size} a audits it, s scans its ports, t its TLS.", width)
        return
    counted = [f"{number} {severity}" for severity, number in host.counts.items() if number]
    ports = ", ".join(map(str, host.ports))
    rows = [("Found", listed(counted) or "nothing"), ("Grade", host.grade), ("Open", ports)]
    yield from facts(rows, width, indent=0)
    for report in host.reports[:12]:
        yield BLANK
        text, tone = verdict(report)
        style: Style = "plain" if tone.style == "title" else tone.style
        yield from paragraph(Span(text, style), width, lead=Span(f"{tone.mark} ", tone.style))
        yield from paragraph(Span(f"{ago(now - report.started.timestamp())} ago", "dim"), width, indent=2)
