"""What the turns of a conversation leave behind: what was said, what was measured, and what a later turn may point at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from netassist.assistant.memory import Published, Recalled, told
from netassist.assistant.reference import Reference, referred, spelled
from netassist.assistant.rounds import Request
from netassist.backends.planning import Exchange
from netassist.entities import Entity, Kind, recognise
from netassist.grounding import ports_left, within_reach
from netassist.observations import Failed
from netassist.scope import Scope
from netassist.targets import host_of
from netassist.toolbox import Call

MOST_SAID = 256
"""Entities that a conversation keeps in mind."""
MOST_RECALLED = 50
"""Turns whose reports can be pointed at."""

_TARGETS: tuple[Kind, ...] = ("host", "network", "url")


class Context:
    """The turns of one conversation.

    Hosts that the person pointed at and never wrote out are `learned`: it was a third party, a DNS server say, who named them.
    """

    def __init__(self, inventory: Mapping[str, str]) -> None:
        self._inventory = inventory
        self._turns: list[Recalled] = []
        self._said: list[Entity] = []
        self._learned: set[str] = set()

    @property
    def asked_back(self) -> bool:
        """Whether the last turn ended with a question to the person, or there was none."""
        return not self._turns or self._turns[-1].turn.outcome == "clarify"

    def read(self, request: str) -> Reference:
        """A request with what it points at written out."""
        named = recognise(request, self._inventory, self._said)
        return referred(request, named, [recalled.reports for recalled in self._turns])

    def grounded(self, request: str, reference: Reference) -> Request:
        """The request with all that its calls may point at."""
        own = recognise(request, self._inventory, self._said)
        self._learned -= {spelled(str(entity.value)) for entity in own}
        self._learn(reference.pointed, own)
        named = recognise(reference.text, self._inventory, self._said)
        quantities = [entity for entity in own if entity.kind not in (*_TARGETS, "word")]
        reach = within_reach(reference.text, named, self._said)
        return Request(request, reference, named, [*quantities, *reach], frozenset(self._learned))

    def learn(self, hosts: Sequence[str], request: Request) -> Request:
        """The request with hosts that it spoke of before they were known; its calls may point at them now."""
        self._learn(hosts, request.named)
        more = recognise(", ".join(hosts))
        return msgspec.structs.replace(request, reach=[*request.reach, *more], learned=frozenset(self._learned))

    def remember(self, recalled: Recalled) -> None:
        """Add a turn."""
        self._said = [*self._said, *recognise(recalled.turn.request, self._inventory, self._said)][-MOST_SAID:]
        self._learned |= set(recalled.turn.learned)
        self._turns = [*self._turns, recalled][-MOST_RECALLED:]

    def reports(self) -> list[Published]:
        """All that was measured."""
        return [report for recalled in self._turns for report in recalled.reports]

    def requests(self) -> str:
        """What was said, one request a line."""
        return "\n".join(recalled.turn.request for recalled in self._turns)

    def told(self) -> list[Exchange]:
        """The turns as a backend is told of them."""
        return told([recalled.turn for recalled in self._turns])

    def _learn(self, hosts: Sequence[str], own: Sequence[Entity]) -> None:
        """Take those of `hosts` for learned which the person has not written out, alone or in a network."""
        said = [entity for entity in (*self._said, *own) if entity.kind in _TARGETS]
        targets = (host_of(str(entity.value)) if entity.kind == "url" else str(entity.value) for entity in said)
        written = Scope().naming(*(target for target in targets if spelled(target) not in self._learned))
        self._learned |= {spelled(host) for host in hosts if not _holds(written, host)}


def unused(request: str, named: Sequence[Entity], calls: Sequence[Call]) -> tuple[str, ...]:
    """Hosts, networks and URLs that a request names and no call points at; of one for watching the ports too."""
    values = [value for call in calls for value in call.arguments.values()]
    used = {spelled(str(value)) for value in values} | {str(value) for value in values}
    used |= {spelled(host_of(str(value))) for value in values}
    targets = dict.fromkeys(str(entity.value) for entity in named if entity.kind in _TARGETS)
    left = (target for target in targets if target not in used and spelled(target) not in used)
    return (*left, *(f"port {port}" for port in ports_left(calls, request, named)))


def _holds(written: Scope, host: str) -> bool:
    try:
        written.check_host(host)
    except Failed:
        return False
    return True
