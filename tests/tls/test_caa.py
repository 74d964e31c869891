"""CAA records: the grammar of RFC 8659, and whom they let issue."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.observations import Failure
from netassist.tls.caa import Caa, caa, read_caa
from netassist.tls.published import Answer


def rdata(tag: str, value: str, flags: int = 0) -> bytes:
    return bytes((flags, len(tag))) + tag.encode() + value.encode()


def judged(*records: bytes) -> Caa:
    return caa(Answer("lab.test", records))


@pytest.mark.parametrize(
    ("value", "issuer", "parameters"),
    [
        ("ca.example", "ca.example", {}),
        ("  CA.Example  ", "ca.example", {}),
        (";", "", {}),
        ("", "", {}),
        ("ca1.example.net; account=230123", "ca1.example.net", {"account": "230123"}),
        ("ca.example;  accounturi=https://ca.example/acct/1 ;validationmethods=dns-01,http-01", "ca.example",
         {"accounturi": "https://ca.example/acct/1", "validationmethods": "dns-01,http-01"}),
        ("%%%%%", "", {}),
        ("ca.example accounturi=x", "", {}),
        ("ca.example; account", "", {}),
        ("-ca.example", "", {}),
        ("ca..example", "", {}),
    ],
)  # fmt: skip
def test_issue_values_are_read_by_the_grammar_and_what_breaks_it_names_nobody(
    value: str, issuer: str, parameters: dict[str, str]
) -> None:
    record = read_caa(rdata("issue", value))
    assert (record.tag, record.issuer, record.parameters) == ("issue", issuer, parameters)


@pytest.mark.parametrize(
    ("records", "permits", "wildcards"),
    [
        ([("issue", "a.test")], "named", "named"),
        ([("issue", ";")], "none", "none"),
        ([("issue", ";"), ("issue", "a.test")], "named", "named"),
        ([("issue", "a.test"), ("issuewild", ";")], "named", "none"),
        ([("issuewild", "a.test")], "any", "named"),
        ([("issue", ";"), ("issuewild", "b.test")], "none", "named"),
        ([("iodef", "mailto:pki@lab.test")], "any", "any"),
        ([("ISSUE", "a.test")], "named", "named"),
        ([("issue", "malformed value")], "none", "none"),
    ],
)
def test_whom_the_records_let_issue(records: list[tuple[str, str]], permits: str, wildcards: str) -> None:
    held = judged(*(rdata(tag, value) for tag, value in records))
    assert (held.verdict, held.permits, held.permits_wildcards) == ("present", permits, wildcards)


def test_names_are_told_apart_for_hosts_and_wildcards() -> None:
    held = judged(rdata("issue", "b.test"), rdata("issue", "a.test"), rdata("issuewild", "c.test"))
    assert (held.issuers, held.wildcard_issuers) == (("a.test", "b.test"), ("c.test",))


def test_a_critical_property_that_is_not_known_leaves_the_answer_open() -> None:
    held = judged(rdata("issue", "a.test"), rdata("tbs", "Unknown", 128))
    assert (held.permits, held.permits_wildcards, held.records[1].critical) == (None, None, True)
    assert held.detail is not None
    assert "tbs" in held.detail
    assert judged(rdata("issue", "a.test", 128)).permits == "named", "known ones may be critical"
    assert judged(rdata("issue", "a.test"), rdata("tbs", "Unknown")).permits == "named"


def test_absent_and_unknown_are_two_things() -> None:
    assert (judged().verdict, judged().permits) == ("absent", "any")
    unknown = caa(Answer("lab.test", failure=Failure("timeout", "no answer")))
    assert (unknown.verdict, unknown.permits, unknown.detail) == ("unknown", None, "no answer")


@given(st.binary(max_size=300))
def test_any_bytes_are_some_record(raw: bytes) -> None:
    record = read_caa(raw)
    texts = (record.tag, record.value, record.issuer or "", *record.parameters, *record.parameters.values())
    assert not [char for char in "".join(texts) if unicodedata.category(char).startswith("C")]
