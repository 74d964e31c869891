"""BFCL's rules, one case each, in cases of our own; the published checker gives the same verdicts (`test_bfcl_agreement.py`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.evaluation.ast_checker import fault
from netassist.evaluation.function_docs import Called, Function, Truth

CASES = [json.loads(line) for line in (Path(__file__).parent / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()]


def value(stored: object) -> object:
    """A stored value; JSON has no tuples."""
    return tuple(stored["tuple"]) if isinstance(stored, dict) and list(stored) == ["tuple"] else stored


def calls_of(case: Mapping[str, object]) -> list[Called]:
    calls = msgspec.convert(case["calls"], list[tuple[str, dict[str, object]]])
    return [Called(name, {key: value(one) for key, one in arguments.items()}) for name, arguments in calls]


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_each_rule(case: dict[str, object]) -> None:
    functions = msgspec.convert(case["functions"], list[Function])
    truth = msgspec.convert(case["truth"], list[Truth])
    wrong = fault(str(case["category"]), functions, calls_of(case), truth, underscores=bool(case.get("underscores")))
    assert (wrong is None) is case["right"], wrong


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3) | st.tuples(inner),
    max_leaves=8,
)
kinds = st.sampled_from(["string", "integer", "float", "boolean", "array", "tuple", "dict", "any"])


@given(kinds, kinds, values, st.lists(values, max_size=3))
def test_whatever_is_called_there_is_a_verdict(kind: str, inner: str, written: object, accepted: list[object]) -> None:
    document = {"name": "f", "parameters": {"required": [], "properties": {"a": {"type": kind, "items": {"type": inner}}}}}
    verdict = fault("simple", [msgspec.convert(document, Function)], [Called("f", {"a": written})], [{"f": {"a": accepted}}])
    assert verdict is None or verdict.startswith("f: a")
