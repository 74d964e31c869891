"""What a text mentions: addresses, names, ports, dates, versions, suites, groups, figures. One pass from left to right.

Every expression is bounded, so that the time is linear in the length of the text.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import NamedTuple

from netassist.assistant.checking.spelling import (
    algorithm,
    day_of,
    days_in,
    group_name,
    is_host_name,
    milliseconds,
    number,
    suite,
)
from netassist.assistant.checking.words import COUNTING, MONTH, SPAN


class Mention(NamedTuple):
    """One thing that is mentioned. `digits` are those written behind the decimal point of a figure."""

    kind: str
    value: str | float
    start: int
    end: int
    digits: int = 0

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.end

    @property
    def figure(self) -> float:
        """The value of what is a number."""
        return float(self.value)


_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})"
_FIGURE = r"\d{1,9}(?:[.,]\d{1,9})?"
_CLOCK = r"\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:\s?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
_SSH = (
    r"mlkem\d{3,4}|sntrup\d{3}|curve25519-sha|curve448-sha|ecdh-sha2|diffie-hellman|ssh-(?:ed25519|ed448|rsa|dss)|rsa-sha2|"
    r"ecdsa-sha2|aes(?:128|192|256)-(?:ctr|gcm|cbc)|chacha20-poly1305|hmac-(?:sha|md5)|umac-\d"
)
_OPENSSL = (
    r"(?:(?:ECDHE|DHE|ECDH|DH|ADH|AECDH|EDH|PSK|SRP|KRB5|EXP)-){0,2}(?:(?:RSA|ECDSA|DSS|PSK)-){0,2}"
    r"(?:AES\d{3}|CAMELLIA\d{3}|ARIA\d{3}|CHACHA20|DES|RC4|SEED|IDEA|NULL|RC2)(?:-[A-Z0-9]{2,6}){0,3}"
    r"-(?:SHA\d{0,3}|MD5|POLY1305|CCM8?)"
)
_PATTERNS: tuple[tuple[str, str], ...] = (
    ("url", r"(?i:https?)://[^\s<>()\"'`|*]{1,400}"),
    ("cve", r"\b(?i:CVE)-\d{4}-\d{4,7}\b"),
    ("standard", r"\b(?:RFC|FIPS|IR|CNSA|ISO|SP|CVSS|PCI[ -]DSS|OWASP|BSI|TR)[ -]?(?:IR )?\d[\d.-]{0,8}\b"),
    ("hex", r"\b(?:[0-9A-Fa-f]{2}:){5,63}[0-9A-Fa-f]{2}\b|\b(?=[a-fA-F]{0,20}\d)[0-9a-fA-F]{16,128}\b"),
    ("iso", rf"\b\d{{4}}-\d{{2}}-\d{{2}}(?:[T ]{_CLOCK})?"),
    ("written", rf"\b\d{{1,2}}(?:st|nd|rd|th|\.|er)?(?: of)? {MONTH}\.?,? \d{{4}}\b|\b{MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? "
                rf"(?:{_CLOCK},? )?\d{{4}}\b"),
    ("month", rf"\b{MONTH} \d{{4}}\b"),
    ("numeric", r"\b\d{1,2}([./])\d{1,2}\1\d{4}\b"),
    ("four", r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?!\w|\.\d)"),
    ("six", r"(?<![\w:])(?=[0-9a-fA-F:]{0,40}::|(?:[0-9a-fA-F]{1,4}:){7})[0-9a-fA-F:]{2,45}(?:/\d{1,3})?(?![\w:])"),
    ("protocol", r"\b(?:TLS|SSL)[ \u00a0]?v?\.?(?:1\.[0-3]|[23](?:\.0)?|1)(?!\.?\d|\w)"),
    ("suite", rf"\b(?:TLS|SSL_CK|SSL)_[A-Za-z0-9_]{{4,80}}\b|(?<![\w-]){_OPENSSL}(?![\w-])"),
    ("algorithm", rf"(?<![\w-])(?:{_SSH})[\w-]{{0,60}}(?:@[\w.-]{{1,60}}\w)?"
                  r"|\b(?:rsa_p(?:ss|kcs1)|ecdsa|mldsa)_[a-z0-9_]{3,40}\b"
                  r"|\b(?i:(?:sha\d{1,3}|md5|ecdsa|dsa)-?with-?(?:rsa(?:encryption)?|sha\d{1,3}|ecdsa))\b"),
    ("group", r"(?i)\b(?:(?:x25519|secp(?:256|384)r1)_?(?:mlkem|kyber)\d{3,4}(?:draft00)?|(?:x|curve)25519|x448|"
              r"secp\d{3}[rk]1|p-(?:256|384|521)|prime256v1|ml-?kem-?\d{3,4}|ffdhe\d{4,5}|brainpoolp\d{3}[rt]1(?:tls13)?)\b"),
    ("key", r"\b\d{3,5}(?:[- ]|\u2011)?(?:bits?|Bit)\b|\b(?:RSA|DSA|DHE?)[ -]\d{3,5}\b(?!-)"),
    ("transport", r"\b\d{1,5}/(?:tcp|udp|sctp)\b|\b(?:tcp|udp)/\d{1,5}\b"),
    ("name", rf"(?<![\w.@-])(?:\*\.)?{_LABEL}(?:\.{_LABEL}){{0,10}}\.[A-Za-z]{{2,24}}\b(?![\w-])(?!\.\w)"),
    ("slashes", rf"(?<![\w.]){_FIGURE}(?:\s?(?:/|–|-| to | bis )\s?{_FIGURE}){{1,3}}\s?(?:ms|µs|s)\b"),
    ("span", rf"(?<![\w.,])(?:[-−]?\d{{1,6}}|{COUNTING})(?: |-|\u00a0)(?:full |whole |ganze |more )?{SPAN}\b"),
    ("duration", rf"(?<![\w.,]){_FIGURE}\s?(?:ms|msec|milliseconds?|µs|μs|us|microseconds?|seconds?|secs?|s|Millisekunden|"
                 r"Sekunden|millisecondes?|secondes?|minutes?|Minuten|hours?|Stunden?|heures?)\b"),
    ("percent", rf"(?<![\w.,]){_FIGURE}\s?(?:%|per ?cent\b|Prozent\b|pour cent\b)"),
    ("version", r"(?<![A-Za-z0-9.,])v?\d{1,6}(?:\.\d{1,8}){1,4}(?:[a-z]{1,3}\d{0,3})?(?:-[0-9a-z]{1,12})?(?![\w]|\.\d)"),
    ("figure", r"(?<![\w.,])\d{1,6},\d{1,6}(?![\w,]|\.\d)"),
    ("ratio", r"(?<![\w.,/])\d{1,6}\s?/\s?\d{1,6}(?![\w/]|\.\d)"),
    ("whole", r"(?<![\w.,])[-−]?\d{1,9}(?![\w]|\.\d|,\d)"),
    ("counting", rf"\b{COUNTING}\b"),
)  # fmt: skip


def _named(name: str, expression: str) -> str:
    flagless = expression.removeprefix("(?i)")
    inner = (
        f"(?i:{flagless})" if flagless != expression or name in ("written", "month", "span", "counting", "group") else flagless
    )
    return f"(?P<{name}>{inner})"


# The back-reference of `numeric` counts groups from the left; it is named here.
_TOKEN = re.compile("|".join(_named(*row) for row in _PATTERNS).replace("([./])", "(?P<sign>[./])").replace(r"\1", "(?P=sign)"))
_SAME_AGAIN = re.compile(r"\s?(?:/|,|&|,? ?(?:and|und|et|or|oder|ou|nor|noch|ni|to|through|bis|à)|–|-)\s?v?", re.IGNORECASE)


def mentions(text: str) -> list[Mention]:
    """All of them, in their order; none overlaps another."""
    found: list[Mention] = []
    for match in _TOKEN.finditer(text):
        for mention in _read(match, text):
            last = found[-1] if found else None
            versions = ("1.0", "1.1", "1.2", "1.3")
            after = last is not None and last.kind == "protocol" and _SAME_AGAIN.fullmatch(text, last.end, mention.start)
            if mention.kind == "version" and after and mention.value in versions:
                # "TLS 1.0/1.1", "TLS 1.2 and 1.3"
                mention = mention._replace(kind="protocol", value=f"TLSv{mention.value}")
            found.append(mention)
    return found


def _read(match: re.Match[str], text: str) -> Iterator[Mention]:
    kind, said = str(match.lastgroup), match.group()
    start, end = match.span()
    if kind == "sign":
        kind = "numeric"

    def one(kind: str, value: str | float | None, digits: int = 0, end: int = end) -> Iterator[Mention]:
        if value is not None:
            yield Mention(kind, value, start, end, digits)

    match kind:
        case "url":
            url = said.rstrip(".,;:!?]}_")
            yield from one("url", url.lower().rstrip("/"), end=start + len(url))
        case "cve":
            yield from one("cve", said.upper())
        case "hex":
            yield from one("hex", said.replace(":", "").lower())
        case "iso" | "written" | "numeric" | "month":
            yield from one("date", day_of(said))
        case "four" | "six":
            yield from _address(said, start, end, text)
        case "protocol":
            major = re.search(r"\d(?:\.\d)?$", said)
            version = major.group() if major else ""
            shown = f"SSLv{version[0]}" if said[:3].upper() == "SSL" else f"TLSv{version if '.' in version else version + '.0'}"
            yield from one("protocol", shown)
        case "suite":
            yield from one("suite", suite(said))
        case "algorithm":
            yield from one(*algorithm(said))
        case "group":
            yield from one("group", group_name(said))
        case "key":
            yield from one("key", float(re.sub(r"\D", "", said)))
        case "transport":
            yield from one("port", float(re.sub(r"\D", "", said)))
        case "name":
            if is_host_name(said):
                yield from one("name", said.lower())
                yield from _port_behind(end, text)
        case "slashes":
            unit = re.search(r"[^\d\s]+$", said)
            for part in re.finditer(_FIGURE, said):
                value, digits = milliseconds(part.group() + (unit.group() if unit else "ms"))
                yield Mention("duration", value, start + part.start(), start + part.end(), digits)
        case "span":
            yield from one("days", days_in(said))
        case "duration":
            value, digits = milliseconds(said)
            yield from one("duration", value, digits)
        case "percent" | "figure":
            figure = re.sub(r"[^\d.,]", "", said).replace(",", ".")
            yield from one(kind, float(figure.rstrip(".")), len(figure.partition(".")[2]))
        case "version":
            yield from one("version", said.removeprefix("v"))
        case "ratio":
            for part in re.finditer(r"\d+", said):
                yield Mention("part", float(part.group()), start + part.start(), start + part.end())
        case "whole":
            yield from one("whole", float(said.replace("−", "-")))
        case "counting":
            many = number(said)
            yield from one("counting", None if many is None else float(many))


def _address(said: str, start: int, end: int, text: str) -> Iterator[Mention]:
    try:
        shown = str(ipaddress.ip_network(said, strict=False)) if "/" in said else str(ipaddress.ip_address(said))
    except ValueError:
        return
    yield Mention("address", shown, start, end)
    yield from _port_behind(end, text)


_BEHIND = re.compile(r"\]?:(\d{1,5})(?![\d.])")


def _port_behind(end: int, text: str) -> Iterator[Mention]:
    if found := _BEHIND.match(text, end):
        yield Mention("port", float(found[1]), *found.span(1))
