"""A backend behind a chat completion API: `turbollm` (OpenAI and its like) and `hugllm` (Hugging Face's inference router)."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import msgspec

from netassist.backends import chat
from netassist.backends.available_tools import prose
from netassist.backends.checking import Checked, checked
from netassist.backends.endpoint import Endpoint, Patience
from netassist.backends.event_stream import Reply
from netassist.backends.function_tools import Json, described, native, reach_of
from netassist.backends.keys import Key, KeySource, found
from netassist.backends.ledger import Budget, Ledger, LedgerError
from netassist.backends.planning import LONGEST_REQUEST, Exchange, Plan, Round, Usage
from netassist.backends.redaction import Redaction
from netassist.backends.trouble import RemoteError, TooLong, Unsupported
from netassist.entities import recognise_all
from netassist.toolbox import Tool
from netassist.untrusted import as_lines, as_text

OPENAI_HOST = "api.openai.com"
MOST_WRITTEN = 4096
"""Tokens of one answer: a model that thinks first takes a thousand for it."""
LONGEST_TEXT, LONGEST_THOUGHT = 4000, 16_000
BYTES_A_TOKEN = 4
"""For an estimate, where the server does not count."""


class Server(NamedTuple):
    """Where a backend is and what may be asked of it. `redact` puts placeholders for what the user named."""

    name: str
    base_url: str
    model: str
    key: KeySource
    budget: Budget = Budget()
    ca_file: Path | None = None
    patience: Patience = Patience()
    redact: bool = False


class Remote:
    """Plans with a model behind HTTP, in several rounds. What is asked and used is written down in the ledger."""

    rounds = 6

    def __init__(self, server: Server, ledger: Ledger) -> None:
        self.server, self.ledger = server, ledger
        self.name, self.model = server.name, server.model
        self._endpoint = Endpoint(server.name, server.base_url, server.ca_file, server.patience)
        self._key: Key | None = None
        self._has_key = False
        self._redaction: Redaction | None = None
        self._reply: Reply | None = None
        self._unsupported: set[str] = set()
        """Parts of a request that the server has said it does not know."""

    async def plan(
        self,
        request: str,
        earlier: Sequence[Exchange],
        tools: Sequence[Tool],
        inventory: Mapping[str, str],
        so_far: Sequence[Round] = (),
    ) -> Plan:
        """Decide the next calls, or the answer. Of a conversation that is too long the earliest turns are forgotten.

        Raises:
            RemoteError: the server cannot be asked, its budget is spent, or it was wrong twice.
        """
        if len(request) > LONGEST_REQUEST:
            what = f"{self.name}: the request has {len(request):,} characters, and {LONGEST_REQUEST:,} are the most"
            raise RemoteError(what, "shorten it", "refused", 0)
        if not self._has_key:
            self._key, self._has_key = await found(self.server.key, self.name), True
        kept = list(earlier)
        while True:
            try:
                return await self._planned(request, kept, tools, inventory, so_far)
            except TooLong:
                if not kept:
                    raise
                # Quarters, so that a long conversation does not take as many attempts as it has turns.
                del kept[: -(-len(kept) // 4)]
            except RemoteError as error:
                self._has_key = self._has_key and error.kind != "key"
                raise

    @property
    def writing(self) -> str:
        """What has come so far of an answer that is under way, unchecked; empty where none is."""
        return as_lines(self._shown(prose(self._reply.text)), LONGEST_TEXT) if self._reply is not None else ""

    async def close(self) -> None:
        await self._endpoint.close()

    async def _planned(
        self,
        request: str,
        earlier: Sequence[Exchange],
        tools: Sequence[Tool],
        inventory: Mapping[str, str],
        so_far: Sequence[Round],
    ) -> Plan:
        reach = reach_of(request, earlier, inventory)
        self._learn(request, earlier, inventory)
        asked = chat.Asked(request, earlier, so_far, inventory, described(tools, reach, self._hidden))
        corrections: list[Json] = []
        total = Usage(0, 0)
        for _ in range(2):
            reply, has_tools, usage = await self._answered(asked, corrections)
            total += usage
            read = checked(reply, tools, reach, self._shown)
            if not read.problems:
                return self._plan(read, reply, total)
            problems = {number: self._hidden(problem) for number, problem in read.problems.items()}
            corrections = chat.correction(reply, problems, has_tools=has_tools)
        problem = as_text(next(iter(read.problems.values())), 200)
        raise RemoteError(
            f"{self.name} was told what is wrong, and is wrong again ({problem})", "say it in other words", "invalid", 0
        )

    def _plan(self, read: Checked, reply: Reply, usage: Usage) -> Plan:
        return Plan(
            read.outcome,
            read.calls,
            text=as_lines(self._shown(read.text), LONGEST_TEXT),
            thought=as_text(self._shown(reply.thought), LONGEST_THOUGHT),
            usage=usage,
            planned_by=f"{self.name}/{self.model}",
        )

    async def _answered(self, asked: chat.Asked, corrections: Sequence[Json]) -> tuple[Reply, bool, Usage]:
        """What the model wrote, whether it was given tools of its API, and what it used; without what the server refuses."""
        while True:
            has_tools = "tools" not in self._unsupported
            messages = chat.messages(asked, self._hidden, has_tools=has_tools)
            body: Json = {"model": self.model, "messages": [*messages, *corrections], "stream": True}
            if has_tools and asked.functions:
                body |= {"tools": native(asked.functions), "tool_choice": "auto"}
            try:
                reply, usage = await self._asked(body)
            except Unsupported as error:
                if error.part in self._unsupported:
                    raise
                self._unsupported.add(error.part)
                continue
            return reply, has_tools, usage

    async def _asked(self, body: Json) -> tuple[Reply, Usage]:
        """One request, its cost set aside before and settled after, whatever becomes of it."""
        self._endpoint.open()
        budget, reply, began = self.server.budget, Reply(), monotonic()
        self._reply = reply
        read = _tokens(len(msgspec.json.encode(body)))
        reserved = self.ledger.reserve(self.name, budget, read, MOST_WRITTEN)
        optional: Json = {"temperature": 0, self._limit(): reserved.written, "stream_options": {"include_usage": True}}
        body |= {part: value for part, value in optional.items() if part not in self._unsupported}
        answered = False
        try:
            await self._endpoint.ask(body, self._key, reply)
            answered = True
        finally:
            self._reply = None
            # What was broken off has been read, and so far written; what was refused was neither.
            usage = reply.usage or Usage(read if reply.sent else 0, _tokens(reply.written), estimated=reply.sent)
            seconds = monotonic() - began if answered else None
            with contextlib.suppress(LedgerError):  # what was set aside stays written down, which is no less
                self.ledger.settle(reserved, budget, usage.read, usage.written, estimated=usage.estimated, seconds=seconds)
        return reply, usage

    def _limit(self) -> str:
        """The name of what bounds an answer: OpenAI's newer models take no other, other servers may not know it."""
        names = ["max_completion_tokens", "max_tokens"]
        if self._endpoint.host != OPENAI_HOST:
            names.reverse()
        return names[0] if names[0] not in self._unsupported else names[1]

    def _learn(self, request: str, earlier: Sequence[Exchange], inventory: Mapping[str, str]) -> None:
        if not self.server.redact:
            return
        if self._redaction is None:
            self._redaction = Redaction(inventory)
        self._redaction.learn(recognise_all((*(exchange.request for exchange in earlier), request), inventory))

    def _hidden(self, text: str) -> str:
        return text if self._redaction is None else self._redaction.hidden(text)

    def _shown(self, text: str) -> str:
        text = text if self._key is None else self._key.hidden_in(text)
        return text if self._redaction is None else self._redaction.shown(text)


def _tokens(size: int) -> int:
    return -(-size // BYTES_A_TOKEN)
