"""What has come of the audits of an estate so far: the exit code, and the table at the end."""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic

from netassist.audit.security_audit import SecurityAudit
from netassist.cli.exits import INCOMPLETE
from netassist.cli.many.orders import Row
from netassist.cli.many.tally import Tally
from netassist.observations import SEVERITIES, Finding, Severity
from netassist.reports.layout import BAD, BLANK, GOOD, WARN, Text, heading, paragraph, table
from netassist.reports.style import Line, Span
from netassist.reports.text import finding
from netassist.reports.words import count, duration


class HostRow(Row, frozen=True, kw_only=True):
    """An audit in brief: `found` counts its findings by severity, `new` are those that a baseline does not know."""

    ports: int = 0
    found: tuple[int, ...] = ()
    new: int | None = None


class EstateTally(Tally):
    """Counts and the worst rows; no report. `late` where the time for the whole has run out."""

    def __init__(self, total: int, fail_on: str, fail_on_new: str) -> None:
        super().__init__(total, fail_on, table=True)
        self.late = False
        self._new_limit = SEVERITIES.index(fail_on_new) if fail_on_new in SEVERITIES else -1

    def count(self, number: int, name: str, audit: SecurityAudit) -> None:
        """Add a host's audit."""
        self.add(_row(number, name, audit))
        changes = audit.changes
        if changes is not None and any(SEVERITIES.index(held.severity) <= self._new_limit for held in changes.new):
            self._reached = True

    def failed(self, audit: SecurityAudit) -> None:
        """Count that a network could not be looked through, or not wholly."""
        if audit.error is not None and audit.error.kind in ("out_of_scope", "denied"):
            self.refused += 1
            self.measured += 1
        elif audit.status != "ok":
            self.incomplete += 1

    @property
    def code(self) -> int:
        return INCOMPLETE if self.late else super().code

    def lines(self, width: int) -> Iterable[Line]:
        """The table: the worst hosts first."""
        rows = [row for _, _, row in sorted(self._rows, reverse=True) if isinstance(row, HostRow)]
        yield BLANK
        yield from heading(f"{count(self.measured, 'host')} in {duration(monotonic() - self.began)}", width)
        yield from table(
            ("host", "address", "open ports", "findings", "new", "worst finding", "report"), [*map(_cells, rows)], width
        )
        if self.measured > len(rows):
            more = f"The worst {len(rows)} of {self.measured:,}; -f jsonl has them all."
            yield from paragraph(Span(more, "dim"), width, indent=2)


def worst_of(findings: Iterable[Finding]) -> Finding | None:
    return min(findings, key=lambda held: SEVERITIES.index(held.severity), default=None)


def _row(number: int, name: str, audit: SecurityAudit) -> HostRow:
    worst = worst_of(audit.findings)
    address = audit.hosts[0].address if audit.hosts else None
    kind = audit.error.kind if audit.error else None
    # Where the scope leaves out a part, what was looked at is incomplete, and not refused.
    if kind in ("out_of_scope", "denied"):
        kind = "out_of_scope" if audit.status == "failed" else None
    return HostRow(
        number=number,
        target=name,
        address=address,
        status=audit.status,
        error=kind,
        severity=worst.severity if worst else None,
        finding=worst.title if worst else None,
        ports=sum(len(host.services) for host in audit.hosts),
        found=tuple(getattr(audit.summary, severity) for severity in SEVERITIES),
        new=len(audit.changes.new) if audit.changes is not None else None,
    )


def _cells(row: HostRow) -> tuple[Text, ...]:
    style = GOOD if row.status == "ok" else WARN if row.status == "partial" else BAD
    status = f"{row.status}: {row.error.replace('_', ' ')}" if row.error else row.status
    severities: tuple[Severity, ...] = SEVERITIES
    told = [f"{number} {severity}" for severity, number in zip(severities, row.found, strict=False) if number]
    tone = finding.TONES[row.severity].style if row.severity else GOOD.style
    address = row.address or ""
    return (
        row.target,
        "" if address == row.target else address,
        "" if row.status == "failed" else str(row.ports),
        ", ".join(told) or ("" if row.status == "failed" else "none"),
        "" if row.new is None else str(row.new),
        Span(row.finding or "", tone),
        Span(status, style.style),
    )
