"""An answer: the verdict first, then the findings by severity, then all that was measured, folded."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from netassist.assistant.answers import Answer, notes
from netassist.observations import Finding, Report
from netassist.reports.layout import NEUTRAL, UNKNOWN, WARN, Tone, facts, paragraph
from netassist.reports.style import Line, Span
from netassist.reports.text import lines
from netassist.reports.text.finding import TONES, problems
from netassist.tui.styled import SEVERITY, call_line, content, styled
from netassist.tui.widgets.fitted import Fitted
from netassist.tui.widgets.fold import Fold
from netassist.tui.widgets.progress import outcome
from netassist.untrusted import as_text


class Said(Fitted):
    """One paragraph behind its mark."""

    def __init__(self, text: str, tone: Tone) -> None:
        lead = Span(f"{tone.mark} ", tone.style)
        super().__init__(lambda width: content(paragraph(Span(text, tone.style), width, lead=lead)))


class AnswerView(Vertical):
    """What a person gets for a question."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer

    def compose(self) -> ComposeResult:
        for text, tone in spoken(self.answer):
            yield Said(text, tone)
        if self.answer.unverified:
            yield Said(f"Not found in what was measured: {', '.join(self.answer.unverified)}.", UNKNOWN)
        if self.answer.findings:
            yield Static(styled((f"{problems(self.answer.findings)}:".capitalize(), "title")), markup=False, classes="heading")
        for finding in self.answer.findings:
            yield Fold(_title(finding), partial(_finding, finding))
        reports = [(step.call, step.report) for step in self.answer.steps if step.report is not None]
        if reports:
            yield Static(styled(("All that was measured:", "title")), markup=False, classes="heading")
        for call, report in reports:
            yield Fold(call_line(call), partial(_report, report))


def spoken(answer: Answer) -> Iterator[tuple[str, Tone]]:
    """The answer's paragraphs: what a model wrote, then one for each call; without calls the text as it is; and the notes."""
    if answer.outcome == "clarify":
        yield f"Question back: {answer.answer}", Tone("?", "accent")
        return
    if answer.interrupted:
        yield "Interrupted; this is what is known.", WARN
    if answer.read_as:
        yield answer.read_as, NEUTRAL
    if not answer.steps:
        yield answer.answer, NEUTRAL
        return
    yield from ((line, NEUTRAL) for line in answer.written.splitlines() if line.strip())
    yield from map(outcome, answer.steps)
    yield from ((note, WARN) for note in notes(answer))


def _title(finding: Finding) -> Content:
    tone, word = TONES[finding.severity], finding.severity.upper()
    return styled((f"{tone.mark} {word:<9}", SEVERITY[finding.severity]), (as_text(finding.title, 200), "plain"))


def _finding(finding: Finding, width: int) -> Content:
    return content(_finding_lines(finding, width))


def _finding_lines(finding: Finding, width: int) -> Iterator[Line]:
    yield from paragraph(finding.detail, width)
    rows = [("Evidence", finding.evidence), ("Fix", finding.fix)]
    yield from facts([*rows, *(("See", Span(reference, "dim")) for reference in finding.references)], width, indent=0)


def _report(report: Report, width: int) -> Content:
    return content(lines(report, width=width))
