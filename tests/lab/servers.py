"""Every TLS server of the lab that has a truth file, by the file's name: how it is started, and what a client has to know."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

_MODULES = ("openssl4", "node", "nginx", "mail", "postgres", "tlslite", "s_server", "faulty", "hostile", "picky")
"""Modules of tests/lab with a table `SERVERS`."""


class Served(NamedTuple):
    """Where a server listens. `anchor` is a PEM file of the authority that it is trusted by, None for no trust at all."""

    port: int
    starttls: str | None = None
    anchor: Path | None = None
    host: str = "127.0.0.1"
    timeout: float = 20.0
    """Seconds that a step may take; what is silent on purpose has few."""


Start = Callable[[Path], contextlib.AbstractContextManager[Served]]
"""Starts a server, given an empty folder of its own for keys, certificates and configuration."""


def servers() -> dict[str, Start]:
    found: dict[str, Start] = {}
    for name in _MODULES:
        found |= importlib.import_module(f"tests.lab.{name}").SERVERS
    return found
