"""What a model may write: a grammar that is checked token by token, and that knows what must come next.

Our own instead of llama.cpp's: its sampler filters the whole vocabulary at every step (25–50 ms a token with 128k tokens), and a
malformed grammar is a segmentation fault there. A grammar here is a finite tree of nodes; it travels to the worker as msgpack.
`netassist.llama.matching` matches it.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

MOST_NODES, MOST_BYTES, MOST_REPEATS, MOST_DEPTH = 50_000, 1 << 20, 64, 24
"""Bounds of one grammar; `check` refuses what is beyond them."""


class Literal(msgspec.Struct, frozen=True, tag="literal"):
    """This text. `whole`: a token has to bring all of it at once, because it is one token of the vocabulary."""

    text: str
    whole: bool = False


class Choice(msgspec.Struct, frozen=True, tag="choice"):
    options: tuple[Node, ...]


class Sequence(msgspec.Struct, frozen=True, tag="sequence"):
    items: tuple[Node, ...]


class Repeat(msgspec.Struct, frozen=True, tag="repeat"):
    """`item` from `least` to `most` times, `separator` between two."""

    item: Node
    separator: Literal
    most: int
    least: int = 1


class Subset(msgspec.Struct, frozen=True, tag="subset"):
    """The items in their order, those that are not `required` perhaps left out, `separator` between any two that are there."""

    items: tuple[Node, ...]
    required: tuple[bool, ...]
    separator: Literal


class Text(msgspec.Struct, frozen=True, tag="text"):
    """From `least` to `most` bytes of whole characters, none in `forbidden` (ASCII), no control character but tab and newline."""

    most: int
    forbidden: str = ""
    least: int = 0


Node: TypeAlias = Literal | Choice | Sequence | Repeat | Subset | Text


def check(node: Node) -> None:
    """Raises ValueError where a grammar is malformed, empty in a place that must not be, or beyond the bounds."""
    nodes = size = 0
    waiting = [(node, 1)]
    while waiting:
        found, depth = waiting.pop()
        nodes += 1
        size += len(found.text) if isinstance(found, Literal) else 0
        if nodes > MOST_NODES or size > MOST_BYTES or depth > MOST_DEPTH:
            raise ValueError(f"the grammar is larger than {MOST_NODES} nodes, {MOST_BYTES} characters or {MOST_DEPTH} levels")
        _check_one(found)
        waiting += [(part, depth + 1) for part in _parts(found)]


def _check_one(node: Node) -> None:
    match node:
        case Literal(text=""):
            raise ValueError("an empty literal")
        case Choice(options=()) | Sequence(items=()):
            raise ValueError(f"a {type(node).__name__.lower()} of nothing")
        case Repeat(least=least, most=most) if not 0 <= least <= most <= MOST_REPEATS or most == 0:
            raise ValueError(f"a repeat of {least} to {most} times")
        case Repeat(item=item) if _may_be_empty(item):
            raise ValueError("a repeat of what may be empty")
        case Subset(items=items, required=required) if len(items) != len(required) or any(map(_may_be_empty, items)):
            raise ValueError("a subset whose items may be empty or whose requirements do not match")
        case Text(most=most, forbidden=forbidden, least=least) if not 0 <= least <= most or most == 0 or not forbidden.isascii():
            raise ValueError(f"a text of {least} to {most} bytes, or one that forbids more than ASCII")


def _parts(node: Node) -> tuple[Node, ...]:
    match node:
        case Choice(options=parts) | Sequence(items=parts):
            return parts
        case Repeat(item=item, separator=separator):
            return item, separator
        case Subset(items=items, separator=separator):
            return *items, separator
    return ()


def _may_be_empty(node: Node) -> bool:
    match node:
        case Choice(options=options):
            return any(map(_may_be_empty, options))
        case Sequence(items=items):
            return all(map(_may_be_empty, items))
        case Repeat(least=least) | Text(least=least):
            return least == 0
        case Subset(required=required):
            return not any(required)
    return False
