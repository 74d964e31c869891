"""Styled lines, as renderers make them, and their way to a terminal."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, TextIO

Style = Literal["plain", "title", "good", "warn", "bad", "critical", "dim", "accent"]

WIDTH = 100
"""Columns where a terminal does not tell how many it has."""
WIDEST = 120
"""Columns beyond which lines are no longer read with ease."""

_SGR: Mapping[Style, str] = {
    "title": "1", "good": "32", "warn": "33", "bad": "31", "critical": "1;31", "dim": "2", "accent": "36",
}  # fmt: skip
# What stands for a character that the output's encoding does not have: one column each, as before.
_PLAIN = str.maketrans("✔✘━─●•·…–—→▸“”’", '+x=-o*-~-->>""\'')


class Span(NamedTuple):
    """A run of text in one style."""

    text: str
    style: Style = "plain"


class Line(NamedTuple):
    """One line without its end; indentation is part of the text."""

    spans: tuple[Span, ...] = ()

    def __str__(self) -> str:
        return "".join(span.text for span in self.spans)


def cells(text: str) -> int:
    """Columns that `text` takes on a terminal: wide characters (UAX #11) two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def ansi(lines: Iterable[Line], *, colour: bool, encoding: str = "utf-8") -> str:
    """The lines as text, each with its end, in SGR colours (ECMA-48) where `colour` says so.

    What `encoding` cannot express is written in ASCII, so that printing never fails.
    """
    return "".join(f"{''.join(_painted(span, colour, encoding) for span in line.spans).rstrip(' ')}\n" for line in lines)


def wants_colour(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether to colour what goes to `stream`: NO_COLOR forbids it, FORCE_COLOR demands it, else a terminal that is not dumb."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return environment["FORCE_COLOR"] != "0"
    return stream.isatty() and environment.get("TERM", "") != "dumb"


def columns(stream: TextIO, environment: Mapping[str, str] = os.environ) -> int:
    """The width to wrap at: COLUMNS, else the terminal's, at most `WIDEST`; `WIDTH` where neither is known."""
    wished = environment.get("COLUMNS", "")
    if wished.isdecimal() and int(wished):
        return min(int(wished), WIDEST)
    try:
        return min(os.get_terminal_size(stream.fileno()).columns or WIDTH, WIDEST)
    except (OSError, ValueError):
        return WIDTH


def _painted(span: Span, colour: bool, encoding: str) -> str:
    text = _expressed(span.text, encoding)
    code = _SGR.get(span.style) if colour and text.strip() else None
    return f"\x1b[{code}m{text}\x1b[0m" if code else text


def _expressed(text: str, encoding: str) -> str:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return text
