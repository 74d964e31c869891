"""``netassist journal``: what was run, who allowed it, and whether anybody has changed the record since."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter, validators

from netassist.cli.exits import CLEAN, FINDINGS, USAGE
from netassist.cli.options import Format

if TYPE_CHECKING:
    from netassist.assistant.journal import Entry
    from netassist.reports.style import Line

app = App(name="journal", help_format="plaintext", help_formatter="plain")

_MOST_TOLD = 20
"""Problems that are told one by one."""


@app.command
def verify(
    *, head: Annotated[str | None, Parameter(help="A head that was kept elsewhere, as `journal head` printed it.")] = None
) -> int:
    """Read the whole journal, and say whether an entry was changed, left out, put in or put elsewhere.

    What was cut off at its end, or written anew from the beginning, shows only against a head that was kept elsewhere. Exits
    with 1 where something is wrong.
    """
    from netassist.assistant.chain import verify as verified
    from netassist.configuration import state_folder

    try:
        found = verified(state_folder(), head)
    except ValueError as error:
        print(f"netassist: {error}", file=sys.stderr)
        return USAGE
    for note in found.notes:
        print(f"note: {note}")
    for problem in found.problems[:_MOST_TOLD]:
        print(f"wrong: {problem}")
    if len(found.problems) > _MOST_TOLD:
        print(f"wrong: and {len(found.problems) - _MOST_TOLD:,} more")
    if found.problems:
        print(
            f"The journal in {state_folder()} is not as it was written; up to which entry it can be trusted, the first line says."
        )
        return FINDINGS
    if not found.head.number:
        print("The journal has no entry yet.")
        return CLEAN
    against = "" if head is None else ", and holds the entry whose head was kept"
    print(f"The journal is whole{against}: {found.head.number:,} entries; its head is {found.head}")
    return CLEAN


@app.command
def head() -> int:
    """Print the head of the journal: keep it elsewhere, and `journal verify --head` shows what was cut off or written anew."""
    from netassist.assistant.chain import head_of
    from netassist.configuration import state_folder

    print(head_of(state_folder())[0])
    return CLEAN


@app.command
def show(
    *,
    last: Annotated[
        int, Parameter(name=("-n", "--last"), help="How many entries.", validator=validators.Number(gte=1, lte=100_000))
    ] = 20,
    format: Format = "text",
) -> int:
    """Print the latest entries, the oldest of them first; JSON is one line an entry, as it was written."""
    return print_latest(last, format, None, _told, "The journal has no entry yet.")


def print_latest(
    last: int, format: str, wanted: Callable[[str], bool] | None, told: Callable[[Entry], Iterable[Line]], otherwise: str
) -> int:
    """Print the latest entries as they are `told`, those of calls whose name is `wanted` where that is given.

    `otherwise` stands where there is none.
    """
    from netassist.cli.output import show_lines

    written = _latest(last, wanted)
    if format == "json":
        sys.stdout.writelines(line.decode("utf-8", "backslashreplace") + "\n" for line in written)
    elif not written:
        print(otherwise)
    else:
        show_lines(line for row in written for line in _shown(row, told))
    return CLEAN


def _latest(most: int, wanted: Callable[[str], bool] | None) -> list[bytes]:
    from collections import deque

    from netassist.assistant.chain import entries
    from netassist.configuration import state_folder

    every = entries(state_folder())
    if wanted is not None:
        every = (row for row in every if (entry := _read(row)) and wanted(entry.call.name))
    return list(deque(every, maxlen=most))


def _read(row: bytes) -> Entry | None:
    import msgspec

    from netassist.assistant.journal import Entry

    try:
        return msgspec.json.decode(row, type=Entry)
    except msgspec.DecodeError:
        return None


def _shown(row: bytes, told: Callable[[Entry], Iterable[Line]]) -> Iterable[Line]:
    from netassist.reports.layout import BAD, paragraph
    from netassist.reports.style import Span, columns
    from netassist.untrusted import as_text

    entry = _read(row)
    return told(entry) if entry else paragraph(Span(f"no entry: {as_text(row, 200)}", BAD.style), columns(sys.stdout))


def _told(entry: Entry) -> Iterable[Line]:
    from netassist.reports.layout import paragraph
    from netassist.reports.style import Span, columns
    from netassist.untrusted import as_text

    width = columns(sys.stdout)
    when, call = f"{entry.time:%Y-%m-%d %H:%M:%S}Z", as_text(str(entry.call), 300)
    text = f"{when} {call}: {entry.status}, allowed by {as_text(entry.allowed_by, 200)}"
    rows = [*paragraph(Span(text, "plain"), width)]
    asked = f"{as_text(entry.user, 64)} asked: {as_text(entry.request, 300)}; planned by {as_text(entry.planned_by, 100)}"
    rows += paragraph(Span(asked, "dim"), width, lead=Span("    ", "dim"))
    for command in entry.commands:
        rows += paragraph(Span("ran " + as_text(" ".join(command), 500), "dim"), width, lead=Span("    ", "dim"))
    if entry.message:
        rows += paragraph(Span(as_text(entry.message, 500), "dim"), width, lead=Span("    ", "dim"))
    return rows
