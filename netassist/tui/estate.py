"""What has been measured in all sessions, read back: every report with the question that brought it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from netassist.observations import Report
from netassist.reports.stored import BadResults, read

if TYPE_CHECKING:
    from netassist.assistant.sessions import Sessions

MOST = 400
"""Answers that are read back, the latest."""


class Held(NamedTuple):
    """A stored report, and where it comes from: an answer of a session by its number, and what was asked."""

    report: Report
    session: str
    request: str
    number: int = 0


class Estate(NamedTuple):
    """`held`, the latest first; `unreadable` counts answers of which nothing could be read."""

    held: tuple[Held, ...] = ()
    unreadable: int = 0

    @property
    def reports(self) -> list[Report]:
        return [each.report for each in self.held]

    def session_of(self, report: Report) -> str:
        """The session in which a report was stored; empty where it is a part of another."""
        return next((each.session for each in self.held if each.report is report), "")


def estate(sessions: Sessions, most: int = MOST) -> Estate:
    """Read the latest answers. Raises SessionError."""
    held: list[Held] = []
    unreadable = 0
    if not sessions.path.exists():
        return Estate()
    for exchange in sessions.search("", most):
        if exchange.outcome not in ("answered", "clarify", "failed"):
            continue
        try:
            reports: Sequence[Report] = read(exchange.answer.encode(), f"session {exchange.session}")
        except BadResults as problem:
            unreadable += "holds no result" not in str(problem)
            continue
        held += [Held(report, exchange.session, exchange.request, exchange.number) for report in reports]
    return Estate(tuple(held), unreadable)
