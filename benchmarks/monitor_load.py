"""Ten thousand checks a minute on one core, and what a check costs beside blackbox_exporter's on the same targets.

    python -m benchmarks.monitor_load [--minutes 10] [--rate 10000] [--compare-seconds 60]

The engine runs as the daemon runs it, with its history in SQLite, in a process of its own that is bound to one core; nginx, which
is watched, and who asks blackbox_exporter, have the other. tcp, http, https and icmp are a quarter each, all on loopback.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from netassist.monitor.watch import Check, Watch

KINDS: tuple[Check, ...] = ("tcp", "http", "https", "icmp")
INTERVAL, COMPARED_INTERVAL = 60, 10
"""Seconds between two checks of a watch: of the mixed load, and where kinds are compared; a run begins after one of them."""
BLACKBOX = "prometheus-blackbox-exporter"
_MODULES = (
    "modules: {tcp: {prober: tcp}, http: {prober: http}, icmp: {prober: icmp}, "
    "https: {prober: http, http: {tls_config: {ca_file: %s}}}}"
)
_NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log stderr error;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_timeout 0; ssl_session_cache off; ssl_session_tickets off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  server {{ listen {http} backlog=4096; listen {https} ssl backlog=4096;
    ssl_certificate {folder}/pem; ssl_certificate_key {folder}/pem;
    location / {{ default_type text/html; return 200 "<html><title>lab</title><p>all is well</p></html>"; }} }}
}}
"""


class Targets(NamedTuple):
    http: int
    https: int
    anchor: Path


class Load(NamedTuple):
    """What one run came to. `cpu_ms` is processor time a check; `rss_mb` one figure a minute or so; lateness in seconds."""

    checks: int
    seconds: float
    cpu_ms: float
    late_p99: float
    late_max: float
    rss_mb: tuple[float, ...]
    outcomes: dict[str, int]
    stored: int


