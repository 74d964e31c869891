"""A server's certificate: for whom, by whom, until when, and whether to trust it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from netassist.reports.layout import BAD, BLANK, GOOD, UNKNOWN, WARN, Task, Text, Verdict, facts, heading, table
from netassist.reports.style import Span
from netassist.reports.words import count, day, listed, named, place

if TYPE_CHECKING:
    from netassist.reports.style import Line
    from netassist.tls.caa import Caa
    from netassist.tls.certificate import CertificateInfo
    from netassist.tls.chain import Certificate
    from netassist.tls.dane import Dane, TlsaRecord

_BAR = 32
_SERIAL = 20
# What each problem says of "the certificate"; those of time are told with their dates.
_GRAVE = {
    "revoked": "has been revoked",
    "self_signed": "is self-signed and not trusted here",
    "untrusted_root": "leads to an authority that is not trusted here",
    "missing_intermediate": "comes without an intermediate certificate that its chain needs",
    "wrong_host": "is not for {name}{names}",
    "wildcard_mismatch": "has a wildcard that does not cover {name}",
    "weak_key_rsa1024": "has an RSA key of less than 2048 bits in its chain",
    "sha1_signature": "has a SHA-1 signature in its chain",
    "md5_signature": "has an MD5 signature in its chain",
}
_MINOR = {
    "no_san": "has no subject alternative name",
    "leaf_is_ca": "is that of a certificate authority",
    "reversed_or_superfluous_chain": "comes in a chain that is out of order or holds what does not belong there",
    "long_validity": "is issued for more than 398 days",
    "must_staple_without_staple": "demands an OCSP staple that the server does not send",
}


def task(info: CertificateInfo) -> Task:
    return Task("read the certificate", f"of {place(info.target)}")


def verdict(info: CertificateInfo, *, named: bool = True) -> Verdict:
    """With `named` false the client said no name, and whether the certificate is for the host's does not matter."""
    if not info.chain:
        return Verdict(f"Which certificate {place(info.target)} presents is unknown.", UNKNOWN)
    leaf, problems = info.chain[0], set(info.problems)
    who = f"The certificate of {_where(info)} (serial {_serial(leaf)}, {_issued(info)})"
    grave, minor, unknown = [*_dated(info), *_grave(info)], _minor(info), _unjudged(info, named=named)
    if grave:
        out_of_date = problems & {"expired", "not_yet_valid"}
        dates = "" if out_of_date else f"; its dates run until {day(leaf.not_after)}, {_left(info)} from now"
        return Verdict(f"{who} {listed([*grave, *minor])}{dates}{unknown}.", BAD)
    trusted = ", and is trusted" if info.trusted else ""
    only = "only " if "expires_soon" in problems else ""
    text = f"{who} is valid for {only}{_left(info, 'more ')}, until {day(leaf.not_after)}{trusted}"
    text += f", but {listed(minor)}" if minor else ""
    tone = UNKNOWN if unknown else WARN if minor or only else GOOD
    return Verdict(f"{text}{unknown}.", tone)


def evidence(info: CertificateInfo, width: int) -> Iterator[Line]:
    if not info.chain:
        return
    leaf = info.chain[0]
    certificate = [
        ("Subject", leaf.subject or "empty"),
        ("Names", names_words(leaf)),
        ("Issuer", leaf.issuer or "empty"),
        ("Serial", leaf.serial),
        ("Validity", timeline(leaf, info.started, width)),
        ("Time", time_words(leaf, info.started)),
        ("Key", key_words(leaf)),
        ("Signature", leaf.signature_algorithm),
        ("SHA-256", leaf.fingerprint_sha256),
    ]
    trust = list(trust_rows(info))
    # One column for both blocks.
    column = max(len(label) for label, _ in trust)
    yield from facts([(label.ljust(column), value) for label, value in certificate], width)
    yield BLANK
    yield from facts(trust, width)
    yield BLANK
    yield from heading(f"Chain of {count(len(info.chain), 'certificate')} as sent", width)
    rows = [
        (str(number), _short(item.subject), key_words(item), item.signature_algorithm, day(item.not_after))
        for number, item in enumerate(info.chain, 1)
    ]
    yield from table(("", "subject", "key", "signature", "until"), rows, width)


def names_words(leaf: Certificate) -> Text:
    """The names that a certificate is for, and what of its names is not shown."""
    names = "unknown" if leaf.san is None else ", ".join((*leaf.san.dns, *leaf.san.ip)) or "none"
    return (Span(names), Span(f" (! {_hidden(leaf)})", "bad")) if leaf.left_out else names


def _hidden(leaf: Certificate) -> str:
    were = "character was" if leaf.left_out == 1 else "characters were"
    return f"{leaf.left_out} {were} left out of its names, on which a terminal would act"


def _where(info: CertificateInfo) -> str:
    return place(info.target, port=getattr(info.target, "port", None) != 443)


