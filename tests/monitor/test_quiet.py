"""Quiet hours, by weekday and zone, over nights and changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.monitor.quiet import Quiet, quiet_until


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def until(quiet: Quiet, text: str) -> str | None:
    end = quiet_until(quiet, at(text))
    return None if end is None else datetime.fromtimestamp(end, UTC).strftime("%a %d %H:%M")


NIGHT = Quiet(hours=("22:00-07:00",), zone="Europe/Berlin")


def test_a_night_lasts_over_midnight() -> None:
    assert until(NIGHT, "2026-12-01T21:59:59+01:00") is None
    assert until(NIGHT, "2026-12-01T22:00:00+01:00") == "Wed 02 06:00"
    assert until(NIGHT, "2026-12-02T06:59:59+01:00") == "Wed 02 06:00"
    assert until(NIGHT, "2026-12-02T07:00:00+01:00") is None


def test_the_night_of_a_weekday_belongs_to_the_day_on_which_it_begins() -> None:
    quiet = Quiet(hours=("monday-friday 22:00-07:00",))
    assert until(quiet, "2026-11-28T03:00:00+00:00") == "Sat 28 07:00"  # Friday's
    assert until(quiet, "2026-11-30T03:00:00+00:00") is None  # Sunday's


def test_hours_that_follow_each_other_are_one_quiet() -> None:
    quiet = Quiet(hours=("friday 20:00-24:00", "saturday,sunday 00:00-24:00", "monday 00:00-07:00"))
    assert until(quiet, "2026-11-27T21:00:00+00:00") == "Mon 30 07:00"


def test_quiet_without_an_end_is_looked_at_again() -> None:
    end = quiet_until(Quiet(hours=("00:00-24:00",)), 1_800_000_000.0)
    assert end is not None
    assert end < 1_800_000_000 + 10 * 86400


def test_the_night_of_the_longer_hour_is_an_hour_longer_and_the_other_shorter() -> None:
    # 2026-10-25 03:00 becomes 02:00, 2026-03-29 02:00 becomes 03:00 in Berlin; the hours are what the clock on the wall says.
    assert until(NIGHT, "2026-10-24T22:00:00+02:00") == "Sun 25 06:00"
    assert until(NIGHT, "2026-03-28T22:00:00+01:00") == "Sun 29 05:00"


def test_an_end_that_comes_twice_is_the_second() -> None:
    quiet = Quiet(hours=("22:00-02:30",), zone="Europe/Berlin")
    assert until(quiet, "2026-10-25T02:45:00+02:00") == "Sun 25 01:30"


@pytest.mark.parametrize(
    "hours", [("22:00",), ("22-7",), ("22:00-22:00",), ("someday 22:00-07:00",), ("22:00-07:00 monday",), ("22:00-25:00",)]
)
def test_what_are_no_hours_is_refused_where_it_is_read(hours: tuple[str, ...]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"hours": list(hours)}, Quiet)


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="from"):
        msgspec.convert({"from": "22:00"}, Quiet)


ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Tokyo"]


@given(st.integers(0, 4_000_000_000), st.sampled_from(ZONES))
def test_quiet_ends_when_it_says_and_not_before(now: int, zone: str) -> None:
    quiet = Quiet(hours=("22:00-07:00", "saturday 12:00-14:30"), zone=zone)
    end = quiet_until(quiet, now)
    if end is None:
        return
    assert now < end <= now + 11 * 3600
    assert quiet_until(quiet, end) is None
    assert quiet_until(quiet, end - 1) == end
