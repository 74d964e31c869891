"""The model worker: what it computes and keeps, and what becomes of the assistant when it dies or is given nonsense."""

from __future__ import annotations

import asyncio
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from netassist.llama.client import Client, ModelError
from netassist.llama.grammar import Choice, Literal, Node, Repeat, Text
from netassist.llama.grammar import Sequence as InOrder
from netassist.llama.messages import LENGTH, Load, Segment
from tests.lab.gguf import nemotron_shaped, sentencepiece, templated

HOSTS = Choice((Literal('"10.0.0.1"'), Literal('"10.0.0.2"'), Literal('"mail.example.org"')))
CALL = InOrder((Literal("<TOOLCALL>[ping(host="), HOSTS, Literal(")]</TOOLCALL>")))
LONG = Repeat(Text(most=40, least=40, forbidden=";"), Literal(";"), most=64, least=64)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nemotron_shaped(tmp_path_factory.mktemp("model") / "small.gguf")


def using(model: Path, story: Callable[[Client], Awaitable[None]]) -> None:
    async def told() -> None:
        client = Client(model, threads=1)
        try:
            await story(client)
        finally:
            await client.close()

    asyncio.run(told())


def said(*texts: str) -> tuple[Segment, ...]:
    return tuple(Segment(text) for text in texts)


async def sent(client: Client) -> None:
    """Return when a request is on its way to the worker."""
    while not client.waiting:  # noqa: ASYNC110 - an event for a test only would be one too many
        await asyncio.sleep(0)


async def refusal(client: Client, prompt: tuple[Segment, ...], grammar: Node, most: int = 100) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await client.complete(prompt, grammar, most)
    return caught.value


def test_a_tiny_model_takes_one_thread(model: Path) -> None:
    async def story() -> int:
        client = Client(model, threads=2)
        try:
            return (await client.loaded()).threads
        finally:
            await client.close()

    assert asyncio.run(story()) == 1


def test_what_it_writes_is_of_the_grammar(model: Path) -> None:
    async def story(client: Client) -> None:
        loaded = await client.loaded()
        assert (loaded.context, loaded.threads, loaded.notation) == (8192, 1, None)
        done = await client.complete(said("is it up?"), CALL, 100)
        assert done.whole
        assert done.text in {f'<TOOLCALL>[ping(host="{h}")]</TOOLCALL>' for h in ("10.0.0.1", "10.0.0.2", "mail.example.org")}
        assert done.margin is not None

    using(model, story)


def test_only_what_is_new_is_computed(model: Path) -> None:
    async def story(client: Client) -> None:
        head = "tools and rules that stand first and never change. " * 20
        first = await client.complete(said(head, "is a up?"), CALL, 100)
        assert first.evaluated > first.prompt
        # When another request follows the same head
        second = await client.complete(said(head, "certificate of b, please"), CALL, 100)
        # Then the head is not computed again, and the answer is that of a model that never saw the first
        other = Client(model, threads=1)
        fresh = await other.complete(said(head, "certificate of b, please"), CALL, 100)
        await other.close()
        assert (fresh.text, fresh.sampled) == (second.text, second.sampled)
        tokens_of_head = (await client.complete(said(head), CALL, 100)).prompt
        assert fresh.evaluated - second.evaluated == tokens_of_head

    using(model, story)


def test_the_same_prompt_again_costs_what_is_written_only(model: Path) -> None:
    async def story(client: Client) -> None:
        first = await client.complete(said("is a up?"), CALL, 100)
        again = await client.complete(said("is a up?"), CALL, 100)
        assert again.text == first.text
        assert again.margin == pytest.approx(first.margin, abs=1e-3)
        assert again.evaluated <= first.evaluated - first.prompt

    using(model, story)


def test_special_tokens_are_read_in_our_own_text_only(model: Path) -> None:
    async def story(client: Client) -> None:
        ours = await client.complete((Segment("<|eot_id|>", ours=True),), CALL, 100)
        theirs = await client.complete((Segment("<|eot_id|>"),), CALL, 100)
        assert ours.prompt == 1
        assert theirs.prompt > 5

    using(model, story)


def test_only_the_first_part_of_a_prompt_gets_the_space_of_sentencepiece(tmp_path: Path) -> None:
    async def story(client: Client) -> None:
        counts = [(await client.complete(said(*("{" * parts)), CALL, 100)).prompt for parts in (1, 2, 3)]
        assert counts == [2, 3, 4]

    using(templated(tmp_path / "small.gguf", "{{ messages }}", ("</s>",), "</s>", words=sentencepiece), story)


