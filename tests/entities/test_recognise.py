"""What a request names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.entities import Entity, recognise


def found(text: str, *kinds: str, inventory: dict[str, str] | None = None, earlier: tuple[Entity, ...] = ()) -> list[str | int]:
    return [e.value for e in recognise(text, inventory or {}, earlier) if not kinds or e.kind in kinds]


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("ping db1.example.org.", ["db1.example.org"]),
        ("is 10.0.0.7, or 2001:db8::1 up?", ["10.0.0.7", "2001:db8::1"]),
        ("mail dot example dot org please", ["mail.example.org"]),
        ("ten dot zero dot four dot twenty", ["10.0.4.20"]),
        ("the shop at münchen.example", ["münchen.example"]),
        ("write to ops@mail.example.org", ["mail.example.org"]),
        ("PTR of 9.100.51.198.in-addr.arpa", ["9.100.51.198.in-addr.arpa"]),
        ("see readme.txt and config.yaml, e.g. the first", []),
        ("it is 12:30 on 24.11.2026, RFC 8446", []),
    ],
)
def test_hosts(text: str, hosts: list[str]) -> None:
    assert found(text, "host") == hosts


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("every five minutes", [300]), ("hourly", [3600]), ("every 30s", [30]), ("twice a day", [43200]),
        ("half an hour", [1800]),
        ("last week", [604800]), ("alle 10 Minuten", [600]), ("toutes les deux heures", [7200]), ("ten times and more", []),
        ("prot 25 w/ starttls", []),
    ],
)  # fmt: skip
def test_durations_in_seconds(text: str, seconds: list[int]) -> None:
    assert found(text, "duration") == seconds


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("ports 22, 80 and 443", ["22,80,443"]), ("8000-8100", ["8000-8100"]), ("from 1 to 1024", ["1-1024"]),
        ("between 1 and 1024", ["1-1024"]),
        ("102, 502 and the range 4840-4850", ["102,502,4840-4850"]), ("port 443", []),
    ],
)  # fmt: skip
def test_port_lists_in_nmaps_notation(text: str, ports: list[str]) -> None:
    assert found(text, "ports") == ports


def test_networks_and_urls() -> None:
    assert found("10.0.0.0/24 in VLAN 10.3.0.0/16", "network") == ["10.0.0.0/24", "10.3.0.0/16"]
    assert found("fetch https://a.example:8443/x?y=1, please", "url", "number") == ["https://a.example:8443/x?y=1", 8443]


def test_names_of_the_inventory_stand_for_their_hosts() -> None:
    assert found("scan My Server now", "host", inventory={"my server": "192.0.2.7"}) == ["192.0.2.7"]


def test_what_is_said_in_part_is_completed_by_what_was_said_before() -> None:
    earlier = recognise("ping 10.0.0.5 and db1.example.org")
    assert found("and .17, and db2", "host", earlier=earlier) == ["10.0.0.17", "db2.example.org"]


def test_ordinary_words_are_no_machines_and_machines_are_words() -> None:
    assert found("please check the certificate of the server", "word") == []
    assert found("ping cam_03 and uplink-b", "word") == ["cam_03", "uplink-b"]


@given(st.text(max_size=300))
def test_any_text_is_read_and_every_entity_lies_inside_it(text: str) -> None:
    for entity in recognise(text):
        assert 0 <= entity.start <= entity.end <= len(text)


@given(
    st.lists(
        st.sampled_from(
            ["ping", "10.0.0.1", "::1", "every", "five", "minutes", "22", ",", "-", "dot", "a.b", "https://x.y", '"', "[", "/24"]
        ),
        max_size=25,
    )
)
def test_words_of_the_trade_in_any_order_are_read_in_order(words: list[str]) -> None:
    starts = [entity.start for entity in recognise(" ".join(words))]
    assert starts == sorted(starts)
