"""``netassist report``: stored results in every format, by a real process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from netassist.reports.json import encoded
from netassist.reports.stored import read
from tests.reports.estate import BEFORE, STORED, estate
from tests.reports.samples import EXAMPLES


def report(*words: str, folder: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {"XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "COLUMNS": "100"}
    command = [sys.executable, "-m", "netassist", "report", *words]
    return subprocess.run(command, env=environment, input=stdin, capture_output=True, check=False, cwd=folder)


def test_one_reading_makes_many_files(tmp_path: Path) -> None:
    names = ("a.html", "a.sarif", "a.xml", "a.md", "a.csv", "a.cdx.json", "a.json", "a.jsonl", "a.txt")
    done = report(str(STORED), *(word for name in names for word in ("-o", name)), folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"127.0.0.41" in done.stdout
    begins = {name: (tmp_path / name).read_bytes()[:30] for name in names}
    assert begins["a.html"].startswith(b"<!DOCTYPE html>")
    assert begins["a.xml"].startswith(b"<?xml")
    assert begins["a.md"].startswith(b"## netassist")
    assert begins["a.csv"].startswith(b"host,port")
    assert json.loads((tmp_path / "a.cdx.json").read_bytes())["bomFormat"] == "CycloneDX"
    assert json.loads((tmp_path / "a.sarif").read_bytes())["version"] == "2.1.0"
    assert read((tmp_path / "a.jsonl").read_bytes(), "a.jsonl") == estate()
    assert len(json.loads((tmp_path / "a.json").read_bytes())) == 7


def test_standard_input_and_a_baseline(tmp_path: Path) -> None:
    done = report("-", "--baseline", str(BEFORE), folder=tmp_path, stdin=STORED.read_bytes())
    assert done.returncode == 0
    assert b"Since " in done.stdout
    assert "✔ gone: No post-quantum key exchange at 127.0.0.40:8443".encode() in done.stdout


@pytest.mark.parametrize(
    ("name", "gate", "code"),
    [
        ("ping_good", "low", 0),
        ("nmap_bad", "critical", 0),
        ("nmap_bad", "high", 1),
        ("dns_failed", "high", 3),
        ("dns_failed", "never", 0),
    ],
)
def test_it_can_be_a_gate(tmp_path: Path, name: str, gate: str, code: int) -> None:
    assert report("-", "--fail-on", gate, folder=tmp_path, stdin=encoded(EXAMPLES[name])).returncode == code


def test_what_is_no_result_is_told_in_one_line(tmp_path: Path) -> None:
    done = report("-", folder=tmp_path, stdin=encoded(EXAMPLES["ping_good"]) + b"\n{}\n")
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.startswith(b"netassist: standard input:2: no result of netassist")
    missing = report("missing.json", folder=tmp_path)
    assert (missing.returncode, missing.stderr) == (3, b"netassist: missing.json: No such file or directory\n")


def test_nothing_is_written_where_the_results_are_bad(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("before")
    report("-", "-o", "a.html", folder=tmp_path, stdin=b"{}")
    assert (tmp_path / "a.html").read_text() == "before"
