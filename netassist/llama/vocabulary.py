"""The pieces of a model's vocabulary, ordered so that those which a grammar admits are found without looking at the others."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from netassist.llama.matching import State


class Vocabulary:
    """`pieces` are the bytes of each token, empty for those that no output may hold; `ends` are the tokens that end a turn."""

    def __init__(self, pieces: Sequence[bytes], ends: frozenset[int]) -> None:
        self.pieces, self.ends = pieces, ends
        self.by_piece: Mapping[bytes, int] = {piece: token for token, piece in enumerate(pieces) if piece}
        self._sorted: list[tuple[bytes, int]] | None = None

    def admitted(self, state: State) -> Iterator[int]:
        """Every token with a piece that may come next, in no order: a walk along the grammar, not along the vocabulary."""
        waiting = [(state, b"")]
        while waiting:
            place, begun = waiting.pop()
            openings = place.openings()
            if openings is None or place.has_whole:
                yield from (token for piece, token in self._beginning(begun) if self._goes_on(place, piece[len(begun) :]))
                continue
            for byte in openings:
                longer = begun + bytes((byte,))
                after = place.advance(longer[-1:])
                found = self._from(longer)
                if after is None or found == len(self._order) or not self._order[found][0].startswith(longer):
                    continue
                while found < len(self._order) and self._order[found][0] == longer:
                    yield self._order[found][1]
                    found += 1
                waiting.append((after, longer))

    @staticmethod
    def _goes_on(place: State, rest: bytes) -> bool:
        return bool(rest) and place.advance(rest) is not None

    def _beginning(self, begun: bytes) -> Iterator[tuple[bytes, int]]:
        for place in range(self._from(begun), len(self._order)):
            if not self._order[place][0].startswith(begun):
                return
            yield self._order[place]

    def _from(self, piece: bytes) -> int:
        return bisect_left(self._order, (piece, -1))

    @property
    def _order(self) -> list[tuple[bytes, int]]:
        # Not before it is needed: a tenth of a second for the 128,256 pieces of Llama 3.
        if self._sorted is None:
            self._sorted = sorted((piece, token) for token, piece in enumerate(self.pieces) if piece)
        return self._sorted
