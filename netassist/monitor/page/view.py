"""What the status page shows, out of what the store holds. Pure: no clock, no store, no HTML."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import floor
from typing import NamedTuple

from netassist.monitor.alert import Alert
from netassist.monitor.drift import PAGES, VERDICTS, expiry
from netassist.monitor.happening import Event, Standing, State
from netassist.monitor.page.days import Bar, added, bars, said_of
from netassist.monitor.page.words import CHECKS, TONES, WORDS, Tone, milliseconds, percent
from netassist.monitor.states import concerns, is_open
from netassist.monitor.store import Day, Point, Window
from netassist.monitor.times import stamp
from netassist.monitor.watch import Watch
from netassist.reports.words import count, lasting
from netassist.targets import host_of, parse_address

PUBLIC_DAYS = 14
DAY = 86400.0
PAUSED = "paused"


class Known(NamedTuple):
    """All that a page is made of. `days`, `curves` may lack a watch; times are Unix seconds (UTC)."""

    watches: Sequence[Watch]
    states: Mapping[str, State]
    days: Mapping[str, Sequence[Day]]
    curves: Mapping[str, Sequence[Point]]
    alerts: Sequence[Alert]
    events: Sequence[Event]
    windows: Sequence[Window]
    now: float


class Row(NamedTuple):
    """One watch. `link` is empty where it has no page of its own."""

    name: str
    kind: str
    port: str
    tone: Tone
    word: str
    since: str
    message: str
    notes: tuple[str, ...]
    bars: tuple[Bar, ...]
    days: int
    availability: str
    told: str
    curve: Sequence[Point]
    ms: str
    link: str


class Group(NamedTuple):
    name: str
    tone: Tone
    word: str
    rows: tuple[Row, ...]


class Dated(NamedTuple):
    """A certificate, or a verdict on a key exchange."""

    name: str
    link: str
    tone: Tone
    word: str
    detail: str


class Incident(NamedTuple):
    id: str
    title: str
    tone: Tone
    word: str
    when: str
    detail: str
    advice: str
    evidence: str


class Told(NamedTuple):
    """An event, as a line."""

    at: str
    name: str
    link: str
    text: str


class Overview(NamedTuple):
    title: str
    public: bool
    at: str
    tone: Tone
    headline: str
    counts: tuple[tuple[str, Tone, int], ...]
    groups: tuple[Group, ...]
    certificates: tuple[Dated, ...]
    quantum: tuple[Dated, ...]
    incidents: tuple[Incident, ...]
    events: tuple[Told, ...]
    planned: tuple[str, ...]
    own: tuple[str, ...]


Named = Callable[[Watch], str]
"""The path of a watch's own page; empty for none."""


def overview(known: Known, title: str, named: Named, *, public: bool, own: Sequence[str] = ()) -> Overview:
    """The page of all, or with `public` of what may be seen by anyone: no addresses, no messages, no evidence.

    `own` is what does not work of the daemon's own, and what waits.
    """
    watches = [watch for watch in known.watches if watch.public or not public]
    link: Named = (lambda watch: "") if public else named
    rows = {watch.key: row(known, watch, link, public=public) for watch in watches}
    headline, tone = _headline([known.states.get(watch.key) for watch in watches if watch.enabled], len(watches))
    headline = f"Of the public checks: {headline[0].lower()}{headline[1:]}" if public and watches else headline
    counted = Counter(_standing(known.states.get(watch.key), watch) for watch in watches if watch.enabled)
    counts = [(WORDS[standing], TONES[standing], counted[standing]) for standing in WORDS if counted[standing]]
    resting = sum(not watch.enabled for watch in watches)
    places = {watch.key: (place_of(watch), link(watch)) for watch in watches}
    names = {watch.key: (name_of(watch, public=public), link(watch)) for watch in watches}
    kinds = {watch.key: (f"{name_of(watch, public=public)} ({CHECKS[watch.check]})", "") for watch in watches}
    return Overview(
        title=title,
        public=public,
        at=stamp(known.now),
        tone=tone,
        headline=headline,
        counts=(*counts, *(((PAUSED, "plain", resting),) if resting else ())),
        groups=tuple(_groups(watches, rows)),
        certificates=tuple(_certificates(known, watches, names)),
        quantum=tuple(_quantum(known, watches, names)),
        incidents=tuple(_incidents(known, kinds, public=public)),
        events=() if public else tuple(told(event, places) for event in known.events),
        planned=tuple(_planned(known, public=public)),
        own=() if public else tuple(own),
    )


