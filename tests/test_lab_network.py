"""The audit of the lab network is right: six hosts of tests/lab/network, no finding missed and none invented."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from netassist.audit.catalogue import is_rule
from tests.lab.network.__main__ import command, unavailable
from tests.lab.network.hosts import SERVICES
from tests.lab.network.truth import Truth, differences, truth

SHORT = ("legacy-web", "certificates", "old-ssh", "plain", "decoys", "clean")


def test_the_truth_is_of_some_fifty_services_on_twenty_hosts() -> None:
    true = truth()

    assert len(true.host) == len({host.address for host in true.host}) == 20
    assert sum(len(host.service) for host in true.host) >= 50
    assert {held.runs for host in true.host for held in host.service} == set(SERVICES)
    for host in true.host:
        for held in host.service:
            assert bool(held.tempting) == bool(held.because), (host.name, held.port)
            assert not true.expected(held) & {*held.tempting, *held.also}, (host.name, held.port)
            for id in (*true.expected(held), *held.tempting, *held.also):
                assert is_rule(id), f"{host.name}, port {held.port}: {id} is no rule"


def test_what_an_audit_misses_and_invents_is_named() -> None:
    true = truth(["plain", "names"])
    evidence = "10.98.0.20:23/tcp open (telnet Linux telnetd); 10.98.0.20:22/tcp open (by its port number)"
    audit = {
        "hosts": [{"address": "10.98.0.20", "services": [{"port": port} for port in (21, 22, 23, 873, 5900)]}],
        "findings": [
            {"id": "service.telnet", "evidence": evidence},
            {"id": "http.plain", "evidence": "http://10.98.0.27:53/ said"},
        ],
    }

    found = differences([audit], true)

    assert found.found == 1
    assert [line for line in found.missed if "open" in line] == ["10.98.0.27:22 is open", "10.98.0.27:53 is open"]
    assert "10.98.0.20:21 (plain, ftp): service.ftp" in found.missed
    assert not any("telnet" in line for line in found.missed)
    assert found.invented == (
        "10.98.0.20:22 is open",
        "10.98.0.20:22 (nothing listens there): service.telnet",
        "10.98.0.27:53 (names, dns): http.plain",
    )


def test_what_a_careless_audit_reports_is_told_apart() -> None:
    true = truth(["decoys"])
    evidence = "10.98.0.24:23/tcp open (by its port number)"

    found = differences([{"hosts": [], "findings": [{"id": "service.telnet", "evidence": evidence}]}], true)

    assert found.tempted == ("10.98.0.24:23 (decoys, sshd_hardened): service.telnet",)


@pytest.fixture(scope="module")
def audits(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The network looked through, and each host that answers audited."""
    if why := unavailable():
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    environment = {**os.environ, "XDG_CONFIG_HOME": os.devnull, "XDG_STATE_HOME": str(tmp_path_factory.mktemp("state"))}
    words = (sys.executable, "-m", "netassist", "audit", "10.98.0.0/24", "--no-project", "--jobs", "7", "-f", "json")
    done = subprocess.run(
        command(",".join(SHORT), *words), env=environment, cwd=Path(__file__).parent.parent, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 1, f"{done.returncode}: {done.stderr[-2000:]}"
    return list(json.loads(done.stdout))


def test_the_audit_misses_nothing_and_invents_nothing(audits: list[dict[str, Any]]) -> None:
    true: Truth = truth(SHORT)

    found = differences(audits, true)

    assert found.missed == ()
    assert found.invented == ()
    assert found.found == sum(len(true.expected(held)) for host in true.host for held in host.service)
    assert {audit["status"] for audit in audits} == {"ok"}
