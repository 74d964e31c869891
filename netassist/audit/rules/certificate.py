"""What a certificate's problems mean, and what to do about each."""

from __future__ import annotations

from collections.abc import Iterator

from netassist.audit.rule import Rule
from netassist.observations import Endpoint, Finding
from netassist.tls.certificate import CertificateInfo
from netassist.tls.chain import Certificate
from netassist.tls.keys import LEAST_EXPONENT, KeyProblem
from netassist.tls.problems import LEAST_RSA_BITS, LONGEST_VALIDITY, Problem

_RFC5280 = "https://www.rfc-editor.org/rfc/rfc5280"
_RFC7633 = "https://www.rfc-editor.org/rfc/rfc7633"
_RFC8446 = "https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2"
_RFC9525 = "https://www.rfc-editor.org/rfc/rfc9525"
_BASELINE = "https://cabforum.org/working-groups/server/baseline-requirements/requirements/"
_NIST_KEYS = "https://csrc.nist.gov/pubs/sp/800/131/a/r2/final"
_SHATTERED = "https://shattered.io/"

_SHOWN = 5
_TRUST: frozenset[Problem] = frozenset(("expired", "not_yet_valid", "self_signed", "untrusted_root", "missing_intermediate"))


RULES: dict[Problem, Rule] = {
    "expired": Rule(
        "high",
        "The certificate has expired",
        "Clients refuse the connection, or warn before it.",
        "Renew the certificate, install it with its chain, reload the service, and automate the renewal.",
        (f"{_RFC5280}#section-4.1.2.5",),
    ),
    "not_yet_valid": Rule(
        "high",
        "The certificate is not valid yet",
        "Clients refuse it until its first day; a wrong clock here or at the authority does the same.",
        "Check the clocks; install the certificate once it is valid, or have it issued anew.",
        (f"{_RFC5280}#section-4.1.2.5",),
    ),
    "self_signed": Rule(
        "high",
        "The certificate is self-signed",
        "No authority vouches for it, so nobody can tell the server from an impostor.",
        "Install a certificate of an authority that the clients trust, or add this one to their trust anchors (--ca-file here).",
        (f"{_RFC5280}#section-6",),
    ),
    "untrusted_root": Rule(
        "high",
        "The chain ends in an authority that is not trusted",
        "Neither the system's store nor Mozilla's knows the authority, so clients refuse the certificate.",
        "Where the authority is your own, add its root to the clients' trust anchors (--ca-file here); else use a public one.",
        (f"{_RFC5280}#section-6",),
    ),
    "missing_intermediate": Rule(
        "medium",
        "An intermediate certificate is missing",
        "Its issuer is no known root, and was not sent. Clients that have not met that issuer before refuse.",
        "Send the certificate first, then each intermediate. If its issuer is a private root, trust that (--ca-file here).",
        (_RFC8446,),
    ),
    "wrong_host": Rule(
        "high",
        "The certificate is for another name",
        "It does not speak for the name that was asked for, so clients refuse it.",
        "Have a certificate issued for this name, or connect by a name that it holds.",
        (_RFC9525,),
    ),
    "wildcard_mismatch": Rule(
        "high",
        "The certificate's wildcard does not cover the name",
        "A wildcard stands for one label: *.example.org covers www.example.org, neither example.org nor a.b.example.org.",
        "Have a certificate issued that names this host.",
        (f"{_RFC9525}#section-6.3",),
    ),
    "no_san": Rule(
        "medium",
        "The certificate has no subject alternative names",
        "Clients no longer read the common name, so the certificate speaks for no host.",
        "Have it issued anew with the host's names as subject alternative names.",
        (_RFC9525, f"{_RFC5280}#section-4.2.1.6"),
    ),
    "weak_key_rsa1024": Rule(
        "high",
        "The RSA key is too short",
        f"Keys below {LEAST_RSA_BITS} bits are no longer allowed, and can be factored by those with means.",
        "Make a new key, EC P-256 or RSA 2048 and more, and have a certificate issued for it.",
        (_NIST_KEYS, _BASELINE),
    ),
    "sha1_signature": Rule(
        "high",
        "Signed with SHA-1",
        "Collisions can be made, so that such a signature may have been given to another certificate.",
        "Have it issued anew, signed with SHA-256 or better.",
        (_SHATTERED, _BASELINE),
    ),
    "md5_signature": Rule(
        "high",
        "Signed with MD5",
        "Collisions are made in seconds: certificates have been forged so.",
        "Have it issued anew, signed with SHA-256 or better.",
        ("https://www.rfc-editor.org/rfc/rfc6151", _BASELINE),
    ),
    "leaf_is_ca": Rule(
        "medium",
        "The server's certificate is an authority's",
        "Whoever has the server's key can sign certificates for any name where this one is trusted.",
        "Use a certificate with basicConstraints CA:FALSE on the server, and keep the authority's key off it.",
        (f"{_RFC5280}#section-4.2.1.9", _BASELINE),
    ),
    "reversed_or_superfluous_chain": Rule(
        "low",
        "The chain is out of order, or holds what does not belong to it",
        "Older clients do not find the way to the root, and each handshake carries the rest in vain.",
        "Send the certificate first, then each issuer in turn, and nothing else.",
        (_RFC8446,),
    ),
    "long_validity": Rule(
        "low",
        "The certificate is valid for too long",
        f"Public certificates may last {LONGEST_VALIDITY.days} days, and ever fewer; a stolen key stays of use for as long.",
        "Have certificates of at most 398 days issued, and automate the renewal.",
        (_BASELINE,),
    ),
    "revoked": Rule(
        "critical",
        "The certificate is revoked",
        "Its authority has withdrawn it; the key may be in other hands.",
        "Make a new key, have a certificate issued for it, and find out why this one was revoked.",
        (f"{_RFC5280}#section-6.3",),
    ),
    "must_staple_without_staple": Rule(
        "medium",
        "The certificate demands an OCSP staple, and none came",
        "Clients that keep to the demand refuse the connection.",
        "Turn OCSP stapling on in the server, or have the certificate issued without the demand.",
        (_RFC7633,),
    ),
    "expires_soon": Rule(
        "medium",
        "The certificate expires soon",
        "After that, clients refuse it.",
        "Renew it now, and see why the renewal has not run by itself.",
        (f"{_RFC5280}#section-4.1.2.5",),
    ),
}  # fmt: skip

