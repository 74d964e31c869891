"""What a call may point at."""

from __future__ import annotations

import pytest

from netassist.entities import recognise
from netassist.grounding import candidates, confined, grounded, within_reach
from netassist.toolbox import Call, tools


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
