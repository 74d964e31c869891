"""``netassist report``: stored results in another format, without measuring anything."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from netassist.cli.exits import CLEAN, FINDINGS, INCOMPLETE, USAGE
from netassist.cli.options import FailOn, Output, ReportFormat, reaches

if TYPE_CHECKING:
    from netassist.audit.security_audit import Changed
    from netassist.observations import Report
    from netassist.reports.style import Line


def report(
    *results: Annotated[
        str,
        Parameter(help="Files of results, as -f json or -f jsonl stored them; - is standard input.", allow_leading_hyphen=True),
    ],
    format: ReportFormat = "text",
    output: Output = (),
    baseline: Annotated[
        Path | None, Parameter(help="Earlier results: tell which findings are new, gone and unchanged since.")
    ] = None,
    fail_on: FailOn = "never",
) -> int:
    """Show stored results in any format."""
    from netassist.cli.outputs import Outputs
    from netassist.reports.changes import compared
    from netassist.reports.stored import BadResults

    outputs = Outputs(format, output)
    try:
        reports = [held for name in results or ("-",) for held in _read(name)]
        changes = compared(str(baseline), _read(str(baseline)), reports) if baseline else None
    except BadResults as error:
        print(f"netassist: {error}", file=sys.stderr)
        return USAGE
    for held in reports:
        outputs.add(held)
    if changes is not None and format == "text":
        from netassist.cli.output import show_lines
        from netassist.reports.style import columns

        show_lines(_changes(changes, columns(sys.stdout)))
    outputs.end(changes)
    return _code(reports, fail_on)


def _read(name: str) -> tuple[Report, ...]:
    """The results in a file; raises BadResults, OSError."""
    from netassist.reports.stored import LARGEST, read, read_file

    return read(sys.stdin.buffer.read(LARGEST + 1), "standard input") if name == "-" else read_file(name)


def _code(reports: Sequence[Report], fail_on: str) -> int:
    """To show what could not be measured is no failure of showing it; a gate it does not pass."""
    if fail_on == "never":
        return CLEAN
    if any(held.status != "ok" for held in reports):
        return INCOMPLETE
    return FINDINGS if any(reaches(held.findings, fail_on) for held in reports) else CLEAN


def _changes(changes: Changed, width: int) -> Iterator[Line]:
    from netassist.reports.layout import BAD, BLANK, GOOD, UNKNOWN, heading, paragraph
    from netassist.reports.located import Place
    from netassist.reports.style import Span

    groups = (("new", changes.new, BAD), ("gone", changes.gone, GOOD), ("not looked for again", changes.unknown, UNKNOWN))
    told = ", ".join(f"{len(held)} {word}" for word, held, _ in groups)
    yield BLANK
    yield from heading(f"Since {changes.baseline}: {told}, {len(changes.unchanged)} unchanged", width)
    for word, held, tone in groups:
        for one in held:
            text = f"{word}: {one.title} at {Place(one.host, one.port)} ({one.severity}) [{one.id}]"
            yield from paragraph(text, width, indent=2, lead=Span(f"{tone.mark} ", tone.style))
