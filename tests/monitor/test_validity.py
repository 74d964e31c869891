"""What a watch and a maintenance window may say, the same for the command line, the API and monitor.toml."""

from __future__ import annotations

import math

import pytest

from netassist.monitor.store.values import Window
from netassist.monitor.validity import check_names, check_parents, check_watch, check_window, nearest
from netassist.monitor.watch import Limits, Watch

ROUTER = Watch(host="192.0.2.1", check="icmp", group="Network")
SHOP = Watch(host="https://shop.example.org/", check="https")
NIGHT = Window(name="patch night", starts=1e9, ends=1e9 + 3600)


@pytest.mark.parametrize(
    ("watch", "words"),
    [
        (Watch(host="10.0.0.0/8", check="icmp"), "is a network"),
        (Watch(host="a b", check="icmp"), "is not a host name"),
        (Watch(host="-x.test", check="icmp"), "is not a host name"),
        (Watch(host="a.test", check="tcp"), "needs a port"),
        (Watch(host="a.test", check="tcp", port=70000), "not between 1 and 65535"),
        (Watch(host="a.test", check="icmp", interval=1), "not between 5 seconds and 2592000"),
        (Watch(host="a.test", check="icmp", failures=4, of=3), "failures 4 is not between 1 and the 3"),
        (Watch(host="a.test", check="tls", limits=Limits(grade="Z")), "grade 'Z' is none of"),
        (Watch(host="a.test", check="nmap", limits=Limits(ports="x")), "is no port list"),
        (Watch(host="a.test", check="http", limits=Limits(status="ok")), "list of HTTP status codes"),
        (Watch(host="a.test", check="dns", limits=Limits(record_type="WRONG")), "record_type 'WRONG' is none of"),
        (Watch(host="a.test", check="icmp", interval=0), "not between 5 seconds"),
        (Watch(host="a.test", check="icmp", interval=3 * 365 * 86400), "30 days"),
        (Watch(host="a.test", check="icmp", failures=0), "failures 0 is not between 1"),
        (Watch(host="a.test", check="icmp", of=0), "of 0 is not between 1 and 20"),
        (Watch(host="a.test", check="icmp", of=21), "of 21 is not between 1 and 20"),
        (Watch(host="a.test", check="icmp", group="x" * 101), "group has 101 characters"),
        (Watch(host="a.test", check="icmp", parents=("a",) * 101), "parents are 101"),
        (Watch(host="a.test", check="icmp", tags={"a": "b" * 1001}), "tags are 100 at most"),
        (Watch(host="a.test", check="icmp", limits=Limits(slow_ms=-1)), "slow_ms -1 is not above 0"),
        (Watch(host="a.test", check="icmp", limits=Limits(slow_ms=math.nan)), "slow_ms nan is not above 0"),
        (Watch(host="a.test", check="icmp", limits=Limits(too_slow_ms=math.inf)), "too_slow_ms inf is not above 0"),
        (Watch(host="a.test", check="icmp", limits=Limits(slow_ms=300, too_slow_ms=200)), "200 is less than slow_ms 300"),
        (Watch(host="a.test", check="icmp", limits=Limits(loss=math.nan)), "loss nan is not a fraction"),
        (Watch(host="a.test", check="tls", limits=Limits(days=-4)), "days -4 is not between 0"),
        (Watch(host="a.test", check="tls", limits=Limits(last_days=99999)), "last_days 99999 is not between 0"),
        (Watch(host="a.test", check="http", limits=Limits(content="")), "content has 0 characters"),
        (Watch(host="a.test", check="dns", limits=Limits(record="x" * 1001)), "record has 1,001 characters"),
        (Watch(host="ftp://a.test/", check="http"), "is not an http or https URL"),
    ],
)
def test_watches_that_cannot_be_carried_out_are_refused_in_words(watch: Watch, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_watch(watch)


def test_what_is_within_the_limits_is_taken() -> None:
    limits = Limits(slow_ms=5, too_slow_ms=5, days=0)
    check_watch(Watch(host="a.test", check="tls", failures=20, of=20, interval=30 * 86400, limits=limits))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": " "}, "needs a name"),
        ({"name": "a\nb"}, "needs a name"),
        ({"ends": 1e9}, "ends after it starts"),
        ({"ends": math.nan}, "ends after it starts"),
        ({"starts": -math.inf}, "ends after it starts"),
        ({"ends": 1e9 + 32 * 86400}, "lasts at most 31 days"),
        ({"ends": 1e9 + 8 * 86400, "weekly": True}, "lasts at most 7 days"),
    ],
)
def test_windows_that_are_none_are_refused_in_words(values: dict[str, object], words: str) -> None:
    import msgspec

    check_window(NIGHT)
    with pytest.raises(ValueError, match=words):
        check_window(msgspec.structs.replace(NIGHT, **values))


def test_names_have_to_be_known_and_the_nearest_is_offered() -> None:
    watches = [ROUTER, SHOP]
    check_names(["192.0.2.1", "icmp 192.0.2.1", "shop.example.org", "https://shop.example.org/"], watches)
    check_names(["Network"], watches, groups=True)
    with pytest.raises(ValueError, match=r"no watch has the key or host 'shop.exmple.org'; did you mean 'shop.example.org'\?"):
        check_names(["shop.exmple.org"], watches)
    with pytest.raises(ValueError, match="no watch has the key or host 'Network'"):
        check_names(["Network"], watches)
    with pytest.raises(ValueError, match=r"key, host or group 'Netwrok'; did you mean 'Network'\?"):
        check_names(["Netwrok"], watches, groups=True)
    assert nearest("zzz", ["abc", "abd"]) == "; there are abc and abd"
    assert nearest("zzz", []) == "; there is none yet"


def test_nothing_lies_behind_itself() -> None:
    behind = Watch(host="192.0.2.2", check="icmp", parents=("192.0.2.1",))
    check_parents(behind, [ROUTER])
    with pytest.raises(ValueError, match="behind one another"):
        check_parents(Watch(host="192.0.2.1", check="icmp", parents=("192.0.2.2",)), [ROUTER, behind])
    with pytest.raises(ValueError, match="no watch has the key or host 'nobody'"):
        check_parents(Watch(host="192.0.2.3", check="icmp", parents=("nobody",)), [ROUTER])
