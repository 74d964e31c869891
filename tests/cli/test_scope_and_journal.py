"""`netassist scope` and `netassist journal`, and the question on the terminal."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic, sleep

import pytest

from netassist.assistant.approvals import Approval, Approvals
from netassist.assistant.journal import Journal
from netassist.toolbox import Call
from tests.assistant.test_journal import one

VULN = ("run", "nmap_scan", "target=127.0.0.1", "profile=vuln", "ports=1")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "netassist").mkdir()
    config = tmp_path / "config.toml"
    config.write_text(
        '[targets]\n"the nas" = "192.0.2.9"\n[scope]\nallow = ["10.0.0.0/8:443"]\ndeny = ["192.0.2.7", ":25", "example.org"]\n'
    )
    return {**os.environ, "XDG_STATE_HOME": str(tmp_path), "NETASSIST_CONFIG": str(config), "COLUMNS": "200"}


def netassist(environment: dict[str, str], *words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "netassist", *words], capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL
    )
    return done.returncode, done.stdout, done.stderr


def test_each_host_is_told_with_the_rule_that_decides(environment: dict[str, str]) -> None:
    hosts = (
        "192.0.2.7",
        "192.0.2.8",
        "192.0.2.8:25",
        "10.1.1.1:443",
        "10.1.1.1",
        "0x7f.1",
        "the nas",
        "ехample.org",
        "192.0.2.0/28",
    )
    code, out, _ = netassist(environment, "scope", "check", *hosts, "-f", "json")
    found = json.loads(out)
    assert code == 4
    assert [row["allowed"] for row in found] == [False, True, False, True, True, False, True, False, True]
    assert [row["unasked"] for row in found] == [False, False, False, True, True, False, False, False, False]
    assert "by '192.0.2.7'" in found[0]["because"]
    assert found[1]["closed_ports"] == "25"
    assert found[6]["host"] == "192.0.2.9"
    assert "programs read 127.0.0.1 in it" in found[5]["because"]
    assert found[8]["left_out"] == ["192.0.2.7/32"]


def test_what_may_be_touched_is_told_in_words(environment: dict[str, str]) -> None:
    code, out, _ = netassist(environment, "scope", "check", "192.0.2.8", "localhost:80")
    assert code == 0
    assert "192.0.2.8: may be touched, not at ports 25; where a request names it" in out
    code, _, err = netassist(environment, "scope", "check")
    assert (code, "which host?" in err) == (2, True)
    assert "read-only" in netassist(environment, "scope", "check", "192.0.2.8", "--read-only")[1]


def test_approvals_are_listed_and_revoked(environment: dict[str, str], tmp_path: Path) -> None:
    kept = Approvals(folder=tmp_path / "netassist")
    for number in (1, 2, 3):
        kept.keep(Call("nmap_scan", {"target": f"192.0.2.{number}", "profile": "vuln"}), "intrusive", Approval("always"))
    code, out, _ = netassist(environment, "scope", "approvals")
    assert (code, "  2  nmap_scan (intrusive) on 192.0.2.2, since 20" in out) == (0, True)
    assert netassist(environment, "scope", "revoke", "2")[0] == 0
    assert [one.targets for one in kept.kept()] == [("192.0.2.1",), ("192.0.2.3",)]
    assert netassist(environment, "scope", "revoke", "3")[0] == 2
    assert netassist(environment, "scope", "revoke")[0] == 2
    assert netassist(environment, "scope", "revoke", "--all")[0] == 0
    assert kept.kept() == ()
    assert "Nothing is approved" in netassist(environment, "scope", "approvals")[1]


def test_the_journal_is_shown_verified_and_its_head_told(environment: dict[str, str], tmp_path: Path) -> None:
    assert netassist(environment, "journal", "verify")[:2] == (0, "The journal has no entry yet.\n")
    journal = Journal(tmp_path / "netassist")
    for number in range(1, 6):
        journal.write(one(number))
    head = netassist(environment, "journal", "head")[1].strip()
    code, out, _ = netassist(environment, "journal", "verify", "--head", head)
    assert (code, "5 entries" in out, head in out) == (0, True, True)
    shown = netassist(environment, "journal", "show", "-n", "2")[1]
    assert ("request 3" in shown, "request 4" in shown, "request 5" in shown) == (False, True, True)
    rows = [json.loads(line) for line in netassist(environment, "journal", "show", "-n", "2", "-f", "json")[1].splitlines()]
    assert [row["number"] for row in rows] == [4, 5]
    lines = journal.path.read_bytes().splitlines(keepends=True)
    journal.path.write_bytes(b"".join(lines[:4]))
    assert netassist(environment, "journal", "verify")[0] == 0
    code, out, _ = netassist(environment, "journal", "verify", "--head", head)
    assert (code, "entry 5, whose head was kept, is missing" in out) == (1, True)
    journal.path.write_bytes(b"".join(lines[:2] + lines[3:]))
    code, out, _ = netassist(environment, "journal", "verify")
    assert (code, "wrong: journal.jsonl:3: entry 4 follows entry 2" in out) == (1, True)
    assert netassist(environment, "journal", "verify", "--head", "x")[0] == 2


def test_a_call_that_was_run_is_in_the_chain(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert netassist(environment, "run", "tcp_check", "host=127.0.0.1", f"port={server.getsockname()[1]}")[0] == 0
    assert netassist(environment, "run", "tcp_check", "host=192.0.2.7", "port=80")[0] == 4
    assert "2 entries" in netassist(environment, "journal", "verify")[1]


def test_an_audit_that_may_not_touch_a_port_is_partial_and_says_so(environment: dict[str, str], tmp_path: Path) -> None:
    code, out, _ = netassist({**environment, "PATH": str(tmp_path)}, "run", "security_audit", "host=127.0.0.1", "-f", "json")
    audit = json.loads(out)
    tried = next(
        each for each in audit["hosts"][0]["reports"] if each["schema"] == "netassist/tcp/1" and each["target"]["port"] == 25
    )
    assert (code, audit["status"], tried["error"]["kind"]) == (3, "partial", "out_of_scope")


def test_without_a_terminal_the_answer_is_no_with_a_hint(environment: dict[str, str]) -> None:
    code, _, err = netassist(environment, *VULN)
    assert (code, "--approve intrusive" in err) == (4, True)


def test_a_configuration_may_ask_about_active_calls(environment: dict[str, str], tmp_path: Path) -> None:
    Path(environment["NETASSIST_CONFIG"]).write_text('[approval]\nask = ["active"]\n')
    with socket.create_server(("127.0.0.1", 0)) as server:
        call = ("run", "tcp_check", "host=127.0.0.1", f"port={server.getsockname()[1]}")
        code, _, err = netassist(environment, *call)
        assert (code, "allow it with --approve active" in err) == (4, True)
        assert netassist(environment, *call, "--approve", "active")[0] == 0


@contextlib.contextmanager
def terminal(environment: dict[str, str], *words: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A program on a terminal of its own."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "netassist", *words], stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, env=environment,
    ) as process:  # fmt: skip
        os.close(theirs)
        try:
            yield ours, process
        finally:
            process.kill()
            os.close(ours)


def answered(environment: dict[str, str], words: Sequence[str], answers: Sequence[tuple[str, str]]) -> tuple[int, str]:
    """The exit code and what stood on the terminal, where each question that is waited for gets its answer."""
    seen, until = "", monotonic() + 60
    with terminal(environment, *words) as (ours, process):
        for question, answer in answers:
            while question not in seen:
                assert select.select([ours], [], [], until - monotonic())[0], f"{question!r} was not asked: {seen}"
                seen += os.read(ours, 4096).decode()
            seen = seen.split(question, 1)[1]
            os.write(ours, f"{answer}\n".encode())
        process.communicate(timeout=60)
        with contextlib.suppress(OSError):
            while select.select([ours], [], [], 0)[0]:
                seen += os.read(ours, 4096).decode()
        return process.returncode, seen


def entries(environment: dict[str, str]) -> list[dict[str, str]]:
    file = Path(environment["XDG_STATE_HOME"]) / "netassist" / "journal.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture
def listening() -> Iterator[tuple[str, ...]]:
    """A call that connects to a server of this machine, which the configuration asks about."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield "run", "tcp_check", "host=127.0.0.1", f"port={server.getsockname()[1]}"


