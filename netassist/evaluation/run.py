"""The cases of a benchmark, one after the other: progress, a stop at any time, and failures that are told from wrong answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Protocol, TypeVar

from netassist.backends.planning import BackendError
from netassist.evaluation.record import Answered, Record
from netassist.llama.client import ModelError
from netassist.network import Progress

_FOR_ALL = ("model", "engine")
"""Problems of the model itself: the next case would meet them too."""


class Case(Protocol):
    @property
    def id(self) -> str: ...


_Case = TypeVar("_Case", bound=Case)
_Row = TypeVar("_Row", bound=Answered)


class Run:
    """One evaluation under way. `tell` hears how far it is."""

    def __init__(self, tell: Callable[[Progress], None]) -> None:
        self.interrupted = False
        self._tell = tell
        self._drop: Callable[[], object] | None = None

    def interrupt(self) -> None:
        """Ask no more, and drop the answer that is under way."""
        self.interrupted = True
        if self._drop is not None:
            self._drop()

    async def over(
        self,
        cases: Sequence[_Case],
        record: Record[_Row],
        ask: Callable[[_Case], Awaitable[_Row]],
        failed: Callable[[_Case, str], _Row],
    ) -> None:
        """Ask each case that `record` has no answer to yet, and keep what comes.

        Raises:
            BackendError: the model cannot be used at all.
        """
        done = record.done
        waiting = [case for case in cases if case.id not in done]
        started = monotonic()
        for number, case in enumerate(waiting):
            if self.interrupted:
                return
            self._tell(_progress(number, len(waiting), len(cases), monotonic() - started))
            answering = asyncio.ensure_future(_answer(case, ask, failed))
            self._drop = answering.cancel
            try:
                record.keep(await answering)
            except asyncio.CancelledError:
                if not self.interrupted:
                    raise
            finally:
                self._drop = None


async def _answer(case: _Case, ask: Callable[[_Case], Awaitable[_Row]], failed: Callable[[_Case, str], _Row]) -> _Row:
    try:
        return await ask(case)
    except BackendError as error:
        if isinstance(error.__cause__, ModelError) and error.__cause__.problem in _FOR_ALL:
            raise
        return failed(case, str(error))


def _progress(number: int, waiting: int, cases: int, elapsed: float) -> Progress:
    done = cases - waiting + number
    left = f", about {_duration(elapsed / number * (waiting - number))} left" if number else ""
    return Progress(f"{done} of {cases} cases{left}", done / cases)


def _duration(seconds: float) -> str:
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if minutes < 120 else f"{hours} h"
