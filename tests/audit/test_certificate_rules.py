"""What a certificate's problems mean: each has its finding, with the evidence of the report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import msgspec

from netassist.audit import judged
from netassist.audit.rules.certificate import KEY_RULES, RULES, judge
from netassist.observations import Endpoint, Failure, Finding
from netassist.tls.certificate import CertificateInfo
from netassist.tls.chain import Certificate, PublicKey, San
from netassist.tls.keys import KeyProblem
from netassist.tls.ocsp import OcspResponse
from netassist.tls.problems import Problem
from netassist.tls.revocation import Revocation

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def certificate(name: str = "www.example.org", issuer: str = "Example CA", *, days: float = 60, bits: int = 2048) -> Certificate:
    return Certificate(
        subject=f"CN={name}",
        issuer=f"CN={issuer}",
        serial="1f",
        not_before=NOW - timedelta(days=30),
        not_after=NOW + timedelta(days=days),
        san=San((name,)),
        key=PublicKey("RSA", bits),
        signature_algorithm="sha256WithRSAEncryption",
        is_ca=False,
        fingerprint_sha256="00" * 32,
        pem="",
    )


def report(*problems: Problem, chain: tuple[Certificate, ...] = (certificate(),), error: str | None = None) -> CertificateInfo:
    return CertificateInfo(
        target=Endpoint("www.example.org", 443, "192.0.2.1"),
        started=NOW,
        duration_s=0.1,
        chain=chain,
        trusted=error is None,
        trust_error=error,
        hostname_matches="wrong_host" not in problems,
        days_left=(chain[0].not_after - NOW).days,
        problems=problems,
    )


def only(*problems: Problem, chain: tuple[Certificate, ...] = (certificate(),), error: str | None = None) -> Finding:
    [finding] = judge(report(*problems, chain=chain, error=error))
    return finding


def test_every_problem_of_the_contract_has_its_finding() -> None:
    assert set(RULES) == set(get_args(Problem))
    for problem in RULES:
        finding = only(problem, chain=(certificate(bits=1024),))
        assert finding.id == f"certificate.{problem}"
        assert finding.evidence
        assert all(reference.startswith("https://") for reference in finding.references)


def test_every_flaw_of_a_key_has_its_finding_and_names_the_certificate() -> None:
    assert set(KEY_RULES) == set(get_args(KeyProblem))
    for flaw in KEY_RULES:
        weak = msgspec.structs.replace(certificate("Example CA"), key=PublicKey("RSA", 2048, exponent=17, problems=(flaw,)))
        finding = only(chain=(certificate(), weak))
        assert (finding.id, finding.evidence) == (f"certificate.{flaw}", "CN=Example CA: RSA 2048, e = 17")
        assert finding.references


def test_a_revocation_is_told_with_its_time_reason_and_source() -> None:
    known = Revocation(status="revoked", checked_at=NOW, method="crl", revoked_at=NOW, reason="keyCompromise")
    [finding] = judge(msgspec.structs.replace(report("revoked"), revocation=known))
    assert finding.evidence == "serial 1f of CN=Example CA, since 2026-06-15 12:00 UTC (keyCompromise), by its authority's CRL"


def test_a_staple_that_could_not_be_judged_here_is_no_fault() -> None:
    unjudged = OcspResponse(status="good", stale=False, detail="the issuer's certificate is not known")
    assert list(judge(msgspec.structs.replace(report(), staple=unjudged))) == []
    stale = msgspec.structs.replace(unjudged, stale=True, detail="its time ended at 2026-06-01 00:00 UTC")
    [finding] = judge(msgspec.structs.replace(report(), staple=stale))
    assert (finding.id, finding.evidence) == ("certificate.bad_ocsp_staple", "its time ended at 2026-06-01 00:00 UTC")


def test_dates_stand_in_the_evidence() -> None:
    expired = only("expired", chain=(certificate(days=-3),), error="certificate has expired")
    assert (expired.severity, expired.evidence) == ("high", "CN=www.example.org was valid until 2026-06-12 12:00 UTC")
    soon = only("expires_soon", chain=(certificate(days=1.5),))
    assert (soon.severity, soon.evidence) == ("medium", "CN=www.example.org is valid until 2026-06-17 00:00 UTC, 1 day left")
    long = only("long_validity", chain=(certificate(days=970),))
    assert (long.severity, long.evidence) == ("low", "1000 days, from 2026-05-16 to 2029-02-09")


def test_an_expired_intermediate_is_named_and_not_the_leaf() -> None:
    chain = (certificate(), certificate("Example CA", "Root", days=-1))
    assert only("expired", chain=chain).evidence == "CN=Example CA was valid until 2026-06-14 12:00 UTC"


def test_a_name_and_its_wildcard_are_one_finding() -> None:
    finding = only("wrong_host", "wildcard_mismatch", chain=(certificate("*.org"),))
    assert finding.id == "certificate.wrong_host"
    assert finding.evidence == "asked for www.example.org, the certificate names *.org"
    assert "one label" in finding.detail


def test_many_names_are_counted() -> None:
    many = msgspec.structs.replace(certificate(), san=San(tuple(f"h{i}.test" for i in range(9)), ("192.0.2.9",)))
    assert only("wrong_host", chain=(many,)).evidence.endswith("h0.test, h1.test, h2.test, h3.test, h4.test and 5 more")


def test_the_link_that_fails_is_named() -> None:
    chain = (certificate(), certificate("Example CA", "Private Root"))
    words = "unable to get local issuer certificate"
    assert only("untrusted_root", chain=chain, error=words).evidence == f"{words}: CN=Example CA is issued by CN=Private Root"
    missing = only("missing_intermediate", chain=chain, error=words)
    assert missing.evidence == f"{words}: CN=www.example.org is issued by CN=Example CA"


def test_only_the_weak_keys_are_named() -> None:
    chain = (certificate(bits=1024), certificate("Example CA", "Root", bits=4096))
    assert only("weak_key_rsa1024", chain=chain).evidence == "CN=www.example.org: RSA 1024"


def test_distrust_for_another_reason_never_reads_as_clean() -> None:
    finding = only(error="unsuitable certificate purpose")
    assert (finding.id, finding.severity) == ("certificate.not_trusted", "high")
    assert finding.evidence == "unsuitable certificate purpose"
    assert [held.id for held in judge(report("self_signed", error="self-signed certificate"))] == ["certificate.self_signed"]


def test_a_good_certificate_and_one_that_never_came_have_none() -> None:
    assert judged(report()).findings == ()
    failure = Failure("timeout", "no answer")
    nothing = CertificateInfo(target="x", status="failed", error=failure, started=NOW, duration_s=1.0)
    assert judged(nothing).findings == ()
