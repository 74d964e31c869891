"""``netassist daemon`` where nothing runs: help, a dry run, tokens, and what is said where there is nobody to ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.imported import imported
from tests.cli.program import netassist

HEAVY = ("asyncio", "sqlalchemy", "starlette", "uvicorn", "prometheus_client", "apprise", "jinja2", "httpx", "llama_cpp", "ssl")


@pytest.mark.parametrize("words", [["daemon", "--help"], ["daemon", "status", "--help"], ["daemon", "token", "add", "--help"]])
def test_help_loads_nothing_heavy(environment: dict[str, str], words: list[str]) -> None:
    loaded, printed = imported(environment, words, HEAVY)
    assert loaded == []
    assert "--store" in printed


def test_a_dry_run_says_what_would_change_and_makes_nothing(environment: dict[str, str], tmp_path: Path) -> None:
    plan = tmp_path / "monitor.toml"
    plan.write_text('[[watch]]\nhost = "a.example"\ncheck = ["icmp", "ssh"]\n')
    done = netassist(environment, "daemon", "--config", str(plan), "--dry-run")
    summary = "2 would change; 2 watches, 0 channels in the file."
    assert done.stdout.splitlines() == ["+ icmp a.example", "+ ssh a.example", summary]
    assert done.returncode == 0
    assert not Path(environment["XDG_STATE_HOME"]).exists()
    plan.write_text('[[watch]]\nhost = "a.example"\n')
    wrong = netassist(environment, "daemon", "--config", str(plan), "--dry-run")
    assert (wrong.returncode, wrong.stderr) == (2, f"netassist: {plan}:1:1: check is missing\n")


def test_a_dry_run_without_a_file_says_so_as_the_daemon_would_run(environment: dict[str, str]) -> None:
    ran = netassist(environment, "daemon", "--dry-run")
    assert (ran.returncode, "monitor.toml; only what was added is watched" in ran.stderr) == (0, True)
    assert ran.stdout == "Nothing would change; 0 watches, 0 channels in the file.\n"


@pytest.mark.parametrize("words", [["status"], ["stop"], ["reload"], ["test-alert"]])
def test_where_none_runs_it_says_how_to_start_one(environment: dict[str, str], words: list[str]) -> None:
    done = netassist(environment, "daemon", *words)
    assert done.returncode == 3
    assert done.stdout == ""
    assert "no daemon runs" in done.stderr
    assert "netassist daemon" in done.stderr


def test_a_token_is_shown_once_listed_and_removed(environment: dict[str, str], tmp_path: Path) -> None:
    store = ["--store", str(tmp_path / "monitor.db")]
    made = netassist(environment, "daemon", "token", "add", "grafana", "--scope", "read", "--scope", "ask", *store)
    assert (made.returncode, made.stdout.startswith("na_")) == (0, True)
    assert netassist(environment, "daemon", "token", "add", "grafana", *store).returncode == 2
    assert netassist(environment, "daemon", "token", "add", "a b", *store).returncode == 2
    listed = netassist(environment, "daemon", "token", "list", *store).stdout
    assert listed.startswith("grafana               read, ask")
    assert made.stdout.strip() not in listed
    assert netassist(environment, "daemon", "token", "remove", "grafana", *store).returncode == 0
    assert "There is no token" in netassist(environment, "daemon", "token", "list", *store).stdout
    assert netassist(environment, "daemon", "token", "remove", "grafana", *store).returncode == 2
