"""The local backend: a GGUF model in a worker process, by default the built-in one. Nothing leaves the machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from netassist.backends.planning import LONGEST_REQUEST, BackendError, Exchange, Outcome, Plan
from netassist.llama.client import Client, ModelError
from netassist.llama.grammar import Node
from netassist.llama.messages import Completed, Sampling, Segment
from netassist.nano import planning as nano
from netassist.nano.notation import VERSION
from netassist.toolbox import Tool

_Planned: TypeAlias = Callable[[str, Sequence[Exchange], Sequence[Tool], Mapping[str, str]], Awaitable[Plan]]
_OUTCOMES: dict[str, Outcome] = {"call": "call", "clarify": "clarify", "no_call": "no_call"}
BUILT_IN = Path(__file__).parent.parent / "nano" / "nano.gguf"
ANSWER_TOKENS, THOUGHT_TOKENS = 512, 2048
THINKING = Sampling(temperature=0.6, top_p=0.95)
"""What Nemotron's makers recommend for `detailed thinking on`; off is greedy."""


class TestLlm:
    """Plans with a local model.

    Args:
        model: a GGUF file; None for the built-in model.
        threads: None for all usable cores.
        thinking: let a model that can think aloud do so before it plans; the built-in one cannot.
    """

    __test__ = False  # not a test, whatever pytest reads in the name
    name = "testllm"

    def __init__(self, model: Path | None = None, threads: int | None = None, thinking: bool = False) -> None:
        path = model or BUILT_IN
        self.model = path.stem
        self.thinking = thinking
        self.client = Client(path, threads=threads)

    def start(self) -> None:
        """Start and load the model in the background, while there is something else to do."""
        self.client.start()

    async def plan(self, request: str, earlier: Sequence[Exchange], tools: Sequence[Tool], inventory: Mapping[str, str]) -> Plan:
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
            planned = self._with_nano if loaded.notation == VERSION else self._with_available_tools
            return await self._shortened(planned, request, earlier, tools, inventory)
        except ModelError as error:
            raise BackendError(str(error)) from error

    async def close(self) -> None:
        """End the worker."""
        await self.client.close()

    async def _shortened(
        self, planned: _Planned, request: str, earlier: Sequence[Exchange], tools: Sequence[Tool], inventory: Mapping[str, str]
    ) -> Plan:
        """The plan over as much of the conversation as the model can hold."""
        kept = list(earlier)
        while True:
            try:
                return await planned(request, kept, tools, inventory)
            except ModelError as error:
                if error.problem != "too_long":
                    raise
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
        turns = [nano.Turn(exchange.request, exchange.calls, exchange.outcome) for exchange in earlier]
        try:
            asked = nano.question(request, turns, tools, inventory)
        except nano.TooMany as error:
            raise BackendError(str(error)) from error
        completed = await self._complete(asked.prompt, asked.grammar, nano.MOST_TOKENS)
        try:
            reading = nano.answered(completed.text, asked.talk)
        except nano.Unreadable as error:
            raise BackendError(f"{self.model} wrote what cannot be read ({error}); say it in other words") from error
        return Plan(_OUTCOMES[reading.outcome], reading.calls, confidence=completed.margin)

    async def _with_available_tools(
        self, request: str, earlier: Sequence[Exchange], tools: Sequence[Tool], inventory: Mapping[str, str]
    ) -> Plan:
        from netassist.backends import available_tools  # here, because the built-in model needs none of it

        asked = available_tools.question(request, earlier, tools, inventory, self.thinking)
        most, sampling = (ANSWER_TOKENS + THOUGHT_TOKENS, THINKING) if self.thinking else (ANSWER_TOKENS, None)
        completed = await self._complete(asked.prompt, asked.grammar, most, sampling)
        try:
            plan = available_tools.read(completed.text)
        except available_tools.Malformed as error:
            raise BackendError(f"{self.model} wrote what cannot be read ({error}); say it in other words") from error
        return Plan(plan.outcome, plan.calls, plan.text, completed.margin)

    async def _complete(
        self, prompt: tuple[Segment, ...], grammar: Node, most_tokens: int, sampling: Sampling | None = None
    ) -> Completed:
        completed = await self.client.complete(prompt, grammar, most_tokens, sampling)
        if not completed.whole:
            raise BackendError(f"{self.model} came to no end within {most_tokens} tokens; ask for less at once")
        return completed
