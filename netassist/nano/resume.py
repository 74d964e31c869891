"""An exported model as the start of a training run: its vocabulary, and its weights in a model that may have more layers.

Layers that the file does not have begin as ones that change nothing: what they would add to the stream is zero (net2net, Chen
et al. 2016, for depth). They stand after each of the first layers of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import gguf
import numpy
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor

from netassist.nano.export import LAYER_NAMES
from netassist.nano.model import Model, Shape
from netassist.nano.vocabulary import ROLES

SEED = 1
"""A run's, where it is not told another."""
_TOP_NAMES = {"token_embd.weight": "embedding.weight", "output_norm.weight": "norm.weight"}
_LAYER_NAMES = {theirs: ours for ours, theirs in LAYER_NAMES.items()}


def vocabulary(path: Path) -> Tokenizer:
    """The tokeniser of an exported model, numbers and all."""
    fields = gguf.GGUFReader(path).fields
    tokens: list[str] = fields["tokenizer.ggml.tokens"].contents()
    types: list[int] = fields["tokenizer.ggml.token_type"].contents()
    merges: list[str] = fields["tokenizer.ggml.merges"].contents()
    ours = (gguf.TokenType.CONTROL, gguf.TokenType.USER_DEFINED)
    added = [(number, token) for number, token in enumerate(tokens) if types[number] in ours]
    # A piece of a call may be a token of ordinary text too; it stands among these by its number.
    text = {token: number for number, token in enumerate(tokens) if types[number] == gguf.TokenType.NORMAL}
    text |= {token: number for number, token in added if number < max(text.values())}
    pairs = [(left, right) for left, _, right in (merge.partition(" ") for merge in merges)]
    tokenizer = Tokenizer(models.BPE(vocab=text, merges=pairs))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens([AddedToken(token, normalized=False, special=token in ROLES) for _, token in added])
    return tokenizer


def blended(weights: Mapping[str, Tensor], started_from: Path, shape: Shape, share: float) -> dict[str, Tensor]:
    """`share` of each of a run's weights, and the rest of the model that it went on from, grown to its shape.

    Between the two lies a model that plans better than either: it has what the run learned, and less of what it learned by heart
    (Wortsman et al. 2022). Layers that were added begin as they did in a run of `SEED`.
    """
    torch.manual_seed(SEED)
    before = grown(started_from, shape).state_dict()
    return {name: share * value + (1 - share) * before[name] for name, value in weights.items()}


def grown(path: Path, shape: Shape) -> Model:
    """A model of this shape that computes what the file does.

    Raises:
        ValueError: the shape is not that of the file but for its layers, of which it has to have as many or more.
    """
    held = {
        tensor.name: torch.from_numpy(numpy.ascontiguousarray(gguf.quants.dequantize(tensor.data, tensor.tensor_type)))
        for tensor in gguf.GGUFReader(path).tensors
    }
    blocks = 1 + max(int(name.split(".")[1]) for name in held if name.startswith("blk."))
    model = Model(shape)
    if shape.layers < blocks or held["token_embd.weight"].shape != model.embedding.weight.shape:
        rows = tuple(held["token_embd.weight"].shape)
        raise ValueError(f"{path}: {blocks} layers, embedding {rows}; that does not fit {shape}")
    weights = model.state_dict()
    places = _places(blocks, shape.layers)
    for layer in set(range(shape.layers)) - set(places):
        for name in ("o", "down"):
            weights[f"layers.{layer}.{name}.weight"].zero_()
    for name, value in held.items():
        if name.startswith("blk."):
            _, block, part, _ = name.split(".")
            new = f"layers.{places[int(block)]}.{_LAYER_NAMES[part]}.weight"
        else:
            new = _TOP_NAMES[name]
        if weights[new].shape != value.shape:
            raise ValueError(f"{path}: {name} is {tuple(value.shape)}, and {tuple(weights[new].shape)} is wanted")
        weights[new].copy_(value)
    return model


def _places(blocks: int, layers: int) -> list[int]:
    """Which layer each block becomes: the new ones stand behind the first blocks, one each."""
    places, at = [], 0
    for block in range(blocks):
        places.append(at)
        at += 2 if block < layers - blocks else 1
    return places
