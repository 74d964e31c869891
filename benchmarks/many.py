"""Many servers: hosts a second and memory of `netassist tls -i FILE --jobs 64`, against sslyze on a sample of the same servers.

The servers are addresses of 127.0.0.0/8, behind each of which the same processes of `benchmarks.reference` answer, set up as is
advised today. They share the cores with whoever scans them, which costs the faster one more.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from benchmarks import peers
from benchmarks.reference import Reference, reference
from benchmarks.table import table

JOBS = 64
GOAL, MOST_MEGABYTES = 20.0, 200
_EVERY = 0.2


class Sweep(NamedTuple):
    """`megabytes` is the most that all processes had together at a time, shared pages counted once (PSS)."""

    hosts: int
    seconds: float
    connections: int
    megabytes: float

    @property
    def rate(self) -> float:
        return self.hosts / self.seconds


def measured(sizes: Sequence[int], sample: int) -> str:
    anywhere = reference("modern", host="0.0.0.0", reached_at="127.0.0.1")
    with anywhere as server, TemporaryDirectory(prefix="netassist-bench-") as name:
        folder = Path(name)
        ours = [_ours(server, size, folder) for size in sizes]
        theirs = _sslyze(server, sample, folder) if peers.path_of(peers.SSLYZE) else None
    rows: list[Sequence[object]] = []
    for held in ours:
        memory = f"{held.megabytes:.0f} MB {_goal(f'at most {MOST_MEGABYTES}', met=held.megabytes <= MOST_MEGABYTES)}"
        times = held.rate / theirs.rate if theirs else None
        faster = f"{times:.3g} {_goal(f'{GOAL:g}', met=times >= GOAL)}" if times else ""
        rows.append((f"`netassist tls -i FILE --jobs {JOBS} -f jsonl`", *_figures(held), memory, faster))
    if theirs:
        rows.append(("`sslyze --targets_in FILE`", *_figures(theirs), f"{theirs.megabytes:.0f} MB", "1"))
    return table(("what", "hosts", "time", "connections a host", "hosts a second", "peak memory", "times sslyze's rate"), rows)


def _goal(words: str, *, met: bool) -> str:
    return f"(goal {words}{'' if met else ', missed'})"


def _figures(held: Sweep) -> tuple[object, ...]:
    return held.hosts, f"{held.seconds:.1f} s", f"{held.connections / held.hosts:.0f}", f"{held.rate:.2f}"


def addresses(count: int) -> Iterator[str]:
    """127.1.0.1, 127.1.0.2 …: every address of 127.0.0.0/8 is this machine's (RFC 1122, section 3.2.1.3, g)."""
    return (f"127.1.{index // 250}.{index % 250 + 1}" for index in range(count))


def _ours(server: Reference, count: int, folder: Path) -> Sweep:
    """Raises RuntimeError where a host has no report."""
    found = folder / f"{count}.jsonl"
    command = [
        *peers.NETASSIST, "tls", "-i", str(_list(server, count, folder)), "--jobs", str(JOBS), "-f", "jsonl", "-o", str(found),
        "--deadline", "600", "--timeout", "60",
    ]  # fmt: skip
    sweep = _swept(command, server, count)
    reports = found.read_text().splitlines()
    answered = sum('"TLSv1.3":"accepted"' in line for line in reports)
    if answered != count:
        raise RuntimeError(f"{answered} of {count} servers were found to speak TLS 1.3")
    return sweep


def _sslyze(server: Reference, count: int, folder: Path) -> Sweep:
    path = peers.path_of(peers.SSLYZE)
    command = [str(path), "--targets_in", str(_list(server, count, folder)), f"--json_out={folder / 'sslyze.json'}"]
    return _swept(command, server, count)


def _list(server: Reference, count: int, folder: Path) -> Path:
    file = folder / "hosts.txt"
    file.write_text("".join(f"{address}:{server.port}\n" for address in addresses(count)))
    return file


def _swept(command: Sequence[str], server: Reference, count: int) -> Sweep:
    before, began, most = server.accepted.value, perf_counter(), 0.0
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=peers.environment()
    )
    ended = threading.Event()

    def watch() -> None:
        nonlocal most
        while not ended.wait(_EVERY):
            most = max(most, sum(map(_megabytes, _family(process.pid))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        process.wait()
        seconds = perf_counter() - began
    finally:
        ended.set()
        watcher.join()
    return Sweep(count, seconds, server.accepted.value - before, most)


def _family(process: int) -> list[int]:
    """A process and all that descend from it (proc(5))."""
    try:
        children = [int(word) for task in os.listdir(f"/proc/{process}/task")
                    for word in Path(f"/proc/{process}/task/{task}/children").read_text().split()]  # fmt: skip
    except OSError:
        return []
    return [process, *(held for child in children for held in _family(child))]


def _megabytes(process: int) -> float:
    """Proportional set size: what processes share is divided among them."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
