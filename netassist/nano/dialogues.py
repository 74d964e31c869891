"""The seed dialogues (corpus/*.jsonl), written by many hands, and their form for training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from netassist.toolbox import Call

CORPUS = Path(__file__).parent / "corpus"


class Turn(msgspec.Struct, frozen=True):
    user: str
    calls: tuple[Call, ...]
    outcome: str


class Dialogue(msgspec.Struct, frozen=True):
    turns: tuple[Turn, ...]
    style: str = ""


def dialogues(folder: Path = CORPUS) -> Iterator[Dialogue]:
    """Every seed dialogue, file by file in alphabetical order."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            if line.strip():
                yield msgspec.json.decode(line, type=Dialogue)
