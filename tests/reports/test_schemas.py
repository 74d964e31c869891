"""The published JSON Schemas: generated, whole, and every report is valid against its own."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from netassist.assistant.answers import Step, answered
from netassist.observations import Report, schema_of
from netassist.reports.json import encoded
from netassist.reports.schemas import file_name
from netassist.toolbox import Call
from tests.reports.estate import estate
from tests.reports.every import REPORTS

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "docs" / "schema"


def generated() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("schemas", ROOT / "build-support" / "schemas.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    texts: dict[str, str] = module.texts()
    return texts


def validator(schema: str) -> Draft202012Validator:
    held: dict[str, Any] = json.loads((FOLDER / file_name(schema)).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(held)
    return Draft202012Validator(held)


def test_docs_schema_is_what_the_types_say() -> None:
    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")} == generated()


@pytest.mark.parametrize("report", [*REPORTS, *estate()], ids=lambda report: schema_of(report))
def test_a_report_is_valid(report: Report) -> None:
    validator(schema_of(report)).validate(json.loads(encoded(report)))


def test_an_answer_is_valid_with_reports_of_every_kind() -> None:
    steps = [Step(Call("ping", {}), report.status, report=report) for report in REPORTS]
    validator("netassist/answer/1").validate(json.loads(encoded(answered("?", steps, "testllm", "nano"))))


@pytest.mark.parametrize("facts", [{"status": "fine"}, {"schema": "netassist/ping/2"}, {"findings": [{}]}, {"started": None}])
def test_what_is_no_report_is_not_valid(facts: dict[str, object]) -> None:
    report = REPORTS[0]
    with pytest.raises(ValidationError):
        validator(schema_of(report)).validate(json.loads(encoded(report)) | facts)
