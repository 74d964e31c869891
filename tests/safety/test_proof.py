"""Nothing outside the scope is touched, whatever a model proposes and whatever servers say: proved where a packet would be seen.

The tests are those of `inside.py`; they run in a network namespace of their own (`namespace.py`), with every packet watched
(`tripwire.py`), among servers that give orders (`world.py`), for a model that obeys them (`obedient.py`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.safety import namespace

INSIDE = Path(__file__).with_name("inside.py")


def test_nothing_outside_the_scope_is_touched(tmp_path: Path) -> None:
    if reason := namespace.unavailable():
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    results = tmp_path / "results.xml"
    words = (
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--junitxml={results}",
        f"--basetemp={tmp_path / 'inside'}",
        str(INSIDE),
    )
    environment = os.environ | {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    done = subprocess.run(
        namespace.command(sys.executable, *words), capture_output=True, text=True, timeout=900, env=environment,
        cwd=Path(__file__).parent.parent.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-5000:]
    suite = ET.parse(results).getroot()[0].attrib
    assert int(suite["tests"]) > 15
    assert (suite["failures"], suite["errors"], suite["skipped"]) == ("0", "0", "0"), done.stdout[-5000:]
