"""Ports: which numbers of a passage are ports, and whether what is said of their state was measured."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from netassist.assistant.checking.facts import Fact, Kind
from netassist.assistant.checking.mentions import Mention
from netassist.assistant.checking.observed import Observed, Source, State
from netassist.assistant.checking.passages import Passage
from netassist.assistant.checking.statement import Cue, Hosts, Statement, assigned, denied, named_host

_STATES = {
    "open": re.compile(
        r"\b(?:open(?:ed)?|listen(?:s|ing)|offen\w{0,2}|ouverte?s?|expose[sd]?|offers|runs|available|accessible|reachable|erreichbar)\b",
        re.IGNORECASE,
    ),
    "closed": re.compile(
        r"\b(?:closed|refuse[sd]?(?: the)? connections?(?! after)|connections? (?:is |was |were )?refused|geschlossen\w{0,2}|ferm[ée]e?s?|unreachable|shut)\b",
        re.IGNORECASE,
    ),
    "filtered": re.compile(r"\b(?:filtered|gefiltert|filtr[ée]e?s?|dropped)\b", re.IGNORECASE),
}
_SO_IS = re.compile(
    r"\b(?:so|as|neither|nor) (?:is|are|was|were|does|do)\b|\b(?:too|as well|likewise|also|ebenso|ebenfalls|auch|aussi|également|non plus)\b",
    re.IGNORECASE,
)
_IS_NOT = re.compile(r"\b(?:is|are|was|were)(?: not|n't|n’t)[\s.*_`]*$", re.IGNORECASE)
_PORT_WORD = re.compile(
    r"\bports?\b(?: numbers?)?[\s:(*`_]{0,4}(?:are |is )?[*`_]{0,3}$|(?<!paquets )(?<!\\d )\b(?:on|auf|sur)\s[*`_]{0,2}$",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"[\s*`_]{0,4}(?:\([^()]{0,80}\))?[\s*`_]{0,4}(?:,|/|&|;)?\s{0,2}(?:and|und|et|or|oder|ou)?\s{0,2}(?:ports? )?[\s*`_]{0,4}",
    re.IGNORECASE,
)
COUNTED = re.compile(
    r"[*_`]{0,3}[- ](?!and |und |et |or |are |is |were |have |has |of )(?:[\w/-]{2,20} ){0,3}(?:open |closed |offene |scanned )?"
    r"(?:ports?|hosts?|packets?|requests?|records?|services?|findings?|issues?|problems?|suites?|groups?|devices?|systems?|servers?|"
    r"seconds?|bytes?|bits?|days?|attempts?|addresses|ICMP|TXT|MX)\b",
    re.IGNORECASE,
)
_NO_PORT = re.compile(
    r"\b(?:preference|priorit\w+|ttl|status|code|http|answer\w*|score|of|from|all|RSA|top|first|last|than|after|about|around|for|in|every|least|most|[%$#]) ?[*`_]{0,2}$|[\"“”]$",
    re.IGNORECASE,
)
_SERVICES = {
    "ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "dns": 53, "http": 80, "pop3": 110, "imap": 143, "https": 443, "smb": 445,
    "mysql": 3306, "rdp": 3389, "postgresql": 5432, "vnc": 5900, "redis": 6379, "mongodb": 27017,
}  # fmt: skip
_SERVICE = re.compile(rf"(?<![\w/.-])(?:{'|'.join(_SERVICES)})\b(?![-/.:]\w| ?\(?:?(?:port )?\d|\.\w)", re.IGNORECASE)
_OF_SERVICE = re.compile(
    rf"\b(?:service|{'|'.join(_SERVICES)}|nginx|apache|openssh|mariadb)[*_`]{{0,3}} \([*_`]{{0,2}}$", re.IGNORECASE
)
# In each of Nmap's lists of the 100 and of the 1,000 commonest ports (nmap-services).
_USUAL = frozenset({21, 22, 23, 25, 53, 80, 110, 111, 135, 139, 143, 443, 445, 465, 587, 993, 995, 1433, 1723, 3306, 3389, 5432, 5900,
                    8000, 8080, 8443, 8888})  # fmt: skip


def with_ports(passage: Passage, held: Sequence[Mention], whole: str) -> list[Mention]:
    """The mentions, where bare numbers that stand for ports are of kind ``port``."""
    told = any(pattern.search(passage.text) for pattern in _STATES.values()) or any(
        pattern.search(passage.lead) for pattern in _STATES.values()
    )
    found: list[Mention] = []
    last: Mention | None = None
    for mention in held:
        if mention.kind == "port":
            last = mention
        elif mention.kind == "whole" and 0 < mention.figure < 65536 and not COUNTED.match(whole, mention.end):
            before = whole[max(passage.start, mention.start - 24) : mention.start]
            label = passage.label(mention.start)
            chained = last is not None and mention.start - last.end < 90 and _GOES_ON.fullmatch(whole, last.end, mention.start)
            stated = told and not passage.cells and not _NO_PORT.search(before) and (mention.figure > 19 or chained)
            if re.search(r"\bports?\b", label) or _OF_SERVICE.search(before) or _PORT_WORD.search(before) or chained or stated:
                mention = mention._replace(kind="port")
                last = mention
        found.append(mention)
    return found


def judge_ports(told: Statement) -> Iterator[Fact]:
    """Each port is one that was looked at, and in the state that is said."""
    cues = sorted((cue, state) for state, pattern in _STATES.items() for cue in told.cues(pattern))
    services = [
        Mention("service", match.group().lower(), match.start() + told.start, match.end() + told.start)
        for match in _SERVICE.finditer(told.text)
    ]
    items = sorted([*told.ports, *(services if cues and not told.passage.cells else ())], key=lambda item: item.start)
    wrong: dict[Cue, list[Fact]] = {}
    right: set[Cue] = set()
    by_cue = {cue: _meant(cue, state) for cue, state in cues}
    if told.passage.cells and len(items) != 1:
        # Which of several ports of a row a state belongs to is not told, unless the column is a service's.
        yield from _in_column(told, cues)
        cues = []
    for item, cue in assigned(items, [cue for cue, _ in cues], told.whole):
        port = _ports(told, item)[0]
        hosts = told.hosts(item.start)
        measured = _measured(told.observed, hosts, port)
        beside = told.whole[max(told.start, item.start - 4) : item.start].rstrip("*_` ").endswith(("(", "/"))
        if item.kind == "service" and (measured is None or cue is None or beside):
            continue
        meant = by_cue[cue] if cue is not None else _by_heading(told, item) or _as_before(told)
        said: Kind = "state" if item.kind == "service" else "port"
        if measured is None:
            if told.passage.mood == "says":
                yield _unmeasured(told, item, port, meant)
        elif meant is not None and told.passage.mood == "says" and (others := list(_elsewhere(told, item.start, port, meant))):
            yield from others
        elif meant is None or told.passage.mood != "says" or _fits(meant, measured.state):
            yield told.fact(said, item.start, item.end, "supported", where=measured.where)
            if cue is not None:
                right.add(cue)
        else:
            shown = f"{told.whole[item.start : item.end]} ({measured.state})"
            fact = told.fact("port", item.start, item.end, "contradicted", shown, measured.where)
            if cue is None:
                yield fact
            else:
                wrong.setdefault(cue, []).append(fact)
    for cue, facts in wrong.items():
        if cue in right:
            yield from facts
        else:
            state = facts[0].measured.rsplit("(", 1)[1].rstrip(")") if facts[0].measured else None
            yield told.fact("state", cue.start, cue.end, "contradicted", state, facts[0].where)
    for cue in right - wrong.keys():
        yield told.fact("state", cue.start, cue.end, "supported")


def _in_column(told: Statement, cues: Sequence[tuple[Cue, str]]) -> Iterator[Fact]:
    for cue, state in cues:
        service = _SERVICE.search(told.passage.label(cue.start))
        if service is None:
            continue
        port = _ports(told, Mention("service", service.group().lower(), cue.start, cue.end))[0]
        measured = _measured(told.observed, told.hosts(cue.start), port)
        if measured is not None:
            right = _fits(_meant(cue, state), measured.state)
            shown = None if right else measured.state
            yield told.fact("state", cue.start, cue.end, "supported" if right else "contradicted", shown, measured.where)


def _elsewhere(told: Statement, position: int, port: int, meant: str) -> Iterator[Fact]:
    """Of several hosts that are told of together, those where the port is in another state."""
    hosts = told.hosts(position)
    if len(hosts) < 2 or re.search(r"\brespectively\b|\bjeweils\b|\brespectivement\b", told.text):
        return
    states = [(held, _measured(told.observed, frozenset((str(named_host(held)),)), port)) for held in told.subjects]
    apart = [(held, state) for held, state in states if state is not None and not _fits(meant, state.state)]
    if apart and any(state is not None and _fits(meant, state.state) for _, state in states):
        for held, state in apart:
            shown = f"{told.whole[held.start : held.end]} (port {port} {state.state})"
            yield told.fact("state", held.start, held.end, "contradicted", shown, state.where)


def _unmeasured(told: Statement, item: Mention, port: int, meant: str | None) -> Fact:
    asked = ("port", float(port)) in told.observed.requested
    if meant is None and any(source.port == port for source in told.observed.about(told.hosts(item.start))):
        return told.fact("port", item.start, item.end, "supported")
    if (meant or "open") == "open":
        for source in told.observed.about(told.hosts(item.start)):
            if (path := source.said.get(("port", float(port)), "")).startswith("findings"):
                return told.fact("port", item.start, item.end, "supported", where=source.where(path))
    return told.fact("port", item.start, item.end, "supported" if asked and meant is None else "unsupported")


def _meant(cue: Cue, state: str) -> str:
    return state if cue.yes else f"not {state}"


def _fits(meant: str, state: str) -> bool:
    told = meant.removeprefix("not ")
    fits = told in ("closed", "filtered") if state == "unreachable" else state.split("|")[0] == told
    return fits is not meant.startswith("not ")


def _by_heading(told: Statement, item: Mention) -> str | None:
    """The state that the column's heading or the line before the list tells."""
    heading = f"{told.passage.label(item.start)} {told.passage.lead}"
    held = {state for state, pattern in _STATES.items() if pattern.search(heading)}
    return held.pop() if len(held) == 1 and not re.search(r"\b(?:no|not)\b", heading) else None


