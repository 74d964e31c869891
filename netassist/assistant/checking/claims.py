"""What is said to be so or not: trusted, expired, reachable, quantum safe, validated, sent, encrypted.

Each claim has words for yes and for no, and a function that tells from the sources what was measured.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from netassist.assistant.checking.facts import Fact, Kind
from netassist.assistant.checking.measures import (
    Measure,
    encrypted,
    exists,
    expired,
    flag,
    forwards,
    header,
    offers_quantum,
    problem,
    quantum,
    quantum_keys,
    reachable,
    stapled,
)
from netassist.assistant.checking.observed import Source
from netassist.assistant.checking.passages import explains
from netassist.assistant.checking.statement import Cue, Statement

_YES = re.compile(r"[\s*_`]*(?:yes|ja|oui|true|✓|✅|✔)[\s*_`]*", re.IGNORECASE)
_NO = re.compile(r"[\s*_`]*(?:no|nein|non|false|✗|❌|✘)[\s*_`]*", re.IGNORECASE)


class Claim(NamedTuple):
    """`so` and `not_so` are what stands in the answer's place where it is wrong; `heading` the column that a yes or no answers."""

    kind: Kind
    yes: re.Pattern[str]
    no: re.Pattern[str] | None
    measured: Measure
    so: str
    not_so: str
    heading: re.Pattern[str] | None = None


SAYS_NO = re.compile(
    r"[*_`]{0,3}(?:[\s:|!✘=–*_`-]{1,14}|\s(?:is|are|ist|est|was) )[*_`]{0,3}(?:no\b|none|absent|missing|off\b|disabled|not\b|nein|non\b|false|nicht|✗|❌|✘)",
    re.IGNORECASE,
)  # fmt: skip
_SAYS_UNKNOWN = re.compile(
    r"[*_`]{0,3}[\s:|?=–-]{1,12}[*_`]{0,3}(?:unknown|not (?:measured|established|tested|known)|n/a|unbekannt)", re.IGNORECASE
)
_NOT_FOUND = re.compile(r"\W{0,6}(?:not found|not present|not affected|none of|no signs? of|free of)\b", re.IGNORECASE)
_OF_SOMETHING = re.compile(
    r"\b(?:requests?|hellos?|clienthello|extension|packets?|probes?|attempts?|redirect\w*|handshake|queries)\b", re.IGNORECASE
)


def _words(expression: str) -> re.Pattern[str]:
    """The words as whole words; emphasis may stand between them."""
    spaced = re.sub(r"(\(\?<[!=][^)]*\)|\[[^\]]*\])|( )", lambda match: match[1] or r"(?:[\s*_`]{1,4})", expression)
    return re.compile(rf"(?<![\w-])(?:{spaced})(?![\w-])", re.IGNORECASE)


_SENT = r"[^,;.:|]{0,40}?\b(?:sent|set|present|enabled|missing|absent|lacking|not sent|gesendet|fehl\w+|manqu\w+)"
_SERVED = r"(?:served|serves|page|site|stays|delivered|answers|ausgeliefert|übertragen)[^.;,|]{0,24}"
_QUANTUM = r"(?:quantum|quanten)[- ]?(?:safe|resistant|secure|sicher\w*)|(?<!classical and )post[- ]?quantum(?!s)(?! (?:group|hybrid|keys?\b(?! exchange)|key shares?|clients?|hellos?|algorithms? are))|quanti(?:que|ques)ment sûre?"
_KEYS = r"(?:authentication|certificate|signatures?|host key)[^,;.:|()]{0,30}(?:\([^()]{0,40}\)[^,;.:|()]{0,12})?"

