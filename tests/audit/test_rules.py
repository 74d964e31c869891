"""Rules are pure: what is exposed, over which network, and how sure one can be."""

from __future__ import annotations

import pytest

from netassist.audit.exposed import SERVICES, Seen, exposed


def test_a_service_that_told_its_name_is_judged_wherever_it_listens() -> None:
    [finding] = exposed([Seen("192.0.2.1", 16379, service="redis", probed=True, product="Redis key-value store 7.0")])
    assert (finding.id, finding.severity) == ("service.redis", "high")
    assert finding.evidence == "192.0.2.1:16379/tcp open (redis Redis key-value store 7.0)"


def test_a_port_number_is_only_a_guess_and_the_evidence_says_so() -> None:
    [finding] = exposed([Seen("2001:db8::1", 3306)])
    assert finding.id == "service.mysql"
    assert finding.evidence == "[2001:db8::1]:3306/tcp open (by its port number)"


def test_what_told_another_name_is_not_judged_by_its_number() -> None:
    assert list(exposed([Seen("192.0.2.1", 23, service="http", probed=True)])) == []


def test_tls_takes_the_reason_from_clear_text_protocols_only() -> None:
    wrapped = [
        Seen("192.0.2.1", 992, service="telnet", probed=True, tls=True),
        Seen("192.0.2.1", 6380, service="redis", probed=True, tls=True),
    ]
    assert [finding.id for finding in exposed(wrapped)] == ["service.redis"]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1"])
def test_over_loopback_nothing_is_known_of_who_else_reaches_it(address: str) -> None:
    [finding] = exposed([Seen(address, 6379)])
    assert (finding.severity, "not measured" in finding.detail) == ("info", True)


def test_one_finding_a_service_names_every_place() -> None:
    [finding] = exposed([Seen(f"192.0.2.{i}", 445) for i in range(1, 31)])
    assert finding.evidence.startswith("192.0.2.1:445/tcp")
    assert finding.evidence.endswith("and 10 more")


def test_the_table_names_each_port_and_each_service_once() -> None:
    for column in ("word", "names", "ports"):
        entries = [entry for service in SERVICES for entry in getattr(service, column).split()]
        assert len(entries) == len(set(entries)), column
    assert all(service.reference.startswith("https://") for service in SERVICES)
