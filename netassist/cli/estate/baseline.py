"""An earlier result that an audit is held against."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec

from netassist.audit.findings import Place, PlacedFinding
from netassist.audit.security_audit import Noted, SecurityAudit
from netassist.observations import Endpoint, Report, schema_of
from netassist.reports.changes import compared
from netassist.scope import spelled
from netassist.targets import port_ranges
from netassist.toolbox import InvalidCall


class Baseline:
    """The findings of a stored result, by host; of its reports no more is kept than whose they are, and of which kind."""

    def __init__(self, name: str, audits: Sequence[SecurityAudit]) -> None:
        self.name = name
        self._known: dict[str, list[SecurityAudit]] = {}
        self._met: set[str] = set()
        for audit in audits:
            if audit.findings or audit.excused:
                self._known.setdefault(_host(audit), []).append(_light(audit))

    @classmethod
    def read(cls, file: Path) -> Baseline:
        """Raises InvalidCall where the file is no result of an audit, OSError where it cannot be read."""
        from netassist.reports.stored import BadResults, read

        try:
            reports = read(file.read_bytes(), str(file))
        except BadResults as error:
            raise InvalidCall(f"the baseline {error}") from None
        audits = [report for report in reports if isinstance(report, SecurityAudit)]
        if not audits:
            raise InvalidCall(f"the baseline {file} holds no audit; store one with netassist audit … -o FILE.jsonl")
        return cls(file.name, audits)

    def compared(self, audit: SecurityAudit) -> SecurityAudit:
        """The audit of a host, or of one of its ports, with what has changed.

        What an exception takes out now is neither new nor gone; what one took out then is not new. What was found at a port that
        was not looked at now is unknown; where one port alone is audited, the others do not matter.
        """
        self._met.add(_host(audit))
        out = {(held.id, held.port) for held in audit.excused}
        looked: list[SecurityAudit] = []
        missed: list[Noted] = []
        for before in self._known.get(_host(audit), ()):
            seen, unseen = _parted(before, audit, out)
            looked.append(seen)
            missed += unseen
        changes = compared(self.name, looked, [audit])
        if not (isinstance(audit.target, Endpoint) and audit.target.port):
            changes = msgspec.structs.replace(changes, unknown=(*changes.unknown, *missed))
        return msgspec.structs.replace(audit, changes=changes)

    def not_met(self) -> list[str]:
        """Hosts with findings that were not audited this time."""
        return [host for host in self._known if host not in self._met]


def _host(audit: SecurityAudit) -> str:
    return spelled(audit.target.host if isinstance(audit.target, Endpoint) else audit.target)


def _parted(before: SecurityAudit, now: SecurityAudit, out: set[tuple[str, int | None]]) -> tuple[SecurityAudit, list[Noted]]:
    """The findings of `before`, without those of `out` (rule and port), that `now` would have seen, and the others."""
    kept: list[PlacedFinding] = []
    missed: list[Noted] = []
    for finding in before.findings:
        places = [place for place in finding.places if (finding.id, place.port) not in out]
        seen = [place for place in places if _was_looked_at(place.port, before, now)]
        kept += [PlacedFinding.of(finding, seen)] if seen else []
        missed += [_noted(finding, place) for place in places if place not in seen]
    return msgspec.structs.replace(before, findings=tuple(kept)), missed


def _was_looked_at(port: int | None, before: SecurityAudit, now: SecurityAudit) -> bool:
    """Whether the audit would have seen the port open; the common ports are the same where both asked for those."""
    if port is None or any(port in host.tried or port in {held.port for held in host.services} for host in now.hosts):
        return True
    return before.ports is None if now.ports is None else any(low <= port <= high for low, high in port_ranges(now.ports))


def _noted(finding: PlacedFinding, place: Place) -> Noted:
    return Noted(id=finding.id, severity=finding.severity, title=finding.title, host=place.host, port=place.port)


def _light(audit: SecurityAudit) -> SecurityAudit:
    excused = [
        PlacedFinding(
            id=held.id, severity=held.severity, title=held.title, detail="", evidence="", fix="",
            places=(Place(held.host, held.port, ""),),
        )
        for held in audit.excused
    ]  # fmt: skip
    hosts = [msgspec.structs.replace(host, services=(), reports=tuple(map(_lighter, host.reports))) for host in audit.hosts]
    return msgspec.structs.replace(audit, findings=(*audit.findings, *excused), hosts=tuple(hosts), excused=(), changes=None)


def _lighter(report: Report) -> Report:
    """A report of the same form with what all reports have."""
    shared = {name: getattr(report, name) for name in Report.__struct_fields__}
    return _form(schema_of(report))(**shared)


@cache
def _form(schema: str) -> type[Report]:
    return msgspec.defstruct("Kept", [], bases=(Report,), frozen=True, kw_only=True, tag_field="schema", tag=schema)  # type: ignore[return-value]
