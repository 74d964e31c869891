"""monitor.toml: read whole, every mistake with its line and column, and written back the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from netassist.configuration import BadConfiguration
from netassist.monitor.plan_export import exported
from netassist.monitor.plan_file import Plan, apply, parsed, read_plan
from netassist.monitor.plan_place import place_of
from netassist.monitor.store import Window, open_store
from netassist.monitor.validity import is_measured, set_in
from netassist.monitor.watch import Limits, Watch

WHOLE = """
store = "postgresql+psycopg://netassist@db/netassist"

[defaults]
interval = "1m"
group = "web"
tags = {site = "berlin"}

[[watch]]
host = "www.example.org"
check = ["https", "certificate"]
tags = {tier = "1"}
[watch.limits]
slow_ms = 300
days = 30

[[watch]]
host = "db1.example.org"
check = "tcp"
port = 5432
interval = 30
group = "databases"
parents = ["www.example.org"]

[[maintenance]]
name = "patch night"
watches = ["databases"]
starts = 2026-12-01T22:00:00+01:00
ends = 2026-12-02T00:00:00+01:00
weekly = true

[[channel]]
name = "ops"
url_env = "OPS_URL"

[quiet]
hours = ["22:00-07:00"]
zone = "Europe/Berlin"

[[question]]
name = "certificates"
text = "what changed in our certificates?"
at = "monday 08:00"
channels = ["ops"]

[diagnosis]
tools = ["ping"]

[page]
public = true

[api]
listen = "127.0.0.1:9480"

