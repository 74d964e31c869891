"""Times as people write them."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.monitor.times import instant, minutes_of, seconds_of, stamp, weekdays_of, zone_of
from netassist.reports.words import lasting


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (90, 90),
        ("90", 90),
        ("90s", 90),
        ("5m", 300),
        (" 4 h", 14400),
        ("1.5d", 129600),
        ("1w", 604800),
        ("5 minutes", 300),
        ("1 Hour", 3600),
        ("30 secs", 30),
    ],
)
def test_lengths_of_time(written: str | int, seconds: float) -> None:
    assert seconds_of(written) == seconds


@pytest.mark.parametrize("written", ["", "soon", "-5m", "5 moments", "m", "1e9", "٥m", -1, float("nan"), float("inf")])
def test_what_is_no_length_of_time_is_refused(written: str | float) -> None:
    with pytest.raises(ValueError, match="length of time"):
        seconds_of(written)


@pytest.mark.parametrize("written", ["-5m", " -5 seconds", "−5s", -1])
def test_what_is_negative_is_called_so(written: str | float) -> None:
    with pytest.raises(ValueError, match="is negative"):
        seconds_of(written)


def test_days_of_the_week_are_named_alone_in_lists_and_from_one_to_another() -> None:
    assert weekdays_of("monday") == {0}
    assert weekdays_of("mon-fri") == {0, 1, 2, 3, 4}
    assert weekdays_of("Saturday, sun") == {5, 6}
    assert weekdays_of("fri-mon") == {4, 5, 6, 0}
    assert weekdays_of("") == set(range(7))


@pytest.mark.parametrize("written", ["montag", "m", "mo", "mon-", "mon,,tue", "t"])
def test_what_is_no_day_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="day of the week"):
        weekdays_of(written)


@pytest.mark.parametrize("written", ["24:01", "7", "07:60", "25:00", "-1:00", "07:5"])
def test_what_is_no_time_of_the_day_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="time of the day"):
        minutes_of(written)


def test_an_unknown_zone_is_refused() -> None:
    for name in ("Mars/Phobos", "../etc/passwd", ""):
        with pytest.raises(ValueError, match="no time zone"):
            zone_of(name)


def test_a_time_that_comes_twice_is_the_first_or_the_second() -> None:
    berlin, day = ZoneInfo("Europe/Berlin"), date(2026, 10, 25)
    first, second = instant(day, 150, berlin), instant(day, 150, berlin, later=True)
    assert second - first == 3600
    assert stamp(first) == "2026-10-25 00:30 UTC"


def test_a_time_that_is_left_out_is_after_the_change() -> None:
    berlin, day = ZoneInfo("Europe/Berlin"), date(2026, 3, 29)
    for later in (False, True):
        assert stamp(instant(day, 150, berlin, later=later)) == "2026-03-29 01:30 UTC"


def test_how_long_in_the_two_largest_units() -> None:
    assert [lasting(s) for s in (0, 40, 720, 3600, 3660, 273600, 86401)] == [
        "0 s", "40 s", "12 min", "1 h", "1 h 1 min", "3 d 4 h", "1 d",
    ]  # fmt: skip


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_any_number_has_a_stamp(at: float) -> None:
    assert stamp(at)
