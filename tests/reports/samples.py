"""Frozen reports made by hand: what each probe says in good days, in bad ones, and when it did not get through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from netassist.audit.parts import Service
from netassist.audit.security_audit import AuditedHost, SecurityAudit, Summary
from netassist.observations import Endpoint, Failure, Finding
from netassist.probes.dns import DnsAnswer, DnsLookup
from netassist.probes.http import HttpCheck, Redirect
from netassist.probes.http_exchange import Timing
from netassist.probes.nmap import NmapScan
from netassist.probes.nmap_xml import NmapHost, NmapPort, OsGuess
from netassist.probes.ping import Ping, RoundTrip
from netassist.probes.tcp import TcpCheck
from netassist.quantum import Authentication, Deadline, KeyExchange, QuantumCheck
from netassist.tls.certificate import CertificateInfo
from netassist.tls.chain import Certificate, PublicKey, San
from netassist.tls.groups import group, group_named

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
STAMP: dict[str, Any] = {"started": NOW, "duration_s": 0.1234}
SHOP = Endpoint("shop.example", 443, "10.0.0.5", "shop.example")
TIMEOUT = Failure("timeout", "shop.example:443 (10.0.0.5): connecting: no answer within 5 s")

REDIS = Finding(
    id="service.redis",
    severity="high",
    title="Redis is open",
    detail="By default it asks nobody for a password: who reaches it reads and changes what is stored, often runs code.",
    evidence="10.0.0.5:6379/tcp open (redis Redis key-value store 7.0.15)",
    fix="Listen on loopback or a private address only, demand a login and TLS, and filter the port.",
    references=("https://cwe.mitre.org/data/definitions/306.html",),
)
NO_HSTS = Finding(
    id="http.no_hsts",
    severity="low",
    title="No HSTS",
    detail="A browser's first request may go out unencrypted and be intercepted.",
    evidence="port 443: no Strict-Transport-Security header; port 8443: no Strict-Transport-Security header",
    fix="Send Strict-Transport-Security: max-age=63072000.",
    references=("https://www.rfc-editor.org/rfc/rfc6797", "https://hstspreload.org/"),
)
NO_CSP = Finding(
    id="http.no_csp",
    severity="low",
    title="No content security policy",
    detail="Nothing limits what an injected script may load or send.",
    evidence="port 443: no Content-Security-Policy header",
    fix="Send a Content-Security-Policy; start with default-src 'self'.",
)
DISCLOSED = Finding(
    id="http.version_disclosed",
    severity="info",
    title="The server tells its version",
    detail="It saves an attacker the guess which weaknesses fit.",
    evidence="port 443: server: nginx/1.24.0",
    fix="Leave the version out of the server header.",
)


def tcp(**facts: Any) -> TcpCheck:
    return TcpCheck(**{"target": SHOP, "state": "open", "connect_ms": 0.512, **STAMP, **facts})


def ping(sent: int = 4, received: int = 4, **facts: Any) -> Ping:
    trip = RoundTrip(0.21, 0.314, 0.5, 0.11) if received else None
    loss = round(1 - received / sent, 4)
    target = Endpoint("shop.example", None, "10.0.0.5")
    known = {"sent": sent, "received": received, "loss": loss, "rtt_ms": trip, "method": "icmp"}
    return Ping(**{"target": target, **known, **STAMP, **facts})


def dns(*data: str, **facts: Any) -> DnsLookup:
    kind = facts.get("record_type", "A")
    answers = tuple(DnsAnswer("shop.example", kind, 300, value) for value in data)
    return DnsLookup(
        **{"target": "shop.example", "name": "shop.example", "rcode": "NOERROR", "answers": answers,
           "authenticated": False, **STAMP, **facts}
    )  # fmt: skip


def http(**facts: Any) -> HttpCheck:
    return HttpCheck(
        **{"target": SHOP, "url": "https://shop.example/", "status_code": 200, "http_version": "1.1",
           "timing_ms": Timing(1.2, 0.5, 12.3, 20.4, 34.4), "headers": {"server": "nginx", "content-type": "text/html"},
           **STAMP, **facts}
    )  # fmt: skip


def port(number: int, service: str | None = None, product: str | None = None, version: str | None = None, **facts: Any) -> NmapPort:
    confidence = 10 if product else 3
    return NmapPort(**{"port": number, "protocol": "tcp", "state": "open", "service": service, "product": product,
                       "version": version, "confidence": confidence, **facts})  # fmt: skip


SSH, WEB, TLS = port(22, "ssh", "OpenSSH", "9.2"), port(80, "http"), port(443, "http", "nginx", "1.24.0", tunnel="ssl")


def nmap(*ports: NmapPort, state: str = "up", not_shown: dict[str, int] | None = None, **facts: Any) -> NmapScan:
    hidden = {"closed": 97} if not_shown is None else not_shown
    host = NmapHost(address="10.0.0.5", state=state, ports=ports, not_shown=hidden, os=facts.pop("os", ()))
    return NmapScan(
        **{"target": Endpoint("10.0.0.5", None, "10.0.0.5"), "profile": "service",
           "command": ("nmap", "-n", "-T4", "-sV", "10.0.0.5"), "hosts": (host,), **STAMP, **facts}
    )  # fmt: skip


def certificate(subject: str = "CN=shop.example", issuer: str = "CN=Lab Root,O=Lab", **facts: Any) -> Certificate:
    return Certificate(
        **{"subject": subject, "issuer": issuer, "serial": "3fa1c0de", "not_before": NOW - timedelta(days=29),
           "not_after": NOW + timedelta(days=61, hours=5), "san": San(("shop.example", "www.shop.example"), ("10.0.0.5",)),
           "key": PublicKey("EC", 256, "secp256r1"), "signature_algorithm": "ecdsa-with-SHA256", "is_ca": False,
           "fingerprint_sha256": "ab" * 32, "pem": "", **facts}
    )  # fmt: skip


ROOT = certificate("CN=Lab Root,O=Lab", is_ca=True, san=San(), not_after=NOW + timedelta(days=3000))


def certificates(*chain: Certificate, **facts: Any) -> CertificateInfo:
    shown = chain or (certificate(), ROOT)
    return CertificateInfo(
        **{"target": SHOP, "protocol": "TLSv1.3", "chain": shown, "trusted": True, "hostname_matches": True,
           "days_left": (shown[0].not_after - NOW).days, "ocsp_staple": "absent", "scts": 2, "must_staple": False,
           **STAMP, **facts}
    )  # fmt: skip


DEADLINES = (
    Deadline("NIST IR 8547", "RSA-2048 disallowed", "2035-12-31"),
    Deadline("NIST IR 8547", "RSA-2048 deprecated", "2030-12-31"),
)
BOTH = (group(0x11EC), group(0x001D))


def quantum(**facts: Any) -> QuantumCheck:
    return QuantumCheck(
        **{"target": Endpoint("127.0.0.1", 4443, "127.0.0.1"), "protocol": "tls", "verdict": "safe", "version": "TLSv1.3",
           "key_exchange": KeyExchange("X25519MLKEM768", "hybrid", True, BOTH, "server", True),
           "authentication": Authentication("rsa_pss_rsae_sha256", "RSA 2048", False), "deadlines": DEADLINES,
           "connections": 4, **STAMP, **facts}
    )  # fmt: skip


CLASSICAL = KeyExchange("x25519", "classical", True, (group(0x001D), group(0x0017)), "classical", True)
AVAILABLE = KeyExchange("x25519", "classical", True, (*BOTH,), "classical", True)
OPENSSH = KeyExchange(
    "sntrup761x25519-sha512", "hybrid", False,
    (group_named("sntrup761x25519-sha512"), group_named("curve25519-sha256")), "client_order", True,
)  # fmt: skip


def audit(*reports: Any, findings: tuple[Finding, ...] = (REDIS, NO_HSTS, NO_CSP, DISCLOSED), **facts: Any) -> SecurityAudit:
    services = (
        Service(22, "tcp", "ssh", "OpenSSH", "9.2p1 Debian 2+deb12u3", False),
        Service(80, "tcp"),
        Service(443, "tcp", "http", "nginx", "1.24.0", True),
        Service(6379, "tcp", "redis", "Redis key-value store", "7.0.15", False),
    )
    host = AuditedHost("10.0.0.5", ("shop.example",), services, reports)
    return SecurityAudit(
        **{"target": Endpoint("shop.example", None, "10.0.0.5"), "hosts": (host,), "findings": findings,
           "summary": Summary(high=1, low=2, info=1), **STAMP, **facts}
    )  # fmt: skip


SYSTEM = OsGuess("Linux 5.0 - 6.2", 95)
