"""Rows of a table as lines of one width: what does not fit is shortened, and columns of little worth are left out. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content

from netassist.observations import SEVERITIES
from netassist.reports.style import Style, cells
from netassist.tui.styled import styled
from netassist.untrusted import as_text

GAP = 2


class Column(NamedTuple):
    """`worth` decides what is left out first (the least); `grows` takes the room that is over, and needs `least` columns.

    `right` aligns numbers.
    """

    name: str
    worth: int = 5
    most: int = 40
    grows: bool = False
    right: bool = False
    least: int = 8


class Cell(NamedTuple):
    text: str
    style: Style = "plain"


class Chip(NamedTuple):
    """A cell on a ground of its colour."""

    text: str
    style: str


Cells = Sequence[Cell | Chip]


class Shape(NamedTuple):
    """The columns that are shown, by number, and how wide each is."""

    shown: tuple[int, ...]
    widths: tuple[int, ...]


def shaped(columns: Sequence[Column], rows: Sequence[Cells], width: int) -> Shape:
    """Which columns fit into `width`, and how wide they are; those without any content are left out."""
    natural = [
        min(column.most, max([cells(column.name), *(cells(row[place].text) for row in rows)]))
        for place, column in enumerate(columns)
    ]
    shown = [place for place in range(len(columns)) if not rows or any(row[place].text for row in rows)]

    def leasts() -> dict[int, int]:
        return {place: min(natural[place], columns[place].least) if columns[place].grows else natural[place] for place in shown}

    while sum((widths := leasts()).values()) + GAP * (len(shown) - 1) > width and len(shown) > 1:
        shown.remove(min(shown, key=lambda place: (columns[place].worth, -place)))
    room = width - sum(widths.values()) - GAP * (len(shown) - 1)
    growing = sorted((place for place in shown if columns[place].grows), key=lambda place: -columns[place].worth)
    for place in growing:
        more = max(min(natural[place] - widths[place], room), 0)
        widths[place] += more
        room -= more
    if growing:  # what nobody needs stays beside the worthiest; where even that is too wide, it is what gives way
        widths[growing[0]] = max(widths[growing[0]] + room, 1)
    return Shape(tuple(shown), tuple(min(widths[place], width) for place in shown))


def header(columns: Sequence[Column], shape: Shape) -> Content:
    """The names of the columns that are shown."""
    names = [Cell(column.name, "dim") for column in columns]
    return line(columns, shape, names)


def line(columns: Sequence[Column], shape: Shape, row: Cells) -> Content:
    """One row as one line."""
    parts: list[Content] = []
    for number, (place, width) in enumerate(zip(shape.shown, shape.widths, strict=True)):
        cell, last = row[place], number == len(shape.shown) - 1
        text = fitted(cell.text, width)
        blank = " " * (width - cells(text))
        part = Content.styled(text, cell.style) if isinstance(cell, Chip) else styled((text, cell.style))
        if columns[place].right:
            part = Content(blank) + part
        elif not last:
            part = part + Content(blank)
        parts.append(part)
    return Content(" " * GAP).join(parts)


_UNITS = {"s": 1, "ms": 0.001, "min": 60, "h": 3600, "d": 86400, "MB": 1e6, "GB": 1e9, "%": 1, "": 1}
_NUMBER = re.compile(r"~?(-?\d[\d,]*(?:\.\d+)?)\s?([a-zA-Z%]*)")


def rank(text: str) -> tuple[int, float, str]:
    """Where a cell stands among those of its column: severities by how bad they are, numbers and times by their size, words
    by the alphabet, and what is empty at the end."""
    word = text.rpartition(" ")[2].lower()
    if word in SEVERITIES:
        return 0, float(SEVERITIES.index(word)), ""
    number = _NUMBER.fullmatch(text)
    if number is not None and number[2] in _UNITS:
        return 1, float(number[1].replace(",", "")) * _UNITS[number[2]], ""
    return (2, 0.0, text.casefold()) if text else (3, 0.0, "")


def fitted(text: str, width: int) -> str:
    """At most `width` columns of a text that is safe to show, an ellipsis where it was cut."""
    shown = as_text(text, 4 * width + 8)
    if cells(shown) <= width:
        return shown
    while shown and cells(shown) > width - 1:
        shown = shown[:-1]
    return f"{shown}…" if width > 0 else ""
