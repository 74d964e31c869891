"""``netassist tls`` as a process, against servers of the lab: reports, exit codes, resuming, Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from tests.cli.imported import imported
from tests.lab.listening import closed_port, listening
from tests.lab.pki import Identity, authority, leaf
from tests.lab.tls import TlsServer, tls_server

OURS = [sys.executable, "-m", "netassist", "tls"]


@pytest.fixture(scope="module")
def root() -> Identity:
    return authority()


@pytest.fixture(scope="module")
def server(root: Identity) -> Iterator[TlsServer]:
    with tls_server(leaf(root), least="TLSv1.2", ciphers="ECDHE+AESGCM") as started:
        yield started


@pytest.fixture(scope="module")
def other(root: Identity) -> Iterator[TlsServer]:
    with tls_server(leaf(root), version="TLSv1.3", address=("127.0.0.2", 0)) as started:
        yield started


def tls(environment: dict[str, str], *words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([*OURS, *words], env=environment, input=said, capture_output=True, text=True, timeout=120)


def journal(environment: dict[str, str]) -> list[dict[str, object]]:
    file = Path(environment["XDG_STATE_HOME"]) / "netassist" / "journal.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_one_host_is_a_report_to_read(environment: dict[str, str], server: TlsServer, root: Identity, tmp_path: Path) -> None:
    anchor = str(root.anchor(tmp_path))
    done = tls(environment, f"127.0.0.1:{server.port}", "--ca-file", anchor, "--no-active-weaknesses")
    assert done.returncode == 0, done.stderr
    assert f"127.0.0.1:{server.port} gets the grade" in " ".join(done.stdout.split())
    assert "servers in" not in done.stdout
    [line] = journal(environment)
    assert (line["request"], line["allowed_by"]) == (f"tls 127.0.0.1:{server.port}", "the request")
    assert line["call"] == {"name": "tls_audit", "arguments": {"host": "127.0.0.1", "port": server.port}}


def test_one_host_is_one_report_in_json(environment: dict[str, str], server: TlsServer, root: Identity, tmp_path: Path) -> None:
    done = tls(environment, f"https://127.0.0.1:{server.port}/x", "--ca-file", str(root.anchor(tmp_path)), "-f", "json")
    report = json.loads(done.stdout)
    assert (report["schema"], report["target"]["port"]) == ("netassist/tls-audit/1", server.port)
    assert report["protocols"]["TLSv1.2"] == "accepted"
    assert report["certificates"][0]["trusted"] is True
    assert report["findings"], "the report is judged as that of run is"


def test_active_weaknesses_are_left_out_on_demand(environment: dict[str, str], server: TlsServer) -> None:
    for words, verdict in ((("--no-active-weaknesses",), "unknown"), ((), "safe")):
        report = json.loads(tls(environment, f"127.0.0.1:{server.port}", "-f", "json", *words).stdout)
        assert {held["id"]: held["verdict"] for held in report["weaknesses"]}["heartbleed"] == verdict


def test_each_host_of_a_list_is_a_line_as_it_comes(
    environment: dict[str, str], server: TlsServer, other: TlsServer, tmp_path: Path
) -> None:
    closed = closed_port()
    hosts = tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1:{server.port} # one\n\n127.0.0.2:{other.port}\n127.0.0.1:{closed}\n127.0.0.1:{server.port}\n")
    done = tls(environment, "-i", str(hosts), "-f", "jsonl", "--workers", "1")
    reports = {report["target"]["port"]: report for report in map(json.loads, done.stdout.splitlines())}
    assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (3, 3, "")
    assert reports[other.port]["target"]["address"] == "127.0.0.2"
    assert reports[closed]["error"]["kind"] == "refused"
    assert len(journal(environment)) == 3


def test_workers_give_the_same_reports_as_one_process(environment: dict[str, str], server: TlsServer, tmp_path: Path) -> None:
    with tls_server(leaf(authority()), address=("127.0.0.3", 0), version="TLSv1.2") as third:
        said = f"127.0.0.3:{third.port}\n" + "".join(f"127.0.0.{n}:{closed_port()}\n" for n in range(4, 24))
        found = []
        for workers in ("1", "2"):
            done = tls(environment, "-i", "-", f"127.0.0.1:{server.port}", "-f", "jsonl", "--workers", workers, said=said)
            assert (done.returncode, done.stderr) == (3, "")
            reports = sorted(map(json.loads, done.stdout.splitlines()), key=lambda report: str(report["target"]))
            found.append([{**report, "started": None, "duration_s": None} for report in reports])
    assert len(found[0]) == 22
    assert [report["status"] for report in found[0]] == [report["status"] for report in found[1]]
    assert [report["protocols"] for report in found[0]] == [report["protocols"] for report in found[1]]


def test_text_of_several_ends_with_a_table_the_worst_first(
    environment: dict[str, str], server: TlsServer, other: TlsServer, root: Identity, tmp_path: Path
) -> None:
    closed, anchor = closed_port(), str(root.anchor(tmp_path))
    words = (f"127.0.0.1:{server.port}", f"127.0.0.2:{other.port}", f"127.0.0.1:{closed}")
    done = tls(environment, *words, "--ca-file", anchor)
    table = done.stdout[done.stdout.index("3 servers in") :].splitlines()
    assert table[1].split()[:3] == ["server", "grade", "versions"]
    assert table[2].split()[0] == f"127.0.0.2:{other.port}", "its certificate is for another host"
    assert [line.split()[0] for line in table if line.endswith("failed: refused")] == [f"127.0.0.1:{closed}"]
    assert done.returncode == 3


def test_starttls_has_a_port_of_its_own_and_the_protocol_is_reported(environment: dict[str, str], root: Identity) -> None:
    def before(peer: socket.socket) -> None:
        peer.sendall(b"* OK ready\r\n")
        said = b""
        while b"STARTTLS" not in said.upper():
            said += peer.recv(1024)
            if b"CAPABILITY" in said.upper():
                peer.sendall(b"* CAPABILITY IMAP4rev1 STARTTLS\r\n" + said.split()[0] + b" OK done\r\n")
                said = b""
        peer.sendall(said.split()[0] + b" OK begin\r\n")

    with tls_server(leaf(root), version="TLSv1.3", before=before) as imap:
        done = tls(environment, f"127.0.0.1:{imap.port}", "--starttls", "imap", "-f", "json", "--no-active-weaknesses")
    report = json.loads(done.stdout)
    assert (report["target"]["starttls"], report["protocols"]["TLSv1.3"]) == ("imap", "accepted")
    refused = json.loads(tls(environment, "127.0.0.9", "--starttls", "imap", "-f", "json").stdout)
    assert refused["target"]["port"] == 143


def test_every_address_of_a_name_has_a_report(environment: dict[str, str], root: Identity) -> None:
    found = {row[4][0] for row in socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)}
    with tls_server(leaf(root), version="TLSv1.3") as started:
        done = tls(environment, f"localhost:{started.port}", "--all-addresses", "-f", "jsonl", "--no-active-weaknesses")
    reports = {report["target"]["address"]: report for report in map(json.loads, done.stdout.splitlines())}
    assert set(reports) == found
    assert reports["127.0.0.1"]["protocols"]["TLSv1.3"] == "accepted"


def test_what_the_configuration_denies_is_not_touched(environment: dict[str, str], server: TlsServer, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[scope]\ndeny = ["127.0.0.2"]\n')
    words = ("--config", str(config), "-f", "jsonl")
    alone = tls(environment, "127.0.0.2", *words)
    assert (alone.returncode, json.loads(alone.stdout)["error"]["kind"]) == (4, "out_of_scope")
    both = tls(environment, "127.0.0.2", f"127.0.0.1:{server.port}", *words)
    assert (both.returncode, len(both.stdout.splitlines())) == (3, 2)
    assert [line["status"] for line in journal(environment)][:1] == ["refused"]


def test_an_address_of_a_name_that_the_configuration_denies_is_reported_as_not_touched(
    environment: dict[str, str], root: Identity, tmp_path: Path
) -> None:
    found = {row[4][0] for row in socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)}
    if found != {"127.0.0.1", "::1"}:
        pytest.skip(f"localhost has the addresses {found} here")
    config = tmp_path / "config.toml"
    config.write_text('[scope]\ndeny = ["::1"]\n')
    with tls_server(leaf(root), version="TLSv1.3") as started:
        words = ("--all-addresses", "--config", str(config), "-f", "jsonl", "--no-active-weaknesses")
        done = tls(environment, f"localhost:{started.port}", *words)
    reports = {report["target"]["address"]: report for report in map(json.loads, done.stdout.splitlines())}
    assert set(reports) == found
    assert (reports["127.0.0.1"]["status"], reports["::1"]["error"]["kind"], done.returncode) == ("ok", "out_of_scope", 3)


def test_findings_decide_the_exit_code_on_demand(environment: dict[str, str], server: TlsServer) -> None:
    place = f"127.0.0.1:{server.port}"
    report = json.loads(tls(environment, place, "-f", "json").stdout)
    assert report["status"] == "ok", report["error"] or report["incomplete"]
    assert [tls(environment, place, "--fail-on", level).returncode for level in ("never", "high")] == [0, 1]


def test_a_list_of_reports_is_gone_on_with(
    environment: dict[str, str], server: TlsServer, other: TlsServer, tmp_path: Path
) -> None:
    file, places = tmp_path / "reports.jsonl", (f"127.0.0.1:{server.port}", f"127.0.0.2:{other.port}")
    words = ("-f", "jsonl", "-o", str(file), "--no-active-weaknesses")
    first = tls(environment, places[0], *words)
    assert (first.returncode, first.stdout) == (0, "")
    again = tls(environment, *places, *words)
    assert (again.returncode, "is there already" in again.stderr) == (2, True)
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:-100])
    assert tls(environment, *places, *words, "--resume").returncode == 0
    assert file.read_bytes().startswith(whole)
    assert [json.loads(line)["target"]["host"] for line in file.read_text().splitlines()] == ["127.0.0.1", "127.0.0.2"]
    assert tls(environment, *places, *words, "--resume").returncode == 0, "nothing is left to do"
    assert len(journal(environment)) == 2


def test_the_reports_of_a_run_in_the_formats_that_are_made_of_all_of_them(
    environment: dict[str, str], server: TlsServer, tmp_path: Path
) -> None:
    places = (f"127.0.0.1:{server.port}", "127.0.0.1:1")
    rows = tls(environment, *places, "-f", "csv").stdout.splitlines()
    assert {row.split(",")[0] for row in rows[1:]} == {"127.0.0.1"}
    assert {row.split(",")[1] for row in rows[1:]} == {str(server.port), "1"}
    done = tls(environment, *places, "-o", str(tmp_path / "tls.sarif"))
    assert (done.returncode, done.stdout) == (3, "")
    [run] = json.loads((tmp_path / "tls.sarif").read_bytes())["runs"]
    assert run["results"]
    again = tls(environment, *places, "-o", str(tmp_path / "tls.sarif"))
    assert (again.returncode, "is there already" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name a host, or a list"),
        (("-i", "/dev/null"), "/dev/null names no host"),
        (("a b",), "is not a host name"),
        (("http://a.test",), "is not an https URL"),
        (("198.18.0.0/15",), "is larger than /20"),
        (("a.test", "-i", "/nonexistent"), "/nonexistent: No such file"),
        (("-i", "-"), "standard input:2: 'no host'"),
        (("a.test", "--port", "0"), "port 0 is not between"),
        (("a.test", "--jobs", "0"), "--jobs: 0 is not between 1 and"),
        (("a.test", "--at-once", "1000"), "--at-once: 1000 is not between"),
        (("a.test", "--delay", "-1"), "--delay: -1 s are not between"),
        (("a.test", "--deadline", "0"), "--deadline: 0 s are not between"),
        (("a.test", "--timeout", "nan"), "--timeout: nan s are not between"),
        (("a.test", "--starttls", "irc"), "irc"),
        (("a.test", "--resume"), "--resume goes with -f jsonl -o FILE"),
        (("a.test", "-o", "/none/x"), "/none/x: there is no folder /none; make it first"),
    ],
)
def test_each_mistake_is_told_before_anything_is_touched(environment: dict[str, str], words: tuple[str, ...], said: str) -> None:
    done = tls(environment, *words, said="127.0.0.1:1\nno host\n")
    assert (done.returncode, done.stdout) == (3 if "/nonexistent" in said else 2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert not (Path(environment["XDG_STATE_HOME"]) / "netassist" / "journal.jsonl").exists() or journal(environment) == []


@contextlib.contextmanager
def under_way(environment: dict[str, str], folder: Path, *words: str, number: int = 41) -> Iterator[subprocess.Popen[str]]:
    """A scan of `number` hosts whose first two have been asked and say nothing."""
    asked = threading.Semaphore(0)

    def silent(peer: socket.socket) -> None:
        asked.release()
        while peer.recv(65536):
            pass

    with listening(silent) as port:
        hosts = folder / "hosts"
        hosts.write_text(f"127.0.0.1:{port}\nlocalhost:{port}\n" + "".join(f"127.0.1.{n}:{port}\n" for n in range(2, number)))
        command = [*OURS, "-i", str(hosts), "-f", "jsonl", "--jobs", "2", "--timeout", "60", *words]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                for _ in range(2):
                    assert asked.acquire(timeout=60)
                yield process
            finally:
                process.kill()


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def runs(pid: int) -> bool:
    """Whether there is still a program; one that has ended and that nobody has asked for has no command line."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_reports_what_runs_and_begins_nothing_new(environment: dict[str, str], tmp_path: Path, workers: str) -> None:
    with under_way(environment, tmp_path, "--workers", workers) as process:
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    reports = list(map(json.loads, out.splitlines()))
    assert process.returncode == 130, errors
    assert 1 <= len(reports) <= 2
    assert {report["error"]["message"].rpartition(": ")[2] for report in reports} == {"interrupted"}
    assert f"0 of 41 hosts audited, {len(reports)} more in part; -f jsonl -o FILE could be resumed" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_twice_ends_at_once(environment: dict[str, str], tmp_path: Path, workers: str) -> None:
    with under_way(environment, tmp_path, "--workers", workers) as process:
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in errors) == (130, False)