[retention]
raw_days = 7
"""


def test_a_whole_file() -> None:
    plan = parsed(WHOLE, "monitor.toml")
    keys = ["https www.example.org", "certificate www.example.org", "tcp db1.example.org 5432"]
    assert [watch.key for watch in plan.watches] == keys
    first, _, last = plan.watches
    assert first == Watch(host="www.example.org", check="https", interval=60, group="web", tags={"site": "berlin", "tier": "1"},
                          limits=Limits(slow_ms=300, days=30), source="file")  # fmt: skip
    assert (last.interval, last.group, last.parents) == (30, "databases", ("www.example.org",))
    night = Window(name="patch night", watches=("databases",), starts=1796158800.0, ends=1796166000.0, weekly=True)
    assert plan.windows == (night,)
    assert (plan.channels[0].name, plan.questions[0].at, plan.diagnosis.tools) == ("ops", "monday 08:00", ("ping",))
    assert (plan.page.public, plan.api.listen, plan.retention.raw_days) == (True, "127.0.0.1:9480", 7)
    assert plan.quiet is not None
    assert plan.store == "postgresql+psycopg://netassist@db/netassist"


def test_an_empty_file_says_nothing() -> None:
    assert parsed("", "monitor.toml") == Plan()


WATCH = '[[watch]]\nhost = "a.example.org"\ncheck = "icmp"\n'


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("[[watch]\n", "1:8", "Expected"),
        ("[watch", "1:7", "Expected"),
        ("[[wacht]]\n", "1:1", "there is no section 'wacht'"),
        (WATCH + "[[wacht]]\nhost = 1\n", "4:1", "there is no section 'wacht'"),
        (WATCH + "[wacht.limits]\n", "4:1", "there is no section 'wacht'"),
        ("[watch]\nhost = 1\n", "1:1", "watch must be written as [[watch]]"),
        (WATCH + '[[watch]]\nhost = "b.example.org"\n', "4:1", "check is missing"),
        (WATCH + "intervall = 5\n", "4:1", "there is no setting 'intervall'"),
        (WATCH + 'interval = "soon"\n', "4:1", "'soon' is no length of time"),
        (WATCH + "  interval = 1\n", "4:3", "interval 1 is not between"),
        (WATCH + "enabled = 3\n", "4:1", "enabled: it must be true or false"),
        (WATCH + "parents = [1]\n", "4:1", "a text in quotation marks"),
        (WATCH + '[watch.limits]\ngrad = "A"\n', "5:1", "there is no setting 'grad'"),
        (WATCH + "limits = {slow_ms = -3}\n", "4:11", "slow_ms -3 is not above 0"),
        (WATCH + "limits = {loss = nan}\n", "4:11", "loss nan is not a fraction"),
        ('[[watch]]\nhost = "a"\ncheck = "tls"\nlimits = {days = -1}\n', "4:11", "days -1 is not between 0"),
        (WATCH + "limits = {slow_ms = 3, days = 9}\n", "4:24", "days means nothing to icmp; it is a limit of"),
        (WATCH + "slow_ms = 80\n", "4:1", "slow_ms is a limit; write limits = { slow_ms = … }"),
        (WATCH + "\n[[wach]]\nhost = 'b'\n", "5:1", "there is no section 'wach'"),
        (WATCH + "\n[wach.inside]\nhost = 'b'\n", "5:1", "there is no section 'wach'"),
        (WATCH + 'interval = "-5s"\n', "4:1", "is negative"),
        (WATCH + 'parents = ["a.exmple.org"]\n', "4:1", "did you mean 'a.example.org'?"),
        (WATCH + 'limits = {slow_ms = 3, grad = "A"}\n', "4:24", "there is no setting 'grad'"),
        ('[[watch]]\ncheck = "icmp"\nhost = "a b"\n', "3:1", "is not a host name"),
        ('[[watch]]\nhost = "a.example.org"\ncheck = "pong"\n', "3:1", "there is no check 'pong'"),
        ('[[watch]]\nhost = "a.example.org"\ncheck = "tcp"\n', "2:1", "a tcp check needs a port"),
        (WATCH + WATCH, "5:1", "icmp a.example.org is watched twice"),
        (WATCH + 'parents = ["icmp b.example.org"]\n' + WATCH.replace("a.", "b.") + 'parents = ["a.example.org"]\n', "4:1",
         "these lie behind one another: icmp a.example.org → icmp b.example.org → icmp a.example.org"),
        ('[[maintenance]]\nname = "n"\nstarts = 2026-12-01T22:00:00\nends = 2026-12-01T23:00:00\n', "3:1", "need their offset"),
        ('[[channel]]\nname = "ops"\n', "1:1", "needs one of url, url_env, url_file"),
        ('[[question]]\nname = "q"\ntext = "t"\nevery = "6h"\nchannels = ["ops"]\n', "5:1", "there is no channel 'ops'"),
        ("[quiet]\nzone = \"Nowhere/Land\"\n", "2:1", "there is no time zone"),
        ("[retention]\nraw_days = 0\n", "2:1", "raw_days"),
        ("[api]\nlisten = \"0.0.0.0:80\"\n", "2:1", "is not on loopback"),
        ("store = 3\n", "1:1", "store must be"),
    ],
)  # fmt: skip
def test_every_mistake_is_named_with_its_place(text: str, where: str, words: str) -> None:
    with pytest.raises(BadConfiguration) as raised:
        parsed(text, "monitor.toml")
    assert str(raised.value).startswith(f"monitor.toml:{where}: ")
    assert words in str(raised.value)


def test_a_file_that_cannot_be_read_says_which(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match=r"none\.toml: cannot be read"):
        read_plan(tmp_path / "none.toml")


def test_headers_inside_long_strings_are_no_headers() -> None:
    text = 'a = """\n[[watch]]\n"""\n[[watch]]\nhost = "x"\n'
    assert place_of(text, ("watch", 0, "host")) == (5, 1)


@given(st.text(max_size=200))
def test_any_text_is_a_plan_or_a_mistake_with_its_place(text: str) -> None:
    try:
        parsed(text, "f")
    except BadConfiguration as error:
        name, line, column, _ = str(error).split(":", 3)
        assert (name, line.isdigit(), column.isdigit()) == ("f", True, True)


NAMES = st.text(st.characters(codec="utf-8"), max_size=20)
WATCHES = st.builds(
    Watch,
    host=st.sampled_from(["a.example.org", "192.0.2.1", "2001:db8::1"]),
    check=st.sampled_from(["icmp", "https", "tls", "ssh"]),
    port=st.none() | st.integers(1, 65535),
    interval=st.integers(5, 86400),
    enabled=st.booleans(),
    limits=st.builds(
        Limits, slow_ms=st.none() | st.floats(1, 1e6), content=st.none() | NAMES.filter(bool), days=st.integers(0, 90)
    ),
    group=NAMES,
    tags=st.dictionaries(NAMES, NAMES, max_size=3),
    public=st.booleans(),
    source=st.just("file"),
)


def _measured(watch: Watch) -> Limits:
    """Its limits that its check measures; a file is not read with others."""
    return Limits(**{name: getattr(watch.limits, name) for name in set_in(watch.limits) if is_measured(name, watch.check)})


def test_a_limit_that_means_nothing_is_not_exported_so_that_the_file_is_read_back() -> None:
    old = Watch(host="a.example.org", check="icmp", limits=Limits(slow_ms=80, grade="A"))
    [watch] = parsed(exported([old]), "exported").watches
    assert watch.limits == Limits(slow_ms=80)


@given(st.lists(WATCHES, max_size=4, unique_by=lambda watch: watch.key))
def test_what_is_exported_is_read_back_the_same(watches: list[Watch]) -> None:
    watches = [structs.replace(watch, limits=_measured(watch)) for watch in watches]
    again = parsed(exported(watches), "exported")
    assert sorted(again.watches, key=lambda watch: watch.key) == sorted(watches, key=lambda watch: watch.key)


def test_windows_are_exported_too() -> None:
    windows = parsed(WHOLE, "f").windows
    assert parsed(exported((), windows), "exported").windows == windows


def test_a_plan_is_applied_twice_without_a_change_and_its_windows_go_with_it(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "m.db")) as store:
        own = Window(name="own", starts=1.0, ends=2.0)
        store.put_window(own)
        apply(store, parsed(WHOLE, "f"), 1.0)
        revision = store.revision()
        apply(store, parsed(WHOLE, "f"), 2.0)
        assert store.revision() == revision
        assert {window.name for window in store.windows()} == {"own", "patch night"}
        apply(store, parsed(WATCH, "f"), 3.0)
        assert [window.name for window in store.windows()] == ["own"]
        assert [watch.key for watch in store.watches()] == ["icmp a.example.org"]
