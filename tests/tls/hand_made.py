"""Facts of servers and their certificates, made by hand for what is judged by rules alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from netassist.observations import Endpoint
from netassist.tls.certificate import CertificateInfo
from netassist.tls.chain import Certificate, KeyType, PublicKey, San
from netassist.tls.facts import VERSIONS, Facts, Support
from netassist.tls.groups import group_named
from netassist.tls.suites import suite
from netassist.tls.suites_data import NAMES

CODES = {name: code for code, name in NAMES.items()}
_START = datetime(2026, 11, 1, tzinfo=UTC)
ECDHE_GCM = ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")
TLS13 = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")


def server(
    suites: Mapping[str, tuple[str, ...]] | None = None,
    groups: tuple[str, ...] = ("X25519MLKEM768", "x25519", "secp256r1"),
    **changes: object,
) -> Facts:
    """A server of which everything is known; without arguments, a sound one with TLS 1.2 and 1.3, its suites by their names."""
    held = {"TLSv1.2": ECDHE_GCM, "TLSv1.3": TLS13} if suites is None else suites
    protocols: dict[str, Support] = {version: "accepted" if version in held else "refused" for version in VERSIONS}
    sound: dict[str, object] = {
        "protocols": protocols,
        "suites": {version: tuple(suite(CODES[name]) for name in names) for version, names in held.items()},
        "server_preference": dict.fromkeys(held, False),
        "complete": frozenset({"groups", "signature_schemes", *(f"suites/{version}" for version in held)}),
        "groups": tuple(map(group_named, groups)),
        "curves": ("x25519",) if "TLSv1.2" in held else (),
        "compression": False,
        "secure_renegotiation": True,
        "fallback_scsv": True,
        "extended_master_secret": True,
        "encrypt_then_mac": True,
        "session_tickets": True,
        "early_data": False,
        "hsts": "max-age=63072000; includeSubDomains",
    }
    return Facts(**{**sound, **changes})  # type: ignore[arg-type]


def certificate(
    kind: KeyType = "EC",
    bits: int | None = 256,
    *,
    curve: str | None = "secp256r1",
    parameter_set: str | None = None,
    signed: str = "ecdsa-with-SHA256",
    days: int = 90,
    **changes: object,
) -> CertificateInfo:
    """A trusted certificate of the name that was asked for."""
    held = Certificate(
        subject="CN=shop.test",
        issuer="CN=Lab Root",
        serial="1",
        not_before=_START,
        not_after=_START + timedelta(days=days),
        san=San(dns=("shop.test",)),
        key=PublicKey(kind, bits, curve if kind == "EC" else None, parameter_set),
        signature_algorithm=signed,
        is_ca=False,
        fingerprint_sha256="00",
        pem="",
    )
    sound: dict[str, object] = {
        "target": Endpoint("shop.test", 443),
        "started": _START,
        "duration_s": 0.0,
        "chain": (held,),
        "trusted": True,
        "hostname_matches": True,
    }
    return CertificateInfo(**{**sound, **changes})  # type: ignore[arg-type]


RSA2048 = certificate("RSA", 2048, signed="sha256WithRSAEncryption")
