"""The program as a user starts it."""

from __future__ import annotations

import subprocess
import sys

OURS = [sys.executable, "-m", "netassist"]


def netassist(environment: dict[str, str], *words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    """What became of a command whose standard input is `said`."""
    return subprocess.run([*OURS, *words], env=environment, input=said, capture_output=True, text=True, timeout=120)