def _name(info: CertificateInfo) -> str:
    return place(info.target, port=False)


def _serial(leaf: Certificate) -> str:
    return leaf.serial if len(leaf.serial) <= _SERIAL else f"{leaf.serial[: _SERIAL - 4]}…"


def _issued(info: CertificateInfo) -> str:
    return "issued by itself" if "self_signed" in info.problems else f"issued by {named(_short(info.chain[0].issuer))}"


def _dated(info: CertificateInfo) -> Iterator[str]:
    leaf = info.chain[0]
    if "expired" in info.problems:
        # A certificate above the leaf may be what has expired.
        if info.started < leaf.not_after:
            yield "comes in a chain of which a part has expired"
        else:
            yield f"expired {_days(info.started - leaf.not_after)} ago, on {day(leaf.not_after)}"
    if "not_yet_valid" in info.problems:
        yield f"is not valid before {day(leaf.not_before)}"


def _grave(info: CertificateInfo) -> Iterator[str]:
    """What speaks against relying on it, other than its dates; also where the problems do not name what was measured."""
    yield from _told(info, _GRAVE)
    explained = {"self_signed", "untrusted_root", "missing_intermediate", "revoked", "expired", "not_yet_valid"}
    if info.trusted is False and not explained & set(info.problems):
        yield f"is not trusted ({info.trust_error or 'the reason is unknown'})"
    if info.hostname_matches is False and "wrong_host" not in info.problems:
        yield f"is not for {_name(info)}"


def _minor(info: CertificateInfo) -> list[str]:
    unpublished = info.dane is not None and info.dane.verdict == "mismatch"
    hidden = ["has control characters in its names"] if info.chain[0].left_out else []
    return [*_told(info, _MINOR), *hidden, *(["is not the one that its domain publishes (DANE)"] if unpublished else [])]


def _told(info: CertificateInfo, phrases: Mapping[str, str]) -> list[str]:
    return [
        phrase.format(name=_name(info), names=_names(info.chain[0]))
        for problem, phrase in phrases.items()
        if problem in info.problems and not (problem == "wildcard_mismatch" and "wrong_host" in info.problems)
    ]


def _names(leaf: Certificate) -> str:
    names = [named(name) for name in (*leaf.san.dns, *leaf.san.ip)] if leaf.san else []
    return f" (but for {listed(names, 3)})" if names else ""


def _unjudged(info: CertificateInfo, *, named: bool) -> str:
    unknown = [("it is trusted", info.trusted), *([(f"it is for {_name(info)}", info.hostname_matches)] if named else [])]
    parts = [f"whether {text}" for text, judged in unknown if judged is None]
    return f"; {listed(parts)} is unknown" if parts else ""


def _left(info: CertificateInfo, more: str = "") -> str:
    days = info.days_left if info.days_left is not None else (info.chain[0].not_after - info.started).days
    return count(days, f"{more}day") if days > 0 else "less than a day"


def _days(time: timedelta) -> str:
    return count(time.days, "day") if time.days > 0 else "less than a day"


def timeline(leaf: Certificate, now: datetime, width: int) -> Text:
    """The time of validity as a bar, with now at its place."""
    size = max(4, min(_BAR, width - 41))
    whole = (leaf.not_after - leaf.not_before).total_seconds()
    gone = (now - leaf.not_before).total_seconds() / whole if whole > 0 else 1
    begin, end = Span(f"{day(leaf.not_before)} "), Span(f" {day(leaf.not_after)}")
    if gone < 0:
        return (Span("● ", "bad"), begin, Span("─" * size, "dim"), end)
    if gone > 1:
        return (begin, Span("━" * size, "dim"), end, Span(" ●", "bad"))
    past = min(int(gone * size), size - 1)
    return (begin, Span("━" * past, "dim"), Span("●", "accent"), Span("─" * (size - 1 - past), "good"), end)


def time_words(leaf: Certificate, now: datetime) -> str:
    whole = _days(leaf.not_after - leaf.not_before)
    if now < leaf.not_before:
        return f"begins in {_days(leaf.not_before - now)}, for {whole}"
    if now > leaf.not_after:
        return f"was for {whole}, which ended {_days(now - leaf.not_after)} ago"
    return f"{_days(leaf.not_after - now)} left of {whole}"


def _judged(judged: bool | None, good: str, bad: str) -> Text:
    if judged is None:
        return Span("? unknown", "warn")
    return Span(f"✔ {good}", "good") if judged else Span(f"✘ {bad}", "bad")


def trust_rows(info: CertificateInfo, *, named: bool = True) -> Iterator[tuple[str, Text | None]]:
    """Whether to rely on it, and what else came with it; `named` as for the verdict."""
    distrust = f"not trusted: {info.trust_error or 'the reason is unknown'}"
    yield "Trust", _judged(info.trusted, "leads to an authority that is trusted here", distrust)
    yield "", Span(f"! {info.trust_note}", "warn") if info.trust_note else None
    if named:
        yield "Host name", _judged(info.hostname_matches, f"is for {_name(info)}", f"is not for {_name(info)}")
    yield from _extras(info)


