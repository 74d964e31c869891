"""Forgetting, clocks that jump, and how much room history takes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.monitor.alert import Alert, Notice
from netassist.monitor.happening import Event, Result
from netassist.monitor.store import Retention, Store, open_store
from netassist.monitor.store.grains import DAY, HOUR
from netassist.monitor.store.sketch import bin_of, middle, packed, percentiles_in, percentiles_of, unpacked
from netassist.monitor.watch import Watch

NOW = 20_000.0 * DAY
DB = Watch(host="db1.example.org", check="tcp", port=5432, interval=HOUR)
WEEK = Retention(raw_days=7, hourly_days=14, daily_days=28)


def measure(store: Store, since: float, until: float) -> list[float]:
    """A result an hour."""
    times = [since + hour * HOUR for hour in range(int(until - since) // HOUR)]
    store.put_watch(DB, since)
    store.record([Result(watch=DB.key, at=at, outcome="up", ms=10.0) for at in times])
    return times


def test_everything_goes_at_its_time_and_sums_stay(store: Store) -> None:
    since = NOW - 40 * DAY
    measure(store, since, NOW)
    still_open = msgspec.structs.replace(alert("open", since), resolved=None, status="open")
    store.record(
        [],
        events=[Event(at=at, watch=DB.key, kind="drift", what="grade", message=f"{at}") for at in (since, NOW - 13 * DAY)],
        alerts=[alert("old", since), alert("new", NOW - DAY), still_open],
    )
    store.enqueue([notice("sent", since), notice("new", NOW), notice("waits", since)], {})
    store.delivered("sent", since)
    store.delivered("new", NOW)
    store.roll_up(NOW + 400)
    whole = store.availability(DB.key, since, NOW)
    assert store.forget(NOW + 400, WEEK) > 0
    assert store.results(DB.key, 0, NOW - 7 * DAY - 2 * HOUR) == []
    assert len(store.results(DB.key, NOW - 7 * DAY, NOW)) == 7 * 24
    assert store.availability(DB.key, since, NOW).unmeasured == pytest.approx(12 * DAY), "of which not even days are kept"
    assert store.availability(DB.key, NOW - 28 * DAY, NOW).up == pytest.approx(28 * DAY)
    assert whole.up == pytest.approx(40 * DAY)
    assert [event.at for event in store.events(0, NOW, DB.key) if event.kind == "drift"] == [NOW - 13 * DAY]
    assert {one.id for one in store.alerts("all")} == {"new", "open"}
    assert {one.id for one in store.notices()} == {"new", "waits"}
    assert store.forget(NOW + 400, WEEK) == 0


def alert(id: str, at: float) -> Alert:
    return Alert(id=id, watch=DB.key, about="state", level="critical", title="down", opened=at, status="resolved", resolved=at)


def notice(id: str, at: float) -> Notice:
    return Notice(id=id, channel="mail", title="down", body="", alerts=(), made=at, due=at)


def test_what_was_not_summed_up_is_not_forgotten(store: Store) -> None:
    times = measure(store, NOW - 10 * DAY, NOW)
    store.forget(NOW, WEEK)
    assert [result.at for result in store.results(DB.key, 0, NOW)] == times


def test_the_last_result_before_those_that_are_kept_still_speaks(store: Store) -> None:
    daily = msgspec.structs.replace(DB, interval=DAY)
    store.put_watch(daily, NOW)
    store.record([Result(watch=DB.key, at=NOW - days * DAY, outcome="up") for days in (9, 8)])
    store.roll_up(NOW + 400)
    assert store.forget(NOW + 400, WEEK) == 1
    assert store.availability(DB.key, NOW - 6 * DAY + 1000, NOW - 6 * DAY + 1200).up == 200.0


def test_a_watch_that_is_gone_is_forgotten_with_the_last_of_its_history(store: Store) -> None:
    measure(store, NOW - 2 * DAY, NOW - DAY)
    store.remove_watch(DB.key, NOW)
    store.roll_up(NOW + 400)
    for day in range(1, 60):
        store.roll_up(NOW + day * DAY + 400)
        store.forget(NOW + day * DAY + 400, WEEK)
    assert store.results(DB.key, 0, NOW) == []
    assert store.days(DB.key, 3, NOW)[0].worst == "pending"
    before = store.revision()
    store.put_watch(DB, NOW + 70 * DAY)
    assert store.watches() == (DB,)
    assert store.revision() > before


def test_a_clock_that_jumps_ahead_and_comes_back_has_aged_nothing(store: Store) -> None:
    times = measure(store, NOW - 6 * DAY, NOW)
    store.roll_up(NOW + 400)
    store.forget(NOW + 400, WEEK)
    year = 365 * DAY
    store.record([Result(watch=DB.key, at=NOW + year, outcome="down")])
    for hours in range(3):
        store.roll_up(NOW + year + hours * HOUR + 400)
        assert store.forget(NOW + year + hours * HOUR + 400, WEEK) == 0
    later = measure(store, NOW + HOUR, NOW + DAY)
    store.roll_up(NOW + DAY + 400)
    store.forget(NOW + DAY + 400, WEEK)
    assert [result.at for result in store.results(DB.key, 0, NOW + DAY)] == [*times, *later]
    assert store.availability(DB.key, NOW - 6 * DAY, NOW + DAY).up == pytest.approx(7 * DAY)
    assert [day.worst for day in store.days(DB.key, 3, NOW + DAY - 1)] == ["up", "up", "up"]


def test_a_clock_that_stays_ahead_is_believed_in_the_end(store: Store) -> None:
    measure(store, NOW - 6 * DAY, NOW)
    store.roll_up(NOW + 400)
    store.forget(NOW + 400, WEEK)
    month = NOW + 30 * DAY
    measure(store, month, month + 2 * DAY)
    store.roll_up(month + 2 * DAY)
    assert store.forget(month, WEEK) == 0
    assert store.forget(month + DAY / 2, WEEK) == 0
    assert store.forget(month + DAY, WEEK) > 0


def test_a_clock_that_was_behind_hurts_no_sums(store: Store) -> None:
    measure(store, NOW - 20 * DAY, NOW)
    store.roll_up(NOW + 400)
    store.forget(NOW + 400, WEEK)
    before = store.availability(DB.key, NOW - 14 * DAY, NOW)
    year = NOW - 365 * DAY
    store.record([Result(watch=DB.key, at=year + hour * HOUR, outcome="down") for hour in range(30)])
    store.roll_up(year + 31 * HOUR)
    store.forget(year + 31 * HOUR, WEEK)
    store.record([Result(watch=DB.key, at=NOW, outcome="up")])
    store.roll_up(NOW + 2 * HOUR)
    assert store.availability(DB.key, NOW - 14 * DAY, NOW) == before
    assert store.availability(DB.key, year, year + DAY).down == pytest.approx(DAY)


def test_a_clock_at_the_epoch_costs_no_sums_of_fifty_years(store: Store) -> None:
    store.put_watch(DB, 0.0)
    store.record([Result(watch=DB.key, at=at, outcome="up", ms=1.0) for at in (30.0, NOW)])
    store.roll_up(NOW + 2 * HOUR)
    assert store.availability(DB.key, 0, DAY).up == pytest.approx(2.5 * HOUR)
    assert store.availability(DB.key, 0, NOW + HOUR).up == pytest.approx(3.5 * HOUR)


def test_a_file_becomes_smaller_when_much_of_it_goes_and_keeps_room_for_the_next_day(tmp_path: Path) -> None:
    file = tmp_path / "monitor.db"
    with open_store(str(file)) as store:
        store.put_watch(DB, NOW - 20 * DAY)
        for day in range(20):
            at = NOW - (20 - day) * DAY
            store.record([Result(watch=DB.key, at=at + 20 * n, outcome="down", message=f"{n} {'x' * 400}") for n in range(4320)])
        store.roll_up(NOW + 400)
        assert file_bytes(file) > 30e6
        store.forget(NOW + 400, Retention(raw_days=1))
        assert len(store.results(DB.key, 0, NOW, 10_000)) == 4321
        assert file_bytes(file) < 6e6
    with closing(sqlite3.connect(file)) as whole:
        assert whole.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def file_bytes(file: Path) -> int:
    """Of the file alone, with all in it that was committed."""
    with closing(sqlite3.connect(file)) as whole:
        whole.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file.stat().st_size


def test_retention_that_makes_no_sense_is_refused() -> None:
    for wrong in ({"raw_days": 0}, {"raw_days": 500}, {"daily_days": 3}):
        with pytest.raises(msgspec.ValidationError, match="none of them more than the next"):
            msgspec.convert(wrong, Retention)


WATCHES = 20
"""Of which each is measured 2,000 times, a minute apart: enough pages for a figure."""


def settled(store: Store) -> int:
    """The store's size, with nothing left in SQLite's log."""
    if "://" not in store.where:
        with closing(store._database._writer.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return store.size()


def test_history_takes_so_many_bytes_as_the_documentation_says(store: Store) -> None:
    """docs/monitoring-store.md says 25 and 95 bytes a result, 100 and 290 a summary of an hour, on SQLite and PostgreSQL."""
    watches = [Watch(host=f"host{n}.example.org", check="tcp", port=443, interval=60) for n in range(WATCHES)]
    store.set_file_watches(watches, NOW)
    store.roll_up(NOW + 400)
    drawn, empty, number = Random(7), settled(store), 0
    for minute in range(0, 2000, 50):
        batch = [
            Result(watch=watch.key, at=NOW + (minute + n) * 60 + drawn.random(), outcome="up", ms=drawn.lognormvariate(2, 0.5))
            for n in range(50)
            for watch in watches
        ]
        store.record(batch)
        number += len(batch)
    full = settled(store)
    store.roll_up(NOW + 2000 * 60)
    result, hour = (full - empty) / number, (settled(store) - full) / (WATCHES * 33)
    print(f"{result:.1f} bytes a result, {hour:.0f} an hour")
    allowed = (30, 120) if "://" not in store.where else (110, 320)
    assert (result <= allowed[0], hour <= allowed[1]) == (True, True), (result, hour)


@given(st.dictionaries(st.integers(0, 600), st.integers(1, 100_000), max_size=40))
def test_bins_are_packed_and_unpacked(bins: dict[int, int]) -> None:
    assert unpacked(packed(bins)) == bins


@given(st.lists(st.integers(1, 4_000_000_000), min_size=1, max_size=50), st.floats(0.01, 1.0))
def test_a_percentile_of_bins_is_within_two_and_a_half_percent(times: list[int], part: float) -> None:
    bins: dict[int, int] = {}
    for us in times:
        bins[bin_of(us)] = bins.get(bin_of(us), 0) + 1
    [exact] = percentiles_of(times, [part])
    [found] = percentiles_in(bins, max(times), [part])
    assert found == pytest.approx(exact, rel=0.025, abs=0.5)
    assert middle(bin_of(times[0])) == pytest.approx(times[0], rel=0.025, abs=0.5)
