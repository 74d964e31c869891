"""Which of two a server puts first, by what it selected of what it was offered. No I/O.

What a server with an order of its own selects stands before all else in the offer; and what stands before one that stands before
another stands before that, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


class Order:
    """What is known of an order: all selections, and of what."""

    def __init__(self) -> None:
        self._answers: list[tuple[int, frozenset[int]]] = []

    def note(self, first: int, offered: Sequence[int]) -> None:
        """`first` was selected of `offered`."""
        self._answers.append((first, frozenset(offered)))

    def line(self, codes: Sequence[int]) -> tuple[int, ...]:
        """The codes in the order that is known; those of which it is not as they stand."""
        return _line(codes, self._behind(codes))

    def doubtful(self, codes: Sequence[int]) -> list[tuple[int, ...]]:
        """Those in `line` that are not known to stand before the next one, each with all behind it that may stand before it."""
        behind = self._behind(codes)
        line = _line(codes, behind)
        return [
            (one, *(code for code in line[place:] if code not in behind[one]))
            for place, (one, other) in enumerate(pairwise(line), 1)
            if other not in behind[one]
        ]

    def _behind(self, codes: Sequence[int]) -> dict[int, set[int]]:
        """What stands behind each of the codes. Of answers that contradict each other the earlier ones count."""
        behind: dict[int, set[int]] = {code: set() for code in codes}
        for first, offered in self._answers:
            if first not in behind:
                continue
            before = [code for code in codes if first in behind[code]]
            added = (offered & behind.keys()) - behind[first] - {first, *before}
            if added:
                added = added.union(*(behind[code] for code in added)) - {first, *before}
                for code in (first, *before):
                    behind[code] |= added
        return behind


def _line(codes: Sequence[int], behind: dict[int, set[int]]) -> tuple[int, ...]:
    left, line = list(codes), list[int]()
    while left:
        first = next((code for code in left if not any(code in behind[other] for other in left)), left[0])
        line.append(first)
        left.remove(first)
    return tuple(line)
