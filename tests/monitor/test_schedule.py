"""When checks are due: spread, persisted, and without storms whatever the clock does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netassist.monitor.schedule import RECHECK, SPREAD, Agenda, Clocks, first_wait, next_on_grid, wait_after

NOON = 1_795_867_200.0
YEAR = 366 * 86400.0
KEYS = [f"icmp host{number}.example.org" for number in range(1000)]


def test_a_thousand_watches_are_spread_over_their_interval() -> None:
    seconds = [int(next_on_grid(key, 60, NOON) - NOON) % 60 for key in KEYS]
    assert max(seconds.count(second) for second in range(60)) < 40  # evenly would be 17


def test_a_check_keeps_its_place_whenever_it_ends() -> None:
    key = KEYS[0]
    first = next_on_grid(key, 300, NOON)
    for late in (0.0, 1.0, 100.0):
        assert next_on_grid(key, 300, first + late) == first + 300


@given(st.text(max_size=30), st.integers(5, 86400), st.floats(0, 4e9))
def test_the_next_run_lies_ahead_within_bounds(key: str, interval: int, now: float) -> None:
    wait = next_on_grid(key, interval, now) - now
    assert 0.19 * interval < wait < 1.21 * interval


def test_a_failure_is_looked_at_again_soon_and_never_later_than_usual() -> None:
    assert wait_after("k", 300, NOON, recheck=True) == RECHECK
    assert wait_after("k", 5, NOON, recheck=True) <= 5


def test_after_a_restart_what_was_planned_still_holds() -> None:
    assert first_wait("k", 300, NOON + 120, NOON) == 120


def test_after_a_long_time_off_each_is_run_once_within_a_minute_and_not_all_at_once() -> None:
    waits = [first_wait(key, 300, NOON - 5000, NOON) for key in KEYS]
    assert all(0 <= wait <= SPREAD for wait in waits)
    assert max([int(wait) for wait in waits].count(second) for second in range(60)) < 40


def test_a_clock_that_was_set_back_a_year_does_not_stop_the_checks() -> None:
    assert all(first_wait(key, 300, NOON + YEAR, NOON) < 1.21 * 300 for key in KEYS)


def test_an_agenda_gives_each_key_once_in_order() -> None:
    agenda = Agenda()
    agenda.put("late", 30.0)
    agenda.put("early", 10.0)
    agenda.put("moved", 5.0)
    agenda.put("moved", 20.0)
    agenda.put("gone", 1.0)
    agenda.drop("gone")
    assert agenda.take(9.0) is None
    assert [agenda.take(100.0) for _ in range(4)] == [("early", 10.0), ("moved", 20.0), ("late", 30.0), None]


def test_what_is_hurried_is_never_put_off() -> None:
    agenda = Agenda()
    agenda.put("k", 10.0)
    assert not agenda.sooner("k", 20.0)
    assert agenda.sooner("k", 5.0)
    assert not agenda.sooner("unknown", 5.0)
    assert agenda.next_due() == 5.0


def test_after_sleep_what_fell_into_it_is_run_once_over_a_minute_and_the_rest_stays() -> None:
    agenda = Agenda()
    for number, key in enumerate(KEYS):
        agenda.put(key, 1000.0 + number)
    assert agenda.skip_ahead(YEAR, 1000.0) == len(KEYS) - 1  # the first was due at that very moment
    taken = []
    while (one := agenda.take(1000.0 + SPREAD)) is not None:
        taken.append(one)
    assert sorted(key for key, _ in taken) == sorted(KEYS)
    assert sum(due <= 1001.0 for _, due in taken) < 60


def test_only_jumps_are_jumps() -> None:
    clocks = Clocks(NOON, 100.0)
    assert clocks.jumped(NOON + 10, 110.0) == 0
    assert clocks.jumped(NOON + 20.5, 120.0) == 0
    assert round(clocks.jumped(NOON + 3620, 120.0)) == 3600
    assert round(clocks.jumped(NOON + 20, 120.0)) == -3600


def test_history_is_not_aged_for_a_day_after_the_clock_went_a_year_ahead() -> None:
    clocks = Clocks(NOON, 0.0)
    assert clocks.may_age(0.0)
    clocks.jumped(NOON + YEAR, 0.0)
    assert not clocks.may_age(3600.0)
    assert clocks.may_age(90_000.0)


def test_once_the_clock_is_right_again_history_ages_as_usual() -> None:
    clocks = Clocks(NOON, 0.0)
    clocks.jumped(NOON + YEAR, 0.0)
    clocks.jumped(NOON, 0.0)
    assert clocks.may_age(1.0)
