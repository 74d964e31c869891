"""The answers, true and falsified, and the reports that they are about.

`answers.jsonl` was written before the checker, and is not changed to suit it. One half (`development`) was looked at while the
checker was made, the other (`held apart`) was only measured in the end.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from netassist.observations import Endpoint, Failure, Finding, Report

FOLDER = Path(__file__).parent
REPORTS = FOLDER / "reports"
Split = Literal["development", "held apart"]


class Written(msgspec.Struct, frozen=True):
    """One answer. `falsified` says what is wrong with it, `wrong` where (start and end); a true one has neither."""

    id: str
    split: Split
    kind: str
    reports: tuple[str, ...]
    request: str
    text: str
    falsified: str | None = None
    wrong: tuple[int, int] | None = None


@cache
def written() -> tuple[Written, ...]:
    """All answers."""
    lines = (FOLDER / "answers.jsonl").read_bytes().splitlines()
    return tuple(msgspec.json.decode(line, type=Written) for line in lines)


@cache
def report(name: str) -> Report:
    """A recorded report, as it was recorded whatever its type has become since."""
    return _made(msgspec.json.decode((REPORTS / f"{name}.json").read_bytes()))


def _made(data: dict[str, Any]) -> Report:
    """A report with the fields of `data`; those that all reports share have their types."""
    schema = data.pop("schema")
    shared = {
        "target": msgspec.convert(data.pop("target"), Endpoint | str),
        "error": msgspec.convert(data.pop("error"), Failure | None),
        "started": msgspec.convert(data.pop("started"), datetime),
        "findings": msgspec.convert(data.pop("findings"), tuple[Finding, ...]),
    }
    own = [name for name in data if name not in Report.__struct_fields__]
    kind = msgspec.defstruct("Recorded", [(field, Any) for field in own], bases=(Report,), tag=schema, frozen=True, kw_only=True)
    made = kind(**shared, **data)
    assert isinstance(made, Report)
    return made
