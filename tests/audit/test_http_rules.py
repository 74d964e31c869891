"""What an answer of a web server means, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from netassist.audit.content_policy import ContentPolicy
from netassist.audit.rules.http import RULES, judge
from netassist.probes.http_cookies import Cookie
from netassist.probes.http_page import Load
from netassist.probes.http_speech import TlsSummary
from tests.reports.samples import http

SOUND = {
    "content-type": "text/html",
    "strict-transport-security": "max-age=63072000; includeSubDomains; preload",
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def ids(headers: dict[str, str | None] | None = None, **facts: Any) -> set[str]:
    """Of a sound answer with some headers changed, or left out where they are None."""
    sent = {name: value for name, value in {**SOUND, **(headers or {})}.items() if value is not None}
    return {finding.id.removeprefix("http.") for finding in judge(http(headers=sent, **facts))}


def test_a_sound_answer_has_no_findings() -> None:
    assert ids() == set()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"strict-transport-security": None}, "no_hsts"),
        ({"strict-transport-security": "includeSubDomains"}, "no_hsts"),
        ({"strict-transport-security": "max-age=86400"}, "short_hsts"),
        ({"strict-transport-security": "max-age=63072000; preload"}, "hsts_preload_incomplete"),
        ({"x-content-type-options": None}, "no_nosniff"),
        ({"referrer-policy": None}, "no_referrer_policy"),
        ({"referrer-policy": "no-referrer, unsafe-url"}, "referrer_leaks"),
        ({"permissions-policy": None}, "no_permissions_policy"),
        ({"cross-origin-opener-policy": None}, "no_coop"),
        ({"cross-origin-resource-policy": ""}, "no_corp"),
        ({"x-xss-protection": "1; mode=block"}, "xss_filter"),
        ({"server": "nginx/1.24.0"}, "version_disclosed"),
        ({"x-powered-by": "Lab/8.1.2"}, "version_disclosed"),
    ],
)
def test_each_header_has_its_rule(headers: dict[str, str | None], expected: str) -> None:
    assert ids(headers) == {expected}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (None, {"no_csp", "no_frame_protection"}),
        ("frame-ancestors 'self'", {"csp_any_script"}),
        ("script-src *; frame-ancestors 'self'", {"csp_any_script"}),
        ("script-src https:; frame-ancestors 'self'", {"csp_any_script"}),
        ("default-src 'self' 'unsafe-inline'; frame-ancestors 'self'", {"csp_inline_script"}),
        ("script-src 'unsafe-inline' 'nonce-abc'; frame-ancestors 'self'", set()),
        ("script-src https: 'unsafe-inline' 'nonce-abc' 'strict-dynamic'; frame-ancestors 'self'", set()),
        ("script-src 'self' 'unsafe-eval'; frame-ancestors 'self'", {"csp_eval"}),
        ("script-src *, script-src 'self'; frame-ancestors 'self'", set()),
        ("default-src 'self'", {"no_frame_protection"}),
    ],
)
def test_a_content_policy_is_read_for_what_scripts_may_do(policy: str | None, expected: set[str]) -> None:
    assert ids({"content-security-policy": policy}) == expected


def test_a_policy_that_only_reports_limits_nothing() -> None:
    headers: dict[str, str | None] = {
        "content-security-policy": None, "content-security-policy-report-only": "default-src 'self'", "x-frame-options": "DENY",
    }  # fmt: skip
    assert ids(headers) == {"no_csp"}


def test_headers_of_pages_are_not_asked_of_data_and_none_of_errors_and_redirects() -> None:
    bare: dict[str, str | None] = dict.fromkeys(SOUND) | {"strict-transport-security": SOUND["strict-transport-security"]}
    assert ids({**bare, "content-type": "application/json"}) == {"no_nosniff"}
    assert ids(bare, status_code=404) == set()
    assert ids(bare, status_code=302) == set()


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"tls_error": "self-signed certificate"}, "certificate_not_verified"),
        ({"tls": TlsSummary("TLSv1.0")}, "old_tls"),
        ({"default_page": "nginx"}, "default_page"),
        ({"default_page": "directory listing", "title": "Index of /"}, "directory_listing"),
        ({"mixed_content": (Load("script", "http://x.example/a.js", True),)}, "mixed_content"),
        ({"mixed_content": (Load("img", "http://x.example/a.png", False),)}, "mixed_images"),
        ({"url": "http://shop.example/"}, "plain"),
    ],
)
def test_each_other_fact_has_its_rule(facts: dict[str, Any], expected: str) -> None:
    assert ids(**facts) == {expected}


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        (Cookie("a", "https://x.example/", True, True, "lax"), set()),
        (Cookie("a", "https://x.example/", False, True, "lax"), {"cookie_not_secure"}),
        (Cookie("a", "http://x.example/", False, True, "lax"), set()),
        (Cookie("a", "https://x.example/", True, False, "lax"), {"cookie_for_scripts"}),
        (Cookie("a", "https://x.example/", True, True), {"cookie_no_same_site"}),
        (Cookie("a", "http://x.example/", False, True, "none"), {"cookie_same_site_none"}),
        (Cookie("__Host-a", "https://x.example/", True, True, "lax"), {"cookie_prefix"}),
    ],
)
def test_each_fault_of_a_cookie_has_its_rule(cookie: Cookie, expected: set[str]) -> None:
    assert ids(cookies=(cookie,)) == expected


def test_a_version_without_support_is_told() -> None:
    assert ids({"x-powered-by": "PHP/7.4.3"}) == {"version_disclosed", "software.end_of_life"}


def test_several_policies_all_apply() -> None:
    assert ContentPolicy("script-src *, script-src 'self'").any_script is False
    assert not ContentPolicy(" ; ,")


def test_every_rule_has_words_and_what_a_browser_or_standard_says() -> None:
    for id, rule in RULES.items():
        assert all((rule.title, rule.detail, rule.fix))
        assert rule.references or id == "http.certificate_not_verified"
