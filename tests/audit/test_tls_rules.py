"""What a TLS server's configuration means: every rule has a server that it speaks of, and none speaks of what is not known."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from netassist.audit import judged
from netassist.audit.findings import merged
from netassist.audit.tls_configuration import RULES
from netassist.observations import Finding
from netassist.tls.audit import TlsAudit
from netassist.tls.groups import group
from netassist.tls.key_exchange import KeyExchange
from netassist.tls.schemes import scheme
from tests.reports.samples import CLASSICAL, quantum
from tests.reports.tls_samples import BOTH, EXPIRED, OLD, SHOP, bad, cut_short, good, info, protocols

KYBER = group(0x6399)
SHOWN: dict[str, dict[str, Any]] = {
    "no_tls1_3": {"protocols": protocols("TLSv1.2"), "quantum": "unknown"},
    "no_post_quantum_groups": {"quantum": "not_safe", "groups": BOTH[1:]},
    "post_quantum_not_preferred": {"quantum": "available", "key_exchange": KeyExchange("x25519", "classical", True, BOTH)},
    "post_quantum_unconfirmed": {"confirmed_groups": (), "failed_groups": ("X25519MLKEM768",)},
    "large_hello_intolerant": {"large_hello": False},
    "obsolete_post_quantum_draft": {"groups": (*BOTH, KYBER)},
    "name_unrecognized": {"name_unrecognized": True},
    "no_extended_master_secret": {"extended_master_secret": False},
    "sha1_signatures": {"signature_schemes": (scheme(0x0804), scheme(0x0201))},
}


def found(report: TlsAudit) -> dict[str, Finding]:
    return {finding.id: finding for finding in judged(report).findings}


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_server_that_it_speaks_of(rule: str) -> None:
    finding = found(good(**SHOWN[rule]))[f"tls.{rule}"]
    assert finding.severity == RULES[rule].severity
    assert all((finding.title, finding.detail, finding.evidence, finding.fix))
    assert finding.references
    assert all(reference.startswith("https://") for reference in finding.references)


def test_nothing_is_said_of_a_good_server() -> None:
    assert found(good()) == {}


def test_nothing_is_said_of_what_is_not_known() -> None:
    """The server stopped answering: there is only what it said of the name."""
    assert set(found(cut_short())) == {"tls.name_unrecognized"}


def test_a_group_that_could_not_be_tried_is_no_failure() -> None:
    """OpenSSL does not know the drafts, so that no handshake with them can be tried."""
    assert "tls.post_quantum_unconfirmed" not in found(good(groups=(*BOTH, KYBER)))


def test_a_fault_of_two_certificates_is_one_finding_with_the_evidence_of_both() -> None:
    faults: dict[str, Any] = {"trusted": False, "trust_error": "certificate has expired", "problems": ("expired",)}
    both = (info(OLD, EXPIRED, **faults), info(OLD, msgspec.structs.replace(EXPIRED, subject="CN=older.example"), **faults))
    finding = found(bad(certificates=both))["certificate.expired"]
    assert "CN=old.example" in finding.evidence
    assert "CN=older.example" in finding.evidence
    assert sum(held.id == "certificate.expired" for held in judged(bad(certificates=both)).findings) == 1


def test_what_only_clients_without_a_name_are_shown_is_no_fault() -> None:
    nameless = info(msgspec.structs.replace(SHOP, server_name=None), EXPIRED, trusted=False, problems=("self_signed",))
    assert found(good(certificates=(nameless,))) == {}
    assert "certificate.self_signed" in found(good(certificates=(nameless,), target=nameless.target))


def test_quantum_findings_tell_until_when_standards_allow_what_is_in_use() -> None:
    finding = found(bad())["tls.no_post_quantum_groups"]
    mandated = "CNSA 2.0: x25519 key exchange not in the suite that is mandated for US national security systems after 2031-12-31"
    assert mandated in finding.evidence
    assert "NIST IR 8547: x25519 key exchange disallowed after 2035-12-31" in finding.evidence
    assert "RSA" not in finding.evidence
    assert "https://csrc.nist.gov/pubs/ir/8547/ipd" in finding.references


@pytest.mark.parametrize("rule", ["no_post_quantum_groups", "post_quantum_not_preferred"])
def test_of_one_port_the_quantum_check_says_it_alone(rule: str) -> None:
    audit = judged(good(**SHOWN[rule]))
    check = judged(quantum(target=SHOP, verdict="not_safe", key_exchange=CLASSICAL))
    elsewhere = judged(quantum(target=msgspec.structs.replace(SHOP, port=8443), verdict="not_safe", key_exchange=CLASSICAL))
    same = {finding.id for finding in merged([audit, check])}
    assert "quantum.not_safe" in same
    assert f"tls.{rule}" not in same
    assert f"tls.{rule}" in {finding.id for finding in merged([audit, elsewhere])}


def test_a_quantum_check_that_could_not_tell_silences_nothing() -> None:
    audit, check = judged(good(**SHOWN["no_post_quantum_groups"])), judged(quantum(target=SHOP, verdict="unknown"))
    assert "tls.no_post_quantum_groups" in {finding.id for finding in merged([audit, check])}