def test_killed_in_the_middle_it_is_started_again(model: Path) -> None:
    async def story(client: Client) -> None:
        await client.loaded()
        first = client.pid
        assert first is not None
        # Given a worker that cannot get on with a request that it has been sent
        os.kill(first, signal.SIGSTOP)
        waiting = asyncio.create_task(client.complete(said("is it up?"), CALL, 100))
        await sent(client)
        # When it is killed
        os.kill(first, signal.SIGKILL)
        # Then another one answers, and goes on answering
        assert (await waiting).whole
        assert client.pid not in (None, first)
        assert (await client.complete(said("and now?"), CALL, 100)).whole

    using(model, story)


def test_killed_between_two_requests_it_is_started_again(model: Path) -> None:
    async def story(client: Client) -> None:
        assert (await client.complete(said("is it up?"), CALL, 100)).whole
        assert client.pid is not None
        os.kill(client.pid, signal.SIGKILL)
        assert (await client.complete(said("is it up?"), CALL, 100)).whole

    using(model, story)


@pytest.mark.parametrize(
    ("end", "line"),
    [
        ("SEGV", r"died twice \(SIGSEGV\); free memory or use another model$"),
        ("KILL", r"died twice \(SIGKILL, mostly for want of memory\); free memory or use a smaller model$"),
    ],
)
def test_a_second_death_is_told(model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end: str, line: str) -> None:
    # Given an interpreter that dies as soon as it starts, as one does whose library crashes
    crashing = tmp_path / "python"
    crashing.write_text(f"#!/bin/sh\nkill -{end} $$\n")
    crashing.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(crashing))

    async def story(client: Client) -> None:
        assert re.search(line, str(await refusal(client, said("is it up?"), CALL)))

    using(model, story)


DYING = """#!{python}
import os, struct, sys
request = sys.stdin.buffer.read(struct.unpack(">I", sys.stdin.buffer.read(4))[0])
open({heard!r}, "ab").write(struct.pack(">I", len(request)) + request)
os.kill(os.getpid(), {end})
"""


@pytest.mark.parametrize(("end", "careful"), [(signal.SIGSEGV, True), (signal.SIGILL, True), (signal.SIGKILL, False)])
def test_only_a_crash_makes_it_careful(
    model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end: signal.Signals, careful: bool
) -> None:
    # Given a worker that ends while it loads, and notes what it was asked to load
    heard, dying = tmp_path / "heard", tmp_path / "python"
    dying.write_text(DYING.format(python=sys.executable, heard=str(heard), end=int(end)))
    dying.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(dying))

    async def story(client: Client) -> None:
        await refusal(client, said("is it up?"), CALL)

    using(model, story)
    # Then the next one is told to be careful only where a wrong layout of the weights may have been the cause
    noted = heard.read_bytes()
    loads = []
    while noted:
        end_of_one = LENGTH.size + LENGTH.unpack_from(noted)[0]
        loads.append(msgspec.msgpack.decode(noted[LENGTH.size : end_of_one], type=Load))
        noted = noted[end_of_one:]
    assert [load.careful for load in loads] == [False, careful]


def test_cancelled_it_stops_and_the_next_request_is_answered(model: Path) -> None:
    async def story(client: Client) -> None:
        await client.loaded()
        assert client.pid is not None
        pid = client.pid
        # Given a request of thousands of tokens that is stopped before it has really begun
        os.kill(pid, signal.SIGSTOP)
        waiting = asyncio.create_task(client.complete(said("tell me"), LONG, 4000))
        await sent(client)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        os.kill(pid, signal.SIGCONT)
        # Then the same process answers the next one
        assert (await client.complete(said("is it up?"), CALL, 100)).whole
        assert client.pid == pid

    using(model, story)


@pytest.mark.parametrize("end", [signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS])
def test_what_crashes_inside_llama_cpp_costs_nothing(model: Path, end: signal.Signals) -> None:
    async def story(client: Client) -> None:
        before = await client.complete(said("is it up?"), CALL, 100)
        assert client.pid is not None
        os.kill(client.pid, signal.SIGSTOP)
        waiting = asyncio.create_task(client.complete(said("is it up?"), CALL, 100))
        await sent(client)
        os.kill(client.pid, end)
        os.kill(client.pid, signal.SIGCONT)
        assert (await waiting).text == before.text

    using(model, story)


def test_without_memory_for_a_context_it_says_so(tmp_path: Path) -> None:
    # Given a model that was trained for a context of 32 GB
    huge = nemotron_shaped(tmp_path / "huge.gguf", context=1 << 27)

    async def story() -> None:
        # And a process that gets 4 GB
        before = resource.getrlimit(resource.RLIMIT_AS)
        client = Client(huge, context=1 << 27, threads=1)
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, before[1]))
        try:
            client.start()
            await asyncio.sleep(0)
            error = await refusal(client, said("is it up?"), CALL)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)
            await client.close()
        assert "memory" in str(error)
        assert "\n" not in str(error)

    asyncio.run(story())


