"""The engine over played time: schedules, confirmations, silence, a store in trouble, and clocks that jump."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path

import msgspec
import pytest

from netassist.monitor import writer
from netassist.monitor.connectivity import Link
from netassist.monitor.engine import LIGHT_AT_ONCE
from netassist.monitor.standing import asked, status
from netassist.monitor.store import StoreTrouble, Window
from netassist.monitor.watch import Watch
from tests.monitor.played import NOON, Play, PlayedClock

DB = Watch(host="db1.example.org", check="tcp", port=5432, interval=60)
GATEWAY = Watch(host="gw.example.org", check="icmp", interval=300)
BEHIND = Watch(host="app.example.org", check="tcp", port=80, interval=60, parents=("gw.example.org",))
YEAR = 366 * 86400.0


def told(story: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 60))


def locked(*_: object) -> None:
    raise StoreTrouble("locked", "another program holds it")


def test_a_watch_is_checked_once_an_interval_at_even_times_and_all_of_it_is_kept(tmp_path: Path) -> None:
    play = Play(tmp_path, DB)

    async def story() -> None:
        async with play.running():
            await play.clock.passes(3600)

    told(story)
    gaps = [later - sooner for sooner, later in zip(play.times(DB)[1:], play.times(DB)[2:], strict=False)]
    assert all(abs(gap - 60) < 1 for gap in gaps)
    assert len(play.store.results(DB.key, 0, 1e11)) == len(play.ran) >= 59
    assert play.store.states()[DB.key].standing == "up"
    assert play.engine.counts.written == len(play.ran)


def test_two_failures_open_an_alert_within_seconds_and_one_success_resolves_it(tmp_path: Path) -> None:
    play = Play(tmp_path, DB)

    async def story() -> None:
        async with play.running():
            await play.clock.passes(200)
            play.outcomes[DB.key] = "down"
            before = len(play.ran)
            await play.clock.passes(75)  # an interval, and the recheck that follows the first failure
            assert play.titles() == [DB.key]
            assert len(play.ran) - before >= 2
            play.outcomes[DB.key] = "up"
            await play.clock.passes(75)
            assert play.titles() == []

    told(story)
    assert play.kinds() == ["state", "state", "state"]
    assert [alert.status for alert in play.store.alerts("all")] == ["resolved"]


def test_what_changed_is_told_as_drift(tmp_path: Path) -> None:
    play = Play(tmp_path, DB)
    play.facts[DB.key] = {"grade": "A"}

    async def story() -> None:
        async with play.running():
            await play.clock.passes(70)
            play.facts[DB.key] = {"grade": "C"}
            await play.clock.passes(70)

    told(story)
    [drift] = [event for event in play.store.events(0, 1e11) if event.kind == "drift"]
    assert drift.message == "the TLS grade fell from A to C"
    assert [alert.about for alert in play.store.unresolved()] == ["grade"]


def test_of_a_router_and_what_lies_behind_only_the_router_is_told(tmp_path: Path) -> None:
    play = Play(tmp_path, GATEWAY, BEHIND)

    async def story() -> None:
        async with play.running():
            await play.clock.passes(400)
            play.outcomes |= {GATEWAY.key: "down", BEHIND.key: "down"}
            await play.clock.passes(400)
            assert play.titles() == [GATEWAY.key]
            assert play.engine.states[BEHIND.key].silenced == f"parent {GATEWAY.key}"
            # The router comes back, what lies behind does not: now that is told.
            play.outcomes[GATEWAY.key] = "up"
            await play.clock.passes(400)
            assert play.titles() == [BEHIND.key]

    told(story)


def test_the_router_is_looked_at_before_what_lies_behind_it_is_accused(tmp_path: Path) -> None:
    router = Watch(host="gw.example.org", check="icmp", interval=3600)
    play = Play(tmp_path, router, BEHIND)

    async def story() -> None:
        async with play.running():
            await play.clock.passes(70)
            play.outcomes |= {router.key: "down", BEHIND.key: "down"}
            await play.clock.passes(120)  # the router itself would not be due for most of an hour

    told(story)
    assert [alert.watch for alert in play.store.alerts("all")] == [router.key]


def test_in_maintenance_nothing_is_told_and_afterwards_what_is_still_down(tmp_path: Path) -> None:
    play = Play(tmp_path, DB)
    play.store.put_window(Window(name="night", starts=NOON, ends=NOON + 1800))
    play.outcomes[DB.key] = "down"

    async def story() -> None:
        async with play.running():
            await play.clock.passes(1700)
            assert play.titles() == []
            assert play.engine.states[DB.key].silenced == "maintenance night"
            await play.clock.passes(200)
            assert play.titles() == [DB.key]

    told(story)


def test_a_slow_check_never_overlaps_itself_and_few_run_at_once(tmp_path: Path) -> None:
    many = [Watch(host=f"h{number}.example.org", check="icmp", interval=5) for number in range(LIGHT_AT_ONCE + 50)]
    play = Play(tmp_path, *many)
    play.slow = 30.0

    async def story() -> None:
        async with play.running():
            await play.clock.passes(100)
            running = Counter(key for at, key in play.ran if at > play.clock.now - 30.0)
            assert max(running.values()) == 1

    told(story)
    assert play.most_at_once <= LIGHT_AT_ONCE


def test_heavy_checks_run_few_at_a_time_and_do_not_hold_up_light_ones(tmp_path: Path) -> None:
    audits = [Watch(host=f"h{number}.example.org", check="tls", interval=60) for number in range(20)]
    play = Play(tmp_path, *audits)
    play.slow = 300.0

    async def story() -> None:
        async with play.running():
            await play.clock.passes(200)

    told(story)
    assert play.most_at_once == 4


def test_hundreds_of_watches_do_not_bunch_at_the_start(tmp_path: Path) -> None:
    many = [Watch(host=f"h{number}.example.org", check="icmp", interval=60) for number in range(500)]
    play = Play(tmp_path, *many)

    async def story() -> None:
        async with play.running():
            await play.clock.passes(61)

    told(story)
    assert max(Counter(int(at) for at, _ in play.ran).values()) < 25
    assert {key for _, key in play.ran} == {watch.key for watch in many}


def test_a_restart_goes_on_with_the_schedule_and_the_state(tmp_path: Path) -> None:
    play = Play(tmp_path, GATEWAY)

    async def story() -> None:
        async with play.running():
            await play.clock.passes(700)
        planned = play.store.states()[GATEWAY.key].next_run - play.clock.between
        since = play.store.states()[GATEWAY.key].since
        play.restarted()
        async with play.running():
            await play.clock.passes(400)
        assert abs(play.times(GATEWAY)[0] - planned) < 1
        assert play.store.states()[GATEWAY.key].since == since

    told(story)


def test_a_watch_is_added_paused_resumed_and_removed_while_it_runs(tmp_path: Path) -> None:
    play = Play(tmp_path)

    async def story() -> None:
        async with play.running():
            await play.clock.passes(10)
            play.store.put_watch(DB, play.clock.wall())
            await play.clock.passes(130)
            assert len(play.times(DB)) >= 2
            play.edit(DB, enabled=False)
            await play.clock.passes(5)
            so_far = len(play.ran)
            await play.clock.passes(300)
            assert (len(play.ran), play.engine.states[DB.key].silenced) == (so_far, "paused")
            play.edit(DB, enabled=True)
            await play.clock.passes(130)
            assert len(play.ran) > so_far
            assert play.engine.states[DB.key].silenced == ""
            play.store.remove_watch(DB.key, play.clock.wall())
            await play.clock.passes(5)
            so_far = len(play.ran)
            await play.clock.passes(300)
            assert len(play.ran) == so_far

    told(story)


def test_what_is_paused_while_it_is_down_stands_no_way_until_it_is_measured_again(tmp_path: Path) -> None:
    play = Play(tmp_path, DB)
    play.outcomes[DB.key] = "down"

    async def story() -> None:
        async with play.running():
            await play.clock.passes(150)
            assert play.titles() == [DB.key]
            play.edit(DB, enabled=False)
            await play.clock.passes(600)
            [ended] = play.store.alerts("all")
            assert (ended.status, ended.ended) == ("resolved", "paused")
            known = asked(play.store)
            told = status(play.engine, known, since=0.0, plan=tmp_path, plan_trouble="", where=())
            assert (told.counts, told.unresolved) == ({"paused": 1}, 0)
            assert play.store.states()[DB.key].standing == play.engine.states[DB.key].standing == "pending"
            play.edit(DB, enabled=True)
            resumed = play.clock.wall()
            await play.clock.passes(150)
            again, _ = play.store.alerts("all")
            assert again.status == "open"
            assert again.opened >= resumed
            assert play.store.states()[DB.key].since >= resumed
            down = play.store.availability(DB.key, NOON, play.clock.wall()).down
            assert down < 300, "the ten minutes of the pause are not among it"

    told(story)


def test_what_is_removed_while_it_is_checked_opens_no_alert(tmp_path: Path) -> None:
    watch = msgspec.structs.replace(DB, interval=5, failures=1, of=1)
    play = Play(tmp_path, watch)

    async def story() -> None:
        async with play.running():
            await play.clock.passes(20)
            play.outcomes[watch.key] = "down"
            play.store.remove_watch(watch.key, play.clock.wall())
            ran = len(play.ran)
            while len(play.ran) == ran and play.clock.now < 1100:
                play.engine._agenda.sooner(watch.key, play.clock.now)
                play.engine._woken.set()
                await play.clock.passes(0.1)  # the engine looks at what is watched every two seconds
            assert len(play.ran) > ran
            await play.clock.passes(30)

    told(story)
    assert play.store.alerts("all") == []
    assert [event.after for event in play.store.events(0, 1e11) if event.kind == "state"] == ["up"]
    assert not any(one.alerts for one in play.written)


def test_an_outage_behind_a_router_is_as_long_as_it_was(tmp_path: Path) -> None:
    play = Play(tmp_path, GATEWAY, BEHIND)

    async def story() -> None:
        async with play.running():
            await play.clock.passes(400)
            play.outcomes |= {GATEWAY.key: "down", BEHIND.key: "down"}
            await play.clock.passes(400)
            down = play.engine.states[BEHIND.key].since
            play.outcomes[GATEWAY.key] = "up"
            await play.clock.passes(400)
            [behind] = play.store.unresolved()
            assert (behind.watch, behind.opened) == (BEHIND.key, down)
            play.outcomes[BEHIND.key] = "up"
            await play.clock.passes(100)
            over = play.store.alert(behind.id)
            assert over is not None
            assert over.resolved is not None
            assert over.resolved - over.opened > 400

    told(story)


def test_a_server_that_flapped_and_stays_down_is_called_down(tmp_path: Path) -> None:
    play = Play(tmp_path, DB)

    async def story() -> None:
        async with play.running():
            await play.clock.passes(100)
            for outcome in ("down", "up", "down", "up", "down", "up"):
                play.outcomes[DB.key] = outcome
                await play.clock.passes(75 if outcome == "down" else 61)
            assert play.engine.states[DB.key].flapping
            play.outcomes[DB.key] = "down"
            await play.clock.passes(400)
            [alert] = play.store.unresolved()
            assert (alert.title, alert.level) == ("db1.example.org port 5432 (tcp) is down", "critical")
            assert not play.engine.states[DB.key].flapping

    told(story)


def test_a_shorter_interval_counts_at_once(tmp_path: Path) -> None:
    play = Play(tmp_path, Watch(host="slow.example.org", check="icmp", interval=86400))
    watch = play.store.watches()[0]

    async def story() -> None:
        async with play.running():
            await play.clock.passes(120)
            play.ran.clear()
            play.edit(watch, interval=10)
            await play.clock.passes(60)

    told(story)
    assert len(play.ran) >= 4


@pytest.mark.parametrize("jump", [3600.0, YEAR, -3600.0, -YEAR])
def test_whatever_the_clock_does_checks_go_on_without_a_storm(tmp_path: Path, jump: float) -> None:
    many = [Watch(host=f"h{number}.example.org", check="icmp", interval=300) for number in range(100)]
    play = Play(tmp_path, *many)

    async def story() -> None:
        async with play.running():
            await play.clock.passes(700)
            play.ran.clear()
            play.clock.set_wall(jump)
            await play.clock.passes(400)

    told(story)
    each = Counter(key for _, key in play.ran)
    assert len(each) == len(many)
    assert max(each.values()) <= 3
    assert max(Counter(int(at) for at, _ in play.ran).values()) < 12
    assert play.engine.counts.clock_jumps == 1
    assert play.engine.may_age == (jump < YEAR)
    assert play.titles() == []


def test_what_a_sleeping_machine_missed_is_made_up_for_within_a_minute(tmp_path: Path) -> None:
    daily = Watch(host="www.example.org", check="certificate", interval=86400)
    play = Play(tmp_path, daily)

    async def story() -> None:
        async with play.running():
            await play.clock.passes(100)
            play.ran.clear()
            play.clock.set_wall(2 * 86400.0)  # the monotonic clock stands still in sleep
            await play.clock.passes(65)

    told(story)
    assert len(play.times(daily)) == 1


def test_a_check_that_breaks_is_unknown_and_ends_nothing(tmp_path: Path) -> None:
    play = Play(tmp_path, DB, GATEWAY)
    play.outcomes[DB.key] = "broken"  # type: ignore[assignment]

    async def story() -> None:
        async with play.running():
            await play.clock.passes(400)

    told(story)
    assert {result.outcome for result in play.store.results(DB.key, 0, 1e11)} == {"unknown"}
    assert "RuntimeError" in play.store.states()[DB.key].message
    assert play.store.states()[GATEWAY.key].standing == "up"
    assert play.titles() == []


def test_a_store_in_trouble_is_said_once_and_nothing_that_was_measured_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    play = Play(tmp_path, DB)
    record, revision = play.store.record, play.store.revision

    def full(*_: object) -> None:
        raise StoreTrouble("full", "monitor.db: the disk is full; make room on it")

    async def story() -> None:
        async with play.running():
            await play.clock.passes(130)
            monkeypatch.setattr(play.store, "record", full)
            monkeypatch.setattr(play.store, "revision", full)
            play.outcomes[DB.key] = "down"
            await play.clock.passes(300)
            assert play.engine.counts.held >= 5
            assert "disk is full" in play.engine.counts.store_trouble
            monkeypatch.setattr(play.store, "record", record)
            monkeypatch.setattr(play.store, "revision", revision)
            await play.clock.passes(60)
            assert (play.engine.counts.held, play.engine.counts.store_trouble) == (0, "")
            assert play.titles() == [DB.key]

    told(story)
    assert len(play.store.results(DB.key, 0, 1e11)) == len(play.ran)
    assert sum("disk is full" in line.getMessage() for line in caplog.records) == 1
    assert any("can be written again" in line.getMessage() for line in caplog.records)


def test_a_state_that_could_not_be_written_is_written_later_without_another_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    daily = Watch(host="www.example.org", check="certificate", interval=86400)
    play = Play(tmp_path, daily)
    record = play.store.record

    async def story() -> None:
        monkeypatch.setattr(play.store, "record", locked)
        async with play.running():
            await play.clock.passes(100)
            assert (len(play.ran), play.store.states()) == (1, {})
            monkeypatch.setattr(play.store, "record", record)
            await play.clock.passes(40)
            assert play.store.states()[daily.key].standing == "up"

    told(story)
    assert len(play.ran) == 1


def test_what_is_held_is_bounded_and_the_newest_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MOST_HELD", 5)
    play = Play(tmp_path, DB)
    record = play.store.record

    async def story() -> None:
        monkeypatch.setattr(play.store, "record", locked)
        async with play.running():
            await play.clock.passes(1200)
            assert (play.engine.counts.held, play.engine.counts.dropped) == (5, len(play.ran) - 5)
            monkeypatch.setattr(play.store, "record", record)
            await play.clock.passes(40)

    told(story)
    kept = [result.at for result in play.store.results(DB.key, 0, 1e11)]
    assert kept == [at + play.clock.between for at, _ in play.ran][-len(kept) :]


def test_at_the_end_what_is_under_way_ends_and_is_written(tmp_path: Path) -> None:
    play = Play(tmp_path, DB)
    play.slow = 3.0

    async def story() -> None:
        async with play.running():
            while not play.ran:
                await play.clock.passes(1)

    told(story)
    assert len(play.store.results(DB.key, 0, 1e11)) == len(play.ran) == 1


def test_when_this_machine_loses_its_network_it_says_so_once_and_accuses_nobody(tmp_path: Path) -> None:
    many = [Watch(host=f"h{number}.example.org", check="icmp", interval=60) for number in range(20)]
    play = Play(tmp_path, *many, Watch(host="127.0.0.1", check="icmp", interval=60))

    async def story() -> None:
        async with play.running():
            await play.clock.passes(130)
            play.link = Link(True, ())  # the default route is gone
            play.outcomes = {watch.key: "down" for watch in many}
            await play.clock.passes(600)
            assert play.engine.offline
            assert play.titles() == []
            assert play.engine.states[many[0].key].silenced == "offline"
            assert play.engine.states["icmp 127.0.0.1"].standing == "up"
            play.link, play.outcomes = Link(True, (None,)), {}
            await play.clock.passes(180)
            assert not play.engine.offline

    told(story)
    kinds = Counter(play.kinds())
    assert (kinds["offline"], kinds["online"]) == (1, 1)
    assert {result.outcome for result in play.store.results(many[0].key, 0, 1e11)} == {"up", "unknown"}
    assert {play.engine.states[watch.key].standing for watch in many} == {"up"}
    assert play.store.alerts("all") == []


def test_a_hundred_hosts_that_are_down_are_down_where_the_network_stands(tmp_path: Path) -> None:
    many = [Watch(host=f"h{number}.example.org", check="icmp", interval=60) for number in range(100)]
    play = Play(tmp_path, *many)

    async def story() -> None:
        async with play.running():
            await play.clock.passes(130)
            play.outcomes = {watch.key: "down" for watch in many}
            await play.clock.passes(180)

    told(story)
    assert len(play.store.unresolved()) == 100
    assert "offline" not in play.kinds()


def test_lateness_is_counted(tmp_path: Path) -> None:
    play = Play(tmp_path, DB)

    async def story() -> None:
        async with play.running():
            await play.clock.passes(600)

    told(story)
    counts = play.engine.counts
    assert sum(counts.lateness) == sum(counts.checks.values()) == len(play.ran)
    assert counts.checks == {("tcp", "up"): len(play.ran)}
    assert counts.running == 0


def test_a_check_can_be_hurried(tmp_path: Path) -> None:
    play = Play(tmp_path, GATEWAY, clock=PlayedClock())

    async def story() -> None:
        async with play.running():
            await play.clock.passes(70)
            before = len(play.ran)
            heard = play.engine.check_now(GATEWAY.key)
            assert heard is not None
            assert play.engine.check_now(GATEWAY.key) is heard  # one check for all who ask meanwhile
            assert play.engine.check_now("icmp nobody.example.org") is None
            await play.clock.passes(1)
            assert len(play.ran) == before + 1
            assert heard.result().outcome == "up"
            play.outcomes[GATEWAY.key] = "down"
            play.slow = 5.0
            play.engine.check_now(GATEWAY.key)
            await play.clock.passes(1)
            joined = play.engine.check_now(GATEWAY.key)  # one is under way
            assert joined is not None
            await play.clock.passes(5)
            assert (len(play.ran), joined.result().outcome) == (before + 2, "down")

    told(story)
