"""The cryptographic bill of materials: valid against CycloneDX's schema, and what it says is what was measured."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from netassist.reports.algorithms import key_exchange, of_suite, signature
from netassist.reports.formats import Results, rendered
from netassist.tls.suites import suite
from tests.reports.estate import estate
from tests.reports.every import ATTACK, RESULTS, attacked
from tests.reports.samples import EXAMPLES


def bill(results: Results) -> dict[str, Any]:
    return dict(json.loads(rendered("cbom", results)))


def refs(value: object) -> list[str]:
    if isinstance(value, dict):
        named = [value[key] for key in ("signatureAlgorithmRef", "subjectPublicKeyRef", "algorithmRef", "ref") if key in value]
        listed = [ref for key in ("algorithms", "cryptoRefArray", "dependsOn") for ref in value.get(key, ())]
        return [*named, *listed, *(ref for item in value.values() for ref in refs(item))]
    return [ref for item in value for ref in refs(item)] if isinstance(value, list) else []


@pytest.mark.parametrize("results", [RESULTS, Results(()), attacked(ATTACK), Results(estate())])
def test_it_is_valid_and_every_reference_leads_somewhere(results: Results) -> None:
    text = rendered("cbom", results).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    held = bill(results)
    known = [part["bom-ref"] for part in (*held.get("components", ()), *held.get("services", ()))]
    assert len(set(known)) == len(known)
    assert set(refs(held)) <= set(known)


def test_real_servers_are_services_with_their_protocols_suites_and_certificates() -> None:
    held = bill(Results(estate()))
    parts = {part["bom-ref"]: part for part in held["components"]}
    needs = {each["ref"]: each.get("dependsOn", []) for each in held["dependencies"]}
    [shop] = [ref for ref in needs["service/127.0.0.40:8443"] if ref.endswith("TLS 1.3")]
    protocol = parts[shop]["cryptoProperties"]["protocolProperties"]
    assert (protocol["type"], protocol["version"]) == ("tls", "1.3")
    names = {each["name"]: each for each in protocol["cipherSuites"]}
    assert names["TLS_AES_256_GCM_SHA384"]["identifiers"] == ["0x1302"]
    assert names["TLS_AES_256_GCM_SHA384"]["algorithms"] == ["algorithm/ae/AES-256-GCM"]
    assert "algorithm/combiner/X25519MLKEM768" in needs[shop]
    assert any(part["cryptoProperties"]["assetType"] == "certificate" for part in parts.values())


def test_a_server_that_could_not_be_asked_says_so() -> None:
    [service] = bill(Results((EXAMPLES["quantum_failed"],)))["services"]
    assert service["properties"][0]["name"] == "netassist:incomplete"


@pytest.mark.parametrize(
    ("name", "primitive", "level"),
    [
        ("X25519MLKEM768", "combiner", 3), ("MLKEM1024", "kem", 5), ("MLKEM512", "kem", 1), ("x25519", "key-agree", 0),
        ("secp384r1", "key-agree", 0), ("ffdhe2048", "key-agree", 0), ("mlkem768x25519-sha256", "combiner", 3),
        ("sntrup761x25519-sha512@openssh.com", "combiner", None), ("curve25519-sha256", "key-agree", 0),
        ("diffie-hellman-group14-sha256", "key-agree", 0), ("0xABCD", "unknown", None),
    ],
)  # fmt: skip
def test_key_exchange(name: str, primitive: str, level: int | None) -> None:
    found = key_exchange(name)
    assert (found.primitive, found.quantum) == (primitive, level)


@pytest.mark.parametrize(
    ("name", "level"),
    [("mldsa65", 3), ("ML-DSA-87", 5), ("ML-DSA-44", 2), ("SLH-DSA-SHA2-128s", 1), ("slhdsa_shake_256f", 5), ("ed25519", 0),
     ("rsa_pss_rsae_sha256", 0), ("ecdsa-with-SHA256", 0), ("sha256WithRSAEncryption", 0), ("0x1234", None)],
)  # fmt: skip
def test_signatures(name: str, level: int | None) -> None:
    assert signature(name).quantum == level


@pytest.mark.parametrize(
    ("code", "first", "level"),
    [(0x1301, "AES-128-GCM", 1), (0x1303, "CHACHA20-POLY1305", 5), (0x000A, "3DES-EDE-CBC", 0), (0x0005, "RC4-128", 0),
     (0xC02B, "AES-128-GCM", 1)],
)  # fmt: skip
def test_suites(code: int, first: str, level: int) -> None:
    found = of_suite(suite(code))
    assert (found[0].name, found[0].quantum) == (first, level)
    assert of_suite(suite(0xFAFB)) == ()