def test_a_second_request_waits_for_the_first(model: Path) -> None:
    async def story(client: Client) -> None:
        await client.loaded()
        answered: list[str] = []

        async def asking(name: str, grammar: Node) -> None:
            assert (await client.complete(said(name), grammar, 500)).whole
            answered.append(name)

        await asyncio.gather(asking("first", Text(most=300, least=300)), asking("second", CALL), asking("third", CALL))
        assert answered == ["first", "second", "third"]

    using(model, story)


def test_a_request_that_waits_can_be_taken_back(model: Path) -> None:
    async def story(client: Client) -> None:
        await client.loaded()
        first = asyncio.create_task(client.complete(said("tell me"), LONG, 4000))
        second = asyncio.create_task(client.complete(said("is it up?"), CALL, 100))
        while client.waiting < 2:  # noqa: ASYNC110 - as in `sent`
            await asyncio.sleep(0)
        second.cancel()
        first.cancel()
        assert (await client.complete(said("is it up?"), CALL, 100)).whole
        assert first.cancelled()
        assert second.cancelled()

    using(model, story)


def test_the_file_is_mapped_and_so_shared_by_all_who_use_it(model: Path) -> None:
    def mapped(pid: int | None) -> list[str]:
        return [line for line in Path(f"/proc/{pid}/maps").read_text().splitlines() if line.endswith(str(model))]

    async def story(client: Client) -> None:
        await client.loaded()
        assert any(" r--s " in line for line in mapped(client.pid))

    using(model, story)


def test_a_prompt_beyond_the_context_says_how_long_it_may_be(model: Path) -> None:
    async def story(client: Client) -> None:
        error = await refusal(client, said("long " * 20_000), CALL)
        assert (error.problem, error.room) == ("too_long", 8092)
        assert error.tokens > 20_000
        assert (await client.complete(said("is it up?"), CALL, 100)).whole

    using(model, story)


def test_a_malformed_grammar_is_refused_and_nobody_dies(model: Path) -> None:
    async def story(client: Client) -> None:
        error = await refusal(client, said("is it up?"), Choice(()))
        assert (error.problem, str(error)) == ("grammar", "a choice of nothing")
        assert (await client.complete(said("is it up?"), CALL, 100)).whole

    using(model, story)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"PK\x03\x04 not a model at all, rather a zip", "not a GGUF file"),
        (b"", "not a GGUF file"),
        (b"GGUF\x09\0\0\0" + bytes(40), "GGUF version 9 is not known"),
        (b"GGUF\x03\0\0\0", "cut short"),
        (b"GGUF\x03\0\0\0" + b"\xff" * 60, "cut short"),
    ],
)
def test_a_file_that_is_no_model(tmp_path: Path, content: bytes, line: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)

    async def story(client: Client) -> None:
        error = await refusal(client, said("is it up?"), CALL)
        assert error.problem == "model"
        assert str(error).startswith(f"{path}: ")
        assert line in str(error)
        assert "\n" not in str(error)

    using(path, story)


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.99])
def test_a_file_that_is_cut_short(model: Path, tmp_path: Path, share: float) -> None:
    whole = model.read_bytes()
    path = tmp_path / "model.gguf"
    path.write_bytes(whole[: int(len(whole) * share)])

    async def story(client: Client) -> None:
        error = await refusal(client, said("is it up?"), CALL)
        assert error.problem == "model"
        assert "fetch" in str(error)
        # The file is looked at again when it has been mended.
        path.write_bytes(whole)
        assert (await client.complete(said("is it up?"), CALL, 100)).whole

    using(path, story)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    async def story(client: Client) -> None:
        assert "there is no such file" in str(await refusal(client, said("hello"), CALL))

    using(tmp_path / "missing.gguf", story)


PARENT = """
import asyncio, sys
from pathlib import Path
from netassist.llama.client import Client

async def main():
    client = Client(Path(sys.argv[1]), threads=1)
    await client.loaded()
    print(client.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_the_worker_goes_when_its_parent_goes(model: Path, end: signal.Signals) -> None:
    # Given an assistant in a process of its own, with a worker
    command = [sys.executable, "-c", PARENT, str(model)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        gone = os.pidfd_open(worker)
        # When the assistant ends, however it does
        parent.send_signal(end)
    # Then the worker is gone
    try:
        waited = subprocess.run(
            [sys.executable, "-c", f"import select; print(len(select.select([{gone}], [], [], 30)[0]))"],
            pass_fds=[gone], capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert waited.stdout.strip() == "1"
    finally:
        os.close(gone)
