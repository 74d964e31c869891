"""What a measurement means for a watch: a report, or what a light check found, held against its limits. Pure functions.

A failure whose cause is this machine's own (no route, no program, no name server, no files left, out of scope) is `unknown`: it
says nothing of the host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, cast

import msgspec

from netassist.monitor.drift import is_worse_grade
from netassist.monitor.happening import Outcome, Result
from netassist.monitor.watch import Watch
from netassist.observations import Failure, FailureKind, Report
from netassist.reports.words import listed, milliseconds, percent
from netassist.targets import port_numbers, port_ranges
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.probes.dns import DnsLookup
    from netassist.probes.nmap import NmapScan
    from netassist.probes.ping import Ping
    from netassist.probes.smtp import Mail
    from netassist.probes.ssh import SshAudit
    from netassist.quantum import QuantumCheck
    from netassist.tls.audit import TlsAudit
    from netassist.tls.certificate import CertificateInfo
    from netassist.tls.chain import Certificate

MESSAGE = 300
"""Characters of a result's message."""
_FACT = 500
_OURS: frozenset[FailureKind] = frozenset({"out_of_scope", "denied", "missing_program", "invalid", "rate_limited"})
# How `netassist.network` words the causes that are this machine's: its routes, addresses, firewall, name server, open files.
_OUR_WORDS = (
    ": this machine ", "name server reachable", "Temporary failure in name resolution", "Too many open files", "No buffer space",
    "Cannot allocate memory", "System error", "no route to the network",
)  # fmt: skip
_RANK: Mapping[Outcome, int] = {"up": 0, "degraded": 1, "down": 2, "unknown": 3}


class Reached(NamedTuple):
    """What a light check found. Each is None where the check does not measure it.

    Args:
        ms: response time.
        status: HTTP status code.
        body: of the page, decoded; `whole` says whether that is all of it.
        tls_error: why the certificate does not verify.
        days: to the certificate's expiry.
        certificate: what the server showed.
    """

    ms: float
    status: int | None = None
    body: bytes | None = None
    whole: bool = True
    tls_error: str | None = None
    days: int | None = None
    certificate: Certificate | None = None


class _Said(NamedTuple):
    """One thing that keeps a result from being up."""

    outcome: Outcome
    text: str


def of_failure(watch: Watch, failure: Failure, at: float) -> Result:
    """A check that could not be carried out."""
    outcome: Outcome = "unknown" if is_ours(failure) else "down"
    return Result(watch=watch.key, at=at, outcome=outcome, message=as_text(failure.message, MESSAGE))


def is_ours(failure: Failure) -> bool:
    """Whether the cause lies with this machine or its configuration, and says nothing of the host."""
    return failure.kind in _OURS or any(words in failure.message for words in _OUR_WORDS)


def of_trouble(watch: Watch, error: BaseException, at: float) -> Result:
    """A check that broke off by a mistake of ours."""
    message = as_text(f"internal error ({type(error).__name__}: {error})", MESSAGE)
    return Result(watch=watch.key, at=at, outcome="unknown", message=message)


def of_reached(watch: Watch, found: Reached, at: float) -> Result:
    """A light check that reached its host."""
    limits = watch.limits
    if found.status is None and found.days is None and limits.slow_ms is None and limits.too_slow_ms is None:
        return Result(watch=watch.key, at=at, outcome="up", ms=found.ms)
    facts = _facts_of(found.certificate) if found.certificate is not None else {}
    return _result(watch, at, found.ms, facts, _of_page(watch, found))


def of_report(watch: Watch, report: Report, at: float) -> Result:
    """A report of the tool that `checks.call_for` names for the watch; tcp, http and https have `Reached` instead."""
    if report.status == "failed":
        failure = report.error or Failure("protocol", "the check failed, for a reason that is not known")
        found = of_failure(watch, failure, at)
        # A lookup asks the name server that this machine is set to ask; that one's silence says nothing of the name.
        return msgspec.structs.replace(found, outcome="unknown") if watch.check == "dns" else found
    return _JUDGES[watch.check](watch, report, at)


def _result(watch: Watch, at: float, ms: float | None, facts: dict[str, str], said: Iterator[_Said]) -> Result:
    """The worst of what was said, and all of it in words; the response time is among it where it has a limit."""
    every = [*said, *_of_time(watch, ms)]
    if not every:
        return Result(watch=watch.key, at=at, outcome="up", ms=ms, facts=facts)
    worst = max((one.outcome for one in every), key=_RANK.__getitem__)
    if worst == "unknown" and any(one.outcome == "down" for one in every):
        worst = "down"  # what is known to be wrong outweighs what is not known
    ordered = sorted(every, key=lambda one: one.outcome != worst)
    message = as_text("; ".join(one.text for one in ordered), MESSAGE)
    return Result(watch=watch.key, at=at, outcome=worst, ms=ms, message=message, facts=facts)


