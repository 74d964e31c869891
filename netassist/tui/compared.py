"""Two runs side by side: what is new, what is gone, what has stayed, and what only one of them looked at. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Literal, NamedTuple

from netassist.observations import SEVERITIES, Report
from netassist.reports.located import Key, Located, Look, located, look_of, parts, probe_of
from netassist.tui.estate import Held

Difference = Literal["new", "gone", "unchanged", "not run before", "not run now"]
DIFFERENCES: tuple[Difference, ...] = ("new", "gone", "unchanged", "not run before", "not run now")
AUDIT = "audit"
"""The probe whose runs look at all of a host."""


class Run(NamedTuple):
    """What one question measured; `looks` are its checks, each with its place, `whole` those that came to their end."""

    id: str
    request: str
    started: datetime
    reports: tuple[Report, ...]
    looks: frozenset[Look]
    whole: frozenset[Look]

    @property
    def hosts(self) -> list[str]:
        return sorted({host for _, host, _ in self.looks})


class Compared(NamedTuple):
    """A finding of one of the two runs or of both. `not run before` and `not run now`: the other run did not look there.

    `since` is when it was first there as far as is known; of what only the earlier run has, when that run began.
    """

    located: Located
    difference: Difference
    since: datetime


def runs_of(held: Iterable[Held]) -> list[Run]:
    """The runs that measured something, the latest first."""
    by_answer: dict[str, list[Held]] = {}
    for each in held:
        by_answer.setdefault(f"{each.session} {each.number}", []).append(each)
    made = [_run(id, some) for id, some in by_answer.items()]
    return sorted((run for run in made if run.looks), key=lambda run: run.started, reverse=True)


def earlier(run: Run, runs: Sequence[Run]) -> list[Run]:
    """Those runs before it that looked at one of its places in the same way."""
    return [other for other in runs if other.started < run.started and other.looks & run.looks]


def compared(before: Run, after: Run, known: Mapping[Key, datetime] = MappingProxyType({})) -> list[Compared]:
    """Every finding of both, what is new first, the worst first within each; `known` tells since when one has been there."""
    then, now = _found(before), _found(after)
    told = []
    for key, each in now.items():
        began = min(before.started, known.get(key, before.started)) if key in then else after.started
        told.append(Compared(each, _new(each, key in then, before, after), began))
    told += [Compared(each, _gone(each, before, after), before.started) for key, each in then.items() if key not in now]
    told.sort(key=lambda each: (SEVERITIES.index(each.located.finding.severity), str(each.located.place)))
    return sorted(told, key=lambda each: DIFFERENCES.index(each.difference))


def _new(each: Located, is_known: bool, before: Run, after: Run) -> Difference:
    if is_known:
        return "unchanged"
    return "new" if _looked(each, after, before.looks) else "not run before"


def _gone(each: Located, before: Run, after: Run) -> Difference:
    # What an incomplete run does not say may be there still.
    return "gone" if _looked(each, before, after.whole) else "not run now"


def _looked(each: Located, own: Run, looks: frozenset[Look]) -> bool:
    """Whether the other run made the check that found it, or both audited its host comprehensively."""
    probe, host, port = look_of(each.report)
    audits = {look for look in own.looks & looks if look[:2] == (AUDIT, host)}
    return (probe, host, port) in looks or bool(audits)


def _run(id: str, held: Sequence[Held]) -> Run:
    reports = tuple(each.report for each in held if probe_of(each.report) != "refusal")
    every = [*reports, *parts(reports)]
    looks = frozenset(look_of(report) for report in every if report.status != "failed")
    broken = {look_of(report) for report in every if report.status != "ok"}
    started = min((report.started for report in reports), default=held[0].report.started)
    return Run(id, held[0].request, started, reports, looks, looks - broken)


def _found(run: Run) -> dict[Key, Located]:
    return {each.key: each for each in located([report for report in run.reports if report.status != "failed"])}
