"""``netassist sessions``: the conversations that were kept."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import App, Parameter

from netassist.cli.completion import session_ids
from netassist.cli.exits import INCOMPLETE, USAGE
from netassist.cli.options import Format

if TYPE_CHECKING:
    from netassist.assistant.sessions import Exchanged, Listed, Sessions
    from netassist.reports.style import Line

app = App(name="sessions", help_format="plaintext", help_formatter="plain")

Id = Annotated[str, Parameter(help="The session's ID, or how it begins.", completer=session_ids)]


class SessionRow(msgspec.Struct, frozen=True):
    """A session in a list."""

    id: str
    title: str
    created: str
    updated: str
    exchanges: int


class Found(msgspec.Struct, frozen=True):
    """A question and its answer."""

    session: str
    number: int
    time: str
    request: str
    outcome: str
    answer: str


class Exported(msgspec.Struct, frozen=True, tag_field="schema", tag="netassist/session/1"):
    """A session with every answer whole (``netassist/answer/1``)."""

    id: str
    title: str
    created: str
    updated: str
    exchanges: tuple[ExportedExchange, ...]


class ExportedExchange(msgspec.Struct, frozen=True):
    number: int
    time: str
    request: str
    answer: msgspec.Raw


@app.command(name="list")
def list_sessions(*, format: Format = "text") -> int:
    """List the sessions, the latest first."""
    return _told(lambda sessions: _listed(sessions, format))


@app.command
def show(session: Id, /, *, format: Format = "text") -> int:
    """Show the questions and answers of a session."""
    return _told(lambda sessions: _shown(sessions, session, format))


@app.command
def export(
    session: Id,
    /,
    *,
    output: Annotated[Path | None, Parameter(name=("-o", "--output"), help="The file; standard output where left out.")] = None,
) -> int:
    """Write a session as JSON, with every report."""
    return _told(lambda sessions: _exported(sessions, session, output))


@app.command
def delete(
    *session: Annotated[str, Parameter(help="The sessions' IDs, or how they begin.", completer=session_ids)],
    all: Annotated[bool, Parameter(help="Delete all of them.", negative="")] = False,
) -> int:
    """Delete sessions with all that is in them."""
    return _told(lambda sessions: _deleted(sessions, session, all))


@app.command
def search(
    *words: Annotated[str, Parameter(help="Words that all stand in the question or its answer.", allow_leading_hyphen=True)],
    format: Format = "text",
) -> int:
    """Find questions and answers of all sessions, the latest first."""
    return _told(lambda sessions: _found(sessions, " ".join(words), format))


def _told(work: Callable[[Sessions], int]) -> int:
    """Do it; what is wrong is one line on stderr."""
    from netassist.assistant.sessions import SessionError, Sessions, UnknownSession
    from netassist.configuration import state_folder

    try:
        return work(Sessions(state_folder()))
    except UnknownSession as error:
        print(f"netassist: {error}", file=sys.stderr)
        return USAGE
    except SessionError as error:
        print(f"netassist: {error}", file=sys.stderr)
        return INCOMPLETE


def _listed(sessions: Sessions, format: str) -> int:
    listed = sessions.listed()
    if format == "json":
        print(_json([_row(session) for session in listed]))
    elif listed:
        from netassist.reports.layout import table

        rows = [(s.id, f"{s.updated:%Y-%m-%d %H:%M}", f"{s.exchanges}", s.title) for s in listed]
        _show(table(("id", "last (UTC)", "asked", "begins with"), rows, _width(), indent=0))
    else:
        print("no sessions yet; netassist ask keeps what it is asked")
    return 0


def _shown(sessions: Sessions, named: str, format: str) -> int:
    if format == "json":
        return _exported(sessions, named, None)
    exchanges = sessions.exchanges(sessions.find(named))
    _show(line for exchange in exchanges for line in _lines(exchange))
    return 0


def _lines(exchange: Exchanged) -> Iterator[Line]:
    from netassist.reports.layout import BLANK, paragraph
    from netassist.reports.style import Span
    from netassist.untrusted import as_text

    width = _width()
    head = f"{exchange.session} {exchange.number}, {exchange.time:%Y-%m-%d %H:%M} UTC"
    yield from paragraph(Span(head, "dim"), width)
    yield from paragraph(Span(as_text(exchange.request, 2000), "title"), width, lead=Span("❯ ", "accent"))
    for line in exchange.text.splitlines() or [""]:
        yield from paragraph(as_text(line, 8000), width)
    yield BLANK


def _exported(sessions: Sessions, named: str, output: Path | None) -> int:
    from netassist.reports.json import encoded

    id = sessions.find(named)
    session = next(each for each in sessions.listed() if each.id == id)
    exchanges = tuple(
        ExportedExchange(each.number, each.time.isoformat(), each.request, msgspec.Raw(each.answer.encode()))
        for each in sessions.exchanges(id)
    )
    row = _row(session)
    whole = encoded(Exported(row.id, row.title, row.created, row.updated, exchanges), pretty=True) + b"\n"
    if output is None:
        sys.stdout.write(whole.decode())
        return 0
    try:
        output.write_bytes(whole)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(output)) from None
    return 0


def _deleted(sessions: Sessions, named: Sequence[str], every: bool) -> int:
    if bool(named) == every:
        print("netassist: name the sessions to delete, or give --all", file=sys.stderr)
        return USAGE
    ids = [session.id for session in sessions.listed()] if every else [*dict.fromkeys(map(sessions.find, named))]
    gone = sessions.delete(ids)
    print(f"{gone} session{'' if gone == 1 else 's'} deleted")
    return 0


def _found(sessions: Sessions, words: str, format: str) -> int:
    if not words.strip():
        print("netassist: name the words to look for; for example: netassist sessions search certificate", file=sys.stderr)
        return USAGE
    found = sessions.search(words)
    if format == "json":
        print(_json([Found(each.session, each.number, each.time.isoformat(), *each[3:6]) for each in found]))
    elif found:
        _show(line for exchange in found for line in _lines(exchange))
    else:
        print("nothing found")
    return 0


def _row(session: Listed) -> SessionRow:
    return SessionRow(session.id, session.title, session.created.isoformat(), session.updated.isoformat(), session.exchanges)


def _json(rows: Sequence[msgspec.Struct]) -> str:
    from netassist.reports.json import encoded

    return "[" + ",\n".join(encoded(row, pretty=True).decode() for row in rows) + "]"


def _width() -> int:
    from netassist.reports.style import columns

    return columns(sys.stdout)


def _show(lines: Iterator[Line]) -> None:
    from netassist.cli.output import show_lines

    show_lines(lines)
