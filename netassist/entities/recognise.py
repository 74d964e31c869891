"""Find the entities of one utterance, in one pass from left to right."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from netassist.entities import quantities
from netassist.entities.completion import NOT_HOSTS, completed_label, completed_octet, completed_prefix, other_ending
from netassist.entities.entity import Entity, Kind
from netassist.entities.words import is_ordinary
from netassist.targets import parse_address, parse_network

_LABEL = r"[^\W_](?:[\w-]{0,62}[^\W_])?|_[\w-]{1,62}"
_RANGE = r"\s?(?:-|–|to|through|thru|bis|à|al|t/m|up to|until|till?)\s?"
# java.net.ConnectException, requests.get: capitals inside the last label, or what no domain ends with; 3.0.rc2 is a version.
_NO_NAME = re.compile(
    r"\.[A-Za-z]*[a-z][A-Z][A-Za-z]*$|\.(?:get|put|error|exception|exe|dll|jar|js|sql|main|append|self|this)$|^v?[\d.]+\.[^.]*\d[^.]*$"
)
_MONTH = (
    r"(?:jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|février|mar(?:ch|s)?|märz|apr(?:il)?|avril|(?-i:May|Mai)|jun[ei]?|juin|jul[yi]?|juillet|"
    r"aug(?:ust)?|août|sept?(?:ember)?|septembre|o[ck]t(?:ober)?|octobre|nov(?:ember|embre)?|de[cz](?:ember)?|décembre)"
)
_ITEM = rf"(?!{quantities.SPAN})\d{{1,5}}"
_ARTICLE = r"(?:the range |the |le |la |el |der |den |de |il |o |a )?"
_GLUE = (
    rf"(?: (?:tcp|udp))?(?:\s?[,/;&+]\s?(?:and |und |et |y |e |en |or )?|\s(?:and|und|et|y|e|en|or|plus|oder|ou|o|i|n|och|as well as)\s{_ARTICLE}|\s)"
    r"(?:(?:tcp|udp)[/ ])?"
)

# French and Italian: what stands before the apostrophe is no part of the name ("l'antenne-2", "dell'host").
_ELIDED = r"(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quelqu|(?:d|n|qu)?ell|all|sull|dall|un|quest|cos|com)"

# What stands behind "processor", "called" or "named" without being a name.
_NO_CALLED = (
    r"(?!(?:that|which|to|for|is|with|and|was|list|does|will|can|run|has|on|in|it|called|named|name|written|made|please|state|when|them|then|"
    r"be|should|must|would|could|may|has|had|again|now|from|who|whose|of|at|by|the|we|you|i|just|first|once|back|today|after)\b)"
)
_OCTET = rf"\b(?:\d{{1,3}}|(?:(?:one|two|three|four|five|six|seven|eight|nine|zero|oh)(?: (?:one|two|three|four|five|six|seven|eight|nine|zero|oh))*|{quantities.NUMBER_PHRASE}|zero))"

_NO_PART = (
    r"(?!(?:the|an?|my|our|your|his|her|its|this|that|and|or|to|on|for|of|is|it|no|in|at|then|please|i|which|so|but|space|dot|slash|comma|period)\b)"
)
_HYPHEN = "dash|hyphen|minus|bindestrich|tiret|gui[oó]n|trattino|koppelteken"
_JOINED_BY = rf"(?:{_HYPHEN}|underscore)"
_PATTERNS: list[tuple[str, str]] = [
    ("url", r"https?://[^\s<>\"'“”«»`|]+"),
    ("path", rf"(?<![\w.@/-])(?:(?:{_LABEL})\.)+[^\W\d_]{{2,24}}(?::\d{{1,5}})?/(?!(?:{_LABEL})\.[^\W\d_]{{2}}|\d{{1,5}}(?![\w/-]))[^\s<>\"'“”«»`|]+"),
    ("mac", r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![\w:])"),
    ("six", r"\[[0-9a-f:.]+\]|(?<![\w:])(?:(?:[0-9a-f]{1,4}:)(?:[0-9a-f]{0,4}:){1,6}|::(?:[0-9a-f]{1,4}:){0,6})"
            r"(?:\d+\.\d+\.\d+\.\d+|[0-9a-f]{1,4})?(?:/\d{1,3})?(?![\w:])"),
    ("four", r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?![\w])(?!\.(?:\d|in-addr)|-\d)"),
    ("rfc", r"\b(?:rfc|cve|iso|port-?channel|vlan|ticket|case|room|raum|floor|chapter|section|clause|page|line)[ -]?#?(?!\d+\.\d+\.\d+\.)[\d.-]*\d\b(?!-?\w|\.\w)"),
    ("date", r"\b\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})\b|\b\d{4}-\d\d-\d\d(?:T[\d:.]+Z?)?|\b\d{1,2}:\d\d(?::\d\d)?\b"
             rf"|\b{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?\b(?![\w:/-])|\b\d{{1,2}}(?:st|nd|rd|th|\.)? {_MONTH}\b(?![\w.-])"),
    ("local", r"(?<![\w.@-])[\w.+-]+(?=@\w)"),
    ("name", rf"(?<![\w.@-])(?:{_LABEL})(?:\.(?:{_LABEL}))*\.(?:[^\W\d_]{{2,24}}|xn--[\w-]+)(?![\w-])(?!\.\w)"
             rf"|(?<![\w.@-])(?:(?:{_LABEL})\.)+[^\W\d_]{{2}}(?=[\w-]*[\d_])[\w-]{{0,22}}(?<![-_])(?![\w-]|\.\w)"),
    ("glued", r"(?<![\w.])[\w-]*_[\w-]*(?:\.\w[\w-]*)+"),
    ("mail", rf"(?<=@)(?:{_LABEL})(?:\.(?:{_LABEL}))*\.[^\W\d_]{{2,24}}(?![\w-])"),
    ("octet", r"(?<![\w.])\.\d{1,3}(?:\.\d{1,3})?(?!\w|\.\w)"),
    ("ending", r"(?<!\S)\.(?:[a-z]{2,3}\.)?[a-z]{2,12}(?!\w|\.\w)"),
    ("spoken", rf"{_OCTET}(?: (?:dot|punkt|punto|point) {_OCTET}){{3}}(?: slash {_OCTET})?\b"),
    ("dictated", rf"(?:[\w-]+(?: {_JOINED_BY} [\w-]+)*)(?:(?: dot| punkt| punto| point) [\w-]+(?: (?:{_HYPHEN}) [\w-]+)*)+"),
    ("hyphened", rf"\b{_NO_PART}[\w-]+(?: (?!minus){_JOINED_BY} {_NO_PART}[\w-]+)+(?! dot )"),
    ("duration", ""),  # filled below: the expression lives in quantities
    ("between", rf"\b(?:between|zwischen|entre|tra|tussen) (?:ports? )?{_ARTICLE}\d{{1,5}} (?:and|und|et|y|e|en) {_ARTICLE}\d{{1,5}}(?![\w.:-])"),
    ("portlist", rf"(?<![\w.-])\d{{1,5}}(?:{_RANGE}{_ITEM})?(?:{_GLUE}{_ITEM}(?:{_RANGE}{_ITEM})?)*(?![\w-]|[.:]\w|%)"),
    ("single", r"\b(?:(?:a|one) )?(?:single(?= (?:icmp |echo )?(?:ping|packet|probe|echo|request)\b)|one(?= (?:icmp )?(?:ping|echo)\b(?! check)))|"
               r"\b(?:just |only |exactly )once\b(?! (?:every|each|an?|per|in)\b)|\b(?:twice|thrice)\b"
               r"|\b(?P<mal>zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf|fünfzehn|zwanzig|fünfzig|hundert)mal\b"),
    ("repeats", r"(?<![\w.-])(?P<before>\d{1,4}) ?[x×](?![\w-])|(?<!\S)[x×] ?(?!(?:11|32|64|86)\b)(?P<after>\d{1,2})(?![\w-]|[.:]\w)"),
    ("portsaid", rf"(?<=port )(?P<said>{quantities.NUMBER_PHRASE})\b"),
    ("numberword", rf"\b{quantities.NUMBER_PHRASE}(?![\w-])"),
    ("flag", r"(?<!\S)--?[a-z][\w-]*"),
    # The keys and values of JSON are no quotations of a name.
    ("quoted", r"(?<!\":)(?<!\": )[\"“„«`]\s?(?P<inside>[\w][\w .-]{0,30}[\w])\s?[\"”“»`](?!\s?:)"),
    ("called", rf"(?<=\bprocessor ){_NO_CALLED}[a-z][\w-]+|(?:(?<=called )|(?<=named )){_NO_CALLED}[a-z][\w-]+"),
    ("bare", rf"(?P<elided>(?<!\w){_ELIDED}['’](?=\w))?[\w-]*\w(?:['’][^\W\d_]+(?:-[^\W\d_]+)*)?"),
]  # fmt: skip


_SAYS_DOT = re.compile(rf" (?:dot|punkt|punto|point|(?!minus){_JOINED_BY}) ", re.IGNORECASE)


@cache
def _token(dictated: bool) -> re.Pattern[str]:
    """All of them in one expression, compiled when first needed: start-up does not wait for it.

    Those of dictated names and addresses cost most, and are left out where nobody says "dot" or "dash".
    """
    wanted = [(name, expression) for name, expression in _PATTERNS if dictated or name not in ("spoken", "dictated", "hyphened")]
    return re.compile("|".join(f"(?P<{name}>{expression or quantities.DURATION})" for name, expression in wanted), re.IGNORECASE)


def recognise(text: str, inventory: Mapping[str, str] = {}, earlier: Sequence[Entity] = ()) -> tuple[Entity, ...]:
    """The entities of `text` in their order.

    Args:
        text: what the user said.
        inventory: names of the user's own ("my server") and the host that each stands for.
        earlier: entities of earlier turns, which complete what is said in part (".17" after 10.0.0.5, "db2" after db1.example.org).
    """
    found: list[Entity] = []
    position = 0
    owned, token = _inventory_pattern(inventory), _token(_SAYS_DOT.search(text) is not None)
    while position < len(text):
        match = (owned.match(text, position) if owned else None) or token.match(text, position)
        if match is None or match.end() == position:
            position += 1
            continue
        if owned is not None and match.re is owned:
            found.append(Entity("host", match.group(), inventory[match.group().lower()], match.start(), match.end()))
        else:
            found.extend(_entities(match, [*earlier, *found]))
        position = _resume(match, found)
    return tuple(found)


def _resume(match: re.Match[str], found: list[Entity]) -> int:
    """Where to go on: after the entity, where a URL or a dictated name gave trailing characters back."""
    if match.lastgroup == "dictated" and not (found and found[-1].start == match.start()):
        return match.start() + match.group().index(" ")
    url = next((entity for entity in reversed(found[-2:]) if entity.kind == "url" and entity.start == match.start()), None)
    return url.end if url else match.end()


def _entities(match: re.Match[str], known: Sequence[Entity]) -> list[Entity]:
    kind = match.lastgroup  # the outermost, which closes last
    text, start = match.group(), match.start()

    def one(kind: Kind, value: str | int, shown: str = text) -> list[Entity]:
        return [Entity(kind, shown, value, start, start + len(shown))]

    match kind:
        case "url" | "path":
            url = text.rstrip(".,;:!?)]}'*")
            port = re.match(r"(?:https?://)?[^/]*?:(\d{1,5})(?=/|$)", url, re.IGNORECASE)
            said = [Entity("number", port[1], int(port[1]), start + port.start(1), start + port.end(1))] if port else []
            return [*one("url", url, url), *said]
        case "six" | "four":
            return _address(completed_prefix(text, known), start, text)
        case "mac":
            return one("word", text)
        case "name" | "mail":
            return [] if NOT_HOSTS.fullmatch(text) or _NO_NAME.search(text) else one("host", text)
        case "single":
            if not re.search(r"ping|packet|echo|probe|knock", match.string, re.IGNORECASE):
                return []
            times = {"twice": 2, "thrice": 3}.get(text.lower()) or quantities.number(match["mal"] or "") or 1
            return one("number", times)
        case "ending":
            renamed = other_ending(text.lower(), known)
            return one("host", renamed) if renamed else []
        case "octet":
            return [Entity("host", text, value, start, match.end()) for value in completed_octet(text, known)]
        case "spoken":
            return _spoken(text, start)
        case "dictated":
            name = _dictated(text)
            return one("host", name) if name else []
        case "hyphened":
            return one("word", _dictated_label(text))
        case "duration":
            seconds = quantities.seconds(match)
            return one("duration", seconds) if seconds else []
        case "portlist":
            return _of_the_unit_before(match, known) or _numbers(text, start)
        case "repeats":
            if completed := completed_label(text.lower(), known):  # "x2" after x1.example.org
                return one("host", completed)
            group = "before" if match["before"] else "after"
            return [Entity("number", match[group], int(match[group]), match.start(group), match.end(group))]
        case "between":
            low, high = (
                Entity("number", m.group(), int(m.group()), start + m.start(), start + m.end()) for m in re.finditer(r"\d+", text)
            )
            ports = Entity("ports", text, f"{low.value}-{high.value}", low.start, low.start)
            return [ports, low, high] if 0 < int(low.value) < int(high.value) < 65536 else [low, high]
        case "portsaid" | "numberword":
            count = quantities.number(text)
            if count is None or count < 2:
                return []
            return _of_the_unit_before(match, known) or one("number", count)
        case "quoted":
            return _quoted(match, known)
        case "called":
            return one("word", text)
        case "bare":
            elided = len(match["elided"] or "")
            return _bare(text[elided:], start + elided, known)
    return []


def _address(text: str, start: int, said: str = "") -> list[Entity]:
    """The address or network that `text` is; `said` is how it stands in the request where that differs."""
    if text.startswith("255."):  # a netmask
        return []
    bare = text.strip("[]")
    trimmed = bare[:-1] if bare.endswith(":") and not bare.endswith("::") else bare
    said = said or text
    end = start + len(said)
    if "/" in trimmed:
        return [Entity("network", said, trimmed, start, end)] if parse_network(trimmed) else []
    return [Entity("host", said, trimmed, start, end)] if parse_address(trimmed) else []


def _numbers(text: str, start: int) -> list[Entity]:
    """Each number of a list; before them the whole list, in Nmap's notation, where it may be one of ports."""
    numbers = [Entity("number", m.group(), int(m.group()), start + m.start(), start + m.end()) for m in re.finditer(r"\d+", text)]
    is_range = re.compile(rf"(\d+){_RANGE}(\d+)", re.IGNORECASE)
    listed = ",".join(re.findall(r"\d+(?:-\d+)?", is_range.sub(r"\1-\2", text)))
    valid = all(0 < int(n) <= 65535 for n in re.findall(r"\d+", listed))
    if not valid or len(numbers) < 2:
        return numbers
    return [Entity("ports", text, listed, start, start), *numbers]


