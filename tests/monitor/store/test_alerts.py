"""Alerts that several write at once, and notices on their way."""

from __future__ import annotations

import msgspec
import pytest

from netassist.monitor.alert import Alert, Notice
from netassist.monitor.happening import Event, Result, State
from netassist.monitor.store import Store
from netassist.monitor.store.alarms import merged
from netassist.monitor.watch import Watch

DOWN = Alert(id="0000000a", watch="tcp db1.example.org 5432", about="state", level="critical", title="db1 is down", opened=10.0)


def alert(id: str, **changed: object) -> Alert:
    return msgspec.structs.replace(DOWN, id=id, **changed)


def notice(id: str, due: float, **changed: object) -> Notice:
    made = Notice(id=id, channel="mail", title="db1 is down", body="since ten", alerts=(DOWN.id,), made=due, due=due)
    return msgspec.structs.replace(made, **changed)


def test_open_ones_come_first_and_of_each_kind_the_newest(store: Store) -> None:
    over = alert("3", opened=30.0, status="resolved", resolved=31.0)
    store.record([], alerts=[over, alert("1", opened=10.0), alert("2", opened=20.0)])
    assert store.acknowledge("1", "ada", 40.0) is not None
    store.put_alert(alert("4", opened=5.0))
    assert [one.id for one in store.alerts("all")] == ["2", "4", "1", "3"]
    assert [one.id for one in store.unresolved()] == ["2", "4", "1"]
    assert [one.id for one in store.alerts("open")] == ["2", "4"]
    assert [one.id for one in store.alerts("acknowledged")] == ["1"]
    assert [one.id for one in store.alerts("resolved")] == ["3"]
    assert [one.id for one in store.alerts("all", limit=2)] == ["2", "4"]
    assert store.alert("3") == over
    assert store.alert("9") is None


def test_an_acknowledgement_is_the_first_ones_and_changes_the_revision(store: Store) -> None:
    store.put_alert(DOWN)
    before = store.revision()
    taken = store.acknowledge(DOWN.id, "ada", 20.0)
    assert taken == msgspec.structs.replace(DOWN, status="acknowledged", acknowledged=20.0, acknowledged_by="ada")
    assert store.revision() > before
    assert store.acknowledge(DOWN.id, "bob", 30.0) == taken
    assert store.acknowledge("nothing", "ada", 30.0) is None


def test_what_others_wrote_meanwhile_stays(store: Store) -> None:
    store.put_alert(DOWN)
    store.acknowledge(DOWN.id, "ada", 20.0)
    store.enqueue([notice("n", 20.0)], {DOWN.id: "acknowledged"})
    store.put_alert(msgspec.structs.replace(DOWN, evidence="ping: no answer"))  # a diagnosis that began before
    kept = store.alert(DOWN.id)
    assert kept is not None
    assert (kept.status, kept.acknowledged_by, kept.told) == ("acknowledged", "ada", "acknowledged")
    assert kept.evidence == "ping: no answer"
    store.record([], alerts=[msgspec.structs.replace(DOWN, status="resolved", resolved=30.0)])
    store.put_alert(msgspec.structs.replace(DOWN, detail="since ten"))
    kept = store.alert(DOWN.id)
    assert kept is not None
    assert (kept.status, kept.resolved, kept.acknowledged, kept.evidence) == ("resolved", 30.0, 20.0, "ping: no answer")


def test_an_escalation_says_itself_what_was_told() -> None:
    warning = alert("1", level="warning", told="open", acknowledged=5.0, acknowledged_by="ada", status="acknowledged")
    worse = msgspec.structs.replace(warning, level="critical", told=None, status="open")
    assert merged(warning, worse) == worse


def test_who_is_no_longer_watched_is_no_longer_in_trouble(store: Store) -> None:
    store.put_watch(Watch(host="db1.example.org", check="tcp", port=5432), 1.0)
    store.record([], alerts=[DOWN, alert("other", watch="icmp other")])
    store.remove_watch(DOWN.watch, 50.0)
    assert [one.id for one in store.unresolved()] == ["other"]
    ended = store.alert(DOWN.id)
    assert ended is not None
    assert (ended.status, ended.resolved, ended.ended, ended.title) == ("resolved", 50.0, "no longer watched", DOWN.title)
    assert ended.detail.endswith(", 40 s; no longer watched")
    over = msgspec.structs.replace(DOWN, status="resolved", resolved=51.0, detail="it is up")
    assert store.record([], alerts=[over]) == [], "what was made of an older reading is no all-clear"
    assert store.alert(DOWN.id) == ended


