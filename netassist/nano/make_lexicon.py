"""Write the lexicon of ordinary words: a general list, common words of eight languages, what dialogues use more than once.

    python -m netassist.nano.make_lexicon [WORDLIST]

WORDLIST is one word a line; Debian's package wamerican-small (SCOWL, (c) 2000-2011 Kevin Atkinson, free to use with this
notice) is what the shipped file was made from. The common words of eight languages (corpus/words/*.txt) were written for this
project. Words that dialogues use as the name of a machine are left out, and English inflections that `netassist.entities.words`
derives by rule.
"""

from __future__ import annotations

import gzip
import re
import sys
from collections import Counter
from pathlib import Path

from netassist.entities.words import LEXICON, NOT_ORDINARY, derived
from netassist.nano.dialogues import dialogues
from netassist.nano.paradigms import common_words
from netassist.toolbox import built_in

DEFAULT = Path("/usr/share/dict/american-english-small")
_WORD = re.compile(r"(?<![\w-])[^\W\d_]+(?![\w-])")
LEAST_USES = 2


def lexicon(general: Path) -> list[str]:
    """The ordinary words, sorted; none is hyphenated, because names of machines are."""
    listed = {word for word in general.read_text(encoding="utf-8").split() if word.islower() and _WORD.fullmatch(word)}
    names, uses = set(), Counter[str]()
    for dialogue in dialogues():
        words = set()
        for turn in dialogue.turns:
            words |= set(_WORD.findall(turn.user.lower()))
            names |= {str(value).lower() for call in turn.calls for key, value in call.arguments.items()
                      if key in ("host", "target", "name", "url")}  # fmt: skip
        uses.update(words)
    said = {word for word, count in uses.items() if count >= LEAST_USES}
    told = {
        word
        for tool in built_in().values()
        for word in _WORD.findall(f"{tool.name.replace('_', ' ')} {tool.description}".lower())
    }
    common = {word for word in common_words() if len(word) > 1 and _WORD.fullmatch(word)}
    words = (listed | said | told | common) - names
    kept: set[str] = set()
    for word in sorted(words, key=lambda word: (len(word), word)):
        if not derived(word, kept):
            kept.add(word)
    single = {name for name in names if name.isalpha() and name not in kept and derived(name, kept)}
    return sorted(kept | {NOT_ORDINARY + name for name in single})


def main() -> None:
    general = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    words = lexicon(general)
    LEXICON.write_bytes(gzip.compress("\n".join(words).encode(), mtime=0))
    sys.stderr.write(f"{LEXICON}: {len(words)} words, {LEXICON.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
