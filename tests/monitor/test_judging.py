"""What a measurement means against a watch's limits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from netassist.monitor.happening import Outcome
from netassist.monitor.judging import Reached, of_failure, of_reached, of_report, status_codes
from netassist.monitor.watch import Check, Limits, Watch
from netassist.observations import Failure, FailureKind, Report
from netassist.probes.dns import DnsAnswer, DnsLookup
from netassist.probes.nmap import NmapScan
from netassist.probes.nmap_xml import NmapHost, NmapPort
from netassist.probes.ping import Ping, RoundTrip
from netassist.probes.smtp import Mail, MailCertificate, MailServer, MailTls
from netassist.probes.ssh import SshAudit
from netassist.probes.ssh_hostkey import HostKey
from netassist.quantum import QuantumCheck
from netassist.tls.audit import TlsAudit
from netassist.tls.certificate import CertificateInfo
from netassist.tls.grade import Cap, Grade
from tests.reports.samples import certificates

STAMP: dict[str, Any] = {"target": "www.example.org", "started": datetime(2026, 11, 28, tzinfo=UTC), "duration_s": 0.1}


def watch(check: Check, **limits: Any) -> Watch:
    return Watch(host="www.example.org", check=check, port=443 if check == "tcp" else None, limits=Limits(**limits))


def judged(check: Check, report: Report, **limits: Any) -> tuple[Outcome, str]:
    result = of_report(watch(check, **limits), report, 1.0)
    return result.outcome, result.message


@pytest.mark.parametrize(
    ("ms", "outcome"), [(10.0, "up"), (100.0, "degraded"), (499.0, "degraded"), (500.0, "down")]
)
def test_response_times_have_bands(ms: float, outcome: str) -> None:
    result = of_reached(watch("tcp", slow_ms=100, too_slow_ms=500), Reached(ms), 1.0)
    assert (result.outcome, result.ms) == (outcome, ms)


@pytest.mark.parametrize(
    ("kind", "message", "outcome"),
    [
        ("refused", "a:1: connecting: refused; nothing listens there", "down"),
        ("timeout", "a:1: connecting: no answer within 5 s", "down"),
        ("unresolvable", "a: no address found (a: Name or service not known); check the spelling", "down"),
        ("unreachable", "a:1: connecting: the host cannot be reached; is it up, and on this network?", "down"),
        ("unreachable", "a:1: connecting: this machine has no route there; check its network", "unknown"),
        ("unreachable", "a:1: connecting: Too many open files", "unknown"),
        ("unresolvable", "a: no address found (a: looking up its address: Temporary failure in name resolution)", "unknown"),
        ("timeout", "a: looking up its address: no answer; is the name server reachable?", "unknown"),
        ("out_of_scope", "a: the configuration denies it", "unknown"),
        ("missing_program", "nmap is not installed", "unknown"),
        ("denied", "this user may not open an ICMP socket", "unknown"),
    ],
)
def test_what_is_our_own_fault_is_never_down(kind: FailureKind, message: str, outcome: str) -> None:
    assert of_failure(watch("tcp"), Failure(kind, message), 1.0).outcome == outcome


@pytest.mark.parametrize(
    ("found", "limits", "outcome", "words"),
    [
        (Reached(1.0, 200), {}, "up", ""),
        (Reached(1.0, 302), {}, "up", ""),
        (Reached(1.0, 404), {}, "down", "the status is 404"),
        (Reached(1.0, 404), {"status": "404,410"}, "up", ""),
        (Reached(1.0, 200), {"status": "301"}, "down", "the status is 200, not 301"),
        (Reached(1.0, 200, b"all is well"), {"content": "well"}, "up", ""),
        (Reached(1.0, 200, b"sorry"), {"content": "well"}, "down", "the page does not hold the text that it should"),
        (Reached(1.0, 200, b"sorry", False), {"content": "well"}, "unknown", "what was read of the page does not hold the text"),
        (Reached(1.0, 200, tls_error="expired"), {}, "down", "the certificate does not verify: expired"),
        (Reached(1.0, 200, days=20), {}, "degraded", "the certificate expires in 20 days"),
        (Reached(1.0, 200, days=21), {}, "up", ""),
        (Reached(1.0, 200, days=2), {}, "degraded", "the certificate expires in 2 days"),
        (Reached(1.0, 200, days=2), {"last_days": 7}, "down", "the certificate expires in 2 days"),
        (Reached(1.0, 200, days=-1), {}, "down", "the certificate has expired"),
        (Reached(1.0, 200, days=0), {"days": 1, "last_days": 0}, "degraded", "the certificate expires today"),
        (Reached(1.0, 500, days=20), {}, "down", "the status is 500; the certificate expires in 20 days"),
    ],
)
def test_pages(found: Reached, limits: dict[str, Any], outcome: str, words: str) -> None:
    result = of_reached(watch("https", **limits), found, 1.0)
    assert result.outcome == outcome
    assert words in result.message


def test_pings() -> None:
    answered = Ping(sent=4, received=3, loss=0.25, rtt_ms=RoundTrip(1, 2, 3, 0.5), method="icmp", **STAMP)
    assert judged("icmp", answered) == ("up", "")
    assert judged("icmp", answered, loss=0.2) == ("degraded", "25% of 4 echo requests were lost")
    silent = Ping(sent=4, received=0, loss=1.0, method="icmp", **STAMP)
    assert judged("icmp", silent) == ("down", "none of 4 echo requests was answered")
    told = "who should pass it on says: no route to the network"
    unrouted = Ping(sent=4, received=0, loss=1.0, method="icmp", refusal=told, **STAMP)
    assert judged("icmp", unrouted)[0] == "unknown"


def test_dns_records() -> None:
    answers = tuple(DnsAnswer("www.example.org.", "A", 60, data) for data in ("192.0.2.2", "192.0.2.1"))
    found = DnsLookup(name="www.example.org", rcode="NOERROR", answers=answers, **STAMP)
    result = of_report(watch("dns"), found, 1.0)
    assert (result.outcome, result.facts) == ("up", {"records": "192.0.2.1; 192.0.2.2"})
    assert judged("dns", found, record="192.0.2.1")[0] == "up"
    words = "the A records are 192.0.2.1 and 192.0.2.2, and none is 192.0.2.9"
    assert judged("dns", found, record="192.0.2.9") == ("down", words)
    gone = DnsLookup(name="www.example.org", rcode="NXDOMAIN", **STAMP)
    assert judged("dns", gone) == ("down", "the name server answers NXDOMAIN")
    failing = of_report(watch("dns"), DnsLookup(name="www.example.org", rcode="SERVFAIL", **STAMP), 1.0)
    assert (failing.outcome, failing.facts) == ("down", {})


def scan(*ports: int, **others: Any) -> NmapScan:
    opened = tuple(NmapPort(port=port, protocol="tcp", state="open") for port in ports)
    return NmapScan(hosts=(NmapHost(address="192.0.2.1", state="up", ports=opened),), **(STAMP | others))


def test_open_ports_are_a_set_that_is_expected() -> None:
    assert judged("nmap", scan(22, 80), ports="22,80") == ("up", "")
    outcome, words = judged("nmap", scan(22, 8080), ports="22,80")
    assert (outcome, words) == ("degraded", "open, and should not be: 8080; not open, and should be: 80")
    assert of_report(watch("nmap"), scan(22, 80), 1.0).facts == {"open_ports": "22,80"}


def test_a_scan_that_was_cut_short_says_nothing_of_the_ports() -> None:
    result = of_report(watch("nmap", ports="22"), scan(22, status="partial", error=Failure("timeout", "stopped")), 1.0)
    assert (result.outcome, result.message, result.facts) == ("unknown", "stopped", {})


def test_grades() -> None:
    audit = TlsAudit(grade=Grade(letter="C", caps=(Cap("C", "RC4"),)), quantum="available", **STAMP)
    assert judged("tls", audit) == ("up", "")
    assert judged("tls", audit, grade="C") == ("up", "")
    assert judged("tls", audit, grade="A") == ("degraded", "the TLS grade is C, worse than A (RC4)")
    assert of_report(watch("tls"), audit, 1.0).facts == {"grade": "C", "post_quantum": "available"}
    unsure = TlsAudit(grade=Grade(letter="A", not_measured=("weaknesses",)), **STAMP)
    assert of_report(watch("tls"), unsure, 1.0).facts == {}
    assert judged("tls", TlsAudit(**STAMP))[0] == "unknown"


def test_post_quantum_readiness() -> None:
    check = QuantumCheck(protocol="tls", verdict="available", **STAMP)
    assert judged("quantum", check) == ("up", "")
    assert judged("quantum", check, post_quantum=True) == ("degraded", "post-quantum key exchange is offered, but not used")
    assert judged("quantum", QuantumCheck(protocol="tls", **STAMP))[0] == "unknown"


def test_host_keys_are_a_fact_only_where_all_were_shown() -> None:
    keys = (HostKey("ssh-ed25519", 256, "SHA256:b"), HostKey("rsa", 2048, "SHA256:a"))
    audit = SshAudit(banner="SSH-2.0-x", host_keys=keys, post_quantum=True, **STAMP)
    result = of_report(watch("ssh"), audit, 1.0)
    assert result.facts == {"host_key": "rsa SHA256:a; ssh-ed25519 SHA256:b", "post_quantum": "safe"}
    partly = SshAudit(banner="SSH-2.0-x", host_keys=keys, host_keys_missing=("ecdsa",), **STAMP)
    assert "host_key" not in of_report(watch("ssh"), partly, 1.0).facts


def test_certificates_that_are_not_trusted_or_not_seen() -> None:
    assert judged("certificate", CertificateInfo(**STAMP))[0] == "unknown"
    failed = CertificateInfo(status="failed", error=Failure("refused", "refused"), **STAMP)
    assert judged("certificate", failed) == ("down", "refused")


def test_a_certificate_that_ends_soon_is_down_where_it_is_what_is_watched() -> None:
    assert judged("certificate", certificates(days_left=6))[0] == "down"
    assert judged("certificate", certificates(days_left=20))[0] == "degraded"
    assert judged("certificate", certificates(days_left=6), last_days=3)[0] == "degraded"
    assert of_report(watch("certificate"), certificates(), 1.0).facts["expires"] == "2027-01-24T17:00:00Z", "to the second"


@pytest.mark.parametrize(
    ("starttls", "days", "outcome", "words"),
    [
        (True, 90, "up", ""),
        (False, None, "degraded", "the server does not offer STARTTLS"),
        (True, 2, "degraded", "the certificate expires in 2 days"),
        (True, -1, "down", "the certificate has expired"),
    ],
)
def test_mail_servers(starttls: bool, days: int | None, outcome: str, words: str) -> None:
    until = datetime(2027, 1, 1, tzinfo=UTC)
    certificate = MailCertificate(subject="CN=mx", issuer="CN=ca", not_after=until, days_left=days) if days is not None else None
    tls = MailTls(version="TLSv1.3", certificate=certificate) if starttls else None
    server = MailServer(greeting="mx.example.org ESMTP", starttls=starttls, tls=tls)
    assert judged("smtp", Mail(server=server, **STAMP)) == (outcome, words)


def test_messages_are_one_safe_line() -> None:
    result = of_failure(watch("tcp"), Failure("protocol", "it said \x1b[31mred\n\nlines" + "x" * 5000), 1.0)
    assert result.message.isprintable()
    assert len(result.message) <= 300


def test_status_lists() -> None:
    assert status_codes("200, 301") == {200, 301}
    for wrong in ("", "ok", "99", "200-299"):
        with pytest.raises(ValueError, match="list of HTTP status codes"):
            status_codes(wrong)
