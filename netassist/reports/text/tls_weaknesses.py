"""The known weaknesses: those that were shown first, then what could not be told, then what is safe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from netassist.audit.tls_findings import RULES
from netassist.observations import SEVERITIES
from netassist.reports.layout import Text, heading, paragraph, table
from netassist.reports.style import Span
from netassist.reports.text.finding import TONES
from netassist.reports.text.tls_words import WEAKNESSES, reworded
from netassist.reports.words import listed, shortened

if TYPE_CHECKING:
    from netassist.reports.style import Line
    from netassist.tls.audit import TlsAudit
    from netassist.tls.weakness import Weakness

_LINES = 2
"""So much of the evidence; the findings have all of it."""


def vulnerable(audit: TlsAudit) -> list[Weakness]:
    """What was shown, the gravest first."""
    found = [held for held in audit.weaknesses if held.verdict == "vulnerable"]
    return sorted(found, key=lambda held: SEVERITIES.index(RULES[held.id].severity))


def unknown(audit: TlsAudit) -> list[Weakness]:
    return [held for held in audit.weaknesses if held.verdict == "unknown"]


def clause(audit: TlsAudit) -> str:
    """For the sentence of the verdict. What is for information only is no weakness to speak of there."""
    found = [held for held in vulnerable(audit) if RULES[held.id].severity != "info"]
    if found:
        names = listed([WEAKNESSES[held.id] for held in found], 4)
        return f"{'a weakness was' if len(found) == 1 else f'{len(found)} weaknesses were'} found ({names})"
    if not audit.weaknesses:
        return "no known attack was tried"
    doubtful = len(unknown(audit))
    return f"no known attack was found to work{f', though {doubtful} could not be told' if doubtful else ''}"


def evidence(audit: TlsAudit, width: int) -> Iterator[Line]:
    if not audit.weaknesses:
        return
    yield from heading("Weaknesses", width)
    found, doubtful = vulnerable(audit), unknown(audit)
    column = max((len(WEAKNESSES[held.id]) for held in (*found, *doubtful)), default=0)
    most = _LINES * max(width - column - 20, 20)
    rows: list[tuple[Text, ...]] = []
    for held in found:
        mark, style = TONES[RULES[held.id].severity]
        severity = Span(f"{mark} {RULES[held.id].severity}", style)
        rows.append((severity, Span(WEAKNESSES[held.id], style), _shown(held, most)))
    rows += [(Span("? unknown", "warn"), WEAKNESSES[held.id], Span(_shown(held, most), "dim")) for held in doubtful]
    if rows:
        yield from table(("", "weakness", "evidence"), rows, width)
    yield from _rest(audit.weaknesses, width)


def _shown(held: Weakness, most: int) -> str:
    return shortened(reworded(held.evidence), most)


def _rest(weaknesses: Sequence[Weakness], width: int) -> Iterator[Line]:
    kinds = (("safe", Span("✔ ", "good"), "Not found"), ("not_applicable", Span("· ", "dim"), "Cannot be here"))
    for verdict, mark, label in kinds:
        if names := [WEAKNESSES[held.id] for held in weaknesses if held.verdict == verdict]:
            yield from paragraph(f"{label}: {', '.join(names)}.", width, indent=2, lead=mark)
