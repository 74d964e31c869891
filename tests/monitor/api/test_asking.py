"""``/v1/ask`` with the model that ships: it is loaded for the first question, kept for the next, and let go in time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from netassist.assistant.journal import Journal
from netassist.backends.testllm import TestLlm
from netassist.configuration import Settings
from netassist.monitor.api.asking import IDLE, MOST_WAITING, Asking
from netassist.monitor.api.ways import Unasked

QUESTION = "What is being watched?"


class Asked:
    """`made` are the backends that were made, each with the process of its model."""

    def __init__(self, folder: Path, idle: float) -> None:
        self.settings, self.made = Settings(), list[TestLlm]()
        self.asking = Asking(lambda: self.settings, self._backend, Journal(folder), idle=idle)

    def _backend(self, settings: Settings) -> TestLlm:
        self.made.append(TestLlm(threads=1))
        return self.made[-1]

    async def ask(self) -> int:
        """The process that answered; it is the model's and runs."""
        answer = await self.asking.ask(QUESTION)
        assert answer.outcome == "answered"
        pid = self.made[-1].client.pid
        assert pid is not None
        os.kill(pid, 0)
        return pid


def played(folder: Path, story: Callable[[Asked], Awaitable[None]], idle: float = IDLE) -> None:
    async def run() -> None:
        asked = Asked(folder, idle)
        try:
            await story(asked)
        finally:
            await asked.asking.close()
        assert [backend.client.pid for backend in asked.made] == [None] * len(asked.made)

    asyncio.run(run())


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_a_second_question_needs_no_load_and_other_settings_do(tmp_path: Path) -> None:
    async def story(asked: Asked) -> None:
        first = await asked.ask()
        assert await asked.ask() == first
        with pytest.raises(ValueError, match="empty"):
            await asked.asking.ask("  ")
        assert await asked.ask() == first
        assert len(asked.made) == 1
        asked.settings = Settings()  # read anew
        assert await asked.ask() != first
        assert asked.made[0].client.pid is None

    played(tmp_path, story)


def test_the_model_is_let_go_when_nobody_asks(tmp_path: Path) -> None:
    async def story(asked: Asked) -> None:
        first = await asked.ask()
        closing = asked.asking._closing
        assert closing is not None
        await closing
        assert asked.made[0].client.pid is None
        with pytest.raises(ProcessLookupError):
            os.kill(first, 0)
        await asked.ask()
        assert len(asked.made) == 2

    played(tmp_path, story, idle=0.01)


def test_a_model_that_cannot_answer_is_let_go_and_the_next_question_has_a_fresh_one(tmp_path: Path) -> None:
    async def story(asked: Asked) -> None:
        await asked.ask()
        journal = tmp_path / "journal.jsonl"
        journal.rename(tmp_path / "kept")
        journal.mkdir()
        with pytest.raises(Unasked, match=r"journal\.jsonl"):
            await asked.asking.ask(QUESTION)
        assert asked.made[0].client.pid is None
        journal.rmdir()
        await asked.ask()
        assert len(asked.made) == 2

    played(tmp_path, story)


def test_few_wait(tmp_path: Path) -> None:
    async def story(asked: Asked) -> None:
        many = await asyncio.gather(*(asked.ask() for _ in range(MOST_WAITING + 1)), return_exceptions=True)
        assert [isinstance(one, Unasked) for one in many] == [False] * MOST_WAITING + [True]
        assert len(asked.made) == 1

    played(tmp_path, story)
