"""Phrases that point at what was measured: "the ones with port 443 open", "those hosts", "the mail servers you found".

They are found by rule, in the person's own words alone; what they stand for is looked up in typed results elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Literal, NamedTuple

from netassist.entities.entity import Entity
from netassist.entities.quantities import SERVICE_PORTS

What = Literal["open", "up", "mail", "name_servers", "addresses", "found"]


class Pointing(NamedTuple):
    """A phrase and the things it stands for.

    `what`: hosts with `port` open, hosts that are up, mail servers (MX), name servers (NS), addresses (A, AAAA), or whatever was
    found last. `back`: the phrase itself says that it means something from before. `start` and `end` are character offsets.
    """

    what: What
    text: str
    start: int
    end: int
    port: int | None = None
    back: bool = False


_NOUN = (
    r"(?:ones|hosts?|servers?|machines?|systems?|devices?|box(?:es)?|computers?|nodes?|addresses|ips|targets?|"
    r"rechnern?|servern?|geräten?|maschinen|systemen?|adressen|serveurs?|machines|hôtes?|servidores|equipos|maquinas|máquinas)"
)
_ALL = r"(?:(?:all|any|each|every one|every|only|just)(?: of)? )?"
_FOUND = (
    r"(?: (?:(?:that|which) )?(?:you|we|it|the (?:scan|lookup|look-up))(?: have| has|'ve|’ve)?(?: just)? "
    r"(?:find|found|discovered|discover|saw|see|got|listed|showed|returned|named|turned up)| found| discovered| (?:from )?(?:above|before|earlier))"
)
_FOUND_DE = r"(?:,? die (?:du|wir|der scan) (?:eben |gerade )?(?:gefunden|gesehen|genannt) (?:hast|haben|hat))"
_WITH = r"(?:with|having|(?:that|which|who)(?: have| has|'ve|’ve| had| got| show(?:ed)?)(?: got)?|where|whose)"
_SERVICES = "|".join(sorted(SERVICE_PORTS, key=len, reverse=True))
_PORT = rf"(?:tcp )?(?:ports? )?(?:tcp )?(?P<port{{0}}>\d{{{{1,5}}}}|{_SERVICES})(?:/tcp)?(?: port)?"
_WHO = (
    rf"{_ALL}(?:(?:the|those|these)(?: other)? {_NOUN}|{_NOUN}(?<!one)|those|them|the ones)(?: (?:there|of them|in there|on it))?"
)
_MAIL = r"(?:mail[ -]?servers?|mail[ -]?exchangers?|mx(?:es)?(?: (?:hosts?|servers?|records?))?)"
_NS = r"(?:name[ -]?servers?|dns[ -]servers?|ns (?:hosts?|servers?|records?))"

_PHRASES: tuple[tuple[What, str], ...] = (
    ("open", rf"(?:{_WHO}|every(?:thing|one)|any(?:thing|one)|every {_NOUN}|each {_NOUN}) {_WITH} "
             rf"(?:(?:an? )?open {_PORT.format(1)}|{_PORT.format(2)} (?:(?:is|was|are|were) )?(?:open|listening))"),
    ("open", rf"(?:{_WHO}|every(?:thing|one)) (?:(?:that|which) (?:listens?|listened|answer(?:s|ed)?|responds?|responded|(?:is|are|were) listening)|listening|"
             rf"answering|responding) (?:on|at) {_PORT.format(3)}"),
    ("open", rf"(?:die|alle|allen|diejenigen|denen|jene|den)(?: {_NOUN})? mit (?:(?:dem )?(?:offene[nm] )){_PORT.format(4)}"),
    ("open", rf"(?:die|alle|allen|diejenigen|denen|jene|den)(?: {_NOUN})?(?:,? (?:bei denen|wo|auf denen)| mit) {_PORT.format(5)} offen(?: ist| war| steht)?"),
    ("open", rf"(?:ceux|celles|les {_NOUN}) (?:qui ont|avec|dont) (?:le )?{_PORT.format(6)} (?:est )?ouvert"),
    ("open", rf"(?:los|las) (?:{_NOUN} )?(?:que tienen|con) (?:el )?(?:puerto )?{_PORT.format(7)} abierto"),
    ("up", rf"(?:{_WHO}|every(?:thing|one)|every {_NOUN}) (?:that|which) (?:(?:are|is|was|were) (?:up|alive|online|reachable|there)|"
           rf"answer(?:s|ed)?|respond(?:s|ed)?|replied|reply)(?! (?:on|at) )"),
    ("up", rf"{_ALL}(?:the|those|these) (?:live|living|reachable|responding|answering|online) {_NOUN}"),
    ("up", rf"(?:die|alle|allen|den) (?:erreichbaren|antwortenden|laufenden)(?: {_NOUN})?|(?:die|alle)(?: {_NOUN})?,? die (?:antworten|erreichbar sind|laufen|online sind)"),
    ("mail", rf"{_ALL}(?:the|those|these|its|their|his|her) (?:other )?{_MAIL}{_FOUND}?|those mx(?:es)?"),
    ("mail", rf"(?:die|diese|dessen|deren|den|diesen) mail[ -]?servern?{_FOUND_DE}?"),
    ("name_servers", rf"{_ALL}(?:the|those|these|its|their) {_NS}{_FOUND}?"),
    ("addresses", rf"{_ALL}(?:the|those|these|its) (?:ip )?addresses{_FOUND}|(?:the (?:ip )?addresses |what )(?:that )?it (?:resolve[sd]|points) to"),
    ("found", r"(?:what(?:ever)?|everything|all|anything)(?: that)? (?:you|we)(?: have|'ve|’ve)?(?: just)? (?:find|found|discovered|discover|saw|see|got|turned up)"),
    ("found", rf"{_ALL}(?:the|those|these) (?:other )?{_NOUN}{_FOUND}"),
    ("found", rf"{_ALL}(?:those|these) (?:other )?{_NOUN}"),
    ("found", rf"(?:alles,? )?was (?:du|wir|der scan) (?:eben |gerade )?(?:gefunden|gesehen) (?:hast|haben|hat)|(?:die|alle|den) (?:gefundenen|entdeckten)(?: {_NOUN})?|"
              rf"(?:diese[nr]?|jene[nr]?) {_NOUN}(?:{_FOUND_DE})?|(?:die|den) {_NOUN}{_FOUND_DE}"),
    ("found", r"ce que (?:tu as|vous avez|on a) trouvé|(?:ces|les) (?:hôtes|serveurs|machines)(?: que tu as trouvée?s)|lo que (?:has encontrado|encontraste|hayas encontrado)"),
)  # fmt: skip

_DEMONSTRATIVE = re.compile(r"\b(?:those|these|them|diese[nr]?|jene[nr]?|ces|its|their|dessen|deren)\b", re.IGNORECASE)
_BACK = re.compile(rf"{_FOUND}|{_FOUND_DE}|\b(?:found|gefunden\w*|trouvée?s?|encontrad\w*|encontraste)\b", re.IGNORECASE)
_AHEAD = re.compile(r"\b(?:you|we) (?:find|discover|see)\b", re.IGNORECASE)
_ITS = re.compile(r"(?:its|their|his|her|dessen|deren)\b", re.IGNORECASE)
# "Show me the ones with port 443 open": the phrase is all that is asked for.
_LISTING = re.compile(
    r"\W*(?:(?:and|so|ok(?:ay)?|now|please|then|und|dann|bitte)\W+)*(?:which|what|who|list|show|tell|give|count|name|how many|are there|is there|"
    r"welche[rs]?|wie viele|zeige?|liste|quels|cuáles)\W*(?:(?:me|us|are|is|were|of|only|just|mir|uns|sind|von|all)\W+)*",
    re.IGNORECASE,
)


@cache
def _expressions() -> tuple[tuple[What, re.Pattern[str]], ...]:
    return tuple((what, re.compile(rf"(?<![\w-])(?:{expression})(?![\w-])", re.IGNORECASE)) for what, expression in _PHRASES)


def pointings(request: str) -> tuple[Pointing, ...]:
    """The phrases of a request that point at results, in their order; where two overlap the longer one counts."""
    found: list[Pointing] = []
    for what, expression in _expressions():
        for match in expression.finditer(request):
            port = next((value for name, value in match.groupdict().items() if name.startswith("port") and value), None)
            number = None if port is None else int(port) if port.isdigit() else SERVICE_PORTS[port.lower()]
            ahead = _AHEAD.search(match.group()) is not None
            back = not ahead and bool(_BACK.search(match.group()) or _DEMONSTRATIVE.search(match.group()))
            if number is None or 0 < number <= 65535:
                found.append(Pointing(what, match.group(), match.start(), match.end(), number, back))
    found.sort(key=lambda pointing: (pointing.start - pointing.end, pointing.start))
    kept: list[Pointing] = []
    for pointing in found:
        if not any(pointing.start < other.end and other.start < pointing.end for other in kept):
            kept.append(pointing)
    return tuple(sorted(kept, key=lambda pointing: pointing.start))


def means_earlier(pointing: Pointing, request: str, named: Sequence[Entity]) -> bool:
    """Whether a phrase means earlier results: it says so itself, or the request names no other target that it could be about.

    `named` are the entities of the request. In "scan 10.0.0.0/24 and list the ones with port 443 open" it speaks of the scan to come.
    """
    if pointing.what != "found" and _LISTING.fullmatch(request[: pointing.start]):
        return False
    own = [e for e in named if e.kind in ("host", "network", "url") and not (pointing.start <= e.start < pointing.end)]
    return not own or (pointing.back and not _ITS.match(pointing.text))
