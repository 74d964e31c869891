"""Documents whose commands are run: blocks of ```console hold commands after ``$ `` and what they print.

`…` stands for anything. What differs from run to run is masked on both sides: dates, durations, fingerprints, versions.
White space does not count, because lines are folded to the width of the terminal.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MASKS = (
    (r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?Z?)?", "DATE"),
    (r"\b\d[\d.,]* (?:ms|s|seconds)\b", "TIME"),
    (r"\b\d+ (?:more )?days?\b", "DAYS"),
    (r"\b(?=\w*\d)[0-9a-f]{8,}…?", "HEX"),
    (r"OpenSSH_[^”\s]+(?: [^”]+)?”", "OpenSSH”"),
    (r"[━─●]+", "BAR"),
)


class Command(NamedTuple):
    """A command line, and what the document says that it prints."""

    line: str
    printed: str


def blocks(document: Path, language: str) -> list[str]:
    """The texts of the blocks in a language."""
    return [text for name, text in _BLOCK.findall(document.read_text(encoding="utf-8")) if name == language]


def commands(document: Path) -> Iterator[Command]:
    for block in blocks(document, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, printed = part.partition("\n")
            yield Command(line, printed)


def masked(text: str) -> str:
    for pattern, word in _MASKS:
        text = re.sub(pattern, word, text)
    return " ".join(text.split())


def agrees(said: str, printed: str) -> bool:
    """Whether `printed` is what the document says."""
    parts = [re.escape(masked(part)) for part in re.split(r"(?<=\s)…(?=\s)|^…(?=\s)", said)]
    return re.fullmatch(r"\s*" + r"\s*.*?\s*".join(parts) + r"\s*", masked(printed), re.DOTALL) is not None


def run(line: str, environment: Mapping[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """A command line in a shell in which `netassist` is the one under test."""
    ours = f'netassist() {{ "{sys.executable}" -m netassist "$@"; }}\n'
    return subprocess.run(
        ["/bin/bash", "-c", ours + line], env=dict(environment), cwd=folder, capture_output=True, text=True, timeout=300
    )