def _as_before(told: Statement) -> str | None:
    """The state that a clause without one of its own takes from the clause before: "and so is port 80", "but port 80 is not"."""
    turned = _IS_NOT.search(told.text) is not None
    if not turned and _SO_IS.search(told.text) is None:
        return None
    found = [(match, state) for state, pattern in _STATES.items() for match in pattern.finditer(told.before)]
    if not found:
        return None
    match, state = max(found, key=lambda one: one[0].start())
    return state if denied(told.before, *match.span()) is turned else f"not {state}"


def _ports(told: Statement, item: Mention) -> list[int]:
    """The port itself, or those where the service was found, an open one first; its usual one where it was not."""
    if item.kind == "port":
        return [int(item.value)]
    name = str(item.value)
    found: list[tuple[bool, int]] = []
    for source in told.observed.about(told.hosts(item.start)):
        for held in (source.data.get("ports") or ()) if source.place.startswith("hosts") else ():
            if held.get("service") == name or (name == "https" and held.get("service") == "http" and held.get("tunnel") == "ssl"):
                found.append((held["state"] != "open", int(held["port"])))
    return [port for _, port in sorted(found)] or [_SERVICES[name]]


def _measured(observed: Observed, hosts: Hosts, port: int) -> State | None:
    key = (hosts, port)
    if key not in observed.states:
        observed.states[key] = _state(observed, hosts, port)
    return observed.states[key]


