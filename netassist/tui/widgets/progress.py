"""One planned call as a card: what it is and why, how far it is, what came of it; unfolded, the command and the whole result."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from time import monotonic

from textual.content import Content
from textual.widget import Widget

from netassist.assistant.answers import Step, StepStatus
from netassist.network import Progress
from netassist.observations import SEVERITIES, Report
from netassist.reports.layout import BLANK, Tone, facts, paragraph
from netassist.reports.style import Line, Span, Style
from netassist.reports.text import lines, verdict
from netassist.reports.text.nmap import command_line
from netassist.reports.words import duration
from netassist.toolbox import Call, tools
from netassist.tui.styled import bar, call_line, chip, content, styled
from netassist.tui.widgets.fold import Fold
from netassist.untrusted import as_text

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FRAMES_A_SECOND = 8
MOST_LOGGED = 200
"""Steps of a call that its card remembers, the latest."""

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


class CallProgress(Fold):
    """One call; `over` ends it, `settle` leaves its verdict to the answer below. `stop` is called when the person cancels it."""

    def __init__(self, call: Call, why: str = "", stop: Callable[[], bool] = lambda: False) -> None:
        super().__init__(Content(""), self._body)
        self.call, self.why, self._stop = call, why, stop
        self._began: float | None = None
        self._progress: Progress | None = None
        self._log: deque[str] = deque(maxlen=MOST_LOGGED)
        self._step: Step | None = None
        self._settled = False
        self.title = self._title()

    @property
    def running(self) -> bool:  # type: ignore[override]
        return self._began is not None and self._step is None

    @property
    def command(self) -> str:  # type: ignore[override]
        """What was run, or what runs the same on the command line while it is not over."""
        return commands(self.call, self._step)[0]

    @property
    def report(self) -> Report | None:
        return self._step.report if self._step is not None else None

    def start(self, call: Call) -> None:
        """It has begun, as the person has edited it where he did."""
        self.call = call
        self._began = monotonic()
        self.tick()

    def move(self, progress: Progress) -> None:
        """How far it is; shown with the next tick, for some calls tell a thousand times a second."""
        self._progress = progress
        if not self._log or self._log[-1] != progress.text:
            self._log.append(progress.text)

    def over(self, step: Step) -> None:
        self._step = step
        self.tick()

    def settle(self) -> None:
        self._settled = True
        self.tick()

    def cancel(self) -> None:
        if self.running and self._stop():
            self._log.append("cancelled; it hands in what it has")

    def tick(self) -> None:
        """Show how it is now."""
        self.title = self._title()
        if self.is_mounted:
            self.say_title()
            if self.unfolded:
                from netassist.tui.widgets.fitted import Fitted

                self.query_one(Fitted).remake()

    def _title(self) -> Content:
        if self._step is not None:
            return self._over(self._step)
        if self._began is None:
            return styled(("· ", "dim")) + call_line(self.call) + styled(("  waits", "dim"))
        elapsed = styled((f"  {int(monotonic() - self._began)} s", "dim"))
        head = styled((f"{spinner()} ", "accent")) + call_line(self.call) + elapsed
        if self._progress is None:
            return head
        doing = [head, styled((f"    {as_text(self._progress.text, 200)}", "plain"))]
        if self._progress.fraction is not None:
            doing.append(Content("    ") + bar(self._progress.fraction) + styled((self._left(self._progress.fraction), "dim")))
        return Content("\n").join(doing)

    def _left(self, fraction: float) -> str:
        """About how long it goes on at the pace so far; nothing while that is only a guess."""
        spent = monotonic() - self._began if self._began is not None else 0.0
        left = round(spent / fraction - spent) if 0.05 < fraction < 1 and spent > 3 else 0
        return f"  about {duration(left)} left" if left else ""

    def _over(self, step: Step) -> Content:
        mark, word, style = OVER[step.status]
        took = f" in {duration(step.duration_s)}" if step.duration_s else ""
        head = styled((f"{mark} ", style)) + call_line(step.call) + styled((f"  {word}{took}", style)) + _chips(step.report)
        if self._settled:
            return head
        text, tone = outcome(step)
        return Content("\n").join([head, styled((f"    {text}", tone.style))])

    def _body(self, width: int) -> Content:
        return content(_unfolded(self.call, self.why, self._step, self._log, width))


def _chips(report: Report | None) -> Content:
    """How many findings of each severity a report has."""
    made = Content("")
    for severity in SEVERITIES[:-1]:
        number = sum(finding.severity == severity for finding in report.findings) if report is not None else 0
        if number:
            made += Content.assemble("  ", (f"\u00a0{number}\u00a0{severity}\u00a0", chip(severity)))  # not to be broken
    return made


def _unfolded(call: Call, why: str, step: Step | None, log: Sequence[str], width: int) -> Iterator[Line]:
    tool = tools().get(call.name)
    yield from facts([("Why", why), ("What", tool.description if tool else "")], width, indent=0)
    if step is not None and step.report is not None:
        yield BLANK
        yield from lines(step.report, width=width)
    elif step is not None:
        yield from facts([("Outcome", step.message or step.status)], width, indent=0)
    else:
        for text in [*log][-12:]:
            yield from paragraph(Span(as_text(text, 300), "dim"), width, lead=Span("  ", "dim"))
    yield BLANK
    yield from facts([("Command", command_line(command)) for command in _commands(call, step)], width, indent=0)


def commands(call: Call, step: Step | None) -> list[str]:
    """The programs that were run, word for word; and how to run the same on the command line."""
    return [shlex.join(command) for command in _commands(call, step)]


def _commands(call: Call, step: Step | None) -> list[Sequence[str]]:
    again = ["netassist", "run", call.name, *(f"{key}={value}" for key, value in call.arguments.items())]
    run = list(_run(step.report)) if step is not None and step.report is not None else []
    return [*run, again]


def _run(report: Report) -> Iterator[Sequence[str]]:
    if command := getattr(report, "command", ()):
        yield command
    for host in getattr(report, "hosts", ()):
        for inner in getattr(host, "reports", ()):
            yield from _run(inner)


def outcome(step: Step) -> tuple[str, Tone]:
    """What came of a call in one sentence, and how good news it is."""
    if step.report is not None:
        return verdict(step.report)
    mark, word, style = OVER[step.status]
    return as_text(step.message or word, 2000), Tone(mark, style)
