"""OCSP responses and CRLs as bytes: whatever a peer sends is judged, never raised, and a damaged one never counts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from netassist.tls.crl import look_in
from netassist.tls.ocsp import read_response, request
from tests.lab.pki import KeyKind, authority, issue, leaf
from tests.lab.revocation import crl, response, signed_over_sha1

ROOT = authority()
LEAF = leaf(ROOT).certificate
RESPONSE = response(LEAF, ROOT, "revoked")
CRL = crl(ROOT, LEAF)


def test_garbage_and_errors_are_invalid() -> None:
    now = datetime.now(UTC)
    for der in (b"", b"garbage", b"\x30\x80", RESPONSE[:-1], RESPONSE + b"\x00", CRL):
        found = read_response(der, LEAF, ROOT.certificate, now)
        assert (found.status, found.counts, found.useless) == ("invalid", False, True)
    for code, words in ((1, "malformed request"), (2, "internal error"), (3, "try later"), (6, "unauthorized")):
        found = read_response(bytes((0x30, 0x03, 0x0A, 0x01, code)), LEAF, ROOT.certificate, now)
        assert (found.status, found.detail) == ("invalid", f"the responder answers: {words}")


def test_the_request_names_the_certificate() -> None:
    asked = ocsp.load_der_ocsp_request(request(LEAF, ROOT.certificate))
    assert (asked.serial_number, asked.hash_algorithm.name) == (LEAF.serial_number, "sha1")
    answered = ocsp.load_der_ocsp_response(RESPONSE)
    assert (asked.issuer_key_hash, asked.issuer_name_hash) == (answered.issuer_key_hash, answered.issuer_name_hash)


@pytest.mark.parametrize("kind", ["ec", "rsa", "ed25519", "mldsa65"])
def test_authorities_of_every_kind_of_key_sign(kind: KeyKind) -> None:
    root = authority(key=kind)
    certificate, now = leaf(root).certificate, datetime.now(UTC)
    for status in ("good", "revoked"):
        held = response(certificate, root, "revoked" if status == "revoked" else "good")
        found = read_response(held, certificate, root.certificate, now)
        assert (found.status, found.counts, found.signed_by) == (status, True, "issuer")
    assert look_in(crl(root, certificate), certificate, root.certificate, now, ()).status == "revoked"
    assert look_in(crl(root), certificate, root.certificate, now, ()).status == "good"


def test_a_list_may_come_as_pem() -> None:
    pem = x509.load_der_x509_crl(CRL).public_bytes(Encoding.PEM)
    assert look_in(pem, LEAF, ROOT.certificate, datetime.now(UTC), ()).status == "revoked"


def test_a_list_over_sha1_proves_nothing() -> None:
    root = authority(key="rsa")
    assert isinstance(root.key, rsa.RSAPrivateKey)
    certificate, now = leaf(root).certificate, datetime.now(UTC)
    old = signed_over_sha1(crl(root, certificate), root.key)
    found = look_in(old, certificate, root.certificate, now, ())
    assert (found.status, found.detail) == ("unknown", "the CRL is signed over SHA1, which proves nothing")


@pytest.mark.parametrize("may", [True, False])
def test_an_authority_whose_key_is_not_for_lists_signs_none(may: bool) -> None:
    flags = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
         "decipher_only"), False,
    )  # fmt: skip
    root = issue("Limited", None, ca=True, extensions=[x509.KeyUsage(key_cert_sign=True, crl_sign=may, **flags)])
    certificate = leaf(root).certificate
    found = look_in(crl(root, certificate), certificate, root.certificate, datetime.now(UTC), ())
    assert found.status == ("revoked" if may else "unknown")


def _damaged(der: bytes, place: int, value: int) -> bytes:
    return der[: place % len(der)] + bytes((value,)) + der[place % len(der) + 1 :]


@settings(max_examples=500, deadline=None)
@given(st.integers(0, len(RESPONSE) - 1), st.integers(0, 255))
def test_a_damaged_response_says_what_it_said_or_does_not_count(place: int, value: int) -> None:
    found = read_response(_damaged(RESPONSE, place, value), LEAF, ROOT.certificate, datetime.now(UTC))
    assert not found.counts or found.status == "revoked"


@settings(max_examples=500, deadline=None)
@given(st.integers(0, len(CRL) - 1), st.integers(0, 255))
def test_a_damaged_list_says_what_it_said_or_does_not_count(place: int, value: int) -> None:
    assert look_in(_damaged(CRL, place, value), LEAF, ROOT.certificate, datetime.now(UTC), ()).status != "good"


@given(st.binary(max_size=300))
def test_nonsense(raw: bytes) -> None:
    now = datetime.now(UTC)
    assert read_response(raw, LEAF, None, now).status == "invalid"
    assert look_in(raw, LEAF, ROOT.certificate, now, ()).status == "unknown"
