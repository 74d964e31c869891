"""Certificates as bytes: whatever a peer sends is read, or refused with a ValueError, and nothing else."""

from __future__ import annotations

import contextlib

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import example, given, settings
from hypothesis import strategies as st

from netassist.tls.chain import in_order, read
from tests.lab.pki import authority, issue

ROOT = authority()
FEATURE = x509.TLSFeature([x509.TLSFeatureType.status_request])
DER = issue("lab", ROOT, dns=("lab.test",), ips=("192.0.2.1",), extensions=[FEATURE]).certificate.public_bytes(Encoding.DER)
ROOT_DER = ROOT.certificate.public_bytes(Encoding.DER)


def test_a_chain_is_in_order_where_each_is_issued_by_the_next() -> None:
    leaf, root = read(DER), read(ROOT_DER)
    assert leaf.must_staple is True
    assert in_order((leaf, root))
    assert in_order((leaf,))
    assert not in_order((root, leaf))
    assert not in_order((leaf, root, root))


def test_what_is_no_hash_of_a_known_kind_is_unknown() -> None:
    assert read(DER).digest == "sha256"
    ed25519 = authority(key="ed25519")
    assert read(ed25519.certificate.public_bytes(Encoding.DER)).digest is None


@settings(max_examples=400, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, len(DER) - 1), st.integers(0, 255)), max_size=4), length=st.integers(0, len(DER))
)
@example(changes=[(12, 9)], length=len(DER))
def test_damaged_certificates(changes: list[tuple[int, int]], length: int) -> None:
    damaged = bytearray(DER)
    for place, value in changes:
        damaged[place] = value
    with contextlib.suppress(ValueError):
        read(bytes(damaged[:length]) if not changes else bytes(damaged))


@given(st.binary(max_size=300))
def test_nonsense(raw: bytes) -> None:
    with contextlib.suppress(ValueError):
        read(raw)
