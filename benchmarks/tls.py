"""The TLS engine against its peers, by one command:

    python -m benchmarks.tls [--quick] [near] [far] [whole] [many] [agreement]

Prints Markdown: for each part a table, whose figures are medians of runs in which all took turns on the same server.
docs/benchmarks.md says what each means. `--quick` has fewer runs, fewer hosts and no testssl.sh.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from OpenSSL import SSL

from benchmarks import agreement, many, peers, speed

RUNS, QUICK_RUNS = 11, 3


def _near(quick: bool) -> Iterable[str]:
    yield speed.near(QUICK_RUNS if quick else RUNS)


def _far(quick: bool) -> Iterable[str]:
    found = speed.far(1 if quick else 3)
    yield found or "Not measured: this machine allows no network namespace with a TUN device (unshare, ip, /dev/net/tun)."


def _whole(quick: bool) -> Iterable[str]:
    yield speed.whole(QUICK_RUNS if quick else RUNS, testssl=not quick)


def _many(quick: bool) -> Iterable[str]:
    yield many.measured((20, 60), 4) if quick else many.measured((100, 1000), 50)


def _agreement(quick: bool) -> Iterable[str]:
    return agreement.measured(agreement.SHORT if quick else None, testssl=not quick)


PARTS: dict[str, tuple[str, Callable[[bool], Iterable[str]]]] = {
    "near": ("One server on loopback", _near),
    "far": ("The same, 50 ms of round trip away", _far),
    "whole": ("Full audit with all weaknesses", _whole),
    "many": ("Many servers", _many),
    "agreement": ("Agreement", _agreement),
}


def machine() -> str:
    """What it ran on, and how busy that was."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    load = ", ".join(f"{part:.1f}" for part in os.getloadavg())
    openssl = SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode("ascii", "replace").split(" ")[1]
    versions = ", ".join(f"{peer.name} {peers.version_of(peer)}" for peer in peers.PEERS)
    return (
        f"{len(os.sched_getaffinity(0))} cores of {model}, Linux {platform.release()}, Python {platform.python_version()}, "
        f"server OpenSSL {openssl}; load at the start {load}. Peers: {versions}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all of them where none is named")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    print(machine(), flush=True)
    for name in options.parts or PARTS:
        title, measure = PARTS[name]
        print(f"benchmarks.tls: {title} …", file=sys.stderr)
        print(f"\n### {title}\n", flush=True)
        for line in measure(options.quick):
            print(line, flush=True)


if __name__ == "__main__":
    main()
