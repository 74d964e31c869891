"""Results as JSON lines: one report a line."""

from __future__ import annotations

from netassist.reports.formats import Results
from netassist.reports.json import jsonl


def render(results: Results) -> bytes:
    """One line a report, its end included."""
    return b"".join(jsonl(results.reports))
