"""One question with all that follows it: the calls as they run, then the answer."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from netassist.assistant.answers import Answer
from netassist.assistant.events import Event, Finished, Moved, Planned, Started
from netassist.reports.layout import BAD, WARN, Tone
from netassist.tui.styled import styled
from netassist.tui.widgets.answer import AnswerView, Said
from netassist.tui.widgets.progress import FRAMES_A_SECOND, CallProgress, Deciding
from netassist.untrusted import as_text


class Turn(Vertical):
    """Listens to the events of one request."""

    def __init__(self, question: str) -> None:
        super().__init__()
        self.question = question
        self.calls: list[CallProgress] = []
        self.over = False

    def compose(self) -> ComposeResult:
        yield Static(styled(("❯ ", "accent"), (as_text(self.question, 2000), "title")), markup=False, classes="question")
        yield Deciding()

    def on_mount(self) -> None:
        self._clock = self.set_interval(1 / FRAMES_A_SECOND, self._tick)

    def hear(self, event: Event) -> None:
        """Show one event; nothing where the view has been cleared meanwhile."""
        if not self.is_attached:
            return
        match event:
            case Planned(calls):
                planned = [CallProgress(call) for call in calls]
                self.calls += planned
                self.query_one(Deciding).display = False
                self.mount(*planned)
            case Started(index, _):
                self.calls[index].start()
            case Moved(index, progress):
                self.calls[index].move(progress)
            case Finished(index, step):
                self.calls[index].over(step)

    def note(self, text: str) -> None:
        """Show one line between the calls, of what happened to the backends, say."""
        if self.is_attached:
            self.mount(Said(text, WARN))

    async def conclude(self, answer: Answer) -> None:
        await self._end(AnswerView(answer))
        for call in self.calls:
            call.settle()

    async def fail(self, message: str, tone: Tone = BAD) -> None:
        """End without an answer; `message` is one line for a person."""
        await self._end(Said(message, tone))

    async def _end(self, last: AnswerView | Said) -> None:
        self.over = True
        if self.is_attached:
            self._clock.stop()
            self.query_one(Deciding).display = False
            await self.mount(last)

    def _tick(self) -> None:
        self.query_one(Deciding).refresh()
        for call in self.calls:
            if call.running:
                call.refresh()
