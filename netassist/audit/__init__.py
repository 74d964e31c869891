"""What observations mean: rules turn a report into findings, the same whichever backend planned the probe."""

from __future__ import annotations

import importlib
import importlib.util

import msgspec

from netassist.observations import Report, schema_of


def judged(report: Report) -> Report:
    """The report with the findings of its rules: those of ``netassist.audit.rules.NAME`` for schema ``netassist/NAME/1``.

    A dash in the name of a schema is an underscore in that of its module.
    """
    name = f"netassist.audit.rules.{schema_of(report).split('/')[1].replace('-', '_')}"
    if not schema_of(report).startswith("netassist/") or importlib.util.find_spec(name) is None:
        return report
    return msgspec.structs.replace(report, findings=(*report.findings, *importlib.import_module(name).judge(report)))
