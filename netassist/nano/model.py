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

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        batch, length, width = x.shape
        h = self.attention_norm(x)
        q, k, v = (p(h).view(batch, length, self.heads, -1).transpose(1, 2) for p in (self.q, self.k, self.v))
        mixed = functional.scaled_dot_product_attention(rotated(q, cosine, sine), rotated(k, cosine, sine), v, is_causal=True)
        x = x + self._dropped(self.o(mixed.transpose(1, 2).reshape(batch, length, width)))
        h = self.feed_norm(x)
        return x + self._dropped(self.down(functional.silu(self.gate(h)) * self.up(h)))

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

    def hidden(self, tokens: Tensor) -> Tensor:
        """(batch, length) token numbers → (batch, length, width) after the last norm."""
        length = tokens.shape[1]
        x = functional.dropout(self.embedding(tokens), self.shape.dropout, self.training)
        for layer in self.layers:
            x = layer(x, self.cosine[:length], self.sine[:length])
        return self.norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        return hidden @ self.embedding.weight.T
