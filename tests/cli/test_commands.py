"""The commands as processes: exit codes, one clear line for each fault, nothing left running."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest

from netassist.toolbox import tools
from tests.cli.imported import imported
from tests.cli.program import OURS, netassist
from tests.lab.listening import closed_port
from tests.lab.programs import require


def shell(environment: dict[str, str], command: str) -> subprocess.CompletedProcess[str]:
    """What became of a command line in which `netassist` is ours, with redirections as a shell makes them."""
    ours = command.replace("netassist", shlex.join(OURS), 1)
    words = ["/bin/bash", "-o", "pipefail", "-c", ours]
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)


def test_version(environment: dict[str, str]) -> None:
    done = netassist(environment, "--version")
    assert (done.returncode, done.stdout.startswith("netassist ")) == (0, True)


def test_help_names_every_command_and_shows_examples(environment: dict[str, str]) -> None:
    done = netassist(environment, "--help")
    assert all(f"  {name}: " in done.stdout for name in ("ask", "models", "plan", "run", "tls", "tools"))
    for command in ("ask", "models", "plan", "run", "tls", "tools"):
        assert f"  netassist {command}" in netassist(environment, command, "--help").stdout


def test_the_version_needs_no_heavy_import(environment: dict[str, str]) -> None:
    modules = ("cyclopts", "asyncio", "ssl", "msgspec", "llama_cpp", "numpy")
    assert imported(environment, ["--version"], modules)[0] == []


def test_the_list_of_commands_needs_no_event_loop(environment: dict[str, str]) -> None:
    assert imported(environment, ["--help"], ("asyncio", "ssl"))[0] == []


def test_commands_without_a_model_import_none(environment: dict[str, str], open_port: int) -> None:
    words = ["run", "tcp_check", "host=127.0.0.1", f"port={open_port}"]
    modules = ("llama_cpp", "numpy", "netassist.backends.testllm", "textual", "httpx")
    assert imported(environment, words, modules)[0] == []


def test_tools_lists_the_contract_and_says_what_is_not_there_yet(environment: dict[str, str]) -> None:
    rows = {line.split()[0]: line for line in netassist(environment, "tools").stdout.splitlines()}
    assert set(rows) == set(tools())
    assert "not yet" in rows["agent_list"]
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
        (("run", "agent_list"), 3, "not there yet"),
        (("run", "nmap_scan", "target=127.0.0.1", "profile=vuln"), 4, "--approve intrusive"),
        (("run", "nmap_scan", "target=10.0.0.0/8"), 4, "--approve intrusive"),
        (("ask", ""), 2, "the question is empty"),
        (("ask", "x" * 100_000), 2, "100,000 characters"),
        (("ask", "ping 127.0.0.1", "--model", __file__), 3, "not a GGUF file"),
        (("ask", "ping 127.0.0.1", "--config", "/nonexistent.toml"), 2, "cannot be read"),
        (("plan",), 2, "either a question or --input"),
        (("plan", "ping 127.0.0.1", "--output", "x.jsonl"), 2, "--output goes with --input"),
        (("bogus",), 2, "there is no command 'bogus'; netassist --help"),
        (("aks", "ping 127.0.0.1"), 2, "there is no command 'aks' (did you mean ask?); netassist --help"),
        (("models", "pul"), 2, "there is no command 'pul' (did you mean pull?); netassist models --help"),
        (("tools", "nmap"), 2, "there is no tool 'nmap' (did you mean nmap_scan?); `netassist tools`"),
        (("run",), 2, "TOOL is missing; netassist run --help"),
        (("tools", "ping", "x"), 2, "'x' cannot be placed; netassist tools --help"),
        (("plan", "x", "--aprove"), 2, "there is no option --aprove; netassist plan --help"),
        (("ask", "x", "--aprove"), 2, "there is no option --aprove; netassist ask --help"),
        (("ask", "x", "--threads"), 2, "--threads needs a value"),
        (("ask", "x", "--threads", "0"), 2, "0 threads are not between 1 and"),
        (("ask", "x", "--threads", "100000"), 2, "100000 threads are not between 1 and"),
        (("ask", "x", "--model", "/nonexistent"), 2, "--model: /nonexistent: there is no such file"),
        (("ask", "x", "--model", ""), 2, "--model names no file"),
        (("ask", "x", "--model", "/usr"), 2, "/usr is a folder"),
        (("ask", "x", "--ca-file", "/nonexistent"), 2, "--ca-file: /nonexistent: No such file"),
        (("run", "ping", "host=a.test", "--ca-file", __file__), 2, "no PEM certificates"),
        (("run", "ping", "host=127.0.0.1", "count=1000000"), 2, "count: 1000000 is more than 100"),
        (("run", "ping", "host=127.0.0.1:8443"), 2, "give the host alone: 127.0.0.1"),
        (("run", "ping", "host=http://127.0.0.1/x"), 2, "give the host alone: 127.0.0.1"),
        (("run", "ping", "host=a.test", "host=b.test"), 2, "host is given twice, as 'a.test' and as 'b.test'"),
        (("run", "dns_lookup", "name=-oX"), 2, "'-oX' is not a host name"),
        (("run", "tcp_check", "host=127.0.0.1", "port=99999"), 2, "netassist: tcp_check: port 99999 is not between"),
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
    assert "apt install nmap" in " ".join(done.stdout.split())


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


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"id": 3}', "not a NetBench case; a line is"),
        (b'{"id": "y", "question": [[]]}', "not a NetBench case; a line is"),
        (b'{"id": "y"', "not JSON"),
        (b'{"id": "\xff"}', "not UTF-8"),
    ],
)
def test_plan_names_the_line_that_is_no_case(environment: dict[str, str], tmp_path: Path, line: bytes, said: str) -> None:
    cases = tmp_path / "cases.jsonl"
    cases.write_bytes(b'{"id": "x", "question": [[{"content": "hi"}]]}\n' + line + b"\n")
    done = netassist(environment, "plan", "--input", str(cases))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{cases}:2: {said}" in done.stderr


CASE = '{"id": "one", "question": [[{"role": "user", "content": "ping 192.0.2.7"}]]}\n'


def test_plan_reads_standard_input(environment: dict[str, str]) -> None:
    done = netassist(environment, "plan", "--input", "-", said=CASE)
    assert (done.returncode, json.loads(done.stdout)["id"]) == (0, "one")


def test_plan_never_writes_over_its_cases(environment: dict[str, str], tmp_path: Path) -> None:
    cases, link = tmp_path / "cases.jsonl", tmp_path / "link.jsonl"
    cases.write_text(CASE)
    link.symlink_to(cases)
    done = netassist(environment, "plan", "--input", str(cases), "--output", str(link))
    assert (done.returncode, "name another" in done.stderr) == (2, True)
    assert cases.read_text() == CASE


def test_plan_says_which_file_cannot_be_written(environment: dict[str, str]) -> None:
    done = netassist(environment, "plan", "--input", "-", "--output", "/dev/full", said=CASE)
    assert (done.returncode, done.stderr) == (3, "netassist: /dev/full: No space left on device\n")


def test_json_is_indented_alike_everywhere(environment: dict[str, str]) -> None:
    for words in (("plan", "ping 192.0.2.7", "-f", "json"), ("tools", "-f", "json"), ("run", "ping", "-f", "json")):
        line = netassist(environment, *words).stdout.splitlines()[1]
        assert len(line) - len(line.lstrip()) == 2, words


@pytest.mark.parametrize("words", [("ask",), ("ask", "-")])
def test_a_question_is_read_from_standard_input(environment: dict[str, str], open_port: int, words: tuple[str, ...]) -> None:
    done = netassist(environment, *words, said=f"is tcp port {open_port} of 127.0.0.1 open?\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"port={open_port}" in done.stdout


def test_standard_input_without_end_is_no_question(environment: dict[str, str]) -> None:
    done = shell(environment, "netassist ask - < /dev/zero")
    assert (done.returncode, "no question" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "code", "kind", "target"),
    [
        (("nmap_scan", "target=10.0.0.0/8"), 4, "denied", "10.0.0.0/8"),
        (("ping", "host=192.0.2.9"), 4, "out_of_scope", "192.0.2.9"),
        (("processor_run", "name=nightly"), 3, "missing_program", ""),
        (("ping", "host=-oX"), 2, "invalid", "-oX"),
        (("nosuch",), 2, "invalid", ""),
    ],
)
def test_a_refusal_is_a_report_too(
    environment: dict[str, str], tmp_path: Path, words: tuple[str, ...], code: int, kind: str, target: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[scope]\ndeny = ["192.0.2.9"]\n')
    done = netassist(environment, "run", *words, "-f", "json", "--config", str(file))
    report = json.loads(done.stdout)
    assert (done.returncode, report["schema"], report["status"]) == (code, "netassist/refusal/1", "failed")
    assert (report["error"]["kind"], report["target"], report["tool"], report["findings"]) == (kind, target, words[0], [])
    assert report["error"]["message"] in done.stderr


def test_run_knows_the_names_of_the_inventory(environment: dict[str, str], open_port: int, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[targets]\n"My Shop" = "127.0.0.1"\n')
    done = netassist(environment, "run", "tcp_check", "host=my shop", f"port={open_port}", "--config", str(file), "-f", "json")
    assert (done.returncode, json.loads(done.stdout)["target"]["address"]) == (0, "127.0.0.1")


def test_an_address_may_end_a_sentence(environment: dict[str, str], open_port: int) -> None:
    assert netassist(environment, "run", "tcp_check", "host=127.0.0.1.", f"port={open_port}").returncode == 0


def test_an_answer_to_an_invalid_question_is_wrong_usage(environment: dict[str, str]) -> None:
    done = netassist(environment, "ask", "check tcp port 99999 on 127.0.0.1")
    assert (done.returncode, "port 99999 is not between 1 and 65535" in done.stdout) == (2, True)


def test_a_tool_says_what_makes_it_intrusive(environment: dict[str, str]) -> None:
    shown = netassist(environment, "tools", "nmap_scan").stdout
    assert "intrusive with profile=vuln and for networks above /20" in shown
    assert "intrusive" not in netassist(environment, "tools", "ping").stdout


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("netassist run nmap_scan target=127.0.0.1 profile=vuln <&-", 4, "--approve intrusive"),
        ("netassist <&-", 2, "no terminal here"),
        ("netassist tools >&-", 3, "standard output is closed"),
        ("netassist tools >/dev/full", 3, "the output cannot be written: No space left on device"),
        ("PYTHONUNBUFFERED=1 netassist tools >/dev/full", 3, "the output cannot be written: No space left on device"),
        ("netassist run ping >&-", 3, "standard output is closed"),
    ],
)
def test_a_closed_or_full_stream_gets_one_clear_line(environment: dict[str, str], command: str, code: int, said: str) -> None:
    done = shell(environment, command)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.parametrize("closed", ["2>&-", "2>/dev/full"])
def test_an_answer_needs_no_standard_error(environment: dict[str, str], open_port: int, closed: str) -> None:
    done = shell(environment, f"netassist ask 'is tcp port {open_port} of 127.0.0.1 open?' {closed}")
    assert (done.returncode, f"port={open_port}" in done.stdout) == (0, True)


def test_a_reader_that_leaves_early_is_no_error(environment: dict[str, str]) -> None:
    done = shell(environment, "netassist tools | head -1")
    assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (0, 1, "")


EARLY = """
import signal, sys

class Import:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Import())
sys.argv = ["netassist", *{words!r}]
from netassist.cli import main
main()
"""


@pytest.mark.parametrize("name", ["cyclopts", "netassist.cli.app", "netassist.cli.plan", "netassist.cli.backend", "msgspec"])
def test_ctrl_c_while_it_starts_is_one_line(environment: dict[str, str], name: str) -> None:
    code = EARLY.format(name=name, words=["plan", "ping 127.0.0.1"])
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "netassist: interrupted\n")


def test_debug_adds_the_traceback_and_keeps_the_code(environment: dict[str, str]) -> None:
    code = (
        "import sys, netassist.toolbox as toolbox; sys.argv = ['netassist', 'tools', '--debug']\n"
        "toolbox.tools = lambda: 1 / 0\nfrom netassist.cli import main\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, "Traceback" in done.stderr, "ZeroDivisionError" in done.stderr) == (3, True, True)
    assert "--debug" in netassist(environment, "--help").stdout


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
