"""What is true of a server of the lab, declared in a file of its own, and how a report differs from that.

`truth/NAME.toml` is written from the configuration of the server and the documentation of what it runs, never from a
report. A list is declared whole: what a report has and the file has not is as wrong as what it lacks. A field that a file
does not have says nothing and is not compared; `tests/tls/test_truth.py` says which ones a server that answers has to have.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from netassist.observations import FailureKind, Status
from netassist.tls.audit import TlsAudit
from netassist.tls.certificate import CertificateInfo
from netassist.tls.chain import PublicKey
from netassist.tls.facts import VERSIONS, Version
from netassist.tls.problems import Problem
from netassist.tls.weakness import Verdict, WeaknessId

Name = TypeVar("Name", bound=str)
FOLDER = Path(__file__).parent / "truth"
Flag = Literal[
    "compression", "secure_renegotiation", "fallback_scsv", "extended_master_secret", "encrypt_then_mac", "session_tickets",
    "early_data",
]  # fmt: skip


class Leaf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A certificate that the server presents; `key` tells it from its others: ``RSA 2048``, ``EC secp256r1``, ``ML-DSA-65``."""

    key: str
    problems: tuple[Problem, ...] = ()
    trusted: bool | None = True
    hostname_matches: bool | None = True
    chain: int = 1
    """Certificates sent, this one among them."""
    ocsp_staple: str = "absent"
    must_staple: bool | None = False


class Truth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`about` says what runs, how it is configured and where each fact is documented.

    Keys of `suites` are versions, several with a space between where they share a list; suites of a version in which
    `server_preference` is true stand in the server's order. `error` is what may be said of a server that cannot be audited.
    """

    about: str
    status: tuple[Status, ...] = ("ok",)
    error: tuple[FailureKind, ...] = ()
    protocols: tuple[Version, ...] | None = None
    """Those accepted; all others are refused."""
    unknown: tuple[Version, ...] = ()
    """Those that the server leaves open."""
    suites: dict[str, tuple[str, ...]] | None = None
    server_preference: dict[Version, bool] | None = None
    groups: tuple[str, ...] | None = None
    signature_schemes: tuple[str, ...] | None = None
    dh_bits: tuple[int, ...] | None = None
    weaknesses: dict[WeaknessId, Verdict] | None = None
    certificates: tuple[Leaf, ...] | None = None
    flags: dict[Flag, bool] | None = None
    alpn: tuple[str, ...] | None = None
    hsts: str | None = None
    grade: str | None = None
    caps: tuple[str, ...] | None = None
    """The letters that the grade is capped at, the worst first."""


def names() -> tuple[str, ...]:
    """The servers that a file is there for."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))


def truth_of(name: str) -> Truth:
    return msgspec.convert(tomllib.loads((FOLDER / f"{name}.toml").read_text()), Truth)


def differences(report: TlsAudit, truth: Truth) -> tuple[str, ...]:
    """Each fact that the report misses or invents, in words; none where it says the truth."""
    return tuple(_differences(report, truth))


def _differences(report: TlsAudit, truth: Truth) -> Iterator[str]:
    if report.status not in truth.status:
        yield f"status: {report.status} ({report.error}), not {truth.status}; incomplete: {report.incomplete}"
    if truth.error and (report.error is None or report.error.kind not in truth.error):
        yield f"error: {report.error}, not {truth.error}"
    if truth.protocols is not None:
        supported: dict[str, str] = {
            version: "accepted" if version in truth.protocols else "unknown" if version in truth.unknown else "refused"
            for version in VERSIONS
        }
        yield from _unequal("protocols", report.protocols, supported)
    yield from _of_suites(report, truth)
    if truth.groups is not None:
        yield from _unlike("groups", (held.name for held in report.groups), truth.groups)
        yield from _unlike("curves", (name for name in report.curves if name not in truth.groups), ())
    if truth.signature_schemes is not None:
        yield from _unlike("signature_schemes", (held.name for held in report.signature_schemes), truth.signature_schemes)
    if truth.dh_bits is not None and report.dh_bits != truth.dh_bits:
        yield f"dh_bits: {report.dh_bits}, not {truth.dh_bits}"
    if truth.weaknesses is not None:
        verdicts = {held.id: held.verdict for held in report.weaknesses if held.id in truth.weaknesses}
        evidence = {held.id: held.evidence for held in report.weaknesses}
        yield from _unequal("weaknesses", verdicts, truth.weaknesses, evidence)
    if truth.certificates is not None:
        yield from _of_certificates(report.certificates, truth.certificates)
    if truth.flags is not None:
        yield from _unequal("flags", {flag: getattr(report, flag) for flag in truth.flags}, truth.flags)
    for what, said, true in (("alpn", report.alpn, truth.alpn), ("hsts", report.hsts, truth.hsts)):
        if true is not None and said != true:
            yield f"{what}: {said!r}, not {true!r}"
    yield from _of_grade(report, truth)


