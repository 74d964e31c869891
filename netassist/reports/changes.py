"""What changed since a baseline, as a pure comparison of the findings of two results; and what audits say of it themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netassist.audit.security_audit import Changed, Excused, Noted, SecurityAudit
from netassist.observations import Report
from netassist.reports.located import Located, located, parts, place_of, probe_of


def compared(baseline: str, before: Sequence[Report], now: Sequence[Report]) -> Changed:
    """The findings of `now` held against those of `before`, which `baseline` names, by rule and place.

    What was found before and is not now is `gone` only where the same check of the same place came to its end, or, where that
    check was not made at all, everything that was asked of the host did; else it is `unknown`.
    """
    earlier, later = located(before), located(now)
    known, found = {each.key for each in earlier}, {each.key for each in later}
    asked: dict[str, list[Report]] = {}
    for report in (*now, *parts(now)):
        asked.setdefault(_host(report), []).append(report)
    missing = [(each, _looked_for(each, asked.get(each.key[1], ()))) for each in earlier if each.key not in found]
    return Changed(
        baseline=baseline,
        new=_noted(each for each in later if each.key not in known),
        gone=_noted(each for each, looked in missing if looked),
        unchanged=_noted(each for each in later if each.key in known),
        unknown=_noted(each for each, looked in missing if not looked),
    )


def changes_of(reports: Sequence[Report]) -> Changed | None:
    """What the audits among the reports say of their baseline, together; None where none was held against one."""
    said = [report.changes for report in reports if isinstance(report, SecurityAudit) and report.changes is not None]
    if not said:
        return None
    return Changed(
        baseline=", ".join(dict.fromkeys(each.baseline for each in said)),
        new=tuple(one for each in said for one in each.new),
        gone=tuple(one for each in said for one in each.gone),
        unchanged=tuple(one for each in said for one in each.unchanged),
        unknown=tuple(one for each in said for one in each.unknown),
    )


def excused_of(reports: Sequence[Report]) -> tuple[Excused, ...]:
    """Findings that an exception takes out of the audits among the reports."""
    return tuple(one for report in reports if isinstance(report, SecurityAudit) for one in report.excused)


def expired_of(reports: Sequence[Report]) -> tuple[Excused, ...]:
    """Findings that count again since their exceptions have expired."""
    return tuple(one for report in reports if isinstance(report, SecurityAudit) for one in report.expired)


def _looked_for(missing: Located, asked: Sequence[Report]) -> bool:
    """Whether the check that found it came to its end; `asked` are the reports about its host."""
    name, port = probe_of(missing.report), missing.place.port
    same = [report for report in asked if probe_of(report) == name and place_of(report).port in (port, None)]
    return bool(asked) and all(report.status == "ok" for report in same or asked)


def _host(report: Report) -> str:
    return place_of(report).host.lower()


def _noted(found: Iterable[Located]) -> tuple[Noted, ...]:
    return tuple(
        Noted(
            id=each.finding.id,
            severity=each.finding.severity,
            title=each.finding.title,
            host=each.place.host,
            port=each.place.port,
        )
        for each in found
    )
