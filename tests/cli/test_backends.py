"""``netassist backends`` and ``config`` as processes, over the lab's chat completion server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netassist.backends.ledger import Ledger
from tests.cli.imported import imported
from tests.lab.demo_backends import SCENES, Show, show
from tests.lab.llm_server import Llm, Turn, Wanted, llm_server

SECRET = "sk-lab-0123456789abcdefghijklmnopqrstuvwxyz"
ANSWER = Turn(calls=[Wanted("ping", {"host": "127.0.0.1"})])
ROOT = Path(__file__).parent.parent.parent


class Machine:
    """A folder for everything, and a configuration over the lab's server."""

    def __init__(self, folder: Path, lab: Llm) -> None:
        self.folder, self.lab, self.config = folder, lab, folder / "config.toml"
        bare = {name: value for name, value in os.environ.items() if not name.startswith(("NETASSIST_", "XDG_"))}
        for name in ("STATE", "CONFIG", "DATA", "CACHE"):
            bare[f"XDG_{name}_HOME"] = str(folder / name.lower())
        self.environment = bare | {"NETASSIST_CONFIG": str(self.config), "NO_COLOR": "1", "COLUMNS": "100", "LAB_KEY": SECRET}
        self.configure()

    def configure(self, more: str = "", order: str = '"turbollm", "testllm"') -> None:
        self.config.write_text(
            f'backends = [{order}]\n\n[turbollm]\nbase_url = "{self.lab.url}"\nmodel = "lab"\nkey_env = "LAB_KEY"\n{more}'
        )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "netassist", *words]
        return subprocess.run(command, env=self.environment, input="", capture_output=True, text=True, timeout=120)

    def standing(self, name: str = "turbollm") -> dict[str, Any]:
        done = self.run("backends", "-f", "json")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert found["schema"] == "netassist/backends/1"
        [standing] = [row for row in found["backends"] if row["name"] == name]
        return dict(standing)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with llm_server(Llm(otherwise=ANSWER, key=SECRET)) as lab:
        yield Machine(tmp_path, lab)


def test_without_a_word_in_the_configuration_nothing_is_remote(machine: Machine) -> None:
    machine.config.write_text("")
    machine.environment |= {"OPENAI_API_KEY": SECRET, "HF_TOKEN": SECRET}
    assert machine.standing("testllm")["rung"] == 1
    assert machine.standing("turbollm")["state"] == "not_used"
    assert "Nothing leaves this machine to be planned" in machine.run("config", "show").stdout
    assert machine.run("plan", "ping 127.0.0.1").stdout == "ping(host='127.0.0.1')\n"
    assert not (machine.folder / "state").exists()
    assert machine.lab.asked == []


def test_the_default_loads_nothing_remote(machine: Machine) -> None:
    machine.config.write_text("")
    modules = ("httpx", "keyring", "sqlite3", "netassist.backends.remote", "netassist.backends.ladder")
    assert imported(machine.environment, ["plan", "ping 127.0.0.1"], modules)[0] == []


def test_a_plan_is_made_remotely_and_counted(machine: Machine) -> None:
    done = machine.run("plan", "ping 127.0.0.1", "-f", "json")
    plan = json.loads(done.stdout)
    assert (done.stderr, plan["planned_by"]) == ("", "turbollm/lab")
    assert plan["usage"] == {"read": 1000, "written": 50, "estimated": False}
    standing = machine.standing()
    assert (standing["state"], standing["spent_today"]["tokens"], standing["latency"]["calls"]) == ("ready", 1050, 1)
    assert standing["key"] == "from LAB_KEY"


def test_a_fall_is_told_once_and_shown_and_can_be_ended(machine: Machine) -> None:
    machine.lab.turns = [Turn(status=503, error="loading")]
    first = machine.run("plan", "ping 127.0.0.1")
    assert (first.returncode, first.stdout) == (0, "ping(host='127.0.0.1')\n")
    [line] = first.stderr.splitlines()
    assert re.fullmatch(r"netassist: turbollm: 127.0.0.1:\d+ has a fault of its own \(HTTP 503: loading\); testllm goes on", line)
    standing = machine.standing()
    assert (standing["state"], 20 < standing["asked_again_s"] <= 30) == ("left_alone", True)
    assert "HTTP 503: loading" in machine.run("backends").stdout
    assert "it is asked again in" in machine.run("plan", "ping 127.0.0.1").stderr
    assert len(machine.lab.asked) == 1
    machine.run("backends", "--retry")
    assert json.loads(machine.run("plan", "ping 127.0.0.1", "-f", "json").stdout)["planned_by"] == "turbollm/lab"


