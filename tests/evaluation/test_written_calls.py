"""What a model writes, read as calls; nothing that it writes is run."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.evaluation.function_docs import Called
from netassist.evaluation.written_calls import Unreadable, read


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("<TOOLCALL>[f(a=1)]</TOOLCALL>", [Called("f", {"a": 1})]),
        ("<TOOLCALL>f(a=1), g()</TOOLCALL>", [Called("f", {"a": 1}), Called("g", {})]),
        ("Sure: <TOOLCALL>[a.b.c(x=[1, {'k': (True, None)}], y=-2.5)]</TOOLCALL>.",
         [Called("a.b.c", {"x": [1, {"k": (True, None)}], "y": -2.5})]),
        ('<TOOLCALL>[{"name": "a.b", "arguments": {"x": [1.5, {"y": null}]}}]</TOOLCALL>',
         [Called("a.b", {"x": [1.5, {"y": None}]})]),
        ("<think>perhaps <TOOLCALL>[no()]</TOOLCALL></think><TOOLCALL>[yes()]</TOOLCALL>", [Called("yes", {})]),
        ("<TOOLCALL>[f(a=name, b=2*3, c=+5, d=g(1), e=h(x=1), f=i[0])]</TOOLCALL>",
         [Called("f", {"a": "name", "b": 6, "c": 5, "d": "g(1)", "e": {"h": {"x": 1}}, "f": "i[0]"})]),
        ("<TOOLCALL>[f(**{'a': 1})]</TOOLCALL>", [Called("f", {"**": {"a": 1}})]),
        ("<TOOLCALL>[]</TOOLCALL>", []),
        ("<TOOLCALL>[f(a=1)]", []),
        ("None of the tools does that.", []),
    ],
)  # fmt: skip
def test_both_forms_are_read(text: str, calls: list[Called]) -> None:
    assert read(text) == calls


@pytest.mark.parametrize(
    "inside",
    [
        "[f(a=", "[f(a=b.c)]", "hello", "[f(a=lambda: 1)]", "[f(a={**b})]", "[f(a={[1]: 2})]", "[f(a=1/0)]", "[f(a=9**9**9)]",
        "[f(a='x'*10**9)]", "[f(a=10**7)]", "[f(a=\x00)]", "(" * 5000, "[f(a=" + "-" * 9000 + "1)]", "[{", '[{"arguments": {}}]',
        '[{"name": "f", "arguments": [1]}]', "[{" * 4000, "[f(a=[i for i in range(9)])]",
    ],
)  # fmt: skip
def test_anything_else_cannot_be_read(inside: str) -> None:
    with pytest.raises(Unreadable):
        read(f"<TOOLCALL>{inside}</TOOLCALL>")


@given(st.text(st.characters(), max_size=60))
def test_whatever_a_model_writes_is_read_or_not(text: str) -> None:
    for whole in (
        text,
        f"<TOOLCALL>{text}</TOOLCALL>",
        f"<TOOLCALL>[f(a={text})]</TOOLCALL>",
        f'<TOOLCALL>[{{"name": {text}}}]</TOOLCALL>',
    ):
        with contextlib.suppress(Unreadable):
            assert all(isinstance(call.name, str) for call in read(whole))
