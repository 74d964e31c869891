"""What a web server's answer means: missing security headers, plain HTTP, versions told to everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netassist.observations import Endpoint, Finding, Severity
from netassist.probes.http import HttpCheck
from netassist.targets import parse_address, parse_url

HSTS_LEAST = 15_552_000
"""Seconds (180 days) below which a browser that rarely comes by forgets the policy."""
_VERSION = re.compile(r"\d+\.\d+")
_GUIDE = "https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html"


def judge(check: HttpCheck) -> Iterator[Finding]:
    if check.status_code is None:
        return
    if check.tls_error:
        yield Finding(
            id="http.certificate_not_verified",
            severity="high",
            title="The certificate does not verify",
            detail="Browsers warn here, and nobody can tell the server from an impostor; the check went on unverified.",
            evidence=check.tls_error,
            fix="Install a certificate for this name from a trusted authority; certificate_info tells what is wrong.",
        )
    url = parse_url(check.url)
    headers, redirected = check.headers, 300 <= check.status_code < 400
    if url.scheme == "http":
        yield from _plain(check)
    elif parse_address(url.host.host) is None:
        yield from _hsts(headers.get("strict-transport-security"))
    if not redirected and check.status_code < 400:
        yield from _page(headers)
    for name in ("server", "x-powered-by", "x-aspnet-version"):
        if _VERSION.search(headers.get(name, "")):
            yield Finding(
                id="http.version_disclosed",
                severity="info",
                title="The server tells its version",
                detail="It saves an attacker the guess which weaknesses fit.",
                evidence=f"{name}: {headers[name]}",
                fix=f"Leave the version out of the {name} header.",
                references=("https://cwe.mitre.org/data/definitions/200.html",),
            )


def _plain(check: HttpCheck) -> Iterator[Finding]:
    if check.redirects and check.redirects[-1].location.startswith("https://"):
        return
    address = parse_address(check.target.address or "") if isinstance(check.target, Endpoint) else None
    yield Finding(
        id="http.plain",
        severity="info" if address is not None and address.is_loopback else "medium",
        title="Served without encryption",
        detail="What is sent and answered can be read and changed on the way; nothing redirects to https.",
        evidence=f"{check.url} answered {check.status_code}",
        fix="Serve it by https and redirect http there.",
        references=("https://cwe.mitre.org/data/definitions/319.html",),
    )


def _hsts(value: str | None) -> Iterator[Finding]:
    """RFC 6797; browsers ignore the header on hosts that are IP addresses (section 8.1.1)."""
    age = re.search(r"max-age\s*=\s*\"?(\d+)", value or "", re.IGNORECASE)
    reference = "https://www.rfc-editor.org/rfc/rfc6797"
    if age is None:
        detail = "A browser's first request may go out unencrypted and be intercepted."
        fix = f"Send Strict-Transport-Security: max-age={2 * 31_536_000}."
        yield _missing("no_hsts", "low", "No HSTS", detail, "Strict-Transport-Security", value, fix, reference)
    elif int(age[1]) < HSTS_LEAST:
        detail = f"The policy is forgotten after {int(age[1]) // 86400} days."
        fix = f"Raise max-age to {HSTS_LEAST} or more."
        yield _missing("short_hsts", "low", "HSTS for a short time", detail, "Strict-Transport-Security", value, fix, reference)


def _page(headers: dict[str, str]) -> Iterator[Finding]:
    policy = headers.get("content-security-policy", "")
    if headers.get("x-content-type-options", "").strip().lower() != "nosniff":
        detail = "Browsers may take data for scripts."
        fix = "Send X-Content-Type-Options: nosniff."
        value = headers.get("x-content-type-options")
        yield _missing("no_nosniff", "low", "Content types may be guessed", detail, "X-Content-Type-Options", value, fix)
    if "html" not in headers.get("content-type", ""):
        return
    if not policy:
        detail = "Nothing limits what an injected script may load or send."
        fix = "Send a Content-Security-Policy; start with default-src 'self'."
        reference = "https://www.w3.org/TR/CSP3/"
        yield _missing("no_csp", "low", "No content security policy", detail, "Content-Security-Policy", None, fix, reference)
    if "frame-ancestors" not in policy and headers.get("x-frame-options", "").strip().lower() not in ("deny", "sameorigin"):
        detail = "Other sites can show the page in a frame and catch clicks."
        fix = "Send Content-Security-Policy: frame-ancestors 'self', or X-Frame-Options: SAMEORIGIN."
        value = headers.get("x-frame-options")
        yield _missing("no_frame_protection", "low", "May be framed by any site", detail, "X-Frame-Options", value, fix)


def _missing(
    word: str, severity: Severity, title: str, detail: str, header: str, value: str | None, fix: str, reference: str = _GUIDE
) -> Finding:
    evidence = f"{header}: {value}" if value is not None else f"no {header} header"
    return Finding(
        id=f"http.{word}", severity=severity, title=title, detail=detail, evidence=evidence, fix=fix, references=(reference,)
    )
