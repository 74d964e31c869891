"""How the daemon itself does, out of what its engine counts and its store knows."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from netassist import __version__
from netassist.monitor.api.values import Status
from netassist.monitor.api.ways import Figures
from netassist.monitor.counts import LATENESS, Counts
from netassist.monitor.store import StoreTrouble
from netassist.reports.words import count
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.monitor.alert import Notice
    from netassist.monitor.engine import Engine
    from netassist.monitor.happening import State
    from netassist.monitor.store import Store

MOST_NOTICES = 1000
"""Notices that are looked through for those that wait."""


class Asked(NamedTuple):
    """What the store knows; `failing` says which channels take nothing, and `trouble` why it knows nothing just now."""

    where: str
    waiting: int = 0
    unresolved: int = 0
    failing: tuple[str, ...] = ()
    trouble: str = ""


def asked(store: Store) -> Asked:
    try:
        notices = store.notices(MOST_NOTICES)
        waiting = sum(notice.delivered is None and not notice.given_up for notice in notices)
        return Asked(store.where, waiting, len(store.unresolved()), tuple(failing(notices)))
    except StoreTrouble as trouble:
        return Asked(store.where, trouble=str(trouble))


def failing(notices: Sequence[Notice]) -> Iterator[str]:
    """The channels whose newest try has failed, in words; the notices are the newest first."""
    of: dict[str, list[Notice]] = {}
    for notice in notices:
        of.setdefault(notice.channel, []).append(notice)
    for channel, held in of.items():
        stuck = [notice for notice in held if notice.delivered is None and not notice.given_up]
        failed = [notice for notice in stuck if notice.error]
        if failed:
            tries = count(max(notice.attempts for notice in failed), "try", "tries")
            words = as_text(failed[0].error.removeprefix(f"channel {channel}: "), 300)
            yield f"channel {channel} fails: {words}; {count(len(stuck), 'message')} not delivered after {tries}"
        elif not stuck and held[0].given_up:
            yield f"channel {channel} fails: the last message was given up; {as_text(held[0].error, 300)}"


def status(
    engine: Engine, store: Asked, *, since: float, plan: Path, plan_trouble: str, where: Sequence[str], held: Sequence[str] = ()
) -> Status:
    counts = engine.counts
    trouble = dict.fromkeys(text for text in (counts.store_trouble, store.trouble, *store.failing) if text)
    if lost := _unmeasured(engine):
        trouble[_said(engine, lost)] = None
    if counts.dropped:
        trouble[f"{counts.dropped} results were lost while the store could not be written"] = None
    return Status(
        version=__version__,
        pid=os.getpid(),
        since=since,
        store=store.where,
        plan=str(plan),
        plan_trouble=plan_trouble,
        watches=len(engine.watches),
        counts=dict(Counter(_word(engine, key) for key in engine.watches)),
        unresolved=store.unresolved,
        checks=sum(counts.checks.values()),
        lateness_ms=late_within(counts.lateness),
        held=counts.held,
        outbox=store.waiting,
        waiting=tuple(held),
        offline=counts.offline,
        trouble=tuple(trouble),
        listening=tuple(where),
    )


def _word(engine: Engine, key: str) -> str:
    """How a watch stands; what is paused stands no way."""
    if not engine.watches[key].enabled:
        return "paused"
    return engine.states[key].standing if key in engine.states else "pending"


def blind(engine: Engine) -> str:
    """Why at least half of the checks cannot be made; empty where fewer cannot, or where this machine is known to be offline."""
    lost = _unmeasured(engine)
    enough = sum(watch.enabled for watch in engine.watches.values()) / 2
    return _said(engine, lost) if lost and len(lost) >= enough and not engine.offline else ""


def _unmeasured(engine: Engine) -> list[State]:
    """How what cannot be measured stands."""
    states = (engine.states.get(key) for key, watch in engine.watches.items() if watch.enabled)
    return [state for state in states if state is not None and state.standing == "unknown"]


def _said(engine: Engine, lost: Sequence[State]) -> str:
    return f"{len(lost)} of {len(engine.watches)} checks cannot be made; {lost[0].watch}: {lost[0].message}"


def figures(counts: Counts) -> Figures:
    """What Prometheus is told, with cumulative buckets."""
    by_outcome: Counter[str] = Counter()
    for (_, outcome), number in counts.checks.items():
        by_outcome[outcome] += number
    total, cumulative = 0, []
    for bound, number in zip((*LATENESS, float("inf")), counts.lateness, strict=True):
        total += number
        cumulative.append((bound, total))
    return Figures(dict(by_outcome), tuple(cumulative), counts.late_seconds, counts.held, counts.store_errors)


def late_within(lateness: Sequence[int]) -> float | None:
    """The bound (ms) of the bucket within which 99 of 100 checks began; None where none did, or where it is beyond the last."""
    total, seen = sum(lateness), 0
    for bound, number in zip(LATENESS, lateness, strict=False):
        seen += number
        if total and seen >= 0.99 * total:
            return bound * 1000
    return None
