"""One planned call: what it is, how far it is, and what came of it."""

from __future__ import annotations

from time import monotonic

from textual.content import Content
from textual.widget import Widget

from netassist.assistant.answers import Step, StepStatus
from netassist.network import Progress
from netassist.reports.layout import Tone
from netassist.reports.style import Style
from netassist.reports.text import verdict
from netassist.reports.words import duration
from netassist.toolbox import Call
from netassist.tui.styled import bar, call_line, styled
from netassist.untrusted import as_text

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FRAMES_A_SECOND = 8

OVER: dict[StepStatus, tuple[str, str, Style]] = {
    "ok": ("✔", "done", "good"),
    "partial": ("!", "done in part", "warn"),
    "failed": ("✘", "failed", "bad"),
    "refused": ("✘", "refused, not run", "bad"),
    "unavailable": ("✘", "not there yet, not run", "warn"),
}
"""The mark, the word and the style of a call that is over."""


def spinner() -> str:
    return FRAMES[int(monotonic() * FRAMES_A_SECOND) % len(FRAMES)]


class Deciding(Widget):
    """The time before the calls are known."""

    def render(self) -> Content:
        return styled((f"{spinner()} ", "accent"), ("deciding what to measure", "dim"))


class CallProgress(Widget):
    """One call; `over` ends it, `settle` leaves its verdict to the answer below."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self.call = call
        self._began: float | None = None
        self._progress: Progress | None = None
        self._step: Step | None = None
        self._settled = False

    @property
    def running(self) -> bool:
        return self._began is not None and self._step is None

    def start(self) -> None:
        self._began = monotonic()
        self.refresh(layout=True)

    def move(self, progress: Progress) -> None:
        self._progress = progress
        self.refresh(layout=True)

    def over(self, step: Step) -> None:
        self._step = step
        self.refresh(layout=True)

    def settle(self) -> None:
        self._settled = True
        self.refresh(layout=True)

    def render(self) -> Content:
        if self._step is not None:
            return self._over(self._step)
        if self._began is None:
            return styled(("· ", "dim")) + call_line(self.call) + styled(("  waits", "dim"))
        elapsed = styled((f"  {int(monotonic() - self._began)} s", "dim"))
        head = styled((f"{spinner()} ", "accent")) + call_line(self.call) + elapsed
        if self._progress is None:
            return head
        doing = [head, styled((f"  {as_text(self._progress.text, 200)}", "plain"))]
        if self._progress.fraction is not None:
            doing.append(Content("  ") + bar(self._progress.fraction))
        return Content("\n").join(doing)

    def _over(self, step: Step) -> Content:
        mark, word, style = OVER[step.status]
        took = f" in {duration(step.duration_s)}" if step.duration_s else ""
        head = styled((f"{mark} ", style)) + call_line(step.call) + styled((f"  {word}{took}", style))
        if self._settled:
            return head
        text, tone = outcome(step)
        return Content("\n").join([head, styled((f"  {text}", tone.style))])


def outcome(step: Step) -> tuple[str, Tone]:
    """What came of a call in one sentence, and how good news it is."""
    if step.report is not None:
        return verdict(step.report)
    mark, word, style = OVER[step.status]
    return as_text(step.message or word, 2000), Tone(mark, style)
