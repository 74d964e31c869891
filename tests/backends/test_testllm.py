"""The local backend over real GGUF files with random weights: whatever such a model likes, its plans are valid and grounded."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from netassist.backends.available_tools import grammar, prompt
from netassist.backends.brevity import described
from netassist.backends.planning import BackendError, Exchange, Plan
from netassist.backends.testllm import ANSWER_TOKENS, TestLlm
from netassist.entities import Entity, recognise
from netassist.grounding import grounded
from netassist.llama.client import Client
from netassist.llama.grammar import Literal, Node
from netassist.llama.messages import Completed, Reading, Segment
from netassist.toolbox import tools, validated
from tests.lab.gguf import nano_shaped, nemotron_shaped

EVERY = list(tools().values())
INVENTORY = {"the nas": "192.0.2.7"}
TALK = (
    "is db1.example.org up, and the nas?",
    "ping 192.0.2.1 three times and look at its certificate on port 8443",
    "scan 192.0.2.0/24 for ports 22, 80 and 443",
    "watch https://www.example.org/status every five minutes",
    "make a processor that counts lines",
    "hello there",
)


@pytest.fixture(scope="module", params=["nano", "nemotron"])
def models(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("models")
    make = nano_shaped if request.param == "nano" else nemotron_shaped
    return [make(folder / f"{request.param}{seed}.gguf", seed) for seed in range(3)]


def using(model: Path, story: Callable[[TestLlm], Awaitable[None]], thinking: bool = False) -> None:
    async def told() -> None:
        backend = TestLlm(model, threads=1, thinking=thinking)
        try:
            await story(backend)
        finally:
            await backend.close()

    asyncio.run(told())


def assert_sound(plan: Plan, requests: list[str]) -> None:
    """Every call is of a tool, well typed, and about what was said."""
    said: list[Entity] = []
    for request in requests:
        said += recognise(request, INVENTORY, said)
    assert (plan.outcome == "call") == bool(plan.calls)
    for call in plan.calls:
        assert call.name in tools()
        properties = tools()[call.name].parameters
        assert set(properties.required) <= set(call.arguments) <= set(properties.properties)
        if not call.name.startswith("processor_"):
            assert grounded(call, said) is None, call


def test_plans_of_random_models_are_valid_and_grounded(models: list[Path]) -> None:
    async def story(backend: TestLlm) -> None:
        earlier: list[Exchange] = []
        for request in TALK:
            plan = await backend.plan(request, earlier, EVERY, INVENTORY)
            assert_sound(plan, [*(exchange.request for exchange in earlier), request])
            earlier.append(Exchange(request, plan.calls, plan.outcome, ("up",) if plan.calls else ()))

    for model in models:
        using(model, story)


def test_only_tools_on_offer_are_called(models: list[Path]) -> None:
    async def story(backend: TestLlm) -> None:
        few = [tools()["ping"], tools()["dns_lookup"]]
        plan = await backend.plan("everything about db1.example.org", [], few, {})
        assert {call.name for call in plan.calls} <= {"ping", "dns_lookup"}

    for model in models:
        using(model, story)


def test_a_killed_worker_costs_one_plan_nothing(models: list[Path]) -> None:
    async def story(backend: TestLlm) -> None:
        before = await backend.plan(TALK[0], [], EVERY, INVENTORY)
        assert backend.client.pid is not None
        os.kill(backend.client.pid, signal.SIGKILL)
        after = await backend.plan(TALK[0], [], EVERY, INVENTORY)
        assert (after.outcome, after.calls) == (before.outcome, before.calls)

    using(models[0], story)


def test_a_request_that_is_too_long_is_told(models: list[Path]) -> None:
    async def story(backend: TestLlm) -> None:
        with pytest.raises(BackendError, match="100,000 characters; the local model reads 8,000 at most"):
            await backend.plan("x" * 100_000, [], EVERY, {})
        assert_sound(await backend.plan(TALK[0], [], EVERY, INVENTORY), [TALK[0]])

    using(models[0], story)


def test_a_request_beyond_the_context_is_told(tmp_path: Path) -> None:
    async def story(backend: TestLlm) -> None:
        with pytest.raises(BackendError, match=r"too long for small: it has \d,\d\d\d tokens with the tools, and \d+ fit"):
            await backend.plan("qxqv zzkp " * 250, [], EVERY, {})

    using(nano_shaped(tmp_path / "small.gguf"), story)


def test_of_a_long_conversation_the_earliest_turns_are_forgotten(models: list[Path]) -> None:
    async def story(backend: TestLlm) -> None:
        saga = "tell me about the weather, " + "and so on and on, " * 10
        earlier = [Exchange(f"part {n}: {saga}", (), "no_call") for n in range(60)]
        plan = await backend.plan(TALK[0], earlier, EVERY, INVENTORY)
        assert_sound(plan, [*(exchange.request for exchange in earlier), TALK[0]])

    using(models[0], story)


def test_a_model_of_another_notation_is_refused(tmp_path: Path) -> None:
    async def story(backend: TestLlm) -> None:
        with pytest.raises(BackendError, match="made for version 99 of the built-in notation"):
            await backend.plan(TALK[0], [], EVERY, INVENTORY)

    using(nano_shaped(tmp_path / "old.gguf", version=99), story)


def test_what_is_no_model_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"<html>404</html>")

    async def story(backend: TestLlm) -> None:
        with pytest.raises(BackendError, match=r"^\S*model.gguf: not a GGUF file; name a model in GGUF form$"):
            await backend.plan(TALK[0], [], EVERY, INVENTORY)

    using(path, story)


async def answered(client: Client, request: str, *earlier: Exchange) -> Completed:
    """What the model writes in Nemotron's dialect."""
    asked, admitted = prompt(request, earlier, EVERY), grammar(request, earlier, EVERY, INVENTORY)
    return await client.complete(asked, admitted, ANSWER_TOKENS)


