"""Names, addresses, products and versions, suites and groups, digests, CVE numbers: each has to stand in an observation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netassist.assistant.checking.facts import Fact, Kind
from netassist.assistant.checking.mentions import Mention
from netassist.assistant.checking.observed import Source
from netassist.assistant.checking.statement import Statement, assigned, named_host
from netassist.targets import parse_address

_KINDS: dict[str, Kind] = {
    "address": "address", "name": "name", "url": "name", "hex": "record", "suite": "cipher", "algorithm": "cipher", "method": "group",
    "group": "group", "key": "key",
}  # fmt: skip
_ACCEPTS = re.compile(
    r"\b(?:accept\w*|support\w*|offer\w*|negotiat\w*|us(?:e|es|ed|ing)|enabled?|allow\w*|akzeptiert|unterstützt|aushandelt|accepte\w*)\b",
    re.IGNORECASE,
)
_REFUSES = re.compile(
    r"\b(?:refus\w*|reject\w*|disabled?|lack\w*|den(?:y|ies|ied)|missing|abgelehnt|deaktiviert|no longer)\b", re.IGNORECASE
)
_STANDARDS = re.compile(r"\b(?:CNSA|NIST|BSI|national security|disallowed|deprecated|not allowed)\b")
_ONLY = re.compile(r"\b(?:only|just|but|sondern|nur|seulement|rather)\b", re.IGNORECASE)
_NEGOTIATES = re.compile(r"\b(?:negotiat\w*|gets?|preferred|prefers|key exchange is|erhält)\b", re.IGNORECASE)
_NO_JUST_BEFORE = re.compile(r"\b(?:no|not|without|neither|nor|kein\w{0,2}|pas de|aucun\w{0,3})\s[*`_]{0,3}$", re.IGNORECASE)
_CVES = {
    "CVE-2014-0160": "heartbleed", "CVE-2014-3566": "sslv3_poodle", "CVE-2016-2183": "des3_sweet32", "CVE-2014-0224": "ccs_injection",
    "CVE-2016-9244": "ticketbleed", "CVE-2015-4000": "dh_1024_logjam", "CVE-2015-0204": "export_cipher",
    "CVE-2011-3389": "cbc_in_tls1_0_beast", "CVE-2012-4929": "compression_crime", "CVE-2013-2566": "rc4", "CVE-2015-2808": "rc4",
    "CVE-2009-3555": "insecure_renegotiation",
}  # fmt: skip
"""The numbers of weaknesses that a TLS audit gives a verdict on (NVD)."""


def judge_names(told: Statement) -> Iterator[Fact]:
    """Everything that is a name of its own."""
    listed = [mention for mention in told.mentions if mention.kind in ("suite", "group", "method")]
    cues = told.cues(_ACCEPTS, _REFUSES) if listed else []
    cues = [] if _STANDARDS.search(told.text) else cues
    denied = {
        item.start
        for item, cue in assigned(listed, cues, told.whole)
        if _no_before(told, item) or (cue and not cue.yes and not _only_before(told, item))
    }
    for mention in told.mentions:
        match mention.kind:
            case "address" | "name" | "url":
                yield from _host(told, mention)
            case "suite" | "group" | "method" | "algorithm" | "hex":
                yield from _held(told, mention, mention.start in denied)
            case "key":
                yield from _key(told, mention)
            case "cve":
                yield _cve(told, mention)


def _no_before(told: Statement, item: Mention) -> bool:
    return _NO_JUST_BEFORE.search(told.whole[max(told.start, item.start - 16) : item.start]) is not None


def _only_before(told: Statement, item: Mention) -> bool:
    """ "no post-quantum method, only curve25519-sha256"""
    return _ONLY.search(told.whole[max(told.start, item.start - 60) : item.start]) is not None


def _host(told: Statement, mention: Mention) -> Iterator[Fact]:
    kind = _KINDS[mention.kind]
    host = (named_host(mention) or "").rstrip(".")
    observed = told.observed
    address = parse_address(host)
    own = address is not None and (address.is_loopback or address.is_unspecified)
    if told.passage.mood == "advises" and (mention.kind != "address" or own):
        return
    if mention.value in observed.finding_ids:
        return
    if mention.kind == "url" and not _port_known(told, str(mention.value), host):
        yield told.fact(kind, mention.start, mention.end, "unsupported")
        return
    if observed.is_subject(host) or (host.startswith("_") and observed.is_subject(host.partition(".")[2])):
        yield _with_its_neighbour(told, mention, host, kind)
        return
    keys = {(mention.kind, mention.value), (mention.kind, f"{mention.value}."), ("name", host), ("url", mention.value)}
    about = told.sources(mention.start)
    if path := _place(about, keys):
        yield told.fact(kind, mention.start, mention.end, "supported", where=path)
    elif (
        keys & observed.requested
        or ("address", host) in observed.requested
        or (mention.kind == "url" and _place(observed.sources, keys))
        or any(_inside(source, host) for source in about)
    ):
        yield told.fact(kind, mention.start, mention.end, "supported")
    else:
        yield told.fact(kind, mention.start, mention.end, "unsupported")


def _port_known(told: Statement, url: str, host: str) -> bool:
    """Whether a port that a URL writes out is one that was asked, or that a report names."""
    found = re.match(r"https?://[^/]*:(\d{1,5})(?:/|$)", url)
    if found is None or not told.observed.is_subject(host):
        return True
    port = int(found[1])
    about = told.observed.about(frozenset((host,)))
    scanned = any(
        held.get("port") == port for source in about for held in (source.data.get("ports") or ()) if isinstance(held, dict)
    )
    return scanned or ("port", float(port)) in told.observed.requested or any(source.port == port for source in about)


