"""What the assistant and its model worker say to each other: msgpack, each message after its length in four bytes, big-endian."""

from __future__ import annotations

import struct
from typing import Literal, TypeAlias

import msgspec

from netassist.llama.grammar import Node

LENGTH = struct.Struct(">I")
LARGEST = 16 << 20
"""Bytes of one message."""
LONGEST_TEMPLATE = 256 << 10
"""Characters of a chat template. A longer one is handed on cut behind one more, so that it can be told and refused."""


class Segment(msgspec.Struct, frozen=True, array_like=True):
    """A part of a prompt. Special tokens are read in it only where it is `ours`; what people or the network wrote stays text."""

    text: str
    ours: bool = False


class Sampling(msgspec.Struct, frozen=True):
    """Draw among what is admitted instead of taking the best; the same `seed` draws the same."""

    temperature: float
    top_p: float
    seed: int = 0


class Load(msgspec.Struct, frozen=True, tag="load"):
    """`context` and `threads`: None for what the model was trained for (8,192 tokens at most), and for all usable cores; a
    tiny model takes one thread in any case.

    `careful`: without instructions that some machines only pretend to have (AMX in some sandboxes). `prefixes` is the folder in
    which the states of evaluated heads are kept, `most_kept` how many bytes of them; None keeps none.
    """

    path: str
    context: int | None = None
    threads: int | None = None
    careful: bool = False
    id: int = 0
    prefixes: str | None = None
    most_kept: int = 0


class Complete(msgspec.Struct, frozen=True, tag="complete"):
    """The first `head` segments of the prompt are the same in every request of a configuration: their state is kept on disk.

    It is refused as too long where fewer than `reserve` tokens of the context would be left after `most_tokens`.
    """

    id: int
    prompt: tuple[Segment, ...]
    grammar: Node
    most_tokens: int
    sampling: Sampling | None = None
    head: int = 0
    reserve: int = 0


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    id: int


class Chat(msgspec.Struct, frozen=True):
    """A model's chat template (Jinja), the one for tools where it has several, and the texts of its tokens for begin and end."""

    template: str
    bos: str = ""
    eos: str = ""


class Loaded(msgspec.Struct, frozen=True, tag="loaded"):
    """`notation` is the version that a built-in model states (``netassist.notation``), None for any other model.

    `chat` is None where the file carries no chat template.
    """

    id: int
    description: str
    parameters: int
    context: int
    threads: int
    notation: int | None = None
    chat: Chat | None = None


class Reading(msgspec.Struct, frozen=True, tag="reading"):
    """How far the head of a prompt is, which is read once and then kept: `done` of `total` tokens. The reply is still to come."""

    id: int
    done: int
    total: int


HeadCame = Literal["nothing", "kept", "loaded", "built", "not_saved"]
"""How the state of a head came about: there is none, kept in memory, loaded from disk, computed, computed and not to be saved."""


class Completed(msgspec.Struct, frozen=True, tag="completed"):
    """What the model wrote.

    `whole` is false where it ran out of tokens within a sentence of the grammar. `prompt` counts its tokens, `evaluated` the
    tokens of prompt and output that the model really computed (the rest was kept from the request before), `sampled` those that
    were chosen rather than forced. `margin` is the smallest difference of logits, over the sampled tokens, between the chosen
    token and the best other one that the grammar admits and that is no beginning of it, nor it of that one; a difference of
    logits is one of log probabilities. None where there was never another. `head` counts the tokens of the head that were
    computed (they are among `evaluated`), and `head_came` says how it came about.
    """

    id: int
    text: str
    whole: bool
    prompt: int
    evaluated: int
    sampled: int
    margin: float | None = None
    head: int = 0
    head_came: HeadCame = "nothing"


Problem = Literal["model", "too_long", "grammar", "cancelled", "engine"]


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """Why there is no answer. `tokens` and `room` say how long a prompt was and may be (`too_long`)."""

    id: int
    problem: Problem
    message: str
    tokens: int = 0
    room: int = 0


Request: TypeAlias = Load | Complete | Cancel
Reply: TypeAlias = Loaded | Completed | Refused | Reading


def framed(message: Request | Reply) -> bytes:
    body = msgspec.msgpack.encode(message)
    if len(body) > LARGEST:
        raise ValueError(f"a message of {len(body)} bytes; {LARGEST} is the most")
    return LENGTH.pack(len(body)) + body
