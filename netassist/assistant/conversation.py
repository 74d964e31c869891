"""The loop: a request is planned, its calls are run and judged, and the reports become an answer, in one round or several."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from netassist.assistant.answers import Answer, answered, reading, unanswered, written_text
from netassist.assistant.approvals import Approvals
from netassist.assistant.consent import Confirm, ask_back, says_no, says_yes
from netassist.assistant.context import Context, unused
from netassist.assistant.events import Event
from netassist.assistant.gate import Approve
from netassist.assistant.journal import Journal
from netassist.assistant.memory import Recalled, Turn
from netassist.assistant.reference import Reference, said_of
from netassist.assistant.rounds import DEFAULT, Around, Limits, Request, Work
from netassist.assistant.running import Runner, Stopped
from netassist.assistant.summaries import MOST, remembered_findings, summaries
from netassist.backends.planning import LONGEST_REQUEST, Backend, BackendError, Plan
from netassist.configuration import Settings, state_folder
from netassist.observations import Report
from netassist.toolbox import Call, Risk

Keep = Callable[[Answer, Recalled], Awaitable[None]]
"""Stores an answer, and what is remembered of its turn."""

_log = logging.getLogger(__name__)


class Interrupted(Exception):
    """The person stopped it before anything had been measured."""


async def nobody(call: Call, risk: Risk) -> bool:
    """The approval where there is nobody to ask: no."""
    return False


class Conversation:
    """Requests and answers that may refer to each other.

    Args:
        tell: called with each event.
        approve: asked before a call whose risk tier demands it.
        approved: what was approved beforehand; tiers alone go with what the user has approved for always.
        confirm: asked before a plan is run of which the backend is unsure.
        limits: of the work for one request.
        keep: given each answer, to be stored.
    """

    def __init__(
        self,
        backend: Backend,
        settings: Settings,
        journal: Journal,
        *,
        tell: Callable[[Event], None] = lambda _: None,
        approve: Approve = nobody,
        approved: frozenset[Risk] | Approvals = frozenset(),
        confirm: Confirm = ask_back,
        limits: Limits = DEFAULT,
        keep: Keep | None = None,
    ) -> None:
        self.backend, self.settings, self.journal = backend, settings, journal
        self.tell, self.confirm, self.limits, self.keep = tell, confirm, limits, keep
        approvals = approved if isinstance(approved, Approvals) else Approvals(approved, state_folder())
        self._runner = Runner(settings, journal, approve, approvals)
        self._interrupted = False
        self.forget()

    async def ask(self, request: str) -> Answer:
        """Answer one request.

        Raises:
            BackendError: no plan could be made; the message says why.
            JournalError: the journal cannot be written, so nothing was run.
            ValueError: the request is empty or too long.
            Interrupted: stopped before the first call.
        """
        if not request.strip():
            raise ValueError('the question is empty; ask for example: netassist ask "is 192.0.2.1 up?"')
        if len(request) > LONGEST_REQUEST:
            raise ValueError(f"the question has {len(request):,} characters; {LONGEST_REQUEST:,} is the most")
        self._interrupted = False
        self._runner.begin(self.tell)
        self.journal.open()
        timer = asyncio.get_running_loop().call_later(self.limits.seconds, self._runner.stop, self.limits.over)
        try:
            return await self._answer(request)
        except Stopped as stopped:
            if self._interrupted:
                raise Interrupted("interrupted; nothing was run") from None
            raise BackendError(f"nothing was run, for {stopped}; allow more", "timeout") from None
        finally:
            timer.cancel()

    def resume(self, turns: Sequence[Recalled]) -> None:
        """Go on after turns of before, as if they had been asked here."""
        for recalled in turns:
            self._context.remember(recalled)
        self._pending = Plan("call", pending) if turns and (pending := turns[-1].turn.pending) else None

    def forget(self) -> None:
        """Begin anew: what was said and measured so far is referred to no more."""
        self._context, self._pending = Context(self.settings.inventory), None

    def interrupt(self) -> None:
        """Stop what is under way: planning is given up, and probes report what they have."""
        self._interrupted = True
        self._runner.stop("interrupted")

    def interrupt_call(self, index: int) -> bool:
        """Stop the call numbered `index` alone; it reports what it has. False where it does not run."""
        return self._runner.stop_call(index)

    async def close(self) -> None:
        await self.backend.close()

    async def _answer(self, request: str) -> Answer:
        offered, self._pending = self._pending, None
        if offered is not None and says_no(request):
            return await self._asked_back(request, Plan("no_call", text="Nothing was run. Put it in other words."))
        if offered is not None and says_yes(request):
            return await self._worked(self._context.grounded(request, Reference(request, request)), offered)
        if offered is None and says_yes(request) and not self._context.asked_back:
            return await self._asked_back(request, Plan("clarify", text="There is no question to say yes to. What shall I do?"))
        reference = self._context.read(request)
        if reference.question:
            return await self._asked_back(request, Plan("clarify", text=reference.question))
        return await self._worked(self._context.grounded(request, reference))

    async def _worked(self, request: Request, agreed: Plan | None = None) -> Answer:
        facts = self.backend, self._runner, self._context.told(), self.settings.inventory, self.confirm, self.limits
        work = Work(request, Around(*facts, self._context.learn), agreed)
        last = await work.done()
        if work.offered is not None:
            return await self._offered(work, work.offered)
        if last is not None and not work.steps:
            plan = msgspec.structs.replace(last, thought=work.thought, usage=work.usage)
            return await self._asked_back(request.said, plan, request.reference.text)
        return await self._measured(work, last)

    async def _measured(self, work: Work, last: Plan | None) -> Answer:
        """The answer out of what was run, and of what the model wrote about it in its last plan."""
        steps, request = work.steps, work.request
        reports = [step.report for step in steps if step.report is not None]
        written, unverified = await self._checked(last.text if last is not None else "", request.reference.text, reports)
        backend, model = self._planner(work.plan)
        answer = answered(
            request.said,
            steps,
            backend,
            model,
            interrupted=self._interrupted,
            unused=unused(request.reference.text, request.named, [step.call for step in steps]),
            thought=work.thought,
            written=written,
            unverified=unverified,
            question=last is not None and last.outcome == "clarify",
            read_as=said_of(request.reference),
            unsure=work.unsure,
            missing=work.missing,
            usage=work.usage,
        )
        kept = [step for step in steps if step.refusal not in ("invalid", "ungrounded")]
        turn = Turn(
            request.reference.text,
            tuple(step.call for step in kept),
            "call" if kept else "no_call",
            (*summaries(kept), *([f"answered: {written[:MOST]}"] if written else ())),
            remembered_findings(reports),
            learned=tuple(sorted(request.learned)),
        )
        await self._remember(answer, turn)
        return answer

    async def _offered(self, work: Work, plan: Plan) -> Answer:
        """What the backend is unsure of, as a question; a yes in the next turn runs it."""
        backend, model = self._planner(plan)
        asked = msgspec.structs.replace(plan, outcome="clarify", text=reading(plan.calls), usage=work.usage)
        answer = unanswered(work.request.said, asked, backend, model, self.settings.inventory)
        answer = msgspec.structs.replace(answer, read_as=said_of(work.request.reference))
        text, learned = work.request.reference.text, tuple(sorted(work.request.learned))
        await self._remember(answer, Turn(text, outcome="clarify", pending=plan.calls, learned=learned))
        self._pending = plan
        return answer

    async def _asked_back(self, said: str, plan: Plan, read: str | None = None) -> Answer:
        """An answer without any measurement: a question back, or what there is to say; the model's own where it was `read`."""
        backend, model = self._planner(plan)
        written, unverified = "", tuple[str, ...]()
        if read is not None and plan.outcome == "no_call":
            written, unverified = await self._checked(plan.text, said, ())
        shown = msgspec.structs.replace(plan, text=written or written_text(plan.text))
        answer = unanswered(said, shown, backend, model, self.settings.inventory)
        answer = msgspec.structs.replace(answer, written=written, unverified=unverified)
        await self._remember(answer, Turn(read if read is not None else said, outcome=plan.outcome))
        return answer

    async def _checked(self, text: str, request: str, reports: Sequence[Report]) -> tuple[str, tuple[str, ...]]:
        """What a model wrote, its facts held against all that this conversation has measured, and those that are not in it."""
        written = written_text(text)
        if not written:
            return "", ()
        from netassist.assistant.checked import checked

        measured = [*self._context.reports(), *(msgspec.to_builtins(report) for report in reports)]
        try:
            found = await asyncio.to_thread(checked, written, measured, f"{self._context.requests()}\n{request}")
        except Exception as error:  # noqa: BLE001 - a mistake of ours in the check must not take the measurements along
            _log.error("%s", written, exc_info=error)
            return written, ("the whole text, for it could not be checked",)
        return found.text, found.unverified

    def _planner(self, plan: Plan | None) -> tuple[str, str]:
        backend, _, model = plan.planned_by.partition("/") if plan is not None else ("", "", "")
        return (backend, model) if backend else (self.backend.name, self.backend.model)

    async def _remember(self, answer: Answer, turn: Turn) -> None:
        recalled = Recalled(turn, tuple(msgspec.to_builtins(report) for report in answer.reports))
        self._context.remember(recalled)
        if self.keep is not None:
            await self.keep(answer, recalled)