_NEW_KEY = "Make a new key with another generator, have a certificate issued for it, and have the old one revoked."
KEY_RULES: dict[KeyProblem, Rule] = {
    "roca": Rule(
        "critical",
        "The RSA key can be factored (ROCA)",
        "Its primes have the form that Infineon's library gave them until 2017: one of 2048 bits takes some 140 CPU years, which "
        "can be rented, and one of 1024 bits three months of one CPU.",
        _NEW_KEY,
        ("https://nvd.nist.gov/vuln/detail/CVE-2017-15361", "https://crocs.fi.muni.cz/public/papers/rsa_ccs17"),
    ),
    "close_primes": Rule(
        "critical",
        "The RSA key is factored in an instant (Fermat)",
        "Its two primes lie so close together that a few steps from the modulus's square root lead to them; they did here.",
        _NEW_KEY,
        ("https://nvd.nist.gov/vuln/detail/CVE-2022-26320", "https://fermatattack.secvuln.info/"),
    ),
    "small_factor": Rule(
        "critical",
        "The RSA modulus has a small factor",
        "It is no product of two large primes, but damaged or made wrongly; the factors, and so the key, are found easily.",
        _NEW_KEY,
        ("https://www.rfc-editor.org/rfc/rfc8017#section-3.1",),
    ),
    "broken_exponent": Rule(
        "critical",
        "The RSA key has an exponent that no key may have",
        "The public exponent is odd and at least 3: with 1 nothing is protected, and with an even one nothing can be signed.",
        _NEW_KEY,
        ("https://www.rfc-editor.org/rfc/rfc8017#section-3.1", _BASELINE),
    ),
    "small_exponent": Rule(
        "low",
        "The RSA key has a small exponent",
        f"Below {LEAST_EXPONENT} there is less room for mistakes: signatures were forged where padding was checked loosely.",
        f"Make the next key with the exponent {LEAST_EXPONENT}.",
        ("https://csrc.nist.gov/pubs/fips/186-5/final", _BASELINE),
    ),
}  # fmt: skip

_BAD_STAPLE = Rule(
    "medium",
    "The OCSP staple is of no use",
    "What the server staples is no current, validly signed answer about its certificate. Some clients refuse the connection, the "
    "others learn nothing of a revocation.",
    "See why the server does not renew it: it has to reach its authority's responder, and needs the chain to verify the answer.",
    ("https://www.rfc-editor.org/rfc/rfc6960#section-3.2", "https://www.rfc-editor.org/rfc/rfc6066#section-8"),
)  # fmt: skip


