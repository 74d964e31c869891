"""What a mail server's offers and a domain's records mean, from reports alone."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from netassist.audit import judged
from netassist.audit.rules.mail import RULES
from netassist.observations import Endpoint, Failure
from netassist.probes.smtp import Mail, MailTls
from netassist.probes.smtp_dkim import Dkim, DkimKey
from netassist.probes.smtp_policies import Dmarc, MtaSts, TlsRpt
from netassist.probes.smtp_spf import Spf
from tests.reports.probe_samples import BAD_SERVER, GOOD_DOMAIN, SERVER, TLS, mail

replaced = msgspec.structs.replace
assert TLS.certificate is not None
CERTIFICATE = TLS.certificate


def found(report: Mail) -> dict[str, str]:
    """Severities by id."""
    return {finding.id: finding.severity for finding in judged(report).findings}


def of_domain(**facts: Any) -> dict[str, str]:
    return found(mail(server=None, domain=replaced(GOOD_DOMAIN, **facts)))


def of_tls(**facts: Any) -> dict[str, str]:
    return found(mail(server=replaced(SERVER, tls=replaced(TLS, **facts)), domain=None))


def signing(**facts: Any) -> dict[str, Any]:
    return {"dkim": Dkim("present", keys=(DkimKey(selector="s1", **facts),))}


def test_a_good_server_and_a_good_domain_have_no_findings() -> None:
    assert found(mail()) == {}


def test_without_tls_it_is_worse_where_people_log_in() -> None:
    assert found(mail(server=BAD_SERVER, domain=None)) == {
        "mail.no_starttls": "medium", "mail.plaintext_auth": "high", "mail.version_disclosed": "info",
    }  # fmt: skip
    submission = mail(server=BAD_SERVER, domain=None, target=Endpoint("mx.shop.example", 587))
    assert found(submission)["mail.no_starttls"] == "high"


def test_challenges_do_not_give_the_password_away() -> None:
    server = replaced(SERVER, auth=("CRAM-MD5", "SCRAM-SHA-256"))
    assert found(mail(server=server, domain=None)) == {}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"version": "TLSv1.0"}, {"mail.old_tls"}),
        ({"version": "TLSv1.2"}, set()),
        ({"certificate": replaced(CERTIFICATE, trusted=False, problems=("expired",))}, {"mail.certificate"}),
        ({"certificate": replaced(CERTIFICATE, hostname_matches=False)}, {"mail.certificate"}),
        ({"certificate": replaced(CERTIFICATE, trusted=None, hostname_matches=None)}, set()),
    ],
)
def test_tls(facts: dict[str, Any], expected: set[str]) -> None:
    assert set(of_tls(**facts)) == expected


@pytest.mark.parametrize(
    ("kind", "expected"), [("protocol", {"mail.starttls_fails"}), ("reset", {"mail.starttls_fails"}), ("timeout", set())]
)
def test_only_a_refusal_shows_that_starttls_fails(kind: Any, expected: set[str]) -> None:
    server = replaced(SERVER, tls=MailTls(error=Failure(kind, "mx: no")))
    assert set(found(mail(server=server, domain=None))) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"spf": Spf(verdict="absent")}, {"mail.no_spf"}),
        ({"spf": Spf(verdict="invalid", record="v=spf1 x", problems=("x",), others="fail")}, {"mail.spf_invalid"}),
        ({"spf": Spf(verdict="present", record="v=spf1 +all", others="pass")}, {"mail.spf_passes_all"}),
        ({"spf": Spf(verdict="present", record="v=spf1 ?all", others="neutral")}, {"mail.spf_neutral"}),
        ({"spf": Spf(verdict="present", record="v=spf1 ~all", others="softfail")}, set()),
        ({"spf": Spf(verdict="unknown", detail="no answer")}, set()),
        ({"dmarc": Dmarc(verdict="absent")}, {"mail.no_dmarc"}),
        ({"dmarc": Dmarc(verdict="invalid", record="v=DMARC1", problems=("no policy (p)",))}, {"mail.dmarc_invalid"}),
        ({"dmarc": Dmarc(verdict="present", policy="none", percent=100)}, {"mail.dmarc_none"}),
        ({"dmarc": Dmarc(verdict="present", policy="reject", percent=20)}, {"mail.dmarc_partial"}),
        ({"dmarc": Dmarc(verdict="unknown")}, set()),
        ({"dkim": Dkim("absent")}, {"mail.no_dkim"}),
        ({"dkim": Dkim("unknown")}, set()),
        (signing(type="rsa", bits=2048), set()),
        (signing(revoked=True, testing=True), set()),
        (signing(type="ed25519", bits=256, testing=True), {"mail.dkim_testing"}),
        (signing(type="rsa", bits=1024), {"mail.dkim_short_key"}),
        (signing(type="rsa", bits=768), {"mail.dkim_weak_key"}),
        (signing(problem="no"), {"mail.dkim_broken_key"}),
        ({"mta_sts": MtaSts(verdict="absent")}, {"mail.no_mta_sts"}),
        ({"mta_sts": MtaSts(verdict="invalid", problems=("x",))}, {"mail.mta_sts_invalid"}),
        ({"mta_sts": MtaSts(verdict="present", mode="testing")}, {"mail.mta_sts_testing"}),
        ({"mta_sts": MtaSts(verdict="present", mode="enforce", uncovered=("mx2",))}, {"mail.mta_sts_uncovered"}),
        ({"mta_sts": MtaSts(verdict="unknown")}, set()),
        ({"tls_rpt": TlsRpt(verdict="absent")}, {"mail.no_tls_reports"}),
        ({"tls_rpt": TlsRpt(verdict="unknown")}, set()),
    ],
)
def test_records(facts: dict[str, Any], expected: set[str]) -> None:
    assert set(of_domain(**facts)) == expected


def test_a_server_that_a_policy_in_testing_does_not_cover_stops_no_mail() -> None:
    sts = MtaSts(verdict="present", mode="testing", uncovered=("mx2",))
    assert of_domain(mta_sts=sts)["mail.mta_sts_uncovered"] == "low"


def test_a_domain_that_takes_and_sends_no_mail_needs_no_transport_and_no_keys() -> None:
    silent = replaced(
        GOOD_DOMAIN, mx=(), takes_mail=False, spf=Spf(verdict="present", record="v=spf1 -all", others="fail"),
        dkim=Dkim("absent"), mta_sts=MtaSts(verdict="absent"), tls_rpt=TlsRpt(verdict="absent"),
    )  # fmt: skip
    assert found(mail(server=None, domain=silent)) == {}


def test_every_rule_names_its_sources() -> None:
    assert all(rule.references and all(url.startswith("https://") for url in rule.references) for rule in RULES.values())
    assert all(id.startswith("mail.") for id in RULES)
