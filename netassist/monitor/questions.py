"""Questions in plain words that are asked on a schedule, and answered into a message or a report."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from netassist.monitor.times import DAY_MINUTES, instant, minutes_of, seconds_of, weekdays_of, zone_of


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One ``[[question]]``.

    Args:
        name: what it is known by; where its last run is kept.
        text: the question in plain words.
        at: ``monday 08:00``, ``monday-friday 08:00``, or ``08:00`` for every day.
        every: a length of time instead, ``6h``.
        zone: IANA name of the time zone that `at` is of.
        channels: names of those that the answer goes to.
        file: where the answer is written, besides; ``{date}`` stands for the day.
        format: of the file.
        seconds: that the answer may take.
    """

    name: str
    text: str
    at: str = ""
    every: str = ""
    zone: str = "UTC"
    channels: tuple[str, ...] = ()
    file: str = ""
    format: Literal["text", "markdown", "json"] = "text"
    seconds: int = 600

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > 100:
            raise ValueError("a question needs a name of at most 100 characters")
        if not self.text.strip() or len(self.text) > 2000:
            raise ValueError(f"question {self.name!r}: text is empty, or longer than 2,000 characters")
        if bool(self.at) == bool(self.every):
            raise ValueError(f"question {self.name!r} needs either at = 'monday 08:00' or every = '6h'")
        if not (self.channels or self.file):
            raise ValueError(f"question {self.name!r} is answered to nobody; name channels or a file")
        if self.every and seconds_of(self.every) < 60:
            raise ValueError(f"question {self.name!r}: every is at least 60 seconds")
        if not 1 <= self.seconds <= 7200:
            raise ValueError(f"question {self.name!r}: seconds is between 1 and 7200")
        zone_of(self.zone)
        if self.at:
            hour_of(self.at)


def hour_of(written: str) -> tuple[frozenset[int], int]:
    """Days of the week (0 is Monday) and minutes since midnight; raises ValueError."""
    days, _, hour = written.strip().rpartition(" ")
    minutes = minutes_of(hour)
    if minutes == DAY_MINUTES:
        raise ValueError(f"{written!r}: the day's end is the next day's 00:00")
    return weekdays_of(days), minutes


class Turn(msgspec.Struct, frozen=True):
    """Where a question stands: `slot` is the time that it was last due at, `since` what its answer tells the changes from.

    `tries` counts how often its answer was begun; 0 when it is delivered.
    """

    slot: float
    since: float
    tries: int = 0


def turn_of(question: Question, turn: Turn | None, now: float) -> Turn | None:
    """The turn that is due; None where none is. What was missed is due once, for the last time that it should have been asked.

    A question that was never seen before is due from its next time on.
    """
    latest = _latest(question, turn, now)
    if turn is None or turn.slot > now:
        return None
    if turn.tries:
        return turn
    return Turn(latest, turn.slot) if latest > turn.slot else None


def first_turn(question: Question, now: float) -> Turn:
    """Of a question that was never seen before, or that lies in the future since the clock was set back: nothing is due."""
    latest = _latest(question, None, now)
    return Turn(latest, latest)


def _latest(question: Question, turn: Turn | None, now: float) -> float:
    """The last time up to `now` at which it was due."""
    if question.every:
        every = seconds_of(question.every)
        return now if turn is None else turn.slot + max(0.0, (now - turn.slot) // every) * every
    zone = zone_of(question.zone)
    days, minutes = hour_of(question.at)
    today = datetime.fromtimestamp(now, zone).date()
    for back in range(9):
        day = today - timedelta(days=back)
        if day.weekday() in days and (at := instant(day, minutes, zone)) <= now:
            return at
    return now
