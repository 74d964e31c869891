"""What is said in part, completed by what was said before: ".17" after 10.0.0.5, "db2" after db1.example.org, "the .org one"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from netassist.entities.entity import Entity
from netassist.entities.words import is_ordinary
from netassist.targets import parse_address

NOT_HOSTS = re.compile(
    r"(?:e\.g|i\.e|z\.b|d\.h|p\.ej|a\.k\.a|u\.s|node\.js|next\.js|vue\.js|asp\.net|vs\.net|co\.uk|\d+\.x)|"
    r".*\.(?:txt|csv|log|json|xml|mp[34]|m4a|7z|bz2|h26[45]|md5|sha\d+|py\d|ya?ml|toml|conf|cfg|ini|pem|crt|cer|key|pfx|zip|gz|tar|tgz|pdf|docx?|xlsx?|png|jpe?g|(?<!com\.)(?<!org\.)(?<!net\.)(?<!gov\.)(?<!edu\.)py|html?|php|leases|bak)",
    re.IGNORECASE,
)
"""File names and abbreviations that look like host names."""


def completed_octet(text: str, known: Sequence[Entity]) -> list[str]:
    """``.17`` or ``.3.17`` behind the first octets of the address that was said last."""
    said = text[1:].split(".")
    for entity in reversed(known):
        base = str(entity.value).split("/")[0]
        if (
            entity.kind in ("host", "network")
            and re.fullmatch(r"\d+(\.\d+){3}", base)
            and all(int(octet) < 256 for octet in said)
        ):
            return [".".join([*base.split(".")[: 4 - len(said)], *said])]
    return []


def other_ending(ending: str, known: Sequence[Entity]) -> str | None:
    """The name that was said last with another ending: ``.org`` after shop.example.com, or ``.co.uk``."""
    name = next((str(e.value) for e in reversed(known) if e.kind == "host" and not parse_address(str(e.value))), "")
    if "." not in name or NOT_HOSTS.fullmatch(f"a{ending}"):
        return None
    stem = re.sub(r"(?:\.(?:com?|org|net|ac|gov|edu)(?=\.[a-z]{2}$))?\.[^.]+$", "", name, flags=re.IGNORECASE)
    return stem + ending if stem else None


def completed_prefix(text: str, known: Sequence[Entity]) -> str:
    """``::6`` behind the prefix of the IPv6 address that was said last."""
    if not re.fullmatch(r"::[0-9a-f]{1,4}", text, re.IGNORECASE) or text == "::1":
        return text
    said = (str(e.value) for e in reversed(known) if e.kind == "host" and "::" in str(e.value).lstrip(":"))
    return next(said, "").partition("::")[0] + text


def completed_label(word: str, known: Sequence[Entity]) -> str | None:
    """The whole name that ``db2`` stands for after ``db1.example.org`` or ``atlas-db1.example.org``: same shape, same domain.

    Names that differ in their last letter have the same shape, too (``gate-b`` after ``gate-a.example.org``), and names with hyphens
    that begin or end alike are of one family (``edge-varna`` after ``edge-sofia.example.org``).
    """
    shape = _shape(word)
    numbered = "0" in shape or "?" in shape
    if not numbered and ("-" not in word or is_ordinary(word)):
        return None
    for entity in reversed(known):
        if entity.kind not in ("host", "word") or parse_address(str(entity.value)):
            continue
        label, dot, domain = str(entity.value).lower().partition(".")
        alike = label == word or (_shape(label) == shape if numbered else _of_one_family(label, word))
        if not numbered and label != word and "." not in domain:  # dune-nas is no machine of dune-shop.in
            continue
        if entity.kind == "host" and dot and alike:
            return f"{word}.{domain}"
        if not numbered:
            continue
        before = label[: -len(word)] if len(word) < len(label) else ""
        if re.search(r"\w$" if word[0] == "-" else r"[^\W\d_][-_]$", before) and _shape(label[len(before) :]) == shape:
            return f"{before}{word}{dot}{domain}"
    return None


def _of_one_family(label: str, word: str) -> bool:
    """Whether two names with hyphens have their first or their last part in common, of two letters at least."""
    ours, theirs = word.split("-"), label.split("-")
    return len(theirs) > 1 and any(len(ours[end]) > 1 and ours[end] == theirs[end] for end in (0, -1))


def _shape(label: str) -> str:
    """A label with its numbers, and a letter that stands alone at its end, taken for any other."""
    return re.sub(r"(?<=[a-z\d]-)[a-z]$", "?", re.sub(r"\d+", "0", label))
