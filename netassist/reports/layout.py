"""Paragraphs, facts and tables as styled lines of a given width.

Everything that is shown passes through here, and through `as_text`, whatever it is made of: no line holds a control character.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from netassist.reports.style import Line, Span, Style, cells
from netassist.untrusted import as_text

Text = str | Span | Sequence[Span]
BLANK = Line()
TEXT_LIMIT = 8000
_GAP = 2


class Tone(NamedTuple):
    """How good news is: a mark that is clear without colour, and the colour."""

    mark: str
    style: Style


GOOD, NEUTRAL, WARN = Tone("✔", "good"), Tone("·", "title"), Tone("!", "warn")
UNKNOWN, BAD, CRITICAL = Tone("?", "warn"), Tone("✘", "bad"), Tone("✘", "critical")


class Verdict(NamedTuple):
    """One sentence with the measured facts in it, and its tone."""

    text: str
    tone: Tone


class Task(NamedTuple):
    """What was to be done, and to what: ``read the certificate``, ``of shop.example:443``."""

    what: str
    of: str


def paragraph(text: Text, width: int, *, indent: int = 0, lead: Span | None = None) -> Iterator[Line]:
    """`text` wrapped, each line indented; `lead` (a mark, a label) stands before the first, and the others hang under its end."""
    margin, lead = Span(" " * indent), Span(_shown(lead.text), lead.style) if lead else Span("")
    first, rest = (margin, lead), Span(" " * (indent + cells(lead.text)))
    for number, spans in enumerate(_wrapped(_spans(text), width - cells(rest.text))):
        yield Line((*(first if not number else (rest,)), *spans))


def heading(text: str, width: int, style: Style = "title", *, indent: int = 0) -> Iterator[Line]:
    return paragraph(Span(text, style), width, indent=indent)


def facts(rows: Iterable[tuple[str, Text | None]], width: int, *, indent: int = 2) -> Iterator[Line]:
    """Labels and values in two columns; a row without a value, or with an empty one, is left out.

    The labels take a third of the width at most; a longer one stands on a line of its own.
    """
    kept = [(_shown(label), value) for label, value in rows if value]
    most = width // 3
    column = max((size for label, _ in kept if (size := cells(label) + _GAP) <= most), default=_GAP)
    for label, value in kept:
        padding = column - cells(label)
        if padding >= _GAP:
            yield from paragraph(value, width, indent=indent, lead=Span(label + " " * padding, "dim"))
        else:
            yield from paragraph(Span(label, "dim"), width, indent=indent)
            yield from paragraph(value, width, indent=indent + column)


def table(header: Sequence[str], rows: Sequence[Sequence[Text]], width: int, *, indent: int = 2) -> Iterator[Line]:
    """Columns under a header, cells wrapped where the width does not suffice; a column without any content is left out."""
    wanted = [column for column in range(len(header)) if any(_spans(row[column]) for row in rows)]
    grid = [[_spans(Span(header[column], "dim")) for column in wanted]]
    grid += [[_spans(row[column]) for column in wanted] for row in rows]
    natural = [max(cells("".join(s.text for s in row[column])) for row in grid) for column in range(len(wanted))]
    whole = [max(_longest(row[column]) for row in grid) for column in range(len(wanted))]
    sizes = _fitted(natural, whole, width - indent - _GAP * (len(wanted) - 1))
    for row in grid:
        wrapped = [list(_wrapped(cell, size)) for cell, size in zip(row, sizes, strict=True)]
        for height in range(max(map(len, wrapped), default=0)):
            parts = [lines[height] if height < len(lines) else () for lines in wrapped]
            yield Line((Span(" " * indent), *_joined(parts, sizes)))


def _joined(parts: Sequence[tuple[Span, ...]], sizes: Sequence[int]) -> Iterator[Span]:
    last = max((column for column, part in enumerate(parts) if part), default=0)
    for column, (part, size) in enumerate(zip(parts, sizes, strict=True)):
        if column > last:
            return
        yield from part
        if column < last:
            yield Span(" " * (size - sum(cells(span.text) for span in part) + _GAP))


def _longest(cell: Sequence[Span]) -> int:
    return max((cells(word) for word in "".join(span.text for span in cell).split(" ")), default=0)


def _fitted(natural: Sequence[int], whole: Sequence[int], room: int) -> list[int]:
    """Column widths within `room`: the widest give way first, at first down to where every word is whole."""
    sizes = list(natural)
    for least in (whole, [1] * len(sizes)):
        while sum(sizes) > room and (loose := [column for column, size in enumerate(sizes) if size > least[column]]):
            sizes[max(loose, key=sizes.__getitem__)] -= 1
    return sizes


def _spans(text: Text) -> list[Span]:
    pieces = [Span(text)] if isinstance(text, str) else [text] if isinstance(text, Span) else list(text)
    return [Span(shown, piece.style) for piece in pieces if (shown := _shown(piece.text))]


def _shown(text: str) -> str:
    """The text disarmed, with the spaces at its ends kept."""
    before, after = text[: len(text) - len(text.lstrip(" "))], text[len(text.rstrip(" ")) :]
    shown = as_text(text, TEXT_LIMIT)
    return f"{before}{shown}{after}" if shown else before or after


def _wrapped(spans: Sequence[Span], room: int) -> Iterator[tuple[Span, ...]]:
    line: list[Span] = []
    used = 0
    for word in _words(spans):
        for piece in _broken(word, max(room, 1)):
            size = sum(cells(span.text) for span in piece)
            if line and used + 1 + size > room:
                yield tuple(line)
                line, used = [], 0
            if line:
                # A space between two words of one style belongs to their run.
                joins = line[-1].style == piece[0].style
                line[-1:] = [Span(line[-1].text + " " + piece[0].text, piece[0].style)] if joins else [
                    line[-1], Span(" "), piece[0]]  # fmt: skip
                line += piece[1:]
                used += 1 + size
            else:
                line, used = list(piece), size
    if line:
        yield tuple(line)


def _words(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """What may not be broken: the text between spaces, which may change its style within."""
    word: list[Span] = []
    for span in spans:
        for number, piece in enumerate(span.text.split(" ")):
            if number and word:
                yield word
                word = []
            if piece:
                word.append(Span(piece, span.style))
    if word:
        yield word


def _broken(word: list[Span], room: int) -> Iterator[list[Span]]:
    """A word that is wider than the line in parts; a URL stays whole, so that it can be copied and followed."""
    if sum(cells(span.text) for span in word) <= room or word[0].text.startswith(("https://", "http://")):
        yield word
        return
    part: list[Span] = []
    used = 0
    for span in word:
        begin = 0
        for end, character in enumerate(span.text):
            size = cells(character)
            if used and used + size > room:
                yield [*part, Span(span.text[begin:end], span.style)] if end > begin else part
                part, used, begin = [], 0, end
            used += size
        part.append(Span(span.text[begin:], span.style))
    yield part
