"""Exceptions take findings out at their targets, until their day."""

from __future__ import annotations

from datetime import date

import pytest

from netassist.audit.exceptions import Exemption, excused
from netassist.audit.findings import Place, PlacedFinding
from netassist.audit.security_audit import AuditedHost, SecurityAudit, Summary
from netassist.observations import Endpoint, Finding, Stopwatch

TODAY = date(2027, 3, 31)
OLD = Finding(id="tls.tls1_0", severity="medium", title="TLS 1.0 is accepted", detail="", evidence="", fix="")


def audit(*ports: int | None) -> SecurityAudit:
    found = PlacedFinding.of(OLD, [Place("shop.example", port, "TLSv1.0 is accepted") for port in ports])
    return SecurityAudit(
        target=Endpoint("shop.example", None, "192.0.2.7"),
        findings=(found,),
        hosts=(AuditedHost("192.0.2.7", ("shop.example",), (), ()),),
        summary=Summary.of([found]),
        **Stopwatch().stamp(),
    )


def exemption(target: str, rule: str = "tls.tls1_0", expires: date = TODAY) -> Exemption:
    return Exemption(rule, target, "the cash desks know nothing newer", expires)


@pytest.mark.parametrize(
    "target", ["shop.example", "SHOP.example", ".example", "shop.example:443", "192.0.2.7", "192.0.2.0/24:443"]
)
def test_a_finding_is_taken_out_at_its_target(target: str) -> None:
    result = excused(audit(443), [exemption(target)], TODAY)
    assert (result.findings, result.summary) == ((), Summary())
    assert [(held.id, held.host, held.port, held.expires) for held in result.excused] == [
        ("tls.tls1_0", "shop.example", 443, TODAY)
    ]


@pytest.mark.parametrize(
    "held",
    [
        exemption("other.example"),
        exemption("shop.example:8443"),
        exemption("shop.example", rule="tls.tls1_1"),
        exemption("192.0.2.8"),
    ],
)
def test_another_target_or_rule_takes_out_nothing(held: Exemption) -> None:
    result = excused(audit(443), [held], TODAY)
    assert (result.findings, result.excused, result.expired) == (audit(443).findings, (), ())


def test_an_exception_for_a_port_says_nothing_of_the_host() -> None:
    assert excused(audit(None), [exemption("shop.example:443")], TODAY).findings == audit(None).findings


def test_the_other_places_of_a_finding_stay() -> None:
    result = excused(audit(443, 8443), [exemption("shop.example:443")], TODAY)
    [found] = result.findings
    assert (found.evidence, result.summary.medium) == ("port 8443: TLSv1.0 is accepted", 1)
    assert [held.port for held in result.excused] == [443]


def test_an_expired_exception_counts_again_and_is_told() -> None:
    late = exemption("shop.example", expires=date(2027, 3, 30))
    result = excused(audit(443), [late], TODAY)
    assert result.findings == audit(443).findings
    assert [(held.id, held.expires) for held in result.expired] == [("tls.tls1_0", date(2027, 3, 30))]
    both = excused(audit(443), [late, exemption("shop.example")], TODAY)
    assert (both.findings, both.expired) == ((), ())
