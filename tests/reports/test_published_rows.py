"""DANE, CAA and the second opinion as people read them in the report of a certificate."""

from __future__ import annotations

import pytest

from netassist.reports.layout import WARN
from netassist.reports.text import lines, verdict
from netassist.tls.caa import Caa, caa
from netassist.tls.dane import Dane, DaneVerdict, Outcome, TlsaRecord
from netassist.tls.published import Answer
from tests.reports.samples import certificates

AT = "_443._tcp.shop.example"


def shown(**facts: object) -> str:
    return " ".join(" ".join(str(line) for line in lines(certificates(**facts), width=200)).split())


def dane(verdict: DaneVerdict, outcome: Outcome, detail: str | None = None) -> Dane:
    record = TlsaRecord(usage=3, selector=1, matching_type=1, data="ab" * 32, outcome=outcome, detail=detail)
    return Dane(verdict=verdict, name=AT, records=(record,))


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (Dane(verdict="absent", name=AT), f"DANE none (TLSA at {AT})"),
        (dane("matches", "matches"), f"✔ matches 3 1 1, TLSA at {AT}"),
        (dane("mismatch", "mismatch", "names another key"), f"✘ TLSA at {AT} does not match: 3 1 1 names another key"),
        (dane("unusable", "unusable", "31 bytes are no SHA2-256 data"), "cannot be used: 31 bytes are no SHA2-256 data"),
        (dane("unauthenticated", "matches"), f"TLSA at {AT} matches, but is not authenticated (DNSSEC)"),
        (dane("unauthenticated", "mismatch"), f"TLSA at {AT} does not match, but is not authenticated"),
        (Dane(verdict="unknown", name=AT, detail="no answer"), "? unknown: no answer"),
        (
            dane("unknown", "unknown", "whether it names the host is not known"),
            "? unknown: whether it names the host is not known",
        ),
    ],
)
def test_each_verdict_on_dane_has_its_words(held: Dane, words: str) -> None:
    assert words in shown(dane=held)


def test_a_mismatch_is_in_the_verdict_and_no_other_is() -> None:
    said = verdict(certificates(dane=dane("mismatch", "mismatch")))
    assert (said.text.endswith(", but is not the one that its domain publishes (DANE)."), said.tone) == (True, WARN)
    for held in (dane("matches", "matches"), dane("unauthenticated", "mismatch"), Dane(verdict="unknown", name=AT)):
        assert verdict(certificates(dane=held)) == verdict(certificates())


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (caa(Answer("shop.example")), "CAA none: any authority may issue"),
        (Caa(verdict="unknown", detail="no answer"), "CAA ? unknown: no answer"),
        (caa(Answer("shop.example", (b"\0\5issuea.test",))), "CAA for a.test (at shop.example)"),
        (caa(Answer("shop.example", (b"\0\5issue;",))), "CAA no authority may issue (at shop.example)"),
        (caa(Answer("example", (b"\0\5issuea.test", b"\0\tissuewild;"))), "CAA for a.test; no wildcards (at example)"),
        (caa(Answer("example", (b"\0\tissuewildb.test",))), "CAA any authority may issue; wildcards for b.test (at example)"),
        (
            caa(Answer("example", (b"\x80\3tbsx",))),
            "authorities that do not know the critical property tbs may not issue (at example)",
        ),
    ],
)
def test_caa_says_who_may_issue(held: Caa, words: str) -> None:
    assert words in shown(caa=held)


def test_a_note_on_trust_stands_below_trust_and_nothing_stands_where_there_is_none() -> None:
    note = "OpenSSL trusts it; cryptography's stricter verifier does not: reasons"
    assert f"trusted here ! {note}" in shown(trust_note=note)
    plain = shown()
    assert "DANE" not in plain
    assert "CAA" not in plain
    assert "stricter" not in plain
