"""Named baselines (policies.toml): what of a server's configuration a policy allows, and each deviation from it. Pure.

A policy is passed only where everything that it asks and a scan can see was established. OCSP stapling, key generation and
modules are not judged; HSTS is where the server sends it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from netassist.tls.facts import VERSIONS, Facts, Version
from netassist.tls.weakness import BEFORE_TLS13, refuses_all

if TYPE_CHECKING:
    from netassist.tls.certificate import CertificateInfo
    from netassist.tls.chain import Certificate

_FILE = Path(__file__).with_name("policies.toml")
_SHOWN = 4
_DAY = 86_400


class CertificateRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the server's own certificates are to be; an empty list allows anything. Years are the last that allow something."""

    keys: tuple[str, ...] = ()
    curves: tuple[str, ...] = ()
    parameter_sets: tuple[str, ...] = ()
    rsa_bits: int = 0
    ec_bits: int = 0
    signatures: tuple[str, ...] = ()
    signatures_until: dict[int, tuple[str, ...]] = {}
    weak_signatures: tuple[str, ...] = ()
    longest_days: int | None = None


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One baseline. Suites are regular expressions on whole IANA names; None of a switch: the policy does not speak of it.

    `date` is that of `version` (ISO 8601, as far as it is known), `text` tells how its words were had; a year of `suites_until`
    is the last that allows these suites.
    """

    title: str
    version: str
    date: str
    source: str
    text: str
    versions: tuple[Version, ...]
    suites: tuple[str, ...]
    certificate: CertificateRule
    note: str = ""
    required_versions: tuple[Version, ...] = ()
    discouraged_versions: tuple[Version, ...] = ()
    suites_until: dict[int, tuple[str, ...]] = {}
    discouraged_suites: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    one_of_groups: tuple[str, ...] = ()
    dh_bits: int = 0
    server_order: bool | None = None
    hsts_seconds: int = 0
    compression: bool | None = None
    secure_renegotiation: bool | None = None
    extended_master_secret: bool | None = None
    encrypt_then_mac: bool | None = None
    early_data: bool | None = None
    discouraged_early_data: bool = False


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """How a server stands to one policy. `deviations` and `not_measured` are in words; `unknown` is neither."""

    id: str
    title: str
    version: str
    date: str
    source: str
    note: str
    verdict: Literal["pass", "deviates", "unknown"]
    deviations: tuple[str, ...] = ()
    not_measured: tuple[str, ...] = ()


class LeftOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A baseline that servers are not held against, and why not."""

    title: str
    source: str
    because: str


class _Contents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    policies: dict[str, Policy]
    left_out: tuple[LeftOut, ...]


@lru_cache(maxsize=1)
def _contents() -> _Contents:
    return msgspec.convert(tomllib.loads(_FILE.read_text(encoding="utf-8")), _Contents, str_keys=True)


def policies() -> dict[str, Policy]:
    """The policies by their ids."""
    return _contents().policies


def left_out() -> tuple[LeftOut, ...]:
    """The policies that people may look for and that are not among them."""
    return _contents().left_out


def judge(facts: Facts, certificates: Sequence[CertificateInfo]) -> tuple[Judgement, ...]:
    """The server against every policy; nothing where it speaks no TLS that is known."""
    if "accepted" not in facts.protocols.values():
        return ()
    return tuple(judge_by(name, policy, facts, certificates) for name, policy in policies().items())


def judge_by(name: str, policy: Policy, facts: Facts, certificates: Sequence[CertificateInfo]) -> Judgement:
    """The server against one policy. What it allows up to a year is judged by the year in which the certificates were seen."""
    year = max((held.started.year for held in certificates), default=None)
    leaves = [held.chain[0] for held in certificates if held.chain]
    switches = _switches(policy, facts)
    deviations = (
        *_of_versions(policy, facts),
        *_of_suites(policy, facts, year),
        *_of_groups(policy, facts),
        *(switch.text for switch in switches if switch.wrong),
        *_of_hsts(policy, facts),
        *(f"{leaf.subject}: {text}" for leaf in leaves for text in _of_certificate(policy.certificate, leaf, year)),
    )
    missing = (
        *_missing(policy, facts),
        *(switch.what for switch in switches if switch.seen is None),
        *(("the server's certificate",) if not leaves else ()),
    )
    return Judgement(
        id=name,
        title=policy.title,
        version=policy.version,
        date=policy.date,
        source=policy.source,
        note=policy.note,
        verdict="deviates" if deviations else "unknown" if missing else "pass",
        deviations=deviations,
        not_measured=missing,
    )


def _accepted(facts: Facts) -> list[Version]:
    return [version for version in VERSIONS if facts.protocols.get(version) == "accepted"]


def _of_versions(policy: Policy, facts: Facts) -> Iterator[str]:
    for version in _accepted(facts):
        if version not in policy.versions:
            yield f"{version} is accepted"
        elif version in policy.discouraged_versions:
            yield f"{version} is accepted, which it should not be"
    for version in policy.required_versions:
        if facts.protocols.get(version) == "refused":
            yield f"{version} is not accepted"


def _of_suites(policy: Policy, facts: Facts, year: int | None) -> Iterator[str]:
    allowed = (*policy.suites, *(pattern for patterns in policy.suites_until.values() for pattern in patterns))
    for version in _accepted(facts):
        names = [held.name for held in facts.suites.get(version, ())]
        wrong = [name for name in names if not _fits(name, allowed)]
        discouraged = [name for name in names if name not in wrong and _fits(name, policy.discouraged_suites)]
        if wrong:
            yield f"{version}: {_listed(wrong)}"
        if discouraged:
            yield f"{version}: {_listed(discouraged)}, which should not be accepted"
        for last, patterns in policy.suites_until.items():
            if year is not None and year > last and (lapsed := [name for name in names if _fits(name, patterns)]):
                yield f"{version}: {_listed(lapsed)}, recommended until {last}"


