"""The formats of results by name: each is one module, imported when it is first asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal, NamedTuple, cast, get_args

if TYPE_CHECKING:
    from netassist.audit.security_audit import Changed
    from netassist.observations import Report

FormatName = Literal["text", "json", "jsonl", "sarif", "junit", "html", "markdown", "csv", "cbom"]
NAMES: tuple[FormatName, ...] = get_args(FormatName)
SUFFIXES: Mapping[str, FormatName] = {
    ".txt": "text", ".json": "json", ".jsonl": "jsonl", ".sarif": "sarif", ".sarif.json": "sarif", ".xml": "junit",
    ".html": "html", ".htm": "html", ".md": "markdown", ".csv": "csv", ".cbom": "cbom", ".cbom.json": "cbom", ".cdx.json": "cbom",
}  # fmt: skip
"""Formats by how a file's name ends."""


class Results(NamedTuple):
    """What is to be shown: reports in their order, and what changed since a baseline where audits do not say that themselves."""

    reports: Sequence[Report]
    changes: Changed | None = None


def rendered(name: FormatName, results: Results) -> bytes:
    """The results in a format, whole, in UTF-8. Text is without colour and as wide as where no terminal tells its width."""
    module = importlib.import_module(f"netassist.reports.{_MODULES.get(name, name)}")
    return cast("Callable[[Results], bytes]", module.render)(results)


def format_of(file: PurePath | str) -> FormatName | None:
    """The format that a file's name asks for; None where its suffix is none of `SUFFIXES`."""
    name = PurePath(file).name.lower()
    suffix = max((suffix for suffix in SUFFIXES if name.endswith(suffix)), key=len, default="")
    return SUFFIXES.get(suffix)


_MODULES: Mapping[str, str] = {"text": "plain", "jsonl": "lines"}
