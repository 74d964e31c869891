"""Availability, days, curves and percentiles, held against plain counting of the results one by one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from math import ceil
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netassist.monitor.happening import Event, Outcome, Result, Standing
from netassist.monitor.store import Availability, Retention, Store
from netassist.monitor.store.grains import DAY, HOUR
from netassist.monitor.watch import Watch

STEP = 120
"""Seconds: all times of these tests are multiples of it, and 2.5 intervals too."""
_EXAMPLES = count(1)
Time = tuple[int, int]
"""Since when, until when."""


class Measured(NamedTuple):
    at: int
    outcome: Outcome
    ms: float | None


def measured() -> st.SearchStrategy[list[Measured]]:
    """Results of three days, at most one at a time."""
    outcomes: st.SearchStrategy[Outcome] = st.sampled_from(["up", "up", "degraded", "down", "unknown"])
    times = st.none() | st.floats(0.05, 90_000).map(lambda ms: round(ms, 3))
    one = st.builds(Measured, st.integers(0, 3 * DAY // STEP - 1).map(lambda n: n * STEP), outcomes, times)
    return st.lists(one, max_size=60, unique_by=lambda result: result.at)


def counted(results: Sequence[Measured], interval: int, since: int, until: int) -> Availability:
    """Step by step: which result came last, and does it still speak?"""
    seconds = {"up": 0, "degraded": 0, "down": 0, "unknown": 0, "unmeasured": 0}
    for at in range(since, until, STEP):
        last = max((result for result in results if result.at <= at), default=None)
        seconds["unmeasured" if last is None or at >= last.at + 2.5 * interval else last.outcome] += STEP
    return Availability(**{name: float(length) for name, length in seconds.items()})


def close(found: Availability, expected: Availability) -> bool:
    names = ("up", "degraded", "down", "unknown", "unmeasured")
    return all(abs(getattr(found, name) - getattr(expected, name)) < 0.01 for name in names)


def check(store: Store, key: str, results: Sequence[Measured], interval: int, base: int, since: int, until: int) -> None:
    found = store.availability(key, base + since, base + until)
    assert close(found, counted(results, interval, since, until)), (since, until, found)
    times = sorted(result.ms for result in results if result.ms is not None and since <= result.at < until)
    # What is asked for ends between two steps, so that none stands on its end.
    answered = store.response_times(key, base + since, base + until - STEP / 2)
    assert (answered.count if answered else 0) == len(times)
    if answered:
        assert answered.maximum == pytest.approx(times[-1], abs=0.001)
        for part, found_ms in ((0.5, answered.p50), (0.95, answered.p95), (0.99, answered.p99)):
            assert found_ms == pytest.approx(times[ceil(part * len(times) - 1e-9) - 1], rel=0.025, abs=0.001)


def hours(number: int) -> st.SearchStrategy[Time]:
    """A time that begins and ends on the hour."""
    return st.tuples(st.integers(0, number), st.integers(0, number)).map(lambda ends: (min(ends) * HOUR, max(ends) * HOUR))


def steps(number: int) -> st.SearchStrategy[Time]:
    return st.tuples(st.integers(0, number), st.integers(0, number)).map(lambda ends: (min(ends) * STEP, max(ends) * STEP))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    results=measured(),
    interval=st.sampled_from([240, 1200, 2 * HOUR, 12 * HOUR]),
    late=st.integers(0, 6),
    summed=st.lists(st.integers(0, 80), max_size=4),
    asked=st.lists(steps(3 * DAY // STEP), min_size=1, max_size=4),
    whole=st.lists(hours(72), min_size=1, max_size=4),
)
def test_summing_up_and_forgetting_change_no_answer(
    store: Store, results: list[Measured], interval: int, late: int, summed: list[int], asked: list[Time], whole: list[Time]
) -> None:
    example = next(_EXAMPLES)
    base = example * 100 * DAY  # after all that was summed up before
    watch = Watch(host=f"h{example}.example", check="tcp", port=80, interval=interval)
    store.put_watch(watch, base)
    in_order = sorted(results)
    on_time, tardy = in_order[late:], in_order[:late]
    moments = sorted(base + hour * HOUR + 301 for hour in summed)
    for moment in moments:
        store.record([result_of(watch, base, one) for one in on_time if base + one.at < moment])
        store.roll_up(moment)
    store.record([result_of(watch, base, one) for one in (*tardy, *on_time)])
    for since, until in (*asked, *whole):
        check(store, watch.key, in_order, interval, base, since, until)
    store.roll_up(base + 3 * DAY + 301)
    for since, until in (*asked, *whole):
        check(store, watch.key, in_order, interval, base, since, until)
    for moment in (4 * DAY, 6 * DAY):  # a clock that is so far ahead is believed the second time
        store.forget(base + moment, Retention(raw_days=3, hourly_days=400))
    for since, until in whole:
        check(store, watch.key, in_order, interval, base, since, until)
    store.forget(base + 6 * DAY, Retention(raw_days=3, hourly_days=4))
    check(store, watch.key, in_order, interval, base, 0, DAY)
    check(store, watch.key, in_order, interval, base, DAY, 3 * DAY)
    first, *_ = store.days(watch.key, 3, base + 3 * DAY - 1)
    assert first.availability == store.availability(watch.key, base, base + DAY)


def result_of(watch: Watch, base: int, one: Measured) -> Result:
    return Result(watch=watch.key, at=float(base + one.at), outcome=one.outcome, ms=one.ms)


WATCH = Watch(host="db1.example.org", check="tcp", port=5432, interval=60)


def put(store: Store, *results: tuple[float, Outcome, float | None]) -> None:
    store.put_watch(WATCH, 0.0)
    store.record([Result(watch=WATCH.key, at=at, outcome=outcome, ms=ms) for at, outcome, ms in results])


def test_no_data_is_neither_up_nor_down(store: Store) -> None:
    put(store, (1000.0, "up", 1.0), (1060.0, "down", None), (5000.0, "up", 1.0))
    found = store.availability(WATCH.key, 0.0, 6000.0)
    assert found == Availability(up=60.0 + 150.0, down=150.0, unmeasured=6000.0 - 360.0)
    assert found.ratio == pytest.approx(210 / 360)
    assert store.availability(WATCH.key, 2000.0, 3000.0).ratio is None
    assert store.availability("tcp nowhere 1", 0.0, 10.0) == Availability(unmeasured=10.0)
    assert store.response_times(WATCH.key, 2000.0, 3000.0) is None


@pytest.mark.parametrize("summed_up", [False, True])
def test_what_is_paused_or_gone_is_neither_up_nor_down(store: Store, summed_up: bool) -> None:
    paused = msgspec.structs.replace(WATCH, enabled=False)
    put(store, (1000.0, "down", None))
    store.put_watch(paused, 1030.0)
    store.put_watch(WATCH, 1100.0)
    store.record([Result(watch=WATCH.key, at=1110.0, outcome="up")])
    store.remove_watch(WATCH.key, 1120.0)
    if summed_up:
        store.roll_up(3 * DAY)
    found = store.availability(WATCH.key, 0.0, 3600.0)
    assert found == Availability(down=30.0, up=10.0, unmeasured=3560.0)
    assert [result.at for result in store.results(WATCH.key, 0.0, 3600.0)] == [1000.0, 1110.0]


def test_a_result_speaks_as_long_as_its_watch_waited_then(store: Store) -> None:
    put(store, (0.0, "up", 1.0))
    store.put_watch(Watch(host="db1.example.org", check="tcp", port=5432, interval=600), 1.0)
    store.record([Result(watch=WATCH.key, at=10_000.0, outcome="up")])
    assert store.availability(WATCH.key, 0.0, 5000.0).up == 150.0
    assert store.availability(WATCH.key, 5000.0, 15_000.0).up == 1500.0


def test_percentiles_of_results_are_exact(store: Store) -> None:
    put(store, *((float(ms), "up", float(ms)) for ms in range(1, 101)))
    found = store.response_times(WATCH.key, 0.0, 1000.0)
    assert found is not None
    assert (found.count, found.p50, found.p95, found.p99, found.maximum) == (100, 50.0, 95.0, 99.0, 100.0)


def test_a_day_is_as_bad_as_its_worst_standing(store: Store) -> None:
    store.put_watch(WATCH, 0.0)
    store.record([Result(watch=WATCH.key, at=day * DAY + 3600.0, outcome="up") for day in (1, 2, 4)])
    store.record([Result(watch=WATCH.key, at=DAY + 3660.0, outcome="down")], events=[turn(DAY + 3600, "pending", "up")])
    assert [day.worst for day in store.days(WATCH.key, 5, 4.5 * DAY)] == ["pending", "up", "up", "pending", "up"], "not confirmed"
    store.record([], events=[turn(2 * DAY + 7000, "up", "down"), turn(4 * DAY + 4000, "down", "up")])
    expected: list[Standing] = ["pending", "up", "down", "pending", "down"]
    assert [day.worst for day in store.days(WATCH.key, 5, 4.5 * DAY)] == expected
    store.roll_up(6.0 * DAY)
    assert [day.worst for day in store.days(WATCH.key, 5, 4.5 * DAY)] == expected
    store.forget(8.0 * DAY, Retention(raw_days=1, hourly_days=1))
    assert store.events(0, 9 * DAY, WATCH.key) == []
    assert [day.worst for day in store.days(WATCH.key, 5, 4.5 * DAY)] == expected, "events are gone, their sum is not"


def turn(at: float, before: Standing, after: Standing) -> Event:
    return Event(at=at, watch=WATCH.key, kind="state", before=before, after=after)


def test_without_events_a_day_is_as_bad_as_its_worst_outcome(store: Store) -> None:
    put(store, (100.0, "up", 1.0), (160.0, "degraded", 900.0), (DAY + 60.0, "unknown", None))
    assert [day.worst for day in store.days(WATCH.key, 2, DAY + 7200.0)] == ["degraded", "unknown"]
    days = store.days(WATCH.key, 2, DAY + 7200.0)
    assert [repr(day.at) for day in days] == ["0.0", "86400.0"]


def test_a_curve_has_gaps_where_nothing_answered(store: Store) -> None:
    put(store, *((float(at), "up", 10.0) for at in range(0, 1200, 60)))
    put(store, *((float(at), "up", 30.0) for at in range(2400, 3600, 60)))
    points = store.curve(WATCH.key, 0.0, 3600.0, 6)
    assert [(point.at, point.p50, point.p95) for point in points] == [
        (0.0, 10.0, 10.0),
        (600.0, 10.0, 10.0),
        (1200.0, None, None),
        (1800.0, None, None),
        (2400.0, 30.0, 30.0),
        (3000.0, 30.0, 30.0),
    ]
    assert len(store.curve(WATCH.key, 0.0, 3600.0, 1000)) == 30, "no more than two intervals apart"


def test_a_curve_of_months_is_made_of_summaries(store: Store) -> None:
    slow = Watch(host="slow.example", check="tcp", port=1, interval=HOUR)
    store.put_watch(slow, 0.0)
    store.record([Result(watch=slow.key, at=hour * 3600.0, outcome="up", ms=100.0 + hour // 24) for hour in range(40 * 24)])
    store.roll_up(41.0 * DAY)
    store.forget(42.0 * DAY, Retention(raw_days=1, hourly_days=5))
    points = store.curve(slow.key, 0.0, 40.0 * DAY, 10)
    assert [point.at for point in points] == [n * 4.0 * DAY for n in range(10)]
    assert [point.p50 for point in points] == pytest.approx([101.0 + 4 * n for n in range(10)], rel=0.025)
