"""What is said of a TLS server: versions that it accepts or refuses, weaknesses that it has or has not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from netassist.assistant.checking.claims import SAYS_NO
from netassist.assistant.checking.facts import Fact
from netassist.assistant.checking.mentions import Mention
from netassist.assistant.checking.observed import Source
from netassist.assistant.checking.passages import explains
from netassist.assistant.checking.statement import Cue, Statement, assigned

_ACCEPTED = re.compile(
    r"\b(?:accept\w*|support\w*|offer\w*|enabled?|allow\w*|speaks?|available|use[sd]?|using|negotiat\w*|active|activated|on|yes|akzeptiert|"
    r"unterstützt|angeboten|spricht|acceptée?s?|activée?s?|oui|ja)\b", re.IGNORECASE,
)  # fmt: skip
_OFFERS = re.compile(
    r"\b(?:accept\w*|support\w*|offer\w*|enabled?|allow\w*|available|active|present|akzeptiert|acceptée?s?)\b", re.IGNORECASE
)
_REFUSED = re.compile(
    r"\b(?:refus\w*|reject\w*|disabled?|denied|unsupported|off|unavailable|inactive|deactivated|neither|abgelehnt|deaktiviert|"
    r"désactivée?s?|no longer(?: \w+)?|not found|not present|not established|missing|absent|lacking|turned off|nein|non)\b(?! encryption)", re.IGNORECASE,
)  # fmt: skip
_ONLY = re.compile(r"\b(?:only|exclusively|nothing but|nur|ausschließlich|seulement|uniquement)\b", re.IGNORECASE)
_NO_BEFORE = re.compile(
    r"\b(?:no|not|without|neither|nor|kein\w{0,2}|pas de|ni|aucun\w{0,3}|not even)[\s*`_]{1,3}$", re.IGNORECASE
)
_YES_BEFORE = re.compile(r"\b(?:also|and even|as well as)[\s*`_]{1,3}$", re.IGNORECASE)
_LEAVES_BRACKETS = re.compile(r"[^()]{0,400}\)[^()]{0,200}[,;]")
_ANOTHER = re.compile(r"\b(?:key exchange|groups?|certificates?|renegotiation|compression|tickets?)\b", re.IGNORECASE)
_ONLY_BEFORE = re.compile(r"\b(?:only|just|nur|seulement|uniquement)[\s*`_]{1,3}$", re.IGNORECASE)
_OLDER = re.compile(r"\b(?:or|and) (?:later|newer|above|higher)\b", re.IGNORECASE)

_NAMES = (
    ("sslv3_poodle", r"poodle"), ("heartbleed", r"heartbleed"), ("robot", r"robot"), ("des3_sweet32", r"sweet-?32|3des|triple[- ]des|64-bit block \w+"),
    ("cbc_in_tls1_0_beast", r"beast"), ("rc4", r"rc4"), ("compression_crime", r"crime"), ("dh_1024_logjam", r"logjam"),
    ("export_cipher", r"freak|export(?:[- ]grade)?(?: (?:ciphers?|suites?))?"), ("null_cipher", r"null (?:ciphers?|suites?)|suites without encryption"),
    ("anonymous_cipher", r"anonymous(?: (?:cipher )?suites?| ciphers?)?"), ("ticketbleed", r"ticketbleed"),
    ("ccs_injection", r"ccs[- ]injection"), ("no_fallback_scsv", r"fallback[- ]scsv"), ("early_data", r"0-?rtt|early data"),
    ("sslv2", r"drown"), ("lucky13", r"lucky ?(?:13|thirteen)"), ("log4shell", r"log4shell"), ("shellshock", r"shellshock"),
    ("eternalblue", r"eternalblue|ms17-010"), ("bluekeep", r"bluekeep"), ("terrapin", r"terrapin"), ("regresshion", r"regresshion"),
)  # fmt: skip
_WEAKNESS = re.compile(
    "|".join(f"(?P<{name}>{words})" for name, words in _NAMES).join((r"(?<![\w-])(?:", r")(?![\w-])")), re.IGNORECASE
)
_CAN_BE_ACCEPTED = frozenset(
    {"rc4", "des3_sweet32", "export_cipher", "null_cipher", "anonymous_cipher", "no_fallback_scsv", "early_data"}
)
_BAD = re.compile(
    r"\b(?:vulnerable|affected|susceptible|exposed|at risk|weak to|suffers?|anfällig|verwundbar|betroffen|vulnérables?|exposée?s?|touchée?s?)\b",
    re.IGNORECASE,
)  # fmt: skip
_GOOD = re.compile(
    r"\b(?:safe|immune|protected|secure|resistant|not applicable|n/a|invulnerable|no (?:known )?(?:vulnerabilit\w+|weakness\w*|issues?)|not found|not present|none found|not detected|no (?:signs?|evidence|traces?) of|sicher|geschützt|protégée?s?|immunisée?s?)\b",
    re.IGNORECASE,
)


class Support(NamedTuple):
    """`accepted` is None where it was not established."""

    accepted: bool | None
    where: str


def judge_protocols(told: Statement) -> Iterator[Fact]:
    """Versions of TLS and SSL: accepted, refused, negotiated."""
    items = [mention for mention in told.mentions if mention.kind == "protocol"]
    if not items or told.passage.mood == "advises":
        return
    items = [item for item in items if not explains(told.part(item.start))]
    cues = [cue for cue in told.cues(_ACCEPTED, _REFUSED) if not _of_another(told, cue)]
    only = _ONLY.search(told.text)
    wrong: dict[Cue, list[Fact]] = {}
    right: set[Cue] = set()
    positive: list[Mention] = []
    for item, cue in assigned(items, cues, told.whole):
        before = told.whole[max(told.start, item.start - 16) : item.start]
        if cue is not None and cue.start > item.end and _LEAVES_BRACKETS.match(told.whole, item.end, cue.start):
            cue = None
        said = False if _NO_BEFORE.search(before) else True if cue is None or _YES_BEFORE.search(before) else cue.yes
        if _ONLY_BEFORE.search(before):
            said = True
        if (cue is None and _listed_behind_no(told, items, item)) or (cue is None and SAYS_NO.match(told.whole, item.end)):
            said = False
        if said:
            positive.append(item)
        known = [_support(sources, str(item.value)) for sources in told.each(item.start)]
        support = next((held for held in known if held is not None and held.accepted is (not said)), known[0])
        if support is None or support.accepted is None:
            if told.passage.mood == "says":
                yield told.fact("protocol", item.start, item.end, "unsupported")
        elif support.accepted is said:
            yield told.fact("protocol", item.start, item.end, "supported", where=support.where)
            right |= {cue} if cue else set()
        elif told.passage.mood == "says":
            state = "accepted" if support.accepted else "refused"
            shown = f"{told.whole[item.start : item.end]} ({state})"
            fact = told.fact("protocol", item.start, item.end, "contradicted", _instead(told, item, shown), support.where)
            if cue is None or _NO_BEFORE.search(before):
                yield fact
            else:
                wrong.setdefault(cue, []).append(fact)
    for cue, facts in wrong.items():
        if cue in right or (len(facts) == 1 and cue.yes):
            yield from facts
        else:
            said_so = "refused" if cue.yes else "accepted"
            yield told.fact("protocol", cue.start, cue.end, "contradicted", said_so, facts[0].where)
    if only and positive:
        yield from _only(told, only, positive)


def _of_another(told: Statement, cue: Cue) -> bool:
    """Whether what is accepted is a key exchange, say, with no version and no weakness in the same part of the sentence."""
    part = told.part(cue.start)
    return _ANOTHER.search(part) is not None and not _WEAKNESS.search(part) and not re.search(r"\b(?:TLS|SSL)", part)


def _listed_behind_no(told: Statement, items: Sequence[Mention], item: Mention) -> bool:
    """ "no TLS 1.0 or TLS 1.1": the second shares the "no" of the first."""
    first = items[0]
    before = told.whole[max(told.start, first.start - 16) : first.start]
    return first is not item and _NO_BEFORE.search(before) is not None and ";" not in told.whole[first.end : item.start]


def _instead(told: Statement, item: Mention, shown: str) -> str:
    """The version that was negotiated, where the report knows only that one."""
    for source in told.sources(item.start):
        if source.data.get("protocols"):
            return shown
    for source in told.sources(item.start):
        version = source.data.get("version") or source.data.get("protocol")
        if isinstance(version, str) and version.startswith("TLS"):
            return version
    return shown


def _only(told: Statement, only: re.Match[str], positive: Sequence[Mention]) -> Iterator[Fact]:
    said = {str(mention.value) for mention in positive}
    for source in told.sources(positive[0].start):
        protocols = source.data.get("protocols")
        of_host = any(0 <= held.start - only.end() - told.start < 6 for held in told.subjects)
        if protocols and not of_host and not _OLDER.search(told.text):
            accepted = {version for version, support in protocols.items() if support == "accepted"}
            start, end = only.start() + told.start, only.end() + told.start
            if accepted - said:
                more = ", ".join(sorted(accepted))
                yield told.fact("protocol", start, end, "contradicted", f"accepted: {more};", source.where("protocols"))
            return


def _support(sources: Sequence[Source], version: str) -> Support | None:
    for source in sources:
        if protocols := source.data.get("protocols"):
            known = protocols.get(version, "unknown")
            return Support({"accepted": True, "refused": False}.get(known), source.where(f"protocols.{version}"))
    for source in sources:
        for name in ("version", "protocol"):
            held = source.data.get(name)
            if isinstance(held, str) and held.startswith(("TLSv", "SSLv")):
                # One handshake shows what was negotiated: a higher version would have been.
                if held == version:
                    return Support(True, source.where(name))
                return (
                    Support(False, source.where(name))
                    if version > held or source.schema == "netassist/quantum/1"
                    else Support(None, "")
                )
    for source in sources:
        if path := source.said.get(("protocol", version)):
            return Support(True, source.where(path))
    return None


def judge_weaknesses(told: Statement) -> Iterator[Fact]:
    """Weaknesses by their names: what is said of each, against its verdict."""
    if told.passage.mood == "advises":
        return
    items = [
        Mention(str(match.lastgroup), match.group(), match.start() + told.start, match.end() + told.start)
        for match in _WEAKNESS.finditer(told.text)
        if match.group().isupper()
        or match.lastgroup not in ("robot", "compression_crime", "cbc_in_tls1_0_beast")
        or match.group()[0].isupper()
    ]
    cues = told.cues(_BAD, _GOOD)
    every = sorted(
        {*cues, *(cue for cue in told.cues(_OFFERS, _REFUSED) if not _of_another(told, cue))}, key=lambda cue: cue.start
    )
    accepted = [item for item in items if item.kind in _CAN_BE_ACCEPTED]
    pairs = dict(assigned(items, cues, told.whole)) | dict(assigned(accepted, every, told.whole))
    given: dict[Cue, list[tuple[Mention, bool | None, str]]] = {}
    for item, cue in pairs.items():
        verdict, where = _verdict(told.sources(item.start), item.kind)
        before = told.whole[max(told.start, item.start - 16) : item.start]
        denied = _NO_BEFORE.search(before) is not None
        if cue is None:
            said: bool | None = False if denied else None
        else:
            said = cue.yes and not denied
        if item.kind == "no_fallback_scsv" and cue not in cues:
            continue
        if cue is not None and said is not None and not denied:
            given.setdefault(cue, []).append((item, None if verdict is None else verdict is said, where))
        elif verdict is None:
            if told.passage.mood == "says":
                yield told.fact("verdict", item.start, item.end, "unsupported")
        elif said is None or verdict is said:
            yield told.fact("verdict", item.start, item.end, "supported", where=where)
        else:
            yield told.fact("verdict", item.start, item.end, "contradicted", f"{item.value} (vulnerable)", where)
    for cue, held in given.items():
        yield from _by_cue(told, cue, held)


def _by_cue(told: Statement, cue: Cue, held: Sequence[tuple[Mention, bool | None, str]]) -> Iterator[Fact]:
    """Where all that is said at one cue is wrong, the cue is; else each item."""
    if all(right is False for _, right, _ in held):
        measured = "not vulnerable" if cue.yes else "vulnerable"
        yield told.fact("verdict", cue.start, cue.end, "contradicted", measured, held[0][2])
        return
    for item, right, where in held:
        if right is None and told.passage.mood != "says":
            continue
        if right is None:
            yield told.fact("verdict", item.start, item.end, "unsupported")
        else:
            shown = None if right else f"{item.value} ({'not ' if cue.yes else ''}vulnerable)"
            yield told.fact("verdict", item.start, item.end, "supported" if right else "contradicted", shown, where)


def _verdict(sources: Sequence[Source], weakness: str) -> tuple[bool | None, str]:
    """Whether the server has a weakness; None where that was not established."""
    for source in sources:
        for place, held in enumerate(source.data.get("weaknesses") or ()):
            if held["id"] == weakness and held["verdict"] != "unknown":
                return held["verdict"] == "vulnerable", source.where(f"weaknesses[{place}]")
    word = weakness.split("_")[0]
    for source in sources:
        if any(word in finding["id"] or word in finding["title"].lower() for finding in source.findings):
            return True, source.where("findings")
    return None, ""