def _of_suites(report: TlsAudit, truth: Truth) -> Iterator[str]:
    kept = truth.server_preference
    if truth.suites is not None:
        declared = {version: held for versions, held in truth.suites.items() for version in versions.split()}
        yield from _unlike("versions with suites", report.cipher_suites, declared)
        for version, true in declared.items():
            found = tuple(held.name for held in report.cipher_suites.get(version, ()))
            yield from _unlike(f"suites/{version}", found, true)
            in_order = kept is not None and any(name == version and value for name, value in kept.items())
            if in_order and found != true and sorted(found) == sorted(true):
                yield f"suites/{version}: in the order {found}, not {true}"
    if kept is not None:
        found_order = {version: held for version, held in report.server_preference.items() if held is not None}
        yield from _unequal("server_preference", found_order, {str(version): held for version, held in kept.items()})


def _of_certificates(found: Iterable[CertificateInfo], true: Iterable[Leaf]) -> Iterator[str]:
    said = {key_name(held.chain[0].key): held for held in found if held.chain}
    yield from _unlike("certificates", said, (leaf.key for leaf in true))
    for leaf in true:
        if (held := said.get(leaf.key)) is None:
            continue
        yield from _unlike(f"{leaf.key}: problems", held.problems, leaf.problems)
        for name in ("trusted", "hostname_matches", "ocsp_staple", "must_staple"):
            if getattr(held, name) != getattr(leaf, name):
                yield f"{leaf.key}: {name} is {getattr(held, name)!r}, not {getattr(leaf, name)!r}"
        if len(held.chain) != leaf.chain:
            yield f"{leaf.key}: {len(held.chain)} certificates sent, not {leaf.chain}"


def _of_grade(report: TlsAudit, truth: Truth) -> Iterator[str]:
    letter = report.grade.letter if report.grade else None
    caps = report.grade.caps if report.grade else ()
    if truth.grade is not None and letter != truth.grade:
        yield f"grade: {letter}, not {truth.grade}; {report.grade}"
    if truth.caps is not None and tuple(cap.letter for cap in caps) != truth.caps:
        yield f"caps: {caps}, not {truth.caps}"


def key_name(key: PublicKey) -> str:
    """How a truth file calls a key."""
    detail = key.curve or key.bits
    return key.parameter_set or (f"{key.type} {detail}" if key.type in ("RSA", "DSA", "EC") else str(key.type))


def _unlike(what: str, found: Iterable[str], true: Iterable[str]) -> Iterator[str]:
    """As sets, but for what is named twice."""
    seen, wanted = list(found), list(true)
    if missed := [name for name in wanted if name not in seen]:
        yield f"{what}: missed {', '.join(missed)}"
    if invented := [name for name in seen if name not in wanted]:
        yield f"{what}: invented {', '.join(invented)}"
    if twice := sorted({name for name in seen if seen.count(name) > 1}):
        yield f"{what}: twice {', '.join(twice)}"


def _unequal(
    what: str, found: Mapping[Name, object], true: Mapping[Name, object], because: Mapping[Name, str] | None = None
) -> Iterator[str]:
    for name in {**true, **found}:
        if found.get(name) != true.get(name):
            why = f" ({because[name]})" if because and name in because else ""
            yield f"{what}: {name} is {found.get(name)!r}, not {true.get(name)!r}{why}"
