"""What tools are described with, word by word, and how much each word tells."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from netassist.nano.own_arguments import LITTLE
from netassist.toolbox import Tool

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_NAME_WORD = 1.5
"""How much more a word of a tool's name weighs."""


class Words:
    """The words that tools are described with, and how much each tells."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self.names = {tool.name: frozenset(stems(tool.name)) for tool in tools}
        self.documents = {tool.name: self.names[tool.name] | frozenset(stems(described(tool))) for tool in tools}
        self._frequency = Counter(stem for document in self.documents.values() for stem in document)
        self.built_in = frozenset(stem for tool in tools if not tool.origin for stem in self.documents[tool.name])

    def weight(self, stem: str) -> float:
        """More for a word that few tools are described with."""
        return math.log(1 + len(self.documents) / self._frequency[stem]) if stem in self._frequency else 0.0

    def weigh(self, said: frozenset[str]) -> float:
        return sum(map(self.weight, said))

    def score(self, tool: Tool, said: frozenset[str]) -> float:
        return sum(
            self.weight(stem) * (_NAME_WORD if stem in self.names[tool.name] else 1.0)
            for stem in said & self.documents[tool.name]
        )


def described(tool: Tool) -> str:
    parts = [tool.description, *tool.examples]
    for name, parameter in tool.parameters.properties.items():
        parts += [name, parameter.description, *(parameter.enum or ())]
    return " ".join(parts)


def stems(text: str) -> Iterator[str]:
    """The words of a text that say what it is about, without their endings."""
    for word in WORD.findall(text.lower().replace("_", " ")):
        stem = _stem(word)
        if not word.isdigit() and LITTLE.isdisjoint((word, word.removesuffix("s"), stem)):
            yield stem


@lru_cache(maxsize=4096)
def _stem(word: str) -> str:
    word = re.sub(r"['’]s$", "", word)
    if len(word) > 4:
        word = re.sub(r"ies$", "y", word)
        word = re.sub(r"(?:ing|ed)$", "", word) if len(word) > 5 else word
        word = re.sub(r"([^aeious])s$|(e)s$", r"\1\2", word)
        word = re.sub(r"([bdgmnprt])\1$", r"\1", word)
    return re.sub(r"(?:e|(?<=.{5})y)$", "", word) if len(word) > 3 else word