CLAIMS: tuple[Claim, ...] = (
    Claim("verdict", _words("trusted|vertrauenswürdig|fiable"), _words("untrusted|distrusted"), flag("trusted"), "trusted", "not trusted",
          _words("trusted|vertrauenswürdig")),
    Claim("verdict", _words(r"self[- ]signed(?! (?:certificate in|root|ca\\b))|selbst[- ]?signiert\w*|auto[- ]?sign[ée]e?"), None, problem("self_signed"), "self-signed",
          "not self-signed", _words("self[- ]signed")),
    Claim("verdict", _words("expired|abgelaufen\\w*|expiré\\w?"), _words(r"(?:is|still|currently) valid(?: until| till| for| to)?|ist gültig"),
          expired, "expired", "not expired", _words("expired")),
    Claim("verdict", _words(r"(?:host ?)?names? (?:do(?:es)? )?(?:not |n't )?match(?:es)?|matches the (?:host ?)?name|matching (?:host ?)?name"),
          _words(r"(?:host ?)?name mismatch|wrong (?:host ?)?name|wrong host|(?:made out|issued) (?:to|for) another(?: name)?|for another name"),
          flag("hostname_matches"), "the name matches", "the name does not match", _words("(?:host ?)?name matches|matches")),
    Claim("verdict", _words("revoked|widerrufen|révoqué"), None, problem("revoked"), "revoked", "not revoked"),
    Claim("verdict", _words(r"ocsp[- ]stapl\w+"), None, stapled, "OCSP stapling", "no OCSP stapling"),
    Claim("state", _words(r"(?:is|are|ist|est) (?:up|alive|online)|reachable|responds|responded|answered|answers|did answer|erreichbar|joignable"),
          _words(r"unreachable|(?:is|are) (?:down|offline)|no (?:reply|answer|response) from|timed out|unerreichbar|injoignable"),
          reachable, "reachable", "unreachable"),
    Claim("verdict", _words(r"(?:validated|authenticated) (?:by|with) dnssec|dnssec[- ](?:validated|signed|authenticated|secured)"), None,
          flag("authenticated"), "DNSSEC-validated", "not DNSSEC-validated"),
    Claim("record", _words(r"resolves to|does exist|has an? (?:address|record)"),
          _words(r"nxdomain|do(?:es)?(?: not|n't|n’t) (?:exist|resolve)|existiert nicht|n'existe pas"),
          exists, "NOERROR", "NXDOMAIN"),
    Claim("verdict", _words(rf"{_SERVED} (?:with encryption|encrypted|verschlüsselt)"),
          _words(rf"{_SERVED} (?:without (?:any )?encryption|unencrypted|unverschlüsselt)|(?:on|over|by|in) plain http"), encrypted, "encrypted", "unencrypted"),
    Claim("verdict", _words(r"(?:forwards?|redirects?) (?:\w+ )?to https"), None, forwards, "redirects to HTTPS", "does not redirect to HTTPS"),
    Claim("verdict", _words(rf"(?:hsts|strict-transport-security)(?: header)?{_SENT}|sends (?:an? )?hsts|hsts"), None,
          header("strict-transport-security"), "HSTS is sent", "HSTS is not sent"),
    Claim("verdict", _words(r"compression (?:is |ist )?(?:on|enabled|accepted|supported)"),
          _words(r"compression (?:is |ist )?(?:off|disabled|refused|rejected)"), flag("compression"), "compression is on", "compression is off"),
    Claim("verdict", _words(r"renegotiation is secure|secure renegotiation"), _words(r"insecure renegotiation|renegotiation is insecure"),
          flag("secure_renegotiation"), "renegotiation is secure", "renegotiation is insecure"),
)  # fmt: skip
_QUANTUM_SAFE = Claim(
    "verdict", _words(_QUANTUM), None, quantum, "quantum safe", "not quantum safe", _words("quantum safe|post[- ]quantum|pq")
)
_OFFERED = _QUANTUM_SAFE._replace(measured=offers_quantum)
_OF_KEYS = _QUANTUM_SAFE._replace(measured=quantum_keys, so="post-quantum", not_so="not post-quantum")
_ABSENT = re.compile(r"\b(?:missing|absent|lacking|fehl\w+|manqu\w+)\b", re.IGNORECASE)


def judge_claims(told: Statement) -> Iterator[Fact]:
    """Every claim of a passage that states something."""
    if told.passage.mood == "advises":
        return
    for claim in CLAIMS:
        for cue in told.cues(claim.yes, claim.no):
            yield from _judged(told, claim, cue)
        yield from _in_column(told, claim)
    yield from _of_quantum(told)


