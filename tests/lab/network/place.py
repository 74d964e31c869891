"""Where a service of the lab network listens, and what it is given to start."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from tests.lab.keyfiles import KeyFiles, write
from tests.lab.pki import Identity, KeyKind, leaf


class Place(NamedTuple):
    """`folder` is empty and the service's own; `root` is the authority that audits of the network trust."""

    address: str
    port: int
    folder: Path
    root: Identity

    @property
    def where(self) -> tuple[str, int]:
        return self.address, self.port

    def identity(self, key: KeyKind = "ec") -> Identity:
        """A good certificate for the address."""
        return leaf(self.root, dns=("lab.test",), ips=(self.address,), key=key)

    def files(self, key: KeyKind = "ec") -> KeyFiles:
        return write(self.identity(key), self.folder)


Start = Callable[[Place], AbstractContextManager[object]]
"""Starts a service, and ends it when the context is left."""
