"""Frozen reports made by hand: what each probe says in good days, in bad ones, and when it did not get through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from netassist.audit.parts import Service
from netassist.audit.security_audit import AuditedHost, SecurityAudit, Summary
from netassist.observations import Endpoint, Failure, Finding, Report
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
from netassist.tls.groups import Group, group
from netassist.tls.ocsp import OcspResponse
from netassist.tls.revocation import Revocation
from tests.reports import probe_samples, ssh_http_samples, tls_samples

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
STAMP: dict[str, Any] = {"started": NOW, "duration_s": 0.1234}
SHOP = Endpoint("shop.example", 443, "10.0.0.5", "shop.example")
TIMEOUT = Failure(
    "timeout", "shop.example:443 (10.0.0.5): connecting: no answer within 5 s; is the host up, or does a firewall drop it?"
)

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
    return TcpCheck(**{"target": SHOP, "state": "open", "connect_ms": 0.512, "opening": "waits", **STAMP, **facts})


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


def port(number: int, service: str, product: str | None = None, version: str | None = None, **facts: Any) -> NmapPort:
    known = {"service": service, "product": product, "version": version, "confidence": 10 if product else 3}
    return NmapPort(**{"port": number, "protocol": "tcp", "state": "open", **known, **facts})


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
HYBRID = KeyExchange("X25519MLKEM768", "hybrid", True, BOTH, "server", True)


def quantum(**facts: Any) -> QuantumCheck:
    return QuantumCheck(
        **{"target": Endpoint("127.0.0.1", 4443, "127.0.0.1"), "protocol": "tls", "verdict": "safe", "version": "TLSv1.3",
           "key_exchange": HYBRID,
           "authentication": Authentication("rsa_pss_rsae_sha256", "RSA 2048", False), "deadlines": DEADLINES,
           "connections": 4, **STAMP, **facts}
    )  # fmt: skip


CLASSICAL = KeyExchange("x25519", "classical", True, (group(0x001D), group(0x0017)), "classical", True)
AVAILABLE = KeyExchange("x25519", "classical", True, (*BOTH,), "classical", True)
OPENSSH = KeyExchange(
    "sntrup761x25519-sha512", "hybrid", False,
    (Group(None, "sntrup761x25519-sha512", "hybrid"), Group(None, "curve25519-sha256", "classical")), "client_order", True,
)  # fmt: skip


def audit(
    *reports: Any,
    findings: tuple[Finding, ...] = (REDIS, NO_HSTS, NO_CSP, DISCLOSED),
    dark: tuple[Service, ...] = (),
    tried: tuple[int, ...] = (),
    **facts: Any,
) -> SecurityAudit:
    services = (
        Service(22, "tcp", "ssh", "OpenSSH", "9.2p1 Debian 2+deb12u3", False),
        Service(443, "tcp", "http", "nginx", "1.24.0", True),
        Service(6379, "tcp", "redis", "Redis key-value store", "7.0.15", False),
    )
    host = AuditedHost("10.0.0.5", ("shop.example",), (*services, *dark), reports, tried)
    return SecurityAudit(
        **{"target": Endpoint("shop.example", None, "10.0.0.5"), "hosts": (host,), "findings": findings,
           "summary": Summary(high=1, low=2, info=1), **STAMP, **facts}
    )  # fmt: skip


class Whois(Report, frozen=True, kw_only=True, tag="netassist/whois-lookup/1"):
    """A report of a type that has no renderer of its own."""

    registrar: str | None = None
    servers: tuple[str, ...] = ()
    contacts: tuple[Endpoint, ...] = ()
    locked: bool = True


def whois(**facts: Any) -> Whois:
    known = {"registrar": "Lab Names", "servers": ("ns1.example", "ns2.example"), "contacts": (SHOP,)}
    return Whois(**{"target": "shop.example", **known, **STAMP, **facts})


HOP, AWAY = (
    Redirect("http://shop.example/", 301, "https://shop.example/", followed=True),
    Redirect("https://shop.example/", 302, "https://login.other.example/", followed=False),
)
TO_METADATA = Redirect(
    "https://shop.example/", 302, "http://169.254.169.254/latest/", followed=False,
    because="169.254.169.254: not named in the request; name it, or allow it in [scope] allow",
)  # fmt: skip
CIRCLE = Redirect(
    "https://shop.example/", 302, "https://shop.example/", followed=False,
    because="https://shop.example/: redirects in a circle, back to https://shop.example/; correct the server's redirects",
)  # fmt: skip
LOCAL = Endpoint("10.0.0.5", None, "10.0.0.5")
LATE = Failure("timeout", "10.0.0.5: the scan reached its deadline; what it had found is kept; allow more time")
EXPIRED = certificate(not_after=NOW - timedelta(days=12))
SNMP = port(161, "snmp", protocol="udp", state="open|filtered")


def failed(probe: Callable[..., Report], message: str = TIMEOUT.message, **facts: Any) -> Report:
    return probe(status="failed", error=Failure("timeout", message), **facts)


EXAMPLES: dict[str, Report] = {
    "tcp_open": tcp(banner="220 lab ESMTP", opening="speaks"),
    "tcp_waits": tcp(),
    "tcp_hangs_up": tcp(opening="hangs_up"),
    "tcp_partial": tcp(
        opening=None, status="partial",
        error=Failure("timeout", "shop.example:443 (10.0.0.5): waiting for an answer: interrupted"),
    ),
    "tcp_closed": tcp(state="closed", connect_ms=None, opening=None),
    "tcp_filtered": tcp(state="filtered", connect_ms=None, opening=None),
    "tcp_failed": failed(tcp, state=None, connect_ms=None, opening=None),
    "ping_good": ping(),
    "ping_lossy": ping(4, 3),
    "ping_no_answer": ping(1, 0),
    "ping_tcp": ping(1, 1, method="tcp", target=SHOP),
    "ping_failed": failed(Ping, "shop.example: no address found", target=Endpoint("shop.example"), **STAMP),
    "dns_good": dns("10.0.0.5", "10.0.0.6", authenticated=True),
    "dns_text": dns("v=spf1 -all", record_type="TXT"),
    "dns_name": dns("host.example.", target="10.0.0.5", name="5.0.0.10.in-addr.arpa", record_type="PTR"),
    "dns_no_such_name": dns(rcode="NXDOMAIN"),
    "dns_none": dns(record_type="MX"),
    "dns_partial": dns(
        rcode="SERVFAIL", status="partial", authenticated=None,
        error=Failure("unresolvable", "shop.example A: the resolver answered SERVFAIL; ask another, or later"),
    ),
    "dns_failed": failed(dns, "shop.example A: asking 10.0.0.53: no answer within 5 s; check the resolver", rcode=None),
    "http_good": http(redirects=(HOP,)),
    "http_not_found": http(status_code=404, findings=(NO_HSTS,)),
    "http_onward": http(status_code=302, redirects=(AWAY,)),
    "http_refused_redirect": http(status_code=302, redirects=(TO_METADATA,)),
    "http_circle": http(
        status_code=302, redirects=(CIRCLE,), status="partial", error=Failure("protocol", CIRCLE.because or ""),
    ),
    "http_unverified": http(tls_error="self-signed certificate"),
    "http_failed": failed(http, status_code=None, timing_ms=Timing(), headers={}),
    "nmap_good": nmap(SSH, WEB, TLS),
    "nmap_bad": nmap(SSH, findings=(REDIS,)),
    "nmap_none": nmap(not_shown={"closed": 90, "filtered": 10}),
    "nmap_unknown": nmap(state="unknown", status="partial", not_shown={"filtered": 100}),
    "nmap_down": nmap(state="down", not_shown={}),
    "nmap_system": nmap(SSH, os=(OsGuess("Linux 5.0 - 6.2", 95),), profile="os"),
    "nmap_partial": nmap(port(53, "domain", protocol="udp"), SNMP, profile="udp", status="partial", error=LATE),
    "nmap_vuln": nmap(
        WEB, profile="vuln", command=("/usr/bin/nmap", "--script", "vuln and not (external or broadcast or dos)", "10.0.0.5"),
    ),
    "nmap_network": nmap(SSH, WEB, target="10.0.0.0/24", profile="quick", hosts_down=255),
    "nmap_failed": failed(nmap, "10.0.0.5: Nmap is not installed; install it: apt install nmap", hosts=(), command=()),
    "certificate_good": certificates(),
    "certificate_expired": certificates(EXPIRED, trusted=False, trust_error="certificate has expired", problems=("expired",)),
    "certificate_self_signed": certificates(
        certificate(issuer="CN=shop.example"), trusted=False, trust_error="self-signed certificate", problems=("self_signed",)
    ),
    "certificate_wrong_host": certificates(
        target=Endpoint("pay.example", 8443, "10.0.0.5"), hostname_matches=False, trusted=False,
        trust_error="self-signed certificate in certificate chain", problems=("untrusted_root", "wrong_host"),
    ),
    "certificate_soon": certificates(certificate(not_after=NOW + timedelta(days=1, hours=3)), problems=("expires_soon",)),
    "certificate_partial": certificates(
        certificate(san=None, is_ca=None), hostname_matches=None, scts=None, must_staple=None, ocsp_staple="unknown",
        status="partial", error=Failure("protocol", "shop.example:443: the extensions of a certificate are malformed"),
    ),
    "certificate_revoked": certificates(
        problems=("revoked",), ocsp_staple="present",
        staple=OcspResponse(status="good", this_update=NOW - 9 * DAY, next_update=NOW - 2 * DAY, for_this_certificate=True,
                            signature_valid=True, stale=True, detail="it was good until 2026-11-22"),
        revocation=Revocation(status="revoked", method="crl", checked_at=NOW, revoked_at=NOW - DAY, reason="keyCompromise"),
    ),
    "certificate_failed": failed(certificates, chain=(), trusted=None, hostname_matches=None),
    "quantum_safe": quantum(),
    "quantum_unconfirmed": quantum(key_exchange=msgspec.structs.replace(HYBRID, confirmed=False)),
    "quantum_available": quantum(verdict="available", key_exchange=AVAILABLE),
    "quantum_not_safe": quantum(verdict="not_safe", key_exchange=CLASSICAL),
    "quantum_old": quantum(verdict="not_safe", version="TLSv1.2", key_exchange=KeyExchange(kind="classical", confirmed=True)),
    "quantum_ssh": quantum(
        protocol="ssh", target=Endpoint("10.0.0.5", 22, "10.0.0.5"), version="SSH-2.0-OpenSSH_9.2", key_exchange=OPENSSH,
        authentication=Authentication(None, None, False, ("ssh-ed25519", "rsa-sha2-512")), deadlines=(), connections=1,
    ),
    "quantum_partial": quantum(
        verdict="unknown", status="partial", error=TIMEOUT, key_exchange=KeyExchange(), authentication=Authentication(),
    ),
    "quantum_failed": failed(quantum, "127.0.0.1:4443: does not speak TLS", verdict="unknown", key_exchange=KeyExchange()),
    "audit_bad": audit(nmap(SSH), certificates(), quantum(target=SHOP), http()),
    "audit_clean": audit(nmap(SSH), certificates(), findings=()),
    "audit_dark": audit(
        nmap(SSH), http(target=Endpoint("10.0.0.5", 80)), findings=(), dark=(Service(80, "tcp"), Service(9000, "tcp")),
    ),
    "audit_partial": audit(nmap(SSH), failed(certificates, chain=()), findings=(DISCLOSED,), status="partial", error=TIMEOUT),
    "audit_without_nmap": audit(
        failed(nmap, "10.0.0.5: Nmap is not installed; install it: apt install nmap", hosts=(), command=()),
        tcp(target=Endpoint("10.0.0.5", 22, "10.0.0.5"), banner="SSH-2.0-OpenSSH_9.2", opening="speaks"),
        findings=(), status="partial", tried=(21, 22, 23, 443, 6379),
        error=Failure("missing_program", "10.0.0.5: Nmap is not installed; install it: apt install nmap"),
    ),
    "audit_failed": failed(audit, "shop.example: no address found; check the spelling", hosts=(), findings=()),
    **tls_samples.EXAMPLES,
    **ssh_http_samples.examples(STAMP, SHOP),
    **probe_samples.EXAMPLES,
    "anything": whois(),
    "anything_failed": failed(whois, "shop.example: no answer within 5 s", registrar=None),
}  # fmt: skip
