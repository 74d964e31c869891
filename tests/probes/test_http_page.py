"""Bodies, pages and cookies as they are read: pure, bounded, and undisturbed by whatever a server sends."""

from __future__ import annotations

import gzip
import zlib
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.probes.http_body import decoded
from netassist.probes.http_cookies import Cookie, prefix_violation, read_cookie
from netassist.probes.http_page import MOST_LOADS, Load, read_page


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"abc", ""),
        (b"abc", "identity"),
        (gzip.compress(b"abc", mtime=0), "gzip"),
        (gzip.compress(b"abc", mtime=0), " GZIP "),
        (zlib.compress(b"abc"), "deflate"),
        (zlib.compress(b"abc")[2:-4], "deflate"),
    ],
)
def test_each_encoding_gives_the_same(body: bytes, encoding: str) -> None:
    assert decoded(body, encoding) == (b"abc", False)


def test_what_is_cut_short_or_unknown_says_so() -> None:
    assert decoded(gzip.compress(b"abc" * 1000)[:-8], "gzip") == (b"abc" * 1000, True)
    assert decoded(b"abc", "gzip") == (b"", True)
    assert decoded(b"abc", "br") == (None, True)
    assert decoded(gzip.compress(bytes(10_000_000)), "gzip", 1000) == (bytes(1000), True)


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "identity", "br", ""]))
def test_no_body_upsets_the_decoder(body: bytes, encoding: str) -> None:
    data, _ = decoded(body, encoding, 100)
    assert data is None or len(data) <= 100


@pytest.mark.parametrize(
    ("page", "name"),
    [
        (b"<!DOCTYPE html><html><head><title>Welcome to nginx!</title>", "nginx"),
        (b"<title>Apache2 Debian Default Page: It works</title>", "Apache (Debian, Ubuntu)"),
        (b"<html><body><h1>It works!</h1></body></html>", "Apache"),
        (b"<title>IIS Windows Server</title>", "IIS"),
        (b"<html><head><title>Index of /pub</title></head>", "directory listing"),
        (b"<title>Directory listing for /</title>", "directory listing"),
        (b"<html><head><title>Our shop: it works!</title></head><h1>It works for you</h1>", None),
        (b"<title>How we welcome people to nginx</title>", None),
    ],
)
def test_pages_of_servers_that_nobody_has_set_up(page: bytes, name: str | None) -> None:
    assert read_page(page, secure=True).default_page == name


def test_mixed_content_is_what_an_https_page_loads_by_http() -> None:
    page = b"""<script src="http://cdn.example/a.js"></script><IMG SRC='http://img.example/b.png'>
    <link rel=stylesheet href=http://css.example/c.css><link rel="canonical" href="http://shop.example/">
    <a href="http://other.example/">a link is no load</a><img src="https://img.example/d.png">
    <!-- <script src="http://old.example/e.js"></script> --><form method=post action="http://login.example/?a=1&amp;b=2">"""
    assert read_page(page, secure=True).mixed == (
        Load("script", "http://cdn.example/a.js", True),
        Load("img", "http://img.example/b.png", False),
        Load("link", "http://css.example/c.css", True),
        Load("form", "http://login.example/?a=1&b=2", True),
    )
    assert read_page(page, secure=False).mixed == ()
    assert len(read_page(b'<img src="http://x.example/">' * 100, secure=True).mixed) == MOST_LOADS


@pytest.mark.parametrize(
    "piece", [b"<!--", b"<script ", b"<script src=", b"<title>", b'<img a="', b"<", b"a=' ", b"<title>Welcome page"]
)
def test_a_page_made_to_keep_a_reader_busy_does_not(piece: bytes) -> None:
    began = monotonic()
    read_page(piece * (2_000_000 // len(piece)), secure=True)
    assert monotonic() - began < 10


@given(st.binary(max_size=500))
def test_no_page_upsets_the_reader(raw: bytes) -> None:
    read_page(raw, secure=True)


def test_attributes_of_a_cookie() -> None:
    raw = (
        b"id=secret; Secure; httponly ;SAMESITE=Strict; Domain=.shop.example; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; X=y"
    )
    cookie = read_cookie(raw, "https://shop.example/")
    assert cookie == Cookie("id", "https://shop.example/", True, True, "strict", ".shop.example", "/", True)
    assert "secret" not in repr(cookie)
    assert read_cookie(b"secretalone", "https://x.example/").name == ""


@pytest.mark.parametrize(
    ("cookie", "broken"),
    [
        (Cookie("__Host-a", "https://x.example/", secure=True, path="/"), None),
        (Cookie("__Host-a", "https://x.example/", secure=True, path="/a"), "__Host-a needs Path=/"),
        (Cookie("__host-a", "https://x.example/", secure=True, path="/", domain="x.example"), "__host-a needs no Domain"),
        (Cookie("__Secure-a", "http://x.example/", secure=True), "__Secure-a needs Secure by https"),
        (Cookie("__Secure-a", "https://x.example/", secure=True), None),
        (Cookie("plain", "http://x.example/"), None),
    ],
)
def test_a_prefix_is_a_promise(cookie: Cookie, broken: str | None) -> None:
    assert prefix_violation(cookie) == broken
