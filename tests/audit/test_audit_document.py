"""docs/audit.md: its project file is one, its error is the program's, and it names every option and exit code."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from netassist.audit.project import read
from netassist.cli import exits
from netassist.cli.audit import audit
from netassist.configuration import BadConfiguration
from netassist.reports.formats import NAMES

TEXT = (Path(__file__).parent.parent.parent / "docs" / "audit.md").read_text(encoding="utf-8")


def project() -> str:
    found = re.search(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_project_file_is_one(tmp_path: Path) -> None:
    file = tmp_path / "netassist.toml"
    file.write_text(project(), encoding="utf-8")
    held = read(file)
    assert (held.targets, held.fail_on, held.fail_on_new) == (("www.example.org", "192.0.2.0/28"), "high", "low")
    assert [each.target for each in held.exceptions] == ["cash.example.org:443"]


def test_the_error_is_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("netassist.toml").write_text(project().replace("tls.tls1_1", "tls.tls1_9"), encoding="utf-8")
    with pytest.raises(BadConfiguration) as told:
        read(Path("netassist.toml"))
    assert f"    netassist: {told.value}\n" in TEXT


def test_every_option_that_is_the_audits_own_is_explained() -> None:
    shared = {"input", "format", "output", "approve", "ca_file", "check_revocation", "config", "targets"}
    own = [name for name in inspect.signature(audit).parameters if name not in shared]
    assert own
    assert [name for name in own if f"--{name.replace('_', '-')}" not in TEXT] == []


def test_every_exit_code_and_format_is_named() -> None:
    codes = [value for name, value in vars(exits).items() if name.isupper()]
    assert [code for code in codes if f"\n| {code} | " not in TEXT] == []
    assert [name for name in NAMES if name not in ("text", "jsonl") and f"`{name}`" not in TEXT] == []
