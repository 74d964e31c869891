"""`nmap_scan` beside bare Nmap with the same arguments, on a network of namespaces: a /24 with 20 hosts that are up.

    python -m benchmarks.nmap_scan --runs 5

The two take turns in one run. Counted are the whole time of each, and when the first open port was told. All is in a network
namespace of its own (`benchmarks.long_way.inside`), each host in a further one, joined by a bridge.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter, sleep
from typing import NamedTuple

from benchmarks.long_way import inside
from benchmarks.table import ratio, table
from benchmarks.timing import shown
from netassist.network import Network, Progress
from netassist.probes.nmap import NmapScan, nmap_scan
from netassist.scope import Scope

AREA, HOSTS = "10.99.0.0/24", 20
PROFILES = ("quick", "service")
GOAL, FIRST_GOAL = 1.05, 0.25
_CLONE_NEWNET = 0x40000000
# What listens on each host, and what it says to who connects, or to who asks.
_SERVICES = ((22, b"SSH-2.0-OpenSSH_9.2p1 lab\r\n", b""),
             (80, b"", b"HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
             (25, b"220 lab ESMTP Postfix\r\n", b"250 lab\r\n"))  # fmt: skip


class Turn(NamedTuple):
    """Seconds of one scan: all of it, and until the first open port was told."""

    whole: float
    first: float


def _ip(words: str) -> None:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    subprocess.run([shutil.which("ip", path=path) or "ip", *words.split()], check=True, capture_output=True)


@contextlib.contextmanager
def hosts() -> Iterator[None]:
    """The bridge with this side's address, and the hosts, each a thread in a network namespace of its own."""
    _ip("link set lo up")
    _ip("link add br0 type bridge")
    _ip("addr add 10.99.0.1/24 dev br0")
    _ip("link set br0 up")
    ready = [threading.Event() for _ in range(HOSTS)]
    for number in range(HOSTS):
        threading.Thread(target=_host, args=(number, ready[number]), daemon=True).start()
    for event in ready:
        if not event.wait(30):
            raise RuntimeError("a host of the benchmark did not start")
    yield


def _host(number: int, ready: threading.Event) -> None:
    """Never returns: the namespace lives as long as its thread."""
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    me = threading.get_native_id()
    outside = [sys.executable, "-m", "benchmarks.nmap_scan", "--join", str(number), "--thread", str(me)]
    subprocess.run(["nsenter", f"--net=/proc/{os.getpid()}/ns/net", *outside], check=True)
    _ip("link set lo up")
    _ip(f"addr add 10.99.0.{10 + number * 11}/24 dev w{number}")
    _ip(f"link set w{number} up")
    for port, greeting, answer in _SERVICES:
        listener = socket.create_server(("", port), backlog=64)
        threading.Thread(target=_serve, args=(listener, greeting, answer), daemon=True).start()
    ready.set()
    while True:
        sleep(3600)


def _join(number: int, thread: int) -> None:
    """Seen from this side: a pair of devices, one on the bridge, the other given away."""
    _ip(f"link add v{number} type veth peer name w{number}")
    _ip(f"link set v{number} master br0 up")
    _ip(f"link set w{number} netns {thread}")


def _serve(listener: socket.socket, greeting: bytes, answer: bytes) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_speak, args=(connection, greeting, answer), daemon=True).start()


def _speak(connection: socket.socket, greeting: bytes, answer: bytes) -> None:
    with connection, contextlib.suppress(OSError):
        connection.settimeout(10)
        connection.sendall(greeting)
        if connection.recv(4096) and answer:
            connection.sendall(answer)


def ours(profile: str) -> tuple[Turn, NmapScan]:
    """The probe, as `netassist run` calls it, in this process."""
    first: list[float] = []
    began = perf_counter()

    def note(step: Progress) -> None:
        if "is open on" in step.text and not first:
            first.append(perf_counter() - began)

    network = Network(Scope(frozenset({AREA})), deadline=600, progress=note)
    report = asyncio.run(nmap_scan(network, AREA, profile))
    whole = perf_counter() - began
    if report.status != "ok" or len([host for host in report.hosts if host.ports]) < HOSTS:
        raise RuntimeError(f"the scan is not right: {report.status}, {report.error}, {len(report.hosts)} hosts")
    return Turn(whole, first[0]), report


def program(profile: str) -> Turn:
    """`netassist run nmap_scan` as a whole process; its first open port is not seen from outside."""
    environment = {**os.environ, "XDG_CONFIG_HOME": os.devnull, "XDG_STATE_HOME": "/tmp/netassist-bench-state"}
    command = [sys.executable, "-m", "netassist", "run", "nmap_scan", f"target={AREA}", f"profile={profile}", "-f", "json"]
    began = perf_counter()
    done = subprocess.run(command, capture_output=True, env=environment, stdin=subprocess.DEVNULL, check=False)
    whole = perf_counter() - began
    if json.loads(done.stdout)["status"] != "ok":
        raise RuntimeError(done.stderr.decode()[-500:])
    return Turn(whole, whole)


def bare(command: Sequence[str]) -> Turn:
    """Nmap itself, with the arguments that the report says."""
    with TemporaryDirectory(prefix="netassist-bench-") as folder:
        arguments = [*command]
        arguments[arguments.index("-oX") + 1] = str(Path(folder) / "scan.xml")
        began, first = perf_counter(), None
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL) as process:
            for line in process.stdout or ():
                if line.startswith("Discovered open port") and first is None:
                    first = perf_counter() - began
        whole = perf_counter() - began
        return Turn(whole, first if first is not None else whole)


def _compared(profile: str, runs: int) -> list[list[object]]:
    _, report = ours(profile)
    taken: dict[str, list[Turn]] = {"ours": [], "bare": [], "program": []}
    for _ in range(runs):
        taken["bare"].append(bare(report.command))
        taken["ours"].append(ours(profile)[0])
        taken["program"].append(program(profile))
    whole = {name: statistics.median(turn.whole for turn in turns) for name, turns in taken.items()}
    first = {name: statistics.median(turn.first / turn.whole for turn in turns) for name, turns in taken.items()}
    return [
        [profile, "bare Nmap", shown(whole["bare"]), "1", f"{first['bare']:.0%} of it"],
        [profile, "the probe", shown(whole["ours"]), ratio(whole["ours"], whole["bare"], GOAL),
         f"{first['ours']:.0%} of it (goal {FIRST_GOAL:.0%}{'' if first['ours'] <= FIRST_GOAL else ', missed'})"],
        [profile, "`netassist run nmap_scan`", shown(whole["program"]), ratio(whole["program"], whole["bare"], GOAL), ""],
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--profiles", nargs="+", default=PROFILES)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--join", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--thread", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.join is not None:
        _join(options.join, options.thread)
    elif options.inside:
        began, load = monotonic(), os.getloadavg()[0]
        with hosts():
            rows = [row for profile in options.profiles for row in _compared(profile, options.runs)]
        print(table(("profile", "what", "time: median", "ratio", "first open port"), rows))
        now, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
        print(f"\nLoad {load:.1f} before, {now:.1f} after, {cores} cores, {monotonic() - began:.0f} s in all.")
    elif (
        said := inside("benchmarks.nmap_scan", ["--inside", "--runs", str(options.runs), "--profiles", *options.profiles])
    ) is None:
        sys.exit("no network namespaces here: unshare and ip are needed, and a kernel that lets this user have them")
    else:
        print(said, end="")


if __name__ == "__main__":
    main()
