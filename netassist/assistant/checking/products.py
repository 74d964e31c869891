"""Programs and their versions: each has to be what was seen at its port, or else on its host."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netassist.assistant.checking.facts import Fact
from netassist.assistant.checking.mentions import Mention
from netassist.assistant.checking.statement import Statement

_PRODUCT = re.compile(
    r"(?<![\w.-])(?:nginx|apache(?: httpd)?|iis|lighttpd|caddy|openssh|dropbear|openssl|postfix|exim|sendmail|dovecot|courier|mysql|mariadb|"
    r"postgresql|redis|mongodb|memcached|elasticsearch|vsftpd|proftpd|pure-ftpd|bind|unbound|samba|tomcat|jetty|varnish|haproxy|"
    r"envoy|traefik|gunicorn|php|python|node\.js|basehttp(?:server)?|openvpn|debian|ubuntu|centos|red hat|fedora|alpine|freebsd|"
    r"openbsd|windows(?: server)?|cisco|juniper|fortinet|mikrotik|kubernetes|docker|grafana|jenkins|gitlab|microsoft exchange)(?![\w-])",
    re.IGNORECASE,
)
_BEFORE_VERSION = re.compile(r"([A-Za-z][\w.+-]{1,30})(?:[ /_(]|\s\(|server |httpd )v?$")
_LATER = re.compile(
    r"[*_`]{0,2}\s?(?:\+|or (?:later|newer|higher|above)|and (?:later|newer|above)|oder neuer|ou plus|onwards)", re.IGNORECASE
)
_CHANGING = re.compile(
    r"\b(?:upgrad|updat|patch|install|mov(?:e|ing) to|migrat|need|requir|since|fixed in|as of|from)\w*", re.IGNORECASE
)


def judge_products(told: Statement) -> Iterator[Fact]:
    """Programs and their versions: of the port that the passage names, else of the host."""
    versions = [mention for mention in told.mentions if mention.kind == "version"]
    taken: set[int] = set()
    for mention in versions:
        before = told.whole[max(told.start, mention.start - 48) : mention.start]
        named = _BEFORE_VERSION.search(before)
        product = named[1].lower() if named else ""
        if told.passage.mood == "advises" and (_CHANGING.search(told.text) or _LATER.match(told.whole, mention.end)):
            taken |= {mention.start - len(before) + named.start(1)} if named else set()
            continue
        if _LATER.match(told.whole, mention.end) or (re.fullmatch(r"\d+\.\d+", str(mention.value)) and not product):
            continue
        at = mention.start - len(before) + named.start(1) if named else -1
        yield from _version(told, mention, product)
        if named and _PRODUCT.fullmatch(named[1]):
            taken.add(at)
            yield from _product(told, at, at + len(named[1]))
    for match in _PRODUCT.finditer(told.text):
        start, end = match.start() + told.start, match.end() + told.start
        if start not in taken and told.passage.mood == "says" and not told.negated(match.start(), match.end()):
            yield from _product(told, start, end)


def _texts(told: Statement, position: int) -> Iterator[tuple[str, str]]:
    """What is known of programs at a place: of its port alone where a scan has that."""
    port = told.port(position)
    about = told.sources(position)
    rows = [
        (
            " ".join(str(held.get(key) or "") for key in ("service", "product", "version", "cpe", "scripts")),
            source.where(f"port {port}"),
        )
        for source in about
        for held in (*(source.data.get("ports") or ()), *(source.data.get("services") or ()))
        if isinstance(held, dict) and held.get("port") == port and (held.get("product") or held.get("state") != "closed")
    ]
    if port is not None and any(len(text.split()) > 3 for text, _ in rows):
        yield from ((text.lower(), where) for text, where in rows)
        yield from ((source.words, source.where()) for source in about if source.port == port)
    else:
        yield from ((source.words, source.where()) for source in about)


def _version(told: Statement, mention: Mention, product: str) -> Iterator[Fact]:
    said = str(mention.value).lower()
    pattern = re.compile(rf"(?<![\d.]){re.escape(said)}(?![\d]|\.\d|[a-z]?\d)")
    word = _stem(product)
    if word == "http":
        held = [
            (str(source.data["http_version"]), source.where("http_version"))
            for source in told.sources(mention.start)
            if source.data.get("http_version")
        ]
        if held:
            right = any(version == said for version, _ in held)
            shown = None if right else held[0][0]
            yield told.fact("version", mention.start, mention.end, "supported" if right else "contradicted", shown, held[0][1])
            return
    other: tuple[str, str] | None = None
    for text, where in _texts(told, mention.start):
        if word and word in text:
            if any(word in text[max(0, match.start() - 60) : match.start()] for match in pattern.finditer(text)):
                yield told.fact("version", mention.start, mention.end, "supported", where=where)
                return
            found = re.search(rf"{re.escape(word)}[^\n\d]{{0,30}}?(\d+(?:\.\d+)+\w*)", text)
            other = other or ((found[1], where) if found else None)
        elif not word and pattern.search(text):
            yield told.fact("version", mention.start, mention.end, "supported", where=where)
            return
    if other:
        yield told.fact("version", mention.start, mention.end, "contradicted", *other)
    elif told.passage.mood == "says" or word:
        yield told.fact("version", mention.start, mention.end, "unsupported")


def _stem(product: str) -> str:
    return product.removesuffix("server").removesuffix("httpd").strip("( /_-")


def _product(told: Statement, start: int, end: int) -> Iterator[Fact]:
    word = _stem(told.whole[start:end].lower().split()[0])
    for text, where in _texts(told, start):
        if word in text:
            yield told.fact("product", start, end, "supported", where=where)
            return
    if told.passage.mood == "says":
        yield told.fact("product", start, end, "unsupported")
