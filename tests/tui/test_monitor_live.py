"""The monitor's room beside a daemon of ours as a process: what it knows is on the screen soon, and it does what it is told."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path
from typing import cast

from netassist.assistant.journal import Journal
from netassist.configuration import Settings
from netassist.tui.app import NetAssistApp
from netassist.tui.rooms.monitor import Monitor
from netassist.tui.watching import Watched
from tests.lab.listening import closed_port
from tests.monitor.process import Watching, watching
from tests.tui.stage import Planned, Stage


def row_of(room: Monitor, port: int) -> list[str]:
    return next(([cell.text for cell in row.cells] for row in room.found.rows if row.key.endswith(f" {port}")), [""])


def last_check(room: Monitor, port: int) -> float:
    [watched] = [cast("Watched", row.item) for row in room.found.rows if row.key.endswith(f" {port}")]
    return watched.state.at or 0.0


async def told(daemon: Watching, port: int) -> None:
    app = NetAssistApp(Settings(), Planned(), Journal(daemon.state / "netassist"), frozenset())
    async with app.run_test(size=(120, 40)) as pilot:
        stage = Stage(app, pilot, Planned())
        await pilot.press("alt+5")
        await stage.until(lambda: isinstance(app.room_widget, Monitor) and "● live" in app.room_widget.found.summary.plain)
        room = app.room_widget
        assert isinstance(room, Monitor)
        await stage.until(lambda: row_of(room, port)[0] == "✘ down" and "1 open alert" in room.found.summary.plain)
        await stage.pilot.press("slash", *"tcp", "enter")
        await stage.until(lambda: "What happened" in stage.read())
        await stage.pilot.press("A")
        await stage.until(lambda: "no open alerts" in room.found.summary.plain and row_of(room, port)[-1] == "acknowledged")
        with socket.create_server(("127.0.0.1", port)):
            await stage.until(lambda: row_of(room, port)[0] == "✔ up")
            await stage.pilot.press("p")
            await stage.until(lambda: row_of(room, port)[0] == "‖ paused")
            # Nothing is checked more often than every five seconds, whoever asks for it.
            await stage.until(lambda: time.time() - last_check(room, port) > 6)
            await stage.pilot.press("c")
            await stage.until(lambda: "is paused; resume it first" in stage.read())
            await stage.pilot.press("p")
            await stage.until(lambda: row_of(room, port)[0] == "✔ up")
        # What stands in monitor.toml is changed there, and the room says so.
        await stage.pilot.press("slash", "ctrl+u", *"icmp", "enter", "p")
        await stage.until(lambda: "stands in monitor.toml" in stage.read())
        daemon.kill()
        await stage.until(lambda: "no daemon answers here" in room.found.summary.plain)
        assert row_of(room, port) != [""]  # read from the store


def test_what_the_daemon_knows_is_seen_live_and_it_does_what_it_is_told(tmp_path: Path) -> None:
    port = closed_port()
    with watching(tmp_path / "daemon", '[[watch]]\nhost = "127.0.0.1"\ncheck = "icmp"\ninterval = "5s"\n') as daemon:
        daemon.start()
        wanted = {"host": "127.0.0.1", "check": "tcp", "port": port, "interval": 5, "failures": 1, "of": 1}
        assert daemon.asks("POST", "/v1/watches", json=wanted).status_code == 201
        asyncio.run(told(daemon, port))
