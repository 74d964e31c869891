"""What a monitor.toml would change, in words."""

from __future__ import annotations

from netassist.monitor.plan_changes import changes
from netassist.monitor.plan_file import Plan, parsed
from netassist.monitor.watch import Limits, Watch
from tests.monitor.test_plan_file import WHOLE


def test_what_a_plan_would_change() -> None:
    plan = parsed(WHOLE, "f")
    before = [
        Watch(host="www.example.org", check="https", source="file"),
        Watch(host="old.example.org", check="icmp", source="file"),
        Watch(host="added.example.org", check="icmp"),
    ]
    told = {change.key: (change.what, change.text) for change in changes(before, plan)}
    assert told["tcp db1.example.org 5432"] == ("add", "")
    assert told["icmp old.example.org"] == ("remove", "")
    assert told["https www.example.org"][0] == "change"
    assert "interval" in told["https www.example.org"][1]
    assert "icmp added.example.org" not in told


def test_each_setting_that_differs_is_told_in_words() -> None:
    before = Watch(host="a.example.org", check="http", parents=("r.example.org",), tags={"team": "a", "site": "berlin"})
    after = Watch(
        host="a.example.org", check="http", interval=10, enabled=False, group="web", public=True, tags={"team": "b"},
        limits=Limits(slow_ms=300, status="200,301"), source="file",
    )  # fmt: skip
    [change] = changes([before], Plan(watches=(after,)))
    assert change.text.split("; ") == [
        "interval: every 5 minutes → every 10 seconds",
        "enabled: yes → no",
        "parents: r.example.org → none",
        "group: none → web",
        "public: no → yes",
        "slow_ms: none → 300",
        "status: none → 200,301",
        "tag site: berlin → none",
        "tag team: a → b",
    ]


def test_an_added_watch_that_the_file_has_alike_stands_there_from_now_on() -> None:
    watch = Watch(host="a.example.org", check="icmp")
    [change] = changes([watch], Plan(watches=(Watch(host="a.example.org", check="icmp", source="file"),)))
    assert (change.what, change.text) == ("change", "it stands in the file from now on")
