"""From results to states: what is confirmed, what flaps, and what is kept silent."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from netassist.monitor.happening import Event, Outcome, Result, Standing, State
from netassist.monitor.states import (
    FLAPS,
    blank,
    cycle,
    flap_window,
    folded,
    is_open,
    parents_of,
    silence,
)
from netassist.monitor.store.values import Window
from netassist.monitor.watch import Watch

NOON = 1_795_867_200.0
DB = Watch(host="db1.example.org", check="tcp", port=5432, interval=60)
OUTCOMES: dict[str, Outcome] = {"u": "up", "d": "degraded", "x": "down", "?": "unknown"}


class Told(NamedTuple):
    """How it stood after each result, and everything that happened."""

    states: list[State]
    events: list[Event]
    rechecks: list[bool]

    @property
    def standings(self) -> list[Standing]:
        return [state.standing for state in self.states]


def play(letters: str, watch: Watch = DB, *, every: float = 60.0, state: State | None = None) -> Told:
    """Results, a letter each, at even times from noon on, or from the last result of `state`."""
    told, now = Told([], [], []), state or blank(watch.key)
    begin = NOON if now.at is None else now.at + every
    for number, letter in enumerate(letters):
        result = Result(watch=watch.key, at=begin + number * every, outcome=OUTCOMES[letter], message=f"result {number}")
        now, events, recheck = folded(now, watch, result)
        told.states.append(now)
        told.events.extend(events)
        told.rechecks.append(recheck)
    return told


def test_one_failure_changes_nothing_but_is_looked_at_again() -> None:
    told = play("uux")
    assert told.standings == ["up", "up", "up"]
    assert told.rechecks == [False, False, True]


def test_two_failures_of_three_are_down_from_the_second_on() -> None:
    told = play("uxux")
    assert told.standings == ["up", "up", "up", "down"]
    last = told.events[-1]
    assert (last.kind, last.before, last.after, last.at, last.message) == ("state", "up", "down", NOON + 180, "result 3")


def test_failures_too_far_apart_are_never_down() -> None:
    assert set(play("uxuuxuux").standings) == {"up"}


def test_one_good_result_is_enough_for_the_better() -> None:
    told = play("xxu")
    assert told.standings == ["pending", "down", "up"]
    assert told.states[-1].since == NOON + 120


def test_a_watch_that_was_never_up_is_pending_until_it_is_sure() -> None:
    assert play("x").standings == ["pending"]
    assert play("dd").standings == ["pending", "degraded"]


def test_what_is_down_counts_as_degraded_too() -> None:
    assert play("udx").standings[-1] == "degraded"
    assert play("udxx").standings[-1] == "down"


def test_down_gets_better_by_steps() -> None:
    assert play("uxxdu").standings == ["up", "up", "down", "degraded", "up"]


def test_what_cannot_be_measured_is_neither_up_nor_down() -> None:
    assert play("uu?").standings[-1] == "up"
    assert play("uu??").standings[-1] == "unknown"
    assert play("uxx??").standings[-1] == "unknown"
    assert play("uu??u").standings[-1] == "up"
    assert play("uu??xx").standings[-1] == "down"


def test_of_one_a_failure_counts_at_once() -> None:
    assert play("ux", msgspec.structs.replace(DB, failures=1, of=1)).standings[-1] == "down"


def test_to_and_fro_is_flapping_once_and_steady_once() -> None:
    told = play("uxx" + "uxx" * FLAPS)
    flapping = [event.kind for event in told.events if event.kind in ("flapping", "steady")]
    assert flapping == ["flapping"]
    assert told.states[-1].flapping
    # A single good result is no recovery any more; it takes a whole window of them.
    after = play("uu", state=told.states[-1]).standings
    assert after == ["down", "down"]
    assert play("uuu", state=told.states[-1]).standings[-1] == "up"
    # Later, with no change for a whole window, it is steady again.
    long_after = NOON + 10 * flap_window(DB.interval)
    quiet = folded(told.states[-1], DB, Result(watch=DB.key, at=long_after, outcome="down"))
    assert [event.kind for event in quiet.events] == ["steady"]


def test_what_flaps_and_stays_down_is_down_and_no_longer_flaps() -> None:
    flapping = play("uxx" + "uxx" * FLAPS).states[-1]
    assert (flapping.standing, flapping.flapping) == ("down", True)
    stays = play("x", state=flapping)
    assert [(event.kind, event.message) for event in stays.events] == [("steady", "it stays down: result 0")]
    assert (stays.states[-1].standing, stays.states[-1].flapping) == ("down", False)
    assert play("xxxx", state=stays.states[-1]).events == [], "it is told once"
    again = play("u", state=stays.states[-1])
    assert again.states[-1].flapping, "when it goes on to and fro, it flaps again"


def test_changes_that_lie_in_the_future_do_not_count_when_the_clock_went_back() -> None:
    state = State(watch=DB.key, standing="up", turns=tuple(NOON + 400 * 86400 + number for number in range(FLAPS)), recent="uuu")
    after = folded(state, DB, Result(watch=DB.key, at=NOON, outcome="up")).state
    assert (after.turns, after.flapping) == ((), False)


def test_facts_that_were_not_established_this_time_are_kept_and_drift_is_told_once() -> None:
    first = folded(blank(DB.key), DB, Result(watch=DB.key, at=NOON, outcome="up", facts={"grade": "A"})).state
    second = folded(first, DB, Result(watch=DB.key, at=NOON, outcome="unknown")).state
    third = folded(second, DB, Result(watch=DB.key, at=NOON, outcome="up", facts={"grade": "C"}), "maintenance night")
    assert second.facts == {"grade": "A"}
    assert [(event.kind, event.before, event.after, event.silenced) for event in third.events] == [
        ("drift", "A", "C", "maintenance night")
    ]


@given(st.text("udx?", max_size=60), st.integers(1, 5), st.integers(0, 3))
def test_down_is_always_confirmed_and_up_has_been_seen(letters: str, failures: int, more: int) -> None:
    watch = msgspec.structs.replace(DB, failures=failures, of=failures + more)
    told = play(letters, watch)
    for number, standing in enumerate(told.standings):
        seen = letters[: number + 1]
        if standing == "down":
            assert seen.count("x") >= failures
        if standing == "up":
            assert "u" in seen
    changes = [event for event in told.events if event.kind == "state"]
    assert all(event.before != event.after for event in changes)


GATEWAY = Watch(host="gw.example.org", check="icmp")
BEHIND = Watch(host="db1.example.org", check="tcp", port=5432, parents=("gw.example.org",))
BOTH = {watch.key: watch for watch in (GATEWAY, BEHIND)}


def why(states: dict[str, State], watch: Watch = BEHIND, windows: tuple[Window, ...] = (), now: float = NOON) -> str:
    return silence(watch, parents_of(watch, BOTH), states, windows, now)


def test_a_parent_that_is_down_or_seems_to_be_silences() -> None:
    assert why({GATEWAY.key: State(watch=GATEWAY.key, standing="down", recent="xx")}) == "parent icmp gw.example.org"
    assert why({GATEWAY.key: State(watch=GATEWAY.key, standing="up", recent="uux")}) == "parent icmp gw.example.org"
    assert why({GATEWAY.key: State(watch=GATEWAY.key, standing="up", recent="uxu")}) == ""
    assert why({}) == ""


def test_a_web_server_that_is_down_does_not_silence_what_lies_behind_its_host() -> None:
    web = Watch(host="gw.example.org", check="http")
    watches = {**BOTH, web.key: web}
    states = {
        GATEWAY.key: State(watch=GATEWAY.key, standing="up", recent="u"),
        web.key: State(watch=web.key, standing="down", recent="xx"),
    }
    assert silence(BEHIND, parents_of(BEHIND, watches), states, (), NOON) == ""


def test_a_parent_that_is_silent_for_its_own_parent_silences_too() -> None:
    state = State(watch=GATEWAY.key, standing="unknown", recent="??", silenced="parent icmp core.example.org")
    assert why({GATEWAY.key: state}) == "parent icmp gw.example.org"


def test_parents_in_a_circle_are_found() -> None:
    one = Watch(host="a.example.org", check="icmp", parents=("icmp b.example.org",))
    two = Watch(host="b.example.org", check="icmp", parents=("c.example.org",))
    three = Watch(host="c.example.org", check="icmp", parents=("a.example.org",))
    every = {watch.key: watch for watch in (one, two, three)}
    assert cycle(every) == ("icmp a.example.org", "icmp b.example.org", "icmp c.example.org", "icmp a.example.org")
    assert cycle({one.key: one, two.key: two}) == ()


def test_maintenance_silences_what_it_names() -> None:
    night = Window(name="night", watches=("databases",), starts=NOON, ends=NOON + 3600)
    grouped = msgspec.structs.replace(BEHIND, group="databases")
    assert why({}, grouped, (night,), NOON + 10) == "maintenance night"
    assert why({}, grouped, (night,), NOON + 3600) == ""
    assert why({}, BEHIND, (night,), NOON + 10) == ""
    for named in ((), ("db1.example.org",), (BEHIND.key,)):
        assert why({}, BEHIND, (msgspec.structs.replace(night, watches=named),), NOON + 10) == "maintenance night"


def test_weekly_maintenance_comes_again() -> None:
    weekly = Window(name="weekly", starts=NOON, ends=NOON + 3600, weekly=True)
    week = 7 * 86400
    assert [is_open(weekly, NOON + 5 * week + at) for at in (0, 3599, 3600, -1)] == [True, True, False, False]
    assert not is_open(weekly, NOON - week + 10)


def test_paused_says_so() -> None:
    assert why({}, msgspec.structs.replace(BEHIND, enabled=False)) == "paused"
