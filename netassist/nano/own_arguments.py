"""The arguments of a tool that the model was not trained on, out of the words of a request: by type, by role and by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from netassist.entities import Entity
from netassist.entities.words import is_ordinary
from netassist.grounding import KINDS, value_of
from netassist.toolbox import Call, Parameter, Tool, Value

TARGETS = ("host", "network", "url")
POINTING = ("host", "target", "url", "name")
_LITTLE = """
a about after again all also am an and any are as at be been before but by can could did do does done down each else
ever every far few for from get had has have he her here him his how i if in into is it its just let like long many may
me might more most much must my near need next no not now of off old on once one only or other our out over own per
please pls quite rather really same see shall she should so some still such than thanks that the their them then there
these they this those to too two under until up us use very want was we were what whats when where whether which while
who whom whose why will with without would yes yet you your check find fetch give hey i'd know list look make read run
say show start stop take tell test try available bad behind busy fast free good late load offline online problem slow
working works wrong address box computer day device domain first host hour last left machine minute month morning name
network new newest number second server site system time today tomorrow week year yesterday
"""
LITTLE = frozenset(_LITTLE.split())
"""Words that say nothing of what a tool is for."""
_BEFORE_NAME = re.compile(
    r"(?:^|[,;:(]|\b(?:with|as|for|in|at|to|from|of|on|by|and|the|its?|their|set|using)|[\d/.\w-]*[\d.]\w*)\s*$", re.IGNORECASE
)
_ENDS = re.compile(rf"[\s.!?)]*(?:$|[,;]|(?:{'|'.join(map(re.escape, sorted(LITTLE)))})\b)", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“„«`]([^\"”“»`]{1,200})[\"”“»`]|(?<!\w)'([^']{1,200})'(?!\w)")
_FROM, _TO = frozenset({"source", "src", "from", "client"}), frozenset({"destination", "dest", "dst", "to", "server"})
_JOINS = r"(?:\s*[=:#]?\s*|\s+(?:no|number|nr|is|of|to)\.?\s*)"
_SECONDS = re.compile(r"second|minute|timeout|duration|how long|interval", re.IGNORECASE)


class Said(NamedTuple):
    """A stretch of a request, and the entities in it (their offsets count from its beginning) in the order said."""

    text: str
    entities: tuple[Entity, ...]


def calls(tool: Tool, said: Said, further: Sequence[Entity], passed_over: frozenset[str]) -> tuple[Call, ...]:
    """The calls of `tool` that a stretch of a request asks for, one a target; none where a required argument is not named.

    Args:
        further: entities outside the stretch that it may point at, the nearest first.
        passed_over: words (small letters) that are no values, because they name or describe the tool.
    """
    return tuple(Call(tool.name, row) for row in _rows(tool, said, further, passed_over) if not _lacking(tool, row))


def missing(tool: Tool, said: Said, further: Sequence[Entity], passed_over: frozenset[str]) -> tuple[str, ...]:
    """The required arguments of `tool` that the same stretch does not name."""
    return _lacking(tool, _rows(tool, said, further, passed_over)[0])


def _lacking(tool: Tool, arguments: Mapping[str, Value]) -> tuple[str, ...]:
    return tuple(name for name in tool.parameters.required if name not in arguments)


def _rows(tool: Tool, said: Said, further: Sequence[Entity], passed_over: frozenset[str]) -> list[dict[str, Value]]:
    """What is said of the arguments, one row a target, and at least one."""
    properties, required = tool.parameters.properties, tool.parameters.required
    used: set[int] = set()
    arguments: dict[str, Value] = {}
    pointing = [name for name, parameter in properties.items() if _points(name, parameter)]
    for name, parameter in properties.items():
        value = None if name in pointing else _plain_value(name, parameter, said, used, name in required)
        if value is not None:
            arguments[name] = value
    for name, parameter in properties.items():
        if name not in arguments and name in required and name not in pointing:
            value = _only_value(parameter, said, used)
            if value is not None:
                arguments[name] = value
    rows = _pointed(tool, pointing, said, further, passed_over)
    return [_in_order({**arguments, **row}, properties) for row in rows]


def _in_order(arguments: Mapping[str, Value], names: Iterable[str]) -> dict[str, Value]:
    return {name: arguments[name] for name in names if name in arguments}


def _points(name: str, parameter: Parameter) -> bool:
    return parameter.role(name) in POINTING and parameter.type == "string" and not parameter.enum


def _plain_value(name: str, parameter: Parameter, said: Said, used: set[int], required: bool) -> Value | None:
    """The value of a parameter that is no target, where the request says it by name."""
    if parameter.enum:
        return _enumerated(name, parameter.enum, said.text)
    if parameter.type == "boolean":
        return _truth(name, said.text)
    if parameter.type == "integer":
        return _number(name, parameter, said, used)
    return _text(name, said, required)


def _enumerated(name: str, values: Sequence[str], text: str) -> str | None:
    given = _after_name(name, text)
    found = [value for value in values if given is not None and given.lower() == value.lower()]
    found = found or [value for value in values if re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", text, re.IGNORECASE)]
    telling = [value for value in found if value.lower() not in LITTLE - {"off"}]
    chosen = telling or found
    return chosen[-1] if chosen else None


def _truth(name: str, text: str) -> bool | None:
    given = _after_name(name, text)
    if given is not None and given.lower() in ("true", "false", "yes", "no", "on", "off"):
        return given.lower() in ("true", "yes", "on")
    match = re.search(rf"(?:\b(not?|without|no)\s+)?(?<![\w-]){_spoken(name)}(?![\w-])", text, re.IGNORECASE)
    return None if match is None else match[1] is None


def _number(name: str, parameter: Parameter, said: Said, used: set[int]) -> int | None:
    """A number beside the parameter's name ("port 25", "30 seconds"), or a period of time where it takes one."""
    role = parameter.role(name)
    spoken = _spoken(name.rstrip("s")) + "s?"
    for place, entity in enumerate(said.entities):
        fits = entity.kind in KINDS.get(role, ("number", "duration")) and isinstance(entity.value, int)
        if not fits or place in used:
            continue
        lasts = entity.kind == "duration" and _SECONDS.search(f"{name} {parameter.description}")
        before = re.search(rf"\b{spoken}{_JOINS}$", said.text[: entity.start], re.IGNORECASE)
        if lasts or before or re.match(rf"\s*{spoken}\b", said.text[entity.end :], re.IGNORECASE):
            used.add(place)
            return int(value_of("", role, entity))
    if role in KINDS:
        return None
    # Not every number is an entity ("vlan 12", "room 7"); only those of the built-in roles have to be.
    plain = re.search(rf"(?<![\w-]){spoken}{_JOINS}(\d{{1,9}})(?![\w.])", said.text, re.IGNORECASE)
    return int(plain[1]) if plain else None


