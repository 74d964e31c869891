"""Draws the screen as SVG: real answers, planned by the built-in model, of a server on loopback whose certificate has expired.

Run as ``python -m tests.tui.picture docs/tui.svg``.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from netassist.backends.testllm import TestLlm
from netassist.configuration import Settings
from netassist.tui.widgets.fold import Fold
from netassist.tui.widgets.turn import Turn
from tests.lab.pki import authority, leaf
from tests.lab.tls import tls_server
from tests.tui.stage import opened

SIZE = (100, 40)


async def drawn(folder: Path) -> str:
    """The screen after a question back and its reply, and a further question, with its worst finding unfolded."""
    root = authority()
    settings = Settings(ca_file=str(root.anchor(folder)))
    with tls_server(leaf(root, "expired"), groups="X25519MLKEM768:X25519") as server:
        async with opened(folder, settings=settings, backend=TestLlm(), size=SIZE) as stage:
            await stage.ask("is my server quantum safe?")
            await stage.ask(f"127.0.0.1:{server.port}")
            await stage.ask("when does its certificate expire?")
            stage.app.query(Turn).last().query(Fold).first().unfolded = True
            await stage.until(lambda: "Evidence" in stage.read())
            # Whoever looks at the picture fetches no font from elsewhere.
            return re.sub(r"@font-face \{.*?\}\s*", "", stage.app.export_screenshot(title="netassist"), flags=re.DOTALL)


if __name__ == "__main__":
    with TemporaryDirectory() as journal:
        Path(sys.argv[1]).write_text(asyncio.run(drawn(Path(journal))), encoding="utf-8")
