"""Whom a certificate speaks for (RFC 9525)."""

from __future__ import annotations

import pytest

from netassist.tls.identity import matches


@pytest.mark.parametrize(
    ("host", "dns"),
    [
        ("www.example.org", "www.example.org"),
        ("WWW.Example.ORG.", "www.example.org"),
        ("www.example.org", "WWW.EXAMPLE.ORG"),
        ("www.example.org", "*.example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("bücher.example", "*.example"),
    ],
)
def test_names_that_match(host: str, dns: str) -> None:
    assert matches(host, [dns], [])


@pytest.mark.parametrize(
    ("host", "dns"),
    [
        ("example.org", "*.example.org"),
        ("a.b.example.org", "*.example.org"),
        ("www.example.org", "w*.example.org"),
        ("www.example.org", "www.*.org"),
        ("www.example.org", "*"),
        ("localhost", "*"),
        ("www.example.org", "*.*.org"),
        ("www.example.org", "www.example.org\x00.evil.test"),
        ("www.example.org", "www.exam\x1b[1mple.org"),
        ("www.example.org", "example.org"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "*.0.0.1"),
        ("127.0.0.1", "*"),
    ],
)
def test_names_that_do_not(host: str, dns: str) -> None:
    assert not matches(host, [dns], [])


def test_an_address_is_compared_as_an_address() -> None:
    assert matches("2001:DB8::1", [], ["2001:db8:0:0:0:0:0:1"])
    assert not matches("192.0.2.1", [], ["192.0.2.10"])
    assert not matches("example.org", [], ["192.0.2.1"])
