"""What the process that reads and writes and those that measure say to each other.

A message is its length (4 bytes, big-endian) and its JSON. A worker is sent `Terms`, then orders; it answers each with a `Row`
and the report as it is to be written, in a frame of its own.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from netassist.configuration import Settings
from netassist.observations import FailureKind, Severity, Status

Form = Literal["text", "json", "jsonl"]
HEAD = 4
"""Bytes that hold the length of a frame."""
OTHER_FILES = 64
"""Files that a process has open beside its connections."""


class Terms(msgspec.Struct, frozen=True, kw_only=True, tag="terms"):
    """What holds for every audit; seconds in `delay`, `timeout` and `deadline`.

    `jobs` are those of one process; `width`, `colour` and `encoding` are of where text goes.
    """

    settings: Settings
    form: Form
    deadline: float
    timeout: float
    starttls: str | None = None
    active_weaknesses: bool = True
    revocation: bool = False
    at_once: int = 8
    delay: float = 0.0
    jobs: int = 1
    width: int = 100
    colour: bool = False
    encoding: str = "utf-8"


class Order(msgspec.Struct, frozen=True, tag="order"):
    """One server to audit; `address` is which of its host's, the first that answers where it is None."""

    number: int
    host: str
    port: int
    address: str | None = None


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """End what is under way, and report what is known."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A report in brief. `broken` is why the order could not be carried out at all: then nothing else may be."""

    number: int
    target: str
    address: str | None = None
    status: Status = "failed"
    error: FailureKind | None = None
    grade: str | None = None
    versions: tuple[str, ...] = ()
    quantum: str = "unknown"
    severity: Severity | None = None
    finding: str | None = None
    broken: str | None = None


def framed(message: msgspec.Struct | bytes) -> bytes:
    body = message if isinstance(message, bytes) else msgspec.json.encode(message)
    return len(body).to_bytes(HEAD, "big") + body
