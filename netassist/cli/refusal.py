"""What `run -f json` prints where nothing was run: a report, as for a call that was."""

from __future__ import annotations

from collections.abc import Mapping

from netassist.observations import Failure, FailureKind, Report, Stopwatch

KINDS: Mapping[str, FailureKind] = {"out_of_scope": "out_of_scope", "denied": "denied"}
"""Kinds of failure by the rule that refused; the call is invalid by any other."""


class Refusal(Report, frozen=True, kw_only=True, tag="netassist/refusal/1"):
    """A call that was not run. `target` is what it would have touched, empty where it names nothing; `error` says why not."""

    tool: str


def refusal(tool: str, target: str, rule: str, message: str) -> Refusal:
    """The report of a call that the rule named `rule` refused."""
    error = Failure(KINDS.get(rule, "invalid"), message)
    return Refusal(tool=tool, target=target, status="failed", error=error, **Stopwatch().stamp())
