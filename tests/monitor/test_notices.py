"""Which messages are due: a story of ticks, each with the alerts as they are then."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

import msgspec
import pytest

from netassist.monitor.alert import Alert, Notice
from netassist.monitor.channels import Channel
from netassist.monitor.notices import Entry, due, held
from netassist.monitor.quiet import Quiet
from netassist.monitor.watch import Watch
from tests.monitor.sample import DB, NOON, alert, ids, many, watched

HOOK = Channel(name="hook", url="json://127.0.0.1")


def resolved(alert: Alert, at: float) -> Alert:
    return msgspec.structs.replace(alert, status="resolved", resolved=at)


class Story:
    """Goes from tick to tick with what was told."""

    def __init__(self, *channels: Channel, quiet: Quiet | None = None, watches: Sequence[Watch] = (DB,)) -> None:
        self.channels, self.quiet, self.watches = channels or (HOOK,), quiet, watched(*watches)
        self.ledger: dict[str, Entry] = {}
        self.told: dict[str, Any] = {}
        self._new_id = ids()

    def tick(
        self, at: float, *alerts: Alert, silenced: Collection[str] = (), diagnosing: Collection[str] = ()
    ) -> list[Notice]:
        round = due(
            alerts, self.watches, self.channels, self.quiet, self.ledger, NOON + at, self._new_id, silenced, diagnosing
        )
        self.ledger = round.ledger
        self.told |= round.told
        return round.notices


def test_an_alert_is_gathered_for_thirty_seconds_and_told_once() -> None:
    story = Story()
    assert story.tick(0, alert()) == []
    assert story.tick(29, alert()) == []
    [notice] = story.tick(30, alert())
    assert (notice.channel, notice.title, notice.alerts) == ("hook", "[critical] db1.example.org is down", ("a0000001",))
    assert story.told == {"a0000001": "open"}
    assert all(story.tick(at, alert()) == [] for at in (31, 100, 86400, 30 * 86400))


def test_the_message_says_what_since_when_what_to_try_and_how_to_take_it_on() -> None:
    story = Story()
    full = alert(detail="since noon; refused", advice="is the service running?", evidence="ping: 0 of 4\ntcp_check: refused")
    story.tick(0, full)
    [notice] = story.tick(30, full)
    assert notice.body.splitlines() == [
        "[critical] db1.example.org is down",
        "  since noon; refused",
        "  try: is the service running?",
        "  measured:",
        "    ping: 0 of 4",
        "    tcp_check: refused",
        "  take it on: netassist monitor ack a0000001",
    ]


def test_a_resolution_is_not_told_again_after_a_clock_was_ahead_for_a_while() -> None:
    story, year = Story(msgspec.structs.replace(HOOK, brief="told")), 365 * 86400.0
    story.tick(0, alert())
    story.tick(30, alert())
    over = resolved(alert(), NOON + 720)
    story.tick(720, over)
    [notice] = story.tick(750, over)
    assert notice.title.startswith("[over]")
    told = msgspec.structs.replace(over, told="resolved")
    assert story.tick(year) == []  # it is not even looked at, being so long over
    assert story.ledger == {}
    later = [story.tick(at, told) for at in (800, 900, 4000)]
    assert later == [[], [], []]


def test_a_resolution_is_told_to_who_heard_of_the_trouble() -> None:
    story = Story()
    story.tick(0, alert())
    story.tick(30, alert())
    over = resolved(alert(), NOON + 720)
    assert story.tick(720, over) == []
    [notice] = story.tick(750, over)
    assert notice.title == "[over] db1.example.org is down no more, after 12 min"
    assert story.told == {"a0000001": "resolved"}
    assert story.tick(9999, over) == []
    assert story.ledger["a0000001"].done


def test_what_was_over_before_it_was_told_is_not_told_or_told_in_one_message() -> None:
    over = resolved(alert(), NOON + 10)
    story = Story()
    story.tick(0, alert())
    assert story.tick(10, over) == story.tick(60, over) == []
    story = Story(Channel(name="all", url="json://127.0.0.1", brief="told"))
    story.tick(0, alert())
    assert story.tick(10, over) == []
    [notice] = story.tick(40, over)
    assert notice.title == "[over] db1.example.org is down, for 10 s"
    assert story.tick(99, over) == []


def test_graver_is_told_anew_and_lighter_is_not() -> None:
    warning, critical = alert(level="warning"), alert()
    story = Story()
    story.tick(0, warning)
    assert len(story.tick(30, warning)) == 1
    story.tick(60, critical)
    [notice] = story.tick(90, critical)
    assert "graver than before" not in notice.title
    assert notice.title.startswith("[critical]")
    story.tick(120, warning)
    assert story.tick(999, warning) == []


def test_who_hears_of_critical_ones_only_hears_of_it_when_it_becomes_so_and_when_it_is_over() -> None:
    story = Story(Channel(name="pager", url="json://127.0.0.1", levels=("critical",)))
    warning, critical = alert(level="warning"), alert()
    story.tick(0, warning)
    assert story.tick(60, warning) == []
    story.tick(70, critical)
    assert len(story.tick(100, critical)) == 1
    lighter = resolved(warning, NOON + 200)
    story.tick(200, lighter)
    assert [notice.title[:6] for notice in story.tick(230, lighter)] == ["[over]"]


def test_an_open_alert_is_repeated_until_somebody_takes_it_on() -> None:
    story = Story(Channel(name="hook", url="json://127.0.0.1", repeat="4h"))
    story.tick(0, alert())
    story.tick(30, alert())
    assert story.tick(30 + 4 * 3600 - 1, alert()) == []
    [notice] = story.tick(30 + 4 * 3600, alert())
    assert notice.title == "[critical] still: db1.example.org is down, for 4 h"
    assert story.tick(30 + 5 * 3600, alert()) == []
    taken = alert(status="acknowledged", acknowledged=NOON + 5 * 3600)
    assert story.tick(99 * 3600, taken) == []


def test_what_somebody_took_on_before_it_was_told_is_not_told() -> None:
    story = Story()
    story.tick(0, alert())
    taken = alert(status="acknowledged", acknowledged=NOON + 20)
    assert story.tick(60, taken) == story.tick(9999, taken) == []


def test_what_goes_to_and_fro_between_grave_and_graver_is_told_in_time() -> None:
    story = Story()
    for at in (0, 10, 20):
        assert story.tick(at, alert(level="warning" if at % 20 else "critical")) == []
    assert len(story.tick(30, alert(level="warning"))) == 1


def test_a_hundred_hosts_at_once_are_one_message_a_channel_and_one_when_they_are_back() -> None:
    watches = many(100)
    down = [alert(watch, id=f"{number:08x}") for number, watch in enumerate(watches)]
    story = Story(HOOK, Channel(name="mail", url="mailto://127.0.0.1"), watches=watches)
    assert story.tick(0, *down[:60]) == []
    assert story.tick(10, *down) == []
    notices = story.tick(30, *down)
    assert [notice.channel for notice in notices] == ["hook", "mail"]
    assert notices[0].title.startswith("100 open (100 critical): host0.example.org is down and 99 more")
    assert notices[0].body.count("is down") == 10
    assert "and 90 more" in notices[0].body
    assert len(notices[0].alerts) == 100
    back = [resolved(each, NOON + 600) for each in down]
    story.tick(600, *back)
    notices = story.tick(630, *back)
    assert [notice.channel for notice in notices] == ["hook", "mail"]
    assert notices[0].title == "100 over: host0.example.org and 99 more"
    assert story.tick(9999, *back) == []


def test_hosts_that_go_one_after_the_other_do_not_make_a_message_each() -> None:
    watches = many(100)
    story, down, messages = Story(watches=watches), list[Alert](), 0
    for number, watch in enumerate(watches):  # one every ten seconds, for a thousand seconds
        down.append(alert(watch, id=f"{number:08x}"))
        messages += len(story.tick(10 * number, *down))
    messages += len(story.tick(2000, *down))
    assert messages <= 12
    assert len(story.told) == 100


def test_few_causes_have_a_message_each_and_many_share_one() -> None:
    watches = [Watch(host="a", check="icmp"), Watch(host="a", check="ssh"), Watch(host="b", check="icmp"), *many(3)]
    alerts = [alert(watch, id=f"{number:08x}") for number, watch in enumerate(watches)]
    story = Story(watches=watches)
    story.tick(0, *alerts[:3])
    assert [notice.alerts for notice in story.tick(30, *alerts[:3])] == [("00000000", "00000001"), ("00000002",)]
    story = Story(watches=watches)
    story.tick(0, *alerts)
    [notice] = story.tick(30, *alerts)
    assert len(notice.alerts) == 6


def test_quiet_hours_hold_warnings_until_the_morning_and_let_critical_ones_through() -> None:
    quiet = Quiet(hours=("12:00-13:00",))
    other = alert(Watch(host="b", check="icmp"), id="b0000001", level="warning")
    third = alert(Watch(host="c", check="icmp"), id="c0000001", level="warning")
    story = Story(quiet=quiet)
    story.tick(0, alert(), other)
    assert [notice.alerts for notice in story.tick(30, alert(), other)] == [("a0000001",)]
    assert story.tick(3599, alert(), other, third) == []
    [summary] = story.tick(3600, alert(), other, third)
    assert summary.title.startswith("After the quiet hours: 2 open (2 warning)")
    assert story.tick(7200, alert(), other, third) == []


def test_quiet_hours_hold_critical_ones_too_where_that_is_wished_and_not_on_a_channel_that_knows_none() -> None:
    quiet = Quiet(hours=("12:00-13:00",), critical=False)
    story = Story(HOOK, Channel(name="log", url="json://127.0.0.1", quiet=False), quiet=quiet)
    story.tick(0, alert())
    assert [notice.channel for notice in story.tick(30, alert())] == ["log"]
    assert [notice.channel for notice in story.tick(3600, alert())] == ["hook"]


def test_what_comes_and_goes_in_the_quiet_hours_is_in_the_summary_where_that_is_wished() -> None:
    story = Story(Channel(name="all", url="json://127.0.0.1", brief="told"), quiet=Quiet(hours=("12:00-13:00",)))
    warning = alert(level="warning")
    story.tick(0, warning)
    over = resolved(warning, NOON + 600)
    assert story.tick(600, over) == []
    [summary] = story.tick(3600, over)
    assert summary.title.startswith("After the quiet hours: [over]")


def test_what_began_and_healed_in_the_quiet_hours_is_named_after_them() -> None:
    quiet = Quiet(hours=("12:00-13:00",), critical=False)
    story = Story(quiet=quiet)
    story.tick(600, alert(opened=NOON + 600))
    over = resolved(alert(opened=NOON + 600), NOON + 620)
    assert story.tick(620, over) == story.tick(700, over) == []
    [summary] = story.tick(3600, over)
    assert summary.title == "After the quiet hours: [over] db1.example.org is down, for 20 s"
    assert story.tick(7200, over) == []
    story = Story(quiet=quiet)
    assert story.tick(700, over) == [], "between two looks"
    assert len(story.tick(3600, over)) == 1
    story = Story(quiet=Quiet(hours=("18:00-19:00",)))
    story.tick(600, alert(opened=NOON + 600))
    assert story.tick(620, over) == story.tick(9999, over) == [], "by day what is over before it is told is left out"


def busy(levels: Literal["warning", "critical"], number: int) -> tuple[Story, list[Alert]]:
    """A channel that has had so many messages, and the alerts of them."""
    watches = many(20)
    story = Story(watches=watches)
    had = [alert(watch, id=f"{place:08x}", level=levels) for place, watch in enumerate(watches[:number])]
    for place in range(number):
        story.tick(40 * place, *had[: place + 1])
        assert len(story.tick(40 * place + 30, *had[: place + 1])) == 1
    return story, had


def test_what_began_and_healed_while_it_was_gathered_is_named() -> None:
    story, had = busy("warning", 3)
    one = alert(many(20)[19], id="f0000001", level="warning", opened=NOON + 130)
    assert story.tick(130, *had, one) == story.tick(300, *had, one) == []
    [held_back] = held(story.ledger, story.channels, None, NOON + 300)
    assert (held_back.channel, held_back.alerts, held_back.quiet, held_back.until) == ("hook", 1, False, NOON + 430)
    over = resolved(one, NOON + 310)
    assert story.tick(310, *had, over) == []
    [notice] = story.tick(310 + 300, *had, over)
    assert notice.title == "[over] host19.example.org is down, for 3 min"


def test_a_critical_alert_is_not_held_by_the_gathering_until_there_is_a_storm() -> None:
    story, had = busy("warning", 3)
    warning, critical = alert(many(20)[18], id="e0000001", level="warning"), alert(many(20)[19], id="f0000001")
    assert story.tick(130, *had, warning, critical) == []
    [first, second] = story.tick(160, *had, warning, critical)
    assert {first.alerts, second.alerts} == {("e0000001",), ("f0000001",)}, "and what was gathered goes with it"
    story, had = busy("critical", 5)
    assert story.tick(210, *had, critical) == story.tick(260, *had, critical) == []


def test_what_waits_for_the_end_of_the_quiet_hours_is_known() -> None:
    quiet = Quiet(hours=("12:00-13:00",))
    story = Story(quiet=quiet)
    assert story.tick(0, alert(level="warning")) == story.tick(600, alert(level="warning")) == []
    [held_back] = held(story.ledger, story.channels, quiet, NOON + 600)
    assert (held_back.alerts, held_back.quiet, held_back.until) == (1, True, NOON + 3600)
    story.tick(3600, alert(level="warning"))
    assert held(story.ledger, story.channels, quiet, NOON + 3600) == []


@pytest.mark.parametrize("why", ["no longer watched", "paused"])
def test_a_watch_that_is_removed_or_paused_is_never_an_all_clear(why: str) -> None:
    story = Story()
    story.tick(0, alert())
    story.tick(30, alert())
    ended = msgspec.structs.replace(resolved(alert(), NOON + 60), ended=why, detail=f"from noon on, 1 min; {why}")
    story.tick(60, ended)
    [notice] = story.tick(90, ended)
    assert notice.title == f"[{why}] db1.example.org was down, for 1 min"
    assert "over" not in notice.body
    assert why in notice.body
    story = Story(quiet=Quiet(hours=("12:00-13:00",), critical=False))
    story.tick(0, alert())
    assert story.tick(60, ended) == story.tick(3600, ended) == [], "nobody has heard of it"


def test_that_what_flapped_stays_down_is_told() -> None:
    story = Story()
    flaps = alert(title="db1.example.org goes to and fro", flapping=True)
    story.tick(0, flaps)
    assert [notice.title for notice in story.tick(30, flaps)] == ["[critical] db1.example.org goes to and fro"]
    story.tick(60, alert())
    assert [notice.title for notice in story.tick(90, alert())] == ["[critical] db1.example.org is down"]
    story.tick(120, flaps)
    story.tick(150, alert())
    assert story.tick(999, alert()) == [], "once"


def test_nothing_is_said_of_a_silenced_watch_until_the_silence_ends() -> None:
    story = Story()
    story.tick(0, alert(), silenced={DB.key})
    assert story.tick(60, alert(), silenced={DB.key}) == []
    assert story.tick(70, alert()) == []
    assert len(story.tick(100, alert())) == 1


def test_an_alert_waits_for_its_diagnosis_but_not_for_ever() -> None:
    story = Story()
    story.tick(0, alert())
    assert story.tick(60, alert(), diagnosing={"a0000001"}) == []
    assert len(story.tick(61, alert(evidence="ping: lost"))) == 1
    story = Story()
    story.tick(0, alert())
    assert len(story.tick(181, alert(), diagnosing={"a0000001"})) == 1


def test_a_channel_hears_of_its_groups_and_levels_alone() -> None:
    shop = Watch(host="shop", check="icmp", group="shop")
    story = Story(Channel(name="shop", url="json://127.0.0.1", groups=("shop",)), watches=(shop, DB))
    alerts = (alert(), alert(shop, id="b0000001"), alert(shop, id="c0000001", level="info", about="grade"))
    story.tick(0, *alerts)
    assert [notice.alerts for notice in story.tick(30, *alerts)] == [("b0000001",)]


def test_what_became_different_and_needs_nobody_is_told_once_to_who_wants_it() -> None:
    info = alert(level="info", about="certificate", status="resolved", resolved=NOON, title="db1: the certificate changed")
    story = Story(HOOK, Channel(name="all", url="json://127.0.0.1", levels=("critical", "warning", "info")))
    story.tick(0, info)
    [notice] = story.tick(30, info)
    assert (notice.channel, notice.title) == ("all", "[info] db1: the certificate changed")
    assert story.tick(99, info) == []


def test_a_clock_that_was_set_back_a_year_keeps_nothing_waiting_for_a_year() -> None:
    story = Story(Channel(name="hook", url="json://127.0.0.1", repeat="4h"))
    year = 365 * 86400
    story.tick(year, alert())
    assert story.tick(0, alert()) == []
    assert len(story.tick(30, alert())) == 1
    assert len(story.tick(30 + 4 * 3600, alert())) == 1


def test_a_clock_that_is_set_ahead_a_year_repeats_once() -> None:
    story = Story(Channel(name="hook", url="json://127.0.0.1", repeat="4h"))
    story.tick(0, alert())
    story.tick(30, alert())
    assert len(story.tick(365 * 86400, alert())) == 1
    assert story.tick(365 * 86400 + 2, alert()) == []


def test_who_wants_no_resolutions_gets_none_and_nothing_is_kept_for_them() -> None:
    story = Story(Channel(name="hook", url="json://127.0.0.1", resolved=False))
    story.tick(0, alert())
    story.tick(30, alert())
    over = resolved(alert(), NOON + 60)
    assert story.tick(60, over) == story.tick(99, over) == []
    assert story.ledger["a0000001"].done


def test_a_message_of_many_long_texts_is_bounded() -> None:
    watches = many(40)
    long = [alert(watch, id=f"{n:08x}", title="t" * 300, detail="d" * 500, advice="a" * 500) for n, watch in enumerate(watches)]
    story = Story(watches=watches)
    story.tick(0, *long)
    [notice] = story.tick(30, *long)
    assert len(notice.title) <= 200
    assert len(notice.body) <= 13_000


def test_what_is_done_is_kept_for_two_days_and_then_forgotten() -> None:
    story = Story(Channel(name="all", url="json://127.0.0.1", brief="told"))
    story.tick(0, alert())
    story.tick(30, alert())
    over = resolved(alert(), NOON + 60)
    story.tick(60, over)
    story.tick(90, over)
    assert story.tick(91) == []
    assert story.ledger["a0000001"].done
    assert story.tick(92, over) == []
    story.tick(3 * 86400)
    assert story.ledger == {}


def test_what_informs_waits_through_the_quiet_hours_though_it_is_over() -> None:
    story = Story(Channel(name="all", url="json://127.0.0.1", levels=("info",)), quiet=Quiet(hours=("12:00-13:00",)))
    info = alert(level="info", about="certificate", status="resolved", resolved=NOON)
    assert story.tick(0, info) == story.tick(600, info) == []
    assert not story.ledger["a0000001"].done
    assert len(story.tick(3600, info)) == 1
    assert story.ledger["a0000001"].done


def test_who_hears_of_critical_ones_only_has_them_gathered_when_they_become_so() -> None:
    watches = many(100)
    story = Story(Channel(name="pager", url="json://127.0.0.1", levels=("critical",)), watches=watches)
    warnings = [alert(watch, id=f"{number:08x}", level="warning") for number, watch in enumerate(watches)]
    assert story.tick(0, *warnings) == story.tick(60, *warnings) == []
    critical = [alert(watch, id=f"{number:08x}") for number, watch in enumerate(watches)]
    assert story.tick(70, critical[0], *warnings[1:]) == story.tick(72, *critical) == []
    [notice] = story.tick(100, *critical)
    assert len(notice.alerts) == 100
