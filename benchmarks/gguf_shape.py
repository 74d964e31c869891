"""GGUF files of a published model's shape with made-up weights: speed depends on the shape alone.

The rows of a matrix are quantised once, a few of them, and repeated, so the file of an 8B model takes a minute to write.
"""

from __future__ import annotations

import ctypes
import random
import string
from pathlib import Path
from typing import NamedTuple

import gguf
import numpy
from numpy.typing import NDArray

from tests.lab.gguf import LLAMA3, alphabet, merges_of_tools

RESERVED = 256
"""Special tokens of Llama 3 at the end of the vocabulary."""
ROWS = 64
"""Rows of a matrix that are made up; the others repeat them."""
PUNCTUATION = ('Ġ "', "Ġ {", 'Ġ{ "', '{ "', '" }', '"} ,', '"} }', "} }", "} ,", "Ġ [", '[ "', '" ]', '"] ,', 'Ġ[ "')
"""Pairs that make tokens of JSON's punctuation, so that the tools take about as many as in a real vocabulary."""
TEMPLATE = """{{- bos_token }}{% for message in messages %}<|start_header_id|>{{ message.role }}<|end_header_id|>

{% if message.role == 'user' and tools %}<AVAILABLE_TOOLS>{{ tools|map(attribute='function')|list|tojson }}</AVAILABLE_TOOLS>

{% endif %}{{ message.content }}<|eot_id|>{% endfor %}<|start_header_id|>assistant<|end_header_id|>

<think>
</think>"""
"""How llama-cpp-python's own chat handler writes what prompts/nemotron.jinja writes."""


class Shape(NamedTuple):
    layers: int
    width: int = 4096
    feed: int = 14336
    heads: int = 32
    kv_heads: int = 8
    vocabulary: int = 128_256
    context: int = 8192


EIGHT_B = Shape(layers=32)
"""Llama-3.1-8B, which Nemotron Nano 8B is made of."""


def written(path: Path, shape: Shape, seed: int = 1) -> Path:
    """A file in Q4_K, with the last matrix in Q6_K, as llama.cpp's Q4_K_M has it."""
    writer = gguf.GGUFWriter(path, "llama")
    _described(writer, shape)
    _spelled(writer, shape.vocabulary)
    chance = numpy.random.default_rng(seed)
    four, six = gguf.GGMLQuantizationType.Q4_K, gguf.GGMLQuantizationType.Q6_K
    kv = shape.width * shape.kv_heads // shape.heads
    matrices = {"token_embd": (shape.vocabulary, shape.width, four), "output": (shape.vocabulary, shape.width, six)}
    norms = ["output_norm"]
    for layer in range(shape.layers):
        for name, rows, columns in (
            ("attn_q", shape.width, shape.width), ("attn_k", kv, shape.width), ("attn_v", kv, shape.width),
            ("attn_output", shape.width, shape.width), ("ffn_gate", shape.feed, shape.width),
            ("ffn_up", shape.feed, shape.width), ("ffn_down", shape.width, shape.feed),
        ):  # fmt: skip
            matrices[f"blk.{layer}.{name}"] = rows, columns, four
        norms += [f"blk.{layer}.attn_norm", f"blk.{layer}.ffn_norm"]
    for name, (rows, columns, kind) in matrices.items():
        block, size = gguf.GGML_QUANT_SIZES[kind]
        row = columns // block * size
        writer.add_tensor_info(f"{name}.weight", (rows, row), numpy.dtype(numpy.uint8), rows * row, raw_dtype=kind)
    for name in norms:
        writer.add_tensor_info(f"{name}.weight", (shape.width,), numpy.dtype(numpy.float32), 4 * shape.width)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    made: dict[tuple[int, gguf.GGMLQuantizationType], NDArray[numpy.uint8]] = {}
    for rows, columns, kind in matrices.values():
        some = made.setdefault((columns, kind), _quantised(chance, columns, kind))
        writer.write_tensor_data(numpy.tile(some, (-(-rows // ROWS), 1))[:rows])
    for _ in norms:
        writer.write_tensor_data(numpy.ones(shape.width, numpy.float32))
    writer.close()
    return path


def _described(writer: gguf.GGUFWriter, shape: Shape) -> None:
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(500_000.0)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_K_M)


def _spelled(writer: gguf.GGUFWriter, size: int) -> None:
    """Bytes, the words of the tools' descriptions, made-up words, special tokens."""
    merges = list(dict.fromkeys([*merges_of_tools(), *PUNCTUATION]))
    words = dict.fromkeys([*alphabet(), *(merge.replace(" ", "") for merge in merges)])
    chance = random.Random(1)
    while len(words) < size - RESERVED:
        word = "".join(chance.choices(string.ascii_letters, k=chance.randint(3, 9)))
        words[f"Ġ{word}" if chance.random() < 0.5 else word] = None
    special = [*LLAMA3, *(f"<|reserved_special_token_{number}|>" for number in range(RESERVED - len(LLAMA3)))]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    writer.add_token_list([*words, *special])
    writer.add_token_types([gguf.TokenType.NORMAL] * len(words) + [gguf.TokenType.CONTROL] * len(special))
    writer.add_token_merges(merges)
    writer.add_bos_token_id(len(words) + LLAMA3.index("<|begin_of_text|>"))
    writer.add_eos_token_id(len(words) + LLAMA3.index("<|eot_id|>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)


def _quantised(chance: numpy.random.Generator, columns: int, kind: gguf.GGMLQuantizationType) -> NDArray[numpy.uint8]:
    """`ROWS` rows as ggml's own quantisation writes them."""
    import llama_cpp.llama_cpp as bindings

    library = ctypes.CDLL(str(Path(bindings.__file__).parent / "lib" / "libggml-base.so"))
    values = chance.normal(0, 0.02, (ROWS, columns)).astype(numpy.float32)
    block, size = gguf.GGML_QUANT_SIZES[kind]
    rows = numpy.empty((ROWS, columns // block * size), numpy.uint8)
    quantise = library.ggml_quantize_chunk
    quantise.restype = ctypes.c_size_t
    quantise.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * 3, ctypes.c_void_p]
    assert quantise(int(kind), values.ctypes.data, rows.ctypes.data, 0, ROWS, columns, None) == rows.nbytes
    return rows
