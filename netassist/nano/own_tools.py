"""Tools that the built-in model was not trained on, matched with a request by their names and by the words that describe them.

The model has a token for each built-in tool and none for others. So a tool that is named outright is called without it; one
whose description fits much better than any built-in tool's is called where the model knows no answer, or is not sure of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from netassist.entities import Entity, recognise, recognise_all
from netassist.grounding import confined
from netassist.nano.own_arguments import LITTLE, TARGETS, Said, calls, missing
from netassist.nano.own_words import WORD, Words, described, stems
from netassist.nano.planning import Turn
from netassist.toolbox import Call, Tool, each_once

CLEARLY, BY_FAR = 1.5, 2.5
"""How many times the weight of what fits next best: where the model knows no answer, and where it has one."""
MOSTLY, IN_PART = 0.6, 0.4
"""The share of a request's words that describe the tool: where one of them describes no built-in tool, and where several do."""

_CLAUSE = re.compile(r"[;\n]|[.!?:](?=\s|$)|,\s|\s(?:and|then|also|plus|und|dann|et|puis|y|luego|e|poi|en)\s", re.IGNORECASE)
_NOT = re.compile(
    r"\b(?:don['’]?t|do not|not|never|without|instead of|rather than|no need (?:for|to)|skip|nicht|kein\w*|ne pas|sans|sin)\b"
    r"[^.;,]*$",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"\b(?:explain|describe|what (?:does|do)|how (?:does|do|can)|what is meant by|meaning of)\s+(?:the\s+|a\s+)?$", re.IGNORECASE
)
_PROCESSOR = re.compile(r"\b(?:processors?|prozessor\w*|processeurs?|procesador\w*|process?ador\w*|processore)\b", re.IGNORECASE)
_DOES_WHAT = re.compile(r"\s*(?:do|mean|work|stand for|good for)?\s*[.?!]*\s*$", re.IGNORECASE)
_BACK = re.compile(
    r"\b(?:it|its|them|they|there|that|those|these|both|all|same|again|too|also|as well|here|this|"
    r"the (?:other|first|second|last|former|latter)|"
    r"dort|da|auch|dessen|alle|beide|là|aussi|también|allí)\b|^\s*(?:and|now|then|und|jetzt|et|y)\b",
    re.IGNORECASE,
)
_SAME_AGAIN = re.compile(
    r"^\s*(?:and\s+|now\s+|then\s+|und\s+)?(?:(?:the\s+)?same\b|again\b|(?:what|how) about\b|also\b|dasselbe\b|"
    r"das gleiche\b|la même chose\b|lo mismo\b|for\b|on\b)",
    re.IGNORECASE,
)


class Wanted(NamedTuple):
    """What a request wants of added tools.

    `named`: a tool is named outright, and `rest` is what is left of the request for the model (empty: nothing). Otherwise
    `calls` are a proposal of the description that fits best, and `better` is how many times it outweighs the built-in tool
    that fits best; `telling` where several words say so, or one of the tool's name, or all that there are.
    `asks` is the question back where a tool is named and a required argument is not (empty: none). `mentioned` are names that are
    spoken of without an order.
    """

    named: bool
    calls: tuple[Call, ...] = ()
    asks: str = ""
    rest: str = ""
    better: float = 0.0
    telling: bool = False
    mentioned: frozenset[str] = frozenset()

    def without_mentioned(self, calls: Sequence[Call]) -> tuple[Call, ...]:
        """The model's calls but those that take the name of an added tool for that of a processor."""
        return tuple(
            call
            for call in calls
            if call.name != "processor_run" or str(call.arguments.get("name", "")).lower() not in self.mentioned
        )

    def turn(self, request: str) -> Turn:
        """The request as a turn before its own `rest`, so that what it names can be pointed at."""
        return Turn(request, self.calls, "call")

    def replaces(self, called: bool, unsure: bool) -> bool:
        """Whether a proposal wins over the model's own plan."""
        if not self.calls or self.named:
            return False
        return self.better >= CLEARLY if not called or unsure else self.telling and self.better >= BY_FAR


NOTHING = Wanted(False)


class _Found(NamedTuple):
    tool: Tool
    start: int
    end: int