_DANE_MISMATCH = Rule(
    "medium",
    "The certificate is not the one that the domain publishes (DANE)",
    "No TLSA record matches what the server shows, so that clients that check refuse the connection. For mail those are many: "
    "what they have to deliver waits, and comes back at last.",
    "Publish the new key's record before the server uses it (3 1 1: the key's SHA-256), wait for the old one's TTL, then change.",
    ("https://www.rfc-editor.org/rfc/rfc7671#section-8.1", "https://www.rfc-editor.org/rfc/rfc7672"),
)
_DANE_UNUSABLE = Rule(
    "low",
    "None of the domain's TLSA records can be used (DANE)",
    "Clients pass over records that are malformed, or of a kind that is not for them, and check nothing by the rest.",
    "Publish a record 3 1 1: the SHA-256 of the server's key.",
    ("https://www.rfc-editor.org/rfc/rfc7671#section-4", "https://www.rfc-editor.org/rfc/rfc7672#section-3.1"),
)
_NO_CAA = Rule(
    "info",
    "The domain does not say who may issue its certificates (CAA)",
    "Any public authority may, also one that somebody else has deceived.",
    'Publish a CAA record that names the authority in use, such as 0 issue "letsencrypt.org".',
    ("https://www.rfc-editor.org/rfc/rfc8659",),
)
_CAA_FORBIDS = Rule(
    "low",
    "The domain lets no authority issue certificates for this host (CAA)",
    "Public authorities refuse to renew the certificate.",
    "Name the authority in use in a CAA record, or leave it so if the certificate is of an authority of your own.",
    ("https://www.rfc-editor.org/rfc/rfc8659#section-4.2",),
)
_NOT_TRUSTED = Rule(
    "high",
    "The certificate is not trusted",
    "OpenSSL refuses the chain for a reason of its own.",
    "See what it says, and have the certificate issued anew.",
    (f"{_RFC5280}#section-6",),
)
OTHER_RULES: dict[str, Rule] = {
    "bad_ocsp_staple": _BAD_STAPLE, "dane_mismatch": _DANE_MISMATCH, "dane_unusable": _DANE_UNUSABLE, "no_caa": _NO_CAA,
    "caa_forbids_all": _CAA_FORBIDS, "not_trusted": _NOT_TRUSTED,
}  # fmt: skip
"""What is no problem of the chain itself."""


def judge(report: CertificateInfo) -> Iterator[Finding]:
    """One finding a problem; a wildcard that does not cover the name is the same finding as the wrong name."""
    if not report.chain:
        return
    if report.staple is not None and report.staple.useless:
        yield _finding("bad_ocsp_staple", _BAD_STAPLE, report.staple.detail or "no reason given")
    for flaw, rule in KEY_RULES.items():
        if weak := [held for held in report.chain if flaw in (held.key.problems or ())]:
            shown = (f"{held.subject}: RSA {held.key.bits}, e = {_exponent(held)}" for held in weak[:_SHOWN])
            yield _finding(flaw, rule, "; ".join(shown))
    yield from _published(report)
    problems = report.problems
    for problem in problems:
        if problem == "wildcard_mismatch" and "wrong_host" in problems:
            continue
        rule = RULES[problem]
        if problem == "wrong_host" and "wildcard_mismatch" in problems:
            wildcard = RULES["wildcard_mismatch"]
            rule = rule._replace(detail=f"{rule.detail} {wildcard.detail}", references=wildcard.references)
        yield _finding(problem, rule, _evidence(problem, report))
    if report.trusted is False and not _TRUST.intersection(problems):
        yield _finding("not_trusted", _NOT_TRUSTED, report.trust_error or "no reason given")