def _extras(info: CertificateInfo) -> Iterator[tuple[str, Text | None]]:
    yield "Protocol", info.protocol
    yield "Upgraded by", getattr(info.target, "starttls", None)
    demanded = ", though the certificate demands one" if info.must_staple and info.ocsp_staple == "absent" else ""
    yield "OCSP staple", _staple(info) if info.staple is not None else f"{info.ocsp_staple}{demanded}"
    yield "Revocation", _revocation(info)
    yield "DANE", _dane(info.dane) if info.dane is not None else None
    yield "CAA", _caa(info.caa) if info.caa is not None else None
    yield "SCTs", "unknown" if info.scts is None else f"{count(info.scts, 'log entry', 'log entries')} in the certificate"


def _dane(held: Dane) -> Text:
    at = f"TLSA at {held.name}"
    first = next((record for record in held.records if record.outcome == held.verdict), None)
    match held.verdict:
        case "absent":
            return f"none ({at})"
        case "matches":
            return Span(f"✔ matches {_record(first)}, {at}", "good")
        case "mismatch":
            why = f": {_record(first)} {first.detail}" if first is not None else ""
            return Span(f"✘ {at} does not match{why}", "bad")
        case "unusable":
            return Span(f"! {at} cannot be used: {first.detail if first is not None else 'unknown'}", "warn")
        case "unauthenticated":
            matches = any(record.outcome == "matches" for record in held.records)
            return (
                f"{at} {'matches' if matches else 'does not match'}, but is not authenticated (DNSSEC), so that it does not count"
            )
        case "unknown":
            return Span(f"? unknown: {held.detail or (first.detail if first is not None else None) or at}", "warn")


def _record(record: TlsaRecord | None) -> str:
    return f"{record.usage} {record.selector} {record.matching_type}" if record is not None else "a record"


def _caa(held: Caa) -> Text:
    if held.verdict == "unknown":
        return Span(f"? unknown: {held.detail or 'no answer'}", "warn")
    if held.verdict == "absent":
        return "none: any authority may issue"
    allowed = {"any": "any authority may issue", "none": "no authority may issue", "named": f"for {listed(held.issuers)}"}
    wild = {"any": "wildcards for any", "none": "no wildcards", "named": f"wildcards for {listed(held.wildcard_issuers)}"}
    same = (held.permits, held.issuers) == (held.permits_wildcards, held.wildcard_issuers)
    said = [] if held.permits is None else [allowed[held.permits]]
    said += [] if held.permits_wildcards is None or same else [wild[held.permits_wildcards]]
    return f"{'; '.join(said) or held.detail or 'unknown'} (at {held.name})"


def _staple(info: CertificateInfo) -> Text | None:
    held = info.staple
    if held is None:
        return None
    since = f", of {day(held.this_update)}" if held.this_update is not None else ""
    until = f", until {day(held.next_update)}" if held.next_update is not None else ""
    said = f"{held.status}{since}{until}{f' ({held.detail})' if held.detail else ''}"
    if held.useless or held.status == "revoked":
        return Span(f"✘ {'of no use: ' if held.useless else ''}{said}", "bad")
    return Span(f"✔ {said}", "good") if held.counts and held.status == "good" else Span(f"? {said}", "warn")


def _revocation(info: CertificateInfo) -> Text | None:
    held = info.revocation
    if held is None:
        return None
    how = {"staple": "by the OCSP staple", "ocsp": "by its OCSP responder", "crl": "by its CRL", None: ""}[held.method]
    if held.status == "good":
        return Span(f"✔ not revoked, {how}", "good")
    if held.status == "revoked":
        since = f" on {day(held.revoked_at)}" if held.revoked_at is not None else ""
        return Span(f"✘ revoked{since}{f' ({held.reason})' if held.reason else ''}, {how}", "bad")
    return Span(f"? unknown{f': {held.detail}' if held.detail else ''}", "warn")


def key_words(certificate: Certificate) -> str:
    key = certificate.key
    if key.type is None:
        return "unknown"
    detail = key.parameter_set if key.parameter_set else " ".join(filter(None, (key.type, key.curve or "")))
    return f"{detail} ({key.bits} bits)" if key.bits else detail


def _short(name: str) -> str:
    """The common name out of an RFC 4514 string, or the organisation, or all of it."""
    for attribute in ("CN", "O"):
        if found := re.search(rf"(?:^|[,+]){attribute}=((?:\\.|[^\\,+])*)", name):
            return re.sub(r"\\(.)", r"\1", found[1]) or name
    return name or "an empty name"