def _of_time(watch: Watch, ms: float | None) -> Iterator[_Said]:
    slow, too_slow = watch.limits.slow_ms, watch.limits.too_slow_ms
    if ms is None:
        return
    if too_slow is not None and ms >= too_slow:
        yield _Said("down", f"it took {milliseconds(ms)}, and {milliseconds(too_slow)} is too slow")
    elif slow is not None and ms >= slow:
        yield _Said("degraded", f"it took {milliseconds(ms)}, and {milliseconds(slow)} is slow")


def _of_days(watch: Watch, days: int | None, what: str = "the certificate") -> Iterator[_Said]:
    if days is None:
        return
    when = "has expired" if days < 0 else "expires today" if days == 0 else f"expires in {days} day{'s' if days != 1 else ''}"
    if days < watch.last_days:
        yield _Said("down", f"{what} {when}")
    elif days < watch.limits.days:
        yield _Said("degraded", f"{what} {when}")


def _of_page(watch: Watch, found: Reached) -> Iterator[_Said]:
    wanted, content = watch.limits.status, watch.limits.content
    if found.tls_error is not None:
        yield _Said("down", f"the certificate does not verify: {found.tls_error}")
    if found.status is not None:
        right = found.status in status_codes(wanted) if wanted else found.status < 400
        if not right:
            yield _Said("down", f"the status is {found.status}{f', not {wanted}' if wanted else ''}")
    if content is not None and found.body is not None and content.encode() not in found.body:
        where = "the page" if found.whole else "what was read of the page"
        yield _Said("down" if found.whole else "unknown", f"{where} does not hold the text that it should")
    yield from _of_days(watch, found.days)


def status_codes(listed_codes: str) -> frozenset[int]:
    """The codes of a list such as ``200,301``; raises ValueError where it is none."""
    codes = [part.strip() for part in listed_codes.split(",")]
    if not all(code.isascii() and code.isdigit() and 100 <= int(code) <= 599 for code in codes):
        raise ValueError(f"{listed_codes!r} is no list of HTTP status codes such as 200,301")
    return frozenset(map(int, codes))


def _ping(watch: Watch, report: Report, at: float) -> Result:
    ping = cast("Ping", report)
    ms = ping.rtt_ms.avg if ping.rtt_ms else None

    def said() -> Iterator[_Said]:
        if not ping.received:
            yield _Said("unknown" if "no route to the network" in (ping.refusal or "") else "down", _no_echo(ping))
        elif watch.limits.loss is not None and (ping.loss or 0) >= watch.limits.loss:
            yield _Said("degraded", f"{percent(ping.loss or 0)} of {ping.sent} echo requests were lost")

    return _result(watch, at, ms, {}, said())


def _no_echo(ping: Ping) -> str:
    how = "connection attempts (ICMP is not allowed here)" if ping.method == "tcp" else "echo requests"
    return f"none of {ping.sent} {how} was answered{f': {ping.refusal}' if ping.refusal else ''}"


def _dns(watch: Watch, report: Report, at: float) -> Result:
    lookup = cast("DnsLookup", report)
    kind = lookup.record_type
    data = sorted({answer.data for answer in lookup.answers if answer.type == kind})
    facts = {"records": as_text("; ".join(data) or "none", _FACT)} if lookup.rcode in ("NOERROR", "NXDOMAIN") else {}

    def said() -> Iterator[_Said]:
        if lookup.rcode != "NOERROR":
            yield _Said("down" if lookup.rcode else "unknown", f"the name server answers {lookup.rcode or 'nothing'}")
        elif not data:
            yield _Said("down", f"there is no {kind} record")
        elif watch.limits.record is not None and _bare(watch.limits.record) not in map(_bare, data):
            yield _Said("down", f"the {kind} records are {listed(data, 4)}, and none is {watch.limits.record}")

    return _result(watch, at, lookup.response_ms, facts, said())


def _bare(record: str) -> str:
    return record.rstrip(".").lower()


def _mail(watch: Watch, report: Report, at: float) -> Result:
    server = cast("Mail", report).server

    def said() -> Iterator[_Said]:
        if server is None:
            yield _Said("down", report.error.message if report.error else "no mail server could be greeted")
            return
        tls = server.tls
        if server.starttls is False:
            yield _Said("degraded", "the server does not offer STARTTLS")
        elif tls is not None and tls.error is not None and tls.certificate is None:
            yield _Said("unknown" if is_ours(tls.error) else "degraded", f"TLS failed: {tls.error.message}")
        if tls is not None and tls.certificate is not None:
            yield from _of_days(watch, tls.certificate.days_left)

    facts = {}
    if server and server.tls and server.tls.certificate:
        held = server.tls.certificate
        facts["certificate"] = _certificate_fact(held.subject, held.issuer, held.not_after, "")
    return _result(watch, at, None, facts, said())


def _certificate(watch: Watch, report: Report, at: float) -> Result:
    held = cast("CertificateInfo", report)

    def said() -> Iterator[_Said]:
        if not held.chain:
            yield _Said("unknown", report.error.message if report.error else "the server shows no certificate")
        yield from _of_certificate(watch, held)

    return _result(watch, at, None, _facts_of(held.chain[0]) if held.chain else {}, said())


