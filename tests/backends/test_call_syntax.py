"""Calls as Hermes, Llama and Mistral write them: what is admitted, and what is read."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.backends.available_tools import Malformed, admitted
from netassist.backends.call_syntax import HERMES, LLAMA, MISTRAL, MISTRAL_ARGS, Syntax, grammar, read, spelled, syntax_of
from netassist.backends.planning import Exchange, Plan
from netassist.llama.matching import start
from netassist.toolbox import Call, tools
from tests.backends.templates import CHATML
from tests.backends.templates import LLAMA as LLAMA_SHAPE
from tests.backends.templates import MISTRAL as MISTRAL_SHAPE
from tests.backends.templates import QWEN as QWEN_SHAPE
from tests.backends.test_available_tools import admits

EVERY = list(tools().values())
SYNTAXES = [HERMES, LLAMA, MISTRAL, MISTRAL_ARGS]
CALLS = (
    Call("ping", {"host": "db1.example.org", "count": 3}),
    Call("agent_list"),
    Call("monitor_edit", {"host": "db1.example.org", "enabled": False}),
)


def text_of(syntax: Syntax, *calls: Call) -> str:
    return "".join(segment.text for segment in spelled(syntax, calls))


def admitted_by(syntax: Syntax, text: str) -> bool:
    values = admitted("ping it 3 times", [Exchange("I have db1.example.org")], {})
    return admits(start(grammar(syntax, EVERY, values)), text)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_what_is_spelled_is_admitted_and_read_back(syntax: Syntax) -> None:
    for calls in (CALLS[:1], CALLS):
        text = text_of(syntax, *calls)
        assert admitted_by(syntax, text), text
        assert read(syntax, text) == Plan("call", calls)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_only_what_was_named_is_admitted(syntax: Syntax) -> None:
    assert admitted_by(syntax, "Which server do you mean?")
    assert not admitted_by(syntax, text_of(syntax, Call("ping", {"host": "db2.example.org"})))
    assert not admitted_by(syntax, text_of(syntax, Call("ping", {"count": 3})))
    assert not admitted_by(syntax, text_of(syntax, Call("ping", {"host": "db1.example.org", "count": 4})))
    assert not admitted_by(syntax, text_of(syntax, Call("shell", {"command": "id"})))
    assert not admitted_by(syntax, text_of(syntax, CALLS[0]) + " and more")


UP = Call("ping", {"host": "192.0.2.1"})


@pytest.mark.parametrize(
    ("syntax", "text"),
    [
        (HERMES, '<tool_call>{"name": "ping", "arguments": {"host": "192.0.2.1"}}</tool_call>'),
        (
            HERMES,
            '<think>\nhm\n</think>\n\n<tool_call>\n{"name": "ping", "arguments": "{\\"host\\": \\"192.0.2.1\\"}"}\n</tool_call>',
        ),
        (LLAMA, '{"name": "ping", "parameters": {"host": "192.0.2.1"}}'),
        (LLAMA, '{"type": "function", "name": "ping", "parameters": {"host": "192.0.2.1"}}'),
        (LLAMA, '{"type": "function", "function": {"name": "ping", "parameters": {"host": "192.0.2.1"}}}'),
        (MISTRAL, '[TOOL_CALLS] [{"name": "ping", "arguments": {"host": "192.0.2.1"}, "id": "abcdefghi"}]'),
        (MISTRAL_ARGS, '[TOOL_CALLS]ping[ARGS]{"host": "192.0.2.1"}'),
        (MISTRAL_ARGS, '[TOOL_CALLS]ping[CALL_ID]abcdefghi[ARGS]{"host": "192.0.2.1"}'),
    ],
)
def test_other_spellings_of_the_family_are_read(syntax: Syntax, text: str) -> None:
    assert read(syntax, text) == Plan("call", (UP,))


@pytest.mark.parametrize(
    ("syntax", "text"),
    [
        (HERMES, '<tool_call>\n{"name": "ping"'),
        (HERMES, "<tool_call>" + "[" * 500),
        (LLAMA, '{"name": "ping", "parameters": {"host": ["a"]}}'),
        (LLAMA, '{"parameters": {}}'),
        (LLAMA, "{" * 500),
        (MISTRAL, "[TOOL_CALLS][1]"),
        (MISTRAL_ARGS, "[TOOL_CALLS]ping[ARGS]rm -rf"),
    ],
)
def test_anything_else_is_malformed(syntax: Syntax, text: str) -> None:
    with pytest.raises(Malformed):
        read(syntax, text)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_answers_in_words(syntax: Syntax) -> None:
    assert read(syntax, "Which host?") == Plan("clarify", text="Which host?")
    assert read(syntax, "I write no poems.") == Plan("no_call", text="I write no poems.")


@given(st.text(st.characters(), max_size=60))
def test_whatever_a_model_writes_is_read_or_malformed(text: str) -> None:
    for syntax in SYNTAXES:
        for whole in (text, f"{syntax.begin}{text}", f"{syntax.begin}{syntax.before}ping{syntax.after}{text}"):
            with contextlib.suppress(Malformed):
                assert read(syntax, whole).outcome in ("call", "no_call", "clarify")


def test_the_syntax_is_that_of_the_template() -> None:
    assert [syntax_of(shape.template) for shape in (QWEN_SHAPE, LLAMA_SHAPE, MISTRAL_SHAPE, CHATML)] == [
        HERMES,
        LLAMA,
        MISTRAL,
        None,
    ]
    assert syntax_of("[TOOL_CALLS]{{ name }}[ARGS]{{ arguments }}") == MISTRAL_ARGS
    assert syntax_of("<tool_call>\n<function=name><parameter=x>") is None
