"""The cipher suites of a TLS server by version: how strong each is, in a word that says why, and in a colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from netassist.reports.layout import BLANK, Text, heading, paragraph, table
from netassist.reports.style import Span, Style
from netassist.reports.text.tls_words import versions
from netassist.reports.words import count

if TYPE_CHECKING:
    from netassist.reports.style import Line
    from netassist.tls.audit import TlsAudit
    from netassist.tls.suites import Suite

Class = Literal["strong", "fair", "weak", "broken", "unknown"]
_STYLES: dict[Class, Style] = {"strong": "good", "fair": "plain", "weak": "warn", "broken": "bad", "unknown": "warn"}
_LEGEND = (
    "strong: forward secrecy and AEAD. fair: forward secrecy alone. weak: attacks are known, or who gets the key reads what "
    "was recorded. broken: it can be read, or, without a certificate (anonymous), anybody can pass for the server."
)  # fmt: skip
_ORDERS = {True: "in the server's order", False: "the client chooses", None: "whose order decides is unknown"}
_LEAST_BITS = 112
_INDENT, _GAP = 2, 2


class Strength(NamedTuple):
    """`why` says what keeps a suite from being strong, the gravest first."""

    word: Class
    why: tuple[str, ...] = ()


def strength(version: str, held: Suite) -> Strength:
    """Judged by what the suite is made of; RFC 9325, section 4, tells why."""
    if held.cipher == "unknown":
        return Strength("unknown")
    small = held.cipher.startswith(("3DES", "DES", "IDEA", "RC2", "FORTEZZA", "MAGMA", "28147"))
    broken = (
        ("no encryption", held.null),
        ("anonymous", held.anonymous),
        (f"{held.bits} bits", 0 < held.bits < _LEAST_BITS),
        ("SSL 2.0", version == "SSLv2"),
    )
    weak = (
        ("RC4", held.cipher.startswith("RC4")),
        ("64-bit blocks", small),
        ("MD5", held.mac == "MD5"),
        ("no forward secrecy", not held.forward_secret),
    )
    fair = (
        ("CBC", held.mode == "CBC"),
        ("no AEAD", held.mode != "CBC" and held.mac != "AEAD"),
        ("short tag", held.mode == "CCM_8"),
    )
    grave, doubtful, minor = (tuple(words for words, applies in kind if applies) for kind in (broken, weak, fair))
    if grave:
        return Strength("broken", grave)
    return Strength("weak", doubtful) if doubtful else Strength("fair", minor) if minor else Strength("strong")


def evidence(audit: TlsAudit, width: int) -> Iterator[Line]:
    """A table a version, the newest first; versions with the same suites share one."""
    alike = list(_alike(audit))
    if not alike:
        return
    yield from heading("Cipher suites", width)
    yield from paragraph(Span(_LEGEND, "dim"), width, indent=_INDENT)
    for group in alike:
        yield BLANK
        suites = audit.cipher_suites[group[0]]
        judged = [strength(group[0], held) for held in suites]
        yield from paragraph(_title(audit, group, judged), width, indent=_INDENT)
        yield from _table(suites, judged, width)


def _alike(audit: TlsAudit) -> Iterator[tuple[str, ...]]:
    left = list(reversed(audit.cipher_suites))
    while left:
        first = left[0]
        group = tuple(version for version in left if first == version or _same(audit, first, version))
        left = [version for version in left if version not in group]
        yield group


def _same(audit: TlsAudit, one: str, other: str) -> bool:
    def told(version: str) -> object:
        order = audit.server_preference.get(version)
        return audit.cipher_suites[version], order, f"suites/{version}" in audit.incomplete, version == "SSLv2"

    return told(one) == told(other)


def _title(audit: TlsAudit, group: Sequence[str], judged: Sequence[Strength]) -> Text:
    each = " each" if len(group) > 1 else ""
    counted = [(word, sum(held.word == word for held in judged)) for word in _STYLES]
    kinds = ", ".join(f"{number} {word}" for word, number in counted if number)
    order = f"; {_ORDERS[audit.server_preference.get(group[0])]}" if len(judged) > 1 else ""
    more = "; there may be more" if f"suites/{group[0]}" in audit.incomplete else ""
    return (
        Span(versions(group), "title"),
        Span(f": {count(len(judged), 'suite')}{each}{f' ({kinds})' if kinds else ''}{order}{more}"),
    )


def _table(suites: Sequence[Suite], judged: Sequence[Strength], width: int) -> Iterator[Line]:
    """Codes and second reasons only where names stay whole beside them."""
    names = max((len(held.name) for held in suites), default=0)

    def size(most: int) -> int:
        told = (len(_words(held, suite, most)) for held, suite in zip(judged, suites, strict=True))
        return 2 * _INDENT + names + _GAP + max(told, default=0)

    most = 2 if size(2) <= width else 1
    code = _GAP + max((len(held.code) for held in suites), default=0)
    coded = size(most) + code <= width
    rows: list[tuple[Text, ...]] = []
    for held, suite in zip(judged, suites, strict=True):
        style = _STYLES[held.word]
        rows.append((Span(suite.name, "plain" if held.word == "strong" else style), Span(_words(held, suite, most), style),
                     Span(suite.code, "dim") if coded else ""))  # fmt: skip
    yield from table(("suite", "strength", "code" if coded else ""), rows, width, indent=2 * _INDENT)


def _words(held: Strength, suite: Suite, most: int) -> str:
    if held.word == "unknown":
        return "unknown"
    size = (f"{suite.bits} bits",) if held.word in ("strong", "fair") else ()
    return f"{held.word} ({', '.join((*held.why[:most], *size))})"
