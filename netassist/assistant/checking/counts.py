"""How many: ports, hosts, findings, packets, records, suites. What is counted is told by the noun."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from netassist.assistant.checking.facts import Fact
from netassist.assistant.checking.mentions import Mention
from netassist.assistant.checking.observed import Source
from netassist.assistant.checking.statement import Statement
from netassist.assistant.checking.tallies import TALLIES, Counted, Tally
from netassist.assistant.checking.words import SEVERITY, severity_of

_NOUNS = (
    ("port", r"ports?"), ("host", r"hosts?|machines?|devices?|systems?|hôtes?|Rechner|Geräte?"),
    ("finding", r"findings?|issues?|problems?|Befunde?|Probleme?|problèmes?|warnings?"),
    ("weakness", r"weakness(?:es)?|vulnerabilit(?:y|ies)|flaws?|Schwachstellen?|vulnérabilités?|faiblesses?"),
    ("packet", r"packets?|(?:ICMP |echo )*requests?|probes?|pings?|repl(?:y|ies)|responses?|Paketen?|paquets?"),
    ("record", r"(?:[A-Z]{1,5}[ -])?(?:records?|entr(?:y|ies)|answers?|Einträge?n?|enregistrements?)|addresses|adresses|Adressen|"
               r"mail servers?|name ?servers?"),
    ("suite", r"(?:cipher )?(?:suites?|ciphers?)"), ("group", r"groups?|curves?"), ("certificate", r"certificates?"),
    ("redirect", r"redirects?"), ("header", r"(?:security )?headers?"), ("service", r"services?"), ("connection", r"connections?"),
)  # fmt: skip
_NOUN = re.compile("(?:" + "|".join(rf"(?P<{noun}>{words})" for noun, words in _NOUNS) + r")\b", re.IGNORECASE)
_NO_HOSTS = re.compile(
    r"\s*[*_`]{0,3}(?:hosts?|machines?|devices?)[*_`]{0,3} (?:is|are|was|were) (?:up|down|alive|online|found|reachable)",
    re.IGNORECASE,
)
_NONE = re.compile(r"\b(?:no|zero|keine?|aucune?|pas de)\s+(?=[a-zA-ZÄÖÜ])", re.IGNORECASE)
_WORD = re.compile(r"[\w-]+")
_STOP = re.compile(r"[.,;:|()\n]|\s(?:and|und|et|is|are|was|were|has|have|sind|sont|in|on|at|to)\s")
_SOON = re.compile(r"[,.;:|(]|\b(?:and|und|et)\b")
_NONE_OF = frozenset({"port", "host", "finding", "weakness", "packet", "record", "redirect", "service"})
_AFTER_HOST = re.compile(r"[\w-]\.[a-z]{2,24}(?::\d{1,5})?(?: has| hat| a)? [*_`]{0,2}$")
_ENDS = re.compile(r"[*_`]{0,2}\s?(?::|$|[.,;])")
_NARROWED = re.compile(
    r"\b(?:with|that|which|who|of the|running|above|below|other|more|mit|avec|of them|these|those|important|main)\b",
    re.IGNORECASE,
)
_OF = re.compile(r"(?:of|out of|von|sur)\s[*_`]{0,2}$", re.IGNORECASE)
_PART_OF = re.compile(r"[*_`]{0,2}\s(?:of|out of|von|sur)\s", re.IGNORECASE)


def judge_counts(told: Statement) -> Iterator[Fact]:
    """Numbers with a noun behind them, "4 of 4", "3 high", "no findings", and columns of figures."""
    if told.passage.mood == "advises":
        return
    for counted in _counted(told):
        mention = counted.mention
        about = told.sources(mention.start)
        tally = _tally(counted, about, told.text)
        if counted.noun == "connection" and tally is not None and mention.value not in tally.right:
            continue
        if tally is None:
            if counted.noun in ("packet", "suite", "finding", "weakness") and mention.value:
                listed = _listed(told, mention)
                yield told.fact("count", mention.start, mention.end, "supported" if listed == mention.value else "unsupported")
            continue
        value = int(mention.value)
        if value in tally.right or (_NARROWED.search(counted.words) and 0 < value <= max(tally.right)):
            yield told.fact("count", mention.start, mention.end, "supported", where=tally.where)
        elif counted.noun == "header" and _listed(told, mention) == value:
            yield told.fact("count", mention.start, mention.end, "supported")
        else:
            shown = str(tally.right[0]) if len(set(tally.right)) == 1 or counted.noun != "record" else None
            yield told.fact("count", mention.start, mention.end, "contradicted", shown, tally.where)


def _counted(told: Statement) -> Iterator[Counted]:
    zeros = [
        Mention("counting", 0.0, match.start() + told.start, match.end() - 1 + told.start) for match in _NONE.finditer(told.text)
    ]
    numbers = [held for held in told.mentions if held.kind in ("whole", "counting", "part")]
    for mention in sorted([*numbers, *zeros], key=lambda held: held.start):
        end = told.end
        ahead = told.whole[mention.end : min(end, mention.end + 90)]
        label = told.passage.label(mention.start)
        if label and not re.search(r"[A-Za-z]", ahead.split("|")[0]):
            yield from _of_label(mention, label)
            continue
        severity = re.match(rf"[*_`]{{0,3}}[\s-]+[*_`]{{0,3}}({SEVERITY})\b(?!-)", ahead, re.IGNORECASE)
        if 300 <= mention.figure < 400 and _noun(ahead) == "redirect":
            continue
        if (noun := _noun(ahead)) and not (
            mention in zeros and (noun not in _NONE_OF or (noun == "host" and not _NO_HOSTS.match(ahead)))
        ):
            severity = severity or re.search(
                rf"\b({SEVERITY})[*_`]{{0,3}}\s?[:=–-]?\s{{0,2}}[*_`]{{0,3}}$",
                told.whole[max(told.start, mention.start - 20) : mention.start],
                re.IGNORECASE,
            )
            before = told.whole[max(told.start, mention.start - 24) : mention.start]
            whole = (
                "scanned "
                if re.search(r"\b(?:of(?: the)?|von|sur|scanned|tested|checked|tried|probed)[\s*_`]{1,4}$", before)
                else ""
            )
            yield Counted(mention, noun, severity_of(severity[1]) if severity else None, whole + _SOON.split(ahead)[0])
        elif stated := re.match(
            r"[*_`]{0,3}\s(?:are|were|sind|sont)\s(?:open|closed|filtered|offen|geschlossen|ouverts|fermés)\b", ahead
        ):
            if any(held.kind == "port" or "port" in told.before for held in told.mentions) or "port" in told.text:
                yield Counted(mention, "port", None, stated.group())
        elif severity and not re.match(r"[^,;.)]{0,20}\b(?:latency|traffic|load|risk)\b", ahead[severity.end() :]):
            yield Counted(mention, "finding", severity_of(severity[1]), "")
        elif found := re.search(
            rf"\b({SEVERITY})[*_`]{{0,3}}\s?[:=]?\s?[*_`]{{0,3}}$",
            told.whole[max(told.start, mention.start - 24) : mention.start],
            re.IGNORECASE,
        ):
            yield Counted(mention, "finding", severity_of(found[1]), "")
        elif noun := _earlier(told, mention):
            yield Counted(mention, noun, None, "")


def _noun(ahead: str) -> str | None:
    """The first noun that is counted within a few words."""
    stop = _STOP.search(ahead)
    part = ahead[: stop.start()] if stop else ahead
    for place, word in enumerate(_WORD.finditer(part)):
        if place == 6:
            break
        if found := _NOUN.match(part, word.start()):
            return found.lastgroup
    return None


def _earlier(told: Statement, mention: Mention) -> str | None:
    """What a number counts whose noun stands elsewhere: "Findings: 12", "9 of 10 packets", "a.example 6 suites, b.example 30"."""
    before = told.whole[max(told.start, mention.start - 60) : mention.start]
    if (":" in before or "=" in before) and (found := re.search(r"([\w -]{3,30})[*_`]{0,3}\s?[:=]\s?[*_`]{0,3}$", before)):
        return _noun(" " + found[1].strip().split(" ")[-1] + " ")
    if mention.kind == "part" and told.whole[mention.end : mention.end + 1] in "/ ":
        return _noun(told.whole[mention.end : min(told.end, mention.end + 60)])
    if mention.kind == "whole" and _PART_OF.match(told.whole, mention.end) and not _OF.search(before):
        return _noun(" " + told.whole[mention.end : min(told.end, mention.end + 70)].split(" ", 2)[-1])
    named = _AFTER_HOST.search(before) if "." in before and mention.kind == "whole" else None
    if named is None:
        return None
    words = re.findall(r"\b[a-z]+\b", told.text[: max(0, mention.start - told.start - len(named.group()))])[-4:]
    if noun := _noun(" " + " ".join(words)):
        return noun
    ends = _ENDS.match(told.whole, mention.end, min(told.end + 1, mention.end + 8))
    found = _NOUN.search(told.before) if ends else None
    return found.lastgroup if found else None


def _of_label(mention: Mention, label: str) -> Iterator[Counted]:
    """A figure in a column: its heading tells what it is."""
    if re.search(r"\b(?:sent|gesendet|envoyés?)\b", label):
        yield Counted(mention, "sent", None, "")
    elif re.search(r"\b(?:received|answered|empfangen|reçus?)\b", label):
        yield Counted(mention, "received", None, "")
    elif found := re.search(rf"\b({SEVERITY})\b", label, re.IGNORECASE):
        yield Counted(mention, "finding", severity_of(found[1]), "")
    elif not re.search(r"\bports?\b.{0,40}$", label) and (noun := _noun(f" {label} ")):
        yield Counted(mention, noun, None, "")


def _listed(told: Statement, mention: Mention) -> int:
    """How many things are listed behind the colon that follows."""
    rest = told.whole[mention.end : min(len(told.whole), mention.end + 600)]
    colon = rest.find(":")
    if colon < 0 or colon > 80:
        return 0
    listing = re.split(r"\.\s|\(|\n\n(?!\s*[-*\d])", rest[colon + 1 :])[0]
    bullets = re.findall(r"^\s*(?:[-*•]|\d+[.)])\s", listing, re.MULTILINE)
    return len(bullets) or len(re.split(r",\s(?:and |und |et )?|\s(?:and|und|et)\s", listing.strip()))


def _tally(counted: Counted, about: Sequence[Source], text: str) -> Tally | None:
    found = TALLIES[counted.noun](about, counted, text) if counted.noun in TALLIES else None
    return found if found is not None and found.right else None
