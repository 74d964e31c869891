"""Certificates: the next to expire first, on one timeline; beside each its faults and what a quantum computer breaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple, cast

from textual.binding import Binding, BindingType
from textual.content import Content

from netassist.observations import Report
from netassist.reports.html import certificates as axis
from netassist.reports.html.readiness import WORDS, Server, readiness
from netassist.reports.layout import BLANK, Text, facts, heading, paragraph
from netassist.reports.located import Place
from netassist.reports.style import Line, Span, Style
from netassist.reports.text.certificate import key_words, names_words
from netassist.reports.words import count, day
from netassist.tui.columns import Cell, Column
from netassist.tui.known import latest
from netassist.tui.plots import span
from netassist.tui.rooms.room import Room, Row, Rows
from netassist.tui.styled import content, styled
from netassist.untrusted import as_text

TONES: dict[str, Style] = {"bad": "bad", "warn": "warn", "good": "good"}
QUANTUM = {"safe": "✔ safe", "available": "! on offer", "not_safe": "✘ not safe", "unknown": "? unknown"}


class Shown(NamedTuple):
    """A certificate on the timeline, and what is known of its servers' key exchange; `days` are left now."""

    row: axis.Row
    servers: Sequence[Server]
    days: int

    @property
    def tone(self) -> Style:
        if self.days < 0 or self.row.state == "bad":
            return "bad"
        return "warn" if self.days <= 21 else "good"


