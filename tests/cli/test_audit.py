"""``netassist audit`` as a process, against an estate on several loopback addresses."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from tests.lab.pki import authority, leaf
from tests.lab.programs import require
from tests.lab.ssh import ssh_server
from tests.lab.tls import tls_server

OURS = [sys.executable, "-m", "netassist", "audit"]


class Estate(NamedTuple):
    """Where an old TLS server and an SSH server listen, as targets; and the authority of the first."""

    tls: str
    ssh: str
    anchor: str


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    require("nmap")
    root = authority()
    anchor = root.anchor(tmp_path_factory.mktemp("pki"))
    names = leaf(root, ips=("127.0.0.2",))
    with (
        tls_server(names, least="TLSv1.1", ciphers="ECDHE+AES:@SECLEVEL=0", address=("127.0.0.2", 0)) as old,
        ssh_server(kex="curve25519-sha256", address=("127.0.0.3", 0)) as ssh,
    ):
        yield Estate(f"127.0.0.2:{old.port}", f"127.0.0.3:{ssh}", str(anchor))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("NETASSIST_", "XDG_"))}
    # The checkout, for where the working directory is another.
    search = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), bare.get("PYTHONPATH"))))
    own = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config"), "PYTHONPATH": search}
    return bare | own | {"NO_COLOR": "1"}


def audit(environment: dict[str, str], folder: Path, *words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([*OURS, *words], cwd=folder, env=environment, input=said, capture_output=True, text=True, timeout=180)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def ids(report: dict[str, Any]) -> set[str]:
    return {finding["id"] for finding in report["findings"]}


def journal(environment: dict[str, str]) -> list[dict[str, Any]]:
    return lines(Path(environment["XDG_STATE_HOME"]) / "netassist" / "journal.jsonl")


@pytest.fixture(scope="module")
def stored(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result of the estate with one host that cannot be reached, and what was said of it."""
    folder = tmp_path_factory.mktemp("stored")
    place = {"XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config"), "NO_COLOR": "1"}
    words = (estate.tls, estate.ssh, "no-such-host.invalid", "--ca-file", estate.anchor, "-o", "all.jsonl", "-o", "all.html")
    search = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))))
    done = audit(os.environ | place | {"PYTHONPATH": search}, folder, *words)
    (folder / "said.txt").write_text(done.stdout)
    (folder / "code.txt").write_text(str(done.returncode))
    return folder


def test_a_host_that_cannot_be_reached_is_told_and_hides_nothing(stored: Path, estate: Estate) -> None:
    found = {report["target"]["host"]: report for report in lines(stored / "all.jsonl")}
    assert (stored / "code.txt").read_text() == "3"
    assert found.keys() == {"127.0.0.2", "127.0.0.3", "no-such-host.invalid"}
    assert [report["status"] for _, report in sorted(found.items())] == ["ok", "ok", "failed"]
    assert found["no-such-host.invalid"]["error"]["kind"] == "unresolvable"
    # What was planted, and nothing of its kind that was not.
    old = ids(found["127.0.0.2"])
    assert {"tls.tls1_1", "http.no_nosniff"} <= old
    assert not old & {"tls.tls1_0", "tls.sslv3_poodle", "certificate.untrusted_root", "http.certificate_not_verified"}
    assert ids(found["127.0.0.3"]) == {"ssh.no_post_quantum"}
    # Each service was measured once.
    parts = [part["schema"].split("/")[1] for part in found["127.0.0.2"]["hosts"][0]["reports"]]
    assert parts == ["nmap", "tls-audit", "http"]
    said = (stored / "said.txt").read_text()
    assert "3 hosts in" in said
    assert f"{estate.tls}  " in said
    assert "<html" in (stored / "all.html").read_text()
    entries = journal({"XDG_STATE_HOME": str(stored / "state")})
    assert sorted(entry["request"] for entry in entries) == sorted(
        f"audit {name}" for name in (estate.tls, estate.ssh, "no-such-host.invalid")
    )
    assert {entry["call"]["name"] for entry in entries} == {"security_audit"}