@pytest.mark.parametrize("how", ["removed", "paused"])
def test_what_comes_after_a_watch_was_removed_or_paused_changes_nothing(store: Store, how: str) -> None:
    watch = Watch(host="db1.example.org", check="tcp", port=5432)
    store.put_watch(watch, 1.0)
    store.record([Result(watch=watch.key, at=10.0, outcome="up")], [State(watch=watch.key, standing="up", since=10.0)])
    if how == "removed":
        store.remove_watch(watch.key, 50.0)
    else:
        store.put_watch(msgspec.structs.replace(watch, enabled=False), 50.0)
    before = (store.states(), store.events(0, 99), store.results(watch.key, 0, 99))
    late = Result(watch=watch.key, at=51.0, outcome="down")
    turn = Event(at=51.0, watch=watch.key, kind="state", before="up", after="down")
    assert store.record([late], [State(watch=watch.key, standing="down", at=51.0)], [turn], [DOWN]) == []
    assert store.unresolved() == []
    kept = (store.states(), store.events(0, 99), store.results(watch.key, 0, 99))
    assert [{key: state.standing for key, state in kept[0].items()}, *kept[1:]] == [
        {key: state.standing for key, state in before[0].items()}, *before[1:]
    ]  # fmt: skip


def test_a_pause_ends_the_alert_about_the_standing_and_leaves_what_drifted(store: Store) -> None:
    watch = Watch(host="db1.example.org", check="tcp", port=5432)
    store.put_watch(watch, 1.0)
    down = State(watch=watch.key, standing="down", since=10.0, at=20.0, message="refused", recent="xx", facts={"grade": "C"})
    store.record([], [down], alerts=[DOWN, alert("0000000b", about="grade")])
    store.put_watch(msgspec.structs.replace(watch, enabled=False), 50.0)
    assert [one.about for one in store.unresolved()] == ["grade"]
    ended = store.alert(DOWN.id)
    assert ended is not None
    assert (ended.resolved, ended.ended) == (50.0, "paused")
    assert store.states()[watch.key] == State(watch=watch.key, at=20.0, facts={"grade": "C"}, silenced="paused")
    [turn] = [event for event in store.events(0, 99) if event.kind == "state"]
    assert (turn.before, turn.after, turn.message) == ("down", "pending", "paused")


def test_a_notice_is_due_until_it_is_delivered_or_given_up(store: Store) -> None:
    store.put_alert(DOWN)
    store.enqueue([notice("a", 1.0), notice("b", 2.0), notice("c", 99.0)], {DOWN.id: "open"})
    kept = store.alert(DOWN.id)
    assert kept is not None
    assert kept.told == "open"
    assert [one.id for one in store.due(10.0)] == ["a", "b"]
    store.begun("a", 30.0)
    assert [one.id for one in store.due(10.0)] == ["b"]
    store.failed("a", "refused", 40.0)
    assert [(one.attempts, one.error) for one in store.due(40.0) if one.id == "a"] == [(1, "refused")]
    store.begun("a", 90.0)
    store.delivered("a", 41.0)
    store.failed("b", "no such user", None)
    assert [one.id for one in store.due(1000.0)] == ["c"]
    by_id = {one.id: one for one in store.notices()}
    assert (by_id["a"].attempts, by_id["a"].delivered, by_id["a"].error) == (2, 41.0, "")
    assert (by_id["b"].given_up, by_id["b"].error) == (True, "no such user")
    assert [one.id for one in store.notices(limit=2)] == ["c", "b"]


def test_a_notice_that_is_queued_again_does_not_begin_anew(store: Store) -> None:
    store.enqueue([notice("a", 1.0)], {})
    store.begun("a", 30.0)
    store.enqueue([notice("a", 1.0)], {})
    assert [one.attempts for one in store.due(30.0)] == [1]
