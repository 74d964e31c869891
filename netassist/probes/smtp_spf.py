"""Who may send mail in a domain's name: its SPF record (RFC 7208), read and counted, includes and redirects followed.

What a record says of one sender depends on that sender; here it is only whether the record can be read, whether it keeps to the
limit of look-ups, and what it says of everybody else. Look-ups without an answer (section 4.6.4) are not counted.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, NamedTuple

import msgspec

from netassist.observations import Failed
from netassist.untrusted import as_text

MOST_LOOKUPS = 10
"""Section 4.6.4: beyond it, receivers give up with a permanent error."""
_MOST_RECORDS = 20
_SHOWN = 1000
_LOOKS_UP = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_MECHANISM = re.compile(r"([+\-~?]?)([a-z][a-z0-9_.-]*)(?:([:/])(.*))?", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE)
_PREFIXES = re.compile(r"(?:/(\d{1,2}))?(?://(\d{1,3}))?")
_MACRO = re.compile(r"%(?:%|_|-|\{[slodiphcrtv]\d*r?[.\-+,/_=]*\})", re.IGNORECASE)

Texts = Callable[[str], Awaitable[tuple[str, ...]]]
"""The TXT records of a name; raises Failed."""
Others = Literal["fail", "softfail", "neutral", "pass"]
_QUALIFIERS: dict[str, Others] = {"-": "fail", "~": "softfail", "?": "neutral", "+": "pass", "": "pass"}


class Spf(msgspec.Struct, frozen=True, kw_only=True):
    """`others` is what the record says of a sender that it does not list (``neutral`` where it says nothing); None: unknown.

    `lookups` counts the terms that make a receiver ask the DNS, those of included records too. `problems` are why receivers
    cannot use it. ``unknown`` is where the DNS gave no answer; `detail` says so.
    """

    verdict: Literal["present", "absent", "invalid", "unknown"]
    record: str | None = None
    others: Others | None = None
    lookups: int | None = None
    problems: tuple[str, ...] = ()
    detail: str | None = None


class Term(NamedTuple):
    """A mechanism or modifier; `domain` is the name that it asks for, None where it is the domain's own or there is none."""

    name: str
    qualifier: str = ""
    domain: str | None = None


class _Read(NamedTuple):
    terms: tuple[Term, ...]
    problems: tuple[str, ...]


class _Count:
    """What one evaluation has met so far."""

    def __init__(self) -> None:
        self.lookups = 0
        self.problems: list[str] = []
        self.seen: list[str] = []


async def spf(domain: str, texts: Texts) -> Spf:
    """Look the record up and all that it refers to."""
    count = _Count()
    try:
        records = [text for text in await texts(domain) if is_spf(text)]
    except Failed as failed:
        return Spf(verdict="unknown", detail=failed.failure.message)
    if not records:
        return Spf(verdict="absent")
    shown = as_text(records[0], _SHOWN)
    if len(records) > 1:
        return Spf(verdict="invalid", record=shown, problems=(f"{len(records)} SPF records, where there may be one",))
    count.seen.append(domain)
    try:
        others = await _followed(domain, records[0], texts, count)
    except Failed as failed:
        return Spf(verdict="unknown", record=shown, detail=failed.failure.message, problems=tuple(count.problems))
    if count.lookups > MOST_LOOKUPS:
        count.problems.append(f"{count.lookups} DNS look-ups, where {MOST_LOOKUPS} are allowed")
    return Spf(
        verdict="invalid" if count.problems else "present",
        record=shown,
        others=others,
        lookups=count.lookups,
        problems=tuple(dict.fromkeys(count.problems)),
    )