def test_what_is_new_gone_and_unchanged(stored: Path, estate: Estate, environment: dict[str, str], tmp_path: Path) -> None:
    [before] = [report for report in lines(stored / "all.jsonl") if report["target"]["host"] == "127.0.0.3"]
    [known] = before["findings"]
    gone = known | {"id": "ssh.weak_mac", "title": "Weak MACs are offered", "severity": "low"}
    (tmp_path / "same.json").write_text(json.dumps(before, indent=2))
    (tmp_path / "other.jsonl").write_text(json.dumps(before | {"findings": [gone]}) + "\n")
    same = audit(environment, tmp_path, estate.ssh, "--baseline", "same.json", "--fail-on-new", "info", "-f", "json")
    changes = json.loads(same.stdout)["changes"]
    assert (same.returncode, same.stderr) == (0, "")
    assert [held["id"] for held in changes["unchanged"]] == ["ssh.no_post_quantum"]
    assert (changes["new"], changes["gone"], changes["unknown"]) == ([], [], [])
    other = audit(environment, tmp_path, estate.ssh, "--baseline", "other.jsonl", "--fail-on-new", "medium")
    assert other.returncode == 1
    assert "Since other.jsonl: 1 new, 1 gone, 0 not looked for again, 0 unchanged" in other.stdout
    assert "gone: low, Weak MACs are offered [ssh.weak_mac]" in other.stdout


def test_a_run_that_was_broken_off_is_gone_on_with(
    stored: Path, estate: Estate, environment: dict[str, str], tmp_path: Path
) -> None:
    raw = (stored / "all.jsonl").read_bytes().splitlines(keepends=True)
    [whole] = [line for line in raw if b'"127.0.0.2"' in line[:200]]
    (tmp_path / "part.jsonl").write_bytes(whole + raw[0][:100])
    done = audit(
        environment, tmp_path, estate.tls, estate.ssh, "-o", "part.jsonl", "--resume", "--fail-on", "never", "-f", "jsonl"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [report["target"]["host"] for report in lines(tmp_path / "part.jsonl")] == ["127.0.0.2", "127.0.0.3"]
    assert (tmp_path / "part.jsonl").read_bytes().startswith(whole)
    assert [json.loads(line)["target"]["host"] for line in done.stdout.splitlines()] == ["127.0.0.3"]
    again = audit(environment, tmp_path, estate.tls, "-o", "part.jsonl")
    assert (again.returncode, "is there already" in again.stderr) == (2, True)


def test_a_project_says_what_is_audited_and_what_is_accepted(estate: Estate, environment: dict[str, str], tmp_path: Path) -> None:
    rule = f'rule = "ssh.no_post_quantum"\ntarget = "{estate.ssh}"\nreason = "the appliance is replaced in spring"\n'
    text = f'targets = ["{estate.ssh}"]\n[thresholds]\nfail_on = "low"\n[[exceptions]]\n{rule}expires = '
    below = tmp_path / "below"
    below.mkdir()
    file = tmp_path / "netassist.toml"
    file.write_text(text + "2999-12-31\n")
    held = audit(environment, below)
    assert held.returncode == 0
    assert f"netassist: {file}: in force: 1 target and 1 exception" in held.stderr
    assert "the appliance is replaced in spring" in " ".join(held.stdout.split())
    file.write_text(text + "2020-01-01\n")
    late = audit(environment, below, "-f", "json")
    report = json.loads(late.stdout)
    assert (late.returncode, ids(report)) == (1, {"ssh.no_post_quantum"})
    assert [entry["expires"] for entry in report["expired"]] == ["2020-01-01"]
    file.write_text(text + '"soon"\n')
    wrong = audit(environment, below)
    assert (wrong.returncode, f"{file}:8: [[exceptions]] expires must be a day" in wrong.stderr) == (2, True)
    assert not wrong.stdout


def test_a_network_is_looked_through_and_each_host_that_answers_audited(
    estate: Estate, environment: dict[str, str], tmp_path: Path
) -> None:
    port = estate.ssh.rpartition(":")[2]
    words = ("127.0.0.2/31", "--ports", port, "-f", "jsonl", "--fail-on", "never")
    done = audit(environment, tmp_path, *words)
    network, *hosts = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, network["target"], network["up"]) == (0, "127.0.0.2/31", ["127.0.0.2", "127.0.0.3"])
    services = {host["target"]["host"]: [held["service"] for held in host["hosts"][0]["services"]] for host in hosts}
    assert services == {"127.0.0.2": [], "127.0.0.3": ["ssh"]}
    assert [entry["call"]["name"] for entry in journal(environment)] == ["nmap_scan", "security_audit", "security_audit"]


