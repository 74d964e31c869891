"""An answer: the verdict first, then the findings by severity; what was measured is in the cards above it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static

from netassist.assistant.answers import Answer, notes
from netassist.observations import Finding
from netassist.reports.layout import NEUTRAL, UNKNOWN, WARN, Tone, facts, paragraph
from netassist.reports.style import Line, Span
from netassist.reports.text.finding import TONES, problems
from netassist.tui.styled import SEVERITY, chip, content, styled
from netassist.tui.widgets.fitted import Fitted
from netassist.tui.widgets.fold import Fold
from netassist.tui.widgets.progress import outcome
from netassist.untrusted import as_text


class Said(Fitted):
    """One paragraph behind its mark."""

    def __init__(self, text: str, tone: Tone) -> None:
        lead = Span(f"{tone.mark} ", tone.style)
        super().__init__(lambda width: content(paragraph(Span(text, tone.style), width, lead=lead)))


class Choices(Horizontal):
    """Answers to a question back that can be picked; typing another is as good."""

    class Picked(Message):
        """The person has picked this answer."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, offered: Sequence[str]) -> None:
        super().__init__()
        self._offered = tuple(offered)

    def compose(self) -> ComposeResult:
        for number, text in enumerate(self._offered):
            yield Button(Content(as_text(text, 40)), id=f"choice-{number}", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Picked(self._offered[int((event.button.id or "choice-0").rpartition("-")[2])]))


class AnswerView(Vertical):
    """What a person gets for a question; `choices` are what a question back can be answered with."""

    def __init__(self, answer: Answer, choices: Sequence[str] = ()) -> None:
        super().__init__()
        self.answer, self._choices = answer, choices

    def compose(self) -> ComposeResult:
        for text, tone in spoken(self.answer):
            yield Said(text, tone)
        if self._choices:
            yield Choices(self._choices)
        if self.answer.unverified:
            yield Said(f"Not found in what was measured: {', '.join(self.answer.unverified)}.", UNKNOWN)
        if self.answer.findings:
            yield Static(styled((f"{problems(self.answer.findings)}:".capitalize(), "title")), markup=False, classes="heading")
        for finding in self.answer.findings:
            yield Fold(_title(finding), partial(_finding, finding))


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
    mark = styled((f"{tone.mark} ", SEVERITY[finding.severity]))
    blank = " " * (9 - len(word))
    return mark + Content.styled(word, chip(finding.severity)) + Content(f"{blank}{as_text(finding.title, 200)}")


def _finding(finding: Finding, width: int) -> Content:
    return content(_finding_lines(finding, width))


def _finding_lines(finding: Finding, width: int) -> Iterator[Line]:
    yield from paragraph(finding.detail, width)
    rows = [("Evidence", finding.evidence), ("Fix", finding.fix)]
    yield from facts([*rows, *(("See", Span(reference, "dim")) for reference in finding.references)], width, indent=0)
