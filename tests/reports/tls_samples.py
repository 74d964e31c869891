"""Frozen reports of `tls_audit`: a server as it should be, one as it should not, one that limits, none at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from netassist.audit import judged
from netassist.observations import Endpoint, Failure, Report
from netassist.tls.audit import TlsAudit
from netassist.tls.certificate import CertificateInfo
from netassist.tls.chain import Certificate, PublicKey, San
from netassist.tls.classical_parts import classical_parts
from netassist.tls.deadlines import deadlines
from netassist.tls.grade import Cap, Grade, Scores
from netassist.tls.groups import group
from netassist.tls.key_exchange import KeyExchange
from netassist.tls.ocsp import OcspResponse
from netassist.tls.policies import Judgement
from netassist.tls.resumption import Resumption
from netassist.tls.revocation import Revocation
from netassist.tls.schemes import scheme
from netassist.tls.suites import suite
from netassist.tls.weakness import IDS, Verdict, Weakness, WeaknessId

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SHOP = Endpoint("shop.example", 443, "192.0.2.5", "shop.example")
OLD = Endpoint("old.example", 8443, "192.0.2.9", "old.example")
STAMP: dict[str, Any] = {"started": NOW, "duration_s": 0.4213}
_VERSIONS = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
BOTH = (group(0x11EC), group(0x001D), group(0x0017))


def protocols(*accepted: str, unknown: tuple[str, ...] = ()) -> dict[str, Any]:
    return {held: "accepted" if held in accepted else "unknown" if held in unknown else "refused" for held in _VERSIONS}


def weaknesses(verdicts: Mapping[WeaknessId, tuple[Verdict, str]]) -> tuple[Weakness, ...]:
    """All of them safe, but for those named."""
    return tuple(Weakness(known, *verdicts.get(known, ("safe", "not seen"))) for known in IDS)


def certificate(subject: str, issuer: str, *, days: int, since: int = 29, **facts: Any) -> Certificate:
    return Certificate(
        **{"subject": subject, "issuer": issuer, "serial": "3fa1c0de", "not_before": NOW - since * DAY,
           "not_after": NOW + days * DAY, "san": San(("shop.example", "www.shop.example")),
           "key": PublicKey("EC", 256, "secp256r1"), "signature_algorithm": "ecdsa-with-SHA256", "is_ca": False,
           "fingerprint_sha256": "ab" * 32, "pem": "", **facts}
    )  # fmt: skip


CA = certificate("CN=Lab CA 1,O=Lab", "CN=Lab Root,O=Lab", days=1100, since=800, is_ca=True, san=San())
LEAF = certificate("CN=shop.example", "CN=Lab CA 1,O=Lab", days=61)
EXPIRED = certificate(
    "CN=old.example", "CN=Lab CA 1,O=Lab", days=-12, since=402, san=San(("old.example",)), fingerprint_sha256="cd" * 32,
    key=PublicKey("RSA", 2048, exponent=65537), signature_algorithm="sha256WithRSAEncryption",
)  # fmt: skip


def info(target: Endpoint, *chain: Certificate, **facts: Any) -> CertificateInfo:
    return CertificateInfo(
        **{"target": target, "protocol": "TLSv1.3", "chain": chain, "trusted": True, "hostname_matches": True,
           "days_left": (chain[0].not_after - NOW).days, "ocsp_staple": "absent", "scts": 2, "must_staple": False,
           **STAMP, **facts}
    )  # fmt: skip


STAPLED = OcspResponse(
    status="good", produced_at=NOW, this_update=NOW - DAY, next_update=NOW + 6 * DAY, age_s=86400,
    for_this_certificate=True, signature_valid=True, signed_by="issuer", stale=False,
)  # fmt: skip


def policy(title: str, version: str, *deviations: str, missing: tuple[str, ...] = ()) -> Judgement:
    return Judgement(
        id="lab", title=title, version=version, date="2026-01-01", source="https://policy.example/", note="",
        verdict="deviates" if deviations else "unknown" if missing else "pass", deviations=deviations, not_measured=missing,
    )  # fmt: skip


HYBRID = KeyExchange("X25519MLKEM768", "hybrid", True, BOTH, "server", True)
CLASSICAL = KeyExchange("x25519", "classical", False, BOTH[1:], "classical", True)


def good(**facts: Any) -> TlsAudit:
    """What a careful person runs today."""
    known: dict[str, Any] = {
        "protocols": protocols("TLSv1.2", "TLSv1.3"),
        "cipher_suites": {
            "TLSv1.2": (suite(0xC02B), suite(0xCCA9), suite(0xC02C)),
            "TLSv1.3": (suite(0x1301), suite(0x1303), suite(0x1302)),
        },
        "server_preference": {"TLSv1.2": True, "TLSv1.3": False},
        "groups": BOTH,
        "quantum": "safe",
        "key_exchange": HYBRID,
        "confirmed_groups": ("X25519MLKEM768",),
        "deadlines": deadlines(classical_parts(HYBRID, (LEAF.key,))),
        "signature_schemes": (scheme(0x0403), scheme(0x0503)),
        "weaknesses": weaknesses(
            {
                "dh_1024_logjam": ("not_applicable", "no suite with finite-field Diffie-Hellman is accepted"),
                "robot": ("not_applicable", "no suite with RSA key transport is accepted"),
            }
        ),
        "certificates": (
            info(SHOP, LEAF, CA, ocsp_staple="present", staple=STAPLED,
                 revocation=Revocation(status="good", method="staple", checked_at=NOW)),
        ),
        "without_server_name": "same",
        "grade": Grade(letter="A+", scores=Scores(100, 90, 90, 93)),
        "policies": (
            policy("Mozilla Server Side TLS, modern", "6.0", "TLSv1.2 is accepted",
                   "TLSv1.2: TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
            policy("Mozilla Server Side TLS, intermediate", "6.0"),
        ),
        "connections": 71, "curves": ("x25519",), "large_hello": True, "compression": False, "secure_renegotiation": True,
        "fallback_scsv": True, "extended_master_secret": True, "session_tickets": True, "session_ids": False,
        "resumption": Resumption(session_id=False, ticket=True, tls13=True), "early_data": False, "alpn": ("h2", "http/1.1"),
        "hsts": "max-age=63072000; includeSubDomains; preload",
    }  # fmt: skip
    return TlsAudit(**{"target": SHOP, **known, **STAMP, **facts})


def bad(**facts: Any) -> TlsAudit:
    """What nobody has looked after for long."""
    old = (suite(0x0005), suite(0x000A), suite(0x002F), suite(0xC013))
    rc4 = "TLSv1.0: TLS_RSA_WITH_RC4_128_SHA; TLSv1.1: TLS_RSA_WITH_RC4_128_SHA; TLSv1.2: TLS_RSA_WITH_RC4_128_SHA"
    found: dict[WeaknessId, str] = {
        "tls1_0": "TLSv1.0 is accepted", "tls1_1": "TLSv1.1 is accepted", "rc4": rc4,
        "null_cipher": "TLSv1.2: TLS_RSA_WITH_NULL_SHA", "heartbleed": "one byte more than was sent came back in a heartbeat, "
        "in two connections", "early_data": "session tickets allow early data",
    }  # fmt: skip
    verdicts: dict[WeaknessId, tuple[Verdict, str]] = {known: ("vulnerable", evidence) for known, evidence in found.items()}
    verdicts["robot"] = ("unknown", "the answers to paddings change by themselves")
    expired = {"trusted": False, "trust_error": "certificate has expired", "problems": ("expired",)}
    known: dict[str, Any] = {
        "protocols": protocols("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
        "cipher_suites": {
            "TLSv1.0": old, "TLSv1.1": old,
            "TLSv1.2": (*old, suite(0x0002), suite(0xC018), suite(0xC0AE), suite(0xC030), suite(0x0006)),
            "TLSv1.3": (suite(0x1302),),
        },
        "server_preference": {"TLSv1.0": False, "TLSv1.1": False, "TLSv1.2": False, "TLSv1.3": False},
        "groups": BOTH[1:],
        "quantum": "not_safe",
        "key_exchange": CLASSICAL,
        "deadlines": deadlines(classical_parts(CLASSICAL, (EXPIRED.key,))),
        "signature_schemes": (scheme(0x0804), scheme(0x0401), scheme(0x0201)),
        "weaknesses": weaknesses(verdicts),
        "certificates": (
            info(OLD, EXPIRED, **expired, revocation=Revocation(
                status="unknown", checked_at=NOW, detail="not looked up: the chain is not trusted")),
            info(Endpoint("old.example", 8443, "192.0.2.9"), LEAF, hostname_matches=None),
        ),
        "without_server_name": "other",
        "grade": Grade(
            letter="T", scores=Scores(95, 80, 50, 72), trust_ignored="F", not_measured=("robot",),
            caps=(
                Cap("T", "the certificate is not trusted: certificate has expired", "certificate inspection"),
                Cap("F", f"null_cipher: {found['null_cipher']}", "cipher strength: 0 bits"),
                Cap("F", f"heartbleed: {found['heartbleed']}", "changes in 2009g"),
                Cap("B", "tls1_0: TLSv1.0 is accepted", "changes in 2009q"),
                Cap("B", "tls1_1: TLSv1.1 is accepted", "changes in 2009q"),
                Cap("A", "A+ takes HSTS for 180 days or more, which was not seen", "changes in 2009e"),
            ),
        ),
        "policies": (
            policy("Mozilla Server Side TLS, old", "5.8", "TLSv1.2: TLS_RSA_WITH_NULL_SHA, TLS_RSA_WITH_RC4_128_SHA and 3 more",
                   "the server does not impose its order of suites", "a key of type RSA"),
            policy("BSI TR-02102-2", "2026-01", missing=("whether SSLv2 is accepted",)),
        ),
        "connections": 158, "dh_bits": (1024,), "large_hello": False, "compression": True, "secure_renegotiation": False,
        "fallback_scsv": False, "extended_master_secret": False, "encrypt_then_mac": False,
        "resumption": Resumption(session_id=True, ticket=None, tls13=False), "early_data": True, "hsts": "",
    }  # fmt: skip
    return TlsAudit(**{"target": OLD, "status": "partial", **known, **STAMP, **facts})


LIMITED = Failure("rate_limited", "shop.example:443: refuses connections after 31; ask again later, or with --delay")


def cut_short() -> TlsAudit:
    """One that limits connections: what it did not answer is unknown."""
    unknown: tuple[Verdict, str] = ("unknown", "not established: all suites of TLSv1.2")
    doubt: dict[WeaknessId, tuple[Verdict, str]] = dict.fromkeys(("rc4", "null_cipher", "robot"), unknown)
    return good(
        status="partial", error=LIMITED, protocols=protocols("TLSv1.2", "TLSv1.3", unknown=("SSLv2",)), certificates=(),
        cipher_suites={"TLSv1.2": (suite(0xC02B),)}, server_preference={"TLSv1.2": None}, groups=(), quantum="unknown",
        key_exchange=KeyExchange(), confirmed_groups=(), deadlines=(), signature_schemes=(), weaknesses=weaknesses(doubt),
        without_server_name=None, policies=(), connections=31, name_unrecognized=True, large_hello=None, alpn=(), hsts=None,
        grade=Grade(letter=None, not_measured=("rc4", "protocols/SSLv2", "suites/TLSv1.2", "certificate")), resumption=None,
        incomplete=("SSLv2", "suites/TLSv1.2", "suites/TLSv1.3", "groups", "signature_schemes"),
    )  # fmt: skip


EXAMPLES: dict[str, Report] = {
    "tls_audit_good": good(),
    "tls_audit_bad": judged(bad()),
    "tls_audit_available": good(
        quantum="available", key_exchange=KeyExchange("x25519", "classical", True, BOTH, "classical", True), confirmed_groups=(),
    ),
    "tls_audit_partial": cut_short(),
    "tls_audit_failed": TlsAudit(
        target=SHOP, status="failed", **STAMP,
        error=Failure("refused", "shop.example:443: connecting: refused; nothing listens there"),
    ),
}  # fmt: skip
