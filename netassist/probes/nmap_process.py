"""Runs Nmap: follows its output for progress and open ports, ends it at the deadline, leaves nothing running (lifeline.py)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from netassist.network import Network, Progress
from netassist.observations import Failed
from netassist.probes import lifeline
from netassist.untrusted import as_text

XML_LIMIT = 64 * 2**20
"""Bytes of XML that are read of one scan; a longer file is read as one cut short."""
_GRACE = 2.0

_TIMING = re.compile(r"(.+?) Timing: About (\d{1,3}(?:\.\d+)?)% done(?:; ETC: \S+ \((\d+):(\d\d):(\d\d) remaining\))?")
_OPEN = re.compile(r"Discovered open port (\d{1,5})/(tcp|udp|sctp) on ([0-9A-Fa-f.:]+)$")


class OpenPort(NamedTuple):
    """A port that Nmap said was open while it went on scanning."""

    address: str
    port: int
    protocol: str


class Run(NamedTuple):
    """What is left of a run: `code` is None where it was stopped, and `stopped` then says why."""

    command: tuple[str, ...]
    xml: bytes
    open_ports: tuple[OpenPort, ...]
    errors: str
    code: int | None
    stopped: Failed | None


class Follower:
    """Reads Nmap's own output line by line: open ports as they are found, how far it is, and how long it still takes.

    `phases` are the stages of the scan in their order, each of which is given an equal part of the way; `part` of `parts` says
    which of several runs this is. With `several` hosts a port is told with its address.
    """

    def __init__(
        self, network: Network, title: str, phases: Sequence[str], *, part: int = 0, parts: int = 1, several: bool = False
    ) -> None:
        self.open_ports: list[OpenPort] = []
        self._network, self.title, self._phases = network, title, phases
        self._part, self._parts, self._several = part, parts, several
        self._fraction = 0.0

    def line(self, text: str) -> None:
        if found := _OPEN.match(text):
            self.open_ports.append(OpenPort(found[3], int(found[1]), found[2]))
            self._tell(f"{found[1]}/{found[2]} is open{f' on {found[3]}' if self._several else ''}")
        elif timing := _TIMING.match(text):
            done = min(float(timing[2]), 100) / 100
            # Groups of hosts go through the phases one after the other; the way shown never goes back.
            self._fraction = max(self._fraction, (self._phase(timing[1].casefold()) + done) / len(self._phases))
            self._tell(f"{as_text(timing[1], 60)} {timing[2]}%{_left(timing)}")
        elif text.startswith("Initiating "):
            self._tell(as_text(text.removeprefix("Initiating ").split(" at ")[0], 60))

    def _phase(self, name: str) -> int:
        """Where a stage stands; whatever is no named one is the scan of ports (``SYN Stealth Scan``, ``Connect Scan``)."""
        known = next((phase for phase in ("ping scan", "service scan", "nse") if phase in name), "port scan")
        return self._phases.index(known) if known in self._phases else 0

    def _tell(self, what: str) -> None:
        fraction = (self._part + self._fraction) / self._parts
        self._network.progress(Progress(f"{self.title}: {what}", round(fraction, 4)))


def _left(timing: re.Match[str]) -> str:
    if timing[3] is None:
        return ""
    hours, minutes, seconds = int(timing[3]), int(timing[4]), int(timing[5])
    if hours or minutes:
        return f", this step about {hours * 60 + minutes + (seconds >= 30)} min more"
    return f", this step about {seconds} s more" if seconds else ""


async def run_nmap(program: str, arguments: Sequence[str], network: Network, follower: Follower, seconds: float) -> Run:
    """Run Nmap to its end, for at most `seconds`, or to the call's deadline; it is ended and awaited in any case.

    Raises:
        Failed: `missing_program` or `denied` where it cannot be started.
    """
    with TemporaryDirectory(prefix="netassist-nmap-") as folder:
        xml, errors = Path(folder, "scan.xml"), Path(folder, "errors")
        command = (program, "-oX", str(xml), "-v", "--stats-every", "1s", *arguments)
        stopped = None
        async with _process(folder, command, errors) as process:
            try:
                await network.within(_follow(process, follower), follower.title, seconds)
            except Failed as failed:
                stopped = failed
        code = None if stopped else process.returncode
        if code == lifeline.NOT_FOUND:
            raise Failed("missing_program", f"{program} is not there; install it: apt install nmap")
        if code == lifeline.NOT_STARTED:
            raise Failed("denied", f"{program} cannot be started: {_tail(errors)}")
        return Run(command, _head(xml), tuple(follower.open_ports), _tail(errors), code, stopped)


@contextlib.asynccontextmanager
async def _process(folder: str, command: Sequence[str], errors: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "NMAPDIR")} | {"LC_ALL": "C"}
    try:
        with errors.open("wb") as error_file:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", lifeline.__file__, folder, *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=error_file,
                env=environment,
                start_new_session=True,
            )  # fmt: skip
    except OSError as error:
        raise Failed("denied", f"{command[0]} cannot be started: {error.strerror}") from None
    try:
        yield process
    finally:
        await _end(process)


async def _follow(process: asyncio.subprocess.Process, follower: Follower) -> None:
    if process.stdout is None:
        return
    rest = b""
    while chunk := await process.stdout.read(65536):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            follower.line(line.decode("utf-8", "replace"))
        rest = rest[:4096]
    await process.wait()


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the process group: asked first, so that Nmap writes out what it has, then killed; also when cancelled meanwhile."""
    try:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _GRACE)
    finally:
        _signal(process, signal.SIGKILL)
    await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(XML_LIMIT)
    except OSError:
        return b""


def _tail(path: Path) -> str:
    try:
        return as_text(path.read_bytes()[-2000:], 500)
    except OSError:
        return ""
