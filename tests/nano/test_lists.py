"""Lists of targets are shown to the model as their first member, and its calls made for each."""

from __future__ import annotations

import pytest

from netassist.entities import recognise
from netassist.nano.lists import shown
from netassist.toolbox import Call


@pytest.mark.parametrize(
    ("request_", "seen", "members"),
    [
        ("unwatch rack-1, rack-2 and rack-9", "unwatch rack-1", ["rack-1", "rack-2", "rack-9"]),
        ("ping 192.0.2.1 and 192.0.2.7 please", "ping 192.0.2.1 please", ["192.0.2.1", "192.0.2.7"]),
        ("whois a.example und b.example", "whois a.example", ["a.example", "b.example"]),
        ("certificate of a.example, b.example:8443", "certificate of a.example, b.example:8443", []),
        ("ping a.example, not b.example", "ping a.example, not b.example", []),
        ("ping a.example and trace b.example", "ping a.example and trace b.example", []),
        ("watch a-1 and a-2, every 20 seconds and every 2 hours", "watch a-1 and a-2, every 20 seconds and every 2 hours", []),
        ("is a.example up?", "is a.example up?", []),
    ],
)
def test_a_list_is_cut_down_to_its_first(request_: str, seen: str, members: list[str]) -> None:
    found = shown(request_, {})
    assert found.request == seen
    assert [list(each) for each in found.members.values()] == ([members] if members else [])


def test_what_is_planned_for_the_first_is_made_for_each() -> None:
    found = shown("ping 192.0.2.1, 192.0.2.2 and 192.0.2.3", {})
    made = found.made_for_each([Call("ping", {"host": "192.0.2.1", "count": 7}), Call("monitor_list")])
    assert made == (
        *(Call("ping", {"host": f"192.0.2.{number}", "count": 7}) for number in (1, 2, 3)),
        Call("monitor_list"),
    )


def test_of_urls_each_tool_takes_what_it_takes() -> None:
    found = shown("page and certificate of https://a.example/x and https://b.example/y", {})
    planned = [Call("http_check", {"url": "https://a.example/x"}), Call("certificate_info", {"host": "a.example"})]
    made = found.made_for_each(planned)
    assert [str(*call.arguments.values()) for call in made] == [
        "https://a.example/x", "https://b.example/y", "a.example", "b.example",
    ]  # fmt: skip


def test_names_said_in_part_are_completed_by_earlier_ones() -> None:
    found = shown("and db2 and db3", {}, recognise("ping db1.example.org"))
    assert found.made_for_each([Call("ping", {"host": "db2.example.org"})]) == tuple(
        Call("ping", {"host": f"db{number}.example.org"}) for number in (2, 3)
    )
