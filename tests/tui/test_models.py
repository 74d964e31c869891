"""Models by key: fetched from a hub on loopback with its progress seen, planned with, and left again."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from netassist.assistant.journal import Journal
from netassist.backends.testllm import TestLlm
from netassist.cli.backend import chosen_backend
from netassist.cli.models.configured import set_model
from netassist.configuration import Settings
from netassist.llama.catalogue import catalogue
from netassist.tui.app import NetAssistApp
from netassist.tui.doors import Lent
from netassist.tui.rooms.models import Models
from netassist.tui.screens.choice import Choice
from tests.lab.gguf import nemotron_shaped
from tests.lab.hub import Hub, Turn
from tests.lab.hub import hub as served
from tests.tui.stage import Planned, Stage

FILE = catalogue().file_of(next(file for file in catalogue().files if file.name == "q4_k"))


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for name in ("HF_TOKEN", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("DATA", "STATE", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    body = nemotron_shaped(tmp_path / "model.gguf").read_bytes()
    with served(Hub(catalogue().repository, {FILE: body})) as lab:
        monkeypatch.setenv("HF_ENDPOINT", lab.url)
        yield lab


def app_of(folder: Path) -> NetAssistApp:
    configuration = folder / "config.toml"
    configuration.touch()
    lent = Lent(
        configuration=configuration,
        set_model=set_model,
        backend=lambda settings, name: chosen_backend(settings, None, None, backend=name),
    )
    return NetAssistApp(Settings(), Planned(), Journal(folder / "state"), frozenset(), lent=lent)


async def into(stage: Stage, *keys: str) -> Models:
    """Into the room, with the rows that `keys` leave."""
    await stage.pilot.press("alt+6")
    await stage.until(lambda: isinstance(stage.app.room_widget, Models) and bool(stage.app.room_widget.shown))
    await stage.pilot.press("slash", *keys, "enter")
    return cast("Models", stage.app.room_widget)


def state_of(room: Models, name: str) -> str:
    return next(row.cells[1].text for row in room.found.rows if row.cells[0].text == name)


def test_a_model_is_fetched_with_progress_planned_with_and_left_again(lab: Hub, tmp_path: Path) -> None:
    app = app_of(tmp_path)

    async def story() -> None:
        async with app.run_test(size=(140, 40)) as pilot:
            stage = Stage(app, pilot, Planned())
            room = await into(stage, *"q4_k.gguf")
            assert state_of(room, "q4_k") == "not here"
            await pilot.press("u")
            await stage.until(lambda: "q4_k is not on this machine yet" in stage.read())
            await pilot.press("p")
            await stage.until(lambda: isinstance(app.screen, Choice))
            assert "NVIDIA Open Model License" in stage.read()
            assert not lab.fetches
            # The connection breaks in the middle: how far it was is seen, and it goes on from there.
            lab.turns.append(Turn(most=len(lab.files[FILE]) // 2))
            lab.turns.append(Turn(most=len(lab.files[FILE]) // 4))
            await pilot.press("down", "enter")
            seen: set[str] = set()

            def fetched() -> bool:
                seen.update(line.strip() for line in stage.read().splitlines() if "MB/s" in line)
                return state_of(room, "q4_k") == "here"

            await stage.until(fetched)
            assert any("q4_k:" in line and "% of" in line for line in seen), seen
            assert len(lab.ranges()) == 3
            assert "its SHA-256 is the published one" in stage.read()

            await pilot.press("u")
            await stage.until(lambda: state_of(room, "q4_k") == "✔ in use")
            assert f"testllm · {Path(FILE).stem}" in stage.read()
            assert isinstance(app.backend, TestLlm)
            assert (await app.backend.client.loaded()).notation is None
            assert tomllib.loads((tmp_path / "config.toml").read_text())["model"]["file"]

            await pilot.press("slash", "ctrl+u", *"built-in", "enter", "u")
            await stage.until(lambda: state_of(room, "nano") == "✔ in use")
            assert "testllm · nano" in stage.read()
            assert "file" not in tomllib.loads((tmp_path / "config.toml").read_text()).get("model", {})

    asyncio.run(story())


def test_a_model_that_nobody_accepts_is_not_fetched(lab: Hub, tmp_path: Path) -> None:
    app = app_of(tmp_path)

    async def story() -> None:
        async with app.run_test(size=(140, 40)) as pilot:
            stage = Stage(app, pilot, Planned())
            room = await into(stage, *"q4_k.gguf")
            await pilot.press("p")
            await stage.until(lambda: isinstance(app.screen, Choice))
            await pilot.press("enter")
            await stage.until(lambda: not isinstance(app.screen, Choice) and app.pulling is None)
            assert state_of(room, "q4_k") == "not here"

    asyncio.run(story())
    assert not lab.fetches


def test_a_hub_that_refuses_is_said(lab: Hub, tmp_path: Path) -> None:
    app = app_of(tmp_path)
    lab.files.clear()

    async def story() -> None:
        async with app.run_test(size=(140, 40)) as pilot:
            stage = Stage(app, pilot, Planned())
            await into(stage, *"q4_k.gguf")
            await pilot.press("p")
            await stage.until(lambda: FILE in stage.app.screen.query_one("#status").render().plain and app.pulling is None)  # type: ignore[union-attr]

    asyncio.run(story())
