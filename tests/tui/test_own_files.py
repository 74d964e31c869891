"""What the terminal UI writes: hosts, colours, keys; and what it makes of files that are wrong."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path

import pytest

from netassist.assistant.journal import Journal
from netassist.backends.planning import Plan
from netassist.configuration import BadConfiguration, Settings, load
from netassist.tui.app import NetAssistApp
from netassist.tui.beginning import keep_order
from netassist.tui.doors import Lent
from netassist.tui.inventory import added, edited, read_list
from netassist.tui.keys import every_binding
from netassist.tui.preferences import Preferences, keep_theme
from netassist.tui.screens.choice import Choice
from netassist.tui.screens.written import Written
from netassist.tui.themes import CONTRAST, LIGHT
from netassist.tui.widgets.tabs import Tabs
from tests.tui.stage import Planned, Stage


def test_hosts_are_read_one_a_line() -> None:
    assert read_list("nas = 192.0.2.7\n# no\n192.0.2.0/28, www.example.org:443\n") == {
        "nas": "192.0.2.7", "192.0.2.0/28": "192.0.2.0/28", "www.example.org": "www.example.org",
    }  # fmt: skip
    with pytest.raises(ValueError, match="line 2"):
        read_list("192.0.2.7\nnot a host!")


@pytest.mark.parametrize(
    "before", ["", "# mine\nread_only = false\n", '[targets]\n"a" = "192.0.2.1" # kept\n\n[scope]\nallow = []\n']
)
def test_a_configuration_gets_hosts_and_stays_what_it_was(tmp_path: Path, before: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(before)
    added(file, {'my "nas"': "192.0.2.7"})
    after = tomllib.loads(file.read_text())
    assert after["targets"]['my "nas"'] == "192.0.2.7"
    assert {**tomllib.loads(before), "targets": after["targets"]} == after
    assert all(line in file.read_text() for line in before.splitlines())
    assert load(file).targets['my "nas"'] == "192.0.2.7"


def test_a_configuration_that_is_written_otherwise_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('targets = { a = "192.0.2.1" }\n')
    with pytest.raises(BadConfiguration, match="add the hosts there yourself"):
        added(file, {"b": "192.0.2.2"})
    assert file.read_text() == 'targets = { a = "192.0.2.1" }\n'
    assert edited("", {"b": "192.0.2.2"}) == '[targets]\n"b" = "192.0.2.2"\n'


def test_colours_are_kept_and_the_rest_of_the_file_too(tmp_path: Path) -> None:
    file = tmp_path / "tui.toml"
    file.write_text('# my keys\n[keys]\n"app.help" = "f9"\n')
    keep_theme(file, CONTRAST.name)
    keep_theme(file, LIGHT.name)
    assert file.read_text() == f'theme = "{LIGHT.name}"\n# my keys\n[keys]\n"app.help" = "f9"\n'
    read = Preferences.read(file)
    assert (read.theme_of([LIGHT]), read.keys, read.problems) == (LIGHT.name, {"app.help": "f9"}, ())


@pytest.mark.parametrize(
    "text", ["theme = 3", "[keys", 'colour = "x"', '[keys]\n"app.nothing" = "f9"', '[keys]\n"app.help" = 3', "keys = 1"]
)
def test_a_mistake_is_said_and_the_usual_holds(tmp_path: Path, text: str) -> None:
    file = tmp_path / "tui.toml"
    file.write_text(text)
    read = Preferences.read(file)
    assert len(read.problems) == 1
    assert read.keys == {}


def test_every_id_is_one_key_s_name() -> None:
    ids = [binding.id for binding in every_binding() if binding.id]
    assert len(ids) == len(set(ids))


def test_a_key_that_was_changed_works(tmp_path: Path) -> None:
    (tmp_path / "tui.toml").write_text('[keys]\n"app.findings" = "f7"\n')
    lent = Lent(preferences=tmp_path / "tui.toml")

    async def story() -> None:
        app = NetAssistApp(Settings(), Planned(), Journal(tmp_path), frozenset(), folder=tmp_path, lent=lent)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("f7")
            await pilot.pause()
            assert app.room == "findings"

    asyncio.run(story())


def test_the_first_start_asks_three_questions_and_keeps_the_answers(tmp_path: Path) -> None:
    lent = Lent(configuration=tmp_path / "config.toml", preferences=tmp_path / "tui.toml", first_start=True)

    async def story() -> None:
        backend = Planned(Plan("clarify"))
        app = NetAssistApp(Settings(), backend, Journal(tmp_path), frozenset(), folder=tmp_path, lent=lent)
        async with app.run_test(size=(80, 24)) as pilot:
            stage = Stage(app, pilot, backend)
            await stage.until(lambda: isinstance(app.screen, Written))
            await pilot.press(*"nas = 192.0.2.7", "ctrl+s")
            await stage.until(lambda: isinstance(app.screen, Choice))
            assert "nothing leaves it but probes" in stage.read()
            await pilot.press("enter")
            await stage.until(lambda: "3 of 3" in stage.read())
            await pilot.press("down", "enter")
            await stage.until(lambda: "Ready." in stage.read())
            assert app.theme == LIGHT.name
            # The hosts count at once: a question back offers them, and picking one answers it.
            assert "nas" in await stage.ask("scan my server")

    asyncio.run(story())
    assert load(tmp_path / "config.toml").targets == {"nas": "192.0.2.7"}
    assert Preferences.read(tmp_path / "tui.toml").theme == LIGHT.name


def test_the_first_start_can_be_skipped_and_does_not_come_again(tmp_path: Path) -> None:
    lent = Lent(configuration=tmp_path / "config.toml", preferences=tmp_path / "tui.toml", first_start=True)

    async def story() -> None:
        app = NetAssistApp(Settings(), Planned(), Journal(tmp_path), frozenset(), folder=tmp_path, lent=lent)
        async with app.run_test(size=(80, 24)) as pilot:
            stage = Stage(app, pilot, Planned())
            for screen in (Written, Choice, Choice):
                await stage.until(lambda screen=screen: isinstance(app.screen, screen))  # type: ignore[misc]
                seen = app.screen
                await pilot.press("escape")
                await stage.until(lambda seen=seen: app.screen is not seen)  # type: ignore[misc]
            await stage.until(lambda: "Ready." in stage.read())

    asyncio.run(story())
    assert not (tmp_path / "config.toml").exists()
    assert (tmp_path / "tui.toml").exists()


def test_the_first_questions_come_again_from_a_room_and_its_keys_work_after_them(tmp_path: Path) -> None:
    lent = Lent(configuration=tmp_path / "config.toml", preferences=tmp_path / "tui.toml")

    async def story() -> None:
        app = NetAssistApp(Settings(), Planned(), Journal(tmp_path), frozenset(), folder=tmp_path, lent=lent)
        async with app.run_test(size=(80, 24)) as pilot:
            stage = Stage(app, pilot, Planned())
            await pilot.press("alt+3")
            await stage.until(lambda: app.room == "findings")
            app.first_questions()
            for screen in (Written, Choice, Choice):
                await stage.until(lambda screen=screen: isinstance(app.screen, screen))  # type: ignore[misc]
                seen = app.screen
                await pilot.press("escape")
                await stage.until(lambda seen=seen: app.screen is not seen)  # type: ignore[misc]
            await stage.until(lambda: "Ready." in stage.read())
            await pilot.press("4")
            await stage.until(lambda: app.room == "certificates")
            await pilot.press("shift+tab")
            assert isinstance(app.focused, Tabs)
            await pilot.press("escape")
            await stage.until(lambda: app.room == "ask" and stage.prompt.has_focus)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("", ["hugllm", "testllm"]),
        ('backends = [\n  "turbollm", # paid\n  "testllm",\n]\n[targets]\nnas = "192.0.2.7"\n', ["testllm"]),
        ('ca_file = "/a.pem"\n', ["turbollm", "testllm"]),
    ],
)
def test_who_plans_can_be_answered_again(tmp_path: Path, text: str, order: list[str]) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    keep_order(file, order)
    assert tomllib.loads(file.read_text()) == tomllib.loads(text) | {"backends": order}


def test_an_order_that_cannot_be_edited_is_left_and_told(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('"backends" = ["turbollm"]\n')
    with pytest.raises(ValueError, match="set it there yourself"):
        keep_order(file, ["testllm"])
    assert file.read_text() == '"backends" = ["turbollm"]\n'
