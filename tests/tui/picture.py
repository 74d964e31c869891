"""Draws the rooms as SVG: the conversation with real answers of the built-in model about a server whose certificate has
expired, the other rooms with what was measured in the lab (`tests.tui.estate`).

Run as ``python -m tests.tui.picture docs/pictures``.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from netassist import __version__
from netassist.assistant.journal import Journal
from netassist.backends.testllm import TestLlm
from netassist.configuration import Settings
from netassist.tui.app import NetAssistApp
from netassist.tui.rooms import DOORS
from netassist.tui.rooms.room import Room
from netassist.tui.themes import LIGHT
from netassist.tui.widgets.fold import Fold
from netassist.tui.widgets.turn import Turn
from tests.lab.pki import authority, leaf
from tests.lab.tls import tls_server
from tests.tui.estate import NOW, SETTINGS, furnished
from tests.tui.snapshot import even
from tests.tui.stage import Planned, Stage, opened

SIZE, WIDE = (100, 40), (140, 40)


async def conversation(folder: Path) -> str:
    """The screen after a question back and its reply, and a further question, with its worst finding unfolded."""
    root = authority()
    settings = Settings(ca_file=str(root.anchor(folder)))
    with tls_server(leaf(root, "expired"), groups="X25519MLKEM768:X25519") as server:
        async with opened(folder, settings=settings, backend=TestLlm(), size=SIZE) as stage:
            await stage.ask("is my server quantum safe?")
            await stage.ask(f"127.0.0.1:{server.port}")
            await stage.ask("when does its certificate expire?")
            stage.app.query(Turn).last().query("AnswerView Fold").first(Fold).unfolded = True
            await stage.until(lambda: "Evidence" in stage.read())
            return drawn(stage.app)


async def room(state: Path, name: str, theme: str = "") -> str:
    """One room, after it has read."""
    app = NetAssistApp(SETTINGS, Planned(), Journal(state), frozenset(), folder=state, clock=lambda: NOW)
    async with app.run_test(size=WIDE) as pilot:
        stage = Stage(app, pilot, Planned())
        app.theme = theme or app.theme
        await app.enter(name)
        await stage.until(lambda: isinstance(app.room_widget, Room) and app.room_widget.found.summary.plain != "" and app.looked)
        return drawn(app)


def drawn(app: NetAssistApp) -> str:
    """The screen, the same from run to run; whoever looks at the picture fetches no font from elsewhere."""
    return even(app.export_screenshot(title="netassist")).replace("0.0.0", __version__)


def main(target: Path) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_DATA_HOME"] = name  # models that were fetched are nobody's business
        if target.suffix == ".svg":
            target.write_text(asyncio.run(conversation(folder)), encoding="utf-8")
            return
        state = furnished(folder / "state")
        (target / "tui-ask.svg").write_text(asyncio.run(conversation(folder)), encoding="utf-8")
        for door in DOORS[1:]:
            (target / f"tui-{door.id}.svg").write_text(asyncio.run(room(state, door.id)), encoding="utf-8")
        (target / "tui-findings-light.svg").write_text(asyncio.run(room(state, "findings", LIGHT.name)), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
