"""The head of a GGUF file (version 2 and 3, ggml's docs/gguf.md): the model's shape, and how long the file has to be.

A file that was fetched is hostile until its checksum says otherwise, so every length is bounded before it is believed.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import BinaryIO, Literal, NamedTuple, TypeAlias

MAGIC = b"GGUF"
LONGEST = 256 << 20
"""Bytes of a head. That of an 8B model, with its vocabulary, has some 8 million."""
MOST_TENSORS, MOST_KEYS, MOST_DIMENSIONS = 1 << 16, 1 << 12, 4
LONGEST_TEXT, LONGEST_ARRAY = 16 << 20, 1 << 24
ALIGNMENT = 32
"""Bytes that the weights are aligned to where the file names none."""

QUANTISATIONS: Mapping[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 36), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292), 16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50), 20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136), 24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17),
}  # fmt: skip
"""ggml's types of weights (ggml.h): name, weights a block, bytes a block."""

_NUMBERS: Mapping[int, str] = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d",
}  # fmt: skip
_TEXT, _ARRAY = 8, 9

Value: TypeAlias = int | float | bool | str | None
"""None where it was passed over: arrays, and texts that are long."""


class BadHeader(ValueError):
    """The file is no GGUF that can be read; the message says why, without its name. `cut` where it merely ends too early."""

    def __init__(self, message: str, *, cut: bool = False) -> None:
        super().__init__(message)
        self.cut = cut


class Shape(NamedTuple):
    """What memory depends on. `key` and `value` are the widths of one head, `trained` the longest context it was trained for."""

    layers: int
    width: int
    feed: int
    heads: int
    kv_heads: int
    key: int
    value: int
    vocabulary: int
    trained: int


class Header(NamedTuple):
    """`shape` is None for what is no decoder of the usual kind; `length` is the bytes that the whole file has to have."""

    architecture: str
    name: str
    shape: Shape | None
    weights: int
    length: int


class _Reader:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.at = 0

    def bytes(self, count: int) -> bytes:
        if self.at + count > LONGEST:
            raise BadHeader(f"its head has more than {LONGEST >> 20} MB")
        found = self._stream.read(count)
        if len(found) < count:
            raise BadHeader("it is cut short", cut=True)
        self.at += count
        return found

    def number(self, form: str) -> int:
        return int(struct.unpack(f"<{form}", self.bytes(struct.calcsize(f"<{form}")))[0])

    def count(self, what: str, most: int) -> int:
        found = self.number("Q")
        if found > most:
            raise BadHeader(f"it claims {found:,} {what}; {most:,} is the most")
        return found

    def text(self) -> str:
        return self.bytes(self.count("bytes of a text", LONGEST_TEXT)).decode("utf-8", "replace")

    def value(self, kind: int) -> Value:
        if kind == _TEXT:
            return self.text()
        if kind == _ARRAY:
            return self._skipped()
        if kind not in _NUMBERS:
            raise BadHeader(f"it holds a value of the unknown type {kind}")
        form = _NUMBERS[kind]
        found: Value = struct.unpack(f"<{form}", self.bytes(struct.calcsize(f"<{form}")))[0]
        return found

    def _skipped(self) -> Value:
        """Passes an array; its largest number where it holds whole numbers (some models give each layer its own)."""
        kind, length = self.number("I"), self.count("items of an array", LONGEST_ARRAY)
        if kind == _TEXT:
            for _ in range(length):
                self.bytes(self.count("bytes of a text", LONGEST_TEXT))
            # What a vocabulary's array says by its length.
            return length
        if kind not in _NUMBERS:
            raise BadHeader(f"it holds an array of the unknown type {kind}")
        form = f"<{length}{_NUMBERS[kind]}"
        found = struct.unpack(form, self.bytes(struct.calcsize(form)))
        return max(found) if found and _NUMBERS[kind] in "BbHhIiQq" else None


def read(stream: BinaryIO) -> Header:
    """The head of the file at whose beginning `stream` stands. Raises BadHeader."""
    reader = _Reader(stream)
    values, tensors = _keys(reader)
    weights, end = 0, 0
    for _ in range(tensors):
        offset, size = _tensor(reader)
        weights += size
        end = max(end, offset + size)
    alignment = _whole(values, "general.alignment") or ALIGNMENT
    start = -(-reader.at // alignment) * alignment
    return Header(
        str(values.get("general.architecture") or "unknown"),
        str(values.get("general.name") or ""),
        _shape(values),
        weights,
        start + end,
    )


def shape_at_the_beginning(prefix: bytes) -> Shape | None:
    """The shape as far as the first bytes of a file tell; None where they do not."""
    import io

    reader, values = _Reader(io.BytesIO(prefix)), dict[str, Value]()
    try:
        _keys(reader, values)
    except BadHeader as error:
        if not error.cut:
            return None
    return _shape(values)


def _keys(reader: _Reader, values: dict[str, Value] | None = None) -> tuple[dict[str, Value], int]:
    """The keys and values, which `values` is filled with on the way, and the number of tensors."""
    values = {} if values is None else values
    if reader.bytes(4) != MAGIC:
        raise BadHeader("it is not a GGUF file")
    if (version := reader.number("I")) not in (2, 3):
        raise BadHeader(f"its GGUF version {version} is not known (2 and 3 are)")
    tensors, keys = reader.count("tensors", MOST_TENSORS), reader.count("keys", MOST_KEYS)
    for _ in range(keys):
        key = reader.text()
        values[key] = reader.value(reader.number("I"))
    return values, tensors


def _tensor(reader: _Reader) -> tuple[int, int]:
    """Where a tensor's weights begin, after the head, and how many bytes they have."""
    name, dimensions = reader.text(), reader.number("I")
    if dimensions > MOST_DIMENSIONS:
        raise BadHeader(f"a tensor of {dimensions} dimensions")
    elements = 1
    for _ in range(dimensions):
        elements *= reader.number("Q")
    kind, offset = reader.number("I"), reader.number("Q")
    if kind not in QUANTISATIONS:
        raise BadHeader(f"the weights {name[:40]!r} have type {kind}, which is not known")
    _, block, size = QUANTISATIONS[kind]
    if elements > 1 << 40 or offset > 1 << 44:
        raise BadHeader(f"the weights {name[:40]!r} would have {elements:,} numbers")
    return offset, -(-elements // block) * size


Part = Literal["block_count", "embedding_length", "feed_forward_length", "context_length", "vocab_size",
               "attention.head_count", "attention.head_count_kv", "attention.key_length", "attention.value_length"]  # fmt: skip


def _shape(values: Mapping[str, Value]) -> Shape | None:
    architecture = values.get("general.architecture")

    def part(name: Part) -> int:
        return _whole(values, f"{architecture}.{name}")

    layers, width, heads = part("block_count"), part("embedding_length"), part("attention.head_count")
    vocabulary = part("vocab_size") or _whole(values, "tokenizer.ggml.tokens")
    if not (0 < layers < 1024 and 0 < heads <= width < 1 << 20):
        return None
    head = width // heads
    return Shape(
        layers,
        width,
        part("feed_forward_length"),
        heads,
        part("attention.head_count_kv") or heads,
        part("attention.key_length") or head,
        part("attention.value_length") or head,
        vocabulary,
        part("context_length"),
    )


def _whole(values: Mapping[str, Value], key: str) -> int:
    found = values.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 1 << 32 else 0