def test_the_answers_on_the_terminal(environment: dict[str, str], listening: tuple[str, ...]) -> None:
    Path(environment["NETASSIST_CONFIG"]).write_text('[approval]\nask = ["active"]\n')
    assert answered(environment, listening, [("N no: ", "")])[0] == 4
    assert answered(environment, listening, [("N no: ", "n")])[0] == 4
    assert answered(environment, listening, [("N no: ", "y")])[0] == 0
    assert answered(environment, listening, [("N no: ", "a")])[0] == 0
    assert netassist(environment, *listening)[0] == 0, "it was approved for always"
    once, always, kept = "a yes on the terminal", "a yes on the terminal, for always", "a yes on the terminal, given for always"
    assert [(row["status"], row["allowed_by"].split(" on 20")[0]) for row in entries(environment)] == [
        ("refused", "nobody"), ("refused", "nobody"), ("begun", once), ("ok", once), ("begun", always), ("ok", always),
        ("begun", kept), ("ok", kept),
    ]  # fmt: skip


def test_what_needed_a_yes_is_written_before_it_is_run(environment: dict[str, str], listening: tuple[str, ...]) -> None:
    Path(environment["NETASSIST_CONFIG"]).write_text('[approval]\nask = ["active"]\n')
    journal, until = Path(environment["XDG_STATE_HOME"]) / "netassist" / "journal.jsonl", monotonic() + 60
    command = [sys.executable, "-m", "netassist", *listening, "--approve", "active"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        while monotonic() < until and not (journal.exists() and journal.read_bytes().endswith(b"\n")):
            sleep(0.005)
        process.kill()
    assert [(row["status"], row["allowed_by"]) for row in entries(environment)] == [("begun", "--approve active")]
    assert netassist(environment, "journal", "verify")[0] == 0


def test_the_arguments_are_edited_on_the_terminal_and_pass_the_gate_anew(
    environment: dict[str, str], listening: tuple[str, ...]
) -> None:
    Path(environment["NETASSIST_CONFIG"]).write_text('[approval]\nask = ["active"]\n[scope]\ndeny = ["192.0.2.7"]\n')
    port = listening[-1].removeprefix("port=")
    call = (*listening[:-1], "port=1")
    edit = [("N no: ", "e"), ("host [127.0.0.1]: ", ""), ("port [1]: ", port), ("or none: ", ""), ("N no: ", "y")]
    assert answered(environment, call, edit)[0] == 0
    assert "which edited tcp_check(host='127.0.0.1', port=1)" in entries(environment)[-1]["allowed_by"]
    assert f'"port":{port}' in (Path(environment["XDG_STATE_HOME"]) / "netassist" / "journal.jsonl").read_text()
    denied = [("N no: ", "e"), ("host [127.0.0.1]: ", "192.0.2.7"), ("port [1]: ", ""), ("or none: ", "")]
    code, seen = answered(environment, call, denied)
    assert (code, "denies it" in seen) == (4, True)
    wrong = [("N no: ", "e"), ("host [127.0.0.1]: ", "-oX"), ("port [1]: ", ""), ("or none: ", "")]
    assert answered(environment, call, wrong)[0] == 4
