"""What the records of DMARC (RFC 7489), MTA-STS (RFC 8461) and TLS reporting (RFC 8460) say. Pure, from their texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from netassist.untrusted import as_text

_SHOWN, _MOST_PATTERNS, _MOST_AGE = 1000, 100, 31_557_600
Verdict = Literal["present", "absent", "invalid", "unknown"]
Policy = Literal["none", "quarantine", "reject"]


class Dmarc(msgspec.Struct, frozen=True, kw_only=True):
    """`policy` is what holds for the domain: that of its own record, or for subdomains (`sp`) of the record `at` a name above it.

    `percent` is the part of the mail that it holds for; `reports_to` are the addresses for aggregate reports.
    """

    verdict: Verdict
    at: str | None = None
    record: str | None = None
    policy: Policy | None = None
    subdomain_policy: Policy | None = None
    percent: int | None = None
    reports_to: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    detail: str | None = None


class MtaSts(msgspec.Struct, frozen=True, kw_only=True):
    """`mode`, `max_age` (seconds) and `mx` (patterns) are the policy's; `uncovered` are mail servers that no pattern fits."""

    verdict: Verdict
    id: str | None = None
    mode: Literal["enforce", "testing", "none"] | None = None
    max_age: int | None = None
    mx: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    detail: str | None = None


class TlsRpt(msgspec.Struct, frozen=True, kw_only=True):
    """`reports_to` are the URIs to which senders report failures of TLS."""

    verdict: Verdict
    reports_to: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    detail: str | None = None


def read_dmarc(records: Sequence[str], name: str, *, inherited: bool) -> Dmarc:
    """The records that begin as DMARC's do, of the name that they stand at (RFC 7489, sections 6.3 and 6.6.3)."""
    shown = as_text(records[0], _SHOWN)
    if len(records) > 1:
        why = f"{len(records)} DMARC records, where there may be one: receivers take none"
        return Dmarc(verdict="invalid", at=name, record=shown, problems=(why,))
    tags = tags_of(records[0])
    problems: list[str] = []
    if tags.get("v") != "DMARC1":
        problems.append("the version is not written as DMARC1")
    own, below = _policy(tags.get("p")), _policy(tags.get("sp"))
    if own is None:
        problems.append("no policy that is one (p)" if "p" in tags else "no policy (p)")
    if "sp" in tags and below is None:
        problems.append("a policy for subdomains that is none (sp)")
    percent = int(tags["pct"]) if re.fullmatch(r"\d{1,3}", tags.get("pct", "100")) and "pct" in tags else 100
    if percent > 100 or ("pct" in tags and not re.fullmatch(r"\d{1,3}", tags["pct"])):
        problems.append("a percentage that is none (pct)")
    for tag, allowed in (("adkim", "rs"), ("aspf", "rs")):
        if tag in tags and tags[tag].lower() not in tuple(allowed):
            problems.append(f"an alignment that is neither r nor s ({tag})")
    uris = [part.strip() for part in tags.get("rua", "").split(",") if part.strip()]
    wrong = [uri for uri in uris if not re.fullmatch(r"mailto:[^@\s]+@[^@\s]+|https?://\S+", uri, re.IGNORECASE)]
    problems += [f"reports go to what is no URI ({as_text(uri, 60)})" for uri in wrong[:3]]
    return Dmarc(
        verdict="invalid" if problems else "present",
        at=name,
        record=shown,
        policy=(below or own) if inherited else own,
        subdomain_policy=below or own,
        percent=min(percent, 100),
        reports_to=tuple(as_text(uri, 200) for uri in uris[:10]),
        problems=tuple(problems),
    )


def read_mta_sts(records: Sequence[str]) -> MtaSts:
    """The TXT record that announces a policy (RFC 8461, section 3.1)."""
    if not records:
        return MtaSts(verdict="absent")
    if len(records) > 1:
        return MtaSts(verdict="invalid", problems=(f"{len(records)} MTA-STS records, where there may be one",))
    id = tags_of(records[0]).get("id", "")
    if not re.fullmatch(r"[A-Za-z0-9]{1,32}", id):
        return MtaSts(verdict="invalid", problems=("the record has no id of 1 to 32 letters and digits",))
    return MtaSts(verdict="present", id=id)


def read_policy(record: MtaSts, text: str, servers: Sequence[str]) -> MtaSts:
    """The policy itself (section 3.2), held against the domain's mail servers (section 4.1)."""
    fields: dict[str, list[str]] = {}
    for line in text.splitlines()[: 10 * _MOST_PATTERNS]:
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip().lower(), []).append(value.strip())
    problems: list[str] = []
    if fields.get("version", [""])[0] != "STSv1":
        problems.append("the policy's version is not STSv1")
    mode = fields.get("mode", [""])[0].lower()
    if mode not in ("enforce", "testing", "none"):
        problems.append("the policy has no mode that is one")
    age = fields.get("max_age", [""])[0]
    if not age.isdecimal() or len(age) > 10 or int(age) > _MOST_AGE:
        problems.append(f"the policy has no max_age between 0 and {_MOST_AGE}")
    patterns = [pattern.lower().rstrip(".") for pattern in fields.get("mx", [])[:_MOST_PATTERNS]]
    if not patterns and mode != "none":
        problems.append("the policy names no mail server (mx)")
    uncovered = tuple(server for server in servers if patterns and not any(_fits(pattern, server) for pattern in patterns))
    return msgspec.structs.replace(
        record,
        verdict="invalid" if problems else "present",
        mode=mode if mode in ("enforce", "testing", "none") else None,
        max_age=int(age) if age.isdecimal() and len(age) <= 10 else None,
        mx=tuple(as_text(pattern, 255) for pattern in patterns),
        uncovered=uncovered,
        problems=tuple(problems),
    )


def read_tls_rpt(records: Sequence[str]) -> TlsRpt:
    """RFC 8460, section 3."""
    if not records:
        return TlsRpt(verdict="absent")
    if len(records) > 1:
        return TlsRpt(verdict="invalid", problems=(f"{len(records)} TLSRPT records, where there may be one",))
    uris = [part.strip() for part in tags_of(records[0]).get("rua", "").split(",") if part.strip()]
    good = tuple(
        as_text(uri, 200) for uri in uris[:10] if re.fullmatch(r"mailto:[^@\s]+@[^@\s]+|https://\S+", uri, re.IGNORECASE)
    )
    if not good:
        return TlsRpt(verdict="invalid", problems=("the record says nowhere that reports could go to (rua)",))
    return TlsRpt(verdict="present", reports_to=good)


def tags_of(record: str) -> dict[str, str]:
    """``name=value`` between semicolons (RFC 6376, section 3.2); the first of a name counts."""
    tags: dict[str, str] = {}
    for part in record.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            tags.setdefault(name.strip().lower(), value.strip())
    return tags


def _policy(text: str | None) -> Policy | None:
    words: dict[str, Policy] = {"none": "none", "quarantine": "quarantine", "reject": "reject"}
    return words.get((text or "").lower())


def _fits(pattern: str, server: str) -> bool:
    """A wildcard stands for one label, the leftmost (section 4.1)."""
    if pattern.startswith("*."):
        return server.partition(".")[2] == pattern[2:]
    return server == pattern
