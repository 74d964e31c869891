"""What of a server a quantum computer breaks, and until when standards allow it."""

from __future__ import annotations

import asyncio

import pytest

from netassist.network import Network
from netassist.scope import Scope
from netassist.tls.audit import TlsAudit, tls_audit
from netassist.tls.chain import PublicKey
from netassist.tls.classical_parts import classical_parts
from netassist.tls.deadlines import ClassicalPart
from netassist.tls.key_exchange import KeyExchange
from tests.lab.pki import authority, leaf
from tests.lab.tls import tls_server

ROOT = authority()


def audit(port: int) -> TlsAudit:
    return asyncio.run(tls_audit(Network(Scope(frozenset({"127.0.0.1"})), timeout=10), "127.0.0.1", port))


@pytest.mark.parametrize(
    ("exchange", "key", "parts"),
    [
        (KeyExchange("x25519", "classical"), None, [ClassicalPart("x25519 key exchange", None)]),
        (KeyExchange("ffdhe2048", "classical"), None, [ClassicalPart("ffdhe2048 key exchange", 112)]),
        (KeyExchange(kind="classical"), None, [ClassicalPart("classical key exchange", None)]),
        (KeyExchange("X25519MLKEM768", "hybrid"), None, []),
        (KeyExchange(), None, []),
        (KeyExchange(), PublicKey("RSA", 2048), [ClassicalPart("RSA-2048", 112)]),
        (KeyExchange(), PublicKey("RSA", 1024), [ClassicalPart("RSA-1024", 80)]),
        (KeyExchange(), PublicKey("EC", 256, "secp256r1"), [ClassicalPart("ECDSA secp256r1", None)]),
        (KeyExchange(), PublicKey("EC", 224, "secp224r1"), [ClassicalPart("ECDSA secp224r1", 112)]),
        (KeyExchange(), PublicKey("Ed25519", 256), [ClassicalPart("Ed25519", None)]),
        (KeyExchange(), PublicKey("ML-DSA", None, None, "ML-DSA-65"), []),
        (KeyExchange(), PublicKey(None), []),
    ],
)
def test_what_is_classical(exchange: KeyExchange, key: PublicKey | None, parts: list[ClassicalPart]) -> None:
    assert list(classical_parts(exchange, (key, key) if key else ())) == parts


def test_a_server_with_post_quantum_groups_has_only_its_key_to_change() -> None:
    with tls_server(leaf(ROOT, key="rsa"), groups="X25519MLKEM768:X25519") as server:
        dates = {(held.standard, held.what, held.after) for held in audit(server.port).deadlines}
    assert dates == {
        ("NIST IR 8547", "RSA-2048 deprecated", "2030-12-31"),
        ("NIST IR 8547", "RSA-2048 disallowed", "2035-12-31"),
        ("CNSA 2.0", "RSA-2048 not in the suite that is mandated for US national security systems", "2031-12-31"),
    }


def test_a_classical_server_has_its_key_exchange_to_change_too() -> None:
    with tls_server(leaf(ROOT), groups="X25519:P-256") as server:
        said = [held.what for held in audit(server.port).deadlines]
    assert "x25519 key exchange disallowed" in said
    assert "ECDSA secp256r1 disallowed" in said
