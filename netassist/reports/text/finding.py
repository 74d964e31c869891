"""Findings by severity, the worst first, each with its evidence and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netassist.audit.findings import PlacedFinding
from netassist.observations import SEVERITIES, Finding, Severity
from netassist.reports.layout import BAD, BLANK, CRITICAL, NEUTRAL, WARN, Tone, facts, heading, paragraph
from netassist.reports.style import Line, Span
from netassist.reports.words import count, listed
from netassist.targets import host_port
from netassist.untrusted import as_text

TONES: dict[Severity, Tone] = {
    "critical": CRITICAL, "high": BAD, "medium": WARN, "low": Tone("!", "accent"), "info": Tone("·", "dim"),
}  # fmt: skip


def problems(findings: Sequence[Finding]) -> str:
    """``3 problems (1 high, 2 low) and 1 note``; notes are findings for information."""
    severe = [finding for finding in findings if finding.severity != "info"]
    by_severity = ((severity, sum(finding.severity == severity for finding in severe)) for severity in SEVERITIES)
    parts = [count(len(severe), "problem")]
    if severe:
        parts[0] += f" ({', '.join(f'{number} {severity}' for severity, number in by_severity if number)})"
    if notes := len(findings) - len(severe):
        parts.append(count(notes, "note"))
    return listed(parts)


def worst(findings: Sequence[Finding]) -> Tone:
    """The tone of the worst finding; neutral where there are only notes."""
    severities = {finding.severity for finding in findings}
    return next((TONES[severity] for severity in SEVERITIES[:-1] if severity in severities), NEUTRAL)


def where(finding: Finding) -> str:
    """The ports at which a finding holds, with their hosts where those are several; empty where it does not tell."""
    places = finding.places if isinstance(finding, PlacedFinding) else ()
    if len({place.host for place in places}) > 1:
        return f"({listed(list(dict.fromkeys(as_text(host_port(place.host, place.port), 300) for place in places)), 4)})"
    ports = [str(port) for port in sorted({place.port for place in places if place.port is not None})]
    return f"(port{'s' if len(ports) > 1 else ''} {listed(ports)})" if ports else ""


def lines(findings: Sequence[Finding], width: int, *, plan: bool = False) -> Iterator[Line]:
    """The findings by severity; with `plan` what to do comes after all of them, each remedy once, the most urgent first."""
    first = True
    for severity in SEVERITIES:
        group = [finding for finding in findings if finding.severity == severity]
        if not group:
            continue
        if not first:
            yield BLANK
        first = False
        yield Line((Span(severity.upper(), TONES[severity].style), Span(f"  {count(len(group), 'finding')}", "dim")))
        for finding in group:
            yield from _finding(finding, width, with_fix=not plan)
    if plan:
        yield BLANK
        yield from _plan(findings, width)


def _finding(finding: Finding, width: int, *, with_fix: bool) -> Iterator[Line]:
    mark, style = TONES[finding.severity]
    place = f"{place} " if (place := where(finding)) else ""
    title = (Span(finding.title, "title"), Span(" "), Span(f"{place}[{finding.id}]", "dim"))
    yield from paragraph(title, width, indent=2, lead=Span(f"{mark} ", style))
    yield from paragraph(finding.detail, width, indent=4)
    rows = [("Evidence", finding.evidence), ("Fix", finding.fix if with_fix else "")]
    yield from facts(rows, width, indent=4)
    for number, reference in enumerate(finding.references):
        yield from paragraph(Span(reference, "dim"), width, indent=4, lead=Span("          " if number else "See       ", "dim"))


def _plan(findings: Sequence[Finding], width: int) -> Iterator[Line]:
    remedies: dict[str, list[str]] = {}
    for severity in SEVERITIES:
        for finding in findings:
            if finding.severity == severity and finding.fix:
                remedies.setdefault(finding.fix, []).append(finding.title)
    if not remedies:
        return
    yield from heading("What to do, the most urgent first", width)
    column = len(str(len(remedies))) + 2
    for number, (fix, titles) in enumerate(remedies.items(), 1):
        lead = Span(f"{number}.".ljust(column), "accent")
        yield from paragraph((Span(fix), Span(f"  ({'; '.join(dict.fromkeys(titles))})", "dim")), width, indent=2, lead=lead)
