"""What a call may point at."""

from __future__ import annotations

import pytest

from netassist.entities import recognise
from netassist.grounding import candidates, confined, grounded, negative_time, ports_left, with_ports, within_reach
from netassist.toolbox import Call, tools, validated


@pytest.mark.parametrize(
    ("request_text", "alone"),
    [
        ("audit db1.example.org", True),
        ("run the vulnerability scripts against 10.0.0.7", True),
        ("and db2.example.org too", False),
        ("compare it with 10.0.0.7", False),
        ("now both, and 10.0.0.9", False),
        ("what about its certificate", False),
    ],
)
def test_a_request_that_names_its_targets_and_refers_back_to_none_is_confined(request_text: str, alone: bool) -> None:
    assert confined(request_text, recognise(request_text)) is alone


def test_a_confined_request_reaches_no_earlier_host_but_earlier_ports() -> None:
    earlier = recognise("is port 8443 open on 10.0.0.5")
    reach = within_reach("check 10.0.0.6", recognise("check 10.0.0.6"), earlier)
    assert grounded(Call("tcp_check", {"host": "10.0.0.6", "port": 8443}), reach) is None
    assert "10.0.0.5" in (grounded(Call("ping", {"host": "10.0.0.5"}), reach) or "")
    back = within_reach("and its certificate", recognise("and its certificate"), earlier)
    assert grounded(Call("certificate_info", {"host": "10.0.0.5", "port": 8443}), back) is None


@pytest.mark.parametrize(
    ("said", "protocols"),
    [
        ("starttls on port 143", ("imap",)),
        ("the ldap server", ("ldap",)),
        ("smtp and imap", ("smtp", "imap")),
        ("submission 587", ("smtp",)),
        ("the certificate on port 8443", ()),
    ],
)  # fmt: skip
def test_starttls_is_only_for_protocols_that_were_said(said: str, protocols: tuple[str, ...]) -> None:
    parameter = tools()["certificate_info"].parameters.properties["starttls"]
    assert candidates("starttls", parameter, recognise(said)) == protocols


def test_the_name_of_a_record_speaks_of_the_host_that_it_belongs_to() -> None:
    earlier = recognise("who hosts depot.example.org")
    request = "CAA? TLSA for _443._tcp.depot.example.org?"
    reach = within_reach(request, recognise(request), earlier)
    assert grounded(Call("dns_lookup", {"name": "depot.example.org", "record_type": "CAA"}), reach) is None


def test_a_url_without_a_scheme_is_watched_whole_and_probed_by_its_host() -> None:
    named = recognise("watch shop.example.org/en")
    assert candidates("host", tools()["monitor_add"].parameters.properties["host"], named, "monitor_add") == (
        "shop.example.org/en",
    )
    assert candidates("host", tools()["ping"].parameters.properties["host"], named, "ping") == ("shop.example.org",)


def add(host: str, check: str, port: int | None = None) -> Call:
    return Call("monitor_add", {"host": host, "check": check, **({"port": port} if port is not None else {})})


