"""The ladder: backends in the user's order, where the next one goes on when one cannot.

A backend that failed is left alone for a while, longer each time, and asked again by itself. That is kept in the ledger, so
that the next process knows of it too.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import NamedTuple

import msgspec

from netassist.backends.ledger import Fall, Ledger, LedgerError
from netassist.backends.planning import Backend, BackendError, Exchange, Plan, Round
from netassist.toolbox import Tool

FIRST_PAUSE, LONGEST_PAUSE = 30.0, 3600.0
"""Seconds that a backend is left alone after its first failure; twice as long after each further one, up to the longest."""
PATIENT = 10.0
"""Seconds of a Retry-After that are waited for where no other backend can go on."""
_OF_THE_SERVER = frozenset({"connection", "timeout", "rate_limited", "server", "key", "refused", "budget"})
"""Trouble that the next request would meet as well. A model's own (invalid, model) is the request's."""


class Rung(NamedTuple):
    """A backend, and where it is: what of its configuration makes it another one (empty for this machine)."""

    backend: Backend
    place: str = ""


class Ladder:
    """Asks the first backend that can answer.

    Args:
        tell: called with a line for the person, once for each fall.
        pinned: the one backend is asked whatever became of it before.
    """

    def __init__(
        self, rungs: Sequence[Rung], ledger: Ledger, tell: Callable[[str], None] = lambda _: None, *, pinned: bool = False
    ) -> None:
        self.rungs, self.ledger, self.tell, self.pinned = tuple(rungs), ledger, tell, pinned
        self.rounds = max(rung.backend.rounds for rung in rungs)
        self.name = " → ".join(rung.backend.name for rung in rungs)
        self.model = " → ".join(rung.backend.model for rung in rungs)
        self._began: dict[str, tuple[Fall, float]] = {}
        """Falls that this process saw, with the monotonic time of each."""
        self._told: set[tuple[str, float, str]] = set()
        self._leading = 0
        """The rung that planned last: further rounds of a request are its own or a later one's."""

    def start(self) -> None:
        """Let a local model load where it would be asked first."""
        start = getattr(self.rungs[0].backend, "start", None)
        if start is not None:
            start()

    @property
    def writing(self) -> str:
        """What has come so far of an answer that one of them is writing; empty where none does."""
        return next((said for rung in self.rungs if (said := getattr(rung.backend, "writing", ""))), "")

    async def close(self) -> None:
        for rung in self.rungs:
            await rung.backend.close()

    async def plan(
        self,
        request: str,
        earlier: Sequence[Exchange],
        tools: Sequence[Tool],
        inventory: Mapping[str, str],
        so_far: Sequence[Round] = (),
    ) -> Plan:
        """The plan of the first backend that makes one; a person's cancel ends it, whoever was asked.

        A backend that plans everything at once ends a request whose first rounds were another's: nothing is run twice, and the
        answer is what was measured.

        Raises:
            BackendError: none of them can; the error of the last, after what was told of the others.
        """
        rungs = list(enumerate(self.rungs))[self._leading if so_far else 0 :]
        unsure: tuple[int, Plan] | None = None
        troubles: list[BackendError] = []
        waiting = self._waiting([rung for _, rung in rungs])
        for place, (number, rung) in enumerate(rungs):
            backend, later = rung.backend, [other for _, other in rungs[place + 1 :] if other.backend.name not in waiting]
            if (fall := waiting.get(backend.name)) is not None:
                troubles.append(self._still_out(rung, fall, later, bool(so_far)))
                continue
            if so_far and backend.rounds == 1:
                return self._led_by(number, Plan("no_call"))
            try:
                plan = await self._asked(rung, request, earlier, tools, inventory, so_far)
            except BackendError as error:
                troubles.append(error)
                self._fell(rung, error)
                of_the_request = error.kind in ("invalid", "model")
                fall_told = None if of_the_request else (backend.name, self._when(rung), error.kind)
                self._say(fall_told, _what(error), later, bool(so_far))
                continue
            if plan.unsure and later and unsure is None:
                unsure = number, plan
                self._say(None, f"{backend.name} is not sure that it understands this", later, False)
                continue
            return self._led_by(number, plan)
        if unsure is not None:
            return self._led_by(*unsure)
        if so_far:
            return Plan("no_call")
        return await self._once_more(troubles, request, earlier, tools, inventory)

    def _led_by(self, number: int, plan: Plan) -> Plan:
        backend = self.rungs[number].backend
        self._leading, self.name, self.model = number, backend.name, backend.model
        return msgspec.structs.replace(plan, planned_by=plan.planned_by or f"{backend.name}/{backend.model}")

    async def _asked(
        self,
        rung: Rung,
        request: str,
        earlier: Sequence[Exchange],
        tools: Sequence[Tool],
        inventory: Mapping[str, str],
        so_far: Sequence[Round],
    ) -> Plan:
        began = monotonic()
        plan = await rung.backend.plan(request, earlier, tools, inventory, so_far)
        with contextlib.suppress(LedgerError):  # the plan stands; whoever spends something is told by `reserve`
            if not rung.place:
                self.ledger.note(rung.backend.name, monotonic() - began)
            elif self._fall(rung) is not None:
                self.ledger.recovered(rung.backend.name)
                if len(self.rungs) > 1:
                    self.tell(f"{rung.backend.name} answers again")
        self._began.pop(rung.backend.name, None)
        return plan

    async def _once_more(
        self,
        troubles: Sequence[BackendError],
        request: str,
        earlier: Sequence[Exchange],
        tools: Sequence[Tool],
        inventory: Mapping[str, str],
    ) -> Plan:
        """Where a server asked for a moment and nobody else can go on, wait for it."""
        for number, (rung, error) in enumerate(zip(self.rungs, troubles, strict=True)):
            if error.kind == "rate_limited" and error.retry_after is not None and error.retry_after <= PATIENT:
                await asyncio.sleep(error.retry_after)
                return self._led_by(number, await self._asked(rung, request, earlier, tools, inventory, ()))
        raise troubles[-1]

    def _waiting(self, rungs: Sequence[Rung]) -> dict[str, Fall]:
        """The backends to be left alone. Where that is all of them, only those that asked for it."""
        if self.pinned:
            return {}
        found = {rung.backend.name: fall for rung in rungs if (fall := self._fall(rung)) and self._remaining(rung, fall) > 0}
        if len(found) == len(rungs):
            return {name: fall for name, fall in found.items() if fall.kind == "rate_limited"}
        return found

    def _fall(self, rung: Rung) -> Fall | None:
        """How a rung last failed, as it is configured now."""
        if not rung.place:
            return None
        try:
            fall = self.ledger.fall(rung.backend.name)
        except LedgerError:
            fall = self._began[rung.backend.name][0] if rung.backend.name in self._began else None
        return fall if fall is not None and fall.place == rung.place else None

    def _remaining(self, rung: Rung, fall: Fall) -> float:
        """Seconds: of a fall that this process saw, by the clock that nobody can set, and no more than by the wall clock."""
        seen = self._began.get(rung.backend.name)
        if seen is None or seen[0] != fall:
            return fall.remaining(self.ledger.clock())
        by_monotonic = seen[1] + fall.pause - monotonic()
        return by_monotonic if self.ledger.clock() < fall.at else min(by_monotonic, fall.remaining(self.ledger.clock()))

    def _fell(self, rung: Rung, error: BackendError) -> None:
        if not rung.place or error.kind not in _OF_THE_SERVER or error.retry_after == 0:
            return
        before = self._fall(rung)
        times = before.times + 1 if before is not None else 1
        growing = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(times - 1, 30))
        pause = growing if error.retry_after is None else error.retry_after
        fall = Fall(rung.place, self.ledger.clock(), pause, times, error.kind, _what(error))
        self._began[rung.backend.name] = fall, monotonic()
        with contextlib.suppress(LedgerError):  # this process knows; the next one will find out for itself
            self.ledger.fell(rung.backend.name, fall)

    def _when(self, rung: Rung) -> float:
        """What tells one fall of a rung from the next."""
        fall = self._fall(rung)
        return fall.at if fall is not None else 0.0

    def _still_out(self, rung: Rung, fall: Fall, later: Sequence[Rung], measured: bool) -> BackendError:
        seconds = self._remaining(rung, fall)
        what = f"{fall.what}; it is asked again in {duration(seconds)}, or at once after `netassist backends --retry`"
        self._say((rung.backend.name, fall.at, fall.kind), what, later, measured)
        return BackendError(what, fall.kind, seconds)

    def _say(self, fall: tuple[str, float, str] | None, what: str, later: Sequence[Rung], measured: bool) -> None:
        """Tell once of a fall; where nobody goes on, the error itself tells."""
        if fall in self._told or not (later or measured):
            return
        if fall is not None:
            self._told.add(fall)
        goes_on = next((rung.backend for rung in later if not measured or rung.backend.rounds > 1), None)
        self.tell(f"{what}; {f'{goes_on.name} goes on' if goes_on else 'the answer is what has been measured so far'}")


def _what(error: BackendError) -> str:
    return str(getattr(error, "what", error))


def duration(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3 h``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.0f} h"
