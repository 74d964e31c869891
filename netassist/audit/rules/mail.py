"""What a mail server's offers and its domain's records mean: TLS, logins in plain text, and who may send in the domain's name.

Sources: the RFCs of each mechanism, and NIST SP 800-177 r1 (Trustworthy Email).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from netassist.audit.rule import Rule
from netassist.observations import Endpoint, Finding
from netassist.probes.smtp import REFUSALS, Mail, MailServer, MailTls
from netassist.probes.smtp_domain import MailDomain
from netassist.probes.smtp_spf import MOST_LOOKUPS

_RFC = "https://www.rfc-editor.org/rfc/rfc"
_NIST = "https://csrc.nist.gov/pubs/sp/800/177/r1/final"
_SUBMISSION = frozenset({465, 587})
# A password, or a token that is as good, in the clear (RFC 4616, RFC 7628, and what stands beside them).
_BARE = ("PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER")
_VERSION = re.compile(r"\d+\.\d+")
LEAST_DKIM_BITS, GOOD_DKIM_BITS = 1024, 2048
"""Of an RSA key: what receivers have to accept, and what signers should use (RFC 8301, section 3.2)."""

RULES: dict[str, Rule] = {
    "mail.no_starttls": Rule(
        "medium",
        "The mail server offers no TLS",
        "Mail to it, and every login, can be read and changed on the way.",
        "Install a certificate and turn STARTTLS on.",
        (f"{_RFC}3207", _NIST),
    ),
    "mail.starttls_fails": Rule(
        "high",
        "STARTTLS is offered and does not work",
        "Senders fall back to plain text, or do not deliver at all.",
        "Look at the server's certificate, key and TLS settings, and at what stands before it; tls_audit with starttls=smtp "
        "tells more.",
        (f"{_RFC}3207",),
    ),
    "mail.plaintext_auth": Rule(
        "high",
        "Logins are taken in plain text",
        "A client that does not insist on TLS sends the password in the clear, where everybody on the way can read it.",
        "Offer AUTH only after STARTTLS (Postfix: smtpd_tls_auth_only = yes; Exim: auth_advertise_hosts; Dovecot: "
        "auth_allow_cleartext = no).",
        (f"{_RFC}4954#section-4", f"{_RFC}8314", "https://cwe.mitre.org/data/definitions/523.html"),
    ),
    "mail.certificate": Rule(
        "medium",
        "The mail server's certificate does not hold",
        "Senders that check it (MTA-STS, DANE, mail programs) refuse; the others cannot tell the server from an impostor.",
        "Install a certificate for this name from an authority that is trusted; certificate_info with starttls=smtp tells "
        "what is wrong.",
        (f"{_RFC}8314", f"{_RFC}8461", _NIST),
    ),
    "mail.old_tls": Rule(
        "medium",
        "The mail server negotiates an obsolete version of TLS",
        "TLS 1.0 and 1.1 have known weaknesses and are forbidden since 2021.",
        "Allow TLS 1.2 and 1.3.",
        (f"{_RFC}8996",),
    ),
    "mail.version_disclosed": Rule(
        "info",
        "The mail server tells its version",
        "It saves an attacker the guess which weaknesses fit.",
        "Leave the version out of the greeting (Postfix: smtpd_banner; Exim: smtp_banner).",
        ("https://cwe.mitre.org/data/definitions/200.html",),
    ),
    "mail.no_spf": Rule(
        "medium",
        "No SPF record",
        "Nothing says which servers may send in the domain's name, so that forged mail looks like real.",
        "Publish a TXT record such as “v=spf1 mx -all”; for a domain that sends no mail, “v=spf1 -all”.",
        (f"{_RFC}7208", _NIST),
    ),
    "mail.spf_invalid": Rule(
        "medium",
        "The SPF record cannot be used",
        f"Receivers answer it with a permanent error (more than {MOST_LOOKUPS} look-ups is one), as though there were none.",
        "Correct it; replace includes by the networks they stand for where there are too many look-ups.",
        (f"{_RFC}7208#section-4.6",),
    ),
    "mail.spf_passes_all": Rule(
        "high",
        "The SPF record lets everybody send",
        "It ends in +all: any host on the Internet may send in the domain's name, with SPF's blessing.",
        "End the record in -all or ~all.",
        (f"{_RFC}7208#section-5.1", _NIST),
    ),
    "mail.spf_neutral": Rule(
        "low",
        "The SPF record says nothing about other senders",
        "It ends in ?all, or in nothing: mail from servers that it does not list is treated as though there were no record.",
        "End the record in -all or ~all.",
        (f"{_RFC}7208#section-2.6.2", _NIST),
    ),
    "mail.no_dmarc": Rule(
        "medium",
        "No DMARC record",
        "Receivers are not told what to do with mail that fails SPF and DKIM, and the domain hears nothing of forgeries.",
        "Publish a TXT record at _dmarc such as “v=DMARC1; p=none; rua=mailto:…”, read the reports, then raise the policy to "
        "quarantine and reject.",
        (f"{_RFC}7489", _NIST),
    ),
    "mail.dmarc_invalid": Rule(
        "medium",
        "The DMARC record cannot be used",
        "Receivers pass over a record that is not well formed.",
        "Correct it: v=DMARC1 first, then p=none, quarantine or reject.",
        (f"{_RFC}7489#section-6.3",),
    ),
    "mail.dmarc_none": Rule(
        "low",
        "The DMARC policy is “none”",
        "Receivers report forgeries at most, and deliver them all the same.",
        "Once the reports show that the domain's own mail passes, raise the policy to quarantine and then reject.",
        (f"{_RFC}7489#section-6.3", _NIST),
    ),
    "mail.dmarc_partial": Rule(
        "info",
        "The DMARC policy holds for a part of the mail",
        "The rest of the mail that fails gets the next milder treatment.",
        "Raise pct to 100, or leave it out.",
        (f"{_RFC}7489#section-6.6.4",),
    ),
    "mail.no_dkim": Rule(
        "low",
        "There are no DKIM keys",
        "Mail of the domain cannot be signed in a way that survives forwarding, which breaks SPF.",
        "Let the mail servers sign (OpenDKIM, rspamd), and publish the key below _domainkey.",
        (f"{_RFC}6376", f"{_RFC}8020", _NIST),
    ),
    "mail.dkim_weak_key": Rule(
        "medium",
        "A DKIM key is too short",
        "A key of less than 1,024 bits can be broken for some money, and who has it signs in the domain's name; receivers take "
        "such signatures for none.",
        "Make a new key of 2,048 bits under a new selector, sign with it, and empty the old record's p= when no mail with it is "
        "under way any more.",
        (f"{_RFC}8301#section-3.2", _NIST),
    ),
    "mail.dkim_short_key": Rule(
        "low",
        "A DKIM key has less than 2,048 bits",
        "Signers should use 2,048 bits at least.",
        "Make a new key of 2,048 bits under a new selector, and sign with it.",
        (f"{_RFC}8301#section-3.2", _NIST),
    ),
    "mail.dkim_broken_key": Rule(
        "medium",
        "A DKIM record holds no key",
        "Receivers take signatures with this selector for none, often because the record was cut when it was entered.",
        "Enter the public key anew, as base64 without blanks, in strings of 255 characters at most.",
        (f"{_RFC}6376#section-3.6.1",),
    ),
    "mail.dkim_testing": Rule(
        "info",
        "A DKIM key is marked as a test",
        "Receivers may treat mail whose signature fails as though there were none (t=y).",
        "Take t=y out of the record when signing works.",
        (f"{_RFC}6376#section-3.6.1",),
    ),
    "mail.no_mta_sts": Rule(
        "info",
        "No MTA-STS policy",
        "Who sits on the way can take STARTTLS out of the server's offers, and most senders then send in plain text.",
        "Publish an MTA-STS policy, or DANE where the zone is signed (certificate_info shows it).",
        (f"{_RFC}8461", f"{_RFC}7672"),
    ),
    "mail.mta_sts_invalid": Rule(
        "medium",
        "The MTA-STS policy cannot be used",
        "Senders pass over it, and protect nothing; those that remember an earlier one may not deliver.",
        "Correct the record, the policy file, or the certificate of mta-sts.DOMAIN.",
        (f"{_RFC}8461#section-3",),
    ),
    "mail.mta_sts_uncovered": Rule(
        "high",
        "A mail server is not in the MTA-STS policy",
        "Senders that keep to a policy that is enforced do not deliver to that server.",
        "Add the server to the policy's mx lines, and change the record's id.",
        (f"{_RFC}8461#section-4.1",),
    ),
    "mail.mta_sts_testing": Rule(
        "info",
        "The MTA-STS policy is not enforced",
        "In the mode testing, failures are reported at most, and mail goes out all the same; none is no policy.",
        "Set mode: enforce once the TLS reports show no failures.",
        (f"{_RFC}8461#section-5",),
    ),
    "mail.no_tls_reports": Rule(
        "info",
        "No reports about TLS are asked for",
        "Where senders cannot use TLS, nobody at the domain hears of it.",
        "Publish a TXT record at _smtp._tls such as “v=TLSRPTv1; rua=mailto:…”.",
        (f"{_RFC}8460",),
    ),
}  # fmt: skip


def judge(mail: Mail) -> Iterator[Finding]:
    if mail.server is not None:
        yield from _server(mail.server, mail.target.port if isinstance(mail.target, Endpoint) else None)
    if mail.domain is not None:
        yield from _senders(mail.domain)
        yield from _signatures(mail.domain)
        if mail.domain.takes_mail and mail.domain.mx:
            yield from _transport(mail.domain)


def _finding(id: str, evidence: str) -> Finding:
    return RULES[id].finding(id, evidence)


def _server(server: MailServer, port: int | None) -> Iterator[Finding]:
    if server.starttls is False:
        finding = _finding("mail.no_starttls", f"no STARTTLS among {', '.join(server.extensions or ()) or 'no extensions'}")
        yield finding if port not in _SUBMISSION else _raised(finding)
    bare = [mechanism for mechanism in server.auth or () if mechanism in _BARE]
    if bare:
        yield _finding("mail.plaintext_auth", f"before TLS: AUTH {' '.join(server.auth or ())}")
    if server.tls is not None:
        yield from _tls(server.tls)
    if _VERSION.search(server.greeting):
        yield _finding("mail.version_disclosed", server.greeting)


def _raised(finding: Finding) -> Finding:
    """Where people log in (RFC 6409, RFC 8314), it is their passwords that are not protected."""
    return msgspec.structs.replace(finding, severity="high")


def _tls(tls: MailTls) -> Iterator[Finding]:
    if tls.version is None and tls.error is not None and tls.error.kind in REFUSALS:
        yield _finding("mail.starttls_fails", tls.error.message)
    if tls.version is not None and tls.version not in ("TLSv1.2", "TLSv1.3"):
        yield _finding("mail.old_tls", f"{tls.version} {tls.cipher or ''}".strip())
    held = tls.certificate
    if held is not None and (held.trusted is False or held.hostname_matches is False):
        why = ", ".join(held.problems) or held.trust_error or "not trusted"
        yield _finding("mail.certificate", f"{held.subject}, until {held.not_after:%Y-%m-%d}: {why}")


def _senders(domain: MailDomain) -> Iterator[Finding]:
    spf, dmarc = domain.spf, domain.dmarc
    if spf.verdict == "absent":
        yield _finding("mail.no_spf", f"no TXT record of {domain.name} begins with v=spf1")
    elif spf.verdict == "invalid":
        yield _finding("mail.spf_invalid", f"{spf.record}: {'; '.join(spf.problems)}")
    if spf.others == "pass":
        yield _finding("mail.spf_passes_all", spf.record or "")
    elif spf.others == "neutral":
        yield _finding("mail.spf_neutral", spf.record or "")
    if dmarc.verdict == "absent":
        yield _finding("mail.no_dmarc", f"no TXT record of _dmarc.{domain.name} or above begins with v=DMARC1")
    elif dmarc.verdict == "invalid":
        yield _finding("mail.dmarc_invalid", f"{dmarc.record}: {'; '.join(dmarc.problems)}")
    elif dmarc.verdict == "present" and dmarc.policy == "none":
        yield _finding("mail.dmarc_none", f"_dmarc.{dmarc.at}: {dmarc.record}")
    elif dmarc.verdict == "present" and dmarc.percent is not None and dmarc.percent < 100:
        yield _finding("mail.dmarc_partial", f"_dmarc.{dmarc.at}: {dmarc.record}")


def _signatures(domain: MailDomain) -> Iterator[Finding]:
    sends_nothing = domain.spf.record is not None and domain.spf.record.lower().split() == ["v=spf1", "-all"]
    if domain.dkim.verdict == "absent" and not sends_nothing:
        yield _finding("mail.no_dkim", domain.dkim.detail or f"_domainkey.{domain.name}")
    for key in domain.dkim.keys:
        where = f"{key.selector}._domainkey.{domain.name}"
        if key.problem is not None:
            yield _finding("mail.dkim_broken_key", f"{where}: {key.problem}")
        if key.type == "rsa" and key.bits is not None and key.bits < GOOD_DKIM_BITS:
            weak = key.bits < LEAST_DKIM_BITS
            yield _finding("mail.dkim_weak_key" if weak else "mail.dkim_short_key", f"{where}: RSA of {key.bits:,} bits")
        if key.testing and not key.revoked:
            yield _finding("mail.dkim_testing", f"{where}: t=y")


def _transport(domain: MailDomain) -> Iterator[Finding]:
    sts = domain.mta_sts
    if sts.verdict == "absent":
        yield _finding("mail.no_mta_sts", f"no TXT record of _mta-sts.{domain.name} begins with v=STSv1")
    elif sts.verdict == "invalid":
        yield _finding("mail.mta_sts_invalid", "; ".join(sts.problems))
    elif sts.verdict == "present" and sts.mode != "enforce":
        yield _finding("mail.mta_sts_testing", f"mode: {sts.mode}")
    if sts.uncovered:
        evidence = f"{', '.join(sts.uncovered)}: none of {', '.join(sts.mx)}"
        finding = _finding("mail.mta_sts_uncovered", evidence)
        yield finding if sts.mode == "enforce" else _lowered(finding)
    if domain.tls_rpt.verdict in ("absent", "invalid"):
        why = "; ".join(domain.tls_rpt.problems) or f"no TXT record of _smtp._tls.{domain.name} begins with v=TLSRPTv1"
        yield _finding("mail.no_tls_reports", why)


def _lowered(finding: Finding) -> Finding:
    """A policy that is not enforced stops no mail."""
    return msgspec.structs.replace(finding, severity="low")