def _of_the_unit_before(match: re.Match[str], known: Sequence[Entity]) -> list[Entity]:
    """A period whose unit was said before ("every 5 minutes on db1, every 10 on db2"); none where it is no period, or has no unit."""
    text, period = match.group(), next((entity for entity in reversed(known) if entity.kind == "duration"), None)
    count = quantities.number(text)
    if not count or period is None or not quantities.is_period(match):
        return []
    said = _token(dictated=False).match(period.text)
    unit = quantities.unit(said) if said and said.lastgroup == "duration" else None
    return [Entity("duration", text, count * unit, match.start(), match.end())] if unit else []


def _quoted(match: re.Match[str], known: Sequence[Entity]) -> list[Entity]:
    """What quotation marks hold: its own entities where it has any, or else a name of one to three words."""
    inside, start = match["inside"], match.start("inside")
    held = [entity._replace(start=entity.start + start, end=entity.end + start) for entity in recognise(inside, {}, known)]
    if held or len(inside.split()) > 3:
        return held
    return [Entity("word", inside, inside, start, match.end("inside"))]


def _bare(text: str, start: int, known: Sequence[Entity]) -> list[Entity]:
    word = re.sub(r"['’][^\W\d_]+(?:-[^\W\d_]+)*$", "", text)
    end = start + len(word)
    if word.lower() in quantities.SERVICE_PORTS:
        return [Entity("service_port", word, quantities.SERVICE_PORTS[word.lower()], start, end)]
    completed = completed_label(word.lower(), known)
    if word.isdigit() or (not completed and is_ordinary(word)):
        return []
    return [Entity("host", word, completed, start, end) if completed else Entity("word", word, word, start, end)]