def test_a_worker_that_dies_ends_the_scan_with_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    with under_way(environment, tmp_path, "--workers", "2") as process:
        first, second = workers_of(process)
        os.kill(first, signal.SIGKILL)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, len(errors.splitlines())) == (3, 1)
    assert "has ended (by signal 9)" in errors
    assert not runs(second)


def test_workers_end_with_their_parent_however_it_ends(environment: dict[str, str], tmp_path: Path) -> None:
    with under_way(environment, tmp_path, "--workers", "2") as process:
        workers = workers_of(process)
        process.kill()
        process.communicate(timeout=60)
    ends = monotonic() + 60
    while any(map(runs, workers)):
        assert monotonic() < ends
    assert len(workers) == 2


def test_a_reader_that_leaves_early_is_no_error(environment: dict[str, str], server: TlsServer) -> None:
    words = ["127.0.0.1:" + str(server.port), *(f"127.0.0.{n}:{closed_port()}" for n in range(2, 40))]
    command = ["/bin/bash", "-o", "pipefail", "-c", '"$@" | head -1', "bash", *OURS, *words, "-f", "jsonl"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (0, 1, "")


def test_on_a_terminal_a_report_takes_the_place_of_the_progress(environment: dict[str, str]) -> None:
    reader, terminal = pty.openpty()
    command = [*OURS, f"127.0.0.1:{closed_port()}", f"127.0.0.2:{closed_port()}"]
    with subprocess.Popen(command, env=environment, stdin=terminal, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        said = b""
        with contextlib.suppress(OSError):  # the end of a terminal
            while part := os.read(reader, 65536):
                said += part
    os.close(reader)
    assert process.returncode == 3
    places = [match.start() for match in re.finditer("\N{HEAVY BALLOT X} Could not".encode(), said)]
    assert len(places) == 2
    for place in places:
        line = said[:place].rpartition(b"\n")[2]
        assert line.rpartition(b"\r\x1b[K")[2] == b"", said  # nothing, or what stood there is wiped


def test_help_imports_nothing_that_audits(environment: dict[str, str]) -> None:
    modules = ("asyncio", "ssl", "cryptography", "OpenSSL", "netassist.tls")
    loaded, printed = imported(environment, ["tls", "--help"], modules)
    assert "netassist tls -i hosts.txt -f jsonl -o reports.jsonl --resume" in printed
    assert loaded == []


def test_a_plain_command_line_is_read_without_the_library_that_explains_others(
    environment: dict[str, str], server: TlsServer
) -> None:
    words = ["tls", f"127.0.0.1:{server.port}", "-f", "json", "--no-active-weaknesses"]
    loaded, printed = imported(environment, words, ["cyclopts", "rich"])
    assert '"accepted"' in printed
    assert loaded == []
