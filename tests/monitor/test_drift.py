"""What became different, in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.monitor.drift import drifted, is_worse_grade, merged
from netassist.monitor.watch import Watch

WATCH = Watch(host="www.example.org", check="nmap")


@pytest.mark.parametrize(
    ("what", "before", "after", "words"),
    [
        ("open_ports", "22,80", "22,80,8080", "port 8080 opened"),
        ("open_ports", "22,80,443", "8080,9090,443", "ports 8080 and 9090 opened; ports 22 and 80 closed"),
        ("open_ports", "none", "80", "port 80 opened"),
        ("open_ports", "80", "none", "port 80 closed"),
        ("grade", "A", "C", "the TLS grade fell from A to C"),
        ("grade", "B", "A+", "the TLS grade rose from B to A+"),
        ("grade", "A", "T", "the TLS grade fell from A to T"),
        ("certificate", "CN=a, issuer X", "CN=a, issuer Y", "the certificate changed: now CN=a, issuer Y; it was CN=a, issuer X"),
        ("post_quantum", "not_safe", "safe", "post-quantum key exchange appeared: it is used"),
        ("post_quantum", "safe", "not_safe", "post-quantum key exchange went: it is offered no more"),
        ("records", "192.0.2.1; 192.0.2.2", "192.0.2.2; 192.0.2.3", "DNS answers changed: 192.0.2.3 came; 192.0.2.1 went"),
        ("host_key", "ssh-rsa S:a", "ssh-rsa S:b", "the SSH host keys changed: ssh-rsa S:b came; ssh-rsa S:a went"),
    ],
)
def test_each_fact_has_its_words(what: str, before: str, after: str, words: str) -> None:
    [event] = drifted(WATCH, {what: before}, {what: after}, 1.0)
    assert (event.kind, event.what, event.before, event.after, event.message) == ("drift", what, before, after, words)


def test_servers_that_show_their_own_certificates_by_turns_are_told_of_once() -> None:
    page, facts = Watch(host="www.example.org", check="https"), dict[str, str]()
    shown, told = [f"CN=a, SHA-256 {name * 16}…" for name in "abababcacb"], []
    for certificate in shown:
        after = {"certificate": certificate}
        told += [event.after for event in drifted(page, facts, after, 1.0)]
        facts = merged(page, facts, after)
    assert told == [f"CN=a, SHA-256 {name * 16}…" for name in "bc"]
    assert facts["certificate"] == shown[-1]
    for number in range(20):  # what is remembered is bounded
        facts = merged(page, facts, {"certificate": f"CN=a, SHA-256 {number:016}…"})
    assert len(facts["earlier_certificates"].split(", ")) == 8
    assert facts["earlier_certificates"].startswith(f"{18:016}")
    # A watch of the certificate itself tells of every change.
    own = Watch(host="www.example.org", check="certificate")
    assert merged(own, {"certificate": "a"}, {"certificate": "b"}) == {"certificate": "b"}


def test_the_first_time_and_a_fact_that_is_missing_are_no_drift() -> None:
    assert drifted(WATCH, {}, {"grade": "A"}, 1.0) == []
    assert drifted(WATCH, {"grade": "A"}, {}, 1.0) == []
    assert drifted(WATCH, {"grade": "A", "expires": "2026-01-01"}, {"grade": "A", "expires": "2027-01-01"}, 1.0) == []


def test_grades_are_ordered_and_what_is_no_grade_is_never_worse() -> None:
    assert is_worse_grade("B", "A")
    assert not is_worse_grade("A+", "A")
    assert not is_worse_grade("A", "A")
    assert not is_worse_grade("?", "A")


@given(st.dictionaries(st.sampled_from(["open_ports", "grade", "records", "post_quantum"]), st.text(max_size=40)),
       st.dictionaries(st.sampled_from(["open_ports", "grade", "records", "post_quantum"]), st.text(max_size=40)))  # fmt: skip
def test_hostile_facts_become_one_safe_line(before: dict[str, str], after: dict[str, str]) -> None:
    for event in drifted(WATCH, before, after, 1.0):
        assert event.message.isprintable()
