"""A second opinion on a chain that OpenSSL trusts: cryptography's verifier, which follows the Web PKI's rules to the letter.

OpenSSL decides, because most clients take what it takes; where the other differs, some clients will too.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from ipaddress import ip_address

import cryptography
import msgspec
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from netassist.targets import parse_host
from netassist.tls.chain import San
from netassist.tls.ocsp import UNREADABLE
from netassist.tls.trust import Trust
from netassist.untrusted import as_text

_LIMIT = 300
_MOST_NAMES = 20
_OID = re.compile(r"\b\d(?:\.\d+){2,}\b")
_ABOUT = re.compile(r"^validation failed: (candidates exhausted: )?| \(encountered processing .*$", re.DOTALL)


class StricterVerdict(msgspec.Struct, frozen=True):
    """`reason` is the verifier's, None where it trusts the path too."""

    trusted: bool
    reason: str | None = None
    verifier: str = f"cryptography {cryptography.__version__}"


def stricter(trust: Trust, host: str, names: San | None, fits: bool | None) -> StricterVerdict | None:
    """Verify the path that OpenSSL found, with its end as the only anchor; None where there is none, or no name to ask for.

    That costs half a millisecond; reading all of Mozilla's roots into such a store costs 17. Whether the certificate is for the
    host is another question: where it is not, one of its own names is asked for.
    """
    from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

    if not trust.trusted or names is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in `netassist.tls.chain.read`
        try:
            leaf, *others = (x509.load_der_x509_certificate(der) for der in trust.path)
            policy = PolicyBuilder().store(Store([others[-1] if others else leaf]))
        except UNREADABLE as error:
            return StricterVerdict(False, f"it cannot be read: {as_text(str(error), _LIMIT)}")
        for subject in _subjects(host, names, fits):
            try:
                policy.build_server_verifier(subject).verify(leaf, others[:-1])
            except VerificationError as error:
                return StricterVerdict(False, _words(str(error)))
            except UNREADABLE:
                continue  # not a name that it takes
            return StricterVerdict(True)
    return None


def trust_note(verdict: StricterVerdict | None) -> str | None:
    """A sentence where the two differ."""
    if verdict is None or verdict.trusted:
        return None
    return f"OpenSSL trusts it; cryptography's stricter verifier does not: {verdict.reason}"


def _subjects(host: str, names: San, fits: bool | None) -> Iterator[x509.DNSName | x509.IPAddress]:
    target = parse_host(host)
    own = San(ip=(target.host,)) if target.kind == "address" else San((target.host,))
    for given in [own] if fits or not (names.dns or names.ip) else [names]:
        for name in given.dns[:_MOST_NAMES]:
            try:
                yield x509.DNSName(f"any{name[1:]}" if name.startswith("*.") else name)
            except ValueError:
                continue
        yield from (x509.IPAddress(ip_address(ip)) for ip in given.ip[:_MOST_NAMES] if "/" not in ip)


def _words(message: str) -> str:
    """The reason, with the names of extensions in the place of their numbers, and without the certificate's own words."""
    known = {held.dotted_string: name.lower().replace("_", " ") for name, held in vars(ExtensionOID).items() if name.isupper()}
    return as_text(_OID.sub(lambda held: known.get(held[0], held[0]), _ABOUT.sub("", message)), _LIMIT)
