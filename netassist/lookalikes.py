"""Names that look like others: internationalised domain names whose letters stand for Latin ones (UTS #39, section 4).

The table holds the letters that IDNA admits and that browsers' users have been deceived with; it is not the whole of Unicode's
confusables.
"""

from __future__ import annotations

import unicodedata

_LIKE = {
    "a": "аɑαạ", "b": "ЬƅɓᏏ", "c": "сϲƈⅽ", "d": "ԁɗժⅾ", "e": "еҽєɛεℯ", "f": "ϝƒք", "g": "ɡցǥɢ", "h": "һհᏂ", "i": "іıɩιɪӏⅰ",
    "j": "јϳʝ", "k": "кκƙ", "l": "ӏⅼǀ", "m": "мⅿ", "n": "пηոռ", "o": "оοօσ๐໐௦०ס০੦૦", "p": "рρϼ", "q": "ԛգզ", "r": "гɼ",
    "s": "ѕꜱʂ", "t": "тτƭ", "u": "υսʋ", "v": "νѵᴠ", "w": "ԝωաɯ", "x": "хχ×", "y": "уүγʏყ", "z": "ᴢʐ", "3": "зӡʒ", "6": "б",
}  # fmt: skip
_TABLE = {ord(like): letter for letter, many in _LIKE.items() for like in many if like != letter}
_TABLE[ord("ӏ")] = "l"


def skeleton(name: str) -> str:
    """What a host name looks like in Latin letters; equal for names that a reader takes for each other.

    `name` may be written in letters or in ASCII (``xn--…``). Marks above and below letters are kept: ``bücher`` is no ``bucher``.
    """
    spelled = ".".join(map(_decoded, name.lower().split(".")))
    apart = unicodedata.normalize("NFKD", spelled).translate(_TABLE)
    return unicodedata.normalize("NFC", apart.casefold().translate(_TABLE))


def is_international(name: str) -> bool:
    """Whether a host name has letters outside ASCII, written out or as ``xn--…``."""
    return not name.isascii() or any(label.startswith("xn--") for label in name.lower().split("."))


def _decoded(label: str) -> str:
    try:
        return label.removeprefix("xn--").encode("ascii").decode("punycode") if label.startswith("xn--") else label
    except UnicodeError:
        return label
