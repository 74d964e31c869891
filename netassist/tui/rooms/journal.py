"""The journal: every call that was run or refused, the latest first, and whether the chain is whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar, cast

import msgspec
from textual.binding import Binding, BindingType
from textual.content import Content

from netassist.assistant.chain import entries, verify
from netassist.assistant.journal import Entry
from netassist.reports.layout import BLANK, Text, facts, heading, paragraph
from netassist.reports.style import Line, Span, Style
from netassist.toolbox import targets_of
from netassist.tui.columns import Cell, Column
from netassist.tui.rooms.room import Room, Row, Rows
from netassist.tui.styled import content, styled
from netassist.untrusted import as_text

MOST = 2000
"""Entries that are shown, the latest."""
STATUS: dict[str, tuple[str, Style]] = {
    "ok": ("✔ done", "good"),
    "partial": ("! in part", "warn"),
    "failed": ("✘ failed", "bad"),
    "refused": ("✘ refused", "bad"),
    "begun": ("▸ begun", "accent"),
}


class JournalRoom(Room):
    COLUMNS = (
        Column("time (UTC)", 8),
        Column("outcome", 7),
        Column("tool", 9, 24),
        Column("arguments", 8, 60, grows=True),
        Column("allowed by", 3, 26),
        Column("planned by", 3, 24),
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("a", "again", "Ask it again", id="journal.again")]

    def read(self) -> Rows:
        folder = self.netassist.journal.path.parent
        last: deque[tuple[int, Entry]] = deque(maxlen=MOST)
        total = unreadable = 0
        for line in entries(folder):
            total += 1
            try:
                last.append((total, msgspec.json.decode(line, type=Entry)))
            except msgspec.DecodeError:
                unreadable += 1
        chain = verify(folder)
        whole = styled(("  the chain is whole", "good")) if not chain.problems else styled((f"  {chain.problems[0]}", "bad"))
        if not total:
            whole = Content("")
        summary = styled((f"{total:,} entries", "title")) + whole
        summary += styled((f"  {unreadable} unreadable" if unreadable else "", "warn"))
        summary += styled((f"  head {chain.head.number}:{chain.head.hash[:12]}…" if total else "", "dim"))
        return Rows([_row(number, entry) for number, entry in reversed(last)], summary, "No call has been made yet.")

    def details(self, row: Row, width: int) -> Content:
        return content(_details(cast("Entry", row.item), width))

    def place(self, row: Row) -> str:
        return next(iter(targets_of(cast("Entry", row.item).call)), "")

    def action_again(self) -> None:
        if (row := self.chosen) is not None:
            self.netassist.write_there(cast("Entry", row.item).request)


def _row(number: int, entry: Entry) -> Row:
    mark, style = STATUS.get(entry.status, (as_text(entry.status, 12), "warn"))
    arguments = " ".join(f"{key}={value}" for key, value in entry.call.arguments.items())
    moment = entry.time.astimezone(UTC) if entry.time.tzinfo else entry.time
    cells = (
        Cell(f"{moment:%m-%d %H:%M:%S}", "dim"),
        Cell(mark, style),
        Cell(entry.call.name, "title"),
        Cell(arguments),
        Cell(entry.allowed_by, "dim"),
        Cell(entry.planned_by, "dim"),
    )
    return Row(str(number), cells, f"{entry.call} {entry.status} {entry.request} {entry.allowed_by} {entry.planned_by}", entry)


def _details(entry: Entry, width: int) -> Iterator[Line]:
    yield from heading(f"{entry.call.name}", width)
    mark, style = STATUS.get(entry.status, (entry.status, "warn"))
    rows: list[tuple[str, Text]] = [
        ("When", _written(entry.time)),
        ("Outcome", Span(mark, style)),
        ("Message", entry.message or ""),
        ("Asked", entry.request),
        ("Allowed", entry.allowed_by),
        ("Planned", entry.planned_by),
        ("User", entry.user),
        *((key, str(value)) for key, value in entry.call.arguments.items()),
        ("SHA-256", entry.digest or ""),
    ]
    yield from facts(rows, width, indent=0)
    for command in entry.commands:
        yield BLANK
        yield from paragraph(Span("Command", "dim"), width)
        yield from paragraph(" ".join(command), width)


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC) if moment.tzinfo else moment:%Y-%m-%d %H:%M:%S} UTC"
