"""The program as it is installed, in a real terminal of tmux: start, ask, approve, cancel, quit; nothing is left."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from netassist.tui.preferences import NAME

PATIENCE = 60.0
pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Terminal:
    """A window of 80×24 in a tmux server of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self._tmux = ["tmux", "-S", str(folder / f"{name}.socket"), "-f", "/dev/null"]
        self._folder = folder

    def start(self, *arguments: str) -> None:
        home = {
            "HOME": str(self._folder),
            "TERM": "xterm-256color",
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PATH": os.environ["PATH"],
        }
        self._do("new-session", "-d", "-x", "80", "-y", "24", *(f"-e{name}={value}" for name, value in home.items()), "sh")
        self._do("set-option", "-g", "escape-time", "0")
        self.type("echo a shell", "Enter")
        self.sees("a shell")
        self.type(f"clear; {sys.executable} -m netassist {' '.join(arguments)}; echo ended with $?", "Enter")

    def type(self, *keys: str) -> None:
        for key in keys:
            self._do("send-keys", *(["-l", key] if len(key) > 1 and " " in key else [key]))

    def read(self) -> str:
        return self._do("capture-pane", "-p")

    def sees(self, *words: str) -> str:
        ends, seen = monotonic() + PATIENCE, self.read()
        while not all(word in seen for word in words):
            assert monotonic() < ends, seen
            sleep(0.05)  # a terminal tells nobody that it has drawn
            seen = self.read()
        return seen

    def stop(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)

    def _do(self, *command: str) -> str:
        return subprocess.run([*self._tmux, *command], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path, "t")
    yield made
    made.stop()


def running(folder: Path) -> list[str]:
    """The command lines of processes whose home is this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"HOME={folder}\0".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return [line for line in found if "netassist" in line or "nmap" in line]


def test_start_ask_approve_cancel_quit(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / ".config" / "netassist").mkdir(parents=True)
    (tmp_path / ".config" / "netassist" / NAME).write_text("")  # the first questions have been asked
    terminal.start()
    terminal.sees("only probes leave this machine", "1 Ask")
    terminal.type("is tcp port 1 open on 127.0.0.1?", "Enter")
    terminal.sees("Port 1 on 127.0.0.1 is closed")
    sleep(1)  # a hand needs as long, and the answer is drawn before the question is over
    terminal.type("run the vulnerability scripts against 127.0.0.1", "Enter")
    # The built-in model may be sure of itself or ask whether it has understood; what is intrusive is asked about in any case.
    if "Say yes" in terminal.sees("nmap_scan"):
        terminal.type("yes", "Enter")
    terminal.sees("Run this?", "It touches 127.0.0.1", "Edit (e)")
    sleep(1)  # a hand needs as long; before that the question takes no letter for an answer
    terminal.type("n")
    terminal.sees("refused, not run")
    terminal.type("ping 127.0.0.1 100 times", "Enter")
    terminal.sees("of 100 answered")
    terminal.type("Escape")
    terminal.sees("Interrupted; this is what is known.")
    terminal.type("M-7")
    terminal.sees("the chain is whole", "✘ refused", "! in part")
    terminal.type("C-q")
    seen = terminal.sees("ended with 0")
    assert "netassist 0" not in seen.replace("-m netassist", "")
    assert running(tmp_path) == []


def test_the_demo_is_a_program_of_its_own(terminal: Terminal, tmp_path: Path) -> None:
    terminal.start("demo")
    terminal.sees("This is an example", "audit the TLS configuration of 127.0.0.1:")
    terminal.type("Enter")
    terminal.sees("gets the grade", "The certificate expires soon")
    terminal.type("M-4")
    terminal.sees("practice shop", "1 within 30 days")
    terminal.type("C-q")
    terminal.sees("ended with 0")
    assert running(tmp_path) == []
    assert not (tmp_path / ".local").exists()
