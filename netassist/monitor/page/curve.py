"""Response times as lines of an SVG picture; a stretch in which nothing answered is a gap in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from netassist.monitor.store import Point

WIDTH, HEIGHT = 600.0, 120.0


class Curve(NamedTuple):
    """Paths (SVG `d`) in a box of `WIDTH` by `HEIGHT`: the middle, and the area from it up to the 95th percentile.

    `top` is the height of the box in milliseconds.
    """

    middle: str
    area: str
    top: float


def curve(points: Sequence[Point]) -> Curve | None:
    """None where nothing answered in all of it."""
    values = [value for point in points for value in (point.p50, point.p95) if value is not None]
    if not values:
        return None
    top = _round_up(max(values))
    step = WIDTH / len(points)
    middle, area = [], []
    for run in _runs(points):
        line = [(place * step, HEIGHT - HEIGHT * low / top) for place, low, _ in run]
        upper = [(place * step, HEIGHT - HEIGHT * high / top) for place, _, high in run]
        if len(run) == 1:  # a lone point is drawn as wide as its stretch
            line.append((line[0][0] + step, line[0][1]))
            upper.append((upper[0][0] + step, upper[0][1]))
        middle.append(_path(line))
        area.append(_path([*upper, *reversed(line)]) + "Z")
    return Curve(" ".join(middle), " ".join(area), top)


def _runs(points: Sequence[Point]) -> Iterable[list[tuple[int, float, float]]]:
    run: list[tuple[int, float, float]] = []
    for place, point in enumerate(points):
        if point.p50 is not None:
            run.append((place, point.p50, point.p95 if point.p95 is not None else point.p50))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _path(corners: Iterable[tuple[float, float]]) -> str:
    return "".join(f"{'L' if place else 'M'}{x:.1f} {y:.1f}" for place, (x, y) in enumerate(corners))


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, … milliseconds, of their tenths and hundredths."""
    size = 0.01
    while size < 1e9:
        for step in (1, 2, 5):
            if value <= size * step:
                return size * step
        size *= 10
    return value
