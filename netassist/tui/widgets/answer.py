"""An answer: the verdict first, then the findings by severity; what was measured is in the cards above it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from time import monotonic

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static

from netassist.assistant.answers import Answer, notes
from netassist.observations import Finding
from netassist.reports.layout import BLANK, NEUTRAL, UNKNOWN, WARN, Tone, facts, paragraph
from netassist.reports.style import Line, Span
from netassist.reports.text.finding import TONES, problems, where
from netassist.tui.markdown import markdown, recent
from netassist.tui.styled import SEVERITY, chip, content, styled
from netassist.tui.widgets.fitted import Fitted
from netassist.tui.widgets.fold import Fold
from netassist.tui.widgets.progress import outcome
from netassist.untrusted import as_text

CHECKED = Tone("✔", "dim")
STEP, MOST_ROWS, RECENT = 4, 16, 800
"""Lines by which a draft grows and that it has at most, and characters of its end that they are made of: laying the
conversation out costs more than all else, and so what is being written must not make typing slow, however long it gets."""


class Said(Fitted):
    """One paragraph behind its mark."""

    def __init__(self, text: str, tone: Tone) -> None:
        lead = Span(f"{tone.mark} ", tone.style)
        super().__init__(lambda width: content(paragraph(Span(text, tone.style), width, lead=lead)))


class Draft(Vertical):
    """The latest of what a model is writing: nothing in it has been held against what was measured yet."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text, self._again = text, 0.0

    def compose(self) -> ComposeResult:
        yield Static(styled(("✎ ", "warn"), ("being written, not yet checked against what was measured", "warn")), markup=False)
        yield Fitted(self._lines)

    def _lines(self, width: int) -> Content:
        lines = [*markdown(recent(self._text, RECENT), width)]
        shown = lines[-MOST_ROWS:]
        return content([*shown, *[BLANK] * (-len(shown) % STEP)])

    def say(self, text: str) -> None:
        """Show the text so far, which takes a tenth of the time at most."""
        began = monotonic()
        if text != self._text and began >= self._again:
            self._text = text
            self.query_one(Fitted).remake()
            self._again = monotonic() + 9 * (monotonic() - began)


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
        for text, tone in said_before(self.answer):
            yield Said(text, tone)
        if self._choices:
            yield Choices(self._choices)
        if self.answer.written and self.answer.outcome != "clarify":
            yield Fitted(lambda width: content(markdown(self.answer.written, width))).add_class("written")
        if self.answer.unverified:
            yield Said(f"Not found in what was measured: {', '.join(self.answer.unverified)}.", UNKNOWN)
        elif self.answer.written and self.answer.steps:
            yield Said(f"Written by {self.answer.backend}, and checked against what was measured:", CHECKED)
        for text, tone in measured(self.answer):
            yield Said(text, tone)
        if self.answer.findings:
            yield Static(styled((f"{problems(self.answer.findings)}:".capitalize(), "title")), markup=False, classes="heading")
        for finding in self.answer.findings:
            yield Fold(_title(finding), partial(_finding, finding))


def said_before(answer: Answer) -> Iterator[tuple[str, Tone]]:
    """What stands first: a question back, how the request was read, and where nothing was run the text as it is."""
    if answer.outcome == "clarify":
        yield f"Question back: {answer.answer}", Tone("?", "accent")
        return
    if answer.interrupted:
        yield "Interrupted; this is what is known.", WARN
    if answer.read_as:
        yield answer.read_as, NEUTRAL
    if not answer.steps and not answer.written:
        yield answer.answer, NEUTRAL


def measured(answer: Answer) -> Iterator[tuple[str, Tone]]:
    """One verdict for each call, and what is to be said about all of them."""
    if answer.outcome != "clarify":
        yield from map(outcome, answer.steps)
        yield from ((note, WARN) for note in notes(answer))


def _title(finding: Finding) -> Content:
    tone, word = TONES[finding.severity], finding.severity.upper()
    mark = styled((f"{tone.mark} ", SEVERITY[finding.severity]))
    blank = " " * (9 - len(word))
    title = Content(f"{blank}{as_text(finding.title, 200)} ") + styled((where(finding), "dim"))
    return mark + Content.styled(word, chip(finding.severity)) + title


def _finding(finding: Finding, width: int) -> Content:
    return content(_finding_lines(finding, width))


def _finding_lines(finding: Finding, width: int) -> Iterator[Line]:
    yield from paragraph(finding.detail, width)
    rows = [("Evidence", finding.evidence), ("Fix", finding.fix)]
    yield from facts([*rows, *(("See", Span(reference, "dim")) for reference in finding.references)], width, indent=0)
