"""Find the entities of one utterance, in one pass from left to right."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from netassist.entities import quantities
from netassist.entities.words import is_ordinary
from netassist.targets import parse_address, parse_network

Kind = Literal["host", "network", "url", "word", "number", "service_port", "duration", "ports"]


class Entity(NamedTuple):
    """One thing said: `value` is a host or name as written, a number, a duration in seconds, or a port list.

    `start` and `end` are character offsets into the utterance. A `word` is a single-label name that may be a machine's, or not;
    a `service_port` is the port that a service's name stands for.
    """

    kind: Kind
    text: str
    value: str | int
    start: int
    end: int


_LABEL = r"[^\W_](?:[\w-]{0,62}[^\W_])?|_[\w-]{1,62}"
_NOT_HOSTS = re.compile(
    r"(?:e\.g|i\.e|z\.b|d\.h|p\.ej|a\.k\.a|u\.s|node\.js|next\.js|vue\.js|asp\.net|vs\.net|co\.uk|\d+\.x)|"
    r".*\.(?:txt|csv|log|json|xml|ya?ml|toml|conf|cfg|ini|pem|crt|cer|key|pfx|zip|gz|tar|tgz|pdf|docx?|xlsx?|png|jpe?g|py|html?|php|leases|bak)",
    re.IGNORECASE,
)
_PORT_ITEM = r"\d{1,5}(?:\s?(?:-|–|to|through|thru|bis|à|a|al|t/m|up to|until|do)\s?\d{1,5})?"
_RANGE = r"\s?(?:-|–|to|through|thru|bis|à|al|t/m|up to|until)\s?"
_GLUE = r"(?:\s?[,/;&+]\s?(?:and |und |et |y |e |en |or )?|\s(?:and|und|et|y|e|en|or|plus|oder|ou|o|i)\s(?:the range )?|\s)"

_OCTET = rf"\b(?:\d{{1,3}}|(?:(?:one|two|three|four|five|six|seven|eight|nine|zero|oh)(?: (?:one|two|three|four|five|six|seven|eight|nine|zero|oh))*|{quantities.NUMBER_PHRASE}|zero))"

_PATTERNS: list[tuple[str, str]] = [
    ("url", r"https?://[^\s<>\"'“”«»`|]+"),
    ("mac", r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![\w:])"),
    ("six", r"\[[0-9a-f:.]+\]|(?<![\w:])(?:(?:[0-9a-f]{1,4}:)(?:[0-9a-f]{0,4}:){1,6}|::(?:[0-9a-f]{1,4}:){0,6})"
            r"(?:\d+\.\d+\.\d+\.\d+|[0-9a-f]{1,4})?(?:/\d{1,3})?(?![\w:])"),
    ("four", r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?![\w])(?!\.(?:\d|in-addr)|-\d)"),
    ("rfc", r"\b(?:rfc|cve|iso|port-?channel|vlan|ticket|case|room|raum|floor|chapter|section|clause|page|line)[ -]?#?(?!\d+\.\d+\.\d+\.)[\d.-]*\d\b"),
    ("date", r"\b\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})\b|\b\d{4}-\d\d-\d\d(?:T[\d:.]+Z?)?|\b\d{1,2}:\d\d(?::\d\d)?\b"),
    ("name", rf"(?<![\w.@-])(?:{_LABEL})(?:\.(?:{_LABEL}))*\.(?:[^\W\d_]{{2,24}}|xn--[\w-]+)(?![\w-])(?!\.\w)"),
    ("mail", rf"(?<=@)(?:{_LABEL})(?:\.(?:{_LABEL}))*\.[^\W\d_]{{2,24}}(?![\w-])"),
    ("octet", r"(?<![\w.])\.\d{1,3}(?![\w.])"),
    ("spoken", rf"{_OCTET}(?: (?:dot|punkt|punto|point) {_OCTET}){{3}}(?: slash {_OCTET})?\b"),
    ("dictated", r"(?:[\w-]+(?: (?:dash|hyphen|minus|underscore) [\w-]+)*)(?:(?: dot| punkt| punto| point) [\w-]+(?: (?:dash|hyphen) [\w-]+)*)+"),
    ("duration", ""),  # filled below: the expression lives in quantities
    ("between", r"\b(?:between|zwischen|entre|tra|tussen) \d{1,5} (?:and|und|et|y|e|en) \d{1,5}(?![\w.:-])"),
    ("portlist", rf"(?<![\w.-])\d{{1,5}}(?:{_RANGE}\d{{1,5}})?(?:{_GLUE}\d{{1,5}}(?:{_RANGE}\d{{1,5}})?)*(?![\w-]|[.:]\w|%)"),
    ("portsaid", rf"(?<=port )(?P<said>{quantities.NUMBER_PHRASE})\b"),
    ("numberword", rf"\b{quantities.NUMBER_PHRASE}\b"),
    ("flag", r"(?<!\S)--?[a-z][\w-]*"),
    ("quoted", r"[\"“„«`]\s?(?P<inside>[\w][\w .-]{0,30}[\w])\s?[\"”“»`]"),
    ("called", r"(?<=\bprocessor )(?P<calledname>(?!(?:that|which|to|for|is|with|and|was|list|does|will|can|run|has|on|in|it)\b)[a-z][\w-]+)|(?:(?<=called )|(?<=named ))[a-z][\w-]+"),
    ("bare", r"[^\W_]?[\w-]*[\w](?:['’][a-z]+)?"),
]  # fmt: skip


def _compiled() -> re.Pattern[str]:
    parts = [f"(?P<{name}>{expression or quantities.DURATION.pattern})" for name, expression in _PATTERNS]
    return re.compile("|".join(parts), re.IGNORECASE)


_TOKEN = _compiled()


def recognise(text: str, inventory: Mapping[str, str] = {}, earlier: Sequence[Entity] = ()) -> tuple[Entity, ...]:
    """The entities of `text` in their order.

    Args:
        text: what the user said.
        inventory: names of the user's own ("my server") and the host that each stands for.
        earlier: entities of earlier turns, which complete what is said in part (".17" after 10.0.0.5, "db2" after db1.example.org).
    """
    found: list[Entity] = []
    position = 0
    owned = _inventory_pattern(inventory)
    while position < len(text):
        match = (owned.match(text, position) if owned else None) or _TOKEN.match(text, position)
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
    url = next((entity for entity in reversed(found[-2:]) if entity.kind == "url" and entity.start == match.start()), None)
    return url.end if url else match.end()


def _entities(match: re.Match[str], known: Sequence[Entity]) -> list[Entity]:
    kind = next(name for name, _ in _PATTERNS if match.group(name) is not None)
    text, start = match.group(), match.start()

    def one(kind: Kind, value: str | int, shown: str = text) -> list[Entity]:
        return [Entity(kind, shown, value, start, start + len(shown))]

    match kind:
        case "url":
            url = text.rstrip(".,;:!?)]}'*")
            port = re.match(r"https?://[^/]*?:(\d{1,5})(?=/|$)", url)
            said = [Entity("number", port[1], int(port[1]), start + port.start(1), start + port.end(1))] if port else []
            return [*one("url", url, url), *said]
        case "six" | "four":
            return _address(text, start)
        case "mac":
            return one("word", text)
        case "name" | "mail":
            return [] if _NOT_HOSTS.fullmatch(text) else one("host", text)
        case "octet":
            return [Entity("host", text, value, start, match.end()) for value in _completed_octet(text, known)]
        case "spoken":
            return _spoken(text, start)
        case "dictated":
            name = _dictated(text)
            return one("host", name) if name else []
        case "duration":
            seconds = quantities.seconds(match)
            return one("duration", seconds) if seconds else []
        case "portlist":
            return _numbers(text, start)
        case "between":
            low, high = re.finditer(r"\d+", text)
            return _numbers(f"{low.group()}-{high.group()}".ljust(high.start() - low.start()), start + low.start())
        case "portsaid" | "numberword":
            count = quantities.number(text)
            return one("number", count) if count is not None and count > 1 else []
        case "quoted":
            return _quoted(match, known)
        case "called":
            return one("word", text)
        case "bare":
            return _bare(text, start, known)
    return []


def _address(text: str, start: int) -> list[Entity]:
    bare = text.strip("[]")
    trimmed = bare[:-1] if bare.endswith(":") and not bare.endswith("::") else bare
    end = start + len(text)
    if "/" in trimmed:
        return [Entity("network", text, trimmed, start, end)] if parse_network(trimmed) else []
    return [Entity("host", text, trimmed, start, end)] if parse_address(trimmed) else []


def _numbers(text: str, start: int) -> list[Entity]:
    """Each number of a list; before them the whole list, in Nmap's notation, where it may be one of ports."""
    numbers = [Entity("number", m.group(), int(m.group()), start + m.start(), start + m.end()) for m in re.finditer(r"\d+", text)]
    is_range = re.compile(rf"(\d+){_RANGE}(\d+)", re.IGNORECASE)
    listed = ",".join(re.findall(r"\d+(?:-\d+)?", is_range.sub(r"\1-\2", text)))
    valid = all(0 < int(n) <= 65535 for n in re.findall(r"\d+", listed))
    if not valid or len(numbers) < 2:
        return numbers
    return [Entity("ports", text, listed, start, start), *numbers]


