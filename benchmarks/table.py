"""Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def head(cells: Sequence[object]) -> tuple[str, str]:
    """The first two lines."""
    return row(cells), row(["---"] * len(cells))


def row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |"


def table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    return "\n".join((*head(names), *map(row, rows)))


def ratio(ours: float, peer: float, goal: float | None = None) -> str:
    """Ours to the peer's, beside the goal, and whether it is missed."""
    share = ours / peer
    if goal is None:
        return f"{share:.3g}"
    return f"{share:.3g} (goal {goal:g}{'' if share <= goal else ', missed'})"
