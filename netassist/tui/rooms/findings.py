"""Findings of all sessions: by severity, host or rule; what is new, what is gone; two runs compared; accepted with a reason."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import ClassVar, cast

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from netassist.assistant.sessions import SessionError
from netassist.audit.exceptions import Exemption
from netassist.configuration import BadConfiguration
from netassist.observations import SEVERITIES, Report, Severity
from netassist.reports.layout import BLANK, Text, facts, heading, paragraph
from netassist.reports.style import Line, Span, Style
from netassist.reports.text.finding import TONES
from netassist.reports.words import count
from netassist.tui.columns import Cell, Chip, Column
from netassist.tui.compared import DIFFERENCES, Difference, Run, compared, earlier, runs_of
from netassist.tui.plots import severities
from netassist.tui.rooms.room import Room, Row, Rows
from netassist.tui.screens.choice import Choice, Offer
from netassist.tui.seen import Change, Seen, findings
from netassist.tui.styled import SEVERITY, ago, chip, content, styled
from netassist.untrusted import as_text

ORDERS = ("severity", "host", "rule")
Told = Change | Difference
CHANGES: dict[Told, tuple[str, Style]] = {
    "new": ("+ new", "warn"),
    "gone": ("− gone", "good"),
    "known": ("", "plain"),
    "unchanged": ("= unchanged", "dim"),
    "not run before": ("? not run before", "warn"),
    "not run now": ("? not run now", "warn"),
}
MEANINGS: dict[Told, str] = {
    "gone": "The latest run of the check has it no more.",
    "not run before": "The earlier run did not look there in this way, so it may have been there already.",
    "not run now": "The later run did not look there in this way, or came to no end, so it may be there still.",
}


class Findings(Room):
    COLUMNS = (
        Column("severity", 9),
        Column("finding", 8, 90, grows=True),
        Column("where", 7, 34),
        Column("run", 5, 20),
        Column("since", 4, right=True),
    )
    VIEWS = ("details", "severity by host")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "group", "Group", id="findings.group"),
        Binding("c", "changes", "Changes", id="findings.changes"),
        Binding("d", "compare", "Compare", id="findings.compare"),
        Binding("A", "accept", "Accept", id="findings.accept"),
        Binding("o", "accepted", "Accepted too", show=False, id="findings.accepted"),
        Binding("a", "again", "Again", id="findings.again"),
        Binding("v", "view", "Chart", show=False, id="findings.view"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._order = 0
        self._only_changes = self._with_accepted = False
        self._runs: tuple[Run, Run] | None = None

    def read(self) -> Rows:
        estate = self.netassist.estate()
        exemptions, trouble = accepted_here()
        now = self.netassist.clock()
        if self._runs is not None:
            return self._compared(*self._runs, exemptions, now)
        rows = [_row(each, _exempted(each, exemptions), now) for each in findings(estate.reports)]
        open_ones = [row for row in rows if not _accepted(row) and cast("Seen", row.item).change != "gone"]
        counted = Counter(cast("Seen", row.item).severity for row in open_ones)
        summary = styled((count(len(open_ones), "finding"), "title"))
        for severity in SEVERITIES:
            if counted[severity]:
                summary = summary + Content.assemble("  ", (f" {counted[severity]} {severity} ", chip(severity)))
        changes = Counter(cast("Seen", row.item).change for row in rows)
        told = [f"{changes['new']} new", f"{changes['gone']} gone"] if changes["new"] or changes["gone"] else []
        told += [f"{number} accepted" for number in (sum(map(_accepted, rows)),) if number]
        told += [f"{estate.unreadable} answers could not be read"] if estate.unreadable else []
        told += [trouble] if trouble else []
        summary = summary + styled((f"   {', '.join(told)}" if told else "", "dim"))
        return Rows(rows, summary, self._empty(bool(estate.held)))

    def _compared(self, before: Run, after: Run, exemptions: Sequence[Exemption], now: float) -> Rows:
        known = {each.located.key: each.since for each in findings(self.netassist.estate().reports) if each.change != "gone"}
        told = compared(before, after, known)
        counted = Counter(each.difference for each in told)
        summary = styled((f"{moment(before)} against {moment(after)} ", "title"))
        for difference in DIFFERENCES:
            if counted[difference] or difference in ("new", "gone", "unchanged"):
                style = CHANGES[difference][1] if counted[difference] else "dim"
                summary = summary + styled((f"  {counted[difference]} {difference}", style))
        rows = [_row(each, _exempted(each, exemptions), now) for each in (Seen(*each) for each in told)]
        return Rows(rows, summary, "Neither of the two runs has found anything.")

    def _summary(self, filtered: bool) -> Content:
        only = f"only changes, {len(self.shown)} shown (c: all)   " if self._only_changes else ""
        return styled((only, "warn")) + super()._summary(filtered)

    def _empty(self, measured: bool) -> str:
        if measured:
            return "Nothing was found in what has been measured (or it is filtered away; c and o change what is shown)."
        return "Nothing has been measured yet; ask about a host (1), and its findings stand here."

    def arranged(self, rows: Sequence[Row]) -> Sequence[Row]:
        kept = [row for row in rows if self._is_shown(row)]
        order = ORDERS[self._order]
        if order == "severity":
            return kept
        grouped = [row._replace(group=_group(cast("Seen", row.item), order)) for row in kept]
        ranks: dict[str, tuple[int, str]] = {}
        for row in grouped:
            rank = SEVERITIES.index(cast("Seen", row.item).severity)
            ranks[row.group] = min(ranks.get(row.group, (9, row.group)), (rank, row.group))
        return sorted(grouped, key=lambda row: ranks[row.group])

    def _is_shown(self, row: Row) -> bool:
        change = cast("Seen", row.item).change
        if self._runs is not None:
            return not self._only_changes or change != "unchanged"
        if self._only_changes:
            return change != "known"
        return change != "gone" and (self._with_accepted or not _accepted(row))

    def details(self, row: Row, width: int) -> Content:
        exemption = row.cells[3].text if _accepted(row) else ""
        return content(_details(cast("Seen", row.item), exemption, self.netassist.clock(), width))

    def overall(self, view: str, width: int) -> Content:
        counts: dict[str, Counter[Severity]] = {}
        for row in self.shown:
            seen = cast("Seen", row.item)
            if seen.change in ("gone", "not run now"):
                continue
            counts.setdefault(seen.located.place.host, Counter())[seen.severity] += 1
        title = styled((f"{view.capitalize()}\n\n", "title"))
        return title + severities([*counts.items()], width)

    def place(self, row: Row) -> str:
        return cast("Seen", row.item).where

    def reports_shown(self) -> list[Report]:
        """The reports that hold what is shown."""
        wanted = {id(cast("Seen", row.item).located.report) for row in self.shown}
        every = [report for run in self._runs for report in run.reports] if self._runs else self.netassist.estate().reports
        return [report for report in every if id(report) in wanted or _holds(report, wanted)]

    def record(self, row: Row) -> dict[str, str]:
        seen = cast("Seen", row.item)
        finding, place = seen.located.finding, seen.located.place
        told = {"severity": finding.severity, "rule": finding.id, "finding": finding.title, "host": place.host}
        told |= {"port": str(place.port or ""), "run": row.cells[3].text, "since": f"{seen.since:%Y-%m-%dT%H:%M:%SZ}"}
        told |= {"evidence": finding.evidence, "detail": finding.detail, "fix": finding.fix}
        return {name: as_text(value, 8000) for name, value in told.items()}

    def action_group(self) -> None:
        self._order = (self._order + 1) % len(ORDERS)
        self.show()
        self.netassist.say(f"By {ORDERS[self._order]}.")

    def action_changes(self) -> None:
        self._only_changes = not self._only_changes
        self.show()
        what = "Only what the latest run of a check says otherwise than the run before" if self._only_changes else "All findings"
        self.netassist.say(f"{what}; c shows the other.")

    def action_compare(self) -> None:
        if self._runs is not None:
            self._runs = None
            self.run_worker(self.action_read())
        else:
            self._choose_runs()

    @work
    async def _choose_runs(self) -> None:
        """Let the person choose two runs, of one host or of more, and show what differs."""
        app = self.netassist
        try:
            runs = runs_of((await asyncio.to_thread(app.estate)).held)
        except SessionError as error:
            app.say(str(error))
            return
        several = [run for run in runs if earlier(run, runs)]
        if not several:
            app.say("There are no two runs of the same check of the same place yet; a in this room audits again.")
            return
        later = await self._chosen_run("Compare: the later run (words narrow the list: a host, a date)", several)
        before = later and await self._chosen_run(f"Compare with {moment(later)}: the earlier run", earlier(later, runs))
        if later and before:
            self._runs, self._only_changes = (before, later), False
            await self.action_read()
            app.say("Two runs compared: c leaves out what is unchanged, d ends the comparison.")

    async def _chosen_run(self, title: str, runs: Sequence[Run]) -> Run | None:
        offers = [
            Offer(run.id, f"{moment(run)}  {', '.join(run.hosts[:4])}{'…' if len(run.hosts) > 4 else ''}", run.request)
            for run in runs
        ]
        chosen = await self.app.push_screen_wait(Choice(title, offers))
        return next((run for run in runs if run.id == chosen), None)

    def action_accepted(self) -> None:
        self._with_accepted = not self._with_accepted
        self.show()

    def action_again(self) -> None:
        self.ask(lambda place: f"run a comprehensive security audit on {place.rpartition(':')[0] or place}")

    def action_accept(self) -> None:
        if (row := self.chosen) is not None:
            seen = cast("Seen", row.item)
            self.netassist.accept(seen.located.finding.id, seen.where, partial(self.run_worker, self.action_read()))


def moment(run: Run) -> str:
    return f"{run.started:%Y-%m-%d %H:%M}"


def accepted_here() -> tuple[Sequence[Exemption], str]:
    """The exceptions of the project file of this folder, and why they cannot be read."""
    from netassist.audit.project import found, read

    file = found(Path.cwd())
    try:
        return (read(file).exceptions, "") if file is not None else ((), "")
    except BadConfiguration as error:
        return (), str(error)


def _exempted(seen: Seen, exemptions: Sequence[Exemption]) -> Exemption | None:
    place = seen.located.place
    today = date.today()
    return next(
        (e for e in exemptions if today <= e.expires and e.speaks_of(seen.located.finding.id, place.host, place.port)), None
    )


def _accepted(row: Row) -> bool:
    return row.cells[3].text.startswith("accepted")


def _group(seen: Seen, order: str) -> str:
    return seen.located.place.host if order == "host" else seen.located.finding.id


def _holds(report: Report, wanted: set[int]) -> bool:
    """Whether one of the reports inside an audit is wanted."""
    return any(id(part) in wanted for host in getattr(report, "hosts", ()) for part in getattr(host, "reports", ()))


def _row(seen: Seen, exemption: Exemption | None, now: float) -> Row:
    finding, severity = seen.located.finding, seen.severity
    change, tone = CHANGES[seen.change]
    if exemption:
        change, tone = f"accepted: {exemption.reason}", "good"
    cells = (
        Chip(severity.upper(), chip(severity)) if severity != "info" else Cell("INFO", "dim"),
        Cell(finding.title),
        Cell(seen.where, "dim"),
        Cell(change, tone),
        Cell(ago(now - seen.since.timestamp()), "dim"),
    )
    words = " ".join((severity, finding.title, seen.where, finding.id, finding.evidence, change))
    return Row(f"{seen.change} {seen.located.key}", cells, words, seen)


def _details(seen: Seen, exemption: str, now: float, width: int) -> Iterator[Line]:
    finding = seen.located.finding
    mark = TONES[finding.severity].mark
    yield from paragraph(Span(finding.title, "title"), width, lead=Span(f"{mark} ", SEVERITY[finding.severity]))
    yield from paragraph(Span(f"{finding.id} at {seen.where}", "dim"), width)
    if seen.change in MEANINGS:
        yield from paragraph(Span(MEANINGS[seen.change], CHANGES[seen.change][1]), width)
    if exemption:
        yield from paragraph(Span(exemption, "good"), width)
    yield BLANK
    yield from paragraph(finding.detail, width)
    yield BLANK
    yield from heading("What to do", width)
    yield from paragraph(finding.fix or "Nothing needs to be done.", width)
    yield BLANK
    since = f"{ago(now - seen.since.timestamp())} ago"
    rows: list[tuple[str, Text]] = [("Evidence", finding.evidence), ("Since", since)]
    rows += [("See", Span(url, "dim")) for url in finding.references]
    yield from facts(rows, width, indent=0)
