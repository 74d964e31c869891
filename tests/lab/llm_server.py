"""A chat completion server on loopback that speaks OpenAI's protocol on a real socket, and knows every way to misbehave."""

from __future__ import annotations

import contextlib
import gzip
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from tests.lab.web import Handler, web_server

Fault = Literal[
    "slow_first_byte",  # takes the request and says nothing
    "stall",  # falls silent in the middle of the stream
    "cut",  # closes the connection in the middle of the stream
    "malformed_json",
    "wrong_content_type",
    "huge",  # a reply that does not end
    "huge_line",
    "drip",  # a comment every moment, and never an answer
    "error_in_stream",
    "compressed",
    "no_end",  # closed in good order, but without a finish_reason
]


class Wanted(NamedTuple):
    """A tool call that the server's model makes."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Turn:
    """What one request gets. `status` other than 200 gets `error` as OpenAI's error object; some faults tell it too.

    `pieces`: into how many chunks a call's arguments are cut. `usage` is left out where None. `whole`: no stream, but one JSON
    object. `finish` is the finish_reason; by default what fits. `raw_arguments` stands for the arguments of every call.
    `held`: in its middle the stream waits for that.
    """

    text: str = ""
    calls: Sequence[Wanted] = ()
    status: int = 200
    error: str = ""
    code: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    usage: tuple[int, int] | None = (1000, 50)
    pieces: int = 3
    whole: bool = False
    fault: Fault | None = None
    finish: str | None = None
    raw_arguments: str | None = None
    thought: str = ""
    held: threading.Event | None = None


class Asked(NamedTuple):
    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def said(self) -> str:
        """All that was sent, as text."""
        return json.dumps(self.body, ensure_ascii=False)

    def last(self) -> str:
        return str(self.body["messages"][-1]["content"])


@dataclass
class Llm:
    """`turns` are what the next requests get; after them, what `model` makes of each, or `otherwise`.

    `key`: what the Authorization header has to hold. `has_tools`: False answers as Ollama does to a model without. `refuses`:
    parameters that are not known. `room`: the most messages that fit. `came` is set by the first request.
    """

    turns: list[Turn] = field(default_factory=list)
    otherwise: Turn = field(default_factory=lambda: Turn("Hello."))
    model: Callable[[Asked], Turn] | None = None
    key: str | None = field(default=None, repr=False)
    has_tools: bool = True
    refuses: tuple[str, ...] = ()
    room: int | None = None
    asked: list[Asked] = field(default_factory=list, repr=False)
    came: threading.Event = field(default_factory=threading.Event)
    url: str = ""


@contextlib.contextmanager
def llm_server(served: Llm, context: ssl.SSLContext | None = None, port: int = 0) -> Iterator[Llm]:
    """Serves until the block ends; `served.url` is the base URL. Over TLS where a server context is given."""
    closing = threading.Event()

    class Chat(Handler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            served.asked.append(Asked(self.path, headers, body))
            served.came.set()
            if self.path != "/v1/chat/completions":
                self._error(Turn(status=404, error="no such address"))
            elif refusal := _refusal(served, headers, body):
                self._error(refusal)
            else:
                asked = served.asked[-1]
                self._answer(served.turns.pop(0) if served.turns else served.model(asked) if served.model else served.otherwise)

        def _answer(self, turn: Turn) -> None:
            if turn.fault == "slow_first_byte":
                closing.wait()
                self.close_connection = True
            elif turn.status != 200:
                self._error(turn)
            elif turn.whole:
                self._sent(200, {"Content-Type": "application/json"}, json.dumps(_whole(turn)).encode())
            else:
                self._stream(turn)

        def _stream(self, turn: Turn) -> None:
            self.send_response_only(200)
            kind = turn.error or "text/html" if turn.fault == "wrong_content_type" else "text/event-stream; charset=utf-8"
            for name, value in (("Content-Type", kind), ("Transfer-Encoding", "chunked"), *turn.headers):
                self.send_header(name, value)
            if turn.fault == "compressed":
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            events = [json.dumps(chunk) for chunk in _chunks(turn)]
            if turn.fault == "malformed_json":
                events[len(events) // 2] = '{"choices": [{"delta": '
            if turn.fault == "error_in_stream":
                error = {"message": turn.error or "out of memory", "type": "server_error"}
                events[len(events) // 2 :] = [json.dumps({"error": error})]
            middle = len(events) // 2
            for place, event in enumerate([*events, "[DONE]"]):
                if place == middle and self._misbehaved(turn.fault):
                    return
                while place == middle and turn.held is not None and not closing.is_set() and not turn.held.wait(0.02):
                    pass
                if turn.fault == "no_end" and '"finish_reason": null' not in event:
                    continue
                self._chunk(f"data: {event}\n\n".encode())
            self.wfile.write(b"0\r\n\r\n")

        def _misbehaved(self, fault: Fault | None) -> bool:
            """Whether the stream ends here."""
            self.close_connection = fault is not None
            if fault == "cut":
                return True
            if fault == "stall":
                closing.wait()
                return True
            if fault == "drip":
                while not closing.wait(0.02):
                    self._chunk(b": still thinking\n\n")
                return True
            if fault in ("huge", "huge_line"):
                piece = json.dumps({"choices": [{"index": 0, "delta": {"content": "x" * 60_000}}]}).encode()
                event = b"x" * 60_000 if fault == "huge_line" else b"data: " + piece + b"\n\n"
                while not closing.is_set():
                    self._chunk(event)
                return True
            if fault == "compressed":
                self._chunk(gzip.compress(b"data: [DONE]\n\n"))
            return False

        def _chunk(self, data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

        def _error(self, turn: Turn) -> None:
            error = {"message": turn.error, "type": "invalid_request_error", "param": None, "code": turn.code}
            headers = {"Content-Type": "application/json", **dict(turn.headers)}
            self._sent(turn.status, headers, json.dumps({"error": error}).encode())

        def _sent(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    Chat.context = context
    with web_server(Chat, ("127.0.0.1", port)) as taken:
        served.url = f"{'http' if context is None else 'https'}://127.0.0.1:{taken}/v1"
        try:
            yield served
        finally:
            closing.set()


def _refusal(served: Llm, headers: dict[str, str], body: dict[str, Any]) -> Turn | None:
    """What is wrong with a request before any model sees it."""
    if served.key is not None and headers.get("authorization") != f"Bearer {served.key}":
        given = headers.get("authorization", "nothing")
        return Turn(status=401, error=f"Incorrect API key provided: {given}.", code="invalid_api_key")
    if not served.has_tools and "tools" in body:
        return Turn(status=400, error=f"{body['model']} does not support tools")
    for name in served.refuses:
        if name in body:
            return Turn(status=400, error=f"Unsupported parameter: '{name}' is not supported with this model.")
    if served.room is not None and len(body["messages"]) > served.room:
        return Turn(status=400, error="This model's maximum context length is 8192 tokens.", code="context_length_exceeded")
    return None


def _chunks(turn: Turn) -> Iterator[dict[str, Any]]:
    yield _chunk({"role": "assistant", "content": ""})
    if turn.thought:
        yield _chunk({"reasoning_content": turn.thought})
    for word in turn.text.split(" ") if turn.text else ():
        yield _chunk({"content": word if word == turn.text.split(" ")[0] else f" {word}"})
    for number, call in enumerate(turn.calls):
        arguments = _arguments(turn, call)
        head = {"index": number, "id": f"call_{number}", "type": "function", "function": {"name": call.name, "arguments": ""}}
        yield _chunk({"tool_calls": [head]})
        size = max(1, -(-len(arguments) // turn.pieces))
        for place in range(0, len(arguments), size):
            yield _chunk({"tool_calls": [{"index": number, "function": {"arguments": arguments[place : place + size]}}]})
    yield _chunk({}, turn.finish or ("tool_calls" if turn.calls else "stop"))
    if turn.usage is not None:
        yield {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [], "usage": _usage(turn.usage)}


def _chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "lab",
        "choices": [choice],
        "usage": None,
    }


def _whole(turn: Turn) -> dict[str, Any]:
    calls = [
        {"id": f"call_{number}", "type": "function", "function": {"name": call.name, "arguments": _arguments(turn, call)}}
        for number, call in enumerate(turn.calls)
    ]
    message = {"role": "assistant", "content": turn.text or None, **({"tool_calls": calls} if calls else {})}
    choice = {"index": 0, "message": message, "finish_reason": turn.finish or ("tool_calls" if calls else "stop")}
    usage = {"usage": _usage(turn.usage)} if turn.usage is not None else {}
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "lab", "choices": [choice], **usage}


def _arguments(turn: Turn, call: Wanted) -> str:
    return turn.raw_arguments if turn.raw_arguments is not None else json.dumps(call.arguments)


def _usage(usage: tuple[int, int]) -> dict[str, int]:
    return {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
