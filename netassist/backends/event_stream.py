"""Reading a chat completion as it arrives: server-sent events, tool calls in pieces, and what was counted.

Events are those of the HTML standard, section 9.2; their data are OpenAI's chat completion chunks. No I/O in here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

from netassist.backends.planning import Usage

MOST_CALLS = 64
MOST_LINE = 2 * 2**20
"""Bytes of one line."""
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**40)]


class BadReply(ValueError):
    """What arrived is no chat completion; the message says why."""


class ServerFault(ValueError):
    """The server reports a fault in place of the rest of its answer; the message is its own."""


class WrittenCall(msgspec.Struct):
    """A tool call as the model wrote it: `arguments` are JSON, if it wrote any."""

    id: str = ""
    name: str = ""
    arguments: str = ""


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | dict[str, object] | None = None


class _Piece(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct):
    content: str | None = None
    tool_calls: list[_Piece] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    delta: _Delta | None = None
    message: _Delta | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: _Count = 0
    completion_tokens: _Count = 0


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()


class Reply:
    """One completion, filled piece by piece. `usage` is None where the server did not count.

    `sent`: the request reached a server that did not refuse it, so that it may cost something.
    """

    def __init__(self) -> None:
        self.sent = False
        self.calls: list[WrittenCall] = []
        self.usage: Usage | None = None
        self.finished: str | None = None
        self.ended = False
        self._text: list[str] = []
        self._thought: list[str] = []
        self._by_index: dict[int, WrittenCall] = {}

    @property
    def text(self) -> str:
        return "".join(self._text)

    @property
    def thought(self) -> str:
        return "".join(self._thought)

    @property
    def written(self) -> int:
        """Characters so far, of text, thought and calls."""
        calls = sum(len(call.name) + len(call.arguments) for call in self.calls)
        return sum(map(len, self._text)) + sum(map(len, self._thought)) + calls

    def take(self, data: bytes) -> None:
        """One event's data, or a whole completion. Raises BadReply, ServerFault."""
        try:
            chunk = msgspec.json.decode(data, type=_Chunk)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise BadReply(str(error)) from None
        if bytes(chunk.error) not in (b"", b"null"):
            raise ServerFault(fault_in(data))
        if usage := bytes(chunk.usage):
            self._count(usage)
        for choice in chunk.choices or ():
            if choice.index == 0:
                self._add(choice.delta or choice.message or _Delta())
                self.finished = choice.finish_reason or self.finished

    def _count(self, usage: bytes) -> None:
        try:
            counted = msgspec.json.decode(usage, type=_Usage | None)
        except msgspec.DecodeError:
            return
        if counted is not None and (counted.prompt_tokens or counted.completion_tokens):
            self.usage = Usage(counted.prompt_tokens, counted.completion_tokens)

    def _add(self, delta: _Delta) -> None:
        self._text += filter(None, (delta.content, delta.refusal))
        self._thought += filter(None, (delta.reasoning_content or delta.reasoning,))
        for piece in delta.tool_calls or ():
            call = self._call(piece)
            call.id = call.id or piece.id or ""
            if piece.function is not None:
                call.name += piece.function.name or ""
                more = piece.function.arguments
                call.arguments += msgspec.json.encode(more).decode() if isinstance(more, dict) else more or ""

    def _call(self, piece: _Piece) -> WrittenCall:
        """The call that a piece belongs to: by its index, and without one a call of its own."""
        if piece.index is not None and piece.index in self._by_index:
            return self._by_index[piece.index]
        if len(self.calls) >= MOST_CALLS:
            raise BadReply(f"more than {MOST_CALLS} calls")
        call = WrittenCall()
        self.calls.append(call)
        if piece.index is not None:
            self._by_index[piece.index] = call
        return call


class Events:
    """Bytes in, the data of events out."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, more: bytes) -> Iterator[bytes]:
        """The data of each event that `more` completes. Raises BadReply where a line does not end."""
        *lines, self._rest = (self._rest + more).split(b"\n")
        if len(self._rest) > MOST_LINE:
            raise BadReply(f"a line of more than {MOST_LINE:,} bytes")
        for line in lines:
            line = line.removesuffix(b"\r")
            if not line and self._data:
                yield b"\n".join(self._data)
                self._data = []
            elif line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))

    def end(self) -> Iterator[bytes]:
        """The data of an event that no empty line ended."""
        yield from self.feed(b"\n\n")


class _Error(msgspec.Struct):
    message: str = ""
    code: str | int | None = None
    type: str | None = None


class _Fault(msgspec.Struct):
    error: _Error | str | None = None
    message: str | None = None
    detail: str | None = None


def fault_in(body: bytes) -> str:
    """A server's own words in an error's body, of which there are several forms; empty where it says nothing readable."""
    try:
        fault = msgspec.json.decode(body, type=_Fault)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return ""
    if isinstance(fault.error, _Error):
        code = f" ({fault.error.code})" if isinstance(fault.error.code, str) else ""
        return fault.error.message + code
    return fault.error or fault.message or fault.detail or ""
