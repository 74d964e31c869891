"""Every check matters: a server of the lab has what it looks for, and without the check the report differs from the truth."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, cast, get_args

import pytest
from cryptography import x509

from netassist.audit import judged, tls_findings
from netassist.audit.rules import certificate as certificate_rules
from netassist.network import Network
from netassist.observations import Endpoint
from netassist.scope import Scope
from netassist.tls import certificate, problems, weaknesses
from netassist.tls.audit import TlsAudit, tls_audit
from netassist.tls.certificate import CertificateInfo, certificate_info
from netassist.tls.problems import Problem
from netassist.tls.revocation import Revocation
from netassist.tls.weakness import IDS, WeaknessId
from tests.lab.pki import Identity, authority, issue, leaf, resigned
from tests.lab.revocation import response
from tests.lab.servers import Served, servers
from tests.lab.tls import tls_server
from tests.lab.truth import Leaf, Truth, differences, key_name, names, truth_of

PROBLEMS: tuple[Problem, ...] = get_args(Problem)
_ELSEWHERE = ("nginx", "node", "postgres", "imap", "smtp", "s_server")
"""Servers that are programs of their own: slower to start, and not on every machine."""
Found = Callable[[str], tuple[Served, TlsAudit]]


# Weaknesses


def server_with(weakness: WeaknessId) -> str:
    """A server whose file says that it has the weakness, if possible one that starts in this process."""
    having = [name for name in names() if (truth_of(name).weaknesses or {}).get(weakness) == "vulnerable"]
    assert having, f"no server of the lab has {weakness}: nothing shows that its check finds anything"
    return min(having, key=lambda name: (name.startswith(_ELSEWHERE), len(name)))


def audit(at: Served) -> TlsAudit:
    network = Network(Scope(frozenset({at.host, "127.0.0.1", "::1"})), timeout=at.timeout, deadline=120, ca_file=at.anchor)
    return asyncio.run(tls_audit(network, at.host, at.port, at.starttls))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    """Starts a server by its name, and audits it, once."""
    seen: dict[str, tuple[Served, TlsAudit]] = {}
    with contextlib.ExitStack() as stack:

        def once(name: str) -> tuple[Served, TlsAudit]:
            if name not in seen:
                served = stack.enter_context(servers()[name](tmp_path_factory.mktemp(name)))
                seen[name] = served, audit(served)
            return seen[name]

        yield once


@pytest.mark.parametrize("weakness", IDS)
def test_a_weakness_is_found_and_missed_without_its_module(
    weakness: WeaknessId, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = server_with(weakness)
    served, report = found(name)
    assert differences(report, truth_of(name)) == ()
    whole = weaknesses.checks()
    left: dict[WeaknessId, ModuleType] = {held: module for held, module in whole.items() if held != weakness}
    assert len(left) == len(whole) - 1
    monkeypatch.setattr(weaknesses, "checks", lambda: left)
    said = differences(audit(served), truth_of(name))
    assert [line for line in said if line.startswith(f"weaknesses: {weakness} is 'unknown', not 'vulnerable'")], said


@pytest.mark.parametrize("weakness", IDS)
def test_a_weakness_is_told_by_its_rule_and_by_no_other(
    weakness: WeaknessId, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, report = found(server_with(weakness))
    told = [finding.id for finding in judged(report).findings]
    assert told.count(f"tls.{weakness}") == 1
    monkeypatch.delitem(tls_findings.RULES, weakness)
    with pytest.raises(KeyError, match=weakness):
        judged(report)


# Problems of certificates


class Case(NamedTuple):
    """A certificate, what a client trusts (None: its own authority is not known), and what is stapled to it."""

    identity: Identity
    anchor: Identity | None
    truth: Leaf
    staple: bytes | None = None


ROOT = authority()
MIDDLE = authority("Lab Intermediate", ROOT)
OLD = authority("Old Root", key="rsa")
LOCAL = ("localhost",)
EC = "EC secp256r1"


def told(*problem: Problem, key: str = EC, trusted: bool = True, fits: bool = True, chain: int = 1, staple: str = "absent",
         must_staple: bool = False) -> Leaf:  # fmt: skip
    return Leaf(key=key, problems=problem, trusted=trusted, hostname_matches=fits, chain=chain, ocsp_staple=staple,
                must_staple=must_staple)  # fmt: skip


def expired() -> Case:
    return Case(leaf(ROOT, "expired"), ROOT, told("expired", trusted=False))


def not_yet_valid() -> Case:
    return Case(leaf(ROOT, "not_yet_valid"), ROOT, told("not_yet_valid", trusted=False))


def expires_soon() -> Case:
    return Case(issue("lab", ROOT, dns=LOCAL, days=12), ROOT, told("expires_soon"))


def long_validity() -> Case:
    return Case(issue("lab", ROOT, dns=LOCAL, days=400), ROOT, told("long_validity"))


def self_signed() -> Case:
    return Case(leaf(ROOT, "self_signed"), None, told("self_signed", trusted=False))


def untrusted_root() -> Case:
    sent = leaf(MIDDLE)._replace(chain=(MIDDLE.certificate, ROOT.certificate))
    return Case(sent, None, told("untrusted_root", trusted=False, chain=3))


def missing_intermediate() -> Case:
    return Case(leaf(MIDDLE)._replace(chain=()), ROOT, told("missing_intermediate", trusted=False))


def wrong_host() -> Case:
    return Case(leaf(ROOT, "wrong_host"), ROOT, told("wrong_host", fits=False))


def wildcard_mismatch() -> Case:
    return Case(leaf(ROOT, dns=("*.lab.test",), ips=()), ROOT, told("wrong_host", "wildcard_mismatch", fits=False))


def no_san() -> Case:
    return Case(issue("localhost", ROOT), ROOT, told("wrong_host", "no_san", fits=False))


def weak_key_rsa1024() -> Case:
    return Case(leaf(ROOT, key="rsa1024"), ROOT, told("weak_key_rsa1024", key="RSA 1024"))


def sha1_signature() -> Case:
    return Case(resigned(leaf(OLD), OLD, "sha1"), OLD, told("sha1_signature"))


def md5_signature() -> Case:
    return Case(resigned(leaf(OLD), OLD, "md5"), OLD, told("md5_signature"))


def leaf_is_ca() -> Case:
    return Case(issue("lab", ROOT, dns=LOCAL, ca=True), ROOT, told("leaf_is_ca"))


def reversed_or_superfluous_chain() -> Case:
    sent = leaf(MIDDLE)._replace(chain=(ROOT.certificate, MIDDLE.certificate))
    return Case(sent, ROOT, told("reversed_or_superfluous_chain", chain=3))


def must_staple_without_staple() -> Case:
    demand = x509.TLSFeature([x509.TLSFeatureType.status_request])
    identity = issue("lab", ROOT, dns=LOCAL, extensions=[demand])
    return Case(identity, ROOT, told("must_staple_without_staple", must_staple=True))


def revoked() -> Case:
    identity = leaf(ROOT)
    return Case(identity, ROOT, told("revoked", staple="present"), response(identity.certificate, ROOT, "revoked"))


def case_of(problem: Problem) -> Case:
    make = globals().get(problem)
    assert callable(make), f"no certificate of the lab has {problem}: nothing shows that it is found"
    case = cast(Case, make())
    assert problem in case.truth.problems
    return case


@contextlib.contextmanager
def serving(case: Case) -> Iterator[int]:
    with tls_server(case.identity, staple=case.staple, ciphers="ALL:@SECLEVEL=0") as server:
        yield server.port


def shown(port: int, anchor: Path | None) -> CertificateInfo:
    network = Network(Scope(frozenset(("127.0.0.1", "::1", "localhost"))), ca_file=anchor)
    return asyncio.run(certificate_info(network, "localhost", port))


def compared(info: CertificateInfo, leaf: Leaf) -> tuple[str, ...]:
    """As the certificate of an audit, of which nothing else is asked."""
    assert isinstance(info.target, Endpoint)
    whole = TlsAudit(target=info.target, started=info.started, duration_s=0.0, certificates=(info,))
    assert key_name(info.chain[0].key) == leaf.key
    return differences(whole, Truth(about="one certificate", certificates=(leaf,)))


def disable(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what finds the problem: the function that yields it, or for what authorities say, the reading of it."""
    if problem == "revoked":
        unread = Revocation(status="unknown", checked_at=None, detail="")  # type: ignore[arg-type]
        monkeypatch.setattr(certificate, "by_staple", lambda *_: unread)
        return
    makers = [name for name in dir(problems) if name.startswith("_of_") and problem in _words(getattr(problems, name))]
    assert len(makers) == 1, f"{problem} comes from {makers}"
    monkeypatch.setattr(problems, makers[0], lambda *_: iter(()))


def _words(maker: Callable[..., object]) -> set[str]:
    """The texts that stand in a function."""
    return {held for held in maker.__code__.co_consts if isinstance(held, str)}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_problem_is_found_and_missed_without_what_finds_it(
    problem: Problem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = case_of(problem)
    anchor = case.anchor.anchor(tmp_path) if case.anchor else None
    with serving(case) as port:
        assert compared(shown(port, anchor), case.truth) == ()
        disable(problem, monkeypatch)
        said = compared(shown(port, anchor), case.truth)
    assert [line for line in said if line.startswith(f"{case.truth.key}: problems: missed") and problem in line], said


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_problem_is_told_by_its_rule(problem: Problem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = case_of(problem)
    with serving(case) as port:
        report = shown(port, case.anchor.anchor(tmp_path) if case.anchor else None)
    # A wildcard that does not fit is told with the wrong name.
    finding = "certificate.wrong_host" if problem == "wildcard_mismatch" else f"certificate.{problem}"
    assert [held.id for held in judged(report).findings].count(finding) == 1
    monkeypatch.delitem(certificate_rules.RULES, problem)
    with pytest.raises(KeyError, match=problem):
        judged(report)
