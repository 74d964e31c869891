"""What a grammar admits of a vocabulary, found by walking the grammar, against trying every piece."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netassist.llama.grammar import Choice, Literal, Node, Text
from netassist.llama.matching import State, start
from netassist.llama.vocabulary import Vocabulary
from tests.llama.test_grammar import GRAMMARS

PIECES = st.lists(st.text("abé,", max_size=4).map(str.encode) | st.sampled_from([b"\xc3", b"\xa9", b"a\xc3"]), max_size=30)


def tried(vocabulary: Vocabulary, state: State) -> list[int]:
    return [n for n, piece in enumerate(vocabulary.pieces) if piece and state.advance(piece) is not None]


@given(GRAMMARS, PIECES, st.binary(max_size=2) | st.sampled_from([b"a", b"\xc3", b"ab"]))
def test_the_walk_finds_what_trying_every_piece_finds(grammar: Node, pieces: list[bytes], begun: bytes) -> None:
    vocabulary = Vocabulary(pieces, frozenset())
    for state in (start(grammar), start(grammar).advance(begun)):
        if state is not None:
            assert sorted(vocabulary.admitted(state)) == tried(vocabulary, state)


def test_literals_that_are_taken_whole() -> None:
    grammar = Choice((Literal("), ", whole=True), Literal(")]"), Literal("x", whole=True)))
    vocabulary = Vocabulary([b")", b"), ", b")]", b"x", b"", b"]"], frozenset({4}))
    state = start(grammar)
    assert sorted(vocabulary.admitted(state)) == tried(vocabulary, state) == [0, 1, 2, 3]


def test_into_free_text_it_tries_what_begins_alike() -> None:
    state = start(Choice((Literal("ab"), Text(most=4, forbidden="b"))))
    vocabulary = Vocabulary([b"a", b"ab", b"b", b"aa", b"ac", b"aaaaa"], frozenset())
    assert sorted(vocabulary.admitted(state)) == tried(vocabulary, state) == [0, 1, 3, 4]
