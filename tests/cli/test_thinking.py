"""``--thinking`` and the state of the tools on disk, as a person meets them: with a GGUF file that is not the built-in model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.gguf import nemotron_shaped

QUESTION = "is 192.0.2.1 up?"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nemotron_shaped(tmp_path_factory.mktemp("model") / "other.gguf")


def planned(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    folders = {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CACHE", "STATE", "CONFIG", "DATA")}
    command = [sys.executable, "-m", "netassist", "plan", QUESTION, "--threads", "1", *words]
    return subprocess.run(command, env={**os.environ, **folders}, capture_output=True, text=True, timeout=120)


def test_a_thought_is_a_field_of_the_plan(model: Path, tmp_path: Path) -> None:
    done = planned(tmp_path, "--model", str(model), "--thinking", "on", "--thinking-tokens", "20", "-f", "json")
    assert json.loads(done.stdout)["thought"]


def test_in_text_it_is_folded(model: Path, tmp_path: Path) -> None:
    done = planned(tmp_path, "--model", str(model), "--thinking", "on", "--thinking-tokens", "20")
    assert "thought aloud" in done.stderr
    assert "thought" not in done.stdout


def test_it_is_off_where_nobody_asks(model: Path, tmp_path: Path) -> None:
    assert json.loads(planned(tmp_path, "--model", str(model), "-f", "json").stdout)["thought"] == ""


def test_the_built_in_model_has_none(tmp_path: Path) -> None:
    done = planned(tmp_path, "--thinking", "on")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("netassist: nano cannot think aloud; name another model with --model")
    assert len(done.stderr.splitlines()) == 1


def test_a_budget_has_bounds(tmp_path: Path) -> None:
    assert planned(tmp_path, "--thinking", "on", "--thinking-tokens", "1000000").returncode == 2


def test_what_was_read_of_the_tools_is_kept_for_the_next_command(model: Path, tmp_path: Path) -> None:
    first = planned(tmp_path, "--model", str(model))
    (kept,) = (tmp_path / "cache" / "netassist" / "heads").iterdir()
    before = kept.stat()
    # The next command has it from there: its time of use moves, what it holds does not.
    second = planned(tmp_path, "--model", str(model))
    assert second.stdout == first.stdout
    assert (kept.stat().st_ino, kept.stat().st_size) == (before.st_ino, before.st_size)
    assert kept.stat().st_mtime_ns > before.st_mtime_ns
    assert kept.parent.stat().st_mode & 0o777 == 0o700
