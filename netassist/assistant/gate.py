"""What stands between a plan and the network: the schema, grounding, scope, and approval by risk tier. Code, not a prompt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from netassist.assistant.answers import Refusal
from netassist.assistant.approvals import Approval, Approvals, ApprovalsError
from netassist.configuration import Settings, state_folder
from netassist.network import Network, Progress
from netassist.observations import Failed
from netassist.scope import Scope
from netassist.targets import parse_host, parse_network, parse_url
from netassist.toolbox import Call, InvalidCall, Risk, targets_of, tools, validated

if TYPE_CHECKING:
    from netassist.entities import Entity

Approve = Callable[[Call, Risk], Awaitable[bool | Approval]]
"""Asks a person; a yes counts once. Answers False where there is nobody to ask."""

LARGEST = {4: 20, 6: 116}
"""Prefix length of the largest network, by IP version, that may be scanned without approval: 4,096 addresses."""
NEEDS_APPROVAL: frozenset[Risk] = frozenset({"intrusive", "change"})
"""Tiers that are always asked about; `[approval] ask` of the configuration adds others."""


def is_asked_about(call: Call, settings: Settings) -> bool:
    """Whether a call of its tier needs a person's yes."""
    return risk_of(call) in NEEDS_APPROVAL | set(settings.approval.ask)


class Refused(Exception):
    """A call that may not be run. The message is for the person; `kind` says which rule refused it."""

    def __init__(self, kind: Refusal, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Pass(NamedTuple):
    """Leave to run `call`, which is the planned one unless the person edited it: within which scope, and who gave it."""

    scope: Scope
    allowed_by: str
    call: Call


def risk_of(call: Call) -> Risk:
    """The tier of a call: its tool's, or intrusive for vulnerability scripts and for networks above /20."""
    areas = [parse_network(target) for target in targets_of(call)]
    large = any(area is not None and area.prefixlen < LARGEST[area.version] for area in areas)
    risk = tools()[call.name].risk
    return "intrusive" if risk in ("passive", "active") and (large or call.arguments.get("profile") == "vuln") else risk


def network_for(
    call: Call,
    passed: Pass,
    settings: Settings,
    progress: Callable[[Progress], None],
    *,
    deadline: float | None = None,
    revocation: bool = False,
    rate: float | None = None,
) -> Network:
    """The way out for one admitted call; `deadline` in seconds, the tool's own where left out, `rate` in connections a second."""
    return Network(
        passed.scope,
        deadline=tools()[call.name].deadline_s if deadline is None else deadline,
        progress=progress,
        ca_file=Path(settings.ca_file).expanduser() if settings.ca_file else None,
        resolver=settings.resolver,
        revocation=revocation,
        rate=rate,
    )


async def admit(
    call: Call,
    settings: Settings,
    entities: Sequence[Entity] | None,
    approved: frozenset[Risk] | Approvals,
    approve: Approve,
) -> Pass:
    """Check a call, and ask where its tier demands it.

    Args:
        entities: what the user has said, which grounds the call; None for a call that the user wrote out himself.
        approved: what the user has approved beforehand; an `Approvals` also remembers a yes for the session.

    Raises:
        Refused: one line that says what to do.
    """
    approvals = approved if isinstance(approved, Approvals) else Approvals(approved, state_folder())
    planned = call
    while True:
        scope = _checked(call, settings, entities)
        risk = risk_of(call)
        edited = "" if call == planned else f", which edited {planned}"
        if not is_asked_about(call, settings):
            return Pass(scope, f"the request{edited}", call)
        try:
            if given := approvals.given(call, risk):
                return Pass(scope, given + edited, call)
            answer = await approve(call, risk)
            approval = answer if isinstance(answer, Approval) else Approval("once" if answer else "no")
            approvals.keep(call, risk, approval)
        except ApprovalsError as error:
            raise Refused("denied", str(error)) from None
        if approval.answer == "edit" and approval.edited is not None:
            # The person wrote these arguments out, so they need no other ground; all else is checked again.
            call, entities = approval.edited, None
        elif approval.answer in ("once", "session", "always"):
            lasting = {"session": ", for the session", "always": ", for always"}.get(approval.answer, "")
            return Pass(scope, f"a yes on the terminal{lasting}{edited}", call)
        else:
            # Who has said no on the terminal needs no option that says yes beforehand.
            told = "you said no" if isinstance(answer, Approval) else f"allow it with --approve {risk}"
            raise Refused("denied", f"{call} is {_WHY[risk]} and was not approved; {told}")


_WHY: dict[Risk, str] = {
    "passive": "passive (and your configuration asks about that)",
    "active": "active (and your configuration asks about that)",
    "intrusive": "intrusive (it may disturb what it scans)",
    "change": "a change",
}


def _checked(call: Call, settings: Settings, entities: Sequence[Entity] | None) -> Scope:
    """The scope of a call that is well formed, there, grounded, and within it; raises Refused."""
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
    risk = risk_of(call)
    scope = settings.scope_for(*targets_of(call))
    if settings.read_only and risk != "passive":
        raise Refused("denied", f"{call.name} is {risk}, and in read-only mode only passive tools run; leave --read-only out")
    if not settings.read_only:
        _check_scope(call, scope)
    return scope


def _check_scope(call: Call, scope: Scope) -> None:
    for target in targets_of(call):
        try:
            area = parse_network(target)
            if area is not None:
                scope.check_network(area)
            else:
                scope.check_host(parse_host(target).text, _port_of(call))
        except Failed as failed:
            raise Refused("out_of_scope", failed.failure.message) from None
        except ValueError as error:
            raise Refused("invalid", str(error)) from None


def _port_of(call: Call) -> int | None:
    """The one port that a call is about; None where there are several, or none."""
    parameter = tools()[call.name].parameters.properties.get("port")
    port = call.arguments.get("port", parameter.default if parameter is not None else None)
    if isinstance(port, int):
        return port
    return parse_url(str(call.arguments["url"])).port if "url" in call.arguments else None