def watches(rate: int, kinds: Sequence[Check], targets: Targets, interval: int) -> list[Watch]:
    """As many as give `rate` checks a minute; every one of its own address or page."""
    return [_watch(kinds[number % len(kinds)], number, targets, interval) for number in range(rate * interval // 60)]


def _watch(kind: Check, number: int, targets: Targets, interval: int) -> Watch:
    address = f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"
    if kind == "icmp":
        return Watch(host=address, check=kind, interval=interval)
    if kind == "tcp":
        return Watch(host=address, check=kind, port=targets.http, interval=interval)
    port = targets.http if kind == "http" else targets.https
    return Watch(host=f"{kind}://127.0.0.1:{port}/{number}", check=kind, interval=interval)


async def engine_load(folder: Path, every: list[Watch], anchor: Path, seconds: float) -> Load:
    """Run the engine over these watches, and measure after a warm-up of one interval's beginning."""
    from netassist.configuration import ScopeRules, Settings
    from netassist.monitor.engine import Engine
    from netassist.monitor.store import open_store

    store = open_store(str(folder / "monitor.db"))
    store.set_file_watches(every, time.time())
    engine = Engine(store, Settings(scope=ScopeRules(allow=("127.0.0.0/8",)), ca_file=str(anchor)))
    late = array("f")
    began = engine.counts.began

    def noted(late_by: float) -> None:
        late.append(late_by)
        began(late_by)

    engine.counts.began = noted  # type: ignore[method-assign,assignment]
    running = asyncio.ensure_future(engine.run())
    await engine.started.wait()
    await asyncio.sleep(every[0].interval + 2)
    del late[:]
    cpu, at, done, rss = _cpu(), time.monotonic(), sum(engine.counts.checks.values()), [_rss()]
    until = at + seconds
    while (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(60.0, left))
        rss.append(_rss())
    spent, lasted, checks = _cpu() - cpu, time.monotonic() - at, sum(engine.counts.checks.values()) - done
    ordered = sorted(late)
    engine.stop()
    await running
    engine.close()
    outcomes: dict[str, int] = {}
    for (_, outcome), number in engine.counts.checks.items():
        outcomes[outcome] = outcomes.get(outcome, 0) + number
    stored = engine.counts.written
    store.close()
    cpu_ms, p99 = spent * 1000 / max(checks, 1), ordered[int(len(ordered) * 0.99)]
    return Load(checks, lasted, cpu_ms, p99, ordered[-1], tuple(rss), outcomes, stored)


def blackbox_load(
    every: Sequence[Watch], targets: Targets, folder: Path, seconds: float, rate: int, core: set[int]
) -> Load | None:
    """Ask blackbox_exporter for the same checks at the same rate, over one kept connection as Prometheus does."""
    import httpx

    program = shutil.which(BLACKBOX)
    if program is None:
        return None
    (folder / "blackbox.yml").write_text(_MODULES % targets.anchor)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, f"--config.file={folder}/blackbox.yml", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    process = subprocess.Popen(command, preexec_fn=lambda: os.sched_setaffinity(0, core), stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            _await_port(port)
            answered = [client.get("/probe", params=_query(watch)).text.count("probe_success 1") for watch in every[:50]]
            if sum(answered) < len(answered):
                raise SystemExit(f"blackbox_exporter: {len(answered) - sum(answered)} of {len(answered)} probes failed")
            cpu, at, done = _cpu_of(process.pid), time.monotonic(), 0
            while time.monotonic() < at + seconds:
                client.get("/probe", params=_query(every[done % len(every)]))
                done += 1
                time.sleep(max(0.0, at + done * 60 / rate - time.monotonic()))
            spent = _cpu_of(process.pid) - cpu
            return Load(done, time.monotonic() - at, spent * 1000 / done, 0.0, 0.0, (), {}, 0)
    finally:
        process.kill()
        process.wait()


def _query(watch: Watch) -> dict[str, str]:
    target = f"{watch.host}:{watch.port}" if watch.check == "tcp" else watch.host
    return {"target": target, "module": watch.check}


@contextmanager
def nginx(folder: Path, core: set[int]) -> Iterator[Targets]:
    """What is watched."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from tests.lab.pki import authority, leaf

    root = authority()
    shown = leaf(root)
    secret = shown.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    (folder / "pem").write_text(shown.pem + secret)
    anchor = root.anchor(folder)
    ports = []
    for _ in range(2):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports.append(int(free.getsockname()[1]))
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, http=ports[0], https=ports[1]))
    command = [shutil.which("nginx") or "/usr/sbin/nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command, preexec_fn=lambda: os.sched_setaffinity(0, core))
    try:
        _await_port(ports[1])
        yield Targets(ports[0], ports[1], anchor)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _await_port(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"nothing listens on port {port}")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def in_own_process(folder: Path, kinds: Sequence[Check], rate: int, targets: Targets, seconds: float, core: set[int]) -> Load:
    folder.mkdir()
    told = {"folder": str(folder), "kinds": kinds, "rate": rate, "seconds": seconds,
            "targets": [targets.http, targets.https, str(targets.anchor)],
            "interval": INTERVAL if len(kinds) > 1 else COMPARED_INTERVAL}  # fmt: skip
    asked = json.dumps(told)
    command = [sys.executable, "-m", "benchmarks.monitor_load", "--worker", asked]
    ran = subprocess.run(command, preexec_fn=lambda: os.sched_setaffinity(0, core), stdout=subprocess.PIPE, check=True)
    found = json.loads(ran.stdout)
    return Load(**{**found, "rss_mb": tuple(found["rss_mb"])})


def _worker(asked: str) -> None:
    told = json.loads(asked)
    http, https, anchor = told["targets"]
    targets = Targets(http, https, Path(anchor))
    every = watches(told["rate"], told["kinds"], targets, told["interval"])
    load = asyncio.run(engine_load(Path(told["folder"]), every, targets.anchor, told["seconds"]))
    print(json.dumps(load._asdict()))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="how long the mixed load is held; 0 leaves it out")
    parser.add_argument("--rate", type=int, default=10_000, help="checks a minute")
    parser.add_argument("--compare-seconds", type=float, default=60.0, help="how long each kind is compared; 0 leaves it out")
    parser.add_argument("--kinds", default=",".join(KINDS), help="of those that are compared")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.worker:
        _worker(chosen.worker)
        return
    cores = sorted(os.sched_getaffinity(0))
    ours, theirs = {cores[0]}, set(cores[1:]) or {cores[0]}
    os.sched_setaffinity(0, theirs)
    with TemporaryDirectory(prefix="netassist-load-") as held, nginx(Path(held), theirs) as targets:
        if chosen.minutes:
            _report_load(in_own_process(Path(held) / "mixed", KINDS, chosen.rate, targets, chosen.minutes * 60, ours))
        if chosen.compare_seconds:
            print("| check | netassist, ms | blackbox_exporter, ms | ratio |\n|---|---|---|---|")
        for kind in chosen.kinds.split(",") if chosen.compare_seconds else ():
            mine = in_own_process(Path(held) / kind, [kind], chosen.rate, targets, chosen.compare_seconds, ours)
            every = watches(chosen.rate, [kind], targets, COMPARED_INTERVAL)
            other = blackbox_load(every, targets, Path(held), chosen.compare_seconds, chosen.rate, ours)
            beside = f"{other.cpu_ms:.3f} | {mine.cpu_ms / other.cpu_ms:.2f}" if other else "not installed | –"
            print(f"| {kind} | {mine.cpu_ms:.3f} | {beside} |", flush=True)


def _report_load(load: Load) -> None:
    per_minute = load.checks * 60 / load.seconds
    print(f"{load.checks:,} checks in {load.seconds:.0f} s ({per_minute:,.0f} a minute), {load.cpu_ms:.2f} ms of one core each")
    print(f"late: {load.late_p99 * 1000:.1f} ms at the 99th percentile, {load.late_max * 1000:.0f} ms at most")
    print(f"memory, MB, minute by minute: {' '.join(f'{size:.0f}' for size in load.rss_mb)}")
    print(f"outcomes: {load.outcomes}; {load.stored:,} results stored", flush=True)


if __name__ == "__main__":
    main()