def test_a_fall_in_the_middle_of_a_request_leaves_what_was_measured(machine: Machine) -> None:
    port = int(machine.lab.url.rsplit(":", 1)[1].split("/")[0])
    look = Wanted("tcp_check", {"host": "127.0.0.1", "port": port})
    machine.lab.turns = [Turn(calls=[look]), Turn(status=500, error="boom")]
    done = machine.run("ask", f"is port {port} of 127.0.0.1 open?", "-f", "json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["outcome"], answer["backend"]) == (0, "answered", "turbollm")
    assert [step["report"]["state"] for step in answer["steps"]] == ["open"]
    assert done.stderr.endswith("; the answer is what has been measured so far\n")
    assert len(machine.lab.asked) == 2


def test_a_missing_key_and_a_spent_budget_are_shown(machine: Machine) -> None:
    machine.configure("tokens_a_day = 1000\n")
    machine.run("plan", "ping 127.0.0.1")
    spent = machine.standing()["spent_today"]
    assert (spent["tokens"], spent["token_limit"]) == (0, 1000)  # it would have taken more
    machine.configure("tokens_a_day = 3000\n")
    machine.run("plan", "ping 127.0.0.1")
    machine.configure("tokens_a_day = 1000\n")
    assert machine.standing()["state"] == "budget_spent"
    machine.config.write_text('backends = ["turbollm"]\n')
    assert "whether there is a key is seen when it is asked" in machine.standing()["why"]
    machine.configure()
    del machine.environment["LAB_KEY"]
    standing = machine.standing()
    assert (standing["state"], standing["why"]) == ("no_key", "its key is to come from LAB_KEY, which is not set")


def test_a_flag_pins_one_and_then_nobody_else_goes_on(machine: Machine) -> None:
    machine.configure(order='"testllm"')
    done = machine.run("plan", "ping 127.0.0.1", "--backend", "turbollm", "-f", "json")
    assert json.loads(done.stdout)["planned_by"] == "turbollm/lab"
    machine.lab.turns = [Turn(status=500, error="boom")]
    failed = machine.run("plan", "ping 127.0.0.1", "--backend", "turbollm")
    assert (failed.returncode, failed.stdout) == (3, "")
    assert "boom" in failed.stderr
    assert machine.run("plan", "x", "--backend", "gpt").returncode == 2
    together = machine.run("plan", "x", "--backend", "turbollm", "--model", "x.gguf")
    assert (together.returncode, "leave one of them out" in together.stderr) == (2, True)


def test_the_configuration_is_shown_with_its_origins(machine: Machine) -> None:
    machine.configure('key_command = ["pass", "show", "sk-lab-in-the-arguments"]\n')
    shown = machine.run("config", "show", "--origin").stdout
    assert re.search(rf'^turbollm\.model = "lab" +# {re.escape(str(machine.config))}:5$', shown, re.MULTILINE)
    assert re.search(r"^read_only = false +# default$", shown, re.MULTILINE)
    assert f"What leaves this machine to be planned, to turbollm at {machine.lab.url}:\nyour questions" in shown
    assert "sk-lab-in-the-arguments" not in shown
    found = json.loads(machine.run("config", "show", "-f", "json").stdout)
    assert [leaving["backend"] for leaving in found["leaves"]] == ["turbollm"]
    assert machine.run("config", "path").stdout.strip() == str(machine.config)


COMMANDS = (
    ("ask", "ping 127.0.0.1", "-f", "json", "--debug"),
    ("plan", "ping 127.0.0.1", "--backend", "turbollm", "--debug"),
    ("backends", "-f", "json"),
    ("config", "show", "--origin"),
)
ECHOES = (
    None,
    Turn(status=401, error=f"Incorrect API key provided: {SECRET}", code="invalid_api_key"),
    Turn(status=400, error=f"bad header: Bearer {SECRET}"),
    Turn("one two", error=f"no more of {SECRET}", fault="error_in_stream"),
    Turn("one two", error=SECRET, fault="wrong_content_type"),
    Turn(f"Your key is {SECRET}.", thought=f"They gave me {SECRET}"),
    Turn(fault="cut"),
)


@pytest.mark.parametrize(("given", "echo"), [("command", None), *(("variable", echo) for echo in ECHOES)])
def test_no_output_and_no_file_holds_the_key(machine: Machine, echo: Turn | None, given: str) -> None:
    if given == "command":
        helper = machine.folder / "helper.py"
        helper.write_text(f"print({SECRET[::-1]!r}[::-1])")
        text = machine.config.read_text().replace('key_env = "LAB_KEY"', f'key_command = ["{sys.executable}", "{helper}"]')
        machine.config.write_text(text)
        del machine.environment["LAB_KEY"]
    if echo is not None:
        machine.lab.otherwise = echo
    for words in COMMANDS:
        done = machine.run(*words)
        assert SECRET not in done.stdout + done.stderr, words
    assert any(asked.headers.get("authorization") == f"Bearer {SECRET}" for asked in machine.lab.asked)
    held = [file for file in machine.folder.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()]
    assert held == []


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Show]:
    with show(tmp_path_factory.mktemp("demo")) as started:
        yield started


def _masked(text: str) -> str:
    """The text without what changes from run to run: numbers with their units, and blanks."""
    return re.sub(r"\s+", " ", re.sub(r"\d[\d.,:-]*(?: (?:ms|s|min|h)\b)?", "#", text)).strip()


def test_the_document_shows_what_the_demonstration_prints(stage: Show) -> None:
    text = (ROOT / "docs" / "backends.md").read_text(encoding="utf-8")
    for scene in SCENES:
        if scene.before == "goes away":
            stage.away(3600)
        if scene.before == "is back":  # without waiting for it
            ledger = Ledger(stage.state)
            fall = ledger.fall("turbollm")
            assert fall is not None
            ledger.fell("turbollm", msgspec.structs.replace(fall, pause=0.0))
        done = stage.played(scene)
        assert done.returncode == 0, done.stdout
        assert _masked(done.stdout) in _masked(text), done.stdout
