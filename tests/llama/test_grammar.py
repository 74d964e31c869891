"""Grammars: the matcher against regular expressions, what is forced, and what is refused as malformed."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.llama.grammar import MOST_REPEATS, Choice, Literal, Node, Repeat, Sequence, Subset, Text, check
from netassist.llama.matching import State, start

WORDS = st.text("abé,", min_size=1, max_size=3)
LITERALS = st.builds(Literal, WORDS)
TEXTS = st.builds(Text, most=st.integers(1, 4), forbidden=st.sampled_from(["", "a", "b,"]), least=st.integers(0, 1))


def grown(parts: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(parts, min_size=1, max_size=3).map(tuple)
    nonempty = st.one_of(LITERALS, st.lists(LITERALS, min_size=1, max_size=2).map(lambda items: Choice(tuple(items))))
    return st.one_of(
        st.builds(Choice, several),
        st.builds(Sequence, several),
        st.builds(Repeat, nonempty, LITERALS, most=st.integers(2, 3), least=st.integers(0, 2)),
        st.lists(st.tuples(nonempty, st.booleans()), min_size=1, max_size=3).flatmap(
            lambda rows: st.builds(Subset, st.just(tuple(r[0] for r in rows)), st.just(tuple(r[1] for r in rows)), LITERALS)
        ),
    )


GRAMMARS: st.SearchStrategy[Node] = st.recursive(st.one_of(LITERALS, TEXTS), grown, max_leaves=6)


def expression(node: Node) -> str:
    """The same language as a regular expression, for texts over ``abé,``: é counts two bytes."""
    match node:
        case Literal(text=text):
            return re.escape(text)
        case Choice(options=options):
            return "(?:" + "|".join(map(expression, options)) + ")"
        case Sequence(items=items):
            return "".join(map(expression, items))
        case Repeat(item=item, separator=separator, most=most, least=least):
            one, between = expression(item), expression(separator)
            many = f"(?:{one}(?:{between}{one}){{{max(0, least - 1)},{most - 1}}})"
            return many if least else f"{many}?"
        case Subset(items=items, required=required, separator=separator):
            kept: list[str] = []
            for choice in range(1 << len(items)):
                chosen = [i for i in range(len(items)) if choice >> i & 1]
                if all(i in chosen for i in range(len(items)) if required[i]):
                    kept.append(expression(separator).join(expression(items[i]) for i in chosen))
            return "(?:" + "|".join(kept) + ")"
        case Text(most=most, forbidden=forbidden, least=least):
            plain = [c for c in "ab," if c not in forbidden]
            shapes = ["".join(p) for p in _shapes(most, least)]
            return "(?:" + "|".join(s.replace("1", f"[{''.join(plain)}]").replace("2", "é") for s in shapes) + ")"


def _shapes(most: int, least: int) -> list[str]:
    """Every row of characters of one and two bytes whose bytes are within the bounds."""
    rows, found = [""], []
    while rows:
        row = rows.pop()
        size = sum(map(int, row))
        if size <= most:
            found += [row] if size >= least else []
            rows += [row + "1", row + "2"]
    return found


def after(state: State | None, data: bytes, cuts: list[int]) -> State | None:
    for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        if end > begin and state is not None:
            state = state.advance(data[begin:end])
    return state


@given(GRAMMARS, st.text("abé,", max_size=8), st.data())
def test_the_matcher_admits_what_the_expression_does(grammar: Node, text: str, data: st.DataObject) -> None:
    # Given a text in pieces that may cut through a character
    raw = text.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=4)))
    # When it is matched piece by piece
    state = after(start(grammar), raw, cuts)
    # Then it is a sentence exactly where the expression says so
    assert (state is not None and state.finished) == bool(re.fullmatch(expression(grammar), text))


@given(GRAMMARS, st.data())
def test_a_walk_along_admitted_pieces_ends_in_a_sentence(grammar: Node, data: st.DataObject) -> None:
    # Given any walk through the grammar, taking what is forced and else an admitted byte
    state: State | None = start(grammar)
    written = b""
    while state is not None and not (state.finished and (state.closed or data.draw(st.booleans()))):
        piece = state.forced().encode()
        if not piece:
            admitted = [bytes([b]) for c in "abé," for b in c.encode() if state.advance(bytes([b]))]
            assert admitted, "a place from which nothing follows"
            piece = data.draw(st.sampled_from(admitted))
        opening = state.openings()
        assert opening is None or piece[0] in opening
        written += piece
        state = state.advance(piece)
    # Then what was written is a sentence
    assert state is not None
    assert re.fullmatch(expression(grammar), written.decode())


@given(GRAMMARS)
def test_a_grammar_survives_the_way_to_the_worker(grammar: Node) -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(grammar), type=Node) == grammar


def test_forced_text_goes_on_to_the_next_choice() -> None:
    ports = Choice((Literal("80"), Literal("443")))
    state = start(Sequence((Literal("ping("), Literal("port="), ports, Literal(")"))))
    assert state.forced() == "ping(port="
    chosen = state.advance(b"ping(port=")
    assert chosen is not None
    assert chosen.forced() == ""
    half = chosen.advance(b"4")
    assert half is not None
    assert half.forced() == "43)"


def test_whole_literals_are_taken_at_once_or_not() -> None:
    # Two tokens of a vocabulary that begin alike: nothing is forced, and no part of one is admitted.
    state = start(Choice((Literal("), ", whole=True), Literal(")]</TOOLCALL>", whole=True))))
    assert state.forced() == ""
    assert state.advance(b")") is None
    last = state.advance(b")]</TOOLCALL>")
    assert last is not None
    assert last.closed


def test_free_text_keeps_to_whole_characters_and_its_limit() -> None:
    state = start(Sequence((Text(most=3, forbidden='"'), Literal('"'))))
    assert state.advance(b"\x1b") is None
    assert state.advance(b"\xe2\x82") is not None
    assert state.advance("€€".encode()) is None
    euro = state.advance("€".encode())
    assert euro is not None
    assert euro.forced() == '"'
    assert state.advance(b"\xed\xa0\x80") is None, "a surrogate is no character"


@pytest.mark.parametrize(
    "grammar",
    [
        Literal(""),
        Choice(()),
        Sequence(()),
        Text(0),
        Text(4, forbidden="é"),
        Text(4, least=5),
        Repeat(Text(4), Literal(","), most=2),
        Repeat(Literal("a"), Literal(","), most=MOST_REPEATS + 1),
        Repeat(Literal("a"), Literal(""), most=2),
        Subset((Literal("a"),), (True, False), Literal(",")),
        Subset((Text(2),), (True,), Literal(",")),
        Literal("a" * ((1 << 20) + 1)),
        Choice((Literal("a"),) * 50_000),
    ],
)
def test_malformed_grammars_are_refused(grammar: Node) -> None:
    with pytest.raises(ValueError, match=r"literal|nothing|repeat|subset|text|larger"):
        start(grammar)


def test_a_grammar_that_is_too_deep_is_refused() -> None:
    grammar: Node = Literal("a")
    for _ in range(100):
        grammar = Choice((grammar,))
    with pytest.raises(ValueError, match="levels"):
        check(grammar)
