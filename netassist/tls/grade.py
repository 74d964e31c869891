"""The letter that a server gets by the SSL Labs "SSL Server Rating Guide", version 2009r (16 May 2025). Pure.

Protocols count 30 %, key exchange 30 %, ciphers 40 %, each as its section of the guide says; then caps and rules apply. How the
text was had, docs/policies.md tells: the guide itself up to 2009k, later changes as Qualys announced them, 2009r word for word.
What the guide rates and no check here measures (DROWN of other hosts, CVE-2016-2107, GOLDENDOODLE, HPKP, keys of Debian's broken
generator, whether an insecure renegotiation succeeds) does not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from netassist.tls.facts import VERSIONS, Facts, Version
from netassist.tls.suites import Suite
from netassist.tls.weakness import Weakness, WeaknessId
from netassist.tls.weaknesses.des3_sweet32 import SMALL_BLOCKS

if TYPE_CHECKING:
    from netassist.tls.certificate import CertificateInfo

GUIDE = "SSL Labs SSL Server Rating Guide, version 2009r (16 May 2025)"
SOURCE = "https://github.com/ssllabs/research/wiki/SSL-Server-Rating-Guide"
LETTERS = ("A+", "A", "A-", "B", "C", "D", "E", "F")
"""The best first; T (not trusted) and M (another name) stand beside them."""

_PROTOCOLS: dict[Version, int] = {"SSLv2": 0, "SSLv3": 80, "TLSv1.0": 90, "TLSv1.1": 95, "TLSv1.2": 100, "TLSv1.3": 100}
_MODERN: tuple[Version, ...] = ("TLSv1.1", "TLSv1.2", "TLSv1.3")
_LEAST_BITS, _LEAST_KEY = 112, 2048
_HSTS_SECONDS = 15_552_000  # 180 days
_EXPORT_SCORE = 40
_DISTRUST = frozenset(("expired", "not_yet_valid", "self_signed", "untrusted_root", "revoked"))

# Where the guide has it: a section, the changes of a version, or a change that Qualys announced by its date.
_PATCHABLE = "changes in 2009g: patchable and exploitable"
_LATER = "changes after 2009k, as testssl.sh applies them"
_INSPECTION = "certificate inspection"
_MARCH_2018 = "grading change of 1 March 2018"
_CAPS: dict[WeaknessId, tuple[str, str]] = {
    "sslv2": ("F", "changes in 2009c"),
    "null_cipher": ("F", "cipher strength: 0 bits"),
    "anonymous_cipher": ("F", "key exchange: no authentication"),
    "export_cipher": ("F", _LATER),
    "heartbleed": ("F", _PATCHABLE),
    "ccs_injection": ("F", _PATCHABLE),
    "ticketbleed": ("F", _PATCHABLE),
    "robot": ("F", _MARCH_2018),
    "compression_crime": ("C", "changes in 2009j"),
    "tls1_0": ("B", "changes in 2009q"),
    "tls1_1": ("B", "changes in 2009q"),
    "rc4": ("B", "changes in 2009i"),
    "dh_1024_logjam": ("B", "changes in 2009j"),
    "insecure_renegotiation": ("A-", "changes in 2009e: a warning"),
}


class Cap(msgspec.Struct, frozen=True):
    """The best letter that is left, why, and where the guide says so."""

    letter: str
    reason: str
    section: str = ""


class Scores(msgspec.Struct, frozen=True):
    """From 0 to 100 each; `total` is weighed, and 0 where one of them is."""

    protocols: int
    key_exchange: int
    ciphers: int
    total: int


class Grade(msgspec.Struct, frozen=True, kw_only=True):
    """`letter` is None where too little is known for one, and the best that it can be where something was `not_measured`.

    `trust_ignored` is the letter that the configuration alone would get, where it differs (T and M). `caps` begin with the worst.
    """

    letter: str | None
    caps: tuple[Cap, ...] = ()
    scores: Scores | None = None
    trust_ignored: str | None = None
    not_measured: tuple[str, ...] = ()
    guide: str = GUIDE
    source: str = SOURCE


def grade(facts: Facts, weaknesses: Sequence[Weakness], certificates: Sequence[CertificateInfo]) -> Grade:
    """The letter of a server, from what a scan has established."""
    missing = tuple(_missing(facts, weaknesses, certificates))
    scores = _scores(facts, certificates)
    caps = tuple(
        sorted(
            dict.fromkeys((*_of_weaknesses(weaknesses), *_of_facts(facts), *_of_keys(facts, certificates))),
            key=lambda cap: LETTERS.index(cap.letter),
            reverse=True,
        )
    )
    worst = caps[0].letter if caps else "A+"
    letter: str | None = worst if worst == "F" else None
    if letter is None and scores is not None:
        rated = _letter(scores.total)
        letter = max(rated if rated != "A" or caps or missing else "A+", worst, key=LETTERS.index)
    distrust = tuple(dict.fromkeys(_distrust(certificates)))
    if not distrust:
        return Grade(letter=letter, caps=caps, scores=scores, not_measured=missing)
    return Grade(letter=distrust[0].letter, caps=(*distrust, *caps), scores=scores, trust_ignored=letter, not_measured=missing)


def _letter(total: int) -> str:
    return next((letter for least, letter in ((80, "A"), (65, "B"), (50, "C"), (35, "D"), (20, "E")) if total >= least), "F")


def _accepted(facts: Facts) -> list[Version]:
    return [version for version in VERSIONS if facts.protocols.get(version) == "accepted"]


def _scores(facts: Facts, certificates: Sequence[CertificateInfo]) -> Scores | None:
    versions = [_PROTOCOLS[version] for version in _accepted(facts)]
    suites = _known_suites(facts)
    keys = [size for _, size in _key_sizes(facts, certificates)]
    if not versions or not suites or not keys:
        return None
    protocols = (max(versions) + min(versions)) / 2
    exchange = _step(min(keys), ((4096, 100), (2048, 90), (1024, 80), (512, 40)), 20)
    if any(held.export for held in suites):
        exchange = min(exchange, _EXPORT_SCORE)
    if any(held.anonymous for held in suites):
        exchange = 0
    bits = [held.bits for held in suites]
    best, worst = (0 if size == 0 else _step(size, ((256, 100), (128, 80)), 20) for size in (max(bits), min(bits)))
    ciphers = (best + worst) / 2
    total = 0.3 * protocols + 0.3 * exchange + 0.4 * ciphers if protocols and exchange and ciphers else 0
    return Scores(int(protocols), exchange, int(ciphers), int(total + 1e-9))


def _known_suites(facts: Facts) -> list[Suite]:
    return [held for version in _accepted(facts) for held in facts.suites.get(version, ()) if held.cipher != "unknown"]


def _step(size: int, steps: Sequence[tuple[int, int]], otherwise: int) -> int:
    return next((score for least, score in steps if size >= least), otherwise)


def _key_sizes(facts: Facts, certificates: Sequence[CertificateInfo]) -> Iterator[tuple[str, int]]:
    """The keys that an exchange rests on, what they are and their size as of RSA (NIST SP 800-57 part 1, table 2)."""
    for held in certificates:
        if held.chain:
            key = held.chain[0].key
            match key.type:
                case "RSA" | "DSA":
                    yield f"an {key.type} key of {key.bits} bits", key.bits or 0
                case "EC" | "Ed25519" | "Ed448":
                    yield f"a key on {key.curve or key.type}", _as_rsa(key.bits or 0)
                case "ML-DSA":
                    yield f"a key of {key.parameter_set}", 3072 if key.parameter_set == "ML-DSA-44" else 7680
    if not any(held.chain for held in certificates):
        return
    yield from ((f"Diffie-Hellman with {bits} bits", bits) for bits in facts.dh_bits)
    sizes = [(name, _group_size(name)) for name in facts.curves or tuple(group.name for group in facts.groups)]
    known = [(name, size) for name, size in sizes if size is not None]
    # A curve that is weak counts where there is no better one: clients in use ask for none of these.
    yield from [(name, size) for name, size in known if size >= _LEAST_KEY] or known


def _group_size(name: str) -> int | None:
    """The size as of RSA of a group by its IANA name; of a hybrid, of its classical part; None for one that is not known."""
    if found := re.match(r"ffdhe(\d+)", name):
        return int(found[1])
    if found := re.fullmatch(r"MLKEM(512|768|1024)", name):
        return 3072 if found[1] == "512" else 7680
    if found := re.match(r"(?:x25519|x448)", name, re.IGNORECASE):
        return _as_rsa(448 if "448" in found[0] else 256)
    found = re.match(r"(?:sec[pt]|brainpoolP|curveSM)(\d+)", name, re.IGNORECASE)
    return _as_rsa(256 if found[1] == "2" else int(found[1])) if found else None


def _as_rsa(bits: int) -> int:
    return _step(bits, ((512, 15360), (384, 7680), (255, 3072), (224, 2048), (160, 1024)), 511)


def _of_weaknesses(weaknesses: Sequence[Weakness]) -> Iterator[Cap]:
    for held in weaknesses:
        if held.verdict == "vulnerable" and held.id in _CAPS:
            letter, section = _CAPS[held.id]
            yield Cap(letter, f"{held.id}: {held.evidence}", section)


def _of_facts(facts: Facts) -> Iterator[Cap]:
    yield from _of_versions(facts)
    accepted, suites = _accepted(facts), _known_suites(facts)
    if weak := [held for held in suites if 0 < held.bits < _LEAST_BITS and not held.export]:
        yield Cap("F", f"a suite of {weak[0].bits} bits: {weak[0].name}", _LATER)
    if suites and all(_is_rc4(held) for held in suites):
        yield Cap("F", "only RC4 is accepted", "changes in 2009k")
    for version in (held for held in _MODERN if held in accepted):
        if _gives(facts, version, _is_rc4):
            yield Cap("C", f"RC4 is what {version} gets", "changes in 2009j")
        if _gives(facts, version, lambda suite: suite.cipher.startswith(SMALL_BLOCKS)):
            yield Cap("C", f"a cipher with blocks of 64 bits is what {version} gets", "grading change of January 2017")
    best_versions: tuple[Version, ...] = ("TLSv1.3", "TLSv1.2")
    for version in [held for held in best_versions if held in accepted][:1]:
        if _gives(facts, version, lambda suite: not suite.forward_secret):
            yield Cap("B", f"no forward secrecy is what {version} gets", _MARCH_2018)
        if _gives(facts, version, lambda suite: suite.mac != "AEAD"):
            yield Cap("B", f"no AEAD is what {version} gets", _MARCH_2018)
    yield from _of_hsts(facts.hsts)


def _of_versions(facts: Facts) -> Iterator[Cap]:
    accepted = _accepted(facts)
    if "SSLv3" in accepted:
        # POODLE is of CBC; of a server that has RC4 alone there, the version itself is what remains.
        if any(held.mode == "CBC" for held in facts.suites.get("SSLv3", ())):
            yield Cap("C", "sslv3_poodle: SSLv3 is accepted, with CBC", "changes in 2009g")
        else:
            yield Cap("B", "SSLv3 is accepted", "changes in 2009h")
    if accepted and facts.protocols.get("TLSv1.2") == facts.protocols.get("TLSv1.3") == "refused":
        best = accepted[-1]
        if best == "SSLv3":
            yield Cap("F", "nothing better than SSLv3 is accepted", "changes in 2009i")
        elif best != "SSLv2":
            yield Cap("C", f"nothing better than {best} is accepted", "changes in 2009j")
    elif accepted and facts.protocols.get("TLSv1.3") == "refused":
        yield Cap("A-", "TLSv1.3 is not accepted", "changes in 2009r: a warning")


def _of_hsts(sent: str | None) -> Iterator[Cap]:
    """The guide's words are those of SSL Labs' own results: `disabled` is max-age=0, `invalid` what cannot be read."""
    age = re.search(r"max-age\s*=\s*\"?(\d{1,12})", sent or "", re.IGNORECASE)
    if sent and (age is None or int(age[1]) == 0):
        yield Cap("A-", f"HSTS is {'disabled' if age else 'invalid'}", "changes in 2009r: a warning")
    elif age is None or int(age[1]) < _HSTS_SECONDS:
        yield Cap("A", "A+ takes HSTS for 180 days or more, which was not seen", "changes in 2009e")


def _is_rc4(held: Suite) -> bool:
    return held.cipher.startswith("RC4")


def _gives(facts: Facts, version: Version, matches: Callable[[Suite], bool]) -> bool:
    """Whether clients that can do better get such a suite: the server has nothing else, or puts it first and insists."""
    suites = facts.suites.get(version, ())
    if not suites:
        return False
    only = f"suites/{version}" in facts.complete and all(matches(held) for held in suites)
    return only or (facts.server_preference.get(version) is True and matches(suites[0]))


def _of_keys(facts: Facts, certificates: Sequence[CertificateInfo]) -> Iterator[Cap]:
    for what, size in _key_sizes(facts, certificates):
        if size < _LEAST_KEY:
            yield Cap("B" if size >= 1024 else "F", what, "changes in 2009e")
    for found in sorted({found for held in certificates for found in (held.chain[0].key.problems if held.chain else None) or ()}):
        if found != "small_exponent":
            yield Cap("F", f"an insecure key: {found.replace('_', ' ')}", _INSPECTION)
    if any("md5_signature" in held.problems for held in certificates):
        yield Cap("F", "the certificate is signed over MD5", "changes in 2009e")
    if any(_lacks_link(held) for held in certificates):
        yield Cap("B", "the chain is incomplete", "changes in 2009i")


def _lacks_link(held: CertificateInfo) -> bool:
    """Whether an intermediate that the server does not send is all that stands between the certificate and trust."""
    return held.trusted is False and "missing_intermediate" in held.problems and not _DISTRUST.intersection(held.problems)


def _distrust(certificates: Sequence[CertificateInfo]) -> Iterator[Cap]:
    for held in certificates:
        if held.hostname_matches is False:
            yield Cap("M", "the certificate is for another name", _INSPECTION)
        if "revoked" in held.problems:
            yield Cap("T", "the certificate is revoked", _INSPECTION)
        elif held.trusted is False and not _lacks_link(held):
            yield Cap("T", f"the certificate is not trusted: {held.trust_error or 'no reason given'}", _INSPECTION)
        elif "sha1_signature" in held.problems:
            yield Cap("T", "the certificate is signed over SHA-1", _LATER)


def _missing(facts: Facts, weaknesses: Sequence[Weakness], certificates: Sequence[CertificateInfo]) -> Iterator[str]:
    known = {held.id: held.verdict for held in weaknesses}
    versions = ("sslv2", "tls1_0", "tls1_1")
    yield from (name for name in _CAPS if name not in versions and known.get(name, "unknown") == "unknown")
    for version in VERSIONS:
        support = facts.protocols.get(version, "unknown")
        if support == "unknown":
            yield f"protocols/{version}"
        elif support == "accepted" and f"suites/{version}" not in facts.complete:
            yield f"suites/{version}"
    if not any(held.chain for held in certificates):
        yield "certificate"
    elif any(held.trusted is None or held.hostname_matches is None or _lacks_link(held) for held in certificates):
        yield "trust in the certificate"
