"""What a check of an answer yields."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal[
    "port", "state", "product", "version", "date", "days", "name", "address", "cipher", "group", "grade", "count", "severity",
    "protocol", "verdict", "latency", "record", "key", "cve",
]  # fmt: skip
Held = Literal["supported", "unsupported", "contradicted"]


class Fact(msgspec.Struct, frozen=True):
    """One fact of an answer and what the observations say of it.

    `start` and `end` delimit `text` in the answer as the model wrote it. `measured` is what was observed instead, where that is
    one value; `where` names the report and the field.
    """

    text: str
    start: int
    end: int
    kind: Kind
    verdict: Held
    measured: str | None = None
    where: str | None = None


class Checked(msgspec.Struct, frozen=True):
    """An answer with its marks, every fact that was found in it, and the texts of those that the observations do not bear out."""

    text: str
    facts: tuple[Fact, ...] = ()
    unverified: tuple[str, ...] = ()
