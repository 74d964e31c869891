"""The terminal UI beside a bare Textual app, in one run: first paint, key to screen under load, memory.

    python -m benchmarks.tui [--starts 7]

- First paint: from the start of the process to the first frame with the input line, by turns.
- Key to screen: from a key that is typed into the pseudo-terminal to the bytes that show it, at 160×50, while a call reports
  1,000 ports in a second or two, over and over, and a Markdown answer of 4,300 characters arrives at 500 characters a second
  (over 100 tokens, faster than most models write), below three earlier answers with 20 findings each; beside a bare app that
  is idle.
- Memory: resident size before and after 10,000 lines have gone through the unfolded card of one call.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import pty
import select
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

BARE = """
from textual.app import App
from textual.widgets import Input, Footer
class Bare(App):
    def compose(self):
        yield Input(placeholder="Ask, for example")
        yield Footer()
Bare().run()
"""
OURS = """
import sys
from pathlib import Path
from netassist.assistant.journal import Journal
from netassist.backends.testllm import TestLlm
from netassist.configuration import Settings
from netassist.tui.serving import run
folder = Path(sys.argv[1])
sys.exit(run(Settings(), TestLlm(), Journal(folder), frozenset(), None, folder))
"""
PATIENCE = 30.0


@contextmanager
def started(program: str, folder: str, columns: int, lines: int) -> Iterator[int]:
    """The program on a terminal of this size, until the block ends; yields the terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": str(lines)}
    with subprocess.Popen(
        [sys.executable, "-c", program, folder],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        try:
            yield ours
        finally:
            process.kill()
    os.close(ours)


def first_paint(program: str, folder: str) -> float:
    """Milliseconds from the start of a process to its first frame."""
    began = perf_counter()
    with started(program, folder, 80, 24) as terminal:
        _until(terminal, b"for example")
        return (perf_counter() - began) * 1000


LOADED = """
import asyncio, gc, sys
from pathlib import Path
from time import monotonic
from netassist.assistant.answers import Answer
from netassist.assistant.events import Moved, Planned, Started
from netassist.assistant.journal import Journal
from netassist.backends.testllm import TestLlm
from netassist.configuration import Settings
from netassist.network import Progress
from netassist.observations import Finding
from netassist.toolbox import Call
from netassist.tui.app import NetAssistApp
from netassist.tui.terminal import Driver
from netassist.tui.widgets.turn import Turn

TEXT = "".join(
    f"## Host 192.0.2.{n}\\n\\nIt has **{n} open ports**, of which `22/tcp` is *ssh*, and an answer that grows.\\n\\n"
    f"- port 22 open\\n- port 443 open, TLS 1.3\\n\\n| port | grade |\\n|---|---|\\n| 443 | A |\\n\\n"
    for n in range(24)
)

async def load(app):
    call = Call("nmap_scan", {"target": "192.0.2.1"})
    await asyncio.sleep(1)
    texts = {"title": "a finding", "detail": "d", "evidence": "e", "fix": "f"}
    found = tuple(Finding(id=f"a.b{n}", severity="low", **texts) for n in range(20))
    for n in range(3):
        earlier = Turn(f"question {n}")
        await app.ask_room.view.mount(earlier)
        await earlier.conclude(Answer(request="q", answer="a", outcome="answered", backend="b", model="m", findings=found))
    began = monotonic()
    turn = Turn("scan 192.0.2.1", writing=lambda: TEXT[:int((monotonic() - began) * 500) % len(TEXT)])
    await app.ask_room.view.mount(turn)
    turn.hear(Planned((call,)))
    await asyncio.sleep(0.05)
    turn.hear(Started(0, call))
    app.ask_room.view.anchor()
    while True:
        for port in range(1, 1001):
            turn.hear(Moved(0, Progress(f"port {port}/tcp open on 192.0.2.1", port / 1000)))
            if port % 5 == 0:
                await asyncio.sleep(0.005)

async def main(folder):
    app = NetAssistApp(Settings(), TestLlm(), Journal(folder), frozenset(), Driver, folder)
    with app._context():
        loading = asyncio.create_task(load(app))
    await app.run_async()

gc.set_threshold(10_000)  # as netassist.cli.main does
asyncio.run(main(Path(sys.argv[1])))
"""
LETTERS = [chr(code) for code in range(0x410, 0x510)]
"""Each is typed once, so that the frame that shows it cannot be taken for another; none stands in the load."""


def key_to_screen(program: str, folder: str, ready: bytes) -> list[float]:
    """Milliseconds from a key in the terminal to the bytes that show it, while ports are reported and an answer grows."""
    took = []
    with started(program, folder, 160, 50) as terminal:
        _until(terminal, ready)
        for number, letter in enumerate(LETTERS):
            if number % 50 == 49:
                os.write(terminal, b"\x15")  # the line is emptied
                _drained(terminal, 0.2)
            began = perf_counter()
            os.write(terminal, letter.encode())
            _until(terminal, letter.encode())
            took.append((perf_counter() - began) * 1000)
            _drained(terminal, 0.03)
    return took


def _until(terminal: int, wanted: bytes) -> None:
    seen = b""
    while wanted not in seen:
        if not select.select([terminal], [], [], PATIENCE)[0]:
            raise TimeoutError(seen[-500:])
        seen = seen[-64:] + os.read(terminal, 65536)


def _drained(terminal: int, seconds: float) -> None:
    """Read whatever comes for so long, as a terminal does."""
    ends = perf_counter() + seconds
    while (left := ends - perf_counter()) > 0:
        if select.select([terminal], [], [], left)[0]:
            os.read(terminal, 65536)


async def memory(folder: Path) -> tuple[float, float]:
    """Resident megabytes before and after 10,000 lines of the log of a call."""
    from netassist.assistant.events import Moved, Planned, Started
    from netassist.assistant.journal import Journal
    from netassist.configuration import Settings
    from netassist.network import Progress
    from netassist.toolbox import Call
    from netassist.tui.app import NetAssistApp
    from netassist.tui.widgets.turn import Turn
    from tests.tui.stage import Planned as Backend

    app = NetAssistApp(Settings(), Backend(), Journal(folder), frozenset(), folder=folder)
    async with app.run_test(size=(160, 50)) as pilot:
        turn = Turn("scan 192.0.2.1")
        await app.ask_room.view.mount(turn)
        call = Call("nmap_scan", {"target": "192.0.2.1"})
        turn.hear(Planned((call,)))
        await pilot.pause()
        turn.hear(Started(0, call))
        turn.calls[0].unfolded = True
        await pilot.pause(0.5)
        before = resident()
        for number in range(10_000):
            turn.hear(Moved(0, Progress(f"line {number}: {'x' * 80}", number / 10_000)))
            if number % 100 == 0:
                await asyncio.sleep(0.005)
        await pilot.pause(0.5)
        return before, resident()


def percentile(ordered: list[float]) -> float:
    """The 99th, of values in their order, by nearest rank."""
    return ordered[max(-(-len(ordered) * 99 // 100) - 1, 0)]


def resident() -> float:
    """Megabytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=7)
    starts = parser.parse_args().starts
    with tempfile.TemporaryDirectory() as folder:
        paints: dict[str, list[float]] = {"bare": [], "ours": []}
        for _ in range(starts):
            for name, program in (("bare", BARE), ("ours", OURS)):
                paints[name].append(first_paint(program, folder))
        bare, ours = (statistics.median(paints[name]) for name in ("bare", "ours"))
        idle = sorted(key_to_screen(BARE, folder, b"for example"))
        keys = sorted(key_to_screen(LOADED, folder, b"answer that grows"))
        before, after = asyncio.run(memory(Path(folder)))
    print("| | measured | bound |\n|---|---|---|")
    print(f"| first paint, bare Textual (median of {starts}) | {bare:.0f} ms | |")
    print(f"| first paint, netassist (median of {starts}) | {ours:.0f} ms | |")
    print(f"| ratio | {ours / bare:.2f} | 2 |")
    print(f"| key to screen, bare Textual that does nothing else, 99th percentile | {percentile(idle):.1f} ms | |")
    print(f"| key to screen, median of {len(keys)} | {statistics.median(keys):.1f} ms | |")
    print(f"| key to screen, 99th percentile | {percentile(keys):.1f} ms | 50 ms |")
    print(f"| memory before and after 10,000 log lines | {before:.1f} and {after:.1f} MB | |")


if __name__ == "__main__":
    main()
