"""The commands as processes: exit codes, one clear line for each fault, nothing left running."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest

from netassist.toolbox import tools
from tests.lab.programs import require

OURS = [sys.executable, "-m", "netassist"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("NETASSIST_", "XDG_"))}
    return bare | {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config"), "NO_COLOR": "1"}


@pytest.fixture
def open_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def netassist(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*OURS, *words], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_version(environment: dict[str, str]) -> None:
    done = netassist(environment, "--version")
    assert (done.returncode, done.stdout.startswith("netassist ")) == (0, True)


def test_help_names_every_command_and_shows_examples(environment: dict[str, str]) -> None:
    done = netassist(environment, "--help")
    assert all(f"  {name}: " in done.stdout for name in ("ask", "plan", "run", "tools"))
    for command in ("ask", "plan", "run", "tools"):
        assert f"  netassist {command}" in netassist(environment, command, "--help").stdout


def test_the_version_needs_no_heavy_import(environment: dict[str, str]) -> None:
    code = (
        "import sys; sys.argv = ['netassist', '--version']\nfrom netassist.cli import main\n"
        "try: main()\nexcept SystemExit as done: assert done.code == 0, done.code\n"
        "print([m for m in ('cyclopts', 'asyncio', 'ssl', 'msgspec', 'llama_cpp', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_commands_without_a_model_import_none(environment: dict[str, str], open_port: int) -> None:
    code = (
        f"import sys; sys.argv = ['netassist', 'run', 'tcp_check', 'host=127.0.0.1', 'port={open_port}']\n"
        "from netassist.cli import main\n"
        "try: main()\nexcept SystemExit as done: assert done.code == 0, done.code\n"
        "print([m for m in ('llama_cpp', 'numpy', 'netassist.backends.testllm', 'textual', 'httpx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_tools_lists_the_contract_and_says_what_is_not_there_yet(environment: dict[str, str]) -> None:
    rows = {line.split()[0]: line for line in netassist(environment, "tools").stdout.splitlines()}
    assert set(rows) == set(tools())
    assert "not yet" in rows["traceroute"]
    assert "not yet" not in rows["nmap_scan"]


def test_run_gives_the_report_as_json(environment: dict[str, str], open_port: int) -> None:
    done = netassist(environment, "run", "tcp_check", "host=127.0.0.1", f"port={open_port}", "-f", "json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["schema"], report["state"]) == (0, "netassist/tcp/1", "open")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("run", "nmap"), 2, "there is no tool 'nmap'"),
        (("run", "ping"), 2, "host is missing"),
        (("run", "ping", "127.0.0.1"), 2, "is not key=value"),
        (("run", "ping", "host=-oX"), 2, "'-oX' is not a host name"),
        (("run", "ping", "host=$(reboot)"), 2, "is not a host name"),
        (("run", "ping", "host=127.0.0.1", "count=many"), 2, "is not a whole number"),
        (("run", "traceroute", "host=127.0.0.1"), 3, "not there yet"),
        (("run", "nmap_scan", "target=127.0.0.1", "profile=vuln"), 4, "--approve intrusive"),
        (("run", "nmap_scan", "target=10.0.0.0/8"), 4, "--approve intrusive"),
        (("ask", ""), 2, "the question is empty"),
        (("ask", "x" * 100_000), 2, "100,000 characters"),
        (("ask", "ping 127.0.0.1", "--model", __file__), 3, "not a GGUF file"),
        (("ask", "ping 127.0.0.1", "--config", "/nonexistent.toml"), 2, "cannot be read"),
        (("plan",), 2, "either a question or --input"),
        (("bogus",), 2, "bogus"),
        ((), 2, "no terminal here"),
    ],
)
def test_each_mistake_gets_one_clear_line(environment: dict[str, str], words: tuple[str, ...], code: int, said: str) -> None:
    done = netassist(environment, *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "certificate_info", "host=no-such-host.invalid"), "no-such-host.invalid"),
        (("run", "certificate_info", "host=127.0.0.1", "port={closed}"), "refused"),
        (("run", "quantum_check", "host=127.0.0.1", "port={closed}"), "refused"),
        (("run", "http_check", "url=http://127.0.0.1:{closed}/"), "refused"),
    ],
)
def test_what_cannot_be_measured_never_reads_as_clean(environment: dict[str, str], words: tuple[str, ...], said: str) -> None:
    done = netassist(environment, *(word.format(closed=closed_port()) for word in words))
    assert done.returncode == 3
    assert said in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_without_nmap_a_scan_says_what_to_install(environment: dict[str, str], tmp_path: Path) -> None:
    done = netassist(environment | {"PATH": str(tmp_path)}, "run", "nmap_scan", "target=127.0.0.1")
    assert done.returncode == 3
    assert "apt install nmap" in done.stdout


def test_a_configuration_with_a_typo(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[targts]\nnas = "192.0.2.1"\n')
    done = netassist(environment | {"NETASSIST_CONFIG": str(file)}, "ask", "ping 127.0.0.1")
    assert (done.returncode, "config.toml:1:" in done.stderr, "targts" in done.stderr) == (2, True, True)


def test_plan_reads_and_writes_netbench_files(environment: dict[str, str], tmp_path: Path) -> None:
    cases, out = tmp_path / "cases.jsonl", tmp_path / "predictions.jsonl"
    turns = [[{"role": "user", "content": "ping 192.0.2.7"}], [{"role": "user", "content": "and 192.0.2.8"}]]
    cases.write_text(json.dumps({"id": "one", "question": turns}) + "\n")
    done = netassist(environment, "plan", "--input", str(cases), "--output", str(out))
    assert done.returncode == 0, done.stderr
    [row] = map(json.loads, out.read_text().splitlines())
    assert (row["id"], len(row["turns"])) == ("one", 2)
    assert row["turns"][0] == {"outcome": "call", "calls": [{"name": "ping", "arguments": {"host": "192.0.2.7"}}]}


def test_plan_names_the_line_that_is_no_case(environment: dict[str, str], tmp_path: Path) -> None:
    cases = tmp_path / "cases.jsonl"
    cases.write_text('{"id": "x", "question": [[{"content": "hi"}]]}\n{"id": 3}\n')
    done = netassist(environment, "plan", "--input", str(cases))
    assert done.returncode == 2
    assert f"{cases}:2:" in done.stderr


@pytest.mark.parametrize("end", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_however_it_ends_no_scan_runs_on(environment: dict[str, str], open_port: int, tmp_path: Path, end: str) -> None:
    require("nmap")
    # The port never answers, so that asking it for its service is bound to take long.
    words = ["run", "nmap_scan", "target=127.0.0.1", f"ports={open_port}", "profile=service"]
    folder = tmp_path / "temporary"
    folder.mkdir()
    with subprocess.Popen(
        [*OURS, *words], env=environment | {"TMPDIR": str(folder)}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        wait_until(lambda: process.poll() is not None or "nmap" in running(folder))
        assert process.poll() is None, "netassist ended before Nmap began"
        process.send_signal(signal.Signals[end])
        out, errors = process.communicate(timeout=60)
    assert process.returncode == (130 if end != "SIGKILL" else -signal.SIGKILL), out + errors
    assert "Traceback" not in errors
    if end == "SIGKILL":
        wait_until(lambda: not running(folder) and not any(folder.iterdir()))
    assert running(folder) == []
    assert list(folder.iterdir()) == []


def running(folder: Path) -> list[str]:
    """The programs whose command lines name `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.fsencode(folder) in (process / "cmdline").read_bytes():
                found.append((process / "comm").read_text().strip())
    return found


def wait_until(condition: Callable[[], bool]) -> None:
    ends = monotonic() + 60
    while not condition():
        assert monotonic() < ends
