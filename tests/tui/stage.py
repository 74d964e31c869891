"""The app on a stage: opened without a terminal, its plans written by the test, its calls real."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path

from rich.segment import Segment
from textual.pilot import Pilot
from textual.widget import Widget

from netassist.assistant.journal import Journal
from netassist.backends.planning import Backend, BackendError, Exchange, Plan, Round
from netassist.configuration import Settings
from netassist.toolbox import Call, Risk, Tool, Value
from netassist.tui.app import NetAssistApp
from netassist.tui.widgets.fitted import Fitted
from netassist.tui.widgets.prompt import Prompt

PATIENCE = 60.0
"""Seconds after which a test gives up waiting."""


def call(name: str, **arguments: Value) -> Plan:
    """A plan of one call."""
    return Plan("call", (Call(name, arguments),))


def together(*plans: Plan) -> Plan:
    """One plan of the calls of several."""
    return Plan("call", tuple(call for plan in plans for call in plan.calls))


class Planned:
    """Answers each request with the next of `plans`; an error among them is raised, and for None it is waited in vain."""

    name, model = "testllm", "by hand"

    def __init__(self, *plans: Plan | Exception | None) -> None:
        self._plans = list(plans)
        self.asked: list[str] = []
        self.closed = False

    rounds = 1

    async def plan(
        self,
        request: str,
        earlier: Sequence[Exchange],
        tools: Sequence[Tool],
        inventory: Mapping[str, str],
        so_far: Sequence[Round] = (),
    ) -> Plan:
        self.asked.append(request)
        plan = self._plans.pop(0) if self._plans else BackendError("the test has no further plan")
        if plan is None:
            await asyncio.Event().wait()
        if not isinstance(plan, Plan):
            raise plan or BackendError("nothing comes after waiting in vain")
        return plan

    async def close(self) -> None:
        self.closed = True


class Stage:
    """The open app, and what a person does and sees."""

    def __init__(self, app: NetAssistApp, pilot: Pilot[None], backend: Planned) -> None:
        self.app, self.pilot, self.backend = app, pilot, backend

    @property
    def prompt(self) -> Prompt:
        return self.app.screen_stack[0].query_one(Prompt)

    async def begin(self, question: str) -> None:
        """Ask, and do not wait for the answer."""
        self.prompt.value = question
        await self.pilot.press("enter")
        await self.pilot.pause()

    async def ask(self, question: str) -> str:
        """Ask, wait for the answer, and read the screen."""
        await self.begin(question)
        await self.until(lambda: not self.app.busy)
        return self.read()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to become true, then for the screen to show it."""
        async with asyncio.timeout(PATIENCE):
            while not condition() or not all(each.made for each in self._leaves() if isinstance(each, Fitted)):
                await self.pilot.pause(0.01)
        await self.pilot.pause()
        await self.pilot.pause()

    def read(self) -> str:
        """All text of the screen that lies on top, scrolled out of sight or not."""
        rows = (line for widget in self._leaves() for line in lines(widget))
        return "\n".join("".join(segment.text for segment in row).rstrip() for row in rows)

    def segments(self) -> Iterator[Segment]:
        """Every run of text on top with its style."""
        for widget in self._leaves():
            for line in lines(widget):
                yield from line

    def _leaves(self) -> Iterator[Widget]:
        for widget in self.app.screen.query("*"):
            if not widget.children and all(isinstance(node, Widget) and node.display for node in widget.ancestors_with_self[:-1]):
                yield widget


def lines(widget: Widget) -> Iterator[list[Segment]]:
    for strip in widget.render_lines(widget.outer_size.region):
        yield [segment for segment in strip if not segment.control]


@contextlib.asynccontextmanager
async def opened(
    folder: Path,
    *plans: Plan | Exception | None,
    size: tuple[int, int] = (100, 40),
    settings: Settings | None = None,
    approved: frozenset[Risk] = frozenset(),
    backend: Backend | None = None,
    keep: bool = False,
) -> AsyncIterator[Stage]:
    """The app in a terminal of `size`, its journal in `folder`, with `keep` its sessions too; `backend` plans, or the test."""
    planned = Planned(*plans)
    app = NetAssistApp(settings or Settings(), backend or planned, Journal(folder), approved, folder=folder if keep else None)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Stage(app, pilot, planned)