def _published(report: CertificateInfo) -> Iterator[Finding]:
    """What the DNS says that speaks against the certificate, or should say."""
    dane, caa = report.dane, report.caa
    if dane is not None and dane.verdict in ("mismatch", "unusable"):
        said = [f"{held.usage} {held.selector} {held.matching_type} {held.detail}" for held in dane.records[:_SHOWN]]
        evidence = f"TLSA at {dane.name}, validated: {'; '.join(said)}"
        mail = isinstance(report.target, Endpoint) and report.target.starttls == "smtp"
        mismatch = _DANE_MISMATCH._replace(severity="high") if mail else _DANE_MISMATCH
        yield _finding(f"dane_{dane.verdict}", mismatch if dane.verdict == "mismatch" else _DANE_UNUSABLE, evidence)
    if caa is not None and caa.verdict == "absent":
        yield _finding("no_caa", _NO_CAA, f"no CAA records at {_host(report)}, nor at any name above it")
    if caa is not None and caa.verdict == "present" and caa.permits == "none":
        said = [f'{held.tag} "{held.value}"' for held in caa.records[:_SHOWN]]
        yield _finding("caa_forbids_all", _CAA_FORBIDS, f"CAA at {caa.name}: {'; '.join(said)}")


def _finding(word: str, rule: Rule, evidence: str) -> Finding:
    return rule.finding(f"certificate.{word}", evidence)


def _evidence(problem: Problem, report: CertificateInfo) -> str:
    chain, leaf = report.chain, report.chain[0]
    match problem:
        case "expired":
            past = [held for held in chain if held.not_after < report.started] or [leaf]
            return "; ".join(f"{held.subject} was valid until {held.not_after:%Y-%m-%d %H:%M} UTC" for held in past[:_SHOWN])
        case "not_yet_valid":
            return f"{leaf.subject} is valid from {leaf.not_before:%Y-%m-%d %H:%M} UTC"
        case "expires_soon":
            left = "1 day left" if report.days_left == 1 else f"{report.days_left} days left"
            return f"{leaf.subject} is valid until {leaf.not_after:%Y-%m-%d %H:%M} UTC, {left}"
        case "long_validity":
            length = (leaf.not_after - leaf.not_before).days
            return f"{length} days, from {leaf.not_before:%Y-%m-%d} to {leaf.not_after:%Y-%m-%d}"
        case "self_signed":
            return f"{leaf.subject}: {report.trust_error}"
        case "missing_intermediate":
            return f"{report.trust_error}: {leaf.subject} is issued by {leaf.issuer}"
        case "untrusted_root":
            return f"{report.trust_error}: {chain[-1].subject} is issued by {chain[-1].issuer}"
        case "wrong_host" | "wildcard_mismatch":
            return f"asked for {_host(report)}, the certificate names {_names(leaf)}"
        case "no_san":
            return f"{leaf.subject} has no subject alternative names"
        case "weak_key_rsa1024":
            weak = [held for held in chain if held.key.type == "RSA" and (held.key.bits or 0) < LEAST_RSA_BITS]
            return "; ".join(f"{held.subject}: RSA {held.key.bits}" for held in weak[:_SHOWN])
        case "sha1_signature" | "md5_signature":
            relied_on = [held for place, held in enumerate(chain) if place == 0 or held.subject != held.issuer]
            return "; ".join(f"{held.subject}: {held.signature_algorithm}" for held in relied_on[:_SHOWN])
        case "leaf_is_ca":
            return f"{leaf.subject} has basicConstraints CA:TRUE"
        case "reversed_or_superfluous_chain":
            return "sent in this order: " + "; ".join(held.subject for held in chain[: 2 * _SHOWN])
        case "must_staple_without_staple":
            return "TLS feature status_request in the certificate, no response in the handshake"
        case "revoked":
            return f"serial {leaf.serial} of {leaf.issuer}{_withdrawn(report)}"


def _exponent(held: Certificate) -> str:
    return "beyond 32 bits" if held.key.exponent is None else str(held.key.exponent)


def _withdrawn(report: CertificateInfo) -> str:
    """When and why, and by what that is known."""
    known = report.revocation
    if known is None or known.status != "revoked":
        return ""
    since = f", since {known.revoked_at:%Y-%m-%d %H:%M} UTC" if known.revoked_at is not None else ""
    how = {"staple": "OCSP staple", "ocsp": "OCSP responder", "crl": "CRL"}[known.method or "crl"]
    return f"{since}{f' ({known.reason})' if known.reason else ''}, by its authority's {how}"


def _host(report: CertificateInfo) -> str:
    return report.target.host if isinstance(report.target, Endpoint) else report.target


def _names(leaf: Certificate) -> str:
    names = (*leaf.san.dns, *leaf.san.ip) if leaf.san is not None else ()
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) or "nothing") + more