def test_what_the_scope_denies_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[scope]\ndeny = ["127.0.0.0/8"]\n')
    done = audit(environment, tmp_path, "127.0.0.2", "--config", "config.toml")
    assert (done.returncode, "denies it" in done.stdout) == (4, True)
    assert [(entry["status"], entry["allowed_by"]) for entry in journal(environment)] == [("refused", "nobody")]


def test_intrusive_scripts_need_a_yes(environment: dict[str, str], tmp_path: Path) -> None:
    done = audit(environment, tmp_path, "127.0.0.2:9", "--scripts")
    assert (done.returncode, "--approve intrusive" in " ".join(done.stdout.split())) == (4, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name a target"),
        (("127.0.0.1", "--ports", "x"), "--ports: 'x' is not a list"),
        (("127.0.0.1", "--policy", "x"), "--policy: there is no policy 'x'"),
        (("127.0.0.1", "--fail-on-new", "low"), "needs a --baseline"),
        (("127.0.0.1", "--jobs", "0"), "--jobs: 0 is not between"),
        (("127.0.0.1", "--resume"), "--resume goes with one -o FILE.jsonl"),
        (("127.0.0.1", "--baseline", "bad.jsonl"), "bad.jsonl"),
        (("-i", "bad.txt"), "bad.txt:2: "),
    ],
)
def test_wrong_use_is_told_before_anything_is_touched(
    environment: dict[str, str], tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "bad.jsonl").write_text('{"schema": "netassist/ping/1"}\n')
    (tmp_path / "bad.txt").write_text("127.0.0.1\na b\n")
    done = audit(environment, tmp_path, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not (tmp_path / "state").exists()


def test_ctrl_c_reports_what_is_known(environment: dict[str, str], tmp_path: Path) -> None:
    require("nmap")
    command = [*OURS, "127.0.0.2", "127.0.0.3", "-f", "jsonl", "--ports", "1-65535", "--rate", "50", "--jobs", "1"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert _scanning(process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    [report] = [msgspec.json.decode(line) for line in out.splitlines()]
    assert process.returncode == 130
    assert (report["status"], report["error"]["message"]) == ("partial", "127.0.0.2: interrupted")
    command = report["hosts"][0]["reports"][0]["command"]
    assert command[command.index("--max-rate") + 1] == "50"
    assert "interrupted: 0 of 2 hosts audited, 1 more in part" in err


def test_a_question_is_asked_once_and_its_answer_holds(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[approval]\nask = ["active"]\n')
    words = [*OURS, "127.0.0.2:9", "127.0.0.3:9", "--config", "config.toml", "-f", "jsonl", "--jobs", "1"]
    main, terminal = pty.openpty()
    with subprocess.Popen(
        words, cwd=tmp_path, env=environment, stdin=terminal, stderr=terminal, stdout=subprocess.PIPE, text=True
    ) as process:
        os.close(terminal)
        shown = b""
        for answer in (b"y\n", b"n\n"):
            asked = shown.count(b"N no: ") + 1
            while shown.count(b"N no: ") < asked:
                shown += os.read(main, 65536)
            os.write(main, answer)
        reports = [json.loads(line) for line in iter(process.stdout.readline, "")] if process.stdout else []
        os.close(main)
    assert process.returncode == 3
    assert [report["status"] for report in reports] == ["ok", "failed"]
    assert reports[1]["error"]["kind"] == "denied"


def _scanning(process: subprocess.Popen[str]) -> bool:
    """Wait until Nmap has been started."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None:
        if children.exists() and children.read_text().strip():
            return True
    return False
