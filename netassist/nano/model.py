"""The built-in model in PyTorch: a llama-architecture decoder, as llama.cpp computes it.

Pre-norm RMSNorm, rotary positions on interleaved pairs, SwiGLU, tied embeddings, no biases.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Shape(NamedTuple):
    """Sizes of the model. Width and feed-forward are multiples of 256, so that K-quants apply."""

    vocabulary: int
    width: int = 256
    layers: int = 4
    heads: int = 4
    feed_forward: int = 768
    context: int = 1024
    rope_base: float = 10000.0
    epsilon: float = 1e-5
    dropout: float = 0.1


class Layer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.heads, self.dropout = shape.heads, shape.dropout
        self.attention_norm = nn.RMSNorm(width, eps=shape.epsilon)
        self.q = nn.Linear(width, width, bias=False)
        self.k = nn.Linear(width, width, bias=False)
        self.v = nn.Linear(width, width, bias=False)
        self.o = nn.Linear(width, width, bias=False)
        self.feed_norm = nn.RMSNorm(width, eps=shape.epsilon)
        self.gate = nn.Linear(width, shape.feed_forward, bias=False)
        self.up = nn.Linear(width, shape.feed_forward, bias=False)
        self.down = nn.Linear(shape.feed_forward, width, bias=False)

    def forward(self, x: Tensor, head: int, rows: int, cosine: Tensor, sine: Tensor, seen: Tensor) -> Tensor:
        """x is (head + rows × length, width), see `Model.hidden`; `seen` (length, head + length) is what a token attends to."""
        h = self.attention_norm(x)
        (q0, q), (k0, k), (v0, v) = (self._split(p(h), head, rows) for p in (self.q, self.k, self.v))
        q0, k0 = rotated(q0, cosine[:head], sine[:head]), rotated(k0, cosine[:head], sine[:head])
        q, k = rotated(q, cosine[head:], sine[head:]), rotated(k, cosine[head:], sine[head:])
        first = functional.scaled_dot_product_attention(q0, k0, v0, is_causal=True)
        k, v = (torch.cat((one.expand(rows, -1, -1, -1), own), 2) for one, own in ((k0, k), (v0, v)))
        others = functional.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        mixed = torch.cat([part.transpose(1, 2).reshape(-1, x.shape[1]) for part in (first, others)])
        x = x + self._dropped(self.o(mixed))
        h = self.feed_norm(x)
        return x + self._dropped(self.down(functional.silu(self.gate(h)) * self.up(h)))

    def _split(self, x: Tensor, head: int, rows: int) -> tuple[Tensor, Tensor]:
        """Of the head and of the rows, each (samples, heads, length, head width)."""
        parts = (x[:head].unflatten(0, (1, head)), x[head:].unflatten(0, (rows, -1)))
        first, others = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        return first, others

    def _dropped(self, x: Tensor) -> Tensor:
        """Dropout on each branch, in training alone: what llama.cpp runs has none."""
        return functional.dropout(x, self.dropout, self.training)


def rotated(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotary positions on pairs (even, odd) of each head; x is (batch, heads, length, head width)."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), dim=-1).flatten(-2).to(x.dtype)


class Model(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, eps=shape.epsilon)
        half = shape.width // shape.heads // 2
        frequency = shape.rope_base ** (-torch.arange(half) / half)
        angle = torch.outer(torch.arange(shape.context), frequency)
        self.register_buffer("cosine", angle.cos(), persistent=False)
        self.register_buffer("sine", angle.sin(), persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() > 1:
                deep = name.endswith(("o.weight", "down.weight"))
                nn.init.normal_(parameter, std=0.02 if not deep else 0.02 / (2 * shape.layers) ** 0.5)
        nn.init.normal_(self.embedding.weight, std=0.04)

    def hidden(self, head: Tensor, tokens: Tensor) -> Tensor:
        """Token numbers → (samples, length, width) after the last norm.

        Every sample begins with `head` (its length), which is computed once, and goes on with its own `tokens` (samples, length).
        """
        (rows, length), first = tokens.shape, head.shape[0]
        seen = torch.ones(length, first + length, dtype=torch.bool).tril(first)
        x = functional.dropout(self.embedding(torch.cat((head, tokens.flatten()))), self.shape.dropout, self.training)
        for layer in self.layers:
            x = layer(x, first, rows, self.cosine[: first + length], self.sine[: first + length], seen)
        return self.norm(x[first:]).unflatten(0, (rows, length))

    def logits(self, hidden: Tensor) -> Tensor:
        return hidden @ self.embedding.weight.T
