"""Heads of prompts that are evaluated once: kept on disk, loaded by the next process, and never trusted."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from netassist.llama.client import Client
from netassist.llama.grammar import Choice, Literal, Text
from netassist.llama.grammar import Sequence as InOrder
from netassist.llama.messages import Completed, Reading, Segment
from netassist.llama.prefix import ABANDONED, MOST_KEPT, PAGE, Store, fingerprint, ready
from tests.lab.gguf import nemotron_shaped

HOSTS = Choice((Literal('"10.0.0.1"'), Literal('"10.0.0.2"'), Literal('"mail.example.org"')))
CALL = InOrder((Literal("<TOOLCALL>[ping(host="), HOSTS, Literal(")]</TOOLCALL>")))
HEAD = Segment("tools and rules that stand first and never change. " * 20)
KEY = b"k" * 32


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nemotron_shaped(tmp_path_factory.mktemp("model") / "small.gguf")


def asked(
    model: Path, *requests: str, prefixes: Path | None, most_kept: int = MOST_KEPT, told: list[Reading] | None = None
) -> list[Completed]:
    """The answers of one new process to requests that follow the same head."""

    async def story() -> list[Completed]:
        heard = told if told is not None else []
        client = Client(model, threads=1, prefixes=prefixes, most_kept=most_kept, tell=heard.append)
        try:
            return [await client.complete((HEAD, Segment(request)), CALL, 100, head=1) for request in requests]
        finally:
            await client.close()

    return asyncio.run(story())


def states(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.state"))


def test_a_new_process_computes_no_token_of_a_head_that_is_kept(model: Path, tmp_path: Path) -> None:
    # Given a process that read the head and told how far it was
    told: list[Reading] = []
    (first,) = asked(model, "is a up?", prefixes=tmp_path / "heads", told=told)
    assert (first.head_came, first.head) == ("built", told[-1].total)
    assert [read.done for read in told] == [*range(0, first.head, 128), first.head]
    # When another one is asked something else
    told.clear()
    (second,) = asked(model, "certificate of b, please", prefixes=tmp_path / "heads", told=told)
    # Then it computes the request and the answer only, and answers as one that read everything
    assert (second.head_came, second.head, told) == ("loaded", 0, [])
    (plain,) = asked(model, "certificate of b, please", prefixes=None)
    assert (second.text, second.sampled) == (plain.text, plain.sampled)
    assert second.margin == pytest.approx(plain.margin, abs=1e-3)
    assert plain.evaluated - second.evaluated == first.head


def test_between_turns_it_stays_in_memory(model: Path, tmp_path: Path) -> None:
    answers = asked(model, "is a up?", "and b?", "is a up?", prefixes=tmp_path)
    assert [answer.head_came for answer in answers] == ["built", "kept", "kept"]
    assert [answer.head for answer in answers[1:]] == [0, 0]


def test_only_the_user_may_read_it(model: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    asked(model, "is a up?", prefixes=tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o700
    (kept,) = states(tmp_path)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [kept]


def cut(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


def longer(whole: bytes) -> bytes:
    return whole + bytes(8)


def flipped(whole: bytes) -> bytes:
    middle = PAGE + (len(whole) - PAGE) // 2
    return whole[:middle] + bytes((whole[middle] ^ 1,)) + whole[middle + 1 :]


def foreign(whole: bytes) -> bytes:
    return b"PK\x03\x04" + whole[4:]


def empty(_: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("damage", [cut, longer, flipped, foreign, empty])
def test_a_damaged_state_is_replaced(model: Path, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    (first,) = asked(model, "is a up?", prefixes=tmp_path)
    (kept,) = states(tmp_path)
    whole = kept.read_bytes()
    # Given a state that something happened to
    kept.write_bytes(damage(whole))
    # Then it is computed again, and kept as it was
    (again,) = asked(model, "is a up?", prefixes=tmp_path)
    assert (again.head_came, again.text) == ("built", first.text)
    assert kept.read_bytes() == whole


def test_what_llama_cpp_refuses_is_removed(model: Path, tmp_path: Path) -> None:
    asked(model, "is a up?", prefixes=tmp_path)
    (kept,) = states(tmp_path)
    key, tokens = bytes.fromhex(kept.stem), int.from_bytes(kept.read_bytes()[48:52], "little")
    size = kept.stat().st_size - PAGE

    def nonsense(into: memoryview) -> int:
        into[:] = bytes((0xA5,)) * len(into)
        return len(into)

    # Given a sound file whose state is none
    assert Store(tmp_path).save(key, tokens, size, nonsense)
    (again,) = asked(model, "is a up?", prefixes=tmp_path)
    assert again.head_came == "built"


def test_a_link_is_not_followed(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "heads"
    asked(model, "is a up?", prefixes=folder)
    (kept,) = states(folder)
    elsewhere = tmp_path / "elsewhere"
    kept.rename(elsewhere)
    kept.symlink_to(elsewhere)
    (again,) = asked(model, "is a up?", prefixes=folder)
    assert again.head_came == "built"
    assert not kept.is_symlink()
    assert elsewhere.exists()


def test_another_model_has_another_state(model: Path, tmp_path: Path) -> None:
    other = nemotron_shaped(tmp_path / "other.gguf", seed=2)
    folder = tmp_path / "heads"
    asked(model, "is a up?", prefixes=folder)
    assert asked(other, "is a up?", prefixes=folder)[0].head_came == "built"
    assert len(states(folder)) == 2


def test_a_file_that_was_changed_is_another_model(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(bytes(100_000))
    before, found = fingerprint(path), path.stat()
    assert fingerprint(path) == before
    with path.open("r+b") as file:
        file.seek(10)
        file.write(b"x")
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert fingerprint(path) != before


def test_without_room_it_is_not_kept_and_the_answer_comes(model: Path, tmp_path: Path) -> None:
    (answer,) = asked(model, "is a up?", prefixes=tmp_path, most_kept=1000)
    assert (answer.head_came, answer.whole) == ("not_saved", True)
    assert states(tmp_path) == []


def test_a_folder_that_cannot_be_is_no_reason_to_fail(model: Path, tmp_path: Path) -> None:
    (tmp_path / "heads").write_text("a file stands here")
    (answer,) = asked(model, "is a up?", prefixes=tmp_path / "heads")
    assert (answer.head_came, answer.whole) == ("not_saved", True)


def filled(letter: bytes) -> Callable[[memoryview], int]:
    def write(into: memoryview) -> int:
        into[:] = letter * len(into)
        return len(into)

    return write


def held(store: Store, key: bytes, letter: bytes) -> bool:
    return store.load(key, 3, lambda data: bytes(data) == letter * 1000)


def test_what_was_unused_for_longest_goes_first(tmp_path: Path) -> None:
    store = Store(tmp_path, 3 * (PAGE + 1000))
    for age, letter in enumerate((b"a", b"b", b"c")):
        assert store.save(letter * 32, 3, 1000, filled(letter))
        os.utime(tmp_path / f"{(letter * 32).hex()}.state", (age, age))
    # Given that the oldest was just used
    assert held(store, b"a" * 32, b"a")
    # When a fourth comes
    assert store.save(b"d" * 32, 3, 1000, filled(b"d"))
    # Then the second had to go
    assert [held(store, letter * 32, letter) for letter in (b"a", b"b", b"c", b"d")] == [True, False, True, True]


def test_what_somebody_gave_up_writing_is_removed(tmp_path: Path) -> None:
    abandoned, under_way = tmp_path / ".one.state.1", tmp_path / ".two.state.2"
    abandoned.write_bytes(b"half")
    under_way.write_bytes(b"half")
    old = under_way.stat().st_mtime - 2 * ABANDONED
    os.utime(abandoned, (old, old))
    assert Store(tmp_path).save(KEY, 3, 1000, filled(b"x"))
    assert (abandoned.exists(), under_way.exists()) == (False, True)


def test_half_a_state_is_never_seen(tmp_path: Path) -> None:
    assert not Store(tmp_path).save(KEY, 3, 1000, lambda into: len(into) - 1)
    assert list(tmp_path.iterdir()) == []


class Reader:
    """An engine that is stopped by `stops` after so many tokens."""

    state_depends_on = b"one model"
    state_size = 8

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.computed = 0

    def begin(self, tokens: Sequence[int]) -> int:
        alike = next((n for n, (a, b) in enumerate(zip(self.tokens, tokens, strict=False)) if a != b), len(self.tokens))
        del self.tokens[alike:]
        return alike

    def extend(self, tokens: Sequence[int]) -> None:
        self.computed += len(tokens)
        self.tokens += tokens

    def write_state(self, into: memoryview) -> int:
        return len(into)

    def read_state(self, tokens: Sequence[int], data: memoryview) -> bool:
        self.tokens = list(tokens)
        return True


def test_a_head_that_was_half_read_is_read_on(tmp_path: Path) -> None:
    engine, head = Reader(), list(range(300))
    # Given a reading that was stopped after 128 tokens
    engine.extend(head[:128])
    # When it is asked for again
    came = ready(engine, head, Store(tmp_path), lambda done, total: None)
    # Then the rest is computed
    assert (came.came, came.computed, engine.computed) == ("built", 172, 300)
    # And another engine has it from disk
    assert ready(Reader(), head, Store(tmp_path), lambda done, total: None) == ("loaded", 0)


def test_killed_while_it_reads_it_begins_again(model: Path, tmp_path: Path) -> None:
    async def story(killed: Callable[[Client], Awaitable[None]]) -> Completed:
        began = asyncio.Event()
        client = Client(model, threads=1, prefixes=tmp_path, tell=lambda _: began.set())
        try:
            waiting = asyncio.create_task(client.complete((HEAD, Segment("is a up?")), CALL, 100, head=1))
            await began.wait()
            await killed(client)
            return await waiting
        finally:
            await client.close()

    async def kill(client: Client) -> None:
        assert client.pid is not None
        os.kill(client.pid, signal.SIGKILL)

    answer = asyncio.run(story(kill))
    assert answer.whole
    assert len(states(tmp_path)) == 1


def test_a_long_thought_is_no_part_of_the_head(model: Path, tmp_path: Path) -> None:
    # What is written after the head does not end up in its state.
    asked(model, "is a up?", prefixes=tmp_path)
    (kept,) = states(tmp_path)
    before = kept.read_bytes()

    async def story() -> None:
        client = Client(model, threads=1, prefixes=tmp_path)
        try:
            await client.complete((HEAD, Segment("tell me")), Text(most=200, least=200), 300, head=1)
        finally:
            await client.close()

    asyncio.run(story())
    assert kept.read_bytes() == before
