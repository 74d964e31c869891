"""A weakness of a TLS server: what it is called, and how a verdict on it comes from the facts of a scan. Pure.

What was not measured is never safe: where a version or a suite of the server may still be missing from the facts, the
verdict is `unknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from netassist.tls.facts import VERSIONS, Facts, Version
from netassist.tls.suites import Suite

WeaknessId = Literal[
    "sslv2", "sslv3_poodle", "tls1_0", "tls1_1", "rc4", "des3_sweet32", "null_cipher", "export_cipher", "anonymous_cipher",
    "rsa_key_exchange_no_fs", "cbc_in_tls1_0_beast", "dh_1024_logjam", "compression_crime", "insecure_renegotiation",
    "no_fallback_scsv", "heartbleed", "ccs_injection", "robot", "ticketbleed", "early_data",
]  # fmt: skip
IDS: tuple[WeaknessId, ...] = (
    "sslv2", "sslv3_poodle", "tls1_0", "tls1_1", "rc4", "des3_sweet32", "null_cipher", "export_cipher", "anonymous_cipher",
    "rsa_key_exchange_no_fs", "cbc_in_tls1_0_beast", "dh_1024_logjam", "compression_crime", "insecure_renegotiation",
    "no_fallback_scsv", "heartbleed", "ccs_injection", "robot", "ticketbleed", "early_data",
)  # fmt: skip
"""In the order in which they are reported."""
Verdict = Literal["vulnerable", "safe", "unknown", "not_applicable"]

BEFORE_TLS13: tuple[Version, ...] = VERSIONS[:-1]
NO_TLS = "no version of SSL or TLS is accepted"
_SHOWN = 4


class Weakness(msgspec.Struct, frozen=True):
    """`evidence` says what was seen, in one line, or why nothing could be established."""

    id: WeaknessId
    verdict: Verdict
    evidence: str


def of_version(weakness: WeaknessId, facts: Facts, version: Version) -> Weakness:
    """Vulnerable where the server speaks `version`."""
    match facts.protocols.get(version, "unknown"):
        case "accepted":
            return Weakness(weakness, "vulnerable", f"{version} is accepted")
        case "refused":
            return Weakness(weakness, "safe", f"{version} is refused")
        case _:
            return Weakness(weakness, "unknown", f"whether {version} is accepted was not established")


def of_suites(
    weakness: WeaknessId,
    facts: Facts,
    matches: Callable[[Suite], bool],
    versions: tuple[Version, ...] = BEFORE_TLS13,
    otherwise: str = "no such suite is accepted",
) -> Weakness:
    """Vulnerable where a suite that `matches` is accepted in one of `versions`; safe only where all their suites are known."""
    found = {version: [held.name for held in facts.suites.get(version, ()) if matches(held)] for version in versions}
    if any(found.values()):
        evidence = "; ".join(f"{version}: {_listed(names)}" for version, names in found.items() if names)
        return Weakness(weakness, "vulnerable", evidence)
    if missing := tuple(unsettled(facts, versions)):
        return Weakness(weakness, "unknown", f"not established: {', '.join(missing)}")
    if refuses_all(facts, VERSIONS):
        return Weakness(weakness, "not_applicable", NO_TLS)
    return Weakness(weakness, "safe", otherwise)


def unsettled(facts: Facts, versions: tuple[Version, ...]) -> Iterator[str]:
    """What of these versions and their suites is not known, in words."""
    for version in versions:
        support = facts.protocols.get(version, "unknown")
        if support == "unknown":
            yield f"whether {version} is accepted"
        elif support == "accepted" and f"suites/{version}" not in facts.complete:
            yield f"all suites of {version}"
        yield from (f"what {held.name} is" for held in facts.suites.get(version, ()) if held.cipher == "unknown")


def refuses_all(facts: Facts, versions: tuple[Version, ...]) -> bool:
    """Whether each of these versions is known to be refused."""
    return all(facts.protocols.get(version) == "refused" for version in versions)


def of_flag(weakness: WeaknessId, facts: Facts, seen: bool | None, vulnerable_if: bool, bad: str, good: str) -> Weakness:
    """A verdict by a fact of TLS 1.2 and before that is true, false, or not established."""
    if seen is not None:
        found = seen is vulnerable_if
        return Weakness(weakness, "vulnerable" if found else "safe", bad if found else good)
    if refuses_all(facts, BEFORE_TLS13[1:]):  # SSL 2.0 has none of what these are about
        return Weakness(weakness, "not_applicable", "SSL 3.0 to TLS 1.2 are refused")
    return Weakness(weakness, "unknown", "not established")


def of_exchange(weakness: WeaknessId, facts: Facts) -> Weakness:
    """What the facts alone say of a weakness that only an exchange of its own can show."""
    if refuses_all(facts, BEFORE_TLS13[1:]):  # SSL 2.0 has none of what these are about
        return Weakness(weakness, "not_applicable", "SSL 3.0 to TLS 1.2 are refused")
    return Weakness(weakness, "unknown", "not tested: it takes an exchange of its own")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
