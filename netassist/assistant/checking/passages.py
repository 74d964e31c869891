"""An answer in passages: clauses of sentences, and rows of tables whose cells know their headings.

A passage is what one statement is made in. What is advised, asked or owned to be unknown states nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Literal, NamedTuple

from netassist.assistant.checking.words import MONTH, TO_DO

Mood = Literal["says", "advises", "leaves open"]
LONGEST = 2000
"""Characters of one passage; a longer one is read in parts."""


class Cell(NamedTuple):
    """A cell of a table row; `label` is its column's heading and the first cell of its row."""

    start: int
    end: int
    label: str


class Passage(NamedTuple):
    """`sentence` is one number for all clauses of a sentence or list item; `cells` are those of a table row, else empty.

    `lead` is the line that announces the list which the passage stands in ("Three ports are open:").
    """

    start: int
    end: int
    text: str
    mood: Mood
    sentence: int
    cells: tuple[Cell, ...] = ()
    lead: str = ""

    def cell(self, position: int) -> Cell | None:
        """The cell at a position of the whole text, None outside tables."""
        place = bisect_right(self.cells, position, key=lambda cell: cell.start) - 1
        return self.cells[place] if place >= 0 else None

    def label(self, position: int) -> str:
        """The heading over a position of the whole text, empty outside tables."""
        cell = self.cell(position)
        return cell.label if cell is not None else ""


_ENDS = re.compile(rf"(?<!\be\.g)(?<!\bi\.e)[.!?][*_)\"”]{{0,3}}\s+(?!{MONTH}\b)", re.IGNORECASE)
_CONTRAST = re.compile(
    r"; |,? (?:but|whereas|while|although|though|however|aber|während|sondern|mais|tandis que|alors que)\b|,? so (?=[a-z])|, which\b|"
    r", (?:and|und|et) (?=(?:it|they|the|only|even|is|has|es|er|sie|il|elle)\b)|, (?=(?:still|no longer|it|they|and even|and only)\b)"
    rf"|\s?[,;:–—-]\s(?=(?:please |so |and )?{TO_DO}\b(?! (?:by|is|are|to)\b))",
    re.IGNORECASE,
)
_BULLET = re.compile(r"\s{0,20}(?:[-*•+–]|\d{1,3}[.)])\s+|\s{0,20}#{1,6}\s+|\s{0,20}>\s?")
_ADVICE = re.compile(
    r"\W{0,6}(?:please |then |also |and |so |first,? |bitte )?(?:renew|enable|disable|turn|upgrade|update|use|consider|send|set|add|"
    r"remove|close|hide|move|switch|install|configure|check|try|make sure|restrict|bind|replace|plan|review|run|filter|put|require|"
    r"prefer|offer|keep|verify|ensure|limit|block|patch|migrate|stop|leave|fix|allow|let|put|give|demand|listen|ask|point|raise|erneuern|aktivieren|deaktivieren)\b"
    r"|.{0,400}\b(?:should|recommend\w*|suggest\w*|consider|you (?:can|could|may|might|need)|I'd|I’d|(?:would|could)(?! not|n't|n’t)|ought|sollten?|"
    r"empfehle\w*|könnten?|devrait|devriez|recommande\w*|pourrait|to (?:reach|get|fix|avoid)|or (?:later|newer|higher|above)|oder neuer)\b",
    re.IGNORECASE | re.DOTALL,
)
_OPEN = re.compile(
    r"\W{0,6}(?:if|whether|wenn|falls|ob|si)\b|.{0,400}(?:\b(?:did|could|can|was|were|have|has|is|are)(?: not|n't|n’t|not) "
    r"(?:been )?(?:test|measur|determin|establish|check|scan|say|tell|assess|verif|look|prob)\w*|\bnot (?:tested|measured|checked|"
    r"scanned|determined|known)|\bunknown\b|\bwhether\b|\bnot established\b|\bI can(?:'t|’t|not) (?:say|tell)|\bcouldn['’]t (?:get|measure|determine)|"
    r"\bnicht (?:gemessen|geprüft|getestet)|\bdoes not apply\b|\bmay be\b|\bmight be\b)",
    re.IGNORECASE | re.DOTALL,
)
_NEEDS = re.compile(r"\b(?:needs?|requires?|plans? to|because|since|takes)\b", re.IGNORECASE)


def passages(text: str) -> Iterator[Passage]:
    """Every passage in its order."""
    sentence, start, lead = 0, 0, ""
    heads: tuple[str, ...] = ()
    lines = text.split("\n")
    for place, line in enumerate(lines):
        end = start + len(line)
        if line.count("|") >= 2 and line.lstrip().startswith("|"):
            if not re.fullmatch(r"[\s|:-]*", line):
                below = lines[place + 1] if place + 1 < len(lines) else ""
                if re.fullmatch(r"\s*\|[\s|:-]+", below):
                    heads = tuple(cell.strip(" *_`").lower() for cell in line.strip().strip("|").split("|"))
                else:
                    sentence += 1
                    yield _row(line, start, heads, sentence, lead)
        else:
            heads = ()
            bullet = _BULLET.match(line)
            if line.strip() and bullet is None:
                bare = line.strip()
                announces = bare.rstrip("*_ ").endswith(":") or (bare.startswith("**") and bare.endswith("**"))
                lead = line[:LONGEST] if announces else ""
            elif bullet is not None and line.lstrip().startswith("#"):
                lead = line[:LONGEST]
            for first, last in _cut(text, start + (bullet.end() if bullet else 0), end, _ENDS):
                sentence += 1
                for clause in _cut(text, first, last, _CONTRAST):
                    yield Passage(
                        *clause, text[slice(*clause)], mood_of(text[slice(*clause)]), sentence, lead=lead if bullet else ""
                    )
        start = end + 1


def mood_of(clause: str) -> Mood:
    asks = clause.rstrip("*_) ").endswith("?")
    return "leaves open" if asks or _OPEN.match(clause) else "advises" if _ADVICE.match(clause) else "says"


def explains(clause: str) -> bool:
    """Whether it tells how things are in general: what needs what."""
    return _NEEDS.search(clause) is not None


def _cut(text: str, start: int, end: int, at: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """The parts between matches, each with the sign that ends it, none longer than `LONGEST`."""
    depth, seen = 0, start
    for match in at.finditer(text, start, end):
        depth += text.count("(", seen, match.start()) - text.count(")", seen, match.start())
        seen = match.start()
        if at is _CONTRAST and depth > 0:
            continue
        yield from _pieces(start, match.start() + (1 if at is _ENDS else 0))
        start = match.start() + (1 if at is _ENDS else 0)
    yield from _pieces(start, end)


def _pieces(start: int, end: int) -> Iterator[tuple[int, int]]:
    for first in range(start, end, LONGEST):
        yield first, min(first + LONGEST, end)


def _row(line: str, start: int, heads: tuple[str, ...], sentence: int, lead: str) -> Passage:
    cells: list[Cell] = []
    position = line.index("|") + 1
    row = ""
    for place, said in enumerate(line[position:].rstrip().removesuffix("|").split("|")[:64]):
        if place == 0:
            row = said.strip(" *_`").lower()
        head = heads[place] if place < len(heads) else ""
        cells.append(Cell(start + position, start + position + len(said), f"{head} {row}" if place else head))
        position += len(said) + 1
    whole = line[:LONGEST]
    return Passage(start, start + len(whole), whole, "says", sentence, tuple(cells), lead)
