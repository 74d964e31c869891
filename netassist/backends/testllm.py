"""The local backend: a GGUF model in a worker process, by default the built-in one. Nothing leaves the machine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

import msgspec

from netassist.backends.brevity import DETAILS, Detail
from netassist.backends.planning import LONGEST_REQUEST, BackendError, Exchange, Outcome, Plan, Round
from netassist.entities import recognise_all
from netassist.llama.client import Client, ModelError
from netassist.llama.grammar import Literal, Node, Text
from netassist.llama.grammar import Sequence as InOrder
from netassist.llama.messages import Chat, Completed, Reading, Sampling, Segment
from netassist.nano import confidence, lists, own_tools
from netassist.nano import planning as nano
from netassist.nano.notation import VERSION
from netassist.toolbox import Tool, each_once
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.backends.chat_template import Family

_Planned: TypeAlias = Callable[[str, Sequence[Exchange], Sequence[Tool], Mapping[str, str]], Awaitable[Plan]]
_OUTCOMES: dict[str, Outcome] = {"call": "call", "clarify": "clarify", "no_call": "no_call"}
Tell: TypeAlias = Callable[[Reading], None]
BUILT_IN = Path(__file__).parent.parent / "nano" / "nano.gguf"
ANSWER_TOKENS, THOUGHT_TOKENS = 512, 1024
LONGEST_THOUGHT = 16_000
"""Characters of a thought, however many its tokens are."""
THOUGHT_BEGINS, THOUGHT_ENDS = "<think>\n", "</think>"
ANSWER_FOLLOWS = f"{THOUGHT_ENDS}\n\n"
THINKING = Sampling(temperature=0.6, top_p=0.95)
"""What Nemotron's makers recommend for `detailed thinking on`; off is greedy."""


class Dialect(Protocol):
    """How a model is asked and answers: `netassist.backends.available_tools`, or a `Family` by its own chat template."""

    def prompt(
        self, request: str, earlier: Sequence[Exchange], tools: Sequence[Tool], thinking: bool = False, detail: Detail = "whole"
    ) -> tuple[Segment, ...]:
        """What the model reads; what is ours in it may hold special tokens."""

    def grammar(self, request: str, earlier: Sequence[Exchange], tools: Sequence[Tool], inventory: Mapping[str, str]) -> Node:
        """What it may write."""

    def read(self, text: str) -> Plan:
        """What it means; raises Malformed."""


