"""The built-in model's vocabulary: byte-level BPE for what people write, and one token for each thing that a call is made of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from netassist.nano.notation import (
    ASSISTANT,
    CALLS_CLOSE,
    CALLS_OPEN,
    CLARIFY,
    DESCRIPTION,
    END,
    LIMITS,
    NEXT_ARGUMENT,
    NEXT_CALL,
    NO_CALL,
    REST,
    TOOLS_CLOSE,
    TOOLS_OPEN,
    USER,
    literal,
)  # fmt: skip
from netassist.toolbox import built_in

TEXT_TOKENS = 2048
ROLES = (USER, ASSISTANT, END)


def call_tokens() -> list[str]:
    """Every token of the vocabulary that stands for a whole piece of a prompt or a call, roles first."""
    pieces = [
        *ROLES,
        TOOLS_OPEN,
        TOOLS_CLOSE,
        CALLS_OPEN,
        CALLS_CLOSE,
        NEXT_CALL,
        NEXT_ARGUMENT,
        NO_CALL,
        CLARIFY,
        DESCRIPTION,
        REST,
        ")",
    ]
    for tool in built_in().values():
        pieces.append(f"{tool.name}(")
        for name, parameter in tool.parameters.properties.items():
            pieces.append(f"{name}=")
            pieces += [literal(value) for value in parameter.enum or ()]
    pieces += ["True", "False", *(f"⟨{letter}{n}⟩" for letter, limit in LIMITS.items() for n in range(1, limit + 1))]
    return list(dict.fromkeys(pieces))


def trained(texts: Iterable[str]) -> Tokenizer:
    """A tokeniser whose pre-tokeniser is llama.cpp's ``gpt-2``."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=TEXT_TOKENS, min_frequency=3, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(piece, normalized=False, special=piece in ROLES) for piece in call_tokens()])
    return tokenizer


def loaded(path: Path) -> Tokenizer:
    return Tokenizer.from_file(str(path))


def padded_size(tokenizer: Tokenizer) -> int:
    """Rows of the embedding: a multiple of 32."""
    return -(-int(tokenizer.get_vocab_size()) // 32) * 32
