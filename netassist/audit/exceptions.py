"""Exceptions: findings that somebody has looked at and accepted at a target, why, and until when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import msgspec

from netassist.audit.findings import Place, PlacedFinding
from netassist.audit.security_audit import Excused, SecurityAudit, Summary
from netassist.scope import NO_PORT, Scope


class Exemption(msgspec.Struct, frozen=True):
    """The findings of one rule at a target, which is written as `scope.parse_rule` reads it; `expires` is its last day."""

    rule: str
    target: str
    reason: str
    expires: date

    def speaks_of(self, id: str, host: str, port: int | None) -> bool:
        """A target with a port says nothing of a finding about the whole host."""
        return id == self.rule and Scope(allow=(self.target,)).allowed_by(host, port or NO_PORT) is not None


def excused(audit: SecurityAudit, exemptions: Sequence[Exemption], today: date) -> SecurityAudit:
    """The audit without the findings, at the places, of which an exemption speaks that holds on `today`.

    They stay in its reports, and stand in `excused`. Where every exemption has expired the finding counts and is in `expired`.
    """
    kept: list[PlacedFinding] = []
    out: list[Excused] = []
    late: list[Excused] = []
    addresses = [host.address for host in audit.hosts]
    for finding in audit.findings:
        places: list[Place] = []
        for place in finding.places:
            spoken = list(_speaking_of(exemptions, finding.id, place, addresses))
            if holding := [held for held in spoken if today <= held.expires]:
                out.append(_noted(finding, place, max(holding, key=lambda held: held.expires)))
                continue
            places.append(place)
            if spoken:
                late.append(_noted(finding, place, max(spoken, key=lambda held: held.expires)))
        if places:
            kept.append(PlacedFinding.of(finding, places))
    return msgspec.structs.replace(audit, findings=tuple(kept), summary=Summary.of(kept), excused=tuple(out), expired=tuple(late))


def _speaking_of(exemptions: Sequence[Exemption], id: str, place: Place, addresses: Sequence[str]) -> Iterator[Exemption]:
    for held in exemptions:
        if any(held.speaks_of(id, host, place.port) for host in (place.host, *addresses)):
            yield held


def _noted(finding: PlacedFinding, place: Place, held: Exemption) -> Excused:
    return Excused(
        id=finding.id,
        severity=finding.severity,
        title=finding.title,
        host=place.host,
        port=place.port,
        reason=held.reason,
        expires=held.expires,
    )
