"""packaging/netassist.service as systemd itself judges it. Skipped where systemd-analyze is not installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parent.parent.parent / "packaging" / "netassist.service"
MOST_EXPOSED = 2.0

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None and not os.environ.get("CI"), reason="systemd-analyze is missing"
)


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", "--no-pager", *words], capture_output=True, text=True, timeout=60, check=False)


def test_it_is_well_formed(tmp_path: Path) -> None:
    there = tmp_path / UNIT.name
    there.write_text(UNIT.read_text().replace("/usr/local/bin/netassist", "/bin/true"))
    done = analyze("verify", "--man=no", str(there))
    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_it_is_hardened() -> None:
    done = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED * 10:.0f}", "--json=short", str(UNIT))
    assert done.returncode == 0, done.stdout[-3000:]
    by_name = {row["json_field"]: row for row in json.loads(done.stdout)}
    kept = [name.rstrip(")") for name, row in by_name.items() if name.startswith("CapabilityBoundingSet") and not row["set"]]
    assert kept == ["CapabilityBoundingSet_CAP_NET_BIND_SERVICE_BROADCAST_RAW"]  # one row for three


def test_it_may_open_raw_sockets_and_nothing_else() -> None:
    lines = UNIT.read_text().splitlines()
    assert "CapabilityBoundingSet=CAP_NET_RAW" in lines
    assert "AmbientCapabilities=CAP_NET_RAW" in lines