def name_of(watch: Watch, *, public: bool) -> str:
    """What a watch is called: its tag ``title``, else its host; nobody is shown an address on a public page."""
    if title := watch.tags.get("title"):
        return title
    host = host_of(watch.host)
    if not public:
        return watch.host
    is_name = parse_address(host) is None and re.search(r"[A-Za-z]", host) is not None
    return host if is_name else watch.group or "a host"


def place_of(watch: Watch) -> str:
    """What a watch is called, with its port and its check."""
    port = f" port {watch.port}" if watch.port is not None else ""
    return f"{name_of(watch, public=False)}{port} ({watch.check})"


def row(known: Known, watch: Watch, named: Named, *, public: bool) -> Row:
    state, days = known.states.get(watch.key), known.days.get(watch.key, ())
    standing = _standing(state, watch)
    total = added(day.availability for day in days)
    curve = known.curves.get(watch.key, ())
    return Row(
        name=name_of(watch, public=public),
        kind=CHECKS[watch.check],
        port="" if public or watch.port is None else str(watch.port),
        tone=TONES[standing],
        word=PAUSED if not watch.enabled else WORDS[standing],
        since=f"for {lasting(known.now - state.since)}" if state and standing != "pending" and state.since else "",
        message="" if public or state is None or standing == "up" else state.message,
        notes=tuple(_notes(state, watch, known.now, public=public)),
        bars=bars(days),
        days=len(days),
        availability=percent(total.ratio),
        told=said_of(days),
        curve=curve,
        ms=milliseconds(state.ms) if state is not None and state.ms is not None else "",
        link=named(watch),
    )


def told(event: Event, names: Mapping[str, tuple[str, str]]) -> Told:
    name, link = names.get(event.watch, (event.watch, ""))
    text = event.message
    if event.kind == "state":
        before, after = (WORDS.get(standing, standing) for standing in (event.before, event.after))  # type: ignore[call-overload]
        text = f"{before} → {after}{f': {event.message}' if event.message else ''}"
        text = f"{before} → {event.message}" if event.after == "pending" else text
    return Told(stamp(event.at), name or "netassist itself", link, text or event.kind)


def incident(alert: Alert, name: str, now: float, *, public: bool) -> Incident:
    open_tone: Tone = "bad" if alert.level == "critical" else "warn"
    tone: Tone = "plain" if alert.ended else "good" if alert.status == "resolved" else open_tone
    ended = alert.resolved
    when = f"{stamp(alert.opened)}, for {lasting((ended if ended is not None else now) - alert.opened)}"
    word = alert.ended or str(alert.status)
    if alert.status == "acknowledged" and alert.acknowledged_by and not public:
        word = f"acknowledged by {alert.acknowledged_by}"
    if public:
        return Incident("", f"{name}: {'down' if alert.level == 'critical' else 'in trouble'}", tone, word, when, "", "", "")
    return Incident(alert.id, alert.title, tone, word, when, alert.detail, alert.advice, alert.evidence)


def _standing(state: State | None, watch: Watch) -> Standing:
    return "pending" if state is None or not watch.enabled else state.standing


def _headline(states: Sequence[State | None], watched: int) -> tuple[str, Tone]:
    if not watched:
        return "Nothing is watched yet", "plain"
    standings = Counter("pending" if state is None else state.standing for state in states)
    if standings["down"]:
        return f"{count(standings['down'], 'check')} {'is' if standings['down'] == 1 else 'are'} down", "bad"
    if standings["degraded"]:
        return f"{count(standings['degraded'], 'check')} {'is' if standings['degraded'] == 1 else 'are'} degraded", "warn"
    lost = standings["unknown"] + standings["pending"]
    if lost and lost == len(states):
        return ("Nothing can be measured" if standings["unknown"] else "Nothing has been confirmed yet"), "plain"
    if standings["unknown"]:
        return f"{count(standings['unknown'], 'check')} cannot be measured", "plain"
    if standings["pending"]:
        return f"{count(standings['pending'], 'check')} not confirmed yet; all others are up", "plain"
    return ("Everything is up" if states else "Everything is paused"), ("good" if states else "plain")


