"""The terminal UI from its opening to its end: on a terminal that may go away, in a process that may be told to end."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from netassist.assistant.journal import Journal
    from netassist.backends.planning import Backend
    from netassist.configuration import Settings
    from netassist.toolbox import Risk
    from netassist.tui.app import NetAssistApp
    from netassist.tui.doors import Lent

GRACE = 4.0
"""Seconds, after those that a request has to end, in which a signal ends the process even where the app cannot by itself."""


def run(
    settings: Settings,
    backend: Backend,
    journal: Journal,
    approved: frozenset[Risk],
    lent: Lent | None = None,
    folder: Path | None = None,
) -> int:
    """Open the terminal UI and stay until the person quits; returns the exit code: 0, 2 without a terminal, 3 after a crash.

    Answers are stored in the sessions of `folder`, the user's state folder where it is left out.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print('netassist: there is no terminal here; ask on the command line: netassist ask "…"', file=sys.stderr)
        return 2
    from netassist.configuration import state_folder
    from netassist.tui.app import NetAssistApp
    from netassist.tui.terminal import Driver, alt_digits

    alt_digits()

    app = NetAssistApp(settings, backend, journal, approved, Driver, folder or state_folder(), lent)
    asyncio.run(_serve(app))
    return {0: 0, 1: 3}.get(app.return_code or 0, app.return_code or 0)


async def _serve(app: NetAssistApp) -> None:
    """Run the app; when the terminal goes away or the process is told to end, it stops as if the person had quit."""
    from netassist.tui.rooms.ask import PATIENCE
    from netassist.tui.terminal import ending

    loop = asyncio.get_running_loop()
    quitting: set[asyncio.Task[None]] = set()

    def quit_soon() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has been closed: the end is near already
            loop.call_soon_threadsafe(lambda: quitting.add(loop.create_task(app.action_quit())))

    ending(quit_soon, PATIENCE + GRACE, 3)
    await app.run_async()
