"""Each recipe of docs/recipes.md is run as it stands, against the practice servers: its files are written, its commands run.

``<!-- test: COMMAND; exits N or M -->`` stands behind what is run. Without a command it is the ```sh block before it; "the
yaml's netassist lines" are the lines of the ```yaml block before it that begin with netassist. ``file=NAME``: it is that file.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.documents import run
from tests.lab.demo import Estate, estate
from tests.lab.programs import require

ROOT = Path(__file__).parent.parent.parent
RECIPES = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8").replace("192.0.2.", "127.0.0.")
"""The document with the addresses of the practice servers, by the rule that it states."""
_PART = re.compile(
    r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$|^<!-- test: (?:(.+?); )?exits ([\d or]+) -->$", re.MULTILINE | re.DOTALL
)
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", RECIPES, re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    require("nmap")
    with estate(tmp_path_factory.mktemp("estate")) as started:
        yield started


def _followed(section: str, folder: Path, environment: dict[str, str]) -> int:
    """Write the files of a recipe and run its commands; how many were run."""
    last, ran = {"sh": "", "yaml": ""}, 0
    for language, name, text, command, codes in _PART.findall(SECTIONS[section]):
        if name:
            (folder / name).write_text(text, encoding="utf-8")
        if language:
            last[language] = text
            continue
        if command.startswith("the yaml"):
            command = "\n".join(re.findall(r"^ *- (?:run: )?(netassist .+)$", last["yaml"], re.MULTILINE))
        done = run(command or last["sh"], environment, folder)
        assert str(done.returncode) in codes.split(" or "), f"{command or last['sh']}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        ran += 1
    return ran


@pytest.mark.parametrize("section", SECTIONS)
def test_a_recipe_does_what_it_says(section: str, lab: Estate, tmp_path: Path) -> None:
    environment = lab.environment(tmp_path / "state") | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "100"}
    environment["PATH"] = f"{_command(tmp_path)}{os.pathsep}{environment['PATH']}"
    folder = tmp_path / "empty"
    folder.mkdir()
    assert _followed(section, folder, environment) >= 1
    for name in re.findall(r"-o (\S+)|> (\w+\.\w+)", SECTIONS[section]):
        assert (folder / "".join(name)).exists() or "today.jsonl" in name
    if (sarif := folder / "netassist.sarif").exists():
        assert json.loads(sarif.read_bytes())["version"] == "2.1.0"


def _command(folder: Path) -> Path:
    """A folder for PATH in which `netassist` is the one under test, for scripts that are run by sh."""
    place = folder / "bin"
    place.mkdir()
    (place / "netassist").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m netassist "$@"\n')
    (place / "netassist").chmod(0o755)
    return place


def test_the_cron_table_runs_the_script_that_is_shown() -> None:
    [table] = re.findall(r"^```cron\n(.*?)^```$", RECIPES, re.MULTILINE | re.DOTALL)
    fields = table.splitlines()[-1].split(maxsplit=5)
    assert fields[5] in RECIPES.split("```cron")[1].split("```", 1)[1]
    assert all(re.fullmatch(r"\*|\d+", field) for field in fields[:5])
