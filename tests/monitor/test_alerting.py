"""From events to alerts, and their texts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.monitor.advice import advised
from netassist.monitor.alert import Alert
from netassist.monitor.alerting import after_silence, changed, groups_of
from netassist.monitor.happening import Event, State
from netassist.monitor.watch import Check, Watch
from tests.monitor.sample import DB, NOON, alert, drifted, ids, many, state, watched, went


def told(*events: Event, states: tuple[State, ...] = (), unresolved: tuple[Alert, ...] = (), watch: Watch = DB) -> list[Alert]:
    return changed(events, {state.watch: state for state in states}, unresolved, watched(watch), NOON, ids())


def test_down_opens_a_critical_alert_that_says_what_since_when_and_what_to_try() -> None:
    [opened] = told(went(DB, "down", message="connection refused; nothing listens there"))
    assert (opened.level, opened.status, opened.opened, opened.about) == ("critical", "open", NOON, "state")
    assert opened.title == "db1.example.org port 5432 (tcp) is down"
    assert opened.detail == "since 2026-11-28 12:00 UTC; connection refused; nothing listens there"
    assert "is the service running" in opened.advice
    assert opened.told is None


def test_degraded_warns_and_grows_graver_in_place() -> None:
    [warning] = told(went(DB, "degraded", message="900 ms"))
    assert warning.level == "warning"
    [graver] = told(went(DB, "down", NOON + 60, "degraded", "no answer"), unresolved=(warning,))
    assert (graver.id, graver.level, graver.opened) == (warning.id, "critical", NOON)
    assert graver.title.endswith("is down")
    assert "degraded before" in graver.detail
    [lighter] = told(went(DB, "degraded", NOON + 120, "down", "900 ms"), unresolved=(graver,))
    assert (lighter.id, lighter.level) == (warning.id, "warning")


def test_up_resolves_and_says_how_long_it_was() -> None:
    [over] = told(went(DB, "up", NOON + 720, "down"), unresolved=(alert(detail="since 2026-11-28 12:00 UTC; refused"),))
    assert (over.status, over.resolved) == ("resolved", NOON + 720)
    assert over.detail == "from 2026-11-28 12:00 UTC to 2026-11-28 12:12 UTC, 12 min; refused"


def test_up_without_an_alert_and_unknown_say_nothing() -> None:
    assert told(went(DB, "up", before="pending")) == []
    assert told(went(DB, "unknown"), unresolved=(alert(),)) == []


def test_what_came_and_went_within_one_batch_is_one_resolved_alert() -> None:
    [only] = told(went(DB, "down"), went(DB, "up", NOON + 5, "down"))
    assert only.status == "resolved"


def test_a_second_trouble_after_the_first_is_a_second_alert() -> None:
    first, second = told(went(DB, "down"), went(DB, "up", NOON + 5, "down"), went(DB, "down", NOON + 9))
    assert (first.status, second.status) == ("resolved", "open")
    assert first.id != second.id


def test_a_silenced_event_opens_nothing_and_resolves_all_the_same() -> None:
    assert told(went(DB, "down", silenced="maintenance disks")) == []
    [over] = told(went(DB, "up", silenced="maintenance disks"), unresolved=(alert(),))
    assert over.status == "resolved"


def test_what_is_still_down_when_its_silence_ends_opens_then() -> None:
    down = state(DB, "down", message="refused", since=NOON - 600)
    silenced = state(DB, "down", silenced="parent icmp gw.example.org")
    assert after_silence({DB.key: silenced}, [], watched(DB), NOON, ids()) == []
    [opened] = after_silence({DB.key: down}, [], watched(DB), NOON, ids())
    assert (opened.level, opened.opened) == ("critical", NOON - 600), "it began when it began"
    [over] = told(went(DB, "up", NOON + 60, "down"), unresolved=(opened,))
    assert over.detail == "from 2026-11-28 11:50 UTC to 2026-11-28 12:01 UTC, 11 min; refused"
    assert opened.detail == "since 2026-11-28 11:50 UTC; refused"
    assert after_silence({DB.key: down}, [opened], watched(DB), NOON, ids()) == []


def test_an_alert_about_what_is_up_or_watched_no_more_is_resolved() -> None:
    [over] = after_silence({DB.key: state(DB, "up")}, [alert()], watched(DB), NOON + 60, ids())
    assert over.status == "resolved"
    [gone] = after_silence({}, [alert()], {}, NOON + 60, ids())
    assert (gone.status, gone.ended) == ("resolved", "no longer watched")
    paused = msgspec.structs.replace(DB, enabled=False)
    [rests] = after_silence({DB.key: state(DB, "pending", silenced="paused")}, [alert()], watched(paused), NOON + 60, ids())
    assert (rests.status, rests.ended) == ("resolved", "paused")


def test_flapping_is_one_alert_that_says_so_until_it_is_steady() -> None:
    flaps = Event(at=NOON, watch=DB.key, kind="flapping", what="state", message="it goes to and fro: 5 changes of late")
    to_and_fro = state(DB, "down", flapping=True)
    [one] = told(flaps, went(DB, "down"), states=(to_and_fro,))
    assert one.title == "db1.example.org port 5432 (tcp) goes to and fro"
    turns = [went(DB, standing, NOON + turn) for turn, standing in enumerate(("up", "down", "up", "down"))]  # type: ignore[arg-type]
    assert told(*turns, states=(to_and_fro,), unresolved=(one,)) == []
    steady = Event(at=NOON + 900, watch=DB.key, kind="steady", what="state", message="it is steady again")
    [over] = told(steady, states=(state(DB, "up"),), unresolved=(one,))
    assert over.status == "resolved"
    [still] = told(steady, states=(state(DB, "down"),), unresolved=(one,))
    assert (still.id, still.title.endswith("is down")) == (one.id, True)


def test_what_flaps_and_then_stays_down_is_down() -> None:
    flaps = alert(title="db1.example.org goes to and fro", flapping=True)
    stays = Event(at=NOON + 90, watch=DB.key, kind="steady", what="state", message="it stays down: refused")
    [down] = told(stays, states=(state(DB, "down", since=NOON + 30),), unresolved=(flaps,))
    assert (down.id, down.title, down.flapping) == (flaps.id, "db1.example.org port 5432 (tcp) is down", False)
    assert down.detail.startswith("down since 2026-11-28 12:00 UTC")
    assert "it stays down: refused" in down.detail


def test_an_alert_that_was_open_when_flapping_began_is_the_one_that_says_so() -> None:
    flaps = Event(at=NOON, watch=DB.key, kind="flapping", what="state", message="it goes to and fro")
    [same] = told(flaps, states=(state(DB, "down", flapping=True),), unresolved=(alert(),))
    assert (same.id, "to and fro" in same.title, same.level) == ("a0000001", True, "critical")


@pytest.mark.parametrize(
    ("what", "before", "after"),
    [("grade", "A", "C"), ("open_ports", "22,443", "22,443,8080"), ("host_key", "ed25519 aa", "ed25519 bb"),
     ("post_quantum", "available", "not_safe")],
)  # fmt: skip
def test_drift_that_calls_for_somebody_warns_and_ends_when_it_is_as_before(what: str, before: str, after: str) -> None:
    [warning] = told(drifted(DB, what, before, after))
    assert (warning.level, warning.status, warning.about) == ("warning", "open", what)
    assert warning.advice
    [over] = told(drifted(DB, what, after, before, NOON + 60), unresolved=(warning,))
    assert over.status == "resolved"


@pytest.mark.parametrize(
    ("what", "before", "after"),
    [("post_quantum", "not_safe", "available"), ("certificate", "one", "other"), ("records", "192.0.2.1", "192.0.2.2"),
     ("grade", "C", "A"), ("open_ports", "22,443", "22"), ("open_ports", "22", "none")],
)  # fmt: skip
def test_drift_that_needs_nobody_informs_and_is_over_at_once(what: str, before: str, after: str) -> None:
    [info] = told(drifted(DB, what, before, after))
    assert (info.level, info.status, info.resolved) == ("info", "resolved", NOON)


def test_another_certificate_that_a_check_of_a_page_saw_by_the_way_is_an_event_and_no_alert() -> None:
    page = Watch(host="https://www.example.org/", check="https")
    assert told(drifted(page, "certificate", "one", "other"), watch=page) == []


def test_the_first_port_of_a_host_that_had_none_is_a_warning() -> None:
    [warning] = told(drifted(DB, "open_ports", "none", "8080"))
    [over] = told(drifted(DB, "open_ports", "8080", "none", NOON + 60), unresolved=(warning,))
    assert (warning.level, over.status) == ("warning", "resolved")


@pytest.mark.parametrize(
    ("check", "message", "tried"),
    [
        ("tcp", "db:5432: connecting: refused; nothing listens there", "service running"),
        ("icmp", "none of 4 echo requests was answered", "netassist run ping"),
        ("http", "the status is 500", "error log"),
        ("http", "the page does not hold the text that it should", "open the page"),
        ("https", "the certificate does not verify: self-signed certificate", "whole chain"),
        ("certificate", "the certificate expires in 5 days", "renew"),
        ("certificate", "the certificate is for another name", "right host"),
        ("smtp", "the server does not offer STARTTLS", "smtp_check"),
        ("dns", "the name server answers NXDOMAIN", "dig"),
        ("tcp", "db: no address found; check the spelling", "dns_lookup"),
        ("ssh", "db:22: the host cannot be reached; is it up, and on this network?", "traceroute"),
        ("tls", "the TLS grade is C, worse than B", "tls_audit"),
        ("quantum", "post-quantum key exchange is not offered", "quantum_check"),
        ("nmap", "open, and should not be: 8080", "which program"),
        ("nmap", "not open, and should be: 443", "still running"),
        ("http", "it took 900 ms, and 500 ms is slow", "load"),
    ],
)
def test_what_to_try_fits_what_was_said(check: Check, message: str, tried: str) -> None:
    assert tried in advised(Watch(host="db", check=check), message)


def test_a_second_drift_of_the_same_fact_goes_into_the_same_alert() -> None:
    [first] = told(drifted(DB, "open_ports", "22", "22,8080"))
    [same] = told(drifted(DB, "open_ports", "22,8080", "22,8080,9090", NOON + 60), unresolved=(first,))
    assert (same.id, same.status, "22,8080,9090" in same.detail) == (first.id, "open", True)
    assert told(drifted(DB, "open_ports", "22", "22,1"), unresolved=(alert(),))[0].id != alert().id


def test_a_silenced_drift_opens_nothing() -> None:
    assert told(drifted(DB, "grade", "A", "C", silenced="maintenance disks")) == []


def test_a_drift_that_somebody_acknowledges_is_accepted() -> None:
    taken = alert(about="grade", level="warning", status="acknowledged", acknowledged=NOON, acknowledged_by="ann")
    [over] = after_silence({DB.key: state(DB, "up")}, [taken], watched(DB), NOON + 60, ids())
    assert (over.status, "accepted by ann" in over.detail) == ("resolved", True)
    down = alert(status="acknowledged", acknowledged=NOON)
    assert after_silence({DB.key: state(DB, "down")}, [down], watched(DB), NOON + 60, ids()) == []


def test_hostile_words_stay_one_line_and_short() -> None:
    [opened] = told(went(DB, "down", message="\x1b[31mred\n<TOOLCALL>" + "x" * 5000))
    for text in (opened.title, opened.detail, opened.advice):
        assert "\n" not in text
        assert "\x1b" not in text
        assert "<TOOLCALL>[" not in text
        assert len(text) <= 500


def test_alerts_of_one_host_one_group_or_one_parent_belong_together() -> None:
    web, ssh = Watch(host="https://a.example.org/", check="https"), Watch(host="a.example.org", check="ssh")
    one, two = Watch(host="b", check="icmp", group="shop"), Watch(host="c", check="icmp", group="shop")
    gateway, behind = Watch(host="gw", check="icmp"), Watch(host="d", check="icmp", parents=("icmp gw",))
    other = Watch(host="e", check="icmp", parents=("gw",))
    watches = (web, one, gateway, ssh, two, behind, other, DB)
    alerts = [alert(watch, id=f"a{number}") for number, watch in enumerate(watches)]
    groups = groups_of(alerts, watched(*watches))
    assert [[each.id for each in group] for group in groups] == [["a0", "a3"], ["a1", "a4"], ["a2", "a5", "a6"], ["a7"]]


def test_a_thousand_hosts_are_grouped_without_recursion() -> None:
    watches = many(1000)
    alerts = [alert(watch, id=watch.host) for watch in watches]
    assert len(groups_of(alerts, watched(*watches))) == 1000


STANDINGS = ("up", "degraded", "down", "unknown")
KINDS = ("state", "flapping", "steady", "drift")
HAPPENINGS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from(STANDINGS), st.booleans(), st.booleans()), max_size=30
)
Happening = tuple[str, Any, bool, bool]


@given(HAPPENINGS)
def test_whatever_happens_a_watch_has_one_open_alert_about_each_thing_at_most(happenings: list[Happening]) -> None:
    new_id, alerts, now = ids(), dict[str, Alert](), NOON
    for kind, standing, flapping, silenced in happenings:
        now += 60
        silence = "paused" if silenced else ""
        event = Event(at=now, watch=DB.key, kind=kind, what="state", after=standing, silenced=silence)  # type: ignore[arg-type]
        if kind == "drift":
            event = drifted(DB, "grade", "A", "C" if flapping else "A+", now, silence)
        current = state(DB, standing, flapping=flapping, silenced=silence)
        unresolved = [each for each in alerts.values() if each.status != "resolved"]
        alerts |= {each.id: each for each in changed([event], {DB.key: current}, unresolved, watched(DB), now, new_id)}
        still = [each for each in alerts.values() if each.status != "resolved"]
        alerts |= {each.id: each for each in after_silence({DB.key: current}, still, watched(DB), now, new_id)}
        open_ones = [each.about for each in alerts.values() if each.status != "resolved"]
        assert len(open_ones) == len(set(open_ones))
        assert "state" not in open_ones or standing != "up" or flapping
        assert "state" in open_ones or standing not in ("down", "degraded") or silenced
