"""The documents show what the program prints.

`python -m tests.cli.test_documentation` writes docs/commands.md and docs/netassist.1 anew.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App

from netassist.cli.app import app
from netassist.cli.man import page
from netassist.toolbox import tools

ROOT = Path(__file__).parent.parent.parent
COMMANDS = ROOT / "docs" / "commands.md"
MANUAL = ROOT / "docs" / "netassist.1"


def printed(*words: str) -> str:
    environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "netassist", *words], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def names(within: App, *above: str) -> Iterator[tuple[str, ...]]:
    """Every command, and behind it those below it."""
    for name in sorted(name for name in within if not name.startswith("-")):
        yield (*above, name)
        yield from names(within[name], *above, name)


def commands() -> str:
    """docs/commands.md as it has to be."""
    parts = ["# Commands\n\nWritten from the program's own help."]
    for words in (("--help",), *((*name, "--help") for name in names(app)), ("tools",)):
        parts.append(f"## netassist {' '.join(words)}\n\n```\n{printed(*words)}\n```")
    return "\n\n".join(parts) + "\n"


def test_the_command_reference_is_the_help() -> None:
    assert COMMANDS.read_text(encoding="utf-8") == commands()


def test_the_manual_page_is_that_of_the_parser_and_says_every_command() -> None:
    stored = MANUAL.read_text(encoding="utf-8")
    assert stored == page()
    assert all(f".SS netassist {' '.join(name)}\n".replace("-", r"\-") in stored for name in names(app))


@pytest.mark.parametrize("command", [("mandoc", "-Tlint", "-W", "warning"), ("groff", "-ww", "-man", "-Tutf8", "-z")])
def test_the_manual_page_has_no_fault(command: tuple[str, ...]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run([*command, str(MANUAL)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_guide_names_every_tool_that_is_there_and_no_dead_link() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert all(f"`{tool.name}`" in changelog for tool in tools().values() if tool.implemented)
    for document in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / link).exists(), f"{document.name} links to {link}"


if __name__ == "__main__":
    COMMANDS.write_text(commands(), encoding="utf-8")
    MANUAL.write_text(page(), encoding="utf-8")
