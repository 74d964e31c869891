"""Which targets may be touched."""

from __future__ import annotations

import ipaddress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.address_space import faces, forms, special_range
from netassist.observations import Failed
from netassist.scope import NO_PORT, Scope, parse_rule, ports_in_both
from netassist.targets import Address, numeric_address, parse_address, parse_host


def refused(scope: Scope, host: str, address: str | None = None) -> bool:
    try:
        scope.check_host(host)
        if address is not None:
            scope.check_address(host, ipaddress.ip_address(address))
    except Failed as failed:
        return failed.failure.kind == "out_of_scope" and host in failed.failure.message
    return False


def test_only_what_was_named_or_is_allowed() -> None:
    scope = Scope(allow=(".example.org", "10.0.0.0/8")).naming("a.test", "192.0.2.1")
    assert [refused(scope, host) for host in ("a.test", "A.TEST.", "192.0.2.1", "x.example.org", "10.9.9.9")] == [False] * 5
    assert [refused(scope, host) for host in ("b.test", "192.0.2.2", "example.org.evil.test", "badexample.org", "11.0.0.1")] == [
        True
    ] * 5


def test_deny_wins() -> None:
    scope = Scope(allow=("10.0.0.0/8",), deny=("10.0.0.1", ".secret.test")).naming("10.0.0.1", "db.secret.test", "ok.test")
    assert [refused(scope, host) for host in ("10.0.0.1", "db.secret.test")] == [True, True]
    assert refused(scope, "ok.test", "10.0.0.1")


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "169.254.169.254", "fe80::1", "224.0.0.1", "0.0.0.0", "::ffff:127.0.0.1", "100.100.100.200"]
)
def test_special_addresses_behind_a_name_are_refused_unless_written_out(address: str) -> None:
    assert refused(Scope().naming("web.test"), "web.test", address)
    plain = address.removeprefix("::ffff:")
    assert not refused(Scope().naming("web.test", plain), "web.test", address)


def test_localhost_is_loopback_written_out() -> None:
    assert not refused(Scope().naming("localhost"), "localhost", "127.0.0.1")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "::1", "169.254.169.254", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "100.100.100.200",
        "0.0.0.0", "168.63.129.16", "192.0.0.9", "192.0.2.1", "192.88.99.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "::", "::10.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:a00:1::1", "3fff::1",
        "4000::1",
    ],
)  # fmt: skip
def test_what_a_third_party_named_is_reached_at_public_addresses_only(address: str) -> None:
    learned = Scope().learning("ocsp.test", "localhost", address)
    assert refused(Scope(), "ocsp.test")
    assert refused(learned, "ocsp.test", address)
    assert refused(learned, "localhost", address)
    assert refused(learned, str(ipaddress.ip_address(address)), address)
    whole_world = msgspec.structs.replace(learned, allow=("0.0.0.0/0", "::/0"))
    has_to_be_written_out = any(special_range(face) for face in faces(ipaddress.ip_address(address)))
    assert refused(whole_world, "ocsp.test", address) == has_to_be_written_out
    assert not refused(msgspec.structs.replace(whole_world, allow=("0.0.0.0/0", "::/0", address)), "ocsp.test", address)


def test_public_addresses_of_what_a_third_party_named() -> None:
    learned = Scope(deny=(".denied.test", "8.8.4.0/24")).learning("OCSP.test.", "a.denied.test").naming("mine.test")
    for address in ("8.8.8.8", "2606:4700::1111", "2a00:1450:4001::5f"):
        assert not refused(learned, "ocsp.test", address)
    assert refused(learned, "other.test")
    assert refused(learned, "a.denied.test", "8.8.8.8")
    assert refused(learned, "ocsp.test", "8.8.4.4")
    assert not refused(learned, "mine.test", "10.0.0.1"), "what the user named is reached wherever it is"


def test_a_network_has_to_be_named_as_a_whole() -> None:
    area = ipaddress.ip_network("10.0.0.0/16")
    with pytest.raises(Failed):
        Scope().naming("10.0.0.0/24").check_network(area)
    assert Scope(deny=("10.0.3.0/24", "192.0.2.1")).naming("10.0.0.0/16").check_network(area) == (
        ipaddress.ip_network("10.0.3.0/24"),
    )
    with pytest.raises(Failed):
        Scope(deny=("10.0.0.0/8",)).naming("10.0.0.0/16").check_network(area)


# Rules with ports


