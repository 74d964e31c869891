"""Results on stdout, as text or JSON; nothing else goes there."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from netassist.observations import Report

if TYPE_CHECKING:
    import msgspec

    from netassist.assistant.answers import Answer, Step
    from netassist.reports.style import Line


def show(report: Report, format: str) -> None:
    """Print one report."""
    if format == "json":
        show_json(report)
    else:
        from netassist.reports.style import columns
        from netassist.reports.text import lines

        show_lines(lines(report, width=columns(sys.stdout)))


def show_answer(answer: Answer, format: str) -> None:
    """Print an answer: its sentence where nothing was run, else each step's report, and before them what a model wrote."""
    if format == "json":
        show_json(answer)
    elif format == "jsonl":
        from netassist.reports.json import encoded

        _write(encoded(answer).decode() + "\n")
    else:
        show_lines(_answer_lines(answer))


def _answer_lines(answer: Answer) -> Iterator[Line]:
    from netassist.assistant.answers import notes
    from netassist.reports.layout import BAD, BLANK, NEUTRAL, UNKNOWN, WARN, paragraph
    from netassist.reports.style import Span, columns

    width = columns(sys.stdout)
    if answer.thought:
        yield from paragraph(Span(folded(answer.thought), "dim"), width)
        yield BLANK
    if not answer.steps:
        tone = UNKNOWN if answer.outcome == "clarify" else BAD if answer.outcome == "failed" else NEUTRAL
        yield from paragraph(Span(answer.answer, tone.style), width, lead=Span(f"{tone.mark} ", tone.style))
    if answer.interrupted:
        yield from paragraph(Span("Interrupted; this is what is known.", "warn"), width, lead=Span(f"{WARN.mark} ", "warn"))
    if answer.read_as:
        yield from paragraph(Span(answer.read_as, "dim"), width)
        yield BLANK
    if answer.steps and answer.written:
        for text in answer.written.splitlines():
            yield from paragraph(text, width)
        yield BLANK
    if answer.unverified:
        text = f"Not found in what was measured: {', '.join(answer.unverified)}."
        yield from paragraph(Span(text, UNKNOWN.style), width, lead=Span(f"{UNKNOWN.mark} ", UNKNOWN.style))
        yield BLANK
    for number, step in enumerate(answer.steps):
        if number:
            yield BLANK
        yield from _step_lines(step, width)
    if said := list(notes(answer)):
        yield BLANK
        for text in said:
            yield from paragraph(Span(text, "warn"), width, lead=Span(f"{WARN.mark} ", "warn"))


def folded(thought: str) -> str:
    """The line that stands for a thought; it is shown whole in JSON."""
    return f"▸ thought aloud, {len(thought.split()):,} words (-f json shows them)"


def _step_lines(step: Step, width: int) -> Iterable[Line]:
    from netassist.reports.layout import BAD, paragraph
    from netassist.reports.style import Span
    from netassist.reports.text import lines

    called = paragraph(Span(f"▸ {step.call}", "accent"), width)
    if step.report is not None:
        return (*called, *lines(step.report, width=width))
    return (*called, *paragraph(Span(step.message or step.status, BAD.style), width, lead=Span(f"{BAD.mark} ", BAD.style)))


def show_json(result: msgspec.Struct) -> None:
    """Print a result as JSON."""
    from netassist.reports.json import encoded

    _write(encoded(result, pretty=True).decode() + "\n")


def show_lines(lines: Iterable[Line]) -> None:
    """Print lines, in colour where standard output is a terminal."""
    from netassist.reports.style import ansi, wants_colour

    _write(ansi(lines, colour=wants_colour(sys.stdout), encoding=sys.stdout.encoding or "ascii"))


def _write(text: str) -> None:
    """To stdout; that its reader has left (`| head`) does not change what the exit code says of the measurement."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(text)
