"""What a person gets for a question: a sentence for each thing measured, the reports behind it, and their findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from netassist.audit.findings import merged
from netassist.backends.planning import Plan, Usage
from netassist.observations import Finding, Report, Status
from netassist.reports.text import sentence
from netassist.reports.words import listed
from netassist.toolbox import Call, tools
from netassist.untrusted import as_lines, as_text

StepStatus = Status | Literal["refused", "unavailable"]
Refusal = Literal["invalid", "unavailable", "ungrounded", "out_of_scope", "denied"]
Outcome = Literal["answered", "clarify", "no_call", "failed"]
MOST_WRITTEN = 16_000
"""Characters that are kept of a text that a model wrote."""


class Step(msgspec.Struct, frozen=True):
    """One planned call and what came of it.

    `message` says why it failed, was refused, or is not there; `refusal` which rule refused it.
    """

    call: Call
    status: StepStatus
    duration_s: float = 0.0
    message: str | None = None
    report: Report | None = None
    refusal: Refusal | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag_field="schema", tag="netassist/answer/1"):
    """The answer to one request.

    Args:
        answer: what the model wrote where it wrote something, else the sentences of the reports.
        written: what the model wrote, with the facts marked that were not measured; empty where the answer is made of findings.
        unverified: facts in `written` that were not measured.
        unused: targets that the request names and no call touches.
        thought: what the model thought aloud where it was let (`--thinking on`); nothing was done for it.
        read_as: the request with what it points at written out ("the ones with port 443 open"); empty where it points at nothing.
        unsure: the plan was below what calibration found reliable, and nobody was asked.
        missing: what is not there and why, where a limit was reached.
        usage: tokens of all plans, where the backend counts them.
        session: where it is kept; empty where it is not.
    """

    request: str
    answer: str
    outcome: Outcome
    backend: str
    model: str
    steps: tuple[Step, ...] = ()
    findings: tuple[Finding, ...] = ()
    unverified: tuple[str, ...] = ()
    interrupted: bool = False
    unused: tuple[str, ...] = ()
    thought: str = ""
    written: str = ""
    read_as: str = ""
    unsure: bool = False
    missing: tuple[str, ...] = ()
    usage: Usage | None = None
    session: str = ""

    @property
    def reports(self) -> tuple[Report, ...]:
        return tuple(step.report for step in self.steps if step.report is not None)


def answered(
    request: str,
    steps: Sequence[Step],
    backend: str,
    model: str,
    *,
    interrupted: bool = False,
    unused: Sequence[str] = (),
    thought: str = "",
    written: str = "",
    unverified: Sequence[str] = (),
    question: bool = False,
    read_as: str = "",
    unsure: bool = False,
    missing: Sequence[str] = (),
    usage: Usage | None = None,
) -> Answer:
    """The answer made of the steps' reports, and of what a model `written` about them, which is a question back with `question`.

    It is ``failed`` where not one of them measured anything.
    """
    text = written or " ".join(sentence(step.report) if step.report is not None else step.message or "" for step in steps)
    measured = any(step.report is not None and step.report.status != "failed" for step in steps)
    if interrupted:
        text = f"Interrupted; this is what is known. {text}"
    said = [text, *([UNSURE] if unsure else ()), *([not_touched(unused)] if unused else ()), *map(is_missing, missing)]
    return Answer(
        request=as_text(request, 2000),
        answer=" ".join(said),
        outcome="clarify" if question else "answered" if measured else "failed",
        backend=backend,
        model=model,
        steps=tuple(steps),
        findings=merged([step.report for step in steps if step.report is not None]),
        unverified=tuple(unverified),
        interrupted=interrupted,
        unused=tuple(unused),
        thought=thought,
        written=written,
        read_as=read_as,
        unsure=unsure,
        missing=tuple(missing),
        usage=usage,
    )


def unanswered(request: str, plan: Plan, backend: str, model: str, inventory: Mapping[str, str]) -> Answer:
    """A question back, or that no tool serves the request."""
    clarify = plan.outcome == "clarify"
    text = plan.text or (_question(inventory) if clarify else _NOTHING.format(tools=", ".join(_offered())))
    return Answer(
        request=as_text(request, 2000),
        answer=text,
        outcome="clarify" if clarify else "no_call",
        backend=backend,
        model=model,
        thought=plan.thought,
        usage=plan.usage,
    )


def reading(calls: Sequence[Call]) -> str:
    """The question whether these calls are what was meant."""
    return f"{as_read(calls)} Say yes, or put it in other words."


def as_read(calls: Sequence[Call]) -> str:
    """The sentence that tells what a request was taken for."""
    return f"I read this as {listed([_plainly(call) for call in calls], 4)}."


def not_touched(unused: Sequence[str]) -> str:
    """The sentence about targets that were named and not used."""
    return f"Nothing was run on {', '.join(unused)}, which you named too; ask again if you meant it."


def notes(answer: Answer) -> Iterator[str]:
    """What stands below the reports: what was not touched, is missing, or was not sure."""
    if answer.unused:
        yield not_touched(answer.unused)
    if answer.unsure:
        yield UNSURE
    yield from map(is_missing, answer.missing)


UNSURE = "I was not sure that this is what you meant; put it in other words if it is not."
_NOTHING = "I see nothing here that a tool of mine does, so nothing was run. I can use: {tools}."


def written_text(text: str) -> str:
    """What a model wrote, line by line fit to be shown: it may repeat what it read on the network."""
    return as_lines(text, MOST_WRITTEN)


def _plainly(call: Call) -> str:
    return " ".join([call.name, *(f"{name}={as_text(str(value), 200)}" for name, value in call.arguments.items())])


def is_missing(text: str) -> str:
    """The sentence that tells what is missing."""
    return f"Missing: {text}."


def _question(inventory: Mapping[str, str]) -> str:
    if inventory:
        return f"Which target do you mean? Name a host, an address or a URL, or one of yours: {', '.join(inventory)}."
    return "Which target do you mean? Name a host, an address, a network or a URL."


def _offered() -> list[str]:
    return [tool.name for tool in tools().values() if tool.implemented]