@pytest.mark.parametrize(
    ("text", "name", "area", "ports"),
    [
        ("a.test", "a.test", None, ()),
        (".A.Test.", ".a.test", None, ()),
        ("a.test:25", "a.test", None, ((25, 25),)),
        (".a.test:80,8000-8100", ".a.test", None, ((80, 80), (8000, 8100))),
        (":25", "", None, ((25, 25),)),
        ("10.0.0.0/8:22", "", "10.0.0.0/8", ((22, 22),)),
        ("2001:db8::1", "", "2001:db8::1/128", ()),
        ("[2001:db8::/32]:443", "", "2001:db8::/32", ((443, 443),)),
        ("[2001:db8::1]", "", "2001:db8::1/128", ()),
        ("bücher.example", "xn--bcher-kva.example", None, ()),
    ],
)
def test_rules_as_they_are_written(text: str, name: str, area: str | None, ports: tuple[tuple[int, int], ...]) -> None:
    rule = parse_rule(text)
    assert (rule.name, rule.ports) == (name, ports)
    assert rule.area == (ipaddress.ip_network(area) if area else None)


@pytest.mark.parametrize(
    "text", ["", ":", ":0", "a.test:", "a.test:99999", "a.test:x", "[::1", "[::1]x", "10.0.0.0/33", "-oX", "a b", "0x7f.1", "."]
)
def test_what_is_no_rule_is_told_and_never_passed_over(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|are no"):
        parse_rule(text)
    with pytest.raises(ValueError, match=r"is not|are no"):
        Scope(deny=(text,)).naming("a.test").check_host("a.test")


def at(scope: Scope, host: str, port: int | None, address: str | None = None) -> bool:
    """Whether the port of the host may be touched."""
    try:
        scope.check_host(host, port)
        if address is not None:
            scope.check_address(host, ipaddress.ip_address(address), port)
    except Failed:
        return False
    return True


def test_a_port_is_denied_everywhere_or_on_one_host() -> None:
    scope = Scope(deny=(":25", "a.test:8000-8100", "198.51.100.0/24:22")).naming("a.test", "b.test")
    assert [at(scope, "a.test", port) for port in (24, 25, 26, 7999, 8050, 8101)] == [True, False, True, True, False, True]
    assert [at(scope, "b.test", port) for port in (25, 8050)] == [False, True]
    assert [at(scope, "b.test", port, "198.51.100.7") for port in (22, 443)] == [False, True]
    assert at(scope, "a.test", None)
    assert at(scope, "a.test", NO_PORT), "ICMP has no port"


def test_what_is_allowed_at_a_port_is_allowed_at_no_other() -> None:
    scope = Scope(allow=("a.test:443", "10.0.0.0/8:22,80"))
    assert [at(scope, "a.test", port, "198.51.100.7") for port in (443, 80, NO_PORT, None)] == [True, False, False, True]
    assert [at(scope, "10.1.1.1", port, "10.1.1.1") for port in (22, 80, 443, NO_PORT)] == [True, True, False, False]
    assert at(scope.naming("10.1.1.1"), "10.1.1.1", 443, "10.1.1.1"), "what the user names is named at every port"


def test_closed_ports_as_nmap_takes_them() -> None:
    address = ipaddress.ip_address("198.51.100.7")
    scope = Scope(allow=("a.test:443,8000-8100",), deny=(":25", "198.51.100.0/24:22", ".b.test:80"))
    assert scope.closed_ports("a.test", address) == "1-442,444-7999,8101-65535"
    assert scope.naming("a.test").closed_ports("a.test", address) == "22,25"
    assert scope.naming("x.b.test").closed_ports("x.b.test") == "25,80"
    assert scope.naming("198.51.0.0/16").closed_ports("198.51.0.0/16", ipaddress.ip_network("198.51.0.0/16")) == "22,25"
    assert Scope().naming("a.test").closed_ports("a.test", address) == ""
    assert ports_in_both("20-30,443", "25,8000") == "25"


# Names in disguise


@pytest.mark.parametrize(
    "host", ["EXAMPLE.org", "example.org.", "ｅxample.org", "ехample.org", "xn--xample-2of.org", "exаmple.оrg"]
)
def test_a_denied_name_is_seen_through_its_disguises(host: str) -> None:
    assert refused(Scope(deny=("example.org",)).naming(host), host)
    assert refused(Scope(deny=(".org",)).naming(host), host)


def test_a_look_alike_inherits_no_allow_and_no_name() -> None:
    scope = Scope(allow=("example.org", ".example.org")).naming("paypal.test")
    for host in ("ехample.org", "www.ехample.org", "xn--xample-2of.org", "раypal.test", "examp1e.org", "example.org.evil.test"):
        assert refused(scope, host), host
    assert not refused(scope, "www.example.org")


def test_suffixes_end_at_whole_labels() -> None:
    scope = Scope(deny=(".example.org",)).naming("badexample.org", "www.example.org", "example.org")
    assert [refused(scope, host) for host in ("badexample.org", "www.example.org", "example.org")] == [False, True, False]


def test_marks_make_another_name_and_one_spelling_is_as_good_as_the_other() -> None:
    scope = Scope(deny=("bucher.example",), allow=("bücher.example",))
    assert not refused(scope, "bücher.example")
    assert not refused(scope, "xn--bcher-kva.example")
    assert refused(Scope(deny=("bücher.example",)).naming("xn--bcher-kva.example"), "xn--bcher-kva.example")


# Addresses in disguise


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1", "::ffff:10.0.0.1", "::ffff:a00:1", "64:ff9b::a00:1", "2002:a00:1::1", "::10.0.0.1", "167772161", "012.0.0.1",
        "0xa.0.0.1", "0xa000001", "10.1", "10.0.1", "[::ffff:10.0.0.1]", "10.0.0.1.", "2001:0:c000:0201:0:0:f5ff:fffe",
    ],
)  # fmt: skip
def test_a_denied_address_is_seen_through_its_disguises(host: str) -> None:
    assert Scope(deny=("10.0.0.0/8",)).denied_by(host)
    assert refused(Scope(deny=("10.0.0.1",)).naming(host), host)
    if (address := parse_address(host)) is not None:
        assert refused(Scope(deny=("10.0.0.0/8",)).naming("a.test"), "a.test", str(address))


