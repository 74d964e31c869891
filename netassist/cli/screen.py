"""The command without a name: the terminal UI."""

from __future__ import annotations

import sys
from pathlib import Path

from netassist.cli.backend import chosen_backend
from netassist.cli.exits import USAGE
from netassist.remotes import BackendId
from netassist.toolbox import Risk


def opened(
    config: Path | None, model: Path | None, threads: int | None, approve: tuple[Risk, ...], backend: BackendId | None = None
) -> int:
    """Run the terminal UI; its exit code."""
    from netassist.assistant.journal import Journal
    from netassist.configuration import configuration_file, load, state_folder

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print('netassist: no terminal here; ask one question with: netassist ask "…", or see netassist --help', file=sys.stderr)
        return USAGE
    settings = load(config)
    from netassist.cli.models.configured import set_model
    from netassist.tui.doors import Lent
    from netassist.tui.preferences import NAME
    from netassist.tui.serving import run

    file = config or configuration_file()
    preferences = file.parent / NAME
    lent = Lent(
        configuration=file,
        preferences=preferences,
        backend=lambda settings, name: chosen_backend(settings, None, threads, backend=name),
        set_model=set_model,
        first_start=not file.exists() and not preferences.exists() and not settings.read_only,
    )
    chosen = chosen_backend(settings, model, threads, backend=backend)
    return run(settings, chosen, Journal(state_folder()), frozenset(approve), lent)
