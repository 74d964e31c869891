"""The published form of reports."""

from __future__ import annotations

import json
import re

import pytest

from netassist.observations import schema_of
from netassist.reports.json import encoded, jsonl
from tests.reports.samples import EXAMPLES, tcp


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_report_is_json_with_its_schema(name: str) -> None:
    report = EXAMPLES[name]
    compact, pretty = encoded(report), encoded(report, pretty=True)
    assert json.loads(compact) == json.loads(pretty)
    assert json.loads(compact)["schema"] == schema_of(report)
    assert json.loads(compact)["started"] == "2026-11-24T12:00:00Z"
    assert b"\n" not in compact
    assert pretty.startswith(b'{\n  "schema"')


def test_one_line_a_report() -> None:
    written = b"".join(jsonl(EXAMPLES.values()))
    assert [json.loads(line)["schema"] for line in written.splitlines()] == list(map(schema_of, EXAMPLES.values()))


def test_no_control_character_reaches_a_terminal_raw() -> None:
    report = tcp(target="bad\x1b[2J\x7f\x9b\u0085host")
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", encoded(report).decode())
    assert json.loads(encoded(report))["target"] == "bad\x1b[2J\x7f\x9b\u0085host"
