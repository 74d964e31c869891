"""How many there are of what an answer counts, from the reports about its subject."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from netassist.assistant.checking.mentions import Mention
from netassist.assistant.checking.observed import Source
from netassist.observations import SEVERITIES


class Tally(NamedTuple):
    """Numbers that are right for a noun, the usual one first, and where they were counted."""

    right: tuple[int, ...]
    where: str


class Counted(NamedTuple):
    """A number with what it counts; `severity` of findings, `words` all that stands from the number to the noun's clause."""

    mention: Mention
    noun: str
    severity: str | None
    words: str


def _ports(about: Sequence[Source], counted: Counted, text: str) -> Tally | None:
    words = f"{counted.words} {text}"
    scans = [source for source in about if "not_shown" in source.data]
    audited = [source for source in about if "services" in source.data]
    number = [len(source.data["services"]) for source in audited]
    states = Counter(held["state"] for source in scans for held in source.data["ports"])
    hidden: Counter[str] = Counter()
    for source in scans:
        hidden.update(source.data["not_shown"])
    if not scans and not audited:
        return None
    where = (scans or audited)[0].where("ports")
    opened = states["open"] if scans else sum(len(source.data["services"]) for source in audited)
    everything = sum(states.values()) + sum(hidden.values())
    each = {
        sum(Counter(held["state"] for held in source.data["ports"]).values()) + sum(source.data["not_shown"].values())
        for source in scans
    }
    if re.search(r"\b(?:filtered|gefiltert\w*|filtr\w+)\b", counted.words):
        return Tally((states["filtered"] + hidden["filtered"],), where)
    if re.search(
        r"\b(?:closed|geschlossen\w*|ferm\w+)\b",
        counted.words + " " + text.split(counted.words)[0][-20:] if counted.words else words,
    ):
        closed = states["closed"] + hidden["closed"]
        return Tally((closed,), where)
    if re.search(r"\b(?:scan\w*|test\w*|check\w*|gescannt|tried|probed)\b", counted.words):
        return Tally((everything, *each), where)
    own = [sum(held["state"] == "open" for held in source.data["ports"]) for source in scans]
    return Tally(
        (
            opened,
            *number,
            *(own if len(scans) > 1 else ()),
            *((len({p["port"] for s in scans for p in s.data["ports"]}),) if "listed" in words else ()),
        ),
        where,
    )


def _hosts(about: Sequence[Source], counted: Counted, text: str) -> Tally | None:
    scans = [source for source in about if "not_shown" in source.data]
    whole = [source for source in about if source.schema == "netassist/nmap/1" and "hosts_down" in source.data]
    if not scans:
        return None
    up, down = sum(source.data["state"] == "up" for source in scans), sum(int(source.data["hosts_down"]) for source in whole)
    if re.search(r"\b(?:down|offline|unreachable)\b", f"{counted.words} {text}"):
        return Tally((down,), whole[0].where("hosts_down") if whole else scans[0].where())
    return Tally((up, len(scans), up + down), scans[0].where("state"))


def _findings(about: Sequence[Source], counted: Counted, text: str) -> Tally | None:
    audits = [source for source in about if "summary" in source.data]
    held = [source for source in about if source.data.get("status") in ("ok", "partial", "failed") and "findings" in source.data]
    if not held or all(source.data.get("status") == "failed" for source in held):
        return None
    if audits:
        held = audits
    by_place = [Counter(str(finding["severity"]) for finding in source.findings) for source in held]
    total: Counter[str] = sum(by_place, Counter())
    where = held[0].where("findings")
    if counted.severity:
        return Tally((total[counted.severity], *(one[counted.severity] for one in by_place)), where)
    problems = [len(source.data["problems"]) for source in about if source.data.get("problems")]
    worth = sum(total[severity] for severity in SEVERITIES[:-1])
    if counted.mention.value == 0:
        return Tally((worth, sum(total.values()), 0) if worth == 0 else (worth,), where)
    kinds = {str(finding["id"]) for source in held for finding in source.findings}
    grave = [
        {str(one["title"]) for source in held for one in source.findings if one["severity"] in SEVERITIES[:least]}
        for least in (2, 3, 4)
    ]
    return Tally(
        (
            sum(total.values()),
            worth,
            len(kinds),
            *(map(len, grave) if "problem" in counted.words else ()),
            *problems,
            *(sum(one.values()) for one in by_place),
        ),
        where,
    )