class Certificates(Room):
    COLUMNS = (
        Column("where", 8, 40, grows=True, least=18),
        Column("until", 7),
        Column("left", 9, right=True),
        Column("subject", 5, 30, grows=True, least=10),
        Column("issuer", 3, 26, grows=True, least=10),
        Column("key", 4, 18),
        Column("quantum", 6),
        Column("problems", 2, 30, grows=True, least=12),
    )
    VIEWS = ("details", "timeline to expiry")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "again", "Read again", id="certificates.again"),
        Binding("v", "view", "Timeline", id="certificates.view"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._timeline: axis.Timeline | None = None

    def read(self) -> Rows:
        reports = latest(self.netassist.estate().reports)
        self._timeline = axis.timeline(reports)
        if self._timeline is None:
            return Rows((), empty="No certificate has been read yet; ask about one (1): when does the certificate of … expire?")
        now = datetime.fromtimestamp(self.netassist.clock(), self._timeline.now.tzinfo)
        ready = readiness(reports)
        servers = ready.servers if ready is not None else ()
        shown = [
            Shown(row, [s for s in servers if s.place in row.places], (row.held.not_after - now).days)
            for row in self._timeline.rows
        ]
        soon = sum(0 <= each.days <= 30 for each in shown)
        over = sum(each.days < 0 for each in shown)
        summary = styled((count(len(shown), "certificate"), "title"))
        summary += styled((f"  {over} expired" if over else "", "bad"), (f"  {soon} within 30 days" if soon else "", "warn"))
        if ready is not None:
            told = ", ".join(f"{share.number} {WORDS[share.verdict]}" for share in ready.shares if share.number)
            summary += styled((f"   servers: {told}", "dim"))
        return Rows([_row(each) for each in shown], summary)

    def place(self, row: Row) -> str:
        return str(cast("Shown", row.item).row.places[0])

    def details(self, row: Row, width: int) -> Content:
        return content(_details(cast("Shown", row.item), width))

    def overall(self, view: str, width: int) -> Content:
        title = styled(("Timeline to expiry\n\n", "title"))
        return title + (_drawn(self._timeline, [cast("Shown", row.item) for row in self.shown], width) if self._timeline else "")

    def reports_shown(self) -> list[Report]:
        """The reports that a certificate was read in."""
        return [each for each in latest(self.netassist.estate().reports) if axis.timeline([each]) is not None]

    def record(self, row: Row) -> dict[str, str]:
        shown = cast("Shown", row.item)
        held = shown.row.held
        told = {"where": ", ".join(map(str, shown.row.places)), "subject": held.subject, "issuer": held.issuer}
        told |= {"valid from": day(held.not_before), "valid until": day(held.not_after), "days left": str(shown.days)}
        told |= {"key": key_words(held), "quantum": row.cells[6].text, "problems": ", ".join(shown.row.problems)}
        told |= {"serial": held.serial, "sha256": held.fingerprint_sha256}
        return {name: as_text(value, 2000) for name, value in told.items()}

    def action_again(self) -> None:
        self.ask("give me info on the SSL certificate of {}".format)


def _row(each: Shown) -> Row:
    held, places = each.row.held, [str(place) for place in each.row.places]
    verdicts = {server.verdict for server in each.servers}
    worst = next((verdict for verdict in ("not_safe", "available", "unknown", "safe") if verdict in verdicts), None)
    cells = (
        Cell(places[0] + (f" +{len(places) - 1}" if len(places) > 1 else "")),
        Cell(day(held.not_after)),
        Cell("expired" if each.days < 0 else f"{each.days} d", each.tone),
        Cell(_common(held.subject)),
        Cell(_common(held.issuer), "dim"),
        Cell(key_words(held), "dim"),
        Cell(QUANTUM[worst] if worst else "", "good" if worst == "safe" else "warn"),
        Cell(", ".join(each.row.problems), "warn"),
    )
    words = " ".join((*places, held.subject, held.issuer, key_words(held), *each.row.problems))
    return Row(held.fingerprint_sha256, cells, words, each)


def _common(name: str) -> str:
    """The common name of a distinguished name, the whole of it where it has none."""
    found = [part[3:] for part in name.split(",") if part.strip().upper().startswith("CN=") for part in [part.strip()]]
    return found[0] if found else name


def _details(each: Shown, width: int) -> Iterator[Line]:
    held, row = each.row.held, each.row
    yield from heading(row.subject, width)
    left = f"expired {-each.days} days ago" if each.days < 0 else count(each.days, "day") + " left"
    trust = {True: Span("trusted", "good"), False: Span("not trusted", "bad"), None: Span("not known", "warn")}[row.trusted]
    rows: list[tuple[str, Text]] = [
        ("Where", ", ".join(map(str, row.places))),
        ("Names", names_words(held)),
        ("Issuer", held.issuer),
        ("Valid", f"{day(held.not_before)} to {day(held.not_after)}"),
        ("Left", Span(left, each.tone)),
        ("Key", key_words(held)),
        ("Trust", trust),
        ("Problems", Span(", ".join(row.problems), "warn") if row.problems else ""),
        ("Serial", held.serial),
        ("SHA-256", held.fingerprint_sha256),
    ]
    yield from facts(rows, width, indent=0)
    yield BLANK
    yield from heading("Against a quantum computer", width)
    if not each.servers:
        yield from paragraph("Its servers' key exchange was not asked for; ask: is it quantum safe?", width)
    for server in each.servers:
        with_what = f", with {server.negotiated}" if server.negotiated else ""
        text = f"{server.place} ({server.protocol}): {WORDS[server.verdict]}{with_what}"
        style: Style = "good" if server.verdict == "safe" else "bad" if server.verdict == "not_safe" else "warn"
        yield from paragraph(Span(text, style), width)
        if server.authentication:
            yield from paragraph(Span(f"proves itself with {server.authentication}", "dim"), width, indent=2)
        if server.deadline is not None:
            due = f"{server.deadline.what} after {server.deadline.after} ({server.deadline.standard})"
            yield from paragraph(Span(due, "dim"), width, indent=2)


def _drawn(timeline: axis.Timeline, some: Sequence[Shown], width: int) -> Content:
    names = min(max((len(_first(each.row.places)) for each in some), default=8), max(width // 3, 10))
    room = max(width - names - 12, 10)
    ends = f"{day(timeline.first)}{day(timeline.last):>{max(room - 10, 11)}}"
    lines = [styled((" " * (names + 2) + ends, "dim"))]
    for each in some:
        place = _first(each.row.places)[:names]
        begin, end = each.row.x / axis.WIDTH, (each.row.x + each.row.width) / axis.WIDTH
        bar = span(begin, end, timeline.x / axis.WIDTH, room, each.tone)
        left = "expired" if each.days < 0 else f"{each.days} d"
        lines.append(styled((f"{place:<{names}}  ", "plain")) + bar + styled((f" {left:>8}", each.tone)))
    lines.append(styled((f"{'':<{names}}  │ when the last of them was read, {day(timeline.now)}", "dim")))
    return Content("\n").join(lines)


def _first(places: Sequence[Place]) -> str:
    return str(places[0])
