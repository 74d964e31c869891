"""What llama.cpp was compiled for: ``python -m netassist.llama.build`` prints llama_print_system_info.

It runs in a process of its own, as everything of llama.cpp does: where the library does not suit the processor, it is that one
which dies.
"""

from __future__ import annotations

import subprocess
import sys

PATIENCE = 20.0
"""Seconds that the process may take."""


def system_info() -> str | None:
    """The text of llama_print_system_info, None where llama.cpp is not there or does not run."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "netassist.llama.build"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


if __name__ == "__main__":
    from netassist.llama.engine import _bindings

    print(_bindings().llama_print_system_info().decode("utf-8", "replace"))
