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


def test_what_of_a_name_acts_on_a_terminal_is_left_out_and_counted() -> None:
    hostile = issue("lab", ROOT, dns=("a\x1b[31m.evil", "b.test")).certificate.public_bytes(Encoding.DER)
    shown = read(hostile).shown
    assert shown.san is not None
    assert (shown.san.dns, shown.left_out) == (("a.evil", "b.test"), 5)
    assert read(DER).shown.left_out == 0


def test_keys_of_fips_205_are_named_by_their_oids() -> None:
    """No library here makes them: the OID of an ML-DSA key is exchanged for theirs, which are as long."""
    der = issue("lab", ROOT, key="mldsa65").certificate.public_bytes(Encoding.DER)
    ml_dsa_65 = bytes.fromhex("0609608648016503040312")
    assert der.count(ml_dsa_65) == 1
    names = [read(der.replace(ml_dsa_65, ml_dsa_65[:-1] + bytes((last,)))).shown.key for last in range(20, 32)]
    sizes = ("128s", "128f", "192s", "192f", "256s", "256f")
    assert [key.parameter_set for key in names[:6]] == [f"SLH-DSA-SHA2-{size}" for size in sizes]
    assert [key.parameter_set for key in names[6:]] == [f"SLH-DSA-SHAKE-{size}" for size in sizes]
    assert {(key.type, key.bits, key.problems) for key in names} == {(None, None, None)}
    unknown = read(der.replace(ml_dsa_65, ml_dsa_65[:-1] + b"\x7f")).shown.key
    assert (unknown.type, unknown.parameter_set) == (None, None)


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
