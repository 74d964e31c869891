"""One spelling for what has several: dates, suites, groups, host names, lengths of time."""

from __future__ import annotations

import re
from datetime import date
from functools import cache

from netassist.assistant.checking.words import MONTHS, NUMBERS, SPANS
from netassist.tls.groups import group_named
from netassist.tls.suites_data import NAMES

# What looks like a host name and is a file, a program, an abbreviation.
_NO_HOST = re.compile(
    r"(?i:.*\.(?:conf|cfg|ini|py|js|sh|md|txt|json|toml|ya?ml|xml|html?|php|pem|crt|key|csr|der|log|service|exe|dll|so|gz|zip|cnf|env)"
    r"|(?:asp|vb|node|next|vue|express)\.(?:net|js)|e\.g|i\.e|z\.b|d\.h|u\.a|p\.ex|c\.-?à\.?-?d|v?[\d.]+\.[a-z]{1,3})"
)


def is_host_name(said: str) -> bool:
    return not _NO_HOST.fullmatch(said) and not re.fullmatch(r"[\d.]+[a-z]*", said)


def number(said: str) -> int | None:
    return NUMBERS.get(said.lower())


def day_of(said: str) -> str | None:
    """``2027-03-04``, or ``2027-03`` where no day is said; both days joined by ``|`` where a notation leaves two; None for no day."""
    lowered = said.lower()
    if iso := re.match(r"(\d{4})-(\d{2})-(\d{2})", lowered):
        return _day(iso[1], iso[2], iso[3])
    if numeric := re.fullmatch(r"(\d{1,2})[./](\d{1,2})[./](\d{4})", lowered):
        first, second, year = numeric.groups()
        read = [_day(year, second, first)] + ([_day(year, first, second)] if "/" in lowered else [])
        return "|".join(dict.fromkeys(day for day in read if day)) or None
    named = re.search(r"[^\W\d_]{3,}", re.sub(r"\b\d{1,2}(?:st|nd|rd|th|er)\b|\bof\b", " ", lowered))
    month = next((i for i, words in enumerate(MONTHS, 1) if named and named.group().startswith(tuple(words.split()))), None)
    year = re.search(r"\d{4}$", lowered)
    if month is None or year is None:
        return None
    day = re.search(r"(?<![\d:])\d{1,2}(?![\d:])", lowered)
    return _day(year.group(), str(month), day.group()) if day else f"{year.group()}-{month:02d}"


def _day(year: str, month: str, day: str) -> str | None:
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def days_in(said: str) -> float | None:
    found = re.match(r"([-−]?\w+)[- \u00a0](?:full |whole |ganze |more )?(\w+)$", said)
    if found is None:
        return None
    many = number(found[1]) if found[1].isalpha() else int(found[1].replace("−", "-"))
    word = found[2].lower()
    unit = 30.44 if word.startswith("mo") else 1.0 if word.startswith("jour") else SPANS.get(word[0], 1.0)
    return None if many is None else many * unit


def unit_of(said: str) -> float:
    """Days in the unit that a length of time is told in: what it may be off by."""
    whole = days_in("1 " + re.split(r"[- \u00a0]", said)[-1])
    return whole or 1.0


def milliseconds(said: str) -> tuple[float, int]:
    """The time, and how many digits behind the point of a millisecond were written (negative: tens, hundreds)."""
    figure = re.match(r"[\d.,]+", said)
    written = (figure.group() if figure else "0").replace(",", ".")
    unit = said[len(written) :].strip().lower()
    digits = len(written.partition(".")[2])
    if unit.startswith(("µ", "μ", "us", "micro")):
        return float(written) / 1000, digits + 3
    if unit.startswith(("ms", "milli")):
        return float(written), digits
    if unit.startswith(("min", "h", "stunde")):
        return float(written) * (60_000 if unit.startswith("min") else 3_600_000), digits - 4
    return float(written) * 1000, digits - 3


_OPENSSL = (
    (r"^TLS_|^SSL_CK_", ""), ("_WITH_", "_"), (r"_(?=EDE)|_CBC(?!_40|3)", ""), ("3DESEDE", "DES_CBC3"), ("^(EC)?DH_anon", r"A\1DH_"),
    (r"^AECDH_|^AECDH__", "AECDH_"), ("__", "_"), (r"^RSA_(?!PSK)", ""), (r"(AES|CAMELLIA|ARIA)_(\d{3})", r"\1\2"), ("CCM_8", "CCM8"),
    ("(CHACHA20_POLY1305)_SHA256$", r"\1"), ("RC4_128", "RC4"), ("^ECDHE_RSA_ARIA", "ECDHE_ARIA"), ("_", "-"),
)  # fmt: skip
"""How OpenSSL writes what IANA names (ciphers(1), section "CIPHER SUITE NAMES")."""


@cache
def _suites() -> dict[str, str]:
    """IANA's name by itself and by OpenSSL's, all in capitals."""
    known: dict[str, str] = {}
    for name in NAMES.values():
        short = name
        for expression, by in _OPENSSL:
            short = re.sub(expression, by, short)
        known.setdefault(short.upper(), name)
    return known | {name.upper(): name for name in NAMES.values()}


def suite(said: str) -> str:
    """A cipher suite by IANA's name, whether it was written so or as OpenSSL does; as it was written where nobody knows it."""
    upper = said.upper()
    known = _suites()
    others = (upper, upper.removeprefix("RSA-"), upper.replace("EDH-", "DHE-", 1), upper.replace("-CBC-SHA", "-SHA"))
    return next((known[spelled] for spelled in others if spelled in known), upper)


def algorithm(said: str) -> tuple[str, str]:
    """The kind (``method`` for an SSH key exchange, ``algorithm``) and the name in small letters."""
    name = said.lower().rstrip("-_")
    exchange = re.match(r"mlkem|sntrup|curve|ecdh-|diffie", name) is not None
    return "method" if exchange else "algorithm", name.replace("-", "").replace("_", "") if "with" in name else name


def group_name(said: str) -> str:
    """The registry's name of a TLS group in small letters; ``Curve25519`` is x25519."""
    plain = said.lower().replace("_", "").replace("curve25519", "x25519")
    if not plain.startswith("p-"):
        plain = plain.replace("-", "")
    return group_named(plain).name.lower()
