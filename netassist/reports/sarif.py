"""Results as SARIF 2.1.0 (OASIS), as code-scanning views take it: a rule an id, a result a finding at one place.

Servers are no files: a result stands at the relative URI ``netassist/HOST/PORT``, line 1, and at the logical location
``HOST:PORT``. What could not be measured is a notification of the invocation, which then was not successful; what an exception
takes out is there, suppressed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote

import msgspec

from netassist import __version__
from netassist.audit.security_audit import Excused, Noted
from netassist.observations import SEVERITIES, Finding, Report, Severity
from netassist.reports.changes import changes_of, excused_of
from netassist.reports.formats import Results
from netassist.reports.links import is_link
from netassist.reports.located import Located, Place, fingerprint, key_of, located, parts, place_of, probe_of
from netassist.reports.markdown import plain
from netassist.untrusted import as_text

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "netassist/v1"
HOME = "https://github.com/netassist/netassist"
MOST = 8000
"""Characters of one text."""
_LEVELS: Mapping[Severity, str] = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
_SCORES: Mapping[Severity, str] = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0", "info": "0.0"}
"""GitHub takes 9.0 and above for critical, 7.0 for high, 4.0 for medium, and above 0.0 for low."""

_Json = dict[str, object]
_Baseline = Literal["new", "unchanged"]


def render(results: Results) -> bytes:
    found, changes = located(results.reports), results.changes or changes_of(results.reports)
    new = {_key(each) for each in changes.new} if changes else frozenset()
    rules = _rules([each.finding for each in found])
    index = {rule: number for number, rule in enumerate(rules)}
    shown = [
        _result(each, index[each.finding.id], None if changes is None else "new" if each.key[:3] in new else "unchanged")
        for each in found
    ]
    shown += [_noted(each, {"baselineState": "absent"}) for each in (changes.gone if changes else ())]
    shown += [_noted(each, {"suppressions": [_suppression(each)]}) for each in excused_of(results.reports)]
    run: _Json = {
        "tool": {
            "driver": {
                "name": "netassist",
                "version": __version__,
                "informationUri": HOME,
                "rules": [_rule(finding) for finding in rules.values()],
            }
        },
        "automationDetails": {"id": "netassist/"},
        "invocations": [_invocation(results.reports)],
        "results": shown,
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2) + b"\n"


def _rules(findings: Sequence[Finding]) -> dict[str, Finding]:
    """A finding for each id, that of the worst severity."""
    rules: dict[str, Finding] = {}
    for finding in sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)):
        rules.setdefault(finding.id, finding)
    return rules


def _rule(finding: Finding) -> _Json:
    help_text = f"{_text(finding.detail)} {_text(finding.fix)}".strip()
    links = [reference for reference in finding.references if is_link(reference)]
    markdown = "\n".join(f"- <{link}>" for link in links)
    rule: _Json = {
        "id": _text(finding.id),
        "name": "".join(word.capitalize() for word in _text(finding.id).replace(".", "_").split("_")),
        "shortDescription": {"text": _text(finding.title)},
        "fullDescription": {"text": _text(finding.detail) or _text(finding.title)},
        "help": {"text": help_text or _text(finding.title), "markdown": f"{plain(help_text)}\n\n{markdown}".strip() or "-"},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": {
            "tags": ["security", _text(finding.id.split(".")[0])],
            "security-severity": _SCORES[finding.severity],
        },
    }
    return {**rule, "helpUri": links[0]} if links else rule


def _result(each: Located, rule_index: int, state: _Baseline | None) -> _Json:
    finding = each.finding
    message = f"{_text(finding.title)} at {_text(str(each.place))}: {_text(finding.evidence)}"
    result: _Json = {
        "ruleId": _text(finding.id),
        "ruleIndex": rule_index,
        "level": _LEVELS[finding.severity],
        "message": {"text": message},
        "locations": [_location(each.place)],
        "partialFingerprints": {FINGERPRINT: fingerprint(each.key)},
        "properties": {"severity": finding.severity, "check": _text(probe_of(each.report)), "fix": _text(finding.fix)},
    }
    return {**result, "baselineState": state} if state else result


def _noted(each: Noted, more: _Json) -> _Json:
    """A finding of which an audit keeps its place and title only."""
    place = Place(each.host, each.port)
    result: _Json = {
        "ruleId": _text(each.id),
        "level": _LEVELS[each.severity],
        "message": {"text": f"{_text(each.title)} at {_text(str(place))}"},
        "locations": [_location(place)],
        "partialFingerprints": {FINGERPRINT: fingerprint(key_of(each.id, each.host, each.port))},
        "properties": {"severity": each.severity},
    }
    return {**result, **more}


def _suppression(each: Excused) -> _Json:
    return {"kind": "external", "status": "accepted", "justification": f"{_text(each.reason)} (until {each.expires})"}


def _key(each: Noted) -> tuple[str, str, int | None]:
    return each.id, each.host.lower(), each.port


def _location(place: Place) -> _Json:
    host, name = _text(place.host), _text(str(place))
    uri = "/".join(("netassist", quote(host, safe="") or "-", *([str(place.port)] if place.port is not None else ())))
    return {
        "physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}},
        "logicalLocations": [{"name": host, "fullyQualifiedName": name, "kind": "resource"}],
    }


def _invocation(reports: Sequence[Report]) -> _Json:
    every = list(parts(reports))
    incomplete = [report for report in every if report.status != "ok"]
    invocation: _Json = {
        "executionSuccessful": not incomplete and all(report.status == "ok" for report in reports),
        "toolExecutionNotifications": [_notification(report) for report in incomplete],
    }
    if every:
        invocation["startTimeUtc"] = _time(min(report.started for report in every))
        invocation["endTimeUtc"] = _time(max(report.started + timedelta(seconds=report.duration_s) for report in every))
    return invocation


def _notification(report: Report) -> _Json:
    failed = report.status == "failed"
    said = report.error.message if report.error else "not everything could be measured"
    return {
        "level": "error" if failed else "warning",
        "message": {"text": f"{_text(probe_of(report))} of {_text(str(place_of(report)))}: {_text(said)}"},
        "descriptor": {"id": report.error.kind if report.error else report.status},
        "locations": [_location(place_of(report))],
        "timeUtc": _time(report.started),
    }


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _text(text: str) -> str:
    return as_text(text, MOST)
