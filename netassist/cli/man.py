"""The manual page, netassist(1), written from the parser: commands, arguments and options are those that it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap
from typing import TYPE_CHECKING

from cyclopts import App

from netassist import __version__

if TYPE_CHECKING:
    from cyclopts import ArgumentCollection

_DATE = "2026-11-28"
"""When what is written here by hand was last changed: man(7) wants a date, and today's would make every page another."""
_ENVIRONMENT = (
    ("NETASSIST_CONFIG", "Another configuration file than the user's own; --config names one before it."),
    ("NETASSIST_READ_ONLY", "Any command runs passive tools only and touches no target, as with --read-only."),
    ("NO_COLOR, FORCE_COLOR", "No colour, or colour though standard output is no terminal."),
    ("XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_DATA_HOME, XDG_CACHE_HOME", "Where the folders of FILES are."),
    ("HF_TOKEN, HF_ENDPOINT", "Your token for the hub that models are fetched from, and another hub."),
    ("HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE", "The way to that hub and to remote backends."),
)
_FILES = (
    ("~/.config/netassist/config.toml", "Targets' names, scope, models and backends of your own."),
    ("~/.config/netassist/tools/", "Tools of your own."),
    ("~/.local/state/netassist/journal.jsonl", "What was run and who allowed it; journal verify shows whether it was changed."),
    ("~/.local/state/netassist/sessions.db", "Questions and answers that were kept."),
    ("~/.local/share/netassist/models/", "Models that were fetched."),
)
_EXITS = (
    ("0", "Done."), ("1", "There is a finding at or above --fail-on."), ("2", "Wrong usage, or a question back."),
    ("3", "Not, or not wholly, measured."), ("4", "Refused by scope or for want of approval."), ("130", "Interrupted."),
)  # fmt: skip


def page() -> str:
    """The page in man(7)."""
    from netassist.cli.app import app

    lines = [
        f'.TH NETASSIST 1 "{_DATE}" "netassist {__version__}" "User Commands"',
        *(".SH NAME", r"netassist \- ask about hosts and networks in plain words; answers are measured"),
        *(".SH SYNOPSIS", ".B netassist", r"[\fICOMMAND\fR] [\fIOPTIONS\fR] [\fIARGUMENTS\fR]", ".SH DESCRIPTION"),
        *_text(app.help or ""),
        *_arguments(app),
        ".SH COMMANDS",
        *(line for name in sorted(_names(app)) for line in _command(app[name], name)),
    ]
    for title, rows in (("EXIT STATUS", _EXITS), ("ENVIRONMENT", _ENVIRONMENT), ("FILES", _FILES)):
        lines += [f".SH {title}", *(line for term, words in rows for line in _entry(term, words))]
    return "\n".join(lines) + "\n"


def _names(app: App) -> Iterator[str]:
    return (name for name in app if not name.startswith("-") and app[name].show)


def _command(app: App, name: str) -> Iterator[str]:
    yield f".SS netassist {_escaped(name)}"
    yield from _text(app.help or "")
    yield from _arguments(app)
    for below in sorted(_names(app)):
        yield from _command(app[below], f"{name} {below}")


def _arguments(app: App) -> Iterator[str]:
    if app.default_command is None:
        return
    collection: ArgumentCollection = app.assemble_argument_collection()
    for argument in collection:
        if not argument.show:
            continue
        choices = argument.get_choices()
        words = argument.parameter.help or ""
        words += f" One of {', '.join(choices)}." if choices else ""
        default = argument.field_info.default
        if isinstance(default, str | int | float) and default is not False:
            words += f" Default: {default}."
        names = argument.names if argument.name.startswith("-") else (argument.name.upper(),)
        takes = argument.name.startswith("-") and argument.field_info.hint is not bool
        yield from _entry(", ".join(names) + (" VALUE" if takes else ""), words)


def _entry(term: str, words: str) -> Iterator[str]:
    yield from (".TP", rf"\fB{_escaped(term)}\fR", *_filled(words))


def _text(help: str) -> Iterator[str]:
    """Paragraphs; lines that are indented stay as they are."""
    for number, paragraph in enumerate(help.strip().split("\n\n")):
        if number:
            yield ".PP"
        yield from _paragraph(paragraph.splitlines())


def _paragraph(lines: Iterable[str]) -> Iterator[str]:
    literal = False
    for line in lines:
        if line.startswith("  ") != literal:
            literal = not literal
            yield from (".RS 4", ".nf") if literal else (".fi", ".RE")
        yield from [_line(_escaped(line.strip()))] if literal else _filled(line)
    if literal:
        yield from (".fi", ".RE")


def _filled(text: str) -> Iterator[str]:
    """Running text, which is filled anew when it is shown."""
    return map(_line, wrap(_escaped(text), 78, break_long_words=False, break_on_hyphens=False))


def _line(text: str) -> str:
    """A line that is no request."""
    return rf"\&{text}" if text.startswith((".", r"\(aq")) else text


def _escaped(text: str) -> str:
    """Text as roff prints it: no escape, ASCII hyphens and quotes as they are typed."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("`", r"\(ga")
    text = text.replace("~", r"\(ti").replace("^", r"\(ha")
    return "".join(character if character.isascii() else rf"\[u{ord(character):04X}]" for character in text)
