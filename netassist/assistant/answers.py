"""What a person gets for a question: a sentence for each thing measured, the reports behind it, and their findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from netassist.audit.findings import merged
from netassist.backends.planning import Plan
from netassist.observations import Finding, Report, Status
from netassist.reports.text import sentence
from netassist.toolbox import Call, tools
from netassist.untrusted import as_text

StepStatus = Status | Literal["refused", "unavailable"]
Refusal = Literal["invalid", "unavailable", "ungrounded", "out_of_scope", "denied"]
Outcome = Literal["answered", "clarify", "no_call", "failed"]


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

    `unverified` is for text that a model wrote; on this tier all of it comes from findings. `unused` are targets that the request
    names and no call touches. `thought` is what the model thought aloud where it was let (`--thinking on`); nothing was done for
    it.
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
) -> Answer:
    """The answer made of the steps' reports. It is ``failed`` where not one of them measured anything."""
    text = " ".join(sentence(step.report) if step.report is not None else step.message or "" for step in steps)
    measured = any(step.report is not None and step.report.status != "failed" for step in steps)
    if interrupted:
        text = f"Interrupted; this is what is known. {text}"
    if unused:
        text = f"{text} {not_touched(unused)}"
    return Answer(
        request=as_text(request, 2000),
        answer=text,
        outcome="answered" if measured else "failed",
        backend=backend,
        model=model,
        steps=tuple(steps),
        findings=merged([step.report for step in steps if step.report is not None]),
        interrupted=interrupted,
        unused=tuple(unused),
        thought=thought,
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
    )


def not_touched(unused: Sequence[str]) -> str:
    """The sentence about targets that were named and not used."""
    return f"Nothing was run on {', '.join(unused)}, which you named too; ask again if you meant it."


_NOTHING = "I see nothing here that a tool of mine does, so nothing was run. I can use: {tools}."


def _question(inventory: Mapping[str, str]) -> str:
    if inventory:
        return f"Which target do you mean? Name a host, an address or a URL, or one of yours: {', '.join(inventory)}."
    return "Which target do you mean? Name a host, an address, a network or a URL."


def _offered() -> list[str]:
    return [tool.name for tool in tools().values() if tool.implemented]
