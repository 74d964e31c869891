"""How much memory a model takes.

    weights + keys and values + what a batch is computed in

- The weights are the file: it is mapped, so they count as memory that is read again when it was needed elsewhere, at the speed
  of the disk. (Where llama.cpp lays Q4_0 and Q4_K weights out anew for the processor, REPACK, that copy takes their place.)
- Keys and values: ``context × layers × heads_kv × (key + value) × 2 bytes`` (f16, as `netassist.llama.engine` asks for).
- A batch of `BATCH` tokens: the mask of attention (f16, ``context × batch``) and whatever is larger, the logits with two rows of
  the model's width, or three rows of the feed-forward with four of the width (all f32).

tests/llama/test_catalogue.py holds this against what llama.cpp says it took.
"""

from __future__ import annotations

from typing import NamedTuple

from netassist.llama.gguf_header import Shape

BATCH = 512
"""Tokens computed at once (`netassist.llama.engine.BATCH`)."""
USUAL_CONTEXT = 8192
"""Tokens kept where nothing else is said (`netassist.llama.engine.LONGEST_CONTEXT`)."""
PADDING = 256
"""llama.cpp rounds a context up to a multiple of this."""
PROCESS = 60_000_000
"""Bytes of the worker process itself, with llama.cpp's libraries and the vocabulary's pieces."""


class Need(NamedTuple):
    """Bytes."""

    weights: int
    cache: int
    compute: int

    @property
    def total(self) -> int:
        return self.weights + self.cache + self.compute + PROCESS


def need(weights: int, shape: Shape, context: int = USUAL_CONTEXT, batch: int = BATCH) -> Need:
    """The memory of a model whose file has `weights` bytes, for a context of that many tokens.

    A context beyond what the model was trained for is cut to that, as the engine does.
    """
    tokens = -(-min(context, shape.trained or context) // PADDING) * PADDING
    cache = tokens * shape.layers * shape.kv_heads * (shape.key + shape.value) * 2
    rows = min(batch, tokens)
    logits = shape.vocabulary + 2 * shape.width
    layer = 3 * shape.feed + 4 * shape.width
    return Need(weights, cache, rows * (tokens * 2 + 4 * max(logits, layer)))