def _inside(source: Source, host: str) -> bool:
    """A name that is part of a longer one or of a record."""
    return re.search(rf"(?<![\w-]){re.escape(host)}(?![\w-])", source.words) is not None


def _with_its_neighbour(told: Statement, mention: Mention, host: str, kind: Kind) -> Fact:
    """``name (address)``: both have to be of one host."""
    before = told.whole[max(told.start, mention.start - 80) : mention.start]
    if mention.kind == "address" and (found := re.search(r"([\w.-]{3,80})[*`_]{0,3} \([*`_]{0,3}$", before)):
        name = found[1].lower()
        if told.observed.is_subject(name) and not told.observed.is_subject(host):
            return told.fact(kind, mention.start, mention.end, "unsupported")
        own = {known for source in told.observed.about(frozenset((name,))) for known in source.hosts}
        if told.observed.is_subject(name) and host not in own:
            return told.fact(kind, mention.start, mention.end, "contradicted")
    return told.fact(kind, mention.start, mention.end, "supported")


def _place(sources: list[Source], keys: set[tuple[str, str | float]]) -> str | None:
    for source in sources:
        for key in keys:
            if (path := source.said.get(key)) is not None:
                return source.where(path)
    return None


def _held(told: Statement, mention: Mention, denied: bool) -> Iterator[Fact]:
    """A suite, a group, an algorithm or a digest is in the observations about its subject, or denied and is not."""
    kind, about = _KINDS[mention.kind], told.sources(mention.start)
    if mention.kind in ("group", "method") and (fact := _negotiated(told, mention, about)):
        yield fact
        return
    if told.passage.mood == "advises":
        return
    path = _place(about, {(mention.kind, mention.value)})
    if mention.kind == "hex" and path is None:
        path = next(
            (source.where(known) for source in about for key, known in source.said.items() if _begins(key, mention)), None
        )
    if (path is not None) is not denied:
        yield told.fact(kind, mention.start, mention.end, "supported", where=path)
    elif denied:
        yield told.fact(kind, mention.start, mention.end, "contradicted", "accepted", path)
    elif mention.kind == "algorithm" and (measured := _signature(about)):
        yield told.fact(kind, mention.start, mention.end, "contradicted", *measured)
    else:
        yield told.fact(kind, mention.start, mention.end, "unsupported")


def _begins(key: tuple[str, str | float], mention: Mention) -> bool:
    return key[0] == "hex" and str(key[1]).startswith(str(mention.value))


def _signature(about: list[Source]) -> tuple[str, str] | None:
    for source in about:
        for certificate in (source.data.get("chain") or ())[:1]:
            return str(certificate["signature_algorithm"]), source.where("chain[0].signature_algorithm")
        if signature := (source.data.get("authentication") or {}).get("signature"):
            return str(signature), source.where("authentication.signature")
    return None


def _negotiated(told: Statement, mention: Mention, about: list[Source]) -> Fact | None:
    """What clients get, where that is what is told of."""
    before = told.whole[max(told.start, mention.start - 40) : mention.start]
    if not _NEGOTIATES.search(before) or told.passage.mood == "advises":
        return None
    for source in about:
        measured = (source.data.get("key_exchange") or {}).get("negotiated")
        if measured:
            kind, same = _KINDS[mention.kind], measured.lower() == mention.value
            held = (mention.kind, mention.value) in source.said
            same = same or (held and "prefer" not in before and "negotiat" not in before)
            where = source.where("key_exchange.negotiated")
            return told.fact(
                kind, mention.start, mention.end, "supported" if same else "contradicted", None if same else measured, where
            )
    return None


def _key(told: Statement, mention: Mention) -> Iterator[Fact]:
    """The size of a key in bits."""
    if told.passage.mood == "advises":
        return
    about, bits = told.sources(mention.start), int(mention.value)
    diffie_hellman = re.search(r"\b(?:DHE?|Diffie|Logjam)\b", told.part(mention.start)) is not None
    sizes: dict[int | None, str] = {}
    for source in about:
        for place, certificate in enumerate(source.data.get("chain") or ()):
            sizes.setdefault(certificate["key"].get("bits"), source.where(f"chain[{place}].key.bits"))
    path = _place(about, {("key", float(bits))}) or sizes.get(bits)
    path = path or next((source.where(leaf.path) for source in about for leaf in source.figures if leaf.value == bits), None)
    if path:
        yield told.fact("key", mention.start, mention.end, "supported", where=path)
    elif diffie_hellman and re.search(r"\blogjam\b", told.text, re.IGNORECASE):
        return
    elif sizes and not diffie_hellman:
        size, where = next(iter(sizes.items()))
        shown = told.whole[mention.start : mention.end].replace(str(bits), str(size))
        yield told.fact("key", mention.start, mention.end, "contradicted", shown, where)
    else:
        yield told.fact("key", mention.start, mention.end, "unsupported")


def _cve(told: Statement, mention: Mention) -> Fact:
    """A number that a finding or a script names, or that of a weakness which was tested and is told of here."""
    about = told.sources(mention.start)
    if path := _place(about, {(mention.kind, mention.value)}):
        return told.fact("cve", mention.start, mention.end, "supported", where=path)
    weakness = _CVES.get(str(mention.value), "")
    word = weakness.rsplit("_", 1)[-1]
    tested = any(held["id"] == weakness for source in about for held in (source.data.get("weaknesses") or ()))
    if tested and re.search(rf"\b{word}\b", told.text, re.IGNORECASE):
        return told.fact("cve", mention.start, mention.end, "supported")
    return told.fact("cve", mention.start, mention.end, "unsupported")
