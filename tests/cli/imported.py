"""Which modules a command loads: one process of it, looked at from within."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence


def imported(environment: dict[str, str], words: Sequence[str], modules: Sequence[str]) -> tuple[list[str], str]:
    """Those of `modules` that are loaded once ``netassist WORDS`` has ended, with exit code 0, and what it printed."""
    code = (
        f"import sys; sys.argv = {['netassist', *words]!r}\nfrom netassist.cli import main\n"
        "try: main()\nexcept SystemExit as done: assert done.code == 0, done.code\n"
        f"print(' '.join(m for m in {tuple(modules)!r} if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    *printed, loaded = done.stdout.splitlines()
    return loaded.split(), "\n".join(printed)