class TestLlm:
    """Plans with a local model.

    Args:
        model: a GGUF file; None for the built-in model.
        threads: None for all usable cores; a tiny model takes one in any case.
        thinking: let a model that can think aloud do so before it plans; the built-in one cannot.
        thought_tokens: the most that one thought takes; it is cut off there.
        heads: the folder in which the states of evaluated tools are kept, so that they are read once; None keeps none.
        tell: hears how far the reading of the tools is.
    """

    __test__ = False  # not a test, whatever pytest reads in the name
    name = "testllm"
    rounds = 1

    def __init__(
        self,
        model: Path | None = None,
        threads: int | None = None,
        thinking: bool = False,
        *,
        thought_tokens: int = THOUGHT_TOKENS,
        heads: Path | None = None,
        tell: Tell = lambda _: None,
    ) -> None:
        path = model or BUILT_IN
        self.model = path.stem
        self.thinking, self.thought_tokens = thinking, thought_tokens
        self._families: dict[Chat, Family | None] = {}
        self.client = Client(path, threads=threads, prefixes=heads, tell=tell)

    def start(self) -> None:
        """Start and load the model in the background, while there is something else to do."""
        self.client.start()

    async def plan(
        self,
        request: str,
        earlier: Sequence[Exchange],
        tools: Sequence[Tool],
        inventory: Mapping[str, str],
        so_far: Sequence[Round] = (),
    ) -> Plan:
        """Decide the calls. Of a conversation that is too long for the model the earliest turns are forgotten.

        Raises:
            BackendError: no model, a request that is too long for it, or a worker that died twice.
        """
        if len(request) > LONGEST_REQUEST:
            raise BackendError(f"the request has {len(request):,} characters; the local model reads {LONGEST_REQUEST:,} at most")
        try:
            loaded = await self.client.loaded()
            if loaded.notation not in (None, VERSION):
                raise BackendError(
                    f"{self.client.model}: made for version {loaded.notation} of the built-in notation, and this is {VERSION}; "
                    "use the model that came with this version"
                )
            if loaded.notation == VERSION and self.thinking:
                raise BackendError(
                    f"{self.model} cannot think aloud; name another model with --model, or leave out --thinking on"
                )
            ways: list[_Planned] = [partial(self._in_words, detail) for detail in DETAILS]
            return await self._shortened(
                [self._with_nano] if loaded.notation == VERSION else ways, request, earlier, tools, inventory
            )
        except ModelError as error:
            raise BackendError(str(error)) from error

    async def close(self) -> None:
        """End the worker."""
        await self.client.close()

    async def _shortened(
        self, ways: list[_Planned], request: str, earlier: Sequence[Exchange], tools: Sequence[Tool], inventory: Mapping[str, str]
    ) -> Plan:
        """The plan over as much of the conversation as the model can hold, in the first of the `ways` with room for any."""
        kept = list(earlier)
        while True:
            try:
                return await ways[0](request, kept, tools, inventory)
            except ModelError as error:
                if error.problem != "too_long":
                    raise
                if not kept and len(ways) > 1:
                    ways, kept = ways[1:], list(earlier)
                    continue
                if not kept:
                    raise BackendError(
                        f"the request is too long for {self.model}: it has {error.tokens:,} tokens with the tools, "
                        f"and {error.room:,} fit; shorten it"
                    ) from error
                # Quarters, so that a long conversation does not take as many attempts as it has turns.
                del kept[: -(-len(kept) // 4)]

    async def _with_nano(
        self, request: str, earlier: Sequence[Exchange], tools: Sequence[Tool], inventory: Mapping[str, str]
    ) -> Plan:
        """The model's plan, or where the request wants tools that users added, their calls."""
        turns = [nano.Turn(exchange.request, exchange.calls, exchange.outcome) for exchange in earlier]
        own = own_tools.wanted(request, turns, tools, inventory)
        if own.asks:
            return Plan("clarify", text=own.asks)
        if own.named:
            beside = (
                await self._of_the_model(own.rest, [*turns, own.turn(request)], tools, inventory) if own.rest else Plan("no_call")
            )
            made = each_once([*own.calls, *beside.calls])
            unsure = beside.unsure and bool(beside.calls)
            return Plan("call" if made else "clarify", made, confidence=beside.confidence, unsure=unsure)
        plan = await self._of_the_model(request, turns, tools, inventory)
        if own.replaces(plan.outcome == "call", plan.unsure):
            return Plan("call", own.calls)
        if own.mentioned and (kept := own.without_mentioned(plan.calls)) != plan.calls:
            return msgspec.structs.replace(plan, outcome="call" if kept else "no_call", calls=kept)
        return plan

    async def _of_the_model(
        self, request: str, turns: Sequence[nano.Turn], tools: Sequence[Tool], inventory: Mapping[str, str]
    ) -> Plan:
        said = recognise_all((turn.request for turn in turns), inventory)
        listed = lists.shown(request, inventory, said)
        try:
            asked = nano.question(listed.request, turns, tools, inventory)
        except nano.TooMany as error:
            raise BackendError(str(error)) from error
        completed = await self._complete(asked.prompt, asked.grammar, nano.MOST_TOKENS)
        try:
            reading = nano.answered(completed.text, asked.talk)
        except nano.Unreadable as error:
            raise BackendError(f"{self.model} wrote what cannot be read ({error}); say it in other words") from error
        return Plan(
            _OUTCOMES[reading.outcome],
            listed.made_for_each(reading.calls),
            confidence=completed.margin,
            unsure=confidence.is_unsure(completed.margin),
        )

    async def _in_words(
        self, detail: Detail, request: str, earlier: Sequence[Exchange], tools: Sequence[Tool], inventory: Mapping[str, str]
    ) -> Plan:
        """The plan of a model that reads and writes text, in its own dialect or in Nemotron's."""
        from netassist.backends import available_tools  # here, because the built-in model needs none of it

        family = await self._family((await self.client.loaded()).chat)
        family = family.without_tools() if family and detail == "bare" else family
        dialect: Dialect = family or available_tools
        if family and self.thinking and not family.thinks:
            raise BackendError(f"{self.model} cannot think aloud; name another model with --model, or leave out --thinking on")
        prompt, other = await self._prompts(dialect, request, earlier, tools, detail)
        head = shared(prompt, other)
        grammar = dialect.grammar(request, earlier, tools, inventory)
        thought = ""
        if self.thinking:
            thought = await self._thought(prompt, head)
            said = f"{THOUGHT_BEGINS}{thought}"
            prompt = (*prompt, Segment(said), Segment(ANSWER_FOLLOWS, ours=True))
        completed = await self._complete(prompt, grammar, ANSWER_TOKENS, THINKING if self.thinking else None, head)
        try:
            plan = dialect.read(completed.text)
        except available_tools.Malformed as error:
            raise BackendError(f"{self.model} wrote what cannot be read ({error}); say it in other words") from error
        return Plan(plan.outcome, plan.calls, plan.text, completed.margin, as_text(thought.strip(), LONGEST_THOUGHT))

    async def _family(self, chat: Chat | None) -> Family | None:
        """How the model is talked to by its own chat template; None where Nemotron's prompt is used."""
        if chat is None:
            return None
        if chat not in self._families:
            from netassist.backends import chat_template

            try:
                self._families[chat] = await asyncio.to_thread(chat_template.family_of, chat)
            except chat_template.Unusable as error:
                raise self._no_template(error) from error
        return self._families[chat]

    async def _prompts(
        self, dialect: Dialect, request: str, earlier: Sequence[Exchange], tools: Sequence[Tool], detail: Detail
    ) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
        """The prompt, and that of another request, which has the tools in common with it."""
        from netassist.backends.chat_template import Unusable

        # What follows the tools is another text in each, whatever the conversation begins with.
        first = earlier[0].request if earlier else request

        def both() -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
            return (
                dialect.prompt(request, earlier, tools, self.thinking, detail),
                dialect.prompt(f"{first}?", (), tools, self.thinking, detail),
            )

        try:
            return await asyncio.to_thread(both)
        except Unusable as error:
            raise self._no_template(error) from error

    def _no_template(self, error: Exception) -> BackendError:
        return BackendError(f"{self.model}: its chat template cannot be used ({error}); name another model")

    async def _thought(self, prompt: tuple[Segment, ...], head: int) -> str:
        """What the model thinks aloud, up to its end or to the budget."""
        thought = Text(most=LONGEST_THOUGHT, forbidden="<")
        grammar = InOrder((Literal(THOUGHT_BEGINS), thought, Literal(THOUGHT_ENDS)))
        # Refused before it takes minutes, where the answer would find no room behind it.
        reserve = len(ANSWER_FOLLOWS) + ANSWER_TOKENS
        completed = await self.client.complete(prompt, grammar, self.thought_tokens, THINKING, head, reserve)
        return completed.text.removeprefix(THOUGHT_BEGINS).partition("<")[0]

    async def _complete(
        self, prompt: tuple[Segment, ...], grammar: Node, most_tokens: int, sampling: Sampling | None = None, head: int = 0
    ) -> Completed:
        completed = await self.client.complete(prompt, grammar, most_tokens, sampling, head)
        if not completed.whole:
            raise BackendError(f"{self.model} came to no end within {most_tokens} tokens; ask for less at once")
        return completed


def shared(prompt: Sequence[Segment], other: Sequence[Segment]) -> int:
    """How many segments two prompts have in common before they part: the tools and what stands around them."""
    alike = 0
    while alike < min(len(prompt), len(other)) and prompt[alike] == other[alike]:
        alike += 1
    return alike
