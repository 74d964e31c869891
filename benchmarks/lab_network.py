"""`netassist audit` of the lab network (tests/lab/network): what it misses and invents, and its time beside other scanners'.

    python -m benchmarks.lab_network [--hosts NAME,…] [--jobs N] [--sample N]

The others run one after the other over the same hosts, as one does by hand: Nmap -sV over the network, ssh-audit at each SSH
port, testssl.sh at each TLS port. testssl.sh takes minutes a port: it runs at a sample, and its time for all is the median of
these times their number, which the table says. Prints Markdown. Needs root and Linux, as the network does.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple

from benchmarks.peers import NETASSIST, SSH_AUDIT, TESTSSL, environment, path_of
from benchmarks.table import head, ratio, row
from benchmarks.timing import shown
from tests.lab.network.__main__ import command, unavailable
from tests.lab.network.truth import Truth, differences, truth

AREA = "10.98.0.0/24"
GOAL = 0.05
_TESTSSL_SECONDS = 900


class Port(NamedTuple):
    """A port that speaks TLS, or SSH."""

    host: str
    port: int
    starttls: str | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" + (f" ({self.starttls})" if self.starttls else "")


class Audited(NamedTuple):
    """`megabytes` is the peak memory of the largest process of the audit."""

    seconds: float
    megabytes: float
    code: int
    audits: Sequence[Mapping[str, Any]]


def audit(jobs: int) -> Audited:
    """The whole program, from the look through the network to the JSON. Raises RuntimeError where it does not end in reports."""
    words = [*NETASSIST, "audit", AREA, "--no-project", "--jobs", str(jobs), "-f", "json"]
    began = perf_counter()
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=environment())
    seconds = perf_counter() - began
    if done.returncode not in (0, 1, 3):
        raise RuntimeError(f"netassist audit ends with {done.returncode}: {done.stderr[-1000:]}")
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Audited(seconds, megabytes, done.returncode, json.loads(done.stdout))


def speaking(audits: Sequence[Mapping[str, Any]], schema: str) -> Iterator[Port]:
    """The ports that a kind of report is there for."""
    for report in (report for held in audits for host in held["hosts"] for report in host["reports"]):
        if report["schema"] == schema and report["status"] != "failed":
            target = report["target"]
            yield Port(target["host"], target["port"], target["starttls"])


def incomplete(audits: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What could not be established, and why, as the reports say it."""
    for held in audits:
        if held["status"] != "ok" and held["error"] is not None:
            yield f"{held['target']['host']}: {held['error']['message']}"
        for report in (report for host in held["hosts"] for report in host["reports"] if report["status"] != "ok"):
            unknown = [weakness["id"] for weakness in report.get("weaknesses", ()) if weakness["verdict"] == "unknown"]
            what = ", ".join([*report.get("incomplete", ()), *unknown])
            yield f"{report['target']['host']}:{report['target']['port']}, {report['schema']}: {what or report['error']}"


def timed(words: Sequence[str], limit: float | None = None) -> float | None:
    """Seconds that a program takes; None where it is stopped at its limit."""
    began = perf_counter()
    try:
        subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=limit)
    except subprocess.TimeoutExpired:
        return None
    return perf_counter() - began


def _testssl(program: str, port: Port) -> list[str]:
    upgrade = ["-t", port.starttls] if port.starttls else []
    return [program, "--quiet", "--color", "0", "--warnings", "off", *upgrade, f"{port.host}:{port.port}"]


def _peers(audited: Audited, sample: int) -> Iterator[tuple[str, str, float]]:
    """What, how it was measured, and seconds."""
    nmap = shutil.which("nmap") or "nmap"
    yield "Nmap -sV", "the network", timed([nmap, "-n", "-T4", "-sV", AREA]) or 0.0
    ssh = list(speaking(audited.audits, "netassist/ssh/1"))
    if SSH_AUDIT.exists():
        taken = [timed([str(SSH_AUDIT), "-p", str(port.port), port.host]) or 0.0 for port in ssh]
        yield "ssh-audit", f"{len(ssh)} ports", sum(taken)
    else:
        print("ssh-audit is not installed (build-support/peers.sh): its row is left out", file=sys.stderr)
    tls = list(speaking(audited.audits, "netassist/tls-audit/1"))
    program = path_of(TESTSSL)
    chosen = tls[:: max(1, len(tls) // sample)][:sample] if sample else []
    if program is None or not chosen:
        return
    times: list[float] = []
    for port in chosen:
        seconds = timed(_testssl(program, port), _TESTSSL_SECONDS)
        print(f"testssl.sh at {port}: {'stopped' if seconds is None else shown(seconds)}", file=sys.stderr, flush=True)
        times.append(_TESTSSL_SECONDS if seconds is None else seconds)
    stopped = sum(seconds == _TESTSSL_SECONDS for seconds in times)
    how = f"{len(tls)} ports, **extrapolated** from {len(chosen)}: {', '.join(map(str, chosen))}; {shown(sum(times))} measured"
    how += f"; {stopped} of them stopped at {_TESTSSL_SECONDS} s, and counted as that" if stopped else ""
    yield "testssl.sh", how, statistics.median(times) * len(tls)


def measured(true: Truth, jobs: int, sample: int) -> Iterator[str]:
    before = os.getloadavg()[0]
    audited = audit(jobs)
    services = sum(len(host.service) for host in true.host)
    wrong = differences(audited.audits, true)
    states = [held["status"] for held in audited.audits]
    mistakes = f"{len(wrong.missed)} lines missed, {len(wrong.invented)} invented ({len(wrong.tempted)} by the lab's traps)"
    yield (
        f"{len(true.host)} hosts, {services} services. `netassist audit {AREA} --jobs {jobs}` ends with {audited.code} after "
        f"{shown(audited.seconds)}: {wrong.found} findings right, {mistakes}; {states.count('ok')} of {len(states)} "
        f"audits complete; its largest process took {audited.megabytes:.0f} MB at most."
    )
    yield ""
    yield from (f"- missed: {line}" for line in wrong.missed)
    yield from (f"- invented: {line}" for line in wrong.invented)
    yield from (f"- incomplete: {line}" for line in incomplete(audited.audits))
    yield ""
    yield from head(("what", "over", "time", "ratio"))
    total, goal = 0.0, None
    for what, how, seconds in _peers(audited, sample):
        goal = GOAL if what == TESTSSL.name else goal  # the goal counts it
        yield row((what, how, shown(seconds), ""))
        total += seconds
    ours = (f"the network, {jobs} hosts at a time", shown(audited.seconds))
    yield row(("all of these, one after the other", "", shown(total), "1"))
    yield row(("`netassist audit`", *ours, ratio(audited.seconds, total, goal)))
    yield ""
    yield f"Load {before:.1f} before, {os.getloadavg()[0]:.1f} after, {len(os.sched_getaffinity(0))} cores."


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", default="", help="names of tests/lab/network/truth.toml, with commas; all of them without")
    parser.add_argument("--jobs", type=int, default=8, help="hosts audited at a time")
    parser.add_argument("--sample", type=int, default=3, help="TLS ports that testssl.sh is run at; 0 for none")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        for line in measured(truth(options.hosts.split(",") if options.hosts else None), options.jobs, options.sample):
            print(line, flush=True)
        return 0
    if why := unavailable():
        print(f"Not measured: {why}.")
        return 0
    words = (sys.executable, "-m", "benchmarks.lab_network", "--inside", "--hosts", options.hosts)
    print("\n### The lab network\n", flush=True)
    return subprocess.run(
        command(options.hosts, *words, "--jobs", str(options.jobs), "--sample", str(options.sample)), check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
