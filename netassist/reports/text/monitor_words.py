"""Words that the reports about watching share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from netassist.reports.layout import BAD, GOOD, NEUTRAL, UNKNOWN, WARN, Tone, paragraph
from netassist.reports.style import Line, Span
from netassist.reports.words import count, lasting, named, sentence_end
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.reports.monitoring import Daemon, Happened, Watched

TONES: dict[str, Tone] = {"up": GOOD, "degraded": WARN, "down": BAD, "unknown": UNKNOWN, "pending": NEUTRAL}
_START = "netassist daemon"


def place(watch: Watched) -> str:
    """``db1.example.org port 5432 (tcp)``."""
    host = as_text(watch.host, 300) if "://" in watch.host else named(watch.host)
    return f"{host}{f' port {watch.port}' if watch.port is not None else ''} ({watch.check})"


def every(seconds: int) -> str:
    """How often, in words."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds % length == 0:
            return f"every {unit}" if seconds == length else f"every {count(seconds // length, unit)}"
    return f"every {seconds} seconds"


def since(moment: datetime | None, now: datetime) -> str:
    """``for 3 h 12 min``, or the day where it is long ago; empty where it is not known."""
    if moment is None:
        return ""
    ago = now - moment
    return f"since {moment:%Y-%m-%d}" if ago > timedelta(days=14) else f"for {lasting(ago.total_seconds())}"


def clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def standing(watch: Watched, now: datetime) -> str:
    """How it stands and since when, with what keeps that from being told."""
    if not watch.enabled:
        return "paused"
    text = f"{watch.standing} {since(watch.since, now)}".rstrip()
    if watch.standing == "pending":
        text = pending(watch)
    notes = [note for note in ("flapping" if watch.flapping else "", watch.silenced) if note]
    return f"{text} ({'; '.join(notes)})" if notes else text


def pending(watch: Watched) -> str:
    """How a watch stands whose state is not established."""
    return "not measured yet" if watch.at is None else "being confirmed"


def event(happened: Happened) -> str:
    """An event in words, without its time and its watch."""
    if happened.kind == "state" and happened.after == "pending":
        return f"{happened.before} → {happened.message}"
    if happened.kind == "state":
        why = f": {happened.message}" if happened.message else ""
        before = "not measured yet" if happened.before == "pending" else happened.before
        return f"{before} → {happened.after}{why}"
    if happened.kind == "changed" and happened.message:
        return sentence_end(happened.message)
    return happened.message or f"{happened.what} {happened.before} → {happened.after}"


def fact_rows(facts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What was established, by names and in words for a person."""
    for name, value in facts.items():
        yield name.replace("_", " ").capitalize(), value.replace("_", " ") if name == "post_quantum" else value


def idle(daemon: Daemon, width: int) -> Iterator[Line]:
    """That nothing watches, and how that is mended; nothing where something does."""
    if not daemon.running:
        seen = f"The daemon was last seen at {clock(daemon.seen)} UTC. " if daemon.seen is not None else ""
        yield from paragraph(Span(f"{seen}Start it with: {_START}", "warn"), width)