_SPOKEN_ENDS = frozenset({
    "com", "org", "net", "info", "biz", "eu", "de", "at", "ch", "fr", "be", "lu", "es", "mx", "ar", "cl", "co", "it", "pt", "br", "nl", "uk", "ie", "pl",
    "cz", "se", "no", "dk", "fi", "io", "dev", "app", "lan", "local", "home", "internal", "arpa", "test",
})  # fmt: skip


def _dictated(text: str) -> str | None:
    """``mail dot example dot org`` as it is written; None where it reads like no name."""
    labels = [_dictated_label(label) for label in re.split(r" (?:dot|punkt|punto|point) ", text, flags=re.IGNORECASE)]
    numbers = [
        quantities.number(label) if not label.isdigit() else int(label) for label in (part.replace("-", " ") for part in labels)
    ]
    if len(labels) == 4 and all(n is not None and n < 256 for n in numbers):
        return ".".join(str(n) for n in numbers)
    # "At some point this …": where the separator is an ordinary word, the last label has to be one that names end with.
    if not re.search(" dot ", text, re.IGNORECASE) and labels[-1].lower() not in _SPOKEN_ENDS:
        return None
    return ".".join(labels) if re.fullmatch(r"[^\W\d_]{2,24}", labels[-1]) else None


def recognise_all(utterances: Iterable[str], inventory: Mapping[str, str]) -> list[Entity]:
    """The entities of utterances that follow each other; each refers to those before it."""
    found: list[Entity] = []
    for text in utterances:
        found += recognise(text, inventory, found)
    return found


def _spoken(text: str, start: int) -> list[Entity]:
    """``ten dot zero dot four dot twenty``, with ``slash twenty four`` a network."""
    octets = [quantities.number(part) for part in re.split(r" (?:dot|punkt|punto|point|slash) ", text, flags=re.IGNORECASE)]
    if any(octet is None or octet > 255 for octet in octets):
        return []
    value = ".".join(str(octet) for octet in octets[:4]) + (f"/{octets[4]}" if len(octets) > 4 else "")
    return [entity._replace(text=text, end=start + len(text)) for entity in _address(value, start)]


def _dictated_label(label: str) -> str:
    """``gateway dash two`` is gateway-2: a number behind a hyphen is said as a word and written in digits."""
    first, *others = re.split(rf" ({_JOINED_BY}) ", label, flags=re.IGNORECASE)
    for sign, part in zip(others[::2], others[1::2], strict=True):
        number = quantities.number(part)
        first += ("_" if sign.lower() == "underscore" else "-") + (part if number is None else str(number))
    return first


def _inventory_pattern(inventory: Mapping[str, str]) -> re.Pattern[str] | None:
    if not inventory:
        return None
    names = "|".join(re.escape(name) for name in sorted(inventory, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{names})(?!\w)", re.IGNORECASE)
