"""Targets are parsed once, at the edge; what comes out is safe to hand on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.targets import (
    check_port,
    host_of,
    is_port_list,
    parse_host,
    parse_network,
    parse_target,
    parse_url,
    port_numbers,
    port_ranges,
)


@pytest.mark.parametrize(
    ("text", "kind", "host"),
    [
        ("db1.example.org", "name", "db1.example.org"),
        ("DB1.Example.ORG.", "name", "db1.example.org"),
        ("nas", "name", "nas"),
        ("cam_03", "name", "cam_03"),
        ("_dmarc.example.org", "name", "_dmarc.example.org"),
        ("münchen.example", "name", "xn--mnchen-3ya.example"),
        ("192.0.2.7", "address", "192.0.2.7"),
        ("[2001:db8::1]", "address", "2001:db8::1"),
        ("::ffff:192.0.2.7", "address", "192.0.2.7"),
        ("::ffff:192.0.2.0/120", "network", "192.0.2.0/24"),
        ("192.0.2.77/24", "network", "192.0.2.0/24"),
    ],
)
def test_what_people_write(text: str, kind: str, host: str) -> None:
    target = parse_target(text)
    assert (target.text, target.kind, target.host) == (text, kind, host)


@pytest.mark.parametrize(
    "text",
    [
        "fe80::1%eth0",
        "fe80::/64%eth0",
        "0x7f.1",
        "0177.0.0.1",
        "2130706433",
        "127.1",
        "１２７.0.0.1",
        "",
        ".",
        "-oX",
        "--script=x",
        "a b",
        "a;b",
        "$(id)",
        "`id`",
        "a|b",
        "a\nb",
        "x" * 64 + ".org",
        "300.1.1.1",
        "1.2.3",
        "a..b",
    ],
)
def test_what_is_no_host(text: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        parse_host(text)


@given(st.text(max_size=80))
def test_whatever_is_accepted_holds_nothing_that_a_shell_or_an_option_parser_would_act_on(text: str) -> None:
    try:
        host = parse_host(text).host
    except ValueError:
        return
    assert not host.startswith("-")
    assert not set(host) & set(" \t\r\n;|&$`<>\"'\\(){}*?!\x1b")


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://user:pw@a.example:8443/x?y", "a.example"), ("a.example:22", "a.example"), ("[::1]:443", "::1"), ("::1", "::1"),
        ("http://[2001:db8::1]/", "2001:db8::1"),
    ],
)  # fmt: skip
def test_the_bare_host(text: str, host: str) -> None:
    assert host_of(text) == host


def test_urls() -> None:
    url = parse_url("https://a.example:8443/x?y=1")
    assert (url.scheme, url.host.host, url.port, url.path) == ("https", "a.example", 8443, "/x?y=1")
    assert (parse_url("a.example").scheme, parse_url("http://a.example").port, parse_url("::1").host.host) == ("https", 80, "::1")


@pytest.mark.parametrize(
    "text",
    [
        "ftp://a.example",
        "https://",
        "https://u:p@a.example",
        "https://a.example:99999",
        "https://a b.example",
        "file:///etc/passwd",
    ],
)
def test_what_is_no_url(text: str) -> None:
    with pytest.raises(ValueError, match=r"URL|leave it out|white space|host"):
        parse_url(text)


def test_networks_have_their_prefix_written_out() -> None:
    assert parse_network("10.0.0.0") is None
    assert parse_network("10.0.0.0/33") is None
    assert str(parse_network("10.1.2.3/8")) == "10.0.0.0/8"


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("22", True),
        ("22,80,8000-8100", True),
        ("1-65535", True),
        ("80-22", False),
        ("70000", False),
        ("22,", False),
        ("T:22", False),
        ("", False),
    ],
)
def test_port_lists(text: str, valid: bool) -> None:
    assert is_port_list(text) is valid


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_ports_out_of_range(port: int) -> None:
    with pytest.raises(ValueError, match="not between 1 and 65535"):
        check_port(port)


def test_a_list_of_ports_is_read() -> None:
    assert port_ranges("22,80-82") == ((22, 22), (80, 82))
    assert list(port_numbers(port_ranges("22,80-82"))) == [22, 80, 81, 82]
    assert port_ranges("") == ()
