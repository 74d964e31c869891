"""One passage as a judge sees it: what it mentions, whom it is about, what its words say yes and no to."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from netassist.assistant.checking.facts import Fact, Held, Kind
from netassist.assistant.checking.mentions import Mention
from netassist.assistant.checking.observed import Observed, Source
from netassist.assistant.checking.passages import Passage
from netassist.assistant.checking.words import NO
from netassist.targets import host_of

Hosts = frozenset[str]
NOBODY: Hosts = frozenset()

_JOINED = re.compile(r"[\s,*`_()]*(?:\([^()]{0,40}\))?[\s,*`_]*(?:and|und|et|&|as well as|sowie)?[\s,*`_]*", re.IGNORECASE)
_BOUND = re.compile(
    r"[^,;:|()]{0,60}\b(?:on|at|of|for|from|to|by|auf|von|bei|für|zu|an|sur|de|pour|par)[\s*`_]{1,4}", re.IGNORECASE
)
_ON_PORT = re.compile(
    r"[^,;:|()]{0,30}(?:\([^()]{0,30}\))?[^,;:|()]{0,12}\b(?:on|at|auf|an|sur|via|by)[\s*`_]{1,4}(?:(?:the )?(?:tcp |udp )?ports?[\s*`_]{1,4})?",
    re.IGNORECASE,
)
_BEGINS_NO = re.compile(r"\W{0,6}(?:no|none|neither|keine?[rs]?|aucune?)\s(?!longer)(?![^;:.]*\b(?:but|only)\b)", re.IGNORECASE)
_NEXT = re.compile(r"\)\s?,|;|,\s(?!or )")
_ALL_OF_THEM = re.compile(r"\W{0,4}(?:both|all|each|neither|beide|alle|tous|toutes|les deux)\b", re.IGNORECASE)
_NEGATED = re.compile(rf"(?:\b(?:{NO})|n['’]t)\b(?![^,;:.]{{0,30}}\bonly\b)", re.IGNORECASE)
_STOPS = re.compile(r"[,;:|()]| [–—-] |\.\s|\b(?:and|und|et)\b", re.IGNORECASE)


class Cue(NamedTuple):
    """Words that say yes or no of something."""

    yes: bool
    start: int
    end: int


class Statement:
    """A passage with its mentions. Positions are those in the whole answer."""

    def __init__(
        self, passage: Passage, held: Sequence[Mention], observed: Observed, topic: Sequence[Hosts], whole: str, before: str = ""
    ) -> None:
        self.passage, self.mentions, self.observed, self.whole = passage, held, observed, whole
        self.text, self.start, self.end = passage.text, passage.start, passage.end
        self.topic, self.before = topic, before
        """The hosts that earlier passages were about, the latest last; and the passage before."""

    @cached_property
    def subjects(self) -> list[Mention]:
        """The mentions of hosts that something was measured of."""
        return [held for held in self.mentions if (host := named_host(held)) is not None and self.observed.is_subject(host)]

    @cached_property
    def groups(self) -> list[tuple[Hosts, int, int]]:
        """The hosts that the passage names, those told in one breath together, with where they stand."""
        found: list[tuple[Hosts, int, int]] = []
        for mention in self.subjects:
            known: Hosts = frozenset(((named_host(mention) or "").lower().rstrip("."),))
            between = self.whole[found[-1][2] : mention.start] if found else ""
            if found and len(between) < 80 and _JOINED.fullmatch(re.sub(r"^:\d{1,5}", "", between)):
                # A host and its address in brackets are one; so are those that "and" joins.
                found[-1] = (found[-1][0] | known, found[-1][1], mention.end)
            else:
                found.append((known, mention.start, mention.end))
        return found

    def hosts(self, position: int) -> Hosts:
        """Whom what stands at a position is about; empty where nobody was named."""
        if self.passage.cells and (column := self._of_column(position)):
            return column
        groups = self.groups
        if self.passage.cells and groups:
            return groups[0][0]
        place = bisect_right(groups, position, key=lambda group: group[1])
        after = groups[place] if place < len(groups) else None
        if after is not None and after[1] - position < 80 and _BOUND.fullmatch(self.whole, position, after[1]):
            return after[0]
        if place:
            return groups[place - 1][0]
        if after is not None and not (self.topic and self.topic[-1] and _STOPS.search(self.whole, position, after[1])):
            return after[0]
        if _ALL_OF_THEM.match(self.text):
            return frozenset().union(*self.topic)
        return self.topic[-1] if self.topic else NOBODY

    def _of_column(self, position: int) -> Hosts:
        label = self.passage.label(position)
        found = {word for word in re.findall(r"[\w.:-]{3,255}", label) if self.observed.is_subject(word)} if label else set()
        return frozenset(found)

    @cached_property
    def ports(self) -> list[Mention]:
        return [mention for mention in self.mentions if mention.kind == "port"]

    def port(self, position: int) -> int | None:
        """The port that what stands at a position is about, None where the passage names none."""
        if self.passage.cells:
            cell = self.passage.cell(position)
            inside = [held for held in self.ports if cell is not None and cell.start <= held.start < cell.end]
            only = inside[:1] if inside else self.ports if len(self.ports) == 1 else []
            return int(only[0].value) if only else None
        place = bisect_right(self.ports, position, key=lambda mention: mention.start)
        before, after = self.ports[place - 1] if place else None, self.ports[place] if place < len(self.ports) else None
        if after is not None and after.start - position < 60 and _ON_PORT.fullmatch(self.whole, position, after.start):
            return int(after.value)
        if before is not None and _open_bracket(self.whole, before.end, position):
            return int(before.value)
        if before is not None and (after is None or not _NEXT.search(self.whole, before.end, position)):
            return int(before.value)
        return int(after.value) if after is not None else None

    def sources(self, position: int) -> list[Source]:
        """The sources about what stands at a position. A port that is named narrows them where anything is about it."""
        hosts = self.hosts(position)
        everything = self.observed.about(hosts)
        if (port := self.port(position)) is not None:
            narrow = self.observed.about(hosts, port)
            if any(source.port == port for source in narrow):
                return narrow
        return everything

    def each(self, position: int) -> list[list[Source]]:
        """`sources`, apart for each host where what stands at a position is about several."""
        together = self.sources(position)
        hosts = self.hosts(position)
        if len(hosts) < 2:
            return [together]
        apart: list[list[Source]] = []
        for host in sorted(hosts, key=lambda name: (name[:1].isdigit(), name)):
            own = [source for source in together if source in self.observed.about(frozenset((host,)))]
            if own and not any(own[0] in known for known in apart):
                apart.append(own)
        return apart or [together]

    def part(self, position: int) -> str:
        """The words around a position as far as the next comma on each side."""
        start = max(self.whole.rfind(sign, self.start, position) for sign in ",;:(") + 1
        ends = [at for sign in ",;:)" if (at := self.whole.find(sign, position, self.end)) >= 0]
        return self.whole[max(start, self.start) : min(ends, default=self.end)]

    def cues(self, yes: re.Pattern[str], no: re.Pattern[str] | None = None, *, turned: bool = True) -> list[Cue]:
        """Where the words of `yes` and `no` stand, turned round by a "not" before them."""
        found = [Cue(True, *match.span()) for match in yes.finditer(self.text)]
        for match in no.finditer(self.text) if no is not None else ():
            found = [cue for cue in found if cue.end <= match.start() or cue.start >= match.end()]
            found.append(Cue(False, *match.span()))
        found.sort(key=lambda cue: cue.start)
        return [
            Cue(cue.yes is not (turned and self.negated(cue.start, cue.end)), cue.start + self.start, cue.end + self.start)
            for cue in found
        ]

    def negated(self, start: int, end: int) -> bool:
        """Whether what stands at a place of the passage is denied."""
        return denied(self.text, start, end)

    def fact(
        self, kind: Kind, start: int, end: int, verdict: Held, measured: str | None = None, where: str | None = None
    ) -> Fact:
        return Fact(self.whole[start:end], start, end, kind, verdict, measured, where)


def denied(text: str, start: int, end: int) -> bool:
    """Whether what stands at a place of a text is denied: a "not" shortly before it, in the same part."""
    before = text[max(0, start - 45) : start]
    stops = [match.end() for match in _STOPS.finditer(before)]
    before = before[stops[-1] :] if stops else before
    if _BEGINS_NO.match(text) and not re.search(r"[;:.()]", text[:start]):
        return True
    return len(_NEGATED.findall(before)) % 2 == 1 or re.match(r"\s(?:nicht|pas)\b", text[end : end + 12]) is not None


def named_host(mention: Mention) -> str | None:
    """The host that a mention of an address, a name or a URL is about."""
    if mention.kind in ("address", "name"):
        return str(mention.value)
    return host_of(str(mention.value)) if mention.kind == "url" else None


def assigned(items: Sequence[Mention], cues: Sequence[Cue], whole: str) -> Iterator[tuple[Mention, Cue | None]]:
    """Which cue each item belongs to: the next one, or the last one in a passage that tells so throughout, or before a bracket.

    "22 and 80 are open, 25 is closed"; "open: 22, 80, closed: 25".
    """
    leads = bool(items and cues) and cues[0].start < items[0].start and cues[-1].start < items[-1].start
    for item in items:
        place = bisect_right(cues, item.start, key=lambda cue: cue.start)
        before, after = cues[place - 1] if place else None, cues[place] if place < len(cues) else None
        opened = whole.rfind("(", before.end, item.start) if before is not None else -1
        if before is not None and after is not None and opened > whole.rfind(")", before.end, item.start):
            apart = re.search(r"[,;:]", whole[before.end : opened])
            after = None if whole.find(")", item.end, after.start) >= 0 and not apart else after
        yield item, (before or after) if leads else (after or before)


def _open_bracket(whole: str, start: int, end: int) -> bool:
    """Whether `end` stands in brackets that were opened after `start`."""
    return whole.rfind("(", start, end) > whole.rfind(")", start, end)
