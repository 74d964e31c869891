"""Which targets may be touched."""

from __future__ import annotations

import ipaddress

import msgspec
import pytest

from netassist.observations import Failed
from netassist.scope import Scope


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
    allowed = msgspec.structs.replace(learned, allow=("0.0.0.0/0", "::/0"))
    assert not refused(allowed, "ocsp.test", address)


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
