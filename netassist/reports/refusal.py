"""The report of a call that was not run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from netassist.observations import Failure, FailureKind, Report, Stopwatch
from netassist.untrusted import as_text

KINDS: Mapping[str, FailureKind] = {
    "out_of_scope": "out_of_scope", "denied": "denied", "unavailable": "missing_program",
}  # fmt: skip
"""Kinds of failure by the rule that refused; the call is invalid by any other."""


class Refusal(Report, frozen=True, kw_only=True, tag="netassist/refusal/1"):
    """A call that was not run. `target` is what it would have touched, empty where it names nothing; `error` says why not."""

    tool: str


def refusal(tool: str, target: str, rule: str, message: str, started: datetime | None = None) -> Refusal:
    """The report of a call that the rule named `rule` refused, now where it is not known when."""
    error = Failure(KINDS.get(rule, "invalid"), message)
    stamp = {"started": started, "duration_s": 0.0} if started else Stopwatch().stamp()
    return Refusal(tool=tool, target=target, status="failed", error=error, **stamp)


class _Call(msgspec.Struct):
    name: str
    arguments: dict[str, object] = {}


class _Step(msgspec.Struct):
    call: _Call
    status: Literal["ok", "partial", "failed", "refused", "unavailable"]
    message: str | None = None
    refusal: str | None = None


def of_step(step: dict[str, object], started: datetime | None) -> Refusal:
    """The refusal that a stored answer's step without a report stands for; raises msgspec.ValidationError."""
    told = msgspec.convert(step, _Step)
    names = ("host", "target", "url", "name", "resource")
    target = next((held for name in names if isinstance(held := told.call.arguments.get(name), str)), "")
    message = as_text(told.message or f"{told.call.name} was not run: {told.status}", 1000)
    return refusal(as_text(told.call.name, 64), as_text(target, 253), told.refusal or told.status, message, started)