def _completed_octet(text: str, known: Sequence[Entity]) -> list[str]:
    for entity in reversed(known):
        base = str(entity.value).split("/")[0]
        if entity.kind in ("host", "network") and re.fullmatch(r"\d+(\.\d+){3}", base) and int(text[1:]) < 256:
            return [base.rsplit(".", 1)[0] + text]
    return []


def _quoted(match: re.Match[str], known: Sequence[Entity]) -> list[Entity]:
    """What quotation marks hold: its own entities where it has any, or else a name of one to three words."""
    inside, start = match["inside"], match.start("inside")
    held = [entity._replace(start=entity.start + start, end=entity.end + start) for entity in recognise(inside, {}, known)]
    if held or len(inside.split()) > 3:
        return held
    return [Entity("word", inside, inside, start, match.end("inside"))]


def _bare(text: str, start: int, known: Sequence[Entity]) -> list[Entity]:
    word = re.sub(r"['’][a-z]+$", "", text, flags=re.IGNORECASE)
    end = start + len(word)
    if word.lower() in quantities.SERVICE_PORTS:
        return [Entity("service_port", word, quantities.SERVICE_PORTS[word.lower()], start, end)]
    if word.isdigit() or is_ordinary(word):
        return []
    completed = _completed_label(word.lower(), known)
    return [Entity("host", word, completed, start, end) if completed else Entity("word", word, word, start, end)]


