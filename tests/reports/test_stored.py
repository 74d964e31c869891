"""Stored results read back: every kind of report is the same afterwards, and what is none is refused with its line."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netassist.assistant.answers import Step, answered
from netassist.observations import Report, schema_of
from netassist.reports.formats import NAMES, Results, rendered
from netassist.reports.json import encoded
from netassist.reports.refusal import refusal
from netassist.reports.stored import TYPES, BadResults, read, type_of
from netassist.toolbox import Call
from tests.reports.every import REPORTS, RESULTS
from tests.reports.samples import EXAMPLES, STAMP


class Gauge(Report, frozen=True, kw_only=True, tag="acme/gauge/1"):
    """A report of an added tool."""

    level: float
    places: dict[str, list[int]]


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: schema_of(report))
def test_a_report_is_the_same_when_it_is_read_back(report: Report) -> None:
    assert read(encoded(report), "x.json") == (report,)
    assert read(encoded(report, pretty=True), "x.json") == (report,)


def test_arrays_and_lines_keep_their_order() -> None:
    assert read(rendered("json", RESULTS), "x.json") == REPORTS
    assert read(rendered("jsonl", RESULTS), "x.jsonl") == REPORTS
    assert read(b"\n" + rendered("jsonl", RESULTS).replace(b"\n", b"\r\n\r\n"), "x.jsonl") == REPORTS


def test_every_type_of_report_is_known() -> None:
    def subclasses(kind: type[Report]) -> list[type[Report]]:
        return [found for each in kind.__subclasses__() for found in (each, *subclasses(each))]

    for name in TYPES:
        assert str(type_of(name).__struct_config__.tag) == name
    ours = {str(kind.__struct_config__.tag) for kind in subclasses(Report) if kind.__module__.startswith("netassist.")}
    assert {name for name in ours if name.startswith("netassist/")} <= set(TYPES)


def test_an_answer_is_its_steps_and_a_refused_step_is_an_error() -> None:
    good = EXAMPLES["ping_good"]
    steps = [
        Step(Call("ping", {"host": "shop.example"}), "ok", report=good),
        Step(Call("nmap_scan", {"target": "10.0.0.0/8"}), "refused", message="10.0.0.0/8: too large", refusal="out_of_scope"),
    ]
    first, second = read(encoded(answered("is it up?", steps, "testllm", "nano")), "answer.json")
    assert first == good
    assert second.error is not None
    assert (second.status, second.error.kind, second.error.message) == ("failed", "out_of_scope", "10.0.0.0/8: too large")
    assert second.started == good.started
    for name in NAMES:
        if name != "cbom":
            assert b"too large" in rendered(name, Results((first, second)))


def test_a_session_is_its_answers() -> None:
    answer = answered("?", [Step(Call("ping", {}), "ok", report=EXAMPLES["ping_good"])], "testllm", "nano")
    session = {"schema": "netassist/session/1", "id": "x", "exchanges": [{"answer": json.loads(encoded(answer))}] * 2}
    assert read(json.dumps(session).encode(), "session.json") == (EXAMPLES["ping_good"],) * 2


def test_the_report_of_an_added_tool_keeps_its_fields() -> None:
    gauge = Gauge(target="tank.example", level=0.5, places={"north": [1, 2]}, **STAMP)
    [back] = read(encoded(gauge), "x.json")
    assert json.loads(encoded(back)) == json.loads(encoded(gauge))
    assert b"0.5" in rendered("text", Results((back,)))
    assert b"tank.example" in rendered("html", Results((back,)))


def test_a_refusal_is_read_back() -> None:
    one = refusal("ping", "a.example", "denied", "a.example: denied")
    assert read(encoded(one), "x.json") == (one,)


def changed(**facts: Any) -> bytes:
    return json.dumps(json.loads(encoded(EXAMPLES["ping_good"])) | facts).encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "x.json:1: "),
        (b"[]", "x.json: holds no result"),
        (b"not json", "x.json:1: "),
        (b'{\n  "schema": "netassist/ping/1",\n  oops\n}', "x.json:3: "),
        (b"{}", "x.json: no result of netassist"),
        (b"[1]", "x.json: no result of netassist"),
        (changed(schema="netassist/ping/99"), "'netassist/ping/99' is no form of results"),
        (changed(schema="../x"), "'../x' is no form of results"),
        (changed(sent="four"), "no netassist/ping/1 report: Expected `int"),
        (changed(status="fine"), "$.status"),
        (encoded(EXAMPLES["ping_good"]) + b"\n{}", "x.json:2: no result of netassist"),
        (encoded(EXAMPLES["ping_good"]) + b"\n" + encoded(EXAMPLES["ping_good"])[:-9], "x.json:2: no JSON"),
        (b"[" * 100_000, "x.json"),
        (b'{"schema": "netassist/answer/1", "steps": [1]}', "steps is no list of objects"),
        (b'{"schema": "netassist/answer/1", "steps": [{"call": 1}]}', "no step of an answer"),
        (b'{"schema": "netassist/audit/1", "hosts": {}}', "hosts is no list of objects"),
    ],
)
def test_what_is_no_result_is_refused_with_its_place(data: bytes, said: str) -> None:
    with pytest.raises(BadResults) as refused:
        read(data, "x.json")
    assert said in str(refused.value)
    assert len(str(refused.value)) < 2000


def test_results_in_results_have_an_end() -> None:
    nested: dict[str, Any] = json.loads(encoded(EXAMPLES["ping_good"]))
    for _ in range(20):
        nested = {"schema": "netassist/answer/1", "steps": [{"report": nested}]}
    with pytest.raises(BadResults, match="deeper"):
        read(json.dumps(nested).encode(), "x.json")


FIELDS = st.sampled_from(["schema", "target", "hosts", "steps", "report", "reports", "exchanges"])
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from([*TYPES, "netassist/answer/1"])
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner))


@settings(deadline=None)
@given(JSON)
def test_no_json_does_more_than_be_refused(value: object) -> None:
    with pytest.raises(BadResults):
        read(json.dumps(value).encode(), "x.json")


@settings(deadline=None)
@given(st.sampled_from(REPORTS), st.integers(0, 40), st.none() | st.integers() | st.text(max_size=5) | st.just([{}]))
def test_a_damaged_report_is_refused_or_another_report(report: Report, at: int, value: object) -> None:
    held = json.loads(encoded(report))
    name = sorted(held)[at % len(held)]
    try:
        [back] = read(json.dumps(held | {name: value}).encode(), "x.json")
    except BadResults:
        return
    assert isinstance(back, msgspec.Struct)