def wanted(request: str, earlier: Sequence[Turn], tools: Sequence[Tool], inventory: Mapping[str, str]) -> Wanted:
    """What the request wants of the tools that have an origin among `tools`."""
    own = [tool for tool in tools if tool.origin]
    if not own or _PROCESSOR.search(request):  # what a processor is to do, or its name, may well read like a tool's
        return NOTHING
    before = recognise_all((turn.request for turn in earlier), inventory)
    entities = recognise(request, inventory, before)
    words = Words(tools)
    named = _named(request, own, words)
    if ordered := [one for one in named if not _is_refused(request, one)]:
        return _by_name(request, entities, before, ordered, words)
    if named:
        return Wanted(False, mentioned=frozenset(request[one.start : one.end].lower() for one in named))
    if repeated := _repeated(request, entities, earlier, own):
        return Wanted(True, repeated)
    return _by_words(request, entities, before, tools, words)


def _named(request: str, own: Sequence[Tool], words: Words) -> list[_Found]:
    """Where tools are named: snake_case, kebab-case, with spaces, or in one word; the longest name first where they overlap."""
    spelled = list(WORD.finditer(request.replace("_", " ")))
    names = {tool.name.replace("_", ""): tool for tool in own if "_" in tool.name or not words.names[tool.name] & words.built_in}
    found: list[_Found] = []
    for size in range(max((len(tool.name.split("_")) for tool in own), default=0) + 2, 0, -1):
        for first in range(len(spelled) - size + 1):
            run = spelled[first : first + size]
            gaps = [request[a.end() : b.start()] for a, b in pairwise(run)]
            start, end = run[0].start(), run[-1].end()
            if any(not re.fullmatch(r"[\s_-]{1,3}", gap) for gap in gaps) or re.match(r"[\w-]|\.\w", request[end:]):
                continue
            joined = "".join(word[0] for word in run).lower()
            tool = names.get(joined) or names.get(joined.removesuffix("s"))
            inside = request[start - 1 : start] in (".", "-", "/") or any(start < f.end and f.start < end for f in found)
            if tool and not inside:
                found.append(_Found(tool, start, end))
    return sorted(found, key=lambda one: one.start)


def _is_refused(request: str, one: _Found) -> bool:
    before, after = request[: one.start], request[one.end :]
    return bool(_NOT.search(before)) or bool(_ABOUT.search(before) and _DOES_WHAT.fullmatch(after))


def _by_name(request: str, entities: Sequence[Entity], before: Sequence[Entity], found: Sequence[_Found], words: Words) -> Wanted:
    orders = _orders(request, entities, found, words)
    made: list[Call] = []
    lacking: dict[str, tuple[str, ...]] = {}
    for tool in dict.fromkeys(one.tool.name for one in found):
        own = [order for order in orders if order.tool is not None and order.tool.name == tool]
        for order in own:
            assert order.tool is not None  # noqa: S101 - chosen so
            said = _stretch(request, order.start, order.end, entities)
            elsewhere = [e for e in entities if not order.start <= e.start < order.end and e.kind in TARGETS]
            further = elsewhere or (_last_targets(before) if _BACK.search(request) else [])
            passed_over = _passed_over(order.tool, words)
            ready = calls(order.tool, said, further, passed_over)
            made += ready
            if not ready:
                lacking[tool] = missing(order.tool, said, further, passed_over)
    rest = " ".join(request[order.start : order.end].strip(" ,;") for order in orders if order.tool is None)
    called = {call.name for call in made}  # a tool may be named a second time in passing
    needs = [f"{tool} needs {' and '.join(names)}" for tool, names in lacking.items() if tool not in called]
    return Wanted(True, each_once(made), _question(needs), rest.strip())


def _question(needs: Sequence[str]) -> str:
    return f"{', '.join(needs)}, so nothing was run. Say it all again with what is missing." if needs else ""


class _Order(NamedTuple):
    """A stretch of a request that wants one thing: of an added tool, or (None) of the model."""

    tool: Tool | None
    start: int
    end: int


