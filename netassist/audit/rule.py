"""What a problem is called and what to do about it: the row of a table of rules."""

from __future__ import annotations

from typing import NamedTuple

from netassist.observations import Severity


class Rule(NamedTuple):
    severity: Severity
    title: str
    detail: str
    fix: str
    references: tuple[str, ...]
