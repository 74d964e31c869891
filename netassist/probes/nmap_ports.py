"""Which ports Nmap scans by itself: the thousand that are most often open, as it tells them."""

from __future__ import annotations

import asyncio
import re
from functools import lru_cache

from netassist.targets import port_numbers, port_ranges

_SCANNED = re.compile(rb"Ports scanned: TCP\(\d+;([0-9,-]+)\)")
_SECONDS = 10


async def usual_ports(program: str) -> frozenset[int]:
    """Nmap's own choice of TCP ports; empty where it does not tell."""
    return await asyncio.to_thread(_usual_ports, program)


@lru_cache(maxsize=4)
def _usual_ports(program: str) -> frozenset[int]:
    import subprocess

    command = [program, "-oG", "-", "-v", "-sT", "--top-ports", "1000"]
    try:
        told = subprocess.run(  # noqa: S603 - the Nmap that scans, and words of ours
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return frozenset()
    found = _SCANNED.search(told)
    return frozenset(port_numbers(port_ranges(found[1].decode()))) if found else frozenset()
