"""What the page of one watch shows. Pure, as `view` is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netassist.monitor.happening import Result
from netassist.monitor.page.view import Incident, Known, Row, Told, incident, name_of, row, told
from netassist.monitor.page.words import TONES, WORDS, Tone, milliseconds, percent
from netassist.monitor.store import Availability, Point, ResponseTimes
from netassist.monitor.times import stamp
from netassist.monitor.watch import Watch
from netassist.reports.words import lasting


class Detail(NamedTuple):
    """The page of one watch."""

    title: str
    at: str
    row: Row
    watch: Watch
    key: str
    facts: tuple[tuple[str, str], ...]
    times: tuple[tuple[str, str], ...]
    hours: tuple[tuple[str, str, str], ...]
    curve: Sequence[Point]
    results: tuple[tuple[str, Tone, str, str, str], ...]
    incidents: tuple[Incident, ...]
    events: tuple[Told, ...]


def detail(
    known: Known,
    watch: Watch,
    title: str,
    times: ResponseTimes | None,
    hours: Sequence[tuple[str, Availability]],
    results: Sequence[Result],
) -> Detail:
    """The page of one watch. `hours` are stretches by name with their availability; `results` oldest first."""
    state = known.states.get(watch.key)
    names = {watch.key: (name_of(watch, public=False), "")}
    measured = (
        (("middle", times.p50), ("95 of 100 within", times.p95), ("99 of 100 within", times.p99), ("longest", times.maximum))
        if times is not None
        else ()
    )
    return Detail(
        title=title,
        at=stamp(known.now),
        row=row(known, watch, lambda _: "", public=False),
        watch=watch,
        key=watch.key,
        facts=tuple(sorted((name.replace("_", " "), value) for name, value in state.facts.items())) if state else (),
        times=tuple((name, milliseconds(value)) for name, value in measured),
        hours=tuple((name, percent(held.ratio), _downtime(held)) for name, held in hours),
        curve=known.curves.get(watch.key, ()),
        results=tuple(_result(one) for one in reversed(results)),
        incidents=tuple(incident(one, watch.key, known.now, public=False) for one in known.alerts if one.watch == watch.key),
        events=tuple(told(event, names) for event in known.events if event.watch == watch.key),
    )


def _result(one: Result) -> tuple[str, Tone, str, str, str]:
    return stamp(one.at), TONES[one.outcome], WORDS[one.outcome], milliseconds(one.ms) if one.ms is not None else "", one.message


def _downtime(held: Availability) -> str:
    parts = [f"down {lasting(held.down)}"] if held.down else []
    parts += [f"degraded {lasting(held.degraded)}"] if held.degraded else []
    parts += [f"not known {lasting(held.unknown)}"] if held.unknown >= 60 else []
    parts += [f"not measured {lasting(held.unmeasured)}"] if held.unmeasured >= 60 else []
    return ", ".join(parts) or "no trouble"
