"""The decode loop: the model's best token that the grammar admits, and what the grammar forces without asking the model.

It knows no llama.cpp; an `Engine` computes logits (see `netassist.llama.engine`).
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from netassist.llama.matching import State
from netassist.llama.messages import Sampling

FIRST_LOOK = 64
"""Tokens that are looked at, best first, before the whole vocabulary is sorted."""


class Engine(Protocol):
    """A model with one running sequence of tokens."""

    @property
    def pieces(self) -> Sequence[bytes]:
        """The bytes of each token; empty for those that no output may hold."""

    @property
    def by_first_byte(self) -> Sequence[Sequence[int]]:
        """The tokens whose pieces begin with each of the 256 bytes."""

    @property
    def by_piece(self) -> Mapping[bytes, int]:
        """The token of each piece."""

    @property
    def ends(self) -> frozenset[int]:
        """The tokens that end a turn."""

    @property
    def room(self) -> int:
        """Tokens that the sequence can hold."""

    def tokenize(self, text: str, ours: bool) -> list[int]:
        """Token numbers of a text, special tokens read only where it is `ours`."""

    def begin(self, tokens: Sequence[int]) -> int:
        """Go back to what the sequence shares with `tokens`, at most all but the last of them; says how many those are."""

    def extend(self, tokens: Sequence[int]) -> None:
        """Compute these further tokens; raises Cancelled where that was interrupted."""

    def logits(self) -> Sequence[float]:
        """After the last token, one for each token of the vocabulary; valid until `extend`."""


class Cancelled(Exception):
    """Nobody waits for the answer any more."""


class TooLong(Exception):
    """The prompt leaves no room for an answer."""

    def __init__(self, tokens: int, room: int) -> None:
        super().__init__(f"the prompt has {tokens} tokens and {room} is the most")
        self.tokens, self.room = tokens, room


class Stuck(Exception):
    """No token of the vocabulary continues what the grammar asks for."""


class Decoded(NamedTuple):
    """See `netassist.llama.messages.Completed`."""

    text: str
    whole: bool
    evaluated: int
    sampled: int
    margin: float | None


def decode(
    engine: Engine,
    prompt: Sequence[int],
    state: State,
    most_tokens: int,
    sampling: Sampling | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Decoded:
    """Write one sentence of the grammar after `prompt`.

    Raises:
        TooLong: the prompt and `most_tokens` do not fit the engine.
        Cancelled: `cancelled` became true; it is asked before every token.
        Stuck: the vocabulary cannot spell what the grammar wants.
    """
    if len(prompt) + most_tokens > engine.room:
        raise TooLong(len(prompt), engine.room - most_tokens)
    chance = random.Random(sampling.seed) if sampling else None  # noqa: S311 - the same seed shall write the same
    if not prompt:
        raise ValueError("an empty prompt")
    state, written, ahead = _forced(engine, state)
    kept = engine.begin([*prompt, *ahead])
    waiting = [*prompt, *ahead][kept:]
    evaluated = sampled = 0
    tokens, margin = len(ahead), math.inf
    while not state.closed and tokens < most_tokens:
        if cancelled():
            raise Cancelled
        engine.extend(waiting)
        evaluated += len(waiting)
        token, gap = _chosen(engine, state, sampling, chance)
        sampled, margin = sampled + 1, min(margin, gap)
        if token in engine.ends:
            return Decoded(written.decode(), True, evaluated, sampled, margin if math.isfinite(margin) else None)
        after = state.advance(engine.pieces[token])
        assert after is not None  # noqa: S101 - only admitted tokens are chosen
        state, text, ahead = _forced(engine, after)
        written += engine.pieces[token] + text
        waiting = [token, *ahead]
        tokens += len(waiting)
    return Decoded(
        written.decode("utf-8", "ignore"), state.finished, evaluated, sampled, margin if math.isfinite(margin) else None
    )


def _forced(engine: Engine, state: State) -> tuple[State, bytes, list[int]]:
    """The place after all that must come next, that text, and its tokens."""
    text = state.forced()
    if not text:
        return state, b"", []
    after = state.advance(text.encode())
    assert after is not None  # noqa: S101 - what is forced is admitted
    return after, text.encode(), engine.tokenize(text, ours=True)


def _chosen(engine: Engine, state: State, sampling: Sampling | None, chance: random.Random | None) -> tuple[int, float]:
    """The next token, and by how much it beats the best other one that says something else (infinite where there is none)."""
    logits = engine.logits()
    admitted = _admitted(engine, state, logits)
    best = next(admitted, None)
    if best is None:
        raise Stuck("no token of the model's vocabulary can continue the answer; use another model")
    if sampling is not None and chance is not None:
        best = _drawn(logits, [best, *(token for token, _ in zip(admitted, range(FIRST_LOOK), strict=False))], sampling, chance)
        return best, math.inf
    other = next((token for token in admitted if _differs(engine, best, token)), None)
    return best, math.inf if other is None else logits[best] - logits[other]


def _admitted(engine: Engine, state: State, logits: Sequence[float]) -> Iterator[int]:
    """The tokens that may come next, best first."""
    ends = list(engine.ends) if state.finished else []
    whole = state.whole()
    if whole is not None:
        few = [engine.by_piece[piece] for piece in whole if piece in engine.by_piece]
        yield from sorted([*few, *ends], key=lambda token: (-logits[token], token))
        return
    openings = state.openings()
    if openings is not None:
        few = [token for byte in openings for token in engine.by_first_byte[byte] if state.advance(engine.pieces[token])]
        yield from sorted([*few, *ends], key=lambda token: (-logits[token], token))
        return
    everything = range(len(engine.pieces))
    seen = heapq.nlargest(FIRST_LOOK, everything, key=logits.__getitem__)
    yield from (token for token in seen if token in ends or state.advance(engine.pieces[token]))
    looked_at = frozenset(seen)
    for token in sorted(everything, key=logits.__getitem__, reverse=True):
        if token not in looked_at and (token in ends or state.advance(engine.pieces[token])):
            yield token


def _differs(engine: Engine, one: int, other: int) -> bool:
    if one in engine.ends or other in engine.ends:
        return (one in engine.ends) != (other in engine.ends)
    first, second = engine.pieces[one], engine.pieces[other]
    return not first.startswith(second) and not second.startswith(first)


def _drawn(logits: Sequence[float], tokens: Sequence[int], sampling: Sampling, chance: random.Random) -> int:
    """One of `tokens` (best first) by its probability at a temperature, within the `top_p` most probable."""
    weights = [math.exp((logits[token] - logits[tokens[0]]) / sampling.temperature) for token in tokens]
    whole, within = sum(weights), 0
    reached = 0.0
    while within < len(weights) and reached < sampling.top_p * whole:
        reached += weights[within]
        within += 1
    return chance.choices(tokens[:within], weights[:within])[0]
