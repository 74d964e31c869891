"""The short commands: what they take is what their tools take, and what they do is what `run` does."""

from __future__ import annotations

import csv
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from netassist.cli.common_jobs import JOBS
from netassist.toolbox import built_in
from tests.cli.imported import imported
from tests.cli.program import netassist
from tests.lab.listening import closed_port

Environment = dict[str, str]


@pytest.mark.parametrize("job", JOBS)
def test_the_help_is_the_tool_s_own_and_its_examples_are_calls(environment: Environment, job: str) -> None:
    from netassist.cli.app import app
    from netassist.toolbox import from_words

    tool = built_in()[JOBS[job]]
    said = " ".join(netassist(environment | {"COLUMNS": "1000"}, job, "--help").stdout.split())
    assert tool.description in said
    for name, parameter in tool.parameters.properties.items():
        assert name == tool.parameters.required[0] or f"--{name.replace('_', '-')}" in said
        assert all(choice in said for choice in parameter.enum or ())
    assert tool.examples
    for example in tool.examples:
        from_words(tool.name, dict(word.split("=", 1) for word in example.split()))
    for line in said.split("Try:")[1].split("Arguments:")[0].split("netassist ")[1:]:
        app.parse_args(line.split(), exit_on_error=False, print_error=False)


def test_no_help_loads_a_probe(environment: Environment) -> None:
    modules = [tool.handler.partition(":")[0] for tool in built_in().values() if tool.handler]
    for words in (["--help"], ["scan", "--help"], ["completion", "bash"]):
        assert imported(environment, words, [*modules, "httpx", "numpy", "cryptography"])[0] == []


def test_several_targets_and_a_list_in_their_order(environment: Environment, open_port: int, tmp_path: Path) -> None:
    closed, table, listed = closed_port(), tmp_path / "ports.csv", tmp_path / "hosts.txt"
    listed.write_text(f"127.0.0.1:{closed}  # nobody\n\n127.0.0.1:{open_port}\n")
    words = ("tcp", f"127.0.0.1:{open_port}", "-i", str(listed), "-f", "jsonl", "-o", str(table))
    done = netassist(environment, *words)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["target"]["port"], row["state"]) for row in rows] == [(open_port, "open"), (closed, "closed")]
    assert done.returncode == 0
    assert {row["port"] for row in csv.DictReader(table.read_text().splitlines())} == {str(open_port), str(closed)}
    written = Path(environment["XDG_STATE_HOME"], "netassist/journal.jsonl").read_text()
    journal = [json.loads(line) for line in written.splitlines()]
    assert {entry["call"]["arguments"]["port"] for entry in journal} == {closed, open_port}
    assert all(entry["request"].startswith("tcp tcp_check(") for entry in journal)


def test_one_target_is_one_object_and_several_are_an_array(environment: Environment, open_port: int) -> None:
    one = netassist(environment, "tcp", "127.0.0.1", "--port", str(open_port), "-f", "json")
    assert json.loads(one.stdout)["schema"] == "netassist/tcp/1"
    two = netassist(environment, "tcp", "127.0.0.1", "127.0.0.2", "--port", str(open_port), "-f", "json")
    assert [row["target"]["host"] for row in json.loads(two.stdout)] == ["127.0.0.1", "127.0.0.2"]


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that accepts and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_one_that_fails_hides_no_other_and_is_never_clean(environment: Environment, silent_port: int) -> None:
    done = netassist(environment, "tcp", "no-such-host.invalid", "127.0.0.1", "--port", str(silent_port), "-f", "jsonl")
    assert [json.loads(line)["status"] for line in done.stdout.splitlines()] == ["failed", "ok"]
    assert done.returncode == 3


def test_one_that_is_refused_among_others(environment: Environment, open_port: int, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[scope]\ndeny = ["127.0.0.9"]\n')
    words = ("tcp", "127.0.0.9", "127.0.0.1", "--port", str(open_port), "--config", str(config), "-f", "jsonl")
    done = netassist(environment, *words)
    assert [json.loads(line)["schema"] for line in done.stdout.splitlines()] == ["netassist/refusal/1", "netassist/tcp/1"]
    assert (done.returncode, "127.0.0.9" in done.stderr) == (3, True)
    assert netassist(environment, *words[:2], *words[3:]).returncode == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ping",), "name a host, or a list with -i; for example: netassist ping 192.0.2.1"),
        (("ping", "127.0.0.1:80"), "ping takes no port; give the host alone: 127.0.0.1"),
        (("tcp", "127.0.0.1"), "tcp_check: port is missing"),
        (("ping", "--", "-oX"), "'-oX' is not a host name"),
        (("ping", "127.0.0.1", "--cuont", "3"), "there is no option --cuont (did you mean --count?); netassist ping --help"),
        (("pnig", "127.0.0.1"), "there is no command 'pnig' (did you mean ping?)"),
        (("dns", "a.test", "--record-type", "FOO"), "--record-type"),
        (("scan", "127.0.0.1", "--ports", "22;reboot"), "is not a port list"),
        (("http", "ftp://a.test/"), "is not an http or https URL"),
        (("ping", "127.0.0.1", "-o", "/nonexistent/x.json"), "there is no folder /nonexistent"),
        (("ping", "127.0.0.1", "-o", "/tmp"), "-o /tmp is a folder"),
        (("ping", "127.0.0.1", "--jobs", "0"), "--jobs"),
    ],
)
def test_each_mistake_is_told_in_one_line(environment: Environment, words: tuple[str, ...], said: str) -> None:
    done = netassist(environment, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_mistake_in_the_list_is_told_with_its_line_before_anything_is_touched(environment: Environment) -> None:
    for job, said in (("ping", "a b"), ("http", "ftp://x")):
        done = netassist(environment, job, "-i", "-", said=f"127.0.0.1\n{said}\n")
        assert (done.returncode, done.stdout) == (2, "")
        assert "standard input:2: " in done.stderr
    assert not Path(environment["XDG_STATE_HOME"], "netassist/journal.jsonl").exists()


def test_a_file_is_replaced_in_one_step_and_another_format_is_no_copy_of_stdout(
    environment: Environment, open_port: int, tmp_path: Path
) -> None:  # fmt: skip
    file = tmp_path / "result.md"
    file.write_text("old")
    done = netassist(environment, "run", "tcp_check", "host=127.0.0.1", f"port={open_port}", "-o", str(file))
    assert (done.returncode, "is open" in done.stdout) == (0, True)
    assert file.read_text().startswith("## netassist")
    assert [path.name for path in tmp_path.glob("*.md")] + [path.name for path in tmp_path.glob(".*")] == ["result.md"]
