"""Export of what is seen: the rows that a room shows as a table, or the whole results behind them in any report format."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from netassist.reports.words import count
from netassist.tui.screens.choice import Choice, Offer
from netassist.tui.screens.written import Written

if TYPE_CHECKING:
    from netassist.observations import Report
    from netassist.tui.deeds import Deeds

Record = Mapping[str, str]
TABLES = (".csv", ".md", ".json")


async def export(app: Deeds) -> None:
    """Let the person choose what and where to; say what has become of it."""
    records, reports = app.rows_seen(), app.seen()
    if not records and not reports:
        app.say("There is nothing to export here yet: ask something, or go to Findings (Alt-3).")
        return
    what: str | None = "reports" if reports else "rows"
    if records and reports:
        offers = [
            Offer("rows", f"The {count(len(records), 'row')} that are shown, as a table", ".csv, .md, .json"),
            Offer("reports", f"The {count(len(reports), 'whole result')} behind them", "every report format"),
        ]
        what = await app.push_screen_wait(Choice("Export what is seen", offers, search=False))
    if what == "rows":
        title, ends = f"Export {count(len(records), 'row')}", ".csv .md .json"
        await _asked(app, title, ends, _wrong_table, partial(_table, records))
    elif what:
        title, ends = (
            f"Export {count(len(reports), 'result')}",
            ".html .md .csv .json .jsonl .sarif .xml (JUnit) .cdx.json (CycloneDX) .txt",
        )
        await _asked(app, title, ends, _wrong_file, partial(_results, reports))


async def _asked(app: Deeds, title: str, ends: str, wrong: Callable[[Path], str], made: Callable[[Path], bytes]) -> None:
    text, value = f"The name's end says the format: {ends}", f"netassist-{app.room}{ends.split()[0]}"
    name = await app.push_screen_wait(Written(title, text=text, value=value, wrong=lambda name: _wrong(name, wrong)))
    if name is not None:
        app.say(await asyncio.to_thread(_written, name, made))


def _written(name: str, made: Callable[[Path], bytes]) -> str:
    """Write it; what has become of it, in words."""
    file = Path(name.strip()).expanduser()
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as out:
            out.write(made(file))
    except (OSError, ValueError) as error:
        return f"{file}: {getattr(error, 'strerror', None) or error}; nothing was written"
    return f"Written: {file.resolve()}."


def _results(reports: Sequence[Report], file: Path) -> bytes:
    from netassist.reports.formats import Results, format_of, rendered

    form = format_of(file)
    assert form is not None  # noqa: S101 - the window has checked it
    return rendered(form, Results(reports))


def _table(records: Sequence[Record], file: Path) -> bytes:
    """Rows of one shape as CSV, Markdown or a JSON list of objects."""
    import msgspec

    from netassist.reports import csv, markdown

    names = [*records[0]]
    match file.suffix.lower():
        case ".json":
            return msgspec.json.format(msgspec.json.encode(records), indent=2) + b"\n"
        case ".csv":
            return csv.table(names, [[*record.values()] for record in records])
        case _:
            lines = [names, ["---"] * len(names), *([markdown.plain(value) for value in record.values()] for record in records)]
            return "".join(f"| {' | '.join(line)} |\n" for line in lines).encode()


def _wrong(name: str, wrong: Callable[[Path], str]) -> str:
    path = Path(name.strip()).expanduser()
    if problem := wrong(path):
        return problem
    if path.exists():
        return f"{path} is there already; choose another name"
    return "" if path.parent.is_dir() else f"{path.parent} is no folder"


def _wrong_file(path: Path) -> str:
    from netassist.reports.formats import format_of

    return "" if format_of(path) is not None else "The name's end says no format; try .html"


def _wrong_table(path: Path) -> str:
    return "" if path.suffix.lower() in TABLES else "A table is written as .csv, .md or .json"
