"""A mail server and its domain: does it answer and encrypt, and what does the domain say about mail in its name?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from netassist.reports.layout import BAD, BLANK, GOOD, UNKNOWN, WARN, Task, Text, Tone, Verdict, facts, heading, table
from netassist.reports.style import Span, Style
from netassist.reports.words import count, day, listed, named, place, quoted
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.probes.smtp import Mail, MailCertificate, MailServer, MailTls
    from netassist.probes.smtp_dkim import DkimKey
    from netassist.probes.smtp_domain import MailDomain
    from netassist.reports.style import Line

_MARKS: dict[str, Tone] = {"present": GOOD, "possible": UNKNOWN, "absent": WARN, "invalid": BAD, "unknown": UNKNOWN}
_OTHERS = {
    "fail": "all other senders fail (-all)", "softfail": "other senders are suspicious (~all)",
    "neutral": "nothing is said of other senders", "pass": "everybody may send (+all)",
}  # fmt: skip


def task(mail: Mail) -> Task:
    return Task("check the mail server", place(mail.target))


def verdict(mail: Mail) -> Verdict:
    parts: list[str] = []
    tones: list[Tone] = []
    for text, tone in (*_said_of_server(mail), *_said_of_domain(mail)):
        parts.append(text)
        tones.append(tone)
    worst = next((tone for tone in (BAD, WARN, UNKNOWN) if tone in tones), GOOD)
    return Verdict(" ".join(parts) or f"What {place(mail.target)} is, is unknown.", worst if parts else UNKNOWN)


def evidence(mail: Mail, width: int) -> Iterator[Line]:
    if mail.server is not None:
        yield from heading("Server", width)
        yield from facts(_server(mail.server), width)
    if mail.server is not None and mail.domain is not None:
        yield BLANK
    if mail.domain is not None:
        yield from heading(f"Domain {as_text(mail.domain.name, 255)}", width)
        if mail.domain.mx:
            servers = [(str(mx.preference), mx.host) for mx in mail.domain.mx]
            yield from table(("preference", "mail server"), servers, width)
            yield BLANK
        yield from facts(_domain(mail.domain), width)


def _said_of_server(mail: Mail) -> Iterator[tuple[str, Tone]]:
    where, server = place(mail.target), mail.server
    if server is None:
        if mail.domain is not None and not mail.domain.takes_mail:
            yield f"{named(mail.domain.name)} takes no mail, and says so (null MX).", GOOD
        else:
            yield f"No mail server greeted at {where}.", UNKNOWN
        return
    tls = server.tls
    if tls is None:
        yield f"{where} is a mail server without TLS: everything goes in plain text.", BAD
    elif tls.version is None:
        yield f"{where} is a mail server that offers STARTTLS, but no TLS session came about.", BAD
    else:
        by = "TLS" if server.tls_first else "STARTTLS"
        problem = _distrust(tls.certificate)
        text = f"{where} is a mail server, and {by} works ({tls.version}){f', but {problem}' if problem else ''}."
        yield text, WARN if problem else GOOD
    if {"PLAIN", "LOGIN"} & set(server.auth or ()):
        yield "It takes passwords in plain text.", BAD


def _said_of_domain(mail: Mail) -> Iterator[tuple[str, Tone]]:
    domain = mail.domain
    if domain is None:
        return
    lacking = [word for word, part in (("SPF", domain.spf), ("DMARC", domain.dmarc)) if part.verdict == "absent"]
    broken = [word for word, part in (("SPF", domain.spf), ("DMARC", domain.dmarc), ("MTA-STS", domain.mta_sts))
              if part.verdict == "invalid"]  # fmt: skip
    name = named(domain.name)
    if lacking:
        yield f"{name} publishes no {listed(lacking, last='and no')}.", WARN
    if broken:
        yield f"Its {listed(broken)} cannot be used as published.", BAD
    if not lacking and not broken and domain.dmarc.verdict == "present" and domain.spf.verdict == "present":
        weak = domain.dmarc.policy == "none" or domain.spf.others in ("pass", "neutral")
        text = f"{name} publishes SPF and DMARC (policy {domain.dmarc.policy})"
        yield f"{text}{', which stop no forged mail' if weak else ''}.", WARN if weak else GOOD


def _server(server: MailServer) -> Iterator[tuple[str, Text | None]]:
    yield "Greeting", quoted(server.greeting, 200) if server.greeting else "empty"
    yield "Offers", ", ".join(server.extensions or ()) or (None if server.tls_first else "nothing beyond HELO")
    yield "Logins", _auth(server)
    if server.starttls is False:
        yield "STARTTLS", Span("not offered", "bad")
    if server.tls is not None:
        yield "TLS first" if server.tls_first else "STARTTLS", _session(server.tls)
        yield "Inside TLS", ", ".join(server.tls.extensions) if server.tls.extensions is not None else None
        yield "Certificate", _certificate(server.tls.certificate) if server.tls.certificate else None
        yield "DANE", server.tls.certificate.dane if server.tls.certificate else None


def _auth(server: MailServer) -> Text | None:
    inside = server.tls.auth if server.tls else None
    before = f"in plain text: {', '.join(server.auth)}" if server.auth else "none in plain text"
    parts: list[Span] = [] if server.tls_first else [Span(before, "bad" if server.auth else "plain")]
    if inside is not None:
        words = f"{'' if server.tls_first else '; '}inside TLS: {', '.join(inside) or 'none'}"
        parts.append(Span(words))
    return parts or None


def _session(tls: MailTls) -> Text:
    if tls.version is None:
        return Span(tls.error.message if tls.error else "no session came about", "bad")
    style: Style = "good" if tls.version in ("TLSv1.2", "TLSv1.3") else "bad"
    return [Span(tls.version, style), Span(f" {' '.join(filter(None, (tls.cipher, tls.group)))}")]


def _certificate(held: MailCertificate) -> Text:
    problem = _distrust(held)
    verdict = Span(problem or "trusted, and for this name" if held.trusted and held.hostname_matches else problem or "unknown")
    left = f", {count(held.days_left, 'day')} left" if held.days_left is not None and held.days_left >= 0 else ""
    text = f"{held.subject or 'no subject'}, until {day(held.not_after)}{left}: "
    return [Span(text), Span(verdict.text, "bad" if problem else "good" if held.trusted else "warn")]


def _distrust(held: MailCertificate | None) -> str | None:
    if held is None:
        return "its certificate is unknown"
    if held.trusted is False:
        return (
            f"its certificate is not trusted ({', '.join(held.problems).replace('_', ' ') or held.trust_error or 'unknown why'})"
        )
    if held.hostname_matches is False:
        return "its certificate is for another name"
    return None


def _domain(domain: MailDomain) -> Iterator[tuple[str, Text | None]]:
    if not domain.mx:
        yield "MX", "none: it takes no mail (null MX)" if not domain.takes_mail else "none"
    spf, dmarc, sts, reports = domain.spf, domain.dmarc, domain.mta_sts, domain.tls_rpt
    lookups = f"; {count(spf.lookups, 'look-up')}" if spf.lookups is not None and not spf.problems else ""
    said = f"{_OTHERS.get(spf.others or '', 'what it says of others is unknown')}{lookups}"
    yield "SPF", _judged(spf.verdict, said if spf.record else "", spf.problems, spf.detail)
    yield "", spf.record
    inherited = f", from {as_text(dmarc.at or '', 255)}" if dmarc.at and dmarc.at != domain.name else ""
    part = f" for {dmarc.percent}% of the mail" if dmarc.percent is not None and dmarc.percent < 100 else ""
    yield (
        "DMARC",
        _judged(dmarc.verdict, f"policy {dmarc.policy}{part}{inherited}" if dmarc.policy else "", dmarc.problems, dmarc.detail),
    )
    yield "", dmarc.record
    yield "DKIM", _judged(domain.dkim.verdict, domain.dkim.detail or ", ".join(map(_key, domain.dkim.keys)), (), None)
    mode = f"mode {sts.mode}, for {count(sts.max_age // 86400, 'day')}" if sts.mode and sts.max_age is not None else ""
    uncovered = (f"does not cover {', '.join(sts.uncovered)}",) if sts.uncovered else ()
    yield "MTA-STS", _judged(sts.verdict, mode, (*sts.problems, *uncovered), sts.detail)
    yield (
        "TLS reports",
        _judged(
            reports.verdict, f"to {', '.join(reports.reports_to)}" if reports.reports_to else "", reports.problems, reports.detail
        ),
    )


def _key(key: DkimKey) -> str:
    size = f"{(key.type or '').upper()} {key.bits:,} bits" if key.type == "rsa" else key.type
    return f"{key.selector} ({key.problem or ('revoked' if key.revoked else size)}{', a test' if key.testing else ''})"


def _judged(verdict: str, said: str, problems: tuple[str, ...], detail: str | None) -> Text:
    tone = _MARKS[verdict]
    why = "; ".join(filter(None, (said, *problems, detail if verdict == "unknown" else "")))
    return [Span(f"{tone.mark} {verdict}", tone.style), Span(f": {why}" if why else "")]
