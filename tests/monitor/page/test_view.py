"""What the page says, out of a made-up estate: words, bars, curves, and what the public does not get to see."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.monitor.alert import Alert
from netassist.monitor.happening import Event, State
from netassist.monitor.page.curve import HEIGHT, WIDTH, curve
from netassist.monitor.page.days import bars, said_of, tone_of
from netassist.monitor.page.render import overview_html, policy
from netassist.monitor.page.view import Known, incident, overview
from netassist.monitor.page.words import percent
from netassist.monitor.store import Availability, Day, Point
from netassist.monitor.watch import Watch
from netassist.reports.words import lasting
from tests.monitor.page import pictures, sample

ATTACK = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\x1b[2J\u202e"


def test_it_says_how_all_of_it_stands() -> None:
    page = overview(sample.known(), "Status", pictures.named, public=False)
    assert (page.headline, page.tone) == ("1 check is down", "bad")
    assert [(group.name, group.word) for group in page.groups] == [
        ("Mail", "2 of 2 up"), ("Network", "1 of 3 not known"), ("Shop", "1 of 3 down"), ("Others", "1 of 1 up"),
    ]  # fmt: skip
    assert [(one.name, one.word) for one in page.certificates] == [
        ("shop.example.org", "12 days left"), ("mail.example.org", "49 days left"), ("https://shop.example.org/", "72 days left"),
    ]  # fmt: skip
    assert {one.name: one.word for one in page.quantum} == {
        "bastion.example.org": "used", "mail.example.org": "offered", "intranet.example.org": "not offered",
    }  # fmt: skip
    assert page.incidents[0].evidence.startswith("tcp_check")


def test_a_certificate_is_listed_once_where_a_page_shows_it_too() -> None:
    facts = {"certificate": "CN=a.example.org, SHA-256 aa…", "expires": "2027-01-01"}
    pages = [Watch(host=host, check="https") for host in ("https://a.example.org/", "b.example.org")]
    watches = [*pages, Watch(host="a.example.org", check="certificate")]
    states = {watch.key: State(watch=watch.key, standing="up", facts=facts) for watch in watches}
    known = Known(watches, states, {}, {}, [], [], [], 1e9)
    page_of_all = overview(known, "x", pictures.named, public=False)
    assert [one.name for one in page_of_all.certificates] == ["a.example.org", "b.example.org"]


@pytest.mark.parametrize(
    ("standings", "headline"),
    [
        ((), "Nothing is watched yet"),
        (("pending", "pending"), "Nothing has been confirmed yet"),
        (("unknown",), "Nothing can be measured"),
        (("up", "unknown"), "1 check cannot be measured"),
        (("up", "pending"), "1 check not confirmed yet; all others are up"),
        (("up", "degraded"), "1 check is degraded"),
        (("up", "down", "down"), "2 checks are down"),
        (("up", "up"), "Everything is up"),
    ],
)
def test_what_is_not_known_is_never_called_up(standings: tuple[str, ...], headline: str) -> None:
    watches = [Watch(host=f"h{place}.example", check="icmp") for place in range(len(standings))]
    states = {
        watch.key: State(watch=watch.key, standing=standing, at=sample.NOW)  # type: ignore[arg-type]
        for watch, standing in zip(watches, standings, strict=True)
    }
    known = sample.known()._replace(watches=watches, states=states)
    assert overview(known, "x", pictures.named, public=False).headline == headline


def test_what_is_paused_is_neither_up_nor_down() -> None:
    up, paused = (Watch(host=f"{name}.example", check="icmp", enabled=name == "up") for name in ("up", "paused"))
    states = {watch.key: State(watch=watch.key, standing="up" if watch is up else "down", since=1.0) for watch in (up, paused)}
    page = overview(sample.known()._replace(watches=[up, paused], states=states), "x", pictures.named, public=False)
    assert page.headline == "Everything is up"
    assert page.counts == (("up", "good", 1), ("paused", "plain", 1))
    [row] = [row for group in page.groups for row in group.rows if row.name == "paused.example"]
    assert (row.word, row.tone, row.since) == ("paused", "plain", "")


def test_the_heading_of_the_public_page_is_of_what_is_public() -> None:
    seen = Watch(host="a.example", check="icmp", public=True)
    hidden = Watch(host="b.example", check="icmp")
    states = {watch.key: State(watch=watch.key, standing="up" if watch is seen else "down") for watch in (seen, hidden)}
    known = sample.known()._replace(watches=[seen, hidden], states=states)
    page = overview(known, "x", pictures.named, public=True, own=("channel hook fails",))
    assert page.headline == "Of the public checks: everything is up"
    assert "channel hook fails" not in overview_html(page).decode()
    whole = overview(known, "x", pictures.named, public=False, own=("channel hook fails",))
    assert (whole.headline, "channel hook fails" in overview_html(whole).decode()) == ("1 check is down", True)


def test_events_name_the_check_and_the_port() -> None:
    watches = [Watch(host="a.example", check="tcp", port=port) for port in (22, 80)]
    events = [Event(at=sample.NOW, watch=watch.key, kind="state", before="up", after="down") for watch in watches]
    paused = Event(at=sample.NOW, watch=watches[0].key, kind="state", before="down", after="pending", message="paused",
                   silenced="paused")  # fmt: skip
    known = sample.known()._replace(watches=watches, states={}, events=[*events, paused])
    told = overview(known, "x", pictures.named, public=False).events
    assert [one.name for one in told[:2]] == ["a.example port 22 (tcp)", "a.example port 80 (tcp)"]
    assert told[2].text == "down → paused"


def test_an_incident_of_what_was_removed_is_not_over_well() -> None:
    gone = Alert(id="a" * 8, watch="x", about="state", level="critical", title="x is down", opened=1.0, status="resolved",
                 resolved=9.0, ended="no longer watched")  # fmt: skip
    shown = incident(gone, "x", sample.NOW, public=False)
    assert (shown.tone, shown.word) == ("plain", "no longer watched")


def test_days_are_counted_as_the_checks_count_them() -> None:
    watch = Watch(host="a.example", check="certificate")
    expires = datetime.fromtimestamp(sample.NOW + 20 * 86400 - 60, UTC)
    state = State(watch=watch.key, standing="up", facts={"expires": f"{expires:%Y-%m-%dT%H:%M:%SZ}"})
    known = sample.known()._replace(watches=[watch], states={watch.key: state})
    [one] = overview(known, "x", pictures.named, public=False).certificates
    assert one.word == "19 days left"


def test_what_was_measured_long_ago_says_so() -> None:
    watch = Watch(host="a.example", check="icmp", interval=60)
    state = State(watch=watch.key, standing="up", at=sample.NOW - 7200, since=1.0)
    known = sample.known()._replace(watches=[watch], states={watch.key: state})
    [group] = overview(known, "x", pictures.named, public=False).groups
    assert group.rows[0].notes == ("last measured 2 h ago",)


def test_the_public_sees_what_is_chosen_and_no_more() -> None:
    page = overview(sample.known(), "Status", pictures.named, public=True)
    rows = [row for group in page.groups for row in group.rows]
    assert [row.name for row in rows] == ["Mail, incoming", "Network", "shop.example.org", "shop.example.org"]
    assert not any(row.link or row.message or row.port for row in rows)
    assert [one.title for one in page.incidents] == ["shop.example.org (certificate): in trouble", "Network (ping): down"]
    html = overview_html(page).decode()
    others = "192.0.2.10", "2001:db8", "db1", "bastion", "intranet"
    for hidden in (*others, "refused", "maria", "certbot", "new switch", "/watch/", "CN="):
        assert hidden not in html, hidden


def test_hostile_text_is_shown_as_text() -> None:
    watch = Watch(host="a.example", check="icmp", group=ATTACK, tags={"title": ATTACK})
    state = State(watch=watch.key, standing="down", since=1.0, at=sample.NOW, message=ATTACK, facts={"certificate": ATTACK})
    [alert, *_] = sample.alerts(sample.NOW)
    texts = {"title": ATTACK, "detail": ATTACK, "advice": ATTACK, "evidence": f"{ATTACK}\n{ATTACK}"}
    alert = msgspec.structs.replace(alert, watch=watch.key, **texts)
    event = msgspec.structs.replace(sample.events(sample.NOW)[0], watch=watch.key, message=ATTACK)
    known = sample.known()._replace(watches=[watch], states={watch.key: state}, alerts=[alert], events=[event])
    html = overview_html(overview(known, ATTACK, pictures.named, public=False)).decode()
    assert "<script" not in html
    assert "<img" not in html
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert html.count("&lt;script&gt;") >= 8


def test_the_page_loads_nothing() -> None:
    html = pictures.all_of_it().decode()
    assert "default-src 'none'" in policy()
    assert "unsafe" not in policy()
    assert not re.search(r"<(script|link|img|iframe|form|object)\b|\sstyle=|\son\w+=|url\(|@import", html)


def days_of(*each: Availability) -> list[Day]:
    return [Day(at=86400.0 * place, availability=held, worst="up") for place, held in enumerate(each)]


def test_a_day_is_as_bad_as_its_share_of_measured_time() -> None:
    up, gap = Availability(up=86400.0), Availability(unmeasured=86400.0)
    short, long = Availability(up=86000.0, down=400.0), Availability(up=80000.0, down=6400.0)
    thin = Availability(up=90.0, down=10.0, unmeasured=86300.0)
    assert [tone_of(day) for day in days_of(up, gap, short, long, thin)] == ["good", "plain", "warn", "bad", "bad"]
    assert bars(days_of(up, up, gap, up)) == ((0, 2, "good"), (2, 1, "plain"), (3, 1, "good"))
    assert said_of(days_of(up, gap)) == "the last 2 days: 1 without trouble, 1 not measured"


@pytest.mark.parametrize(
    ("ratio", "shown"), [(None, "not measured"), (1.0, "100 %"), (0.9999999, "99.999 %"), (0.5, "50 %"), (0.0, "0 %")]
)
def test_availability_is_never_rounded_up_to_a_whole(ratio: float | None, shown: str) -> None:
    assert percent(ratio) == shown


@pytest.mark.parametrize(("seconds", "shown"),
    [(-5, "0 s"), (59, "59 s"), (3600, "1 h"), (3661, "1 h 1 min"), (90061, "1 d 1 h")]
)
def test_lengths_of_time(seconds: float, shown: str) -> None:
    assert lasting(seconds) == shown


def test_a_gap_is_a_gap_in_the_curve() -> None:
    points = [Point(at=float(at), p50=value, p95=value) for at, value in enumerate((10.0, 20.0, None, 40.0))]
    drawn = curve(points)
    assert drawn is not None
    assert drawn.top == 50.0
    assert drawn.middle.count("M") == 2
    assert curve([Point(at=0.0, p50=None, p95=None)]) is None
    assert curve([]) is None


times = st.one_of(st.none(), st.floats(0, 1e7))


@given(st.lists(st.tuples(times, times), max_size=200))
def test_a_curve_stays_in_its_box(values: list[tuple[float | None, float | None]]) -> None:
    points = [
        Point(at=float(at), p50=low, p95=None if low is None else max(low, high or low)) for at, (low, high) in enumerate(values)
    ]
    drawn = curve(points)
    if drawn is None:
        assert all(low is None for low, _ in values)
        return
    for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", drawn.middle + drawn.area):
        assert 0 <= float(x) <= WIDTH + 0.1
        assert -0.1 <= float(y) <= HEIGHT + 0.1
