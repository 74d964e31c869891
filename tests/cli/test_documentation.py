"""The documents show what the program prints. `python -m tests.cli.test_documentation` writes docs/commands.md anew."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from netassist.toolbox import tools

ROOT = Path(__file__).parent.parent.parent
COMMANDS = ROOT / "docs" / "commands.md"


def printed(*words: str) -> str:
    environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "netassist", *words], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commands() -> str:
    """docs/commands.md as it has to be."""
    parts = ["# Commands\n\nWritten from the program's own help."]
    helps = (("--help",), *((name, "--help") for name in ("ask", "eval", "models", "plan", "run", "tls", "tools")))
    models = tuple(("models", name, "--help") for name in ("list", "recommend", "pull", "verify", "use", "remove"))
    evaluations = tuple(("eval", name, "--help") for name in ("netbench", "bfcl"))
    for words in (*helps, *evaluations, *models, ("tools",)):
        parts.append(f"## netassist {' '.join(words)}\n\n```\n{printed(*words)}\n```")
    return "\n\n".join(parts) + "\n"


def test_the_command_reference_is_the_help() -> None:
    assert COMMANDS.read_text(encoding="utf-8") == commands()


def test_the_guide_names_every_tool_that_is_there_and_no_dead_link() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert all(f"`{tool.name}`" in changelog for tool in tools().values() if tool.implemented)
    for document in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / link).exists(), f"{document.name} links to {link}"


if __name__ == "__main__":
    COMMANDS.write_text(commands(), encoding="utf-8")
