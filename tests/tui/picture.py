"""Draws the screen as SVG, of real answers by servers on loopback: ``python -m tests.tui.picture docs/tui.svg``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from netassist.backends.planning import Plan
from netassist.tui.widgets.fold import Fold
from tests.lab.http import Page, http_server
from tests.tui.stage import call, opened, together

HEADERS = {"Content-Type": "text/html", "Server": "lab/1.0", "Content-Security-Policy": "default-src 'self'"}


async def drawn(folder: Path, size: tuple[int, int]) -> str:
    """The screen after a question back and an answer with one finding unfolded."""
    with http_server({"/": Page(headers=HEADERS)}) as server:
        url = f"http://127.0.0.1:{server.port}/"
        plan = together(call("http_check", url=url), call("nmap_scan", target="127.0.0.1", ports=str(server.port)))
        async with opened(folder, Plan("clarify"), plan, size=size) as stage:
            await stage.ask("is my web server safe?")
            await stage.ask(f"{url} – its headers, and is its port open?")
            stage.app.query(Fold).first().unfolded = True
            await stage.until(lambda: "Evidence" in stage.read())
            return stage.app.export_screenshot(title="netassist", simplify=True)


if __name__ == "__main__":
    with TemporaryDirectory() as journal:
        Path(sys.argv[1]).write_text(asyncio.run(drawn(Path(journal), (100, 34))), encoding="utf-8")
