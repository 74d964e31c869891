"""Matching a grammar piece by piece, as a nondeterministic automaton that is unfolded only where a text goes.

Pieces are bytes, because a token may be part of a character.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from netassist.llama.grammar import Choice, Literal, Node, Repeat, Sequence, Subset, Text, check

# What may follow the first byte of a character (RFC 3629, section 4).
_REST = (0x80, 0xBF)
_AFTER: dict[int, tuple[tuple[int, int], ...]] = {
    **dict.fromkeys(range(0xC2, 0xE0), (_REST,)),
    **dict.fromkeys(range(0xE1, 0xF0), (_REST, _REST)),
    **dict.fromkeys(range(0xF1, 0xF4), (_REST, _REST, _REST)),
    0xE0: ((0xA0, 0xBF), _REST), 0xED: ((0x80, 0x9F), _REST),
    0xF0: ((0x90, 0xBF), _REST, _REST), 0xF4: ((0x80, 0x8F), _REST, _REST),
}  # fmt: skip
_CONTROLS = frozenset(range(0x20)) - {0x09, 0x0A} | {0x7F}


class State:
    """A place in a grammar. Immutable to its users; what was asked once is remembered."""

    def __init__(self, ways: frozenset[_Way], known: dict[frozenset[_Way], State]) -> None:
        self._ways, self._known = ways, known
        self._next: dict[bytes, State | None] = {}
        self._forced: str | None = None

    @property
    def finished(self) -> bool:
        """What was written is a whole sentence of the grammar."""
        return None in self._ways

    @property
    def closed(self) -> bool:
        """Nothing can follow any more."""
        return self._ways == {None}

    def advance(self, piece: bytes) -> State | None:
        """The place after `piece`, None where the grammar does not admit it. An empty piece is never admitted."""
        if piece not in self._next:
            ways = frozenset(after for way in self._ways if way is not None for after in _consume(way, piece)) if piece else None
            self._next[piece] = self._known.setdefault(ways, State(ways, self._known)) if ways else None
        return self._next[piece]

    def forced(self) -> str:
        """The text that must come next, by whole literals or the rest of one; "" where there is a choice or half a character."""
        if self._forced is None:
            data, ways = b"", self._ways
            while len(ways) == 1 and (way := next(iter(ways))) is not None and isinstance(way.leaf, _Exact):
                data += way.leaf.data[way.done :]
                ways = frozenset(_leave(way.rest))
            self._forced = data.decode() if data and not 0x80 <= data[0] <= 0xBF else ""
        return self._forced

    def openings(self) -> frozenset[int] | None:
        """The first bytes that an admitted piece may have; None inside free text, where they are many."""
        if any(way is not None and isinstance(way.leaf, _Free) for way in self._ways):
            return None
        return frozenset(way.leaf.data[way.done] for way in self._ways if way is not None and isinstance(way.leaf, _Exact))

    def continuations(self) -> tuple[str, ...]:
        """What may come next, where it is one of several literals; empty elsewhere, and inside a character."""
        rests = {way.leaf.data[way.done :] for way in self._ways if way is not None and isinstance(way.leaf, _Exact)}
        if len(rests) < len(self._ways) or self.has_whole or any(0x80 <= rest[0] <= 0xBF for rest in rests):
            return ()
        return tuple(rest.decode() for rest in sorted(rests))

    @property
    def has_whole(self) -> bool:
        """One of the literals that may come next is taken whole."""
        return any(way is not None and isinstance(way.leaf, _Exact) and way.leaf.whole for way in self._ways)

    def whole(self) -> frozenset[bytes] | None:
        """The literals one of which must come next, where all of them are taken whole; None elsewhere."""
        leaves = [way.leaf for way in self._ways if way is not None]
        exact = [leaf for leaf in leaves if isinstance(leaf, _Exact) and leaf.whole]
        return frozenset(leaf.data for leaf in exact) if len(exact) == len(leaves) else None


def start(grammar: Node) -> State:
    """The begin of a grammar; raises ValueError where it is malformed."""
    check(grammar)
    return State(frozenset(_enter(_compiled(grammar), None)), {})


class _Exact:
    """A literal, ready to be matched. Compared by identity, as all compiled nodes are."""

    def __init__(self, node: Literal) -> None:
        self.data, self.whole = node.text.encode(), node.whole


class _Free:
    def __init__(self, node: Text) -> None:
        self.least, self.most = node.least, node.most
        self.plain = frozenset(range(0x80)) - _CONTROLS - set(node.forbidden.encode())

    def after(self, done: int, rest: tuple[tuple[int, int], ...], byte: int) -> tuple[tuple[int, int], ...] | None:
        """What must follow `byte` inside its character; None where the byte may not stand here."""
        if rest:
            low, high = rest[0]
            return rest[1:] if low <= byte <= high else None
        if byte in self.plain:
            return ()
        follows = _AFTER.get(byte)
        return follows if follows is not None and done + 1 + len(follows) <= self.most else None


class _Group:
    """A choice, sequence, repeat or subset over compiled parts."""

    def __init__(self, node: Choice | Sequence | Repeat | Subset, items: list[_Compiled], separator: _Exact | None) -> None:
        self.node, self.items, self.separator = node, items, separator


_Compiled: TypeAlias = "_Exact | _Free | _Group"
BEGIN, ITEM, SEPARATOR = range(3)


class _Frame(NamedTuple):
    """Where a group goes on: before item `place`, after an item or a separator (`last`); then comes `rest`."""

    group: _Group
    place: int
    last: int
    rest: _Frame | None


class _In(NamedTuple):
    """One way to be in the grammar: `done` bytes into a literal or a text, with a character of it `open`; then comes `rest`."""

    leaf: _Exact | _Free
    done: int
    open: tuple[tuple[int, int], ...]
    rest: _Frame | None


_Way: TypeAlias = "_In | None"
"""None: the grammar is complete."""


def _compiled(node: Node) -> _Compiled:
    if isinstance(node, Literal):
        return _Exact(node)
    if isinstance(node, Text):
        return _Free(node)
    separator = _Exact(node.separator) if isinstance(node, Repeat | Subset) else None
    items = (node.item,) if isinstance(node, Repeat) else node.options if isinstance(node, Choice) else node.items
    return _Group(node, [_compiled(item) for item in items], separator)


def _enter(part: _Compiled, rest: _Frame | None) -> Iterator[_Way]:
    if isinstance(part, _Group):
        if isinstance(part.node, Choice):
            for option in part.items:
                yield from _enter(option, rest)
        else:
            yield from _go_on(_Frame(part, 0, BEGIN, rest))
        return
    yield _In(part, 0, (), rest)
    if isinstance(part, _Free) and part.least == 0:
        yield from _leave(rest)


def _leave(rest: _Frame | None) -> Iterator[_Way]:
    if rest is None:
        yield None
    else:
        yield from _go_on(rest)


def _go_on(frame: _Frame) -> Iterator[_Way]:
    """What may come next in a group: its end, a separator, or an item."""
    group, place, last, rest = frame
    node = group.node
    may_leave, may_stay, places = _moves(node, place)
    if may_leave and last != SEPARATOR:
        yield from _leave(rest)
    if not may_stay:
        return
    if group.separator is not None and last == ITEM:
        yield _In(group.separator, 0, (), _Frame(group, place, SEPARATOR, rest))
        return
    for chosen in places:
        item = group.items[0] if isinstance(node, Repeat) else group.items[chosen]
        yield from _enter(item, _Frame(group, chosen + 1, ITEM, rest))


def _moves(node: Node, place: int) -> tuple[bool, bool, Iterable[int]]:
    """Whether a group may end before item `place`, whether it may go on, and with which item."""
    if isinstance(node, Repeat):
        return place >= node.least, place < node.most, (place,)
    if isinstance(node, Subset):
        needed = next((later for later in range(place, len(node.items)) if node.required[later]), None)
        last = len(node.items) - 1 if needed is None else needed
        return needed is None, place < len(node.items), range(place, last + 1)
    assert isinstance(node, Sequence)  # noqa: S101 - a choice has no frame
    return place >= len(node.items), place < len(node.items), (place,)


def _consume(way: _In, piece: bytes) -> Iterator[_Way]:
    """Every way to be after `piece`."""
    if isinstance(way.leaf, _Free):
        yield from _consume_free(way, way.leaf, piece)
        return
    left = way.leaf.data[way.done :] if way.done else way.leaf.data
    if len(piece) < len(left):
        if left.startswith(piece) and not way.leaf.whole:
            yield way._replace(done=way.done + len(piece))
    elif piece.startswith(left):
        yield from _after(way.rest, piece[len(left) :])


def _after(rest: _Frame | None, piece: bytes) -> Iterator[_Way]:
    for way in _leave(rest):
        if not piece:
            yield way
        elif way is not None:
            yield from _consume(way, piece)


def _consume_free(way: _In, leaf: _Free, piece: bytes) -> Iterator[_Way]:
    done, unfinished = way.done, way.open
    for place, byte in enumerate(piece):
        if place and not unfinished and done >= leaf.least:
            yield from _after(way.rest, piece[place:])
        follows = leaf.after(done, unfinished, byte) if done < leaf.most else None
        if follows is None:
            return
        done, unfinished = done + 1, follows
    if done < leaf.most:
        yield _In(leaf, done, unfinished, way.rest)
    if not unfinished and done >= leaf.least:
        yield from _leave(way.rest)
