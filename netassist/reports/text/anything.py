"""A report that has no renderer of its own: its fields as they are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import msgspec

from netassist.observations import Report, schema_of
from netassist.reports.layout import Task, Verdict, facts, paragraph
from netassist.reports.style import Line, Span
from netassist.reports.text import finding
from netassist.reports.words import place

MOST_FIELDS = 200
_FRAME = frozenset(Report.__struct_fields__) | {"schema"}


def task(report: Report) -> Task:
    return Task(f"finish the {_name(report)}", f"of {place(report.target)}")


def verdict(report: Report) -> Verdict:
    judged = f", with {finding.problems(report.findings)}" if report.findings else ""
    return Verdict(f"Here is the {_name(report)} report of {place(report.target)}{judged}.", finding.worst(report.findings))


def evidence(report: Report, width: int) -> Iterator[Line]:
    content = msgspec.to_builtins(report)
    fields = [field for name, value in content.items() if name not in _FRAME for field in _fields(name, value)]
    yield from facts(islice(fields, MOST_FIELDS), width)
    if len(fields) > MOST_FIELDS:
        yield from paragraph(Span(f"and {len(fields) - MOST_FIELDS} more; all are in the JSON", "dim"), width, indent=2)


def _name(report: Report) -> str:
    return schema_of(report).split("/")[1].replace("-", " ").replace("_", " ")


def _fields(name: str, value: object) -> Iterator[tuple[str, str]]:
    """The scalars inside a value, each with the path to it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _fields(f"{name}.{key}", item)
    elif isinstance(value, list | tuple):
        if all(not isinstance(item, dict | list | tuple) for item in value):
            yield name, ", ".join(map(_scalar, value)) or "none"
        else:
            for number, item in enumerate(value, 1):
                yield from _fields(f"{name}.{number}", item)
    else:
        yield name, _scalar(value)


def _scalar(value: object) -> str:
    if value is None:
        return "not given"
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
