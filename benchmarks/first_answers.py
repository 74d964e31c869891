"""What a person waits for: start-up, one certificate, one quantum check, the model's load and planning time.

    python -m benchmarks.first_answers [CASES.jsonl] [--runs 15]

Whole processes on loopback, peers in turn with ours in the same run; prints a Markdown table. CASES are NetBench cases whose
first turns are planned to time the planner (any file of that form).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from netassist.backends.testllm import TestLlm
from netassist.toolbox import built_in
from tests.lab.pki import authority, leaf
from tests.lab.tls import tls_server

THREADS = 2
OURS = [sys.executable, "-m", "netassist"]


def seconds(command: Sequence[str], runs: int) -> list[float]:
    """Wall seconds of a whole process, one warm-up left out; any exit code that is an answer will do."""
    taken = []
    for _ in range(runs + 1):
        began = perf_counter()
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
        taken.append(perf_counter() - began)
    return taken[1:]


def row(what: str, taken: Sequence[float], note: str = "") -> None:
    ordered = sorted(taken)
    percentile = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    print(f"| {what} | {statistics.median(ordered) * 1000:.1f} ms | {percentile * 1000:.1f} ms | {note} |")


async def planning(questions: Sequence[str]) -> tuple[float, list[float]]:
    """Seconds until the first plan is made (worker started, model loaded), and those of each further plan."""
    backend = TestLlm(threads=THREADS)
    offered = list(built_in().values())
    began = perf_counter()
    await backend.plan("ping 192.0.2.1", (), offered, {})
    first = perf_counter() - began
    taken = []
    try:
        for question in questions:
            began = perf_counter()
            await backend.plan(question, (), offered, {})
            taken.append(perf_counter() - began)
    finally:
        await backend.close()
    return first, taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path, nargs="?")
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    print("| what | median | 95th percentile | |\n|---|---|---|---|")
    row("`python -c pass`", seconds([sys.executable, "-c", "pass"], options.runs), "the floor")
    row("`netassist --version`", seconds([*OURS, "--version"], options.runs))
    row('`netassist plan "ping 192.0.2.1"`', seconds([*OURS, "plan", "ping 192.0.2.1"], options.runs), "with the model's load")
    with tls_server(leaf(authority()), groups="X25519MLKEM768:X25519") as server:
        where = ["host=127.0.0.1", f"port={server.port}", "-f", "json"]
        row("`netassist run certificate_info`", seconds([*OURS, "run", "certificate_info", *where], options.runs))
        row("`netassist run quantum_check`", seconds([*OURS, "run", "quantum_check", *where], options.runs))
        if openssl := shutil.which("openssl"):
            peer = [openssl, "s_client", "-connect", f"127.0.0.1:{server.port}"]
            row("`openssl s_client`", seconds(peer, options.runs), "peer: prints the certificate, judges nothing")
    if options.cases:
        lines = options.cases.read_text(encoding="utf-8").splitlines()
        questions = [json.loads(line)["question"][0][0]["content"] for line in lines if line.strip()]
        first, taken = asyncio.run(planning(questions))
        row("first plan", [first], "worker started, model loaded")
        row(f"each further plan ({len(taken)})", taken, f"{THREADS} threads")


if __name__ == "__main__":
    main()
