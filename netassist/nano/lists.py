"""Lists of targets in a request ("lab1, lab2 and lab5"): what is asked of one member is asked of each.

A small model loses the middle of a list, and of several hosts points at the wrong one. So it is shown the first member alone, and
the calls that it plans for that are made for the others too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from netassist.entities import Entity, recognise
from netassist.targets import host_of
from netassist.toolbox import Call, each_once

_LISTED = frozenset({"host", "network", "url", "word"})
_BETWEEN = re.compile(
    r"\s*(?:[,;&+/]|(?:,\s*)?\b(?:and|und|et|y|e|en|i|plus|as well as|sowie|or|oder|ou)\b|\n\s*[-*•]?)\s*"
    r"(?:(?:also|on|for|at|of|auf|für|pour|sur|de|para)\s+)?",
    re.IGNORECASE,
)
# Members of these are not alike, or are spoken of together.
_APART = re.compile(
    r"\b(?:not|n't|except|but|without|only|first|second|third|last|latter|former|other|respectively|than|versus|vs|difference|between|"
    r"from|instead|nicht|ohne|außer|nur|sondern|statt|erste[nrs]?|letzte[nrs]?|sauf|pas|sans|seulement|premi[eè]re?|menos|excepto|sin|solo|no)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"[\w.]*(?:\d|[\w]-[\w])[\w.-]*\Z")


class Shown(NamedTuple):
    """What the model is shown; `members` are the values of each list by that of its first."""

    request: str
    members: Mapping[str, tuple[str, ...]]

    def made_for_each(self, calls: Sequence[Call]) -> tuple[Call, ...]:
        """Calls for the first of a list, for each of its members."""
        made: list[Call] = []
        for call in calls:
            named = next((name for name, value in call.arguments.items() if str(value) in self.members), None)
            values = self.members[str(call.arguments[named])] if named is not None else ()
            made += [Call(call.name, {**call.arguments, str(named): value}) for value in values] or [call]
        return each_once(made)


def shown(request: str, inventory: Mapping[str, str], earlier: Sequence[Entity] = ()) -> Shown:
    """The request with each list of targets cut down to its first member; as it is where its members may be meant differently."""
    if _APART.search(request):
        return Shown(request, {})
    entities = recognise(request, inventory, earlier)
    found = [entity for entity in entities if _is_target(entity)]
    if sum(entity.kind == "duration" for entity in entities) > 1:  # one each, it may be
        return Shown(request, {})
    if len({str(entity.value) for entity in found}) != len(found):
        return Shown(request, {})
    members: dict[str, tuple[str, ...]] = {}
    text, end = "", 0
    for group in _groups(request, found):
        if len(group) > 1:
            members[str(group[0].value)] = tuple(str(entity.value) for entity in group)
            if group[0].kind == "url":  # of which most tools take the host
                members[host_of(str(group[0].value))] = tuple(host_of(str(entity.value)) for entity in group)
            text += request[end : group[0].end]
            end = group[-1].end
    return Shown(text + request[end:], members)


def _is_target(entity: Entity) -> bool:
    return entity.kind in _LISTED and (entity.kind != "word" or _NAME.match(entity.text) is not None)


def _groups(request: str, found: Sequence[Entity]) -> list[list[Entity]]:
    groups: list[list[Entity]] = []
    for entity in found:
        last = groups[-1][-1] if groups else None
        alike = last is not None and (last.kind == entity.kind or {last.kind, entity.kind} <= {"host", "word"})
        bare = request[entity.end : entity.end + 1] not in (":", "/")  # a port or a path is that member's own
        if last is not None and alike and bare and _BETWEEN.fullmatch(request[last.end : entity.start]):
            groups[-1].append(entity)
        else:
            groups.append([entity])
    return groups
