"""The decode loop: the model's best token that the grammar admits, and what the grammar forces without asking the model.

It knows no llama.cpp; an `Engine` computes logits (see `netassist.llama.engine`).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple, Protocol

from netassist.llama.matching import State
from netassist.llama.messages import Sampling
from netassist.llama.vocabulary import Vocabulary

FIRST_LOOK = 64
"""Tokens that are looked at, best first, before all that the grammar admits are gathered."""
MOST_CONTINUATIONS = 64
"""Literals whose common beginning is looked for."""


class Engine(Protocol):
    """A model with one running sequence of tokens."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The pieces of its tokens."""

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

    def best(self, most: int) -> Sequence[int]:
        """The tokens with the highest logits, best first, `most` of them where there are as many."""


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
    pieces, ends = engine.vocabulary.pieces, engine.vocabulary.ends
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
        if token in ends:
            return Decoded(written.decode(), True, evaluated, sampled, margin if math.isfinite(margin) else None)
        after = state.advance(pieces[token])
        assert after is not None  # noqa: S101 - only admitted tokens are chosen
        state, text, ahead = _forced(engine, after)
        written += pieces[token] + text
        waiting = [token, *ahead]
        tokens += len(waiting)
    return Decoded(
        written.decode("utf-8", "ignore"), state.finished, evaluated, sampled, margin if math.isfinite(margin) else None
    )


def _forced(engine: Engine, state: State) -> tuple[State, bytes, list[int]]:
    """The place after all that must come next, that text, and its tokens."""
    text = state.forced()
    written, tokens = text.encode(), engine.tokenize(text, ours=True) if text else []
    if text:
        after = state.advance(written)
        assert after is not None  # noqa: S101 - what is forced is admitted
        state = after
    for token in _shared(engine, state):
        piece = engine.vocabulary.pieces[token]
        after = state.advance(piece)
        if after is None:
            # The tokeniser spelled more than the text, such as a space before it.
            break
        tokens.append(token)
        state, written = after, written + piece
    return state, written, tokens


def _shared(engine: Engine, state: State) -> list[int]:
    """The tokens with which all that may come next begins, each as it is spelled by itself, up to where the shortest ends."""
    texts = state.continuations()
    if not 2 <= len(texts) <= MOST_CONTINUATIONS or len({text[0] for text in texts}) > 1:
        return []
    spelled = [engine.tokenize(text, ours=False) for text in texts]
    alike, least = 0, min(map(len, spelled)) - 1
    while alike < least and len({row[alike] for row in spelled}) == 1:
        alike += 1
    return spelled[0][:alike]


def _chosen(engine: Engine, state: State, sampling: Sampling | None, chance: random.Random | None) -> tuple[int, float]:
    """The next token, and by how much it beats the best other one that says something else (infinite where there is none)."""
    logits = engine.logits()
    looks = _looks(engine, state, logits)
    if sampling is not None and chance is not None:
        for found in map(list, looks):
            if found:
                return _drawn(logits, found[:FIRST_LOOK], sampling, chance), math.inf
    admitted = chain.from_iterable(looks)
    best = next(admitted, None)
    if best is None:
        raise Stuck("no token of the model's vocabulary can continue the answer; use another model")
    other = next((token for token in admitted if _differs(engine, best, token)), None)
    return best, math.inf if other is None else logits[best] - logits[other]


def _looks(engine: Engine, state: State, logits: Sequence[float]) -> Iterator[Iterable[int]]:
    """The tokens that may come next, best first: those among the model's own best, and then, which takes longer, all others."""
    vocabulary = engine.vocabulary
    ends = list(vocabulary.ends) if state.finished else []

    def ordered(tokens: Iterable[int]) -> list[int]:
        return sorted(tokens, key=lambda token: (-logits[token], token))

    def admits(token: int) -> bool:
        return token in ends or state.advance(vocabulary.pieces[token]) is not None

    whole = state.whole()
    if whole is not None:
        few = [vocabulary.by_piece[piece] for piece in whole if piece in vocabulary.by_piece]
        yield ordered([*few, *ends])
        return
    looked_at = engine.best(FIRST_LOOK)
    yield filter(admits, looked_at)
    if state.openings() is None:
        yield (token for token in ordered(range(len(vocabulary.pieces))) if token not in looked_at and admits(token))
    else:
        yield ordered(token for token in (*vocabulary.admitted(state), *ends) if token not in looked_at)


def _differs(engine: Engine, one: int, other: int) -> bool:
    pieces, ends = engine.vocabulary.pieces, engine.vocabulary.ends
    if one in ends or other in ends:
        return (one in ends) != (other in ends)
    return not pieces[one].startswith(pieces[other]) and not pieces[other].startswith(pieces[one])


def _drawn(logits: Sequence[float], tokens: Sequence[int], sampling: Sampling, chance: random.Random) -> int:
    """One of `tokens` (best first) by its probability at a temperature, within the `top_p` most probable."""
    weights = [math.exp((logits[token] - logits[tokens[0]]) / sampling.temperature) for token in tokens]
    whole, within = sum(weights), 0
    reached = 0.0
    while within < len(weights) and reached < sampling.top_p * whole:
        reached += weights[within]
        within += 1
    return chance.choices(tokens[:within], weights[:within])[0]
