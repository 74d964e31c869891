"""What the DNS says of a certificate, as findings: only what was established, and heavier where mail depends on it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from netassist.audit.rules.certificate import judge
from netassist.observations import Finding
from netassist.tls.caa import Caa, Permits, caa
from netassist.tls.dane import Dane, DaneVerdict, TlsaRecord
from netassist.tls.published import Answer
from tests.reports.samples import SHOP, certificates

RECORD = TlsaRecord(usage=3, selector=1, matching_type=1, data="ab" * 32, outcome="mismatch", detail="names another key")


def findings(starttls: str | None = None, **facts: Any) -> list[Finding]:
    target = msgspec.structs.replace(SHOP, starttls=starttls)
    return [
        held for held in judge(certificates(target=target, **facts)) if held.id.partition(".")[2][:4] in ("dane", "no_c", "caa_")
    ]


def published(verdict: DaneVerdict) -> Dane:
    return Dane(verdict=verdict, name="_443._tcp.shop.example", records=(RECORD,))


def test_a_mismatch_is_grave_for_mail_and_less_so_elsewhere() -> None:
    [web] = findings(dane=published("mismatch"))
    [mail] = findings("smtp", dane=published("mismatch"))
    assert (web.id, web.severity, mail.id, mail.severity) == (
        "certificate.dane_mismatch", "medium", "certificate.dane_mismatch", "high",
    )  # fmt: skip
    assert web.evidence == "TLSA at _443._tcp.shop.example, validated: 3 1 1 names another key"


def test_records_that_nobody_can_use_are_told() -> None:
    assert [(held.id, held.severity) for held in findings(dane=published("unusable"))] == [("certificate.dane_unusable", "low")]


@pytest.mark.parametrize("verdict", ["absent", "matches", "unauthenticated", "unknown"])
def test_no_other_verdict_on_dane_is_a_finding(verdict: DaneVerdict) -> None:
    assert findings(dane=published(verdict)) == []


def test_missing_caa_is_for_information_and_unknown_is_nothing() -> None:
    assert [(held.id, held.severity) for held in findings(caa=caa(Answer("shop.example")))] == [("certificate.no_caa", "info")]
    assert findings(caa=Caa(verdict="unknown")) == []
    assert findings() == []


@pytest.mark.parametrize(
    ("permits", "found"), [("none", ["certificate.caa_forbids_all"]), ("named", []), ("any", []), (None, [])]
)
def test_caa_that_lets_nobody_issue_is_told(permits: Permits | None, found: list[str]) -> None:
    held = Caa(verdict="present", name="shop.example", permits=permits)
    assert [finding.id for finding in findings(caa=held)] == found
