"""One question with all that follows it: the calls as they run, then the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from netassist.assistant.answers import Answer
from netassist.assistant.events import Event, Finished, Moved, Planned, Started
from netassist.reports.layout import BAD, WARN, Tone
from netassist.tui.styled import styled
from netassist.tui.widgets.answer import AnswerView, Draft, Said
from netassist.tui.widgets.progress import FRAMES_A_SECOND, CallProgress, Deciding
from netassist.untrusted import as_text


class Turn(Vertical):
    """Listens to the events of one request.

    Args:
        stop: cancels the call of a number, and says whether it ran.
        writing: what a model has written so far of an answer.
    """

    def __init__(
        self, question: str, stop: Callable[[int], bool] = lambda _: False, writing: Callable[[], str] = lambda: ""
    ) -> None:
        super().__init__()
        self.question, self._stop, self._writing = question, stop, writing
        self.draft: Draft | None = None
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
                first = len(self.calls)
                planned = [CallProgress(call, self.question, partial(self._stop, first + n)) for n, call in enumerate(calls)]
                self.calls += planned
                self.query_one(Deciding).display = False
                self._end_draft()
                self.mount(*planned)
            case Started(index, call):
                self.calls[index].start(call)
            case Moved(index, progress):
                self.calls[index].move(progress)
            case Finished(index, step):
                self.calls[index].over(step)

    def note(self, text: str) -> None:
        """Show one line between the calls, of what happened to the backends, say."""
        if self.is_attached:
            self.mount(Said(text, WARN))

    async def conclude(self, answer: Answer, choices: Sequence[str] = ()) -> None:
        await self._end(AnswerView(answer, choices))
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
            self._end_draft()
            await self.mount(last)

    def _tick(self) -> None:
        if (deciding := self.query_one(Deciding)).display:
            deciding.refresh()
        for call in self.calls:
            if call.running:
                call.tick()
        if not (said := self._writing()):
            return
        if self.draft is not None:
            self.draft.say(said)
        else:
            self.query_one(Deciding).display = False
            self.draft = Draft(said)
            self.mount(self.draft)

    def _end_draft(self) -> None:
        if self.draft is not None:
            self.draft.remove()
            self.draft = None
