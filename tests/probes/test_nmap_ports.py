"""Nmap's own choice of ports, as the installed one tells it."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from netassist.probes.nmap_ports import usual_ports


def test_nmap_tells_its_thousand_ports() -> None:
    program = shutil.which("nmap")
    if program is None:
        pytest.skip("Nmap is not installed")
    ports = asyncio.run(usual_ports(program))
    assert len(ports) == 1000
    assert {22, 80, 443} <= ports
    assert not {6379, 11211} & ports


def test_what_is_no_nmap_tells_none() -> None:
    assert asyncio.run(usual_ports("/bin/true")) == frozenset()