def _completed_label(word: str, known: Sequence[Entity]) -> str | None:
    """The whole name that ``db2`` stands for after ``db1.example.org``: same shape, same domain."""
    shape = re.sub(r"\d+", "0", word)
    for entity in reversed(known):
        if entity.kind != "host" or parse_address(str(entity.value)):
            continue
        label, _, domain = str(entity.value).partition(".")
        if domain and (re.sub(r"\d+", "0", label.lower()) == shape or label.lower() == word) and any(c.isdigit() for c in word):
            return f"{word}.{domain}"
    return None


_SPOKEN_ENDS = frozenset(
    [
        "com",
        "org",
        "net",
        "info",
        "biz",
        "eu",
        "de",
        "at",
        "ch",
        "fr",
        "be",
        "lu",
        "es",
        "mx",
        "ar",
        "cl",
        "co",
        "it",
        "pt",
        "br",
        "nl",
        "uk",
        "ie",
        "pl",
        "cz",
        "se",
        "no",
        "dk",
        "fi",
        "io",
        "dev",
        "app",
        "lan",
        "local",
        "home",
        "internal",
        "arpa",
        "test",
    ]
)


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


def _spoken(text: str, start: int) -> list[Entity]:
    """``ten dot zero dot four dot twenty``, with ``slash twenty four`` a network."""
    octets = [quantities.number(part) for part in re.split(r" (?:dot|punkt|punto|point|slash) ", text, flags=re.IGNORECASE)]
    if any(octet is None or octet > 255 for octet in octets):
        return []
    value = ".".join(str(octet) for octet in octets[:4]) + (f"/{octets[4]}" if len(octets) > 4 else "")
    return [entity._replace(text=text, end=start + len(text)) for entity in _address(value, start)]


def _dictated_label(label: str) -> str:
    joined = re.sub(r" (?:dash|hyphen|minus) ", "-", label, flags=re.IGNORECASE)
    return re.sub(r" underscore ", "_", joined, flags=re.IGNORECASE)


def _inventory_pattern(inventory: Mapping[str, str]) -> re.Pattern[str] | None:
    if not inventory:
        return None
    names = "|".join(re.escape(name) for name in sorted(inventory, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{names})(?!\w)", re.IGNORECASE)