def _of_certificate(watch: Watch, held: CertificateInfo) -> Iterator[_Said]:
    yield from _of_days(watch, held.days_left)
    if held.trusted is False and (held.days_left is None or held.days_left >= 0):
        yield _Said("down", f"the certificate is not trusted: {held.trust_error or 'no reason given'}")
    if held.hostname_matches is False:
        yield _Said("down", "the certificate is for another name")
    if held.revocation is not None and held.revocation.status == "revoked":
        yield _Said("down", "the certificate is revoked")


def _facts_of(leaf: Certificate) -> dict[str, str]:
    fact = _certificate_fact(leaf.subject, leaf.issuer, leaf.not_after, leaf.fingerprint_sha256[:16])
    return {"certificate": fact, "expires": f"{leaf.not_after.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}


def _certificate_fact(subject: str, issuer: str, until: datetime, fingerprint: str) -> str:
    known = f", SHA-256 {fingerprint}…" if fingerprint else ""
    until = until.astimezone(UTC)
    return as_text(f"{as_text(subject, 150)}, issuer {as_text(issuer, 150)}, valid until {until:%Y-%m-%d}{known}", _FACT)


def _tls(watch: Watch, report: Report, at: float) -> Result:
    audit = cast("TlsAudit", report)
    grade = audit.grade
    sure = grade is not None and grade.letter is not None and not grade.not_measured
    facts = {"grade": grade.letter} if grade is not None and grade.letter is not None and sure else {}
    if audit.quantum != "unknown":
        facts["post_quantum"] = audit.quantum
    for held in audit.certificates[:1]:
        facts |= _facts_of(held.chain[0]) if held.chain else {}

    def said() -> Iterator[_Said]:
        wanted, letter = watch.limits.grade, grade.letter if grade else None
        if letter is None:
            yield _Said("unknown", "too little could be measured for a grade")
        elif wanted is not None and is_worse_grade(letter, wanted):
            reason = f" ({grade.caps[0].reason})" if grade and grade.caps else ""
            yield _Said("degraded", f"the TLS grade is {letter}, worse than {wanted}{reason}")
        for certificate in audit.certificates[:1]:
            yield from _of_certificate(watch, certificate)

    return _result(watch, at, None, facts, said())


def _quantum(watch: Watch, report: Report, at: float) -> Result:
    check = cast("QuantumCheck", report)
    facts: dict[str, str] = {} if check.verdict == "unknown" else {"post_quantum": check.verdict}

    def said() -> Iterator[_Said]:
        if check.verdict == "unknown":
            why = report.error.message if report.error else "which key exchange the server does could not be established"
            yield _Said("unknown", why)
        elif watch.limits.post_quantum and check.verdict != "safe":
            offered = "is offered, but not used" if check.verdict == "available" else "is not offered"
            yield _Said("degraded", f"post-quantum key exchange {offered}")

    return _result(watch, at, None, facts, said())


def _ssh(watch: Watch, report: Report, at: float) -> Result:
    audit = cast("SshAudit", report)
    facts = {}
    if audit.host_keys and not audit.host_keys_missing:
        keys = sorted(f"{key.type} {key.fingerprint_sha256}" for key in audit.host_keys)
        facts["host_key"] = as_text("; ".join(keys), _FACT)
    if audit.post_quantum is not None:
        facts["post_quantum"] = "safe" if audit.post_quantum else "not_safe"

    def said() -> Iterator[_Said]:
        if audit.banner is None:
            yield _Said("unknown", report.error.message if report.error else "the server did not say who it is")
        elif watch.limits.post_quantum and audit.post_quantum is False:
            yield _Said("degraded", "post-quantum key exchange is not used")

    return _result(watch, at, None, facts, said())


def _nmap(watch: Watch, report: Report, at: float) -> Result:
    scan = cast("NmapScan", report)
    host = scan.hosts[0] if scan.hosts else None
    complete = scan.status == "ok" and host is not None and host.state != "down" and not host.timed_out
    opened = {port.port for port in host.ports if port.state == "open" and port.protocol == "tcp"} if host else set()
    shown = ",".join(map(str, sorted(opened)))
    facts = {"open_ports": as_text(shown or "none", _FACT)} if complete else {}

    def said() -> Iterator[_Said]:
        wanted = watch.limits.ports
        if scan.status == "ok" and (host is None or host.state == "down"):
            yield _Said("down", "the host does not answer the scan")
        elif not complete:
            yield _Said("unknown", report.error.message if report.error else "the scan did not come to its end")
        elif wanted is not None:
            expected = set(port_numbers(port_ranges(wanted)))
            more, fewer = sorted(opened - expected), sorted(expected - opened)
            if more:
                yield _Said("degraded", f"open, and should not be: {listed([*map(str, more)], 10)}")
            if fewer:
                yield _Said("degraded", f"not open, and should be: {listed([*map(str, fewer)], 10)}")

    return _result(watch, at, None, facts, said())


_JUDGES: Mapping[str, Callable[[Watch, Report, float], Result]] = {
    "icmp": _ping, "dns": _dns, "smtp": _mail, "certificate": _certificate, "tls": _tls, "quantum": _quantum, "ssh": _ssh,
    "nmap": _nmap,
}  # fmt: skip
