"""The forms of regular words, so that a list of common words names a verb or an adjective once (corpus/words/*.txt).

A word too many does little harm (it is taken for an ordinary one), so nothing here knows exceptions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

WORDS = Path(__file__).parent / "corpus" / "words"

_ENDINGS: dict[tuple[str, str], str] = {
    ("de", "verb"): "e st t est et en te test ten tet eten ete end",
    ("de", "adj"): " e en er es em ere eren erer",
    ("fr", "er"): "er e es ons ez ent é ée és ées ais ait ions iez aient ai a era erai erez eront erait erais erions ant",
    ("fr", "adj"): " e s es",
    ("it", "are"): "are o i a iamo ate ano avo ava avano ai ò arono ando ato ata ati erà erò eranno erei erebbe erebbero ino hi "
                   "hiamo herà arlo arla arli arle armi arti arsi arci ami alo ala ali atelo ami",
    ("it", "adj"): "o a i e he hi issimo issima",
    ("es", "ar"): "ar o as a amos áis an é aste ó aron aba abas aban ando ado ada ados adas ará arán aré aría arías arían e es "
                  "en emos ué ue uen arlo arla arlos arlas arme arse arte arnos arle ara aran adme ame alo ala",
    ("es", "er"): "er o es e emos en í iste ió ieron ía ían iendo ido ida idos idas erá erán ería a as an erlo erla erse erme",
    ("es", "ir"): "ir o es e imos en í iste ió ieron ía ían iendo ido ida idos idas irá irán iría a as an irlo irla irse irme",
    ("es", "adj"): "o a os as e es  ísimo amente",
    ("pt", "ar"): "ar o as a amos am ei ou aram ava avam ando ado ada ados adas ará arão aria e es em emos asse "
                  "assem ue uem armos arem",
    ("pt", "er"): "er o es e emos em i eu eram ia iam endo ido ida idos idas erá eria a am",
    ("pt", "ir"): "ir o es e imos em i iu iram ia iam indo ido ida idos idas irá iria a am",
    ("pt", "adj"): "o a os as e es  el eis",
    ("pl", "adj"): "y a e ego ej emu ym ą ych ymi i ia ie iego iej im ich o ie",
}  # fmt: skip
_PREFIXES = ("nach", "durch", "aus", "auf", "ab", "an", "ein", "um", "zu", "vor", "her", "weiter", "bereit", "fest")


def common_words() -> Iterator[str]:
    """Every form of every word of the lists; a line ``-KIND stems`` is spread, a line that begins with ``#`` says what it is."""
    for path in sorted(WORDS.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            kind, *stems = line.split() or ["#"]
            if kind.startswith("-"):
                for stem in stems:
                    yield from _forms(path.stem, kind[1:], stem)
            elif kind != "#":
                yield from line.split()


def _forms(language: str, kind: str, stem: str) -> Iterator[str]:
    yield from (stem + ending for ending in _ENDINGS[language, kind].split(" "))
    if (language, kind) == ("de", "verb"):
        prefix = next((p for p in _PREFIXES if stem.startswith(p) and len(stem) > len(p) + 2), "")
        rest = stem[len(prefix) :]
        yield from (
            f"{prefix}ge{rest}t",
            f"{prefix}ge{rest}et",
            f"{prefix}zu{rest}en",
            f"{prefix}ge{rest}te",
            f"{prefix}ge{rest}ten",
        )