def is_spf(text: str) -> bool:
    """Section 4.5: the version, and then a space or the end."""
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def read(record: str) -> _Read:
    """The terms of a record, and what of them is not SPF (section 12)."""
    terms: list[Term] = []
    problems: list[str] = []
    for word in record.split()[1:]:
        modifier = _MODIFIER.fullmatch(word)
        if modifier and modifier[1].lower() not in ("a", "mx", "ptr", "all", "include", "exists", "ip4", "ip6"):
            name = modifier[1].lower()
            if name in ("redirect", "exp") and (wrong := _wrong_domain(modifier[2])):
                problems.append(f"{name}={as_text(modifier[2], 60)}: {wrong}")
            elif name in [term.name for term in terms] and name in ("redirect", "exp"):
                problems.append(f"{name} is there twice")
            else:
                terms.append(Term(name, "", modifier[2]))
            continue
        found = _MECHANISM.fullmatch(word)
        wrong = _wrong(found) if found else "is no term of SPF"
        if wrong or found is None:
            problems.append(f"“{as_text(word, 60)}” {wrong}")
        else:
            terms.append(Term(found[2].lower(), found[1], _domain(found)))
    return _Read(tuple(terms), tuple(problems))


def _wrong(found: re.Match[str]) -> str | None:
    """Why a mechanism is malformed; None where it is not."""
    name, mark, value = found[2].lower(), found[3], found[4] or ""
    if name in ("ip4", "ip6"):
        kind = ipaddress.IPv4Network if name == "ip4" else ipaddress.IPv6Network
        try:
            kind(value, strict=False)
        except ValueError:
            return f"holds no {'IPv4' if name == 'ip4' else 'IPv6'} network"
        return None if mark == ":" else "has no address"
    if name == "all":
        return "takes no value" if mark else None
    if name in ("include", "exists"):
        return "has no domain" if mark != ":" else _wrong_domain(value)
    if name in ("a", "mx", "ptr"):
        rest = f"/{value}" if mark == "/" else value
        domain, slash, lengths = rest.partition("/")
        prefixes = _PREFIXES.fullmatch(slash + lengths)
        if prefixes is None or (name == "ptr" and slash) or int(prefixes[1] or 0) > 32 or int(prefixes[2] or 0) > 128:
            return "has a prefix length that is none"
        return _wrong_domain(domain) if mark == ":" else None
    return "is no mechanism of SPF"


def _wrong_domain(text: str) -> str | None:
    """A domain-spec (section 7.1): visible characters, with macros that are well formed."""
    if not text:
        return "has no domain"
    bare = _MACRO.sub("x", text)
    if "%" in bare:
        return "has a macro that is malformed"
    return None if re.fullmatch(r"[\x21-\x7e]{1,253}", bare) and "." in bare.strip(".") else "has no domain"


def _domain(found: re.Match[str]) -> str | None:
    return found[4].partition("/")[0] or None if found[3] == ":" else None


async def _followed(domain: str, record: str, texts: Texts, count: _Count) -> Others | None:
    """What a record says of everybody else; what it refers to is counted and read. Raises Failed where no answer comes."""
    terms, problems = read(record)
    count.problems += [f"{as_text(domain, 100)}: {problem}" if len(count.seen) > 1 else problem for problem in problems]
    stops = next((at for at, term in enumerate(terms) if term.name == "all"), None)
    # What stands behind "all" is never asked for (section 5.1), nor is a redirect beside it (section 6.1).
    reached = [term for term in terms[: stops + 1] if term.name != "redirect"] if stops is not None else terms
    count.lookups += sum(term.name in _LOOKS_UP for term in reached)
    for term in reached:
        if term.name == "include":
            await _referred(term, texts, count)
    if stops is not None:
        return _QUALIFIERS[terms[stops].qualifier]
    onward = next((term for term in reached if term.name == "redirect"), None)
    return await _referred(onward, texts, count) if onward else "neutral"


async def _referred(term: Term, texts: Texts, count: _Count) -> Others | None:
    """The record that `include` or `redirect` names, where no macro makes it depend on the sender."""
    name = (term.domain or "").lower().rstrip(".")
    if "%" in name or len(count.seen) > _MOST_RECORDS or count.lookups > 2 * MOST_LOOKUPS:
        return None
    if name in count.seen:
        count.problems.append(f"{term.name} leads back to {as_text(name, 100)}")
        return None
    count.seen.append(name)
    records: Sequence[str] = [text for text in await texts(name) if is_spf(text)]
    if len(records) != 1:
        what = "no SPF record" if not records else f"{len(records)} SPF records"
        count.problems.append(f"{term.name} names {as_text(name, 100)}, which has {what}")
        return None
    return await _followed(name, records[0], texts, count)
