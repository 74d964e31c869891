"""Every server of the lab is audited, and its report held against what its file declares: no fact missed, none invented."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import pytest

from netassist.network import Network
from netassist.scope import Scope
from netassist.tls.audit import TlsAudit, tls_audit
from netassist.tls.facts import VERSIONS
from netassist.tls.weakness import IDS
from tests.lab.servers import Served, servers
from tests.lab.truth import Truth, differences, names, truth_of

_WHOLE = ("protocols", "suites", "server_preference", "groups", "dh_bits", "weaknesses", "certificates", "flags", "grade")
Serve = Callable[[str], Served]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Starts a server by its name, once; all end with the last test."""
    running: dict[str, Served] = {}
    with contextlib.ExitStack() as stack:

        def start(name: str) -> Served:
            if name not in running:
                running[name] = stack.enter_context(servers()[name](tmp_path_factory.mktemp(name)))
            return running[name]

        yield start


def audit(at: Served) -> TlsAudit:
    network = Network(Scope(frozenset({at.host, "127.0.0.1", "::1"})), timeout=at.timeout, deadline=120, ca_file=at.anchor)
    return asyncio.run(tls_audit(network, at.host, at.port, at.starttls))


@pytest.mark.parametrize("name", names())
def test_the_report_says_what_is_true_of(name: str, served: Serve) -> None:
    report = audit(served(name))
    assert "\n".join(differences(report, truth_of(name))) == ""


def test_every_server_has_its_truth_and_every_truth_its_server() -> None:
    assert set(names()) == set(servers())


@pytest.mark.parametrize("name", names())
def test_the_truth_of_a_server_that_can_be_audited_is_told_whole(name: str) -> None:
    truth = truth_of(name)
    if truth.error:
        return
    assert "failed" not in truth.status
    assert [field for field in _WHOLE if getattr(truth, field) is None] == []
    assert set(truth.weaknesses or ()) == set(IDS)
    declared = {version for versions in truth.suites or () for version in versions.split()}
    assert declared == set(truth.protocols or ()) <= set(VERSIONS)


def test_a_report_that_misses_or_invents_a_fact_is_told_from_the_truth(served: Serve) -> None:
    report = audit(served("openssl4_modern"))
    truth = truth_of("openssl4_modern")
    assert truth.groups
    assert truth.suites
    wrong = Truth(
        about="the same server, with a group too many, one too few, and two suites in the wrong order",
        groups=(*truth.groups[1:], "sect163k1"),
        suites={version: held[::-1] for version, held in truth.suites.items()},
        server_preference=truth.server_preference,
        grade="T",
    )
    assert [said.partition(":")[0] for said in differences(report, wrong)] == [
        "suites/TLSv1.2", "suites/TLSv1.3", "groups", "groups", "grade",
    ]  # fmt: skip
