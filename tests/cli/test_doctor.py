"""`netassist doctor`: what is there is well, what is broken is told with how to mend it, what cannot be told is unknown."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.cli.imported import imported
from tests.cli.program import netassist
from tests.lab.dns import dns_server

Checks = dict[str, dict[str, str]]


@pytest.fixture
def surroundings(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    folders = {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("DATA", "CACHE")}
    return environment | folders


def examined(surroundings: dict[str, str], code: int, *words: str) -> Checks:
    done = netassist(surroundings, "doctor", "-f", "json", *words)
    assert done.returncode == code, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["schema"] == "netassist/doctor/1"
    return {check["name"]: check for check in found["checks"]}


def settings(folder: Path, text: str) -> str:
    (folder / "config.toml").write_text(text)
    return str(folder / "config.toml")


def test_what_is_well_and_what_cannot_be_told(surroundings: dict[str, str], tmp_path: Path) -> None:
    with dns_server({("localhost.", "A"): ("127.0.0.1",)}) as server:
        config = settings(tmp_path, f'resolver = "{server.address}"\n')
        checks = examined(surroundings, 0, "--config", config)
    assert (checks["name server"]["state"], server.address in checks["name server"]["found"]) == ("ok", True)
    assert re.search(r"planned a request within \d", checks["built-in model"]["found"])
    assert checks["journal"] == {"name": "journal", "state": "ok", "found": "no entry yet", "mend": None}
    assert checks["clock"]["state"] in ("ok", "unknown")
    assert all(check["mend"] for check in checks.values() if check["state"] in ("warn", "fail"))


def test_what_is_broken_is_told_with_how_to_mend_it(surroundings: dict[str, str], tmp_path: Path) -> None:
    state = Path(surroundings["XDG_STATE_HOME"]) / "netassist"
    netassist(surroundings, "ping", "127.0.0.1", "--count", "1")
    journal = state / "journal.jsonl"
    journal.write_text(journal.read_text().replace("127.0.0.1", "127.0.0.2"))
    (tmp_path / "DATA" / "netassist").mkdir(parents=True)
    (tmp_path / "DATA" / "netassist").chmod(0o777)
    config = settings(
        tmp_path,
        'resolver = "127.0.0.1:9"\nbackends = ["turbollm", "testllm"]\n[model]\nfile = "/nonexistent.gguf"\n'
        '[turbollm]\nkey_env = "NO_SUCH_KEY"\n',
    )
    nothing = surroundings | {"PATH": str(tmp_path)}
    checks = examined(nothing, 1, "--config", config)
    broken = {name: check["mend"] for name, check in checks.items() if check["state"] == "fail"}
    assert set(broken) == {"Nmap", "chosen model", "backend turbollm", "name server", "folder of models", "journal"}
    assert broken["Nmap"] == "apt install nmap"
    assert broken["folder of models"] == f"chmod 700 {tmp_path}/DATA/netassist"
    assert "NO_SUCH_KEY, which is not set" in checks["backend turbollm"]["found"]


def test_no_key_is_shown_and_a_bad_configuration_stops_nothing(surroundings: dict[str, str], tmp_path: Path) -> None:
    config = settings(tmp_path, 'backends = ["turbollm", "testllm"]\n[turbollm]\nkey_env = "OUR_KEY"\n')
    with_key = surroundings | {"OUR_KEY": "sk-0123456789secret"}
    done = netassist(with_key, "doctor", "--config", config)
    assert "sk-0123" not in done.stdout + done.stderr
    assert "from OUR_KEY" in done.stdout
    checks = examined(surroundings, 1, "--config", settings(tmp_path, "modle = 3\n"))
    assert checks["configuration"]["state"] == "fail"
    assert "config.toml:1" in checks["configuration"]["found"]
    assert checks["built-in model"]["state"] == "ok"


def test_the_help_loads_none_of_what_is_looked_at(surroundings: dict[str, str]) -> None:
    modules = ("netassist.backends.testllm", "netassist.probes.dns", "llama_cpp")
    assert imported(surroundings | os.environ, ["doctor", "--help"], modules)[0] == []