def _groups(watches: Sequence[Watch], rows: Mapping[str, Row]) -> Iterable[Group]:
    order: dict[str, list[Watch]] = {}
    for watch in watches:
        order.setdefault(watch.group, []).append(watch)
    for name in sorted(order, key=lambda name: (not name, name.casefold())):
        held = tuple(sorted((rows[watch.key] for watch in order[name]), key=_place))
        tone, word = _together(held)
        yield Group(name or ("Others" if len(order) > 1 else "Checks"), tone, word, held)


def _together(rows: Sequence[Row]) -> tuple[Tone, str]:
    """How a group stands: as the worst that is not paused."""
    running = [row.tone for row in rows if row.word != PAUSED]
    words: Sequence[tuple[Tone, str]] = (("bad", "down"), ("warn", "degraded"), ("plain", "not known"), ("good", "up"))
    for tone, word in words:
        if tone in running:
            return tone, f"{running.count(tone)} of {len(running)} {word}"
    return "plain", PAUSED


def _place(row: Row) -> tuple[str, str, str]:
    return row.name.casefold(), row.kind, row.port


def _notes(state: State | None, watch: Watch, now: float, *, public: bool) -> Iterable[str]:
    if state is None:
        return
    if state.flapping:
        yield "goes to and fro"
    if state.silenced and watch.enabled and not public:
        yield f"nobody is told: {state.silenced}"
    elif state.silenced.startswith("maintenance"):
        yield "planned work"
    if watch.enabled and state.at is not None and now - state.at > 2.5 * watch.interval + 60:
        yield f"last measured {lasting(now - state.at)} ago"


def _certificates(known: Known, watches: Sequence[Watch], names: Mapping[str, tuple[str, str]]) -> Iterable[Dated]:
    found, seen = [], set[tuple[str, str]]()
    for watch in sorted(watches, key=lambda watch: watch.check in PAGES):
        facts = known.states[watch.key].facts if watch.key in known.states else {}
        same = host_of(watch.host), facts.get("certificate", "")
        if watch.check in PAGES and same in seen:
            continue  # a watch of the certificate itself has it
        seen.add(same)
        if (until := expiry(facts)) is not None:
            found.append((until - known.now, watch, facts.get("certificate", "")))
    for seconds, watch, detail in sorted(found, key=lambda one: (one[0], one[1].key)):
        left = floor(seconds / DAY)
        tone: Tone = "bad" if left < watch.last_days else "warn" if left < watch.limits.days else "good"
        word = f"{count(left, 'day')} left" if left >= 0 else f"expired {lasting(-seconds)} ago"
        name, link = names[watch.key]
        yield Dated(name, link, tone, word, detail)


def _quantum(known: Known, watches: Sequence[Watch], names: Mapping[str, tuple[str, str]]) -> Iterable[Dated]:
    tones: Mapping[str, Tone] = {"safe": "good", "available": "warn", "not_safe": "bad"}
    for watch in watches:
        verdict = known.states[watch.key].facts.get("post_quantum", "") if watch.key in known.states else ""
        if verdict in VERDICTS:
            name, link = names[watch.key]
            yield Dated(name, link, tones[verdict], VERDICTS[verdict], CHECKS[watch.check])


def _incidents(known: Known, names: Mapping[str, tuple[str, str]], *, public: bool) -> Iterable[Incident]:
    for alert in known.alerts:
        if alert.watch in names or not public:
            too_old = alert.status == "resolved" and known.now - (alert.resolved or 0) > PUBLIC_DAYS * 86400
            if not (public and (too_old or alert.about != "state")):
                yield incident(alert, names.get(alert.watch, (alert.watch, ""))[0], known.now, public=public)


def _planned(known: Known, *, public: bool) -> Iterable[str]:
    under_way = [window for window in known.windows if is_open(window, known.now)]
    if not public:
        yield from (f"Planned work, {window.name}: {', '.join(window.watches) or 'everything'}" for window in under_way)
    elif any(concerns(window, watch) for window in under_way for watch in known.watches if watch.public):
        yield "Planned work is under way."
