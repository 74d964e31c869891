"""Small models with random weights, as real GGUF files: what they would write is nonsense, so the grammar has work."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import gguf
import numpy

from netassist.nano import notation
from netassist.toolbox import function_doc, tools

WIDTH, FEED, HEADS, LAYERS = 32, 64, 2, 2
LLAMA3 = ("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
# These cut across the pieces of a call, as tokens of a real vocabulary do.
ACROSS = ('= "', "( h", '" )', '" ,', '" :', ", Ġ", "< T", "1 0", ". 0")


class Words(NamedTuple):
    """The ordinary part of a vocabulary; without `merges` it is SentencePiece's: what stands first is put together first."""

    tokens: list[str]
    types: list[gguf.TokenType]
    merges: Sequence[str] | None
    splitting: str


def byte_level() -> Words:
    """As Llama 3 has it."""
    merges = merges_of_tools()
    tokens = [*alphabet(), *dict.fromkeys(merge.replace(" ", "") for merge in merges)]
    return Words(tokens, [gguf.TokenType.NORMAL] * len(tokens), merges, "llama-bpe")


def sentencepiece() -> Words:
    """As Llama 2, Mistral 7B and Phi-3 have it: a space is put before a text."""
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    letters = ["▁", *map(chr, range(0x21, 0x7F))]
    normal = list(dict.fromkeys((*letters, *(merge.replace(" ", "").replace("Ġ", "▁") for merge in merges_of_tools()))))
    kinds = gguf.TokenType
    types = [kinds.UNKNOWN] + [kinds.BYTE] * len(bytes_) + [kinds.NORMAL] * len(normal)
    return Words(["<unk>", *bytes_, *normal], types, None, "default")


def nemotron_shaped(path: Path, seed: int = 1, context: int = 8192) -> Path:
    """A model with Llama 3's special tokens and a byte-level vocabulary."""
    words = byte_level()
    tokens, types = [*words.tokens, *LLAMA3], words.types + [gguf.TokenType.CONTROL] * len(LLAMA3)
    return _written(path, Words(tokens, types, *words[2:]), tokens.index("<|eot_id|>"), context, seed)


def templated(
    path: Path,
    template: str,
    control: Sequence[str],
    end: str,
    begin: str | None = None,
    plain: Sequence[str] = (),
    seed: int = 1,
    context: int = 8192,
    words: Callable[[], Words] = byte_level,
) -> Path:
    """A model with a chat template; `control` are its special tokens, `plain` added ones that are read in any text."""
    ordinary = words()
    tokens = [*ordinary.tokens, *control, *plain]
    types = ordinary.types + [gguf.TokenType.CONTROL] * len(control) + [gguf.TokenType.USER_DEFINED] * len(plain)
    chat = (template, tokens.index(begin) if begin else None)
    return _written(path, Words(tokens, types, *ordinary[2:]), tokens.index(end), context, seed, chat=chat)


def nano_shaped(path: Path, seed: int = 1, context: int = 1024, version: int = notation.VERSION) -> Path:
    """A model that reads and writes the built-in notation."""
    roles = [notation.USER, notation.ASSISTANT, notation.END]
    pieces = [notation.TOOLS_OPEN, notation.TOOLS_CLOSE, notation.CALLS_OPEN, notation.CALLS_CLOSE, notation.NEXT_CALL,
              notation.NEXT_ARGUMENT, notation.NO_CALL, notation.CLARIFY, notation.DESCRIPTION, notation.REST, ")"]  # fmt: skip
    for tool in tools().values():
        pieces.append(f"{tool.name}(")
        for name, parameter in tool.parameters.properties.items():
            pieces += [f"{name}=", *(notation.literal(value) for value in parameter.enum or ())]
    pieces += ["True", "False", *(f"⟨{letter}{n}⟩" for letter, most in notation.LIMITS.items() for n in range(1, most + 1))]
    letters = alphabet()
    added = [piece for piece in dict.fromkeys(pieces) if piece not in letters]
    tokens = [*letters, "in", "ing", *roles, *added]
    kinds = [gguf.TokenType.CONTROL if token in roles else gguf.TokenType.USER_DEFINED for token in (*roles, *added)]
    types = [gguf.TokenType.NORMAL] * (len(tokens) - len(kinds)) + kinds
    end = tokens.index(notation.END)
    return _written(path, Words(tokens, types, ("i n", "in g"), "gpt-2"), end, context, seed, version)


def _written(
    path: Path,
    words: Words,
    end: int,
    context: int,
    seed: int,
    version: int | None = None,
    chat: tuple[str, int | None] | None = None,
) -> Path:
    tokens, types, merges, splitting = words
    writer = gguf.GGUFWriter(path, "llama")
    if chat is not None:
        writer.add_chat_template(chat[0])
        if chat[1] is not None:
            writer.add_bos_token_id(chat[1])
    if version is not None:
        writer.add_uint32("netassist.notation", version)
    writer.add_context_length(context)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(0)
    writer.add_tokenizer_model("llama" if merges is None else "gpt2")
    writer.add_tokenizer_pre(splitting)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    if merges is None:
        writer.add_token_scores([-float(place) for place in range(len(tokens))])
    else:
        writer.add_token_merges(list(merges))
    writer.add_eos_token_id(end)
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
    chance = numpy.random.default_rng(seed)

    def matrix(name: str, rows: int, columns: int) -> None:
        writer.add_tensor(f"{name}.weight", chance.normal(0, 0.3, (rows, columns)).astype(numpy.float32))

    def ones(name: str) -> None:
        writer.add_tensor(f"{name}.weight", numpy.ones(WIDTH, numpy.float32))

    matrix("token_embd", len(tokens), WIDTH)
    ones("output_norm")
    for layer in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            matrix(f"blk.{layer}.{name}", WIDTH, WIDTH)
        for name, rows, columns in (("ffn_gate", FEED, WIDTH), ("ffn_up", FEED, WIDTH), ("ffn_down", WIDTH, FEED)):
            matrix(f"blk.{layer}.{name}", rows, columns)
        ones(f"blk.{layer}.attn_norm")
        ones(f"blk.{layer}.ffn_norm")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def merges_of_tools() -> list[str]:
    """Pairs that make tokens of the words that tools are described with, so that the list of tools fits a context."""
    text = json.dumps([function_doc(tool) for tool in tools().values()])
    pairs = list(ACROSS)
    for word in dict.fromkeys(re.findall(r" ?[A-Za-z]{2,}", text)):
        spelled = word.replace(" ", "Ġ")
        pairs += [f"{spelled[:end]} {spelled[end]}" for end in range(1, len(spelled))]
    return list(dict.fromkeys(pairs))


def alphabet() -> list[str]:
    """What GPT-2's byte-level vocabulary writes for the 256 bytes: printable ones as they are, others from U+0100 on."""
    plain = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(256, 512))
    return [chr(byte if byte in plain else next(others)) for byte in range(256)]
