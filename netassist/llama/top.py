"""The tokens with the highest logits, picked by llama.cpp: sorting 128,256 of them in Python would cost half a token."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Sequence
from types import ModuleType

_ID, _LOGIT, _FIELDS = 0, 1, 3
"""Places in llama_token_data (id, logit, p), in words of four bytes."""


class TopTokens:
    """A row of candidates that is filled from logits and cut down by llama.cpp's top-k sampler."""

    def __init__(self, lib: ModuleType, size: int) -> None:
        self._lib, self._size = lib, size
        self._row = (lib.llama_token_data * size)()
        words = memoryview(self._row).cast("B")
        self._ids, self._logits = words.cast("i")[_ID::_FIELDS], words.cast("f")[_LOGIT::_FIELDS]
        self._numbers = memoryview(array("i", range(size)))
        self._samplers: dict[int, object] = {}

    def best(self, logits: Sequence[float], most: int) -> Sequence[int]:
        """Best first; of equal ones the lower number first, as long as all of them are among the `most`."""
        most = min(most, self._size)
        if most not in self._samplers:
            self._samplers[most] = self._lib.llama_sampler_init_top_k(most)
        self._ids[:] = self._numbers
        self._logits[:] = memoryview(logits)  # type: ignore[arg-type]  # an Engine's logits are a memoryview of floats
        found = self._lib.llama_token_data_array(self._row, self._size, -1, False)
        self._lib.llama_sampler_apply(self._samplers[most], ctypes.byref(found))
        tokens = [self._row[place].id for place in range(min(most, found.size))]
        return sorted(tokens, key=lambda token: (-logits[token], token))
