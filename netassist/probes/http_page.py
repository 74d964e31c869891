"""What a page tells: its title, whether it is the one that a server shows before it is set up, and what it loads in the open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from itertools import islice
from typing import NamedTuple

import msgspec

from netassist.untrusted import as_text

MOST_LOADS = 10
READ_LIMIT = 131072
"""Bytes of a page that are looked at."""
_TITLE_LIMIT = 200
_SOURCES = {
    "script": "src", "iframe": "src", "frame": "src", "embed": "src", "object": "data", "form": "action", "link": "href",
    "img": "src", "audio": "src", "video": "src", "source": "src",
}  # fmt: skip
_PASSIVE = frozenset(("img", "audio", "video", "source"))
_TAG = re.compile(rf"<({'|'.join(_SOURCES)})\b([^<>]{{0,4000}})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([a-z-]{2,20})\s{0,5}=\s{0,5}(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{0,1000})", re.IGNORECASE)

# What each program's own page is known by; its files are in the program's package or repository.
DEFAULT_PAGES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("directory listing", r"<title>\s*(?:Index of /|Directory listing for /|Listing of )"),
        ("nginx", r"<title>\s*Welcome to nginx"),
        ("Apache (Debian, Ubuntu)", r"<title>\s*Apache2 (?:Debian|Ubuntu) Default Page"),
        ("Apache", r"<html>\s*<body>\s*<h1>\s*It works!\s*</h1>"),
        ("Apache (Red Hat, Fedora)", r"<title>\s*(?:HTTP Server Test Page|Test Page for the (?:Apache )?HTTP Server)"),
        ("nginx (Red Hat, Fedora)", r"<title>\s*Test Page for the Nginx HTTP Server"),
        ("IIS", r"<title>\s*IIS(?: Windows(?: Server)?|\d)"),
        ("Apache Tomcat", r"If you're seeing this, you've successfully installed Tomcat"),
        ("Caddy", r"<title>\s*Caddy works!"),
        ("lighttpd", r"<title>\s*Welcome page[^<]*</title>[\s\S]{0,4000}lighttpd"),
        ("Jetty", r"<title>\s*Welcome to Jetty"),
        ("XAMPP", r"<title>\s*Welcome to XAMPP"),
        ("Plesk", r"<title>\s*(?:Web Server's Default Page|Domain Default page)"),
        ("cPanel", r"/cgi-sys/defaultwebpage\.cgi"),
    )
)  # fmt: skip


class Load(msgspec.Struct, frozen=True):
    """What an https page loads or sends by http. `active` is what runs or is sent: scripts, frames, styles, forms."""

    tag: str
    url: str
    active: bool


class Page(NamedTuple):
    title: str | None
    default_page: str | None
    mixed: tuple[Load, ...]


def read_page(body: bytes, *, secure: bool) -> Page:
    """An HTML page, whole or cut short; `secure` where it came by https, so that what it loads by http is mixed content.

    Tags are found by bounded patterns, for a hostile page must not keep anybody busy; what scripts write later is not seen.
    """
    text = body[:READ_LIMIT].decode("utf-8", "replace")
    title = _TITLE.search(text)
    default = next((name for name, pattern in DEFAULT_PAGES if pattern.search(text)), None)
    mixed = tuple(islice(_mixed(text), MOST_LOADS)) if secure else ()
    return Page(as_text(unescape(title[1]), _TITLE_LIMIT) or None if title else None, default, mixed)


def _mixed(text: str) -> Iterator[Load]:
    """W3C Mixed Content: what is blockable is active here, what is upgradeable (images, sound, video) is not."""
    first, *others = text.split("<!--")
    for piece in (first, *(other.partition("-->")[2] for other in others)):
        for found in _TAG.finditer(piece):
            tag = found[1].lower()
            given = {name.lower(): unescape(value.strip("\"'")) for name, value in _ATTRIBUTE.findall(found[2])}
            if tag == "link" and "stylesheet" not in given.get("rel", "").lower().split():
                continue
            source = given.get(_SOURCES[tag], "").strip()
            if source.lower().startswith("http://"):
                yield Load(tag, as_text(source, 300), tag not in _PASSIVE)
