"""What goes into the store comes out: watches, states, results, events, small things; on SQLite and PostgreSQL alike."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import msgspec
import pytest

from netassist.monitor.happening import Event, Result, State
from netassist.monitor.store import Store, Token, Window
from netassist.monitor.watch import Limits, Watch

WEB = Watch(host="www.example.org", check="https", interval=60, limits=Limits(slow_ms=500), tags={"site": "Zürich"})
DB = Watch(host="db1.example.org", check="tcp", port=5432)
IN_FILE = msgspec.structs.replace(DB, source="file")


def test_a_watch_is_added_replaced_and_removed_and_every_change_is_told(store: Store) -> None:
    seen = [store.revision()]
    store.put_watch(WEB, 1.0)
    store.put_watch(DB, 2.0)
    assert store.watches() == (WEB, DB)
    seen.append(store.revision())
    slower = msgspec.structs.replace(WEB, interval=120)
    store.put_watch(slower, 3.0)
    assert store.watches() == (slower, DB)
    seen.append(store.revision())
    assert store.remove_watch(DB.key, 4.0)
    assert not store.remove_watch(DB.key, 5.0)
    assert store.watches() == (slower,)
    seen.append(store.revision())
    assert seen == sorted(set(seen))
    told = [(event.watch, event.what, event.before, event.after) for event in store.events(0, 10)]
    assert told == [
        (DB.key, "removed", "", ""),
        (WEB.key, "edited", "interval 60", "interval 120"),
        (DB.key, "added", "", ""),
        (WEB.key, "added", "", ""),
    ]


def test_an_edit_says_what_it_was(store: Store) -> None:
    store.put_watch(DB, 1.0)
    slower = msgspec.structs.replace(DB, interval=600)
    store.put_watch(slower, 2.0)
    store.put_watch(msgspec.structs.replace(slower, enabled=False), 3.0)
    store.put_watch(slower, 4.0)
    assert [event.message for event in reversed(store.events(0, 9))] == [
        "The watch was added.", "The watch was edited: interval 300 → 600", "The watch was paused.",
        "The watch was resumed.",
    ]  # fmt: skip


def test_the_file_replaces_what_it_said_and_keeps_the_states_of_those_that_stay(store: Store) -> None:
    store.set_file_watches([DB, WEB], 1.0)
    store.record([], [State(watch=DB.key, standing="down"), State(watch=WEB.key, standing="up")])
    store.set_file_watches([msgspec.structs.replace(DB, failures=5)], 2.0)
    assert [(watch.key, watch.source, watch.failures) for watch in store.watches()] == [(DB.key, "file", 5)]
    assert store.states() == {DB.key: State(watch=DB.key, standing="down")}
    before = store.revision()
    store.set_file_watches([msgspec.structs.replace(DB, failures=5)], 3.0)
    assert store.revision() == before, "nothing changed"


def test_what_is_in_the_file_is_changed_there_and_what_was_added_comes_back_after_it(store: Store) -> None:
    store.put_watch(msgspec.structs.replace(DB, interval=77), 1.0)
    store.set_file_watches([DB], 2.0)
    assert store.watches() == (IN_FILE,)
    with pytest.raises(ValueError, match=r"monitor\.toml"):
        store.put_watch(DB, 3.0)
    with pytest.raises(ValueError, match=r"monitor\.toml"):
        store.remove_watch(DB.key, 3.0)
    store.set_file_watches([], 4.0)
    assert [(watch.interval, watch.source) for watch in store.watches()] == [(77, "added")]


def test_a_watch_that_comes_back_has_its_history_but_not_its_state(store: Store) -> None:
    store.put_watch(DB, 1.0)
    result = Result(watch=DB.key, at=10.0, outcome="down", message="refused")
    store.record([result], [State(watch=DB.key, standing="down")])
    store.remove_watch(DB.key, 11.0)
    store.record([Result(watch=DB.key, at=12.0, outcome="up")], [State(watch=DB.key, standing="up")])
    assert store.states() == {}, "a check that was still running does not bring it back"
    store.put_watch(DB, 13.0)
    assert store.states() == {}
    assert [(kept.at, kept.outcome) for kept in store.results(DB.key, 0, 100)] == [(10.0, "down")]


def test_results_are_the_newest_of_a_time_oldest_first_without_facts(store: Store) -> None:
    store.put_watch(DB, 0.0)
    measured = [Result(watch=DB.key, at=float(at), outcome="up", ms=at + 0.125, facts={"grade": "A"}) for at in range(10)]
    store.record(measured)
    bare = [msgspec.structs.replace(result, facts={}) for result in measured]
    assert store.results(DB.key, 2.0, 5.0) == bare[2:6]
    assert store.results(DB.key, 0.0, 100.0, limit=3) == bare[7:]
    assert store.results("tcp nowhere 1", 0.0, 100.0) == []


def test_what_is_recorded_twice_stands_once(store: Store, open_again: Callable[[], Store]) -> None:
    store.put_watch(DB, 0.0)
    batch = (
        [Result(watch=DB.key, at=5.0, outcome="degraded", ms=12.5, message="slow")],
        [State(watch=DB.key, standing="degraded", turns=(1.0, 2.0), facts={"grade": "A"})],
        [Event(at=5.0, watch=DB.key, kind="state", before="up", after="degraded"), Event(at=5.0, watch="", kind="offline")],
    )
    store.record(*batch)
    again = open_again()
    again.record(*batch)
    assert again.results(DB.key, 0, 10) == batch[0]
    assert again.states() == {DB.key: batch[1][0]}
    assert again.events(1, 10, DB.key) == [batch[2][0]]
    assert again.events(1, 10, "") == [batch[2][1]]


def test_another_process_that_adds_and_removes_does_not_mix_up_histories(store: Store, open_again: Callable[[], Store]) -> None:
    store.put_watch(DB, 0.0)
    store.record([Result(watch=DB.key, at=1.0, outcome="up")])
    open_again().put_watch(WEB, 2.0)
    store.record([Result(watch=WEB.key, at=3.0, outcome="down"), Result(watch=DB.key, at=3.0, outcome="up")])
    assert [result.outcome for result in store.results(WEB.key, 0, 10)] == ["down"]
    assert [result.outcome for result in store.results(DB.key, 0, 10)] == ["up", "up"]


def test_nothing_of_a_batch_is_kept_when_a_part_of_it_is_refused(store: Store) -> None:
    store.put_watch(DB, 0.0)
    impossible = Result(watch="tcp new.example 1", at=float("nan"), outcome="up")
    with pytest.raises(Exception, match=r"(?i)null|nan"):
        store.record([Result(watch=DB.key, at=1.0, outcome="up"), impossible], [State(watch=DB.key, standing="up")])
    assert (store.results(DB.key, 0, 10), store.states()) == ([], {})
    store.record([Result(watch="tcp new.example 1", at=2.0, outcome="up")])
    assert len(store.results("tcp new.example 1", 0, 10)) == 1


def test_hostile_text_is_data(store: Store) -> None:
    hostile = "'); DROP TABLE results; -- \x00 \x1b[2J \udcff \u202e"
    store.put_watch(DB, 0.0)
    store.record(
        [Result(watch=DB.key, at=1.0, outcome="down", ms=float("inf"), message=hostile)],
        [State(watch=DB.key, standing="down", message=hostile, facts={"banner": hostile})],
        [Event(at=1.0, watch=DB.key, kind="drift", what="banner", before="", after=hostile)],
    )
    [result] = store.results(DB.key, 0, 10)
    assert result.ms is None
    assert result.message.startswith("'); DROP TABLE results; --")
    assert result.message.isprintable()
    assert store.states()[DB.key].facts["banner"].startswith("'); DROP TABLE")
    assert store.events(0, 10, DB.key)[0].after.startswith("'); DROP TABLE")


def test_small_things(store: Store, open_again: Callable[[], Store]) -> None:
    window = Window(name="patching", watches=("db1.example.org",), starts=10.0, ends=20.0, weekly=True)
    token = Token(name="grafana", hash="scrypt:…", scopes=("read",), made=1.0)
    before = store.revision()
    store.put_window(window)
    store.put_token(token)
    store.put("daemon", "{}")
    store.put("daemon", '{"pid": 1}')
    other = open_again()
    assert (other.windows(), other.tokens()) == ([window], [token])
    assert (other.get("daemon"), other.get("nothing")) == ('{"pid": 1}', None)
    assert other.revision() > before
    assert [other.remove_window("patching") for _ in range(2)] == [True, False]
    assert other.remove_token("grafana")
    assert (store.windows(), store.tokens()) == ([], [])
    assert store.size() > 0


def test_sqlalchemy_is_loaded_with_the_first_store_and_not_before() -> None:
    program = "import sys; from netassist.monitor.store import Retention, StoreTrouble; print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
