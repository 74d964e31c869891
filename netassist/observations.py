"""The frozen values that probes return.

Every report is a subclass of `Report` whose msgspec tag is its published schema name, so that its JSON carries
``"schema": "netassist/NAME/1"``. A report type stands beside its probe; what all share stands here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic
from typing import Any, Literal, NamedTuple

import msgspec

Status = Literal["ok", "partial", "failed"]
Severity = Literal["critical", "high", "medium", "low", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")
FailureKind = Literal[
    "unresolvable", "unreachable", "refused", "reset", "timeout", "protocol",
    "rate_limited", "out_of_scope", "denied", "missing_program", "invalid",
]  # fmt: skip


class Failure(msgspec.Struct, frozen=True):
    """Why something could not be measured. `message` names the host, the step and what to do next, in one line."""

    kind: FailureKind
    message: str


class Failed(Exception):
    """Raised at the edge (sockets, programs, name resolution) and turned into a `Failure` by the probe."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.failure = Failure(kind, message)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What an observation means. `id` is stable (``area.vocabulary_word``), `references` are URLs."""

    id: str
    severity: Severity
    title: str
    detail: str
    evidence: str
    fix: str
    references: tuple[str, ...] = ()


class Endpoint(msgspec.Struct, frozen=True):
    """What was probed: the host as the user wrote it, and the address that it was pinned to."""

    host: str
    port: int | None = None
    address: str | None = None
    server_name: str | None = None
    starttls: str | None = None


class Stamp(NamedTuple):
    """When a measurement began (UTC) and how long it took (seconds)."""

    started: datetime
    duration_s: float


class Stopwatch:
    """Times one measurement: make it first, `stamp()` it last."""

    def __init__(self) -> None:
        self.started = datetime.now(UTC)
        self._began = monotonic()

    def stamp(self) -> dict[str, Any]:
        """The `started` and `duration_s` fields of a report."""
        return Stamp(self.started, round(monotonic() - self._began, 6))._asdict()


class Report(msgspec.Struct, frozen=True, kw_only=True, tag_field="schema"):
    """What one probe found. `status` is `failed` where `error` kept it from measuring, `partial` where a fact is unknown."""

    target: Endpoint | str
    status: Status = "ok"
    error: Failure | None = None
    started: datetime
    duration_s: float
    findings: tuple[Finding, ...] = ()


def schema_of(report: Report) -> str:
    """The published name of a report's form, for example ``netassist/ping/1``."""
    return str(report.__struct_config__.tag)