@pytest.mark.parametrize(
    ("said", "planned", "run", "left"),
    [
        ("watch the certificate of a.test port 8443", [add("a.test", "certificate")], [add("a.test", "certificate", 8443)], ()),
        ("watch the tls and the certificate of a.test:8443", [add("a.test", "tls"), add("a.test", "certificate")],
         [add("a.test", "tls", 8443), add("a.test", "certificate", 8443)], ()),
        ("watch a.test for quantum safety on port 1 and its ping", [add("a.test", "quantum"), add("a.test", "icmp")],
         [add("a.test", "quantum", 1), add("a.test", "icmp")], ()),
        ("watch tcp port 5432 and the certificate of a.test", [add("a.test", "tcp", 5432), add("a.test", "certificate")],
         [add("a.test", "tcp", 5432), add("a.test", "certificate")], ()),
        ("watch https of a.test, and the certificate of b.test:8443", [add("a.test", "https"), add("b.test", "certificate")],
         [add("a.test", "https"), add("b.test", "certificate", 8443)], ()),
        ("watch the certificate of a.test at port 8443 and port 9443", [add("a.test", "certificate")],
         [add("a.test", "certificate")], (8443, 9443)),
        ("watch ssh and the certificate of a.test port 8443", [add("a.test", "ssh"), add("a.test", "certificate")],
         [add("a.test", "ssh"), add("a.test", "certificate")], (8443,)),
        ("ping a.test port 8443 and watch it", [add("a.test", "icmp")], [add("a.test", "icmp")], (8443,)),
        ("watch 3 things of a.test, its certificate first", [add("a.test", "certificate")], [add("a.test", "certificate")], ()),
        ("is port 8443 of a.test open", [Call("ping", {"host": "a.test"})], [Call("ping", {"host": "a.test"})], ()),
        ("stop watching a.test:8443", [Call("monitor_remove", {"host": "a.test"})],
         [Call("monitor_remove", {"host": "a.test:8443"})], ()),
        ("pause tcp 5432 on a.test and b.test", [Call("monitor_edit", {"host": name}) for name in ("a.test", "b.test")],
         [Call("monitor_edit", {"host": "a.test:5432"}), Call("monitor_edit", {"host": "b.test"})], ()),
        ("stop watching ports 5432 and 6432 of ::1", [Call("monitor_remove", {"host": "::1"})],
         [Call("monitor_remove", {"host": "[::1]:5432"}), Call("monitor_remove", {"host": "[::1]:6432"})], ()),
        ("stop watching it on port 22", [Call("monitor_remove", {"host": "a.test"})],
         [Call("monitor_remove", {"host": "a.test:22"})], ()),
        ("how was a.test over the last 3 days", [Call("monitor_history", {"host": "a.test", "hours": 72})],
         [Call("monitor_history", {"host": "a.test", "hours": 72})], ()),
        ("is the page of a.test:8080 fine, and port 22 open?",
         [Call("http_check", {"url": "a.test"}), Call("tcp_check", {"host": "a.test", "port": 22})],
         [Call("http_check", {"url": "a.test:8080"}), Call("tcp_check", {"host": "a.test", "port": 22})], ()),
        ("does https://a.test/x load, and a.test on port 8443?",
         [Call("http_check", {"url": url}) for url in ("https://a.test/x", "a.test")],
         [Call("http_check", {"url": url}) for url in ("https://a.test/x", "a.test:8443")], ()),
        ("watch https://a.test:8443/", [add("https://a.test:8443/", "https")], [add("https://a.test:8443/", "https")], ()),
    ],
)  # fmt: skip
def test_a_port_that_is_said_beside_a_watch_is_used_or_told(
    said: str, planned: list[Call], run: list[Call], left: tuple[int, ...]
) -> None:
    named = recognise(said)
    calls = with_ports(planned, said, named)
    assert [*calls] == run
    earlier = recognise("ping a.test")
    assert all(grounded(validated(call), [*earlier, *named]) is None for call in calls)
    assert ports_left(calls, said, named) == left


@pytest.mark.parametrize("host", ["a.test:443", "b.test:8443", "a.test:84431", "a.test:", "x:a.test:8443"])
def test_a_host_at_a_port_is_one_where_both_were_said(host: str) -> None:
    said = recognise("stop watching a.test port 8443")
    assert grounded(Call("monitor_remove", {"host": "a.test:8443"}), said) is None
    assert grounded(Call("monitor_remove", {"host": host}), said) is not None


@pytest.mark.parametrize(
    ("said", "below"),
    [
        ("watch a.test every -5 seconds", "-5 seconds"),
        ("watch a.test alle -5s", "-5s"),
        ("watch a.test every −5 min", "−5 min"),
        ("watch db-5 every 5 minutes", None),
        ("watch a.test -- every 5 minutes", None),
    ],
)
def test_a_negative_time_is_found_in_a_request_to_watch(said: str, below: str | None) -> None:
    assert negative_time([add("a.test", "icmp")], said) == below
    assert negative_time([Call("ping", {"host": "a.test"})], said) is None