def _text(name: str, said: Said, required: bool) -> str | None:
    """What follows the parameter's name: quoted, after ``=`` or ``:``, or one word that is a value rather than speech."""
    for match in re.finditer(rf"(?<![\w-]){_spoken(name)}(?![\w-])\s*([=:]?)\s*", said.text, re.IGNORECASE):
        rest = said.text[match.end() :]
        if quoted := _QUOTED.match(rest):
            return quoted[1] or quoted[2]
        word = re.match(r"[^\s,;\"“”]+", rest)
        value = word[0].rstrip(".!?)") if word else ""
        if not value or value.lower() in LITTLE:
            continue
        ends = _ENDS.match(rest[len(value) :]) is not None
        introduced = _BEFORE_NAME.search(said.text[: match.start()]) is not None
        if match[1] or not is_ordinary(value) or (introduced and ends) or (required and ends):
            return value
    return None


def _spoken(name: str) -> str:
    """The expression of a parameter's name as it is said: its parts with spaces, hyphens or underscores between them."""
    return r"[\s_-]".join(map(re.escape, name.split("_")))


def _after_name(name: str, text: str) -> str | None:
    match = re.search(rf"(?<![\w-]){re.escape(name)}\s*[=:]\s*[\"']?([\w./-]+)", text, re.IGNORECASE)
    return match[1] if match else None


def _only_value(parameter: Parameter, said: Said, used: set[int]) -> Value | None:
    """For a required parameter that is not named: the only quotation, or the only number."""
    if parameter.type == "string" and not parameter.enum:
        quotations = _QUOTED.findall(said.text)
        return next(filter(None, quotations[0])) if len(quotations) == 1 else None
    if parameter.type == "integer":
        left = [place for place, entity in enumerate(said.entities) if entity.kind == "number" and place not in used]
        if len(left) == 1:
            used.add(left[0])
            return said.entities[left[0]].value
    return None


def _pointed(
    tool: Tool, names: Sequence[str], said: Said, further: Sequence[Entity], passed_over: frozenset[str]
) -> list[dict[str, Value]]:
    """The targets of each call; one empty row where there are none."""
    properties, required = tool.parameters.properties, tool.parameters.required
    if not names:
        return [{}]
    if len(names) == 1:
        values = _candidates(tool, names[0], said.entities, passed_over) or _candidates(tool, names[0], further, passed_over)[:1]
        return [{names[0]: value} for value in values] or [{}]
    row: dict[str, Value] = {}
    here = [entity for entity in said.entities if _may_be_target(entity, passed_over)]
    for name in names:
        beside = [e for e in here if _leads_to(name, said.text[: e.start])]
        if beside and (values := _candidates(tool, name, beside, passed_over)):
            row[name] = values[0]
            here = [entity for entity in here if str(entity.value) != str(values[0])]
    for name in names:
        if name not in row and (values := _candidates(tool, name, [*here, *further], passed_over)):
            left = [value for value in values if value not in row.values()]
            if left and (name in required or properties[name].default is None):
                row[name] = left[0]
    return [row]


def _leads_to(name: str, before: str) -> bool:
    """Whether a target stands right behind the parameter's name, or behind the preposition that goes with it."""
    words = {name.replace("_", " "), *(({"from"}) if name in _FROM else {"to", "towards"} if name in _TO else ())}
    return re.search(rf"\b(?:{'|'.join(map(re.escape, sorted(words)))})\s*[=:]?\s*$", before, re.IGNORECASE) is not None


def _candidates(tool: Tool, name: str, entities: Sequence[Entity], passed_over: frozenset[str]) -> list[Value]:
    """The values a target may take: hosts, networks and URLs; where there are none, words that may be a machine's name."""
    parameter = tool.parameters.properties[name]
    kinds = KINDS[parameter.role(name)]
    fitting = [entity for entity in entities if entity.kind in kinds and _may_be_target(entity, passed_over)]
    sure = [entity for entity in fitting if entity.kind in TARGETS]
    if parameter.role(name) == "target" and (networks := [entity for entity in sure if entity.kind == "network"]):
        sure = networks
    if parameter.role(name) == "url" and (urls := [entity for entity in sure if entity.kind == "url"]):
        sure = urls
    return list(dict.fromkeys(value_of("", parameter.role(name), entity) for entity in sure or fitting))


def _may_be_target(entity: Entity, passed_over: frozenset[str]) -> bool:
    return entity.kind in TARGETS or (entity.kind == "word" and not set(re.split(r"[\W_]+", entity.text.lower())) <= passed_over)
