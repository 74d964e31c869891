"""The main job end to end: plain words in, the built-in model plans, real servers are measured, the facts are right."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.demo import HTTP, INTRANET, QUESTIONS, SHOP, SSH, TLS, Estate, estate
from tests.lab.programs import require

CERTIFICATE, EXPIRED, SAFE, NOT_SAFE, SSH_SAFE, PORTS, AUDIT, TARGETLESS = QUESTIONS


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    require("nmap")
    with estate(tmp_path_factory.mktemp("estate")) as started:
        yield started


def ask(lab: Estate, question: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "netassist", "ask", question, *options]
    environment = lab.environment(lab.config.parent) | {"NO_COLOR": "1", "COLUMNS": "100"}
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)


def report(lab: Estate, question: str, tool: str) -> dict[str, Any]:
    """The one report of the answer, which has to be that of `tool`."""
    done = ask(lab, question, "-f", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    assert [step["call"]["name"] for step in answer["steps"]] == [tool]
    found: dict[str, Any] = answer["steps"][0]["report"]
    return found


def test_the_certificate_of_a_good_server(lab: Estate) -> None:
    found = report(lab, CERTIFICATE, "certificate_info")
    assert int(found["chain"][0]["serial"], 16) == lab.shop.certificate.serial_number
    assert (found["target"]["port"], found["trusted"], found["hostname_matches"], found["problems"]) == (TLS, True, True, [])


def test_the_certificate_of_an_expired_server(lab: Estate) -> None:
    found = report(lab, EXPIRED, "certificate_info")
    assert found["chain"][0]["not_after"].startswith(f"{lab.intranet.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%S}")
    assert found["problems"] == ["expired"]
    assert [item["id"] for item in found["findings"]] == ["certificate.expired"]


def test_a_server_that_is_quantum_safe(lab: Estate) -> None:
    found = report(lab, SAFE, "quantum_check")
    assert (found["verdict"], found["key_exchange"]["negotiated"], found["key_exchange"]["confirmed"]) == (
        "safe", "X25519MLKEM768", True,
    )  # fmt: skip


def test_a_server_that_is_not(lab: Estate) -> None:
    found = report(lab, NOT_SAFE, "quantum_check")
    assert (found["target"]["host"], found["verdict"]) == (INTRANET, "not_safe")


def test_an_ssh_server(lab: Estate) -> None:
    found = report(lab, SSH_SAFE, "quantum_check")
    assert (found["protocol"], found["target"]["port"], found["verdict"]) == ("ssh", SSH, "safe")


def test_a_port_scan_of_a_name_of_the_inventory(lab: Estate) -> None:
    found = report(lab, PORTS, "nmap_scan")
    assert [host["address"] for host in found["hosts"]] == [SHOP]
    open_ports = {port["port"] for port in found["hosts"][0]["ports"] if port["state"] == "open"}
    assert {TLS, HTTP} <= open_ports


def test_a_comprehensive_audit(lab: Estate) -> None:
    found = report(lab, AUDIT, "security_audit")
    [host] = found["hosts"]
    assert {TLS, HTTP} <= {service["port"] for service in host["services"]}
    assert {"certificate.expired", "tls.no_post_quantum_groups", "http.plain"} <= {item["id"] for item in found["findings"]}


def test_a_question_without_a_target(lab: Estate) -> None:
    done = ask(lab, TARGETLESS)
    assert done.returncode == 2
    assert "Which target do you mean?" in done.stdout
    assert "my shop" in done.stdout


def _masked(text: str) -> str:
    """The text without what changes from run to run: numbers and their units, serials, folders, bars, and blanks."""
    text = re.sub(r"netassist-nmap-\w+", "#", text)
    return re.sub(r"[●─━\s]+", " ", re.sub(r"\b[0-9a-f]{8,}\b|\d[\d.,:-]*(?: (?:ms|s|days?)\b)?", "#", text)).strip()


@pytest.mark.parametrize(
    ("document", "question"),
    [*((Path("docs/demo.md"), question) for question in QUESTIONS), (Path("README.md"), CERTIFICATE), (Path("README.md"), SAFE)],
)
def test_the_documents_show_what_is_printed(lab: Estate, document: Path, question: str) -> None:
    text = (Path(__file__).parent.parent / document).read_text(encoding="utf-8")
    shown = re.search(rf"\$ netassist ask '{re.escape(question)}'\n(.*?)\n(?:```|\n\$ )", text, re.DOTALL)
    assert shown is not None, f"{document} does not show this question"
    assert _masked(shown[1]) == _masked(ask(lab, question).stdout)