def _weaknesses(about: Sequence[Source], counted: Counted, text: str) -> Tally | None:
    held = [source for source in about if source.data.get("weaknesses")]
    if not held:
        return _findings(about, counted, text)
    bad = sum(one["verdict"] == "vulnerable" for source in held for one in source.data["weaknesses"])
    ids = {one["id"] for source in held for one in source.data["weaknesses"] if one["verdict"] == "vulnerable"}
    told = ids - {"early_data"}  # for information only
    unknown = any(one["verdict"] == "unknown" for source in held for one in source.data["weaknesses"])
    if re.search(r"\btest\w*|\bcheck\w*", text) and counted.mention.value == len(held[0].data["weaknesses"]):
        return Tally((len(held[0].data["weaknesses"]),), held[0].where("weaknesses"))
    if counted.mention.value == 0 and unknown:
        return None
    more = {len(source.findings) for source in held} if counted.mention.value else set()
    return Tally((bad, *((len(told),) if told else ()), *more), held[0].where("weaknesses"))


def _packets(about: Sequence[Source], counted: Counted, text: str) -> Tally | None:
    pings = [source for source in about if source.data.get("sent") is not None]
    if not pings:
        return None
    sent, received = int(pings[0].data["sent"]), int(pings[0].data["received"])
    words = counted.words
    if re.search(r"\b(?:lost|missing|verloren|perdu\w*|unanswered|timed out)\b", words):
        right: tuple[int, ...] = (sent - received,)
    elif re.search(r"\b(?:sent|were sent|gesendet)\b", words):
        right = (sent,)
    elif counted.mention.kind == "part":
        right = (received, sent)
    else:
        right = tuple(dict.fromkeys((received, sent, sent - received)))
    return Tally(right, pings[0].where("received"))


def _field(name: str) -> Callable[[Sequence[Source], Counted, str], Tally | None]:
    def tally(about: Sequence[Source], counted: Counted, text: str) -> Tally | None:
        held = [source for source in about if source.data.get(name) is not None]
        return Tally(tuple(int(source.data[name]) for source in held), held[0].where(name)) if held else None

    return tally


def _records(about: Sequence[Source], counted: Counted, text: str) -> Tally | None:
    held = [source for source in about if "answers" in source.data]
    if not held:
        return None
    sizes: list[int] = []
    for source in held:
        kinds = Counter(str(answer["type"]) for answer in source.data["answers"])
        sizes += [len(source.data["answers"]), *kinds.values()]
    return Tally(tuple(dict.fromkeys(sizes)), held[0].where("answers"))


def _suites(about: Sequence[Source], counted: Counted, text: str) -> Tally | None:
    held = [source for source in about if source.data.get("cipher_suites")]
    if not held:
        return None
    sizes = [len(suites) for suites in held[0].data["cipher_suites"].values()]
    distinct = len({one["name"] for suites in held[0].data["cipher_suites"].values() for one in suites})
    return Tally((sum(sizes), distinct, *sizes), held[0].where("cipher_suites"))


def _length(*names: str) -> Callable[[Sequence[Source], Counted, str], Tally | None]:
    def tally(about: Sequence[Source], counted: Counted, text: str) -> Tally | None:
        for name in names:
            held = [source for source in about if isinstance(source.data.get(name), list | tuple)]
            if held:
                return Tally(tuple(len(source.data[name]) for source in held), held[0].where(name))
        return None

    return tally


def _headers(about: Sequence[Source], counted: Counted, text: str) -> Tally | None:
    held = [source for source in about if "headers" in source.data]
    if not held:
        return None
    missing = len({finding["id"] for source in held for finding in source.findings if "no_" in finding["id"]})
    return Tally((missing, len(held[0].data["headers"])), held[0].where("findings"))


TALLIES: dict[str, Callable[[Sequence[Source], Counted, str], Tally | None]] = {
    "port": _ports, "service": _ports, "host": _hosts, "finding": _findings, "weakness": _weaknesses, "packet": _packets,
    "sent": _field("sent"), "received": _field("received"), "record": _records, "suite": _suites, "group": _length("groups"),
    "redirect": _length("redirects"), "header": _headers, "connection": _field("connections"), "certificate": _length("chain", "certificates"),
}  # fmt: skip
