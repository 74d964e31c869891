"""Results as text in a file: without colour, as wide as where no terminal tells its width."""

from __future__ import annotations

from netassist.reports.formats import Results
from netassist.reports.style import ansi
from netassist.reports.text import lines


def render(results: Results) -> bytes:
    """One report after the other, an empty line between them."""
    return "\n".join(ansi(lines(report), colour=False) for report in results.reports).encode()
