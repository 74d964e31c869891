"""The stream's reading, without any socket: however the bytes are cut, and whatever they hold."""

from __future__ import annotations

import contextlib
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.backends.event_stream import MOST_CALLS, BadReply, Events, Reply, ServerFault, fault_in
from netassist.backends.planning import Usage

STREAM = (
    b": a comment\r\n\r\n"
    b'data: {"choices": [{"index": 0, "delta": {"content": "a\xc3\xa4"}}]}\r\n\r\n'
    b"event: message\n"
    b'data: {"choices": [{"index": 0, "delta":\n'
    b'data: {"tool_calls": [{"index": 1, "id": "b", "function": {"name": "ping", "arguments": "{\\"ho"}}]}}]}\n\n'
    b'data:{"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"name": "tcp_check"}}]}}]}\n\n'
    b'data: {"choices": [{"delta": {"tool_calls": [{"index": 1, "function": {"arguments": "st\\": 1}"}}]}}]}\n\n'
    b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'
    b'data: {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}\n\n'
    b'data: {"choices": []}'
)


def read(parts: list[bytes]) -> Reply:
    events, reply = Events(), Reply()
    for part in parts:
        for data in events.feed(part):
            reply.take(data)
    for data in events.end():
        reply.take(data)
    return reply


@given(st.lists(st.integers(0, len(STREAM)), max_size=20).map(sorted))
def test_however_the_stream_is_cut_it_says_the_same(cuts: list[int]) -> None:
    edges = [0, *cuts, len(STREAM)]
    reply = read([STREAM[start:end] for start, end in pairwise(edges)])
    assert (reply.text, reply.finished, reply.usage) == ("aä", "stop", Usage(7, 2))
    assert [(call.name, call.arguments) for call in reply.calls] == [("ping", '{"host": 1}'), ("tcp_check", "")]


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_any_bytes_are_read_or_refused(parts: list[bytes]) -> None:
    with contextlib.suppress(BadReply, ServerFault):
        read(parts)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["choices", "delta", "tool_calls", "index", "function", "usage", "error"]), inner)
        ),
        max_leaves=20,
    )
)
def test_any_json_is_read_or_refused(value: object) -> None:
    with contextlib.suppress(BadReply, ServerFault):
        Reply().take(json.dumps(value).encode("utf-8", "replace"))


@pytest.mark.parametrize("usage", ['{"prompt_tokens": -5}', '{"prompt_tokens": 1e30}', '"many"', "null", "{}", "[]"])
def test_a_count_that_is_none_is_none(usage: str) -> None:
    reply = Reply()
    reply.take(f'{{"choices": [], "usage": {usage}}}'.encode())
    assert reply.usage is None


def test_calls_without_an_index_are_calls_of_their_own() -> None:
    reply = Reply()
    for host in ("a", "b"):
        call = {"function": {"name": "ping", "arguments": {"host": host}}}
        reply.take(json.dumps({"choices": [{"delta": {"tool_calls": [call]}}]}).encode())
    assert [call.arguments for call in reply.calls] == ['{"host":"a"}', '{"host":"b"}']


def test_calls_are_counted() -> None:
    call = {"function": {"name": "ping"}}
    with pytest.raises(BadReply, match=f"more than {MOST_CALLS}"):
        Reply().take(json.dumps({"choices": [{"delta": {"tool_calls": [call] * (MOST_CALLS + 1)}}]}).encode())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"message": "no", "code": "bad"}}', "no (bad)"),
        (b'{"error": {"message": "no", "code": 400}}', "no"),
        (b'{"error": "no"}', "no"),
        (b'{"object": "error", "message": "no"}', "no"),
        (b'{"detail": "no"}', "no"),
        (b"<html>", ""),
        (b"", ""),
        (b"[" * 5000, ""),
    ],
)
def test_errors_of_several_forms_are_read(body: bytes, said: str) -> None:
    assert fault_in(body) == said
