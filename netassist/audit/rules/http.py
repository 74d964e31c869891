"""What a web server's answer means: transport, headers that browsers act on, cookies, and what should not be shown.

Sources: OWASP's Secure Headers Project and HTTP headers cheat sheet, MDN, and the specifications of each header.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from netassist.audit.content_policy import ContentPolicy
from netassist.audit.end_of_life import Seen, end_of_life
from netassist.audit.rule import Rule
from netassist.observations import Endpoint, Finding
from netassist.probes.http import HttpCheck
from netassist.probes.http_cookies import Cookie, prefix_violation
from netassist.targets import parse_address, parse_url

HSTS_LEAST = 15_552_000
"""Seconds (180 days) below which a browser that rarely comes by forgets the policy."""
_HSTS_PRELOAD = 31_536_000
_VERSION = re.compile(r"\d+\.\d+")
_TELLING = ("server", "x-powered-by", "x-aspnet-version", "x-aspnetmvc-version", "x-generator")
_GUIDE = "https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html"
_MDN = "https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/"
_RFC6797 = "https://www.rfc-editor.org/rfc/rfc6797"
_COOKIES = "https://datatracker.ietf.org/doc/draft-ietf-httpbis-rfc6265bis/"

RULES: dict[str, Rule] = {
    "http.certificate_not_verified": Rule(
        "high",
        "The certificate does not verify",
        "Browsers warn here, and nobody can tell the server from an impostor; the check went on unverified.",
        "Install a certificate for this name from a trusted authority; certificate_info tells what is wrong.",
        (),
    ),
    "http.plain": Rule(
        "medium",
        "Served without encryption",
        "What is sent and answered can be read and changed on the way; nothing redirects to https.",
        "Serve it by https and redirect http there.",
        ("https://cwe.mitre.org/data/definitions/319.html",),
    ),
    "http.downgrade": Rule(
        "medium",
        "https redirects to http",
        "Who came encrypted is sent on in the clear, cookies and all.",
        "Redirect to https only.",
        ("https://cwe.mitre.org/data/definitions/319.html",),
    ),
    "http.old_tls": Rule(
        "medium",
        "An obsolete version of TLS",
        "RFC 8996 forbids TLS 1.0 and 1.1, and browsers refuse them.",
        "Allow TLS 1.2 and 1.3 only; tls_audit tells the rest.",
        ("https://www.rfc-editor.org/rfc/rfc8996",),
    ),
    "http.no_hsts": Rule(
        "low",
        "No HSTS",
        "A browser's first request may go out unencrypted and be intercepted.",
        f"Send Strict-Transport-Security: max-age={2 * 31_536_000}.",
        (_RFC6797, _GUIDE),
    ),
    "http.short_hsts": Rule(
        "low",
        "HSTS for a short time",
        "The policy is forgotten by browsers that do not come by often.",
        f"Raise max-age to {HSTS_LEAST} or more.",
        (_RFC6797, _GUIDE),
    ),
    "http.hsts_preload_incomplete": Rule(
        "info",
        "HSTS asks to be preloaded and cannot be",
        "Browsers' lists take a domain with includeSubDomains and a max-age of a year only.",
        f"Send max-age={2 * 31_536_000}; includeSubDomains; preload, or leave preload out.",
        ("https://hstspreload.org/",),
    ),
    "http.no_nosniff": Rule(
        "low",
        "Content types may be guessed",
        "Browsers may take data for scripts.",
        "Send X-Content-Type-Options: nosniff.",
        (_GUIDE, f"{_MDN}X-Content-Type-Options"),
    ),
    "http.no_csp": Rule(
        "low",
        "No content security policy",
        "Nothing limits what an injected script may load or send.",
        "Send a Content-Security-Policy; start with default-src 'self'.",
        ("https://www.w3.org/TR/CSP3/", _GUIDE),
    ),
    "http.csp_any_script": Rule(
        "low",
        "The content security policy lets scripts from anywhere run",
        "A policy without a limit for scripts does not stop an injected one.",
        "Name the sources of scripts (script-src), or use nonces with 'strict-dynamic'.",
        ("https://www.w3.org/TR/CSP3/", "https://csp.withgoogle.com/docs/strict-csp.html"),
    ),
    "http.csp_inline_script": Rule(
        "low",
        "The content security policy lets inline scripts run",
        "An injected script is an inline script; 'unsafe-inline' lets it run.",
        "Replace 'unsafe-inline' by nonces or hashes.",
        ("https://www.w3.org/TR/CSP3/", "https://csp.withgoogle.com/docs/strict-csp.html"),
    ),
    "http.csp_eval": Rule(
        "info",
        "The content security policy lets text become code",
        "'unsafe-eval' lets scripts run what they are given as text.",
        "Leave 'unsafe-eval' out where no library needs it.",
        ("https://www.w3.org/TR/CSP3/",),
    ),
    "http.no_frame_protection": Rule(
        "low",
        "May be framed by any site",
        "Other sites can show the page in a frame and catch clicks.",
        "Send Content-Security-Policy: frame-ancestors 'self', or X-Frame-Options: SAMEORIGIN.",
        (_GUIDE, f"{_MDN}X-Frame-Options"),
    ),
    "http.referrer_leaks": Rule(
        "low",
        "Addresses of pages are told to other sites",
        "The whole URL, with what stands in it, goes to every site that the page links to or loads from.",
        "Send Referrer-Policy: strict-origin-when-cross-origin, or no-referrer.",
        ("https://www.w3.org/TR/referrer-policy/", _GUIDE),
    ),
    "http.no_referrer_policy": Rule(
        "info",
        "No referrer policy",
        "What other sites learn of the page's address is left to the browser; current ones tell the origin only.",
        "Send Referrer-Policy: strict-origin-when-cross-origin.",
        ("https://www.w3.org/TR/referrer-policy/", _GUIDE),
    ),
    "http.no_permissions_policy": Rule(
        "info",
        "No permissions policy",
        "Scripts and frames of the page may ask for camera, microphone and place.",
        "Send Permissions-Policy: camera=(), microphone=(), geolocation=().",
        ("https://www.w3.org/TR/permissions-policy/", _GUIDE),
    ),
    "http.no_coop": Rule(
        "info",
        "The window is shared with sites that open it",
        "A site that opens the page keeps a handle on its window.",
        "Send Cross-Origin-Opener-Policy: same-origin.",
        (f"{_MDN}Cross-Origin-Opener-Policy", _GUIDE),
    ),
    "http.no_corp": Rule(
        "info",
        "Other sites may load it",
        "What other sites load into their process can be read there by flaws of processors (Spectre).",
        "Send Cross-Origin-Resource-Policy: same-site, unless others are meant to load it.",
        (f"{_MDN}Cross-Origin-Resource-Policy", _GUIDE),
    ),
    "http.xss_filter": Rule(
        "info",
        "The browser's old XSS filter is turned on",
        "The filter is gone from browsers, and where it lives it opens holes of its own.",
        "Leave X-XSS-Protection out, or send 0.",
        (f"{_MDN}X-XSS-Protection", _GUIDE),
    ),
    "http.mixed_content": Rule(
        "medium",
        "Mixed content: scripts, frames, styles or forms by http",
        "Who sits on the way changes them, and so the page; browsers block what they can.",
        "Use https for everything that the page loads and for where its forms go.",
        ("https://www.w3.org/TR/mixed-content/",),
    ),
    "http.mixed_images": Rule(
        "info",
        "Images, sound or video by http",
        "They can be changed on the way; current browsers ask by https instead, and show nothing where that fails.",
        "Use https for everything that the page loads.",
        ("https://www.w3.org/TR/mixed-content/",),
    ),
    "http.cookie_not_secure": Rule(
        "medium",
        "A cookie that also goes out unencrypted",
        "Without Secure the browser sends it by http too, where it can be read and used.",
        "Set the cookie with Secure.",
        (_COOKIES, "https://cwe.mitre.org/data/definitions/614.html"),
    ),
    "http.cookie_for_scripts": Rule(
        "low",
        "A cookie that scripts can read",
        "An injected script takes it away. Some cookies are meant for scripts (CSRF tokens); sessions are not.",
        "Set the cookie with HttpOnly, unless a script needs it.",
        (_COOKIES, "https://cwe.mitre.org/data/definitions/1004.html"),
    ),
    "http.cookie_same_site_none": Rule(
        "low",
        "A cookie for other sites without Secure",
        "Browsers refuse a cookie with SameSite=None that is not Secure.",
        "Set it with Secure, or with SameSite=Lax.",
        (_COOKIES,),
    ),
    "http.cookie_no_same_site": Rule(
        "info",
        "A cookie without SameSite",
        "Whether requests that other sites start carry it is left to the browser: some send it, some do not.",
        "Set it with SameSite=Lax, or Strict.",
        (_COOKIES, "https://cwe.mitre.org/data/definitions/1275.html"),
    ),
    "http.cookie_prefix": Rule(
        "low",
        "A cookie that breaks its own promise",
        "The prefix __Secure- or __Host- binds it to attributes that it lacks, so browsers refuse it.",
        "Set it with what its prefix asks for.",
        (_COOKIES,),
    ),
    "http.default_page": Rule(
        "low",
        "The page of a server that nobody has set up",
        "It tells which program runs, and that nobody looks after it.",
        "Put a page of your own there, or close the port.",
        ("https://cwe.mitre.org/data/definitions/1188.html",),
    ),
    "http.directory_listing": Rule(
        "medium",
        "The server lists a directory",
        "Files that nothing links to are found, backups and configuration among them.",
        "Turn listings off (nginx: autoindex off; Apache: Options -Indexes).",
        ("https://cwe.mitre.org/data/definitions/548.html",),
    ),
    "http.version_disclosed": Rule(
        "info",
        "The server tells its version",
        "It saves an attacker the guess which weaknesses fit.",
        "Leave the version out (nginx: server_tokens off; Apache: ServerTokens Prod; PHP: expose_php = Off).",
        ("https://cwe.mitre.org/data/definitions/200.html",),
    ),
}


def judge(check: HttpCheck) -> Iterator[Finding]:
    if check.status_code is None:
        return
    if check.tls_error:
        yield _found("http.certificate_not_verified", check.tls_error)
    yield from _transport(check)
    if check.status_code < 300:
        yield from _headers(check)
        yield from _page(check)
    yield from _cookies(check)
    for name in _TELLING:
        if _VERSION.search(check.headers.get(name, "")):
            yield _found("http.version_disclosed", f"{name}: {check.headers[name]}")
    said = (Seen(name, check.headers[name]) for name in _TELLING if name in check.headers)
    yield from end_of_life(said, check.started.date())


def _transport(check: HttpCheck) -> Iterator[Finding]:
    url = parse_url(check.url)
    if check.downgrade is not None:
        yield _found("http.downgrade", f"{check.downgrade.url} redirects to {check.downgrade.location}")
    if url.scheme == "http":
        yield from _plain(check)
    elif parse_address(url.host.host) is None:
        yield from _hsts(check.headers.get("strict-transport-security"))
    if check.tls is not None and check.tls.version in ("SSLv3", "TLSv1.0", "TLSv1.1"):
        yield _found("http.old_tls", f"the server chose {check.tls.version}, though TLS 1.3 was offered")


def _plain(check: HttpCheck) -> Iterator[Finding]:
    if check.redirects and check.redirects[-1].location.startswith("https://"):
        return
    address = parse_address(check.target.address or "") if isinstance(check.target, Endpoint) else None
    rule = RULES["http.plain"]
    rule = rule._replace(severity="info") if address is not None and address.is_loopback else rule
    yield rule.finding("http.plain", f"{check.url} answered {check.status_code}")


def _hsts(value: str | None) -> Iterator[Finding]:
    """RFC 6797; browsers ignore the header on hosts that are IP addresses (section 8.1.1)."""
    age = re.search(r"max-age\s*=\s*\"?(\d{1,18})", value or "", re.IGNORECASE)
    evidence = _sent("Strict-Transport-Security", value)
    if age is None:
        yield _found("http.no_hsts", evidence)
        return
    if int(age[1]) < HSTS_LEAST:
        yield _found("http.short_hsts", f"{evidence} ({int(age[1]) // 86400} days)")
    words = {word.strip().lower() for word in (value or "").split(";")}
    if "preload" in words and ("includesubdomains" not in words or int(age[1]) < _HSTS_PRELOAD):
        yield _found("http.hsts_preload_incomplete", evidence)


def _headers(check: HttpCheck) -> Iterator[Finding]:
    headers = check.headers
    if headers.get("x-content-type-options", "").strip().lower() != "nosniff":
        yield _found("http.no_nosniff", _sent("X-Content-Type-Options", headers.get("x-content-type-options")))
    if "html" not in headers.get("content-type", ""):
        return
    policy = ContentPolicy(headers.get("content-security-policy", ""))
    yield from _content_policy(policy, headers)
    framing = headers.get("x-frame-options", "").strip().lower()
    if not policy.limits_framing and framing not in ("deny", "sameorigin"):
        yield _found("http.no_frame_protection", _sent("X-Frame-Options", headers.get("x-frame-options")))
    referrer = headers.get("referrer-policy", "").rsplit(",", 1)[-1].strip().lower()
    if referrer in ("unsafe-url", "no-referrer-when-downgrade"):
        yield _found("http.referrer_leaks", _sent("Referrer-Policy", headers["referrer-policy"]))
    elif not referrer:
        yield _found("http.no_referrer_policy", "no Referrer-Policy header")
    for id, name in (
        ("http.no_permissions_policy", "Permissions-Policy"),
        ("http.no_coop", "Cross-Origin-Opener-Policy"),
        ("http.no_corp", "Cross-Origin-Resource-Policy"),
    ):
        if not headers.get(name.lower(), "").strip():
            yield _found(id, f"no {name} header")
    if headers.get("x-xss-protection", "0").strip()[:1] == "1":
        yield _found("http.xss_filter", _sent("X-XSS-Protection", headers["x-xss-protection"]))


def _content_policy(policy: ContentPolicy, headers: dict[str, str]) -> Iterator[Finding]:
    value = headers.get("content-security-policy")
    if not policy:
        only = headers.get("content-security-policy-report-only")
        evidence = (
            "Content-Security-Policy-Report-Only alone, which limits nothing" if only else _sent("Content-Security-Policy", value)
        )
        yield _found("http.no_csp", evidence)
        return
    evidence = _sent("Content-Security-Policy", value)
    if policy.any_script:
        yield _found("http.csp_any_script", evidence)
    if policy.inline_script:
        yield _found("http.csp_inline_script", evidence)
    if policy.eval:
        yield _found("http.csp_eval", evidence)


def _page(check: HttpCheck) -> Iterator[Finding]:
    if check.default_page == "directory listing":
        yield _found("http.directory_listing", f"{check.url} shows “{check.title}”")
    elif check.default_page:
        yield _found("http.default_page", f"{check.url} shows the page of {check.default_page}")
    for id, active in (("http.mixed_content", True), ("http.mixed_images", False)):
        loads = [f"{load.tag} {load.url}" for load in check.mixed_content if load.active is active]
        if loads:
            yield _found(id, "; ".join(loads))


def _cookies(check: HttpCheck) -> Iterator[Finding]:
    """One finding a rule, with the names of all cookies that it is about."""
    rules: tuple[tuple[str, Callable[[Cookie], bool]], ...] = (
        ("http.cookie_not_secure", lambda cookie: cookie.url.startswith("https:") and not cookie.secure),
        ("http.cookie_for_scripts", lambda cookie: not cookie.http_only),
        ("http.cookie_same_site_none", lambda cookie: cookie.same_site == "none" and not cookie.secure),
        ("http.cookie_no_same_site", lambda cookie: cookie.same_site is None),
    )
    for id, applies in rules:
        if names := [cookie.name or "(no name)" for cookie in check.cookies if applies(cookie)]:
            yield _found(id, f"set-cookie: {', '.join(dict.fromkeys(names))}")
    if broken := [violation for cookie in check.cookies if (violation := prefix_violation(cookie))]:
        yield _found("http.cookie_prefix", "; ".join(broken))


def _found(id: str, evidence: str) -> Finding:
    return RULES[id].finding(id, evidence)


def _sent(header: str, value: str | None) -> str:
    return f"{header}: {value}" if value is not None else f"no {header} header"
