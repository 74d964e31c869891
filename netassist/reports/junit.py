"""Results as JUnit XML: a suite a host, a case for each check of it and each family of rules that found something.

A check that could not be made is an ``error``, never a pass; findings are a ``failure``, notes stand in ``system-out``,
and what an exception takes out is ``skipped``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from netassist.audit.security_audit import Excused
from netassist.observations import Report
from netassist.reports.changes import excused_of
from netassist.reports.formats import Results
from netassist.reports.located import Located, Place, located, parts, place_of, probe_of
from netassist.reports.text.finding import problems
from netassist.untrusted import as_text

MOST = 8000
"""Characters of one text."""


class _Case(NamedTuple):
    """`outcome` is None for a pass, else the element that tells what happened, its type and its message."""

    place: Place
    name: str
    seconds: float = 0.0
    outcome: tuple[str, str, str] | None = None
    findings: Sequence[Located] = ()


def render(results: Results) -> bytes:
    hosts: dict[str, list[_Case]] = {}
    began: dict[str, Report] = {}
    for report in parts(results.reports):
        began.setdefault(place_of(report).host, report)
        hosts.setdefault(place_of(report).host, []).append(_measured(report))
    for case in _families(located(results.reports)):
        hosts.setdefault(case.place.host, []).append(case)
    for excused in excused_of(results.reports):
        hosts.setdefault(excused.host, []).append(_excused(excused))
    root = Element("testsuites", {"name": "netassist", **_counts([case for cases in hosts.values() for case in cases])})
    for host, cases in hosts.items():
        stamp = {"timestamp": f"{began[host].started:%Y-%m-%dT%H:%M:%S}"} if host in began else {}
        suite = SubElement(root, "testsuite", {"name": _text(host), **stamp, **_counts(cases)})
        for case in cases:
            _write(suite, case)
    indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode").encode() + b"\n"


def _measured(report: Report) -> _Case:
    outcome = None
    if report.status != "ok":
        why = report.error.message if report.error else "not everything could be measured"
        kind = report.error.kind if report.error else report.status
        outcome = ("error", kind, why if report.status == "failed" else f"incomplete: {why}")
    return _Case(place_of(report), probe_of(report), report.duration_s, outcome)


def _families(found: Sequence[Located]) -> Iterator[_Case]:
    """A case for each place and family of rules (``tls`` of ``tls.rc4``)."""
    grouped: dict[tuple[Place, str], list[Located]] = {}
    for each in found:
        grouped.setdefault((each.place, each.finding.id.split(".")[0]), []).append(each)
    for (place, family), findings in grouped.items():
        severe = [each.finding for each in findings if each.finding.severity != "info"]
        outcome = ("failure", severe[0].severity, problems(severe)) if severe else None
        yield _Case(place, f"rules {family}", outcome=outcome, findings=findings)


def _excused(held: Excused) -> _Case:
    reason = f"excused until {held.expires}: {held.title}: {held.reason}"
    return _Case(Place(held.host, held.port), f"rule {held.id}", outcome=("skipped", held.severity, reason))


def _write(suite: Element, case: _Case) -> None:
    place = _text(str(case.place))
    element = SubElement(suite, "testcase", {"classname": place, "name": _text(case.name), "time": f"{case.seconds:.3f}"})
    told = {"info": [each for each in case.findings if each.finding.severity == "info"]}
    told["failure"] = [each for each in case.findings if each.finding.severity != "info"]
    if case.outcome is not None:
        tag, kind, message = case.outcome
        outcome = SubElement(element, tag, {"type": _text(kind), "message": _text(message)})
        outcome.text = "\n".join(map(_told, told["failure"])) or _text(message)
    if told["info"]:
        SubElement(element, "system-out").text = "\n".join(map(_told, told["info"]))


def _told(each: Located) -> str:
    finding = each.finding
    said = f"{finding.severity}: {finding.title} [{finding.id}] at {each.place}: {finding.evidence}. Fix: {finding.fix}"
    return _text(said)


def _counts(cases: Sequence[_Case]) -> dict[str, str]:
    kinds = [case.outcome[0] for case in cases if case.outcome]
    seconds = sum(case.seconds for case in cases)
    return {
        "tests": str(len(cases)), "failures": str(kinds.count("failure")), "errors": str(kinds.count("error")),
        "skipped": str(kinds.count("skipped")), "time": f"{seconds:.3f}",
    }  # fmt: skip


def _text(text: str) -> str:
    """Nothing that XML 1.0 does not allow is left."""
    return as_text(text, MOST)