def _of_quantum(told: Statement) -> Iterator[Fact]:
    """Of key exchange, or of keys where those are told of; "available" is said of what is offered."""
    yield from _in_column(told, _QUANTUM_SAFE)
    for cue in told.cues(_QUANTUM_SAFE.yes):
        if explains(told.part(cue.start)):
            continue
        before = told.whole[max(told.start, cue.start - 60) : cue.start]
        if before.startswith(", which"):
            before = f"{told.before[-60:].rstrip()} {before.removeprefix(', ')}"
        after = re.split(r"[,;:.]", told.whole[cue.end : min(told.end, cue.end + 40)])[0]
        offered = re.search(r"\b(?:support\w*|offer\w*|accept\w*|available)\b", before + after) and "prefer" not in after
        of_keys = "key exchange" not in after and re.search(rf"(?:{_KEYS})$", before, re.IGNORECASE)
        yield from _judged(told, _OF_KEYS if of_keys else _OFFERED if offered else _QUANTUM_SAFE, cue)
    quantum = [source for source in told.sources(told.start) if source.schema == "netassist/quantum/1"]
    if quantum:
        bare = re.compile(r"(?<=: )(?:not )?(?:safe|unsafe|vulnerable)\b", re.IGNORECASE)
        for match in bare.finditer(told.text):
            start, end = match.start() + told.start, match.end() + told.start
            yield from _judged(told, _QUANTUM_SAFE, Cue(match.group().lower() == "safe", start, end), "safe", "not safe")


def _judged(told: Statement, claim: Claim, cue: Cue, so: str = "", not_so: str = "") -> Iterator[Fact]:
    said = cue.yes
    words = told.whole[cue.start : cue.end]
    if _SAYS_UNKNOWN.match(told.whole, cue.end):
        return
    if (
        _ABSENT.search(words)
        or _NOT_FOUND.match(told.text)
        or (cue.yes and not _ABSENT.search(words) and SAYS_NO.match(told.whole, cue.end))
    ):
        said = not said
    if claim.measured is reachable and _OF_SOMETHING.search(told.part(cue.start)):
        return
    if re.search(r"\b(?:not|n't|n’t)\b", words, re.IGNORECASE) and claim.no is not None and not claim.no.search(words):
        said = not said
    held = [found for sources in told.each(cue.start) if (found := _any(claim.measured, sources, said)) is not None]
    measured = next((found for found in held if found[0] is not said), held[0] if held else None)
    if measured is None:
        named = words.lower()
        if said and (place := next((source for source in told.sources(cue.start) if named in source.words), None)):
            yield told.fact(claim.kind, cue.start, cue.end, "supported", where=place.where())
        elif told.passage.mood == "says" and claim.kind == "verdict":
            yield told.fact(claim.kind, cue.start, cue.end, "unsupported")
        return
    truth, where = measured
    if truth is said:
        yield told.fact(claim.kind, cue.start, cue.end, "supported", where=where)
    elif told.passage.mood == "says":
        yield told.fact(
            claim.kind, cue.start, cue.end, "contradicted", (so or claim.so) if truth else (not_so or claim.not_so), where
        )


def _any(measure: Measure, sources: Sequence[Source], said: bool) -> tuple[bool, str] | None:
    """What was measured; where sources differ, as two certificates of a server may, that which was said."""
    first = measure(sources)
    if first is None or first[0] is said:
        return first
    return next((found for source in sources if (found := measure([source])) is not None and found[0] is said), first)


def _in_column(told: Statement, claim: Claim) -> Iterator[Fact]:
    """A yes or a no under a heading."""
    if claim.heading is None:
        return
    for cell in told.passage.cells[1:]:
        words = told.whole[cell.start : cell.end]
        said = True if _YES.fullmatch(words) else False if _NO.fullmatch(words) else None
        if said is None or not claim.heading.search(cell.label):
            continue
        start = cell.start + len(words) - len(words.lstrip())
        measured = claim.measured(told.sources(start))
        if measured is not None:
            verdict = measured[0] is said
            shown = None if verdict else "yes" if measured[0] else "no"
            yield told.fact(
                claim.kind, start, start + len(words.strip()), "supported" if verdict else "contradicted", shown, measured[1]
            )
