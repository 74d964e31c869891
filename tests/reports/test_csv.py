"""CSV: read again by Python's reader, and no cell that a spreadsheet would compute."""

from __future__ import annotations

import csv
import io

import pytest

from netassist.reports.csv import COLUMNS
from netassist.reports.formats import Results, rendered
from netassist.reports.located import located, parts
from tests.reports.every import ATTACK, FORMULAS, REPORTS, RESULTS, attacked, with_finding
from tests.reports.samples import EXAMPLES


def rows(results: Results) -> list[dict[str, str]]:
    table = list(csv.DictReader(io.StringIO(rendered("csv", results).decode(), newline="")))
    assert all(tuple(row) == COLUMNS for row in table)
    return table


def test_a_row_for_each_finding_and_each_check_without_one() -> None:
    found = located(REPORTS)
    shown = rows(RESULTS)
    assert [(row["id"], row["host"], row["severity"]) for row in shown if row["id"]] == [
        (each.finding.id, each.place.host, each.finding.severity) for each in found
    ]
    assert len([row for row in shown if not row["id"]]) == sum(
        not any(each.report is part for each in found) for part in parts(REPORTS)
    )


def test_what_failed_is_a_row_that_says_so() -> None:
    [row] = rows(Results((EXAMPLES["dns_failed"],)))
    assert row["status"] == "failed"
    assert row["error"].startswith("timeout: ")
    assert row["id"] == ""


@pytest.mark.parametrize("formula", [*FORMULAS, ATTACK])
def test_no_cell_is_a_formula(formula: str) -> None:
    for results in (with_finding(evidence=formula, title=formula, fix=formula), attacked(formula)):
        for row in rows(results):
            assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r", " ", "＝"))]


def test_a_row_stays_one_line() -> None:
    text = rendered("csv", attacked("a\r\nb\nc")).decode()
    assert len(text.split("\r\n")) == len(rows(attacked("a\r\nb\nc"))) + 2
