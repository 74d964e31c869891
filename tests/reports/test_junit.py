"""JUnit XML: parsed again, its counts right, an error an error and a finding a failure."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from netassist.reports.formats import Results, rendered
from netassist.reports.located import located, parts
from tests.reports.every import ATTACK, REPORTS, RESULTS, attacked, with_finding
from tests.reports.samples import EXAMPLES


def parsed(results: Results) -> ElementTree.Element:
    return ElementTree.fromstring(rendered("junit", results))


@pytest.mark.parametrize("results", [RESULTS, attacked(ATTACK), Results(())])
def test_the_counts_are_those_of_the_elements(results: Results) -> None:
    root = parsed(results)
    for held in (root, *root.iter("testsuite")):
        for tag, attribute in (("testcase", "tests"), ("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(held.attrib[attribute]) == len(list(held.iter(tag)))


def test_what_could_not_be_measured_is_an_error_and_no_failure() -> None:
    root = parsed(RESULTS)
    assert len(list(root.iter("error"))) == sum(report.status != "ok" for report in parts(REPORTS))
    [case] = parsed(Results((EXAMPLES["dns_failed"],))).iter("testcase")
    assert [child.tag for child in case] == ["error"]
    assert case[0].attrib["type"] == "timeout"


def test_findings_are_failures_and_notes_pass() -> None:
    root = parsed(with_finding())
    assert [case.attrib["name"] for case in root.iter("testcase")] == ["tcp", "rules service"]
    [failure] = root.iter("failure")
    assert "service.redis" in (failure.text or "")
    noted = parsed(with_finding(severity="info"))
    assert not list(noted.iter("failure"))
    assert "service.redis" in "".join(noted.itertext())


def test_every_finding_is_there() -> None:
    text = "".join(parsed(RESULTS).itertext())
    assert all(f"[{each.finding.id}] at {each.place}:" in text for each in located(REPORTS))


def test_what_an_exception_takes_out_is_skipped() -> None:
    assert next(parsed(RESULTS).iter("skipped")).attrib["message"].startswith("excused until 2026-11-24")
