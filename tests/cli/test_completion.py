"""Completion in real shells: what is offered at the Tab key."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

import pytest

from netassist.assistant.answers import Answer
from netassist.assistant.memory import Recalled, Turn
from netassist.assistant.sessions import Sessions
from tests.cli.program import netassist

Environment = dict[str, str]


@pytest.fixture
def surroundings(environment: Environment, tmp_path: Path) -> Environment:
    """An environment in which `netassist` is a command, its completions are in files, and a session is kept."""
    place = tmp_path / "bin"
    place.mkdir()
    (place / "netassist").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m netassist "$@"\n')
    (place / "netassist").chmod(0o755)
    for shell in ("bash", "zsh", "fish"):
        (tmp_path / shell).write_text(netassist(environment, "completion", shell).stdout)
    root = Path(__file__).parent.parent.parent
    return environment | {"PATH": f"{place}:{os.environ['PATH']}", "HOME": str(tmp_path), "PYTHONPATH": str(root), "TERM": "dumb"}


def typed(words: list[str], lines: list[str], keys: str, variables: Mapping[str, str], wanted: str) -> str:
    """What an interactive shell shows once `keys` were pressed; it ends as soon as `wanted` is there, or after a while."""
    process, terminal = pty.fork()
    if process == 0:
        os.execvpe(words[0], words, dict(variables))
    shown = ""
    try:
        os.write(terminal, ("".join(f"{line}\n" for line in lines) + "echo rea''dy\n").encode())
        for key, until in (("", "\nready"), (keys, wanted)):
            os.write(terminal, key.encode())
            ends, shown = monotonic() + 20, ""
            while not re.search(until, shown) and monotonic() < ends:
                if select.select([terminal], [], [], 0.5)[0]:
                    shown += os.read(terminal, 65536).decode(errors="replace").replace("\r", "").replace("\a", "")
    finally:
        os.kill(process, 9)
        os.waitpid(process, 0)
        os.close(terminal)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)


BASH = [
    ("netassist comp\t", "netassist completion"),
    ("netassist scan 192.0.2.1 --profile disc\t", "--profile discovery"),
    ("netassist dns a.test --record-type AAA\t", "--record-type AAAA"),
    ("netassist run dns_l\t", "netassist run dns_lookup"),
    ("netassist run nmap_scan profile=disc\t", "profile=discovery"),
    ("netassist run nmap_scan target=192.0.2.1 prof\tvu\t", "profile=vuln"),
    ("netassist models pull iq3_x\t", "iq3_xs"),
]


@pytest.mark.parametrize(("keys", "wanted"), BASH)
def test_bash(surroundings: Environment, keys: str, wanted: str) -> None:
    home = surroundings["HOME"]
    lines = ["PS1='> '", "bind 'set enable-bracketed-paste off'", f"source {home}/bash"]
    assert wanted in typed(["bash", "--norc", "--noprofile", "-i"], lines, keys, surroundings, wanted)


def test_bash_completes_sessions(surroundings: Environment) -> None:
    answer = Answer(request="ping 192.0.2.1", answer="Done.", outcome="answered", backend="testllm", model="nano")
    sessions = Sessions(Path(surroundings["XDG_STATE_HOME"]) / "netassist")
    kept = sessions.add(None, answer, Recalled(Turn(request="ping 192.0.2.1")))
    lines = ["PS1='> '", f"source {surroundings['HOME']}/bash"]
    shown = typed(["bash", "--norc", "--noprofile", "-i"], lines, f"netassist sessions show {kept[:3]}\t", surroundings, kept)
    assert f"show {kept}" in shown


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("netassist comp", "completion"),
        ("netassist scan --profile disc", "discovery"),
        ("netassist run dns_l", "dns_lookup"),
        ("netassist run nmap_scan prof", "profile=vuln"),
        ("netassist models pull iq3_x", "iq3_xs"),
    ],
)
def test_fish(surroundings: Environment, line: str, wanted: str) -> None:
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    script = f"source {surroundings['HOME']}/fish; complete -C '{line}'"
    done = subprocess.run(["fish", "--no-config", "-c", script], env=surroundings, capture_output=True, text=True, timeout=60)
    assert wanted in [row.split("\t")[0] for row in done.stdout.splitlines()], done.stdout + done.stderr


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ("netassist comp\t", "netassist completion"),
        ("netassist scan 192.0.2.1 --profile disc\t", "--profile discovery"),
        ("netassist run dns_l\t", "netassist run dns_lookup"),
        ("netassist run nmap_scan profile=disc\t", "profile=discovery"),
    ],
)
def test_zsh(surroundings: Environment, keys: str, wanted: str) -> None:
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    home = surroundings["HOME"]
    (Path(home) / "functions").mkdir()
    shutil.copy(f"{home}/zsh", f"{home}/functions/_netassist")
    lines = ["PS1='> '", "unsetopt prompt_sp", f"fpath=({home}/functions $fpath)", "autoload -Uz compinit; compinit -u -D"]
    assert wanted in typed(["zsh", "-f", "-i"], lines, keys, surroundings, wanted)
