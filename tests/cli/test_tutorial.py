"""docs/tutorial.md is what happens: its servers are started, its commands are run, what they print is compared."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.documents import agrees, blocks, commands, run
from tests.lab.programs import require

ROOT = Path(__file__).parent.parent.parent
TUTORIAL = ROOT / "docs" / "tutorial.md"
FOLDER = "/tmp/practice"
"""The folder that the tutorial names; the test has its own."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where the practice servers, started as the tutorial starts them, have written their configuration."""
    require("nmap")
    [start] = [line for text in blocks(TUTORIAL, "sh") for line in text.splitlines() if line.startswith("python ")]
    words = start.replace(FOLDER, str(tmp_path / "practice")).split()
    with subprocess.Popen([sys.executable, *words[1:]], cwd=ROOT, stdout=subprocess.PIPE, text=True) as servers:
        assert servers.stdout is not None
        try:
            told = "".join(iter(servers.stdout.readline, "Ctrl-C ends them.\n"))
            assert f"export NETASSIST_CONFIG={tmp_path}/practice/config.toml" in told
            yield tmp_path / "practice"
        finally:
            servers.terminate()


def test_every_command_prints_what_the_tutorial_says(folder: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NETASSIST_", "XDG_"))}
    environment |= {"COLUMNS": "100", "NO_COLOR": "1", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    seen = 0
    for command in commands(TUTORIAL):
        line = command.line.replace(FOLDER, str(folder))
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            environment[name] = value
            continue
        done = run(line, environment, tmp_path)
        assert agrees(command.printed.replace(FOLDER, str(folder)), done.stdout), f"$ {line}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        seen += 1
    assert seen > 15


def test_another_output_does_not_agree() -> None:
    said = "✔ Port 22 is open: in 0.4 ms.\n…\nBanner none\n"
    assert agrees(said, "✔ Port 22 is open: in 13 ms.\n\n  State  open\n  Banner  none\n")
    assert not agrees(said, "✔ Port 23 is open: in 13 ms.\n  Banner  none\n")
    assert not agrees(said, "✔ Port 22 is open: in 13 ms.\n  Banner  none\n  more\n")
    assert not agrees("", "something")
