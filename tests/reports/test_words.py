"""English that is right for one, for many, and for names that somebody else chose."""

from __future__ import annotations

import pytest

from netassist.observations import Endpoint
from netassist.reports.words import count, duration, listed, named, percent, place, quoted, shortened


def test_counts() -> None:
    assert [count(n, "port") for n in (0, 1, 2)] == ["no ports", "1 port", "2 ports"]
    assert count(2, "entry", "entries") == "2 entries"


@pytest.mark.parametrize(
    ("items", "expected"), [("", ""), ("a", "a"), ("ab", "a and b"), ("abc", "a, b and c"), ("abcd", "a, b, c and 1 more")]
)
def test_lists(items: str, expected: str) -> None:
    assert listed(list(items), 3) == expected


@pytest.mark.parametrize(
    ("part", "expected"), [(0, "0%"), (0.004, "less than 1%"), (0.25, "25%"), (0.996, "more than 99%"), (1, "100%")]
)
def test_a_loss_is_never_rounded_away(part: float, expected: str) -> None:
    assert percent(part) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(0.0123, "12.3 ms"), (2.5, "2.5 s"), (125, "2 min 5 s")])
def test_durations(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_places() -> None:
    assert place(Endpoint("shop.example", 443)) == "shop.example:443"
    assert place(Endpoint("2001:db8::1", 443)) == "[2001:db8::1]:443"
    assert place("10.0.0.0/24\x1b[2J") == "10.0.0.0/24"


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("one, two", 8, "one, two"),
        ("one, two, three", 12, "one, two, …"),
        ("one: a, b; two: c, d", 16, "one: a, b; …"),
        ("the server speaks", 14, "the server …"),
        ("TLS_RSA_WITH_RC4_128_SHA", 10, "TLS_RSA_…"),
        ("bad\x1b[2J, worse", 40, "bad, worse"),
    ],
)
def test_a_list_is_cut_between_its_items(text: str, most: int, expected: str) -> None:
    assert shortened(text, most) == expected
    assert len(shortened(text, most)) <= most


def test_names_of_others() -> None:
    assert named("OpenSSH 9.2p1 Debian 2+deb12u3") == "OpenSSH 9.2p1 Debian 2+deb12u3"
    assert named("Lab, and all is well") == "“Lab, and all is well”"
    assert quoted("a” is trusted “b") == "“a' is trusted 'b”"
