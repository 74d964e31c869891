"""Rows of a table as lines of one width: what does not fit is shortened, and columns of little worth are left out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content

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

    def needed() -> int:
        least = [min(natural[place], columns[place].least) if columns[place].grows else natural[place] for place in shown]
        return sum(least) + GAP * (len(shown) - 1)

    while needed() > width and len(shown) > 1:
        shown.remove(min(shown, key=lambda place: (columns[place].worth, -place)))
    growing = [place for place in shown if columns[place].grows]
    fixed = sum(natural[place] for place in shown if place not in growing) + GAP * (len(shown) - 1)
    widths = {place: natural[place] for place in shown}
    room = width - fixed
    for number, place in enumerate(growing):
        widths[place] = max(room // (len(growing) - number), 1)
        room -= widths[place]
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


def fitted(text: str, width: int) -> str:
    """At most `width` columns of a text that is safe to show, an ellipsis where it was cut."""
    shown = as_text(text, 4 * width + 8)
    if cells(shown) <= width:
        return shown
    while shown and cells(shown) > width - 1:
        shown = shown[:-1]
    return f"{shown}…" if width > 0 else ""
