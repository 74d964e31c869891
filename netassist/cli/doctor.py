"""``netassist doctor``: whether everything that netassist stands on is there, and how to mend what is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from netassist.cli.exits import CLEAN, FINDINGS
from netassist.cli.options import CaFile, Config, Format

if TYPE_CHECKING:
    from netassist.reports.style import Line

State = Literal["ok", "warn", "fail", "unknown"]


class Check(msgspec.Struct, frozen=True):
    """What was looked at and what was found. `warn` does without something, `fail` cannot be done without; `mend` says how."""

    name: str
    state: State
    found: str
    mend: str | None = None


class Examined(msgspec.Struct, frozen=True, tag_field="schema", tag="netassist/doctor/1"):
    """Every check, in the order in which they were made."""

    checks: tuple[Check, ...]


def doctor(*, format: Format = "text", ca_file: CaFile = None, config: Config = None) -> int:
    """Look at everything that netassist stands on, and say how to mend what is missing."""
    import sys

    from netassist.cli.doctor_checks import checks
    from netassist.cli.output import show_json, show_lines
    from netassist.reports.style import columns

    examined = Examined(tuple(checks(config, ca_file)))
    if format == "json":
        show_json(examined)
    else:
        show_lines(_lines(examined.checks, columns(sys.stdout)))
    return FINDINGS if any(check.state == "fail" for check in examined.checks) else CLEAN


def _lines(checks: Sequence[Check], width: int) -> Iterator[Line]:
    from netassist.reports.layout import BAD, BLANK, GOOD, UNKNOWN, WARN, paragraph
    from netassist.reports.style import Span

    tones = {"ok": GOOD, "warn": WARN, "fail": BAD, "unknown": UNKNOWN}
    column = max(len(check.name) for check in checks) + 2
    for check in checks:
        tone = tones[check.state]
        lead = f"{tone.mark} {check.name:{column}}"
        yield from paragraph(check.found, width, lead=Span(lead, tone.style))
        if check.mend:
            yield from paragraph(Span(f"→ {check.mend}", "accent"), width, indent=len(lead))
    yield BLANK
    counts = {state: sum(check.state == state for check in checks) for state in tones}
    failed = counts["fail"]
    words = f"{counts['ok']} of {len(checks)} are well"
    words += f", {failed} {'is' if failed == 1 else 'are'} broken" if failed else ""
    words += f", {counts['warn']} could be better" if counts["warn"] else ""
    words += f", {counts['unknown']} cannot be told" if counts["unknown"] else ""
    yield from paragraph(f"{words}.", width)
