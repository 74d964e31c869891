"""Which of results, hourly and daily summaries tell of a time. Pure; times are Unix seconds."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor
from typing import Literal, NamedTuple

HOUR, DAY = 3600, 86400
Grain = Literal["raw", "hour", "day"]


class Marks(NamedTuple):
    """Of one watch: until when all is summed up, since when all results are there, since when all hourly summaries are there.

    The first two are on the hour, the last at midnight.
    """

    rolled: float = 0
    raw_from: float = 0
    hourly_from: float = 0


class Piece(NamedTuple):
    grain: Grain
    start: float
    end: float


def hour_of(at: float) -> int:
    return floor(at / HOUR) * HOUR


def day_of(at: float) -> int:
    return floor(at / DAY) * DAY


def pieces(since: float, until: float, marks: Marks, coarsest: Grain) -> list[Piece]:
    """A time in order, each piece by the coarsest grain that is exact, and where none is, by the finest that is left."""
    found: list[Piece] = []
    for piece in _steps(since, until, marks, coarsest):
        if found and found[-1].grain == piece.grain:
            piece = Piece(piece.grain, found.pop().start, piece.end)
        found.append(piece)
    return found


def _steps(since: float, until: float, marks: Marks, coarsest: Grain) -> Iterator[Piece]:
    at = since
    while at < until:
        summed = at < marks.rolled
        piece = _summed_up(at, min(until, marks.rolled), marks, coarsest) if summed else Piece("raw", at, until)
        yield piece
        at = piece.end


def _summed_up(at: float, until: float, marks: Marks, coarsest: Grain) -> Piece:
    if at < marks.hourly_from:
        return Piece("day", at, min(until, marks.hourly_from))
    if coarsest == "day":
        if at == day_of(at) and day_of(until) > at:
            return Piece("day", at, day_of(until))
        until = min(until, day_of(at) + DAY)
    if at < marks.raw_from:
        return Piece("hour", at, min(until, marks.raw_from))
    if coarsest == "raw":
        return Piece("raw", at, until)
    if at == hour_of(at) and hour_of(until) > at:
        return Piece("hour", at, hour_of(until))
    return Piece("raw", at, min(until, hour_of(at) + HOUR))