def _state(observed: Observed, hosts: Hosts, port: int) -> State | None:
    found = [state for source in observed.about(hosts) if (state := _of_source(source, port))]
    found += [
        State("closed", source.where("not_shown")) for source in observed.about(hosts) if not found and _not_shown(source, port)
    ]
    if not found:
        return None
    return next((state for state in found if state.state == "open"), found[0])


def _not_shown(source: Source, port: int) -> bool:
    counted = source.data.get("not_shown")
    return bool(counted) and set(counted or ()) == {"closed"} and port in _USUAL


def _of_source(source: Source, port: int) -> State | None:
    for place, held in enumerate((source.data.get("ports") or ()) if "not_shown" in source.data else ()):
        if held.get("port") == port:
            return State(str(held["state"]), source.where(f"ports[{place}].state"))
    for place, held in enumerate((source.data.get("services") or ()) if source.place.startswith("hosts") else ()):
        if held.get("port") == port:
            return State("open", source.where(f"services[{place}]"))
    if source.port != port:
        return None
    if (state := source.data.get("state")) is not None:
        return State(str(state), source.where("state"))
    error = (source.data.get("error") or {}).get("kind") if source.data.get("status") == "failed" else None
    if error is None:
        return State("open", source.where("status"))
    state = {"refused": "closed", "unreachable": "unreachable", "timeout": "unreachable"}.get(error)
    return State(state, source.where("error")) if state else None
