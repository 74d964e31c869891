"""Does the training text come too close to a test? Long runs of the same words, or much the same five-word sequences.

    python -m netassist.nano.leaks CASES.jsonl…

Entities are masked first, so that another host name hides nothing. Exit status 1 where something leaks.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from netassist.nano.dialogues import dialogues
from netassist.nano.notation import Talk
from netassist.nano.wordings import wordings

LONGEST_RUN = 7
"""Words in a row that training text may share with a case."""
CLOSEST = 0.5
"""Jaccard similarity of five-word sequences from which two texts are the same text."""


class Leak(NamedTuple):
    """Training text too close to a case."""

    case: str
    ours: str
    why: str


def masked(text: str) -> tuple[str, ...]:
    """The words of a request in small letters, every entity the same placeholder."""
    return tuple(re.findall(r"⟨|\w+", re.sub(r"⟨[A-Z]\d*⟩", " ⟨ ", Talk().read(text))))


def training_texts() -> Iterator[str]:
    """Every user turn of the seed dialogues, and every wording of generated requests."""
    for dialogue in dialogues():
        yield from (turn.user for turn in dialogue.turns)
    for wording in wordings():
        yield from (order.format(h="host.example.org", n="8443", d="5 minutes", p="22,80") for order in wording.orders)


def leaks(ours: Iterable[str], cases: Iterable[tuple[str, str]]) -> Iterator[Leak]:
    """Each of `ours` that comes too close to a case (its identifier, its text)."""
    known = [(case, words, frozenset(_grams(words, 5))) for case, words in ((case, masked(text)) for case, text in cases)]
    by_run: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)
    by_five: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)
    for number, (_, words, fives) in enumerate(known):
        for run in _grams(words, LONGEST_RUN + 1):
            by_run[run].add(number)
        for five in fives:
            by_five[five].add(number)
    for text in ours:
        words = masked(text)
        for run in _grams(words, LONGEST_RUN + 1):
            yield from (
                Leak(known[number][0], text, f"the same words in a row: {' '.join(run)}") for number in by_run.get(run, ())
            )
        fives = frozenset(_grams(words, 5))
        for number in {number for five in fives for number in by_five.get(five, ())}:
            theirs = known[number][2]
            if len(fives & theirs) >= CLOSEST * len(fives | theirs):
                yield Leak(known[number][0], text, "much the same five-word sequences")


def netbench(path: Path) -> Iterator[tuple[str, str]]:
    """The turns of a NetBench file, each with its case's identifier."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            row = json.loads(line)
            for turn in row["question"]:
                yield str(row["id"]), str(turn[0]["content"])


def _grams(words: tuple[str, ...], size: int) -> Iterator[tuple[str, ...]]:
    return (words[i : i + size] for i in range(len(words) - size + 1))


def main() -> None:
    cases = [case for path in sys.argv[1:] for case in netbench(Path(path))]
    found = list(leaks(training_texts(), cases))
    for leak in found:
        print(f"{leak.case}: {leak.why}\n  {leak.ours}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
