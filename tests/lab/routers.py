"""Routers in a row, each in a network namespace of its own (Linux), and a host at the end of the way.

    this side 10.77.0.1 ── 10.77.0.2 r1 10.77.1.1 ── 10.77.1.2 r2 10.77.2.1 ── … ── host 10.77.N.2

and likewise fd77:K::1 and fd77:K::2. What is to be tested runs in the namespace of this side: `run` starts a program there.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import pytest


class Way(NamedTuple):
    """`routers` are the namespaces of the routers, in their order; `host` and `host6` the addresses at the end of the way."""

    here: str
    routers: tuple[str, ...]
    end: str
    host: str
    host6: str

    def hops(self, version: int = 4) -> list[str]:
        """Who is to answer at each distance, the host last."""
        return [_address(version, link, 2) for link in range(len(self.routers) + 1)]

    def run(self, *command: str, timeout: float = 60) -> str:
        """What a program says that runs in the namespace of this side."""
        inside = ["ip", "netns", "exec", self.here, *command]
        done = subprocess.run(inside, capture_output=True, text=True, timeout=timeout, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def command(self, namespace: str, *words: str) -> None:
        """Run ``ip`` in a namespace."""
        _ip("-n", namespace, *words)


@contextlib.contextmanager
def way(routers: int = 3) -> Iterator[Way]:
    """Routers in a row; skips where this user may not make network namespaces."""
    names = [f"na{os.getpid()}-{number}" for number in range(routers + 2)]
    made: list[str] = []
    try:
        for name in names:
            try:
                _ip("netns", "add", name)
            except (OSError, subprocess.CalledProcessError) as error:
                pytest.skip(f"network namespaces cannot be made here: {error}")
            made.append(name)
        for link, (left, right) in enumerate(pairwise(names)):
            _join(link, left, right)
        for place, name in enumerate(names):
            _configure(place, name, routers)
        yield Way(names[0], tuple(names[1:-1]), names[-1], _address(4, routers, 2), _address(6, routers, 2))
    finally:
        for name in made:
            _ip("netns", "del", name)


def _address(version: int, link: int, side: int) -> str:
    return f"10.77.{link}.{side}" if version == 4 else f"fd77:{link}::{side}" if link else f"fd77::{side}"


def _join(link: int, left: str, right: str) -> None:
    """A cable between two namespaces: `right` on the left one, `left` on the right one."""
    _ip("link", "add", "right", "netns", left, "type", "veth", "peer", "name", "left", "netns", right)
    for side, name, device in ((1, left, "right"), (2, right, "left")):
        _ip("-n", name, "address", "add", f"{_address(4, link, side)}/24", "dev", device)
        _ip("-n", name, "-6", "address", "add", f"{_address(6, link, side)}/64", "dev", device, "nodad")
        _ip("-n", name, "link", "set", device, "up")


def _configure(place: int, name: str, routers: int) -> None:
    _ip("-n", name, "link", "set", "lo", "up")
    for setting in ("ipv4.ip_forward=1", "ipv6.conf.all.forwarding=1", "ipv4.icmp_ratelimit=0", "ipv6.icmp.ratelimit=0"):
        _ip("netns", "exec", name, "sysctl", "-qw", f"net.{setting}")
    for version in (4, 6):
        flag = ["-6"] if version == 6 else []
        if place <= routers:
            _ip("-n", name, *flag, "route", "add", "default", "via", _address(version, place, 2))
        for link in range(place - 1 if place else 0):
            net = f"10.77.{link}.0/24" if version == 4 else f"{_address(6, link, 0).removesuffix('0')}/64"
            _ip("-n", name, *flag, "route", "add", net, "via", _address(version, place - 1, 1))


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