@pytest.mark.parametrize("host", ["2130706433", "0177.0.0.1", "0x7f.1", "127.1", "0x7f000001"])
def test_numeric_notations_are_no_hosts_and_the_refusal_says_what_they_mean(host: str) -> None:
    assert numeric_address(host) == ipaddress.ip_address("127.0.0.1")
    with pytest.raises(ValueError, match=r"programs read 127\.0\.0\.1 in it"):
        parse_host(host)


def test_a_named_address_in_other_words_is_the_one_that_was_named() -> None:
    scope = Scope().naming("10.0.0.1")
    assert not refused(scope, "::ffff:10.0.0.1", "::ffff:10.0.0.1")
    assert refused(scope, "64:ff9b::a00:1"), "by translation it is reached over another network"


@pytest.mark.parametrize("address", ["169.254.169.254", "100.100.100.200", "fd00:ec2::254", "168.63.129.16", "192.0.0.192"])
def test_metadata_has_to_be_written_out_by_its_own_address(address: str) -> None:
    wide = Scope(allow=("0.0.0.0/0", "::/0", "169.254.0.0/16")).naming("a.test")
    assert refused(wide, "a.test", address)
    assert not refused(wide.naming(address), "a.test", address)


def test_a_network_leaves_out_what_is_special_inside_it_unless_it_is_all_of_it() -> None:
    left_out = set(map(str, Scope().naming("0.0.0.0/0").check_network(ipaddress.ip_network("0.0.0.0/0"))))
    assert {"127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "100.100.100.200/32"} <= left_out
    assert Scope().naming("127.0.0.0/30").check_network(ipaddress.ip_network("127.0.0.0/30")) == ()
    assert Scope().naming("169.254.0.0/16").check_network(ipaddress.ip_network("169.254.0.0/16")) != ()
    with pytest.raises(Failed):
        Scope(allow=("0.0.0.0/0",)).check_network(ipaddress.ip_network("127.0.0.0/30"))


def test_a_denied_network_is_left_out_of_an_ipv6_network_that_leads_to_it() -> None:
    area = ipaddress.ip_network("64:ff9b::/96")
    left_out = Scope(deny=("10.0.0.0/8",)).naming(str(area)).check_network(area)
    assert ipaddress.ip_network("64:ff9b::a00:0/104") in left_out


@given(st.ip_addresses(), st.ip_addresses())
def test_deny_wins_over_every_way_to_an_address(denied: Address, other: Address) -> None:
    scope = Scope(allow=("0.0.0.0/0", "::/0", str(denied)), deny=(str(denied),)).naming("a.test", str(denied), str(other))
    for way in forms(ipaddress.ip_network(denied)):
        form = str(way.network_address)
        if form in ("::", "::1") and form != str(denied):
            continue  # these are what they are, and hold no IPv4 address
        assert refused(scope, form)
        assert refused(scope, "a.test", form)


@given(st.ip_addresses())
def test_nothing_is_in_scope_that_nobody_named_or_allowed(address: Address) -> None:
    assert refused(Scope().naming("a.test"), str(address))
    assert refused(Scope(), "a.test", str(address))


def test_read_only_touches_no_target_but_asks_those_who_publish() -> None:
    scope = Scope(allow=("0.0.0.0/0", "a.test"), read_only=True).naming("b.test", "10.0.0.0/24").learning("rdap.test")
    for host in ("a.test", "b.test", "10.0.0.1"):
        assert refused(scope, host)
    with pytest.raises(Failed, match="read-only"):
        scope.check_network(ipaddress.ip_network("10.0.0.0/24"))
    assert not refused(scope, "rdap.test", "8.8.8.8")
    assert refused(scope, "rdap.test", "127.0.0.1")
