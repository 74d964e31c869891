"""What observations of quantum_check mean: nothing bad of a safe server; else what, on what evidence, and what to do."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest

from netassist.audit import judged
from netassist.network import Network
from netassist.observations import Endpoint, Finding, Stopwatch
from netassist.quantum import Authentication, KeyExchange, QuantumCheck, Verdict, quantum_check
from netassist.scope import Scope
from netassist.tls.deadlines import ClassicalPart, deadlines
from netassist.tls.groups import Group, group
from tests.lab.pki import authority, leaf
from tests.lab.tls import tls_server

RSA = Authentication("rsa_pss_rsae_sha256", "RSA 2048", False)
ML_DSA = Authentication("mldsa65", "ML-DSA-65", True)


def report(
    verdict: Verdict,
    *groups: Group,
    protocol: Literal["tls", "ssh"] = "tls",
    keys: Authentication = RSA,
    version: str | None = "TLSv1.3",
    connections: int = 3,
) -> QuantumCheck:
    first = groups[0] if groups else None
    exchange = KeyExchange(first.name, first.kind, True, groups) if first else KeyExchange(kind="classical")
    parts = [ClassicalPart("RSA-2048", 112)] if keys.leaf_key == "RSA 2048" else []
    parts += [ClassicalPart(f"{first.name} key exchange", None)] if first and first.kind == "classical" else []
    return QuantumCheck(
        target=Endpoint("192.0.2.1", 443, "192.0.2.1"),
        protocol=protocol,
        verdict=verdict,
        key_exchange=exchange,
        authentication=keys,
        deadlines=deadlines(parts),
        version=version,
        connections=connections,
        **Stopwatch().stamp(),
    )


def found(check: QuantumCheck) -> dict[str, Finding]:
    return {finding.id: finding for finding in judged(check).findings}


def test_of_a_safe_server_only_the_classical_key_is_told_for_information() -> None:
    [finding] = found(report("safe", group(0x11EC), group(0x001D))).values()
    assert (finding.id, finding.severity) == ("quantum.classical_authentication", "info")
    assert finding.evidence.startswith(
        "leaf key RSA 2048, signature rsa_pss_rsae_sha256; NIST IR 8547: RSA-2048 deprecated after 2030"
    )
    assert "RSA-2048 disallowed after 2035-12-31" in finding.evidence


def test_a_server_with_ml_dsa_has_nothing_to_be_told() -> None:
    assert found(report("safe", group(0x11EC), keys=ML_DSA)) == {}


def test_a_classical_server_is_told_who_gains_and_what_to_install() -> None:
    findings = found(report("not_safe", group(0x001D)))
    finding = findings["quantum.not_safe"]
    assert finding.severity == "medium"
    assert "harvest now, decrypt later" in finding.detail
    assert finding.evidence == (
        "a client that offers X25519MLKEM768 and x25519 gets x25519 by TLSv1.3; "
        "the server refuses all post-quantum groups (3 connections)"
    )
    assert "OpenSSL 3.5" in finding.fix
    assert "ssl_ecdh_curve X25519MLKEM768:X25519" in finding.fix
    # The dates of the key exchange are not among those of the keys.
    assert "x25519" not in findings["quantum.classical_authentication"].evidence


def test_tls_1_2_is_named_as_the_cause() -> None:
    finding = found(report("not_safe", group(0x0017), version="TLSv1.2", connections=1))["quantum.not_safe"]
    assert "gets secp256r1 by TLSv1.2; post-quantum key exchange needs TLS 1.3" in finding.evidence
    assert finding.evidence.endswith("(1 connection)")


def test_what_is_available_but_not_preferred_is_named() -> None:
    findings = found(report("available", group(0x001D), group(0x11EB), group(0x11EC)))
    finding = findings["quantum.available_not_preferred"]
    assert "gets x25519 by TLSv1.3, though the server accepts SecP256r1MLKEM768, X25519MLKEM768" in finding.evidence
    assert "quantum.not_safe" not in findings


def test_ssh_has_advice_of_its_own() -> None:
    keys = Authentication(post_quantum=False, host_keys=("ssh-ed25519",))
    offer = Group(None, "curve25519-sha256", "classical")
    check = report("not_safe", offer, protocol="ssh", keys=keys, version="SSH-2.0-OpenSSH_8.9", connections=1)
    findings = found(check)
    assert findings["quantum.not_safe"].evidence == (
        "OpenSSH 10 gets curve25519-sha256; the server offers curve25519-sha256 (1 connection)"
    )
    assert "mlkem768x25519-sha256" in findings["quantum.not_safe"].fix
    assert findings["quantum.classical_authentication"].evidence == "host keys ssh-ed25519"


@pytest.mark.parametrize("keys", [Authentication(), Authentication(leaf_key=None, post_quantum=None)])
def test_what_is_unknown_is_not_judged(keys: Authentication) -> None:
    assert found(report("unknown", keys=keys, version=None)) == {}


def test_a_real_classical_server_gets_both_findings() -> None:
    with tls_server(leaf(authority()), groups="X25519") as server:
        check = asyncio.run(quantum_check(Network(Scope(frozenset({"127.0.0.1"}))), "127.0.0.1", server.port))
    assert list(found(check)) == ["quantum.not_safe", "quantum.classical_authentication"]
