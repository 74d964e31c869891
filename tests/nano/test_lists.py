"""Lists of targets are shown to the model as their first member, and its calls made for each."""

from __future__ import annotations

import pytest

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