def test_tools_and_rules_are_read_once(tmp_path: Path) -> None:
    async def story() -> None:
        client = Client(nemotron_shaped(tmp_path / "small.gguf"), threads=1)
        try:
            first = await answered(client, TALK[0])
            # When something else is asked about the same tools
            second = await answered(client, TALK[5])
            head = len("".join(segment.text for segment in prompt("", [], EVERY)))
            # Then only the request, the turn after it and the answer are computed
            assert first.evaluated >= first.prompt > 1000
            assert second.evaluated - second.sampled < 100 < head // 10
        finally:
            await client.close()

    asyncio.run(story())


def test_the_built_in_model_is_the_default() -> None:
    async def story() -> None:
        backend = TestLlm(threads=1)
        try:
            assert (backend.name, backend.model) == ("testllm", "nano")
            plan = await backend.plan(TALK[0], [], EVERY, INVENTORY)
            assert_sound(plan, [TALK[0]])
            assert plan.confidence is not None
        finally:
            await backend.close()

    asyncio.run(story())


def test_thinking_aloud_leads_to_a_plan_too(tmp_path: Path) -> None:
    async def story(backend: TestLlm) -> None:
        plan = await backend.plan(TALK[0], [], EVERY, INVENTORY)
        assert_sound(plan, [TALK[0]])
        assert "think" not in plan.text

    using(nemotron_shaped(tmp_path / "thinking.gguf", context=16384), story, thinking=True)


def test_a_thought_is_kept_apart_and_ends_with_its_budget(tmp_path: Path) -> None:
    model = nemotron_shaped(tmp_path / "thinking.gguf", context=16384)

    async def story() -> None:
        backend = TestLlm(model, threads=1, thinking=True, thought_tokens=20)
        try:
            plan = await backend.plan(TALK[0], [], EVERY, INVENTORY)
        finally:
            await backend.close()
        assert_sound(plan, [TALK[0]])
        # A token of this vocabulary has at most 16 bytes.
        assert 0 < len(plan.thought) <= 20 * 16
        assert "<" not in plan.thought

    asyncio.run(story())


def test_a_thought_that_leaves_no_room_for_the_answer_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = nemotron_shaped(tmp_path / "thinking.gguf", context=4096)
    earlier = [Exchange("my network is old, " + "and so on and on, " * 20, (), "no_call")]

    async def story() -> None:
        backend = TestLlm(model, threads=1, thinking=True)
        thoughts = 0
        complete = backend.client.complete

        async def counted(prompt: tuple[Segment, ...], grammar: Node, most: int, *rest: Any, **named: Any) -> Completed:
            nonlocal thoughts
            completed = await complete(prompt, grammar, most, *rest, **named)
            thoughts += most == backend.thought_tokens
            return completed

        try:
            # Given a budget that fits behind the conversation, but not with the answer behind it
            asked = prompt(TALK[0], earlier, EVERY, thinking=True)
            read = await complete(asked, Literal("."), 1)
            backend.thought_tokens = (await backend.client.loaded()).context - read.prompt - ANSWER_TOKENS // 4
            monkeypatch.setattr(backend.client, "complete", counted)
            # Then a turn is forgotten before the model thinks, and it thinks once
            assert_sound(await backend.plan(TALK[0], earlier, EVERY, INVENTORY), [earlier[0].request, TALK[0]])
            assert thoughts == 1
        finally:
            await backend.close()

    asyncio.run(story())


