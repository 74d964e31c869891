"""Results as a table for spreadsheets (RFC 4180): a row a finding at one place, and one for each report without findings.

A row without `id` is a check; `status` and `error` tell what a check could not do, so that none reads as clean that was not made.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from netassist.observations import Report
from netassist.reports.formats import Results
from netassist.reports.located import Located, located, parts, place_of, probe_of
from netassist.untrusted import as_text

COLUMNS = (
    "host", "port", "address", "check", "started", "status", "error", "severity", "id", "title", "evidence", "detail", "fix",
    "references",
)  # fmt: skip
MOST = 8000
"""Characters of one cell."""
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def render(results: Results) -> bytes:
    return table(COLUMNS, _rows(results.reports, located(results.reports)))


def table(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    """Rows under their header, each cell harmless."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(columns)
    writer.writerows(map(_safe, rows))
    return written.getvalue().encode()


def _rows(reports: Iterable[Report], found: Iterable[Located]) -> Iterator[tuple[object, ...]]:
    shown = {id(each.report) for each in found}
    for each in found:
        finding = each.finding
        yield (
            *each.place, probe_of(each.report), *_measured(each.report), finding.severity, finding.id, finding.title,
            finding.evidence, finding.detail, finding.fix, " ".join(finding.references),
        )  # fmt: skip
    for report in parts(tuple(reports)):
        if id(report) not in shown:
            yield *place_of(report), probe_of(report), *_measured(report), *[""] * 7


def _measured(report: Report) -> tuple[str, str, str]:
    error = f"{report.error.kind}: {report.error.message}" if report.error else ""
    return f"{report.started:%Y-%m-%dT%H:%M:%SZ}", report.status, error


def _safe(row: Iterable[object]) -> list[str]:
    """Cells that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    cells = ["" if cell is None else as_text(str(cell), MOST) for cell in row]
    return [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells]