def _of_groups(policy: Policy, facts: Facts) -> Iterator[str]:
    names = {group.name for group in facts.groups}
    wrong = [group.name for group in facts.groups if policy.groups and group.name not in policy.groups]
    if wrong:
        yield f"groups: {_listed(wrong)}"
    if policy.one_of_groups and "groups" in facts.complete and not names & set(policy.one_of_groups):
        yield f"none of the groups {', '.join(policy.one_of_groups)} is accepted"
    if small := sorted(bits for bits in facts.dh_bits if bits < policy.dh_bits):
        yield f"finite-field Diffie-Hellman with {small[0]} bits, less than {policy.dh_bits}"


class _Switch(NamedTuple):
    """Something that is on or off: what the policy wants of it, what was seen, and whether it is there to be seen at all."""

    what: str
    wanted: bool | None
    seen: bool | None
    applies: bool
    text: str

    @property
    def wrong(self) -> bool:
        return self.seen is not None and self.seen is not self.wanted


def _switches(policy: Policy, facts: Facts) -> tuple[_Switch, ...]:
    """The switches that the policy speaks of and the server can have."""
    old = not refuses_all(facts, BEFORE_TLS13)
    cbc = any(held.mode == "CBC" for version in BEFORE_TLS13 for held in facts.suites.get(version, ()))
    tls12, tls13 = (facts.protocols.get(version) != "refused" for version in ("TLSv1.2", "TLSv1.3"))
    early = (facts.early_data, tls13, "early data is accepted")
    discouraged = False if policy.discouraged_early_data else None
    ems, etm = facts.extended_master_secret, facts.encrypt_then_mac
    order = "the server does not impose its order of suites"
    if policy.server_order is False:
        order = "the server imposes its order of suites on clients"
    found = (
        _Switch("compression", policy.compression, facts.compression, old, "TLS compression is accepted"),
        _Switch(
            "secure renegotiation",
            policy.secure_renegotiation,
            facts.secure_renegotiation,
            old,
            "secure renegotiation (RFC 5746) is missing",
        ),
        _Switch(
            "extended master secret", policy.extended_master_secret, ems, old, "extended master secret (RFC 7627) is missing"
        ),
        _Switch("encrypt-then-MAC", policy.encrypt_then_mac, etm, old and cbc, "encrypt-then-MAC (RFC 7366) is missing"),
        _Switch("early data", policy.early_data, *early),
        _Switch("early data", discouraged, early[0], early[1], f"{early[2]}, which it should not be"),
        _Switch("order of suites", policy.server_order, facts.server_preference.get("TLSv1.2"), tls12, order),
    )
    return tuple(held for held in found if held.wanted is not None and held.applies)


def _of_hsts(policy: Policy, facts: Facts) -> Iterator[str]:
    age = re.search(r"max-age\s*=\s*\"?(\d{1,12})", facts.hsts or "", re.IGNORECASE)
    if policy.hsts_seconds and facts.hsts is not None and (age is None or int(age[1]) < policy.hsts_seconds):
        yield f"HSTS for less than {policy.hsts_seconds // _DAY} days"


def _of_certificate(rule: CertificateRule, leaf: Certificate, year: int | None) -> Iterator[str]:
    key, days = leaf.key, (leaf.not_after - leaf.not_before).days
    kind = key.type or "unknown"
    if rule.keys and kind not in rule.keys:
        yield f"a key of type {kind}"
    elif kind in ("RSA", "DSA") and (key.bits or 0) < rule.rsa_bits:
        yield f"{kind} with {key.bits} bits, less than {rule.rsa_bits}"
    elif kind == "EC" and ((key.bits or 0) < rule.ec_bits or (rule.curves and key.curve not in rule.curves)):
        yield f"a key on {key.curve}"
    elif kind == "ML-DSA" and rule.parameter_sets and key.parameter_set not in rule.parameter_sets:
        yield f"a key of {key.parameter_set}"
    signed = leaf.signature_algorithm
    if (rule.signatures and signed not in rule.signatures) or any(weak in signed.lower() for weak in rule.weak_signatures):
        yield f"signed with {signed}"
    for last, names in rule.signatures_until.items():
        if year is not None and year > last and signed in names:
            yield f"signed with {signed}, recommended until {last}"
    if rule.longest_days is not None and days > rule.longest_days:
        yield f"valid for {days} days, more than {rule.longest_days}"


def _missing(policy: Policy, facts: Facts) -> Iterator[str]:
    for version in VERSIONS:
        support = facts.protocols.get(version, "unknown")
        if support == "unknown":
            yield f"whether {version} is accepted"
        elif support == "accepted" and f"suites/{version}" not in facts.complete:
            yield f"all suites of {version}"
    if (policy.groups or policy.one_of_groups) and "groups" not in facts.complete:
        yield "all groups"
    exchanges = {held.key_exchange for version in BEFORE_TLS13 for held in facts.suites.get(version, ())}
    if policy.dh_bits and "DHE" in exchanges and not facts.dh_bits:
        yield "the size of the finite-field Diffie-Hellman group"


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return name in patterns or bool((found := _compiled(patterns)) and found.fullmatch(name))


@cache
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    """Those that are more than a name, as one."""
    wide = [pattern for pattern in patterns if not re.fullmatch(r"\w+", pattern)]
    return re.compile("|".join(wide)) if wide else None


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