def test_without_thinking_there_is_no_thought(models: list[Path]) -> None:
    async def story(backend: TestLlm) -> None:
        assert (await backend.plan(TALK[0], [], EVERY, INVENTORY)).thought == ""

    using(models[0], story)


def test_the_built_in_notation_knows_no_thought(tmp_path: Path) -> None:
    async def story(backend: TestLlm) -> None:
        with pytest.raises(BackendError, match="cannot think aloud; name another model with --model"):
            await backend.plan(TALK[0], [], EVERY, INVENTORY)

    using(nano_shaped(tmp_path / "small.gguf"), story, thinking=True)


@pytest.mark.parametrize("context", [4096, 3072, 2048])
def test_in_a_small_context_every_tool_is_still_on_offer(tmp_path: Path, context: int) -> None:
    # Given a context that the tools' descriptions do not fit, or hardly
    async def story(backend: TestLlm) -> None:
        assert_sound(await backend.plan(TALK[0], [], EVERY, INVENTORY), [TALK[0]])

    using(nemotron_shaped(tmp_path / "small.gguf", context=context), story)
    # Then what is left out are words, and no tool, no parameter and no value
    bare = described(EVERY, "bare")
    for tool in EVERY:
        assert f'"{tool.name}(' in bare
        for name, parameter in tool.parameters.properties.items():
            assert name in bare
            assert "|".join(parameter.enum or ()) in bare
    assert len(bare) < len(described(EVERY, "brief")) < len(described(EVERY, "whole")) / 2


def test_the_next_process_reads_no_tool_again(tmp_path: Path) -> None:
    model, heads = nemotron_shaped(tmp_path / "small.gguf"), tmp_path / "heads"

    async def story(request: str) -> tuple[Plan, list[Reading]]:
        heard: list[Reading] = []
        backend = TestLlm(model, threads=1, heads=heads, tell=heard.append)
        try:
            return await backend.plan(request, [], EVERY, INVENTORY), heard
        finally:
            await backend.close()

    first, heard = asyncio.run(story(TALK[0]))
    assert heard[-1].done == heard[-1].total > 1000
    second, heard = asyncio.run(story(TALK[0]))
    assert (second.outcome, second.calls, heard) == (first.outcome, first.calls, [])
    # However short the request
    assert asyncio.run(story("?"))[1] == []


def test_the_next_turn_reads_what_is_new(tmp_path: Path) -> None:
    async def story() -> None:
        client = Client(nemotron_shaped(tmp_path / "small.gguf"), threads=1)
        saga = "my network is old, " + "and so on and on, " * 20
        try:
            earlier = [Exchange(saga, (), "no_call")]
            await answered(client, TALK[0], *earlier)
            # When the conversation goes on
            earlier.append(Exchange(TALK[0], (), "no_call"))
            later = await answered(client, TALK[5], *earlier)
            # Then neither the tools nor the long first turn are computed again
            assert later.evaluated - later.sampled < 100 < later.prompt // 10
        finally:
            await client.close()

    asyncio.run(story())


def test_started_early_it_is_ready_when_it_is_needed(models: list[Path]) -> None:
    async def story(backend: TestLlm) -> None:
        backend.start()
        assert backend.client.pid is None
        assert_sound(await backend.plan(TALK[0], [], EVERY, INVENTORY), [TALK[0]])

    using(models[0], story)


def test_arguments_are_well_formed_where_the_user_s_were(models: list[Path]) -> None:
    async def story(backend: TestLlm) -> None:
        plan = await backend.plan("check 192.0.2.1, 192.0.2.2 and port 443", [], EVERY, {})
        for call in plan.calls:
            assert validated(call) == call

    using(models[1], story)
