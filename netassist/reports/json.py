"""Reports as JSON: the published form, for programs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from netassist.reports.formats import Results

# RFC 8259 allows them inside strings; a terminal would act on them (C1, and DEL).
_CONTROLS = re.compile(rb"\x7f|\xc2[\x80-\x9f]")


def encoded(report: msgspec.Struct, *, pretty: bool = False) -> bytes:
    """One report, or an answer, in UTF-8, on one line, or with `pretty` indented by two spaces; without a line end."""
    compact = _CONTROLS.sub(_escaped, msgspec.json.encode(report))
    return msgspec.json.format(compact, indent=2) if pretty else compact


def render(results: Results) -> bytes:
    """A report indented by two spaces; of several, or none, an array."""
    if len(results.reports) == 1:
        return encoded(results.reports[0], pretty=True) + b"\n"
    array = b",".join(encoded(report) for report in results.reports)
    return msgspec.json.format(b"[" + array + b"]", indent=2) + b"\n"


def jsonl(reports: Iterable[msgspec.Struct]) -> Iterator[bytes]:
    """One line a report, its end included."""
    for report in reports:
        yield encoded(report) + b"\n"


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % ord(found.group().decode())