def _orders(request: str, entities: Sequence[Entity], found: Sequence[_Found], words: Words) -> list[_Order]:
    """The request cut into what each named tool is to do, and what the model is to see.

    A clause that names no tool, and has no word that built-in tools are described with, belongs to the one before it.
    """
    inside = [(entity.start, entity.end) for entity in entities]
    cuts = [m for m in _CLAUSE.finditer(request) if not any(a < m.end() and m.start() < b and b - a > 1 for a, b in inside)]
    bounds = [0, *(cut.end() for cut in cuts), len(request)]
    known = frozenset(stem for one in found for stem in words.documents[one.tool.name])
    orders: list[_Order] = []
    for start, end in pairwise(bounds):
        here = [one for one in found if start <= one.start < end]
        said = frozenset(stems(_masked(request, start, end, entities)))
        if here:
            marks = [start, *(one.start for one in here[1:]), end]
            orders += [_Order(one.tool, a, b) for one, a, b in zip(here, marks, marks[1:], strict=False)]
        elif (said - known) & words.built_in:
            orders.append(_Order(None, start, end))
        elif orders:
            orders[-1] = orders[-1]._replace(end=end)
    return orders


def _repeated(request: str, entities: Sequence[Entity], earlier: Sequence[Turn], own: Sequence[Tool]) -> tuple[Call, ...]:
    """The calls of the turn before, with other targets: "the same for 192.0.2.7"."""
    last = earlier[-1].calls if earlier else ()
    known = {tool.name: tool for tool in own}
    if not last or not all(call.name in known for call in last) or not _SAME_AGAIN.search(request):
        return ()
    if set(stems(_masked(request, 0, len(request), entities))) - {"sam"}:
        return ()
    said = Said("", tuple(entity for entity in entities if entity.kind in TARGETS))
    made: list[Call] = []
    for call in {call.name: call for call in last}.values():
        bare = msgspec.structs.replace(known[call.name].parameters, required=())
        for new in calls(msgspec.structs.replace(known[call.name], parameters=bare), said, (), frozenset()):
            made.append(Call(call.name, {**call.arguments, **new.arguments}))
    return tuple(made) if said.entities else ()


def _by_words(request: str, entities: Sequence[Entity], before: Sequence[Entity], tools: Sequence[Tool], words: Words) -> Wanted:
    own = [tool for tool in tools if tool.origin]
    said = frozenset(stems(_masked(request, 0, len(request), entities)))
    scores = sorted(((words.score(tool, said), tool.name) for tool in own), reverse=True)
    score, name = scores[0]
    second = scores[1][0] if len(scores) > 1 else 0.0
    tool = next(tool for tool in own if tool.name == name)
    fitting = said & words.documents[name]
    telling = fitting - words.built_in
    if not telling or score < CLEARLY * second or len(fitting) < (MOSTLY if len(telling) == 1 else IN_PART) * len(said):
        return NOTHING
    further = _last_targets(before) if not confined(request, entities) and _BACK.search(request) else []
    plain = frozenset(entity.text.lower() for entity in entities if entity.kind == "word" and entity.text.isalpha())
    ready = calls(tool, Said(request, tuple(entities)), further, _passed_over(tool, words) | plain)
    others = [words.weigh(said & words.documents[other.name]) for other in tools if not other.origin]
    better = score / max(others) if any(others) else math.inf
    return Wanted(False, ready, "", "", better, len(telling) > 1 or bool(telling & words.names[name]) or fitting == said)


def _passed_over(tool: Tool, words: Words) -> frozenset[str]:
    document = words.documents[tool.name]
    return frozenset(WORD.findall(f"{tool.name} {described(tool)}".lower().replace("_", " "))) | document | LITTLE


def _stretch(request: str, start: int, end: int, entities: Sequence[Entity]) -> Said:
    here = tuple(e._replace(start=e.start - start, end=e.end - start) for e in entities if start <= e.start < end)
    return Said(request[start:end], here)


def _masked(request: str, start: int, end: int, entities: Sequence[Entity]) -> str:
    """The words of a stretch, without those inside the targets that it names."""
    text = request
    for entity in entities:
        if entity.kind in TARGETS:
            text = text[: entity.start] + " " * (entity.end - entity.start) + text[entity.end :]
    return text[start:end]


def _last_targets(before: Sequence[Entity]) -> list[Entity]:
    return [entity for entity in reversed(before) if entity.kind in TARGETS]
