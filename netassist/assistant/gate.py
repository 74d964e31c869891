"""What stands between a plan and the network: the schema, grounding, scope, and approval by risk tier. Code, not a prompt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from netassist.assistant.answers import Refusal
from netassist.configuration import Settings
from netassist.network import Network, Progress
from netassist.observations import Failed
from netassist.scope import Scope
from netassist.targets import parse_host, parse_network
from netassist.toolbox import Call, InvalidCall, Risk, targets_of, tools, validated

if TYPE_CHECKING:
    from netassist.entities import Entity

Approve = Callable[[Call, Risk], Awaitable[bool]]
"""Asks a person for a yes; answers False where there is nobody to ask."""

LARGEST = {4: 20, 6: 116}
"""Prefix length of the largest network, by IP version, that may be scanned without approval: 4,096 addresses."""
NEEDS_APPROVAL: frozenset[Risk] = frozenset({"intrusive", "change"})


class Refused(Exception):
    """A call that may not be run. The message is for the person; `kind` says which rule refused it."""

    def __init__(self, kind: Refusal, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Pass(NamedTuple):
    """Leave to run a call: within which scope, and who gave it."""

    scope: Scope
    allowed_by: str


def risk_of(call: Call) -> Risk:
    """The tier of a call: its tool's, or intrusive for vulnerability scripts and for networks above /20."""
    area = parse_network(str(call.arguments.get("target", "")))
    if call.arguments.get("profile") == "vuln" or (area is not None and area.prefixlen < LARGEST[area.version]):
        return "intrusive"
    return tools()[call.name].risk


def network_for(call: Call, passed: Pass, settings: Settings, progress: Callable[[Progress], None]) -> Network:
    """The way out for one admitted call."""
    return Network(
        passed.scope,
        deadline=tools()[call.name].deadline_s,
        progress=progress,
        ca_file=Path(settings.ca_file).expanduser() if settings.ca_file else None,
        resolver=settings.resolver,
    )


async def admit(
    call: Call, settings: Settings, entities: Sequence[Entity] | None, approved: frozenset[Risk], approve: Approve
) -> Pass:
    """Check a call, and ask where its tier demands it.

    Args:
        entities: what the user has said, which grounds the call; None for a call that the user wrote out himself.
        approved: tiers that the user has approved beforehand.

    Raises:
        Refused: one line that says what to do.
    """
    try:
        validated(call)
    except InvalidCall as error:
        raise Refused("invalid", str(error)) from None
    if not tools()[call.name].implemented:
        raise Refused("unavailable", f"{call.name} is not there yet; `netassist tools` lists what is")
    if entities is not None:
        from netassist.grounding import grounded

        if missing := grounded(call, entities):
            raise Refused("ungrounded", f"{call.name}: {missing}, so it is not run")
    scope = settings.scope_for(*targets_of(call))
    _check_scope(call, scope)
    risk = risk_of(call)
    if risk not in NEEDS_APPROVAL:
        return Pass(scope, "the request")
    if risk in approved:
        return Pass(scope, f"--approve {risk}")
    if await approve(call, risk):
        return Pass(scope, "a yes on the terminal")
    raise Refused("denied", f"{call} is {_WHY[risk]} and was not approved; allow it with --approve {risk}")


_WHY: dict[str, str] = {"intrusive": "intrusive (it may disturb what it scans)", "change": "a change"}


def _check_scope(call: Call, scope: Scope) -> None:
    for target in targets_of(call):
        try:
            area = parse_network(target)
            if area is not None:
                scope.check_network(area)
            else:
                scope.check_host(parse_host(target).text)
        except Failed as failed:
            raise Refused("out_of_scope", failed.failure.message) from None
        except ValueError as error:
            raise Refused("invalid", str(error)) from None
