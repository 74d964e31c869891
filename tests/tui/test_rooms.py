"""The rooms: what was measured, found, watched and run, by key and by tab, at 80×24 and 160×50."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
import pytest
from textual.theme import Theme

from netassist.assistant.chain import entries
from netassist.assistant.journal import Entry, Journal
from netassist.monitor.store import open_store
from netassist.observations import Endpoint, Finding
from netassist.probes.http import HttpCheck
from netassist.tui.app import NetAssistApp
from netassist.tui.rooms import DOORS
from netassist.tui.rooms.room import Room
from netassist.tui.screens.help import Help
from netassist.tui.screens.written import Written
from netassist.tui.themes import THEMES
from netassist.tui.widgets.tabs import Tabs
from tests.tui.estate import NOW, SETTINGS, converse, furnished, me
from tests.tui.snapshot import assert_looks
from tests.tui.stage import Planned, Stage
from tests.tui.test_screen import unreadable

SIZES = ((80, 24), (160, 50))


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return furnished(tmp_path_factory.mktemp("state"))


def changed_last(state: Path) -> tuple[str, str]:
    """The latest change in the journal: the call, and through what it was made."""
    last = msgspec.json.decode([*entries(state)][-1], type=Entry)
    return last.call.name, last.allowed_by


@contextlib.asynccontextmanager
async def at_home(state: Path, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Stage]:
    backend = Planned()
    app = NetAssistApp(SETTINGS, backend, Journal(state), frozenset(), folder=state, clock=lambda: NOW)
    async with app.run_test(size=size) as pilot:
        stage = Stage(app, pilot, backend)
        await stage.until(lambda: app.looked)
        yield stage


async def into(stage: Stage, room: str) -> Room:
    """Go there by its key, and wait until it has read."""
    number = [door.id for door in DOORS].index(room) + 1
    await stage.pilot.press(f"alt+{number}")
    await stage.until(lambda: isinstance(stage.app.room_widget, Room) and stage.app.room_widget.found.summary.plain != "")
    await stage.until(lambda: not stage.app.room_widget._reading.locked())  # type: ignore[union-attr]
    assert isinstance(stage.app.room_widget, Room)
    return stage.app.room_widget


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x50"])
@pytest.mark.parametrize("room", [door.id for door in DOORS if door.of])
def test_every_room_looks_as_it_did(
    state: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, room: str, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))  # no model was fetched
    monkeypatch.chdir(tmp_path)

    async def story() -> None:
        async with at_home(state, size) as stage:
            await into(stage, room)
            assert_looks(stage.app, f"{room}-{size[0]}")

    asyncio.run(story())


@pytest.mark.parametrize(
    ("room", "keys"), [("targets", "v"), ("targets", "vv"), ("certificates", "v"), ("findings", "g"), ("findings", "c")]
)
def test_other_views(state: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, room: str, keys: str) -> None:
    monkeypatch.chdir(tmp_path)

    async def story() -> None:
        async with at_home(state) as stage:
            await into(stage, room)
            await stage.pilot.press(*keys)
            await stage.pilot.pause()
            assert_looks(stage.app, f"{room}-{keys}")

    asyncio.run(story())


def test_an_alert_is_acknowledged(tmp_path: Path) -> None:
    state = furnished(tmp_path)

    async def story() -> None:
        async with at_home(state) as stage:
            room = await into(stage, "monitor")
            assert "tcp 192.0.2.21 8443" in stage.read()
            await stage.pilot.press("A")
            await stage.until(lambda: "no open alerts, 1 acknowledged" in room.found.summary.plain)
            assert stage.app.query_one(Tabs).alerts == ""

    asyncio.run(story())
    with open_store(str(state / "monitor.db"), create=False) as store:
        alert = store.alert("0a1b2c3d")
        assert alert is not None
        assert (alert.status, alert.acknowledged_by) == ("acknowledged", me())
    assert changed_last(state) == ("alert_acknowledge", "the terminal UI")


def test_without_a_monitor_the_room_says_how_to_begin(tmp_path: Path) -> None:
    async def story() -> None:
        async with at_home(tmp_path) as stage:
            await stage.pilot.press("alt+5")
            await stage.until(lambda: "netassist monitor add" in " ".join(stage.read().split()))
        assert not (tmp_path / "monitor.db").exists()

    asyncio.run(story())


def test_a_target_is_audited_from_its_room(state: Path) -> None:
    async def story() -> None:
        async with at_home(state) as stage:
            room = await into(stage, "targets")
            assert room.chosen is not None
            await stage.pilot.press("a")
            await stage.until(lambda: bool(stage.backend.asked) and not stage.app.busy)
            assert stage.backend.asked == [f"run a comprehensive security audit on {room.chosen.key}"]
            assert stage.app.room == "ask"

    asyncio.run(story())


def test_a_target_is_watched_from_its_room(tmp_path: Path) -> None:
    converse(tmp_path)

    async def story() -> None:
        async with at_home(tmp_path) as stage:
            await into(stage, "targets")
            await stage.pilot.press("w")
            await stage.until(lambda: "Watch 192.0.2.20" in stage.read())
            await stage.pilot.press(*"certi", "enter")
            await stage.until(lambda: "Watched every" in stage.read())
            room = await into(stage, "monitor")
            assert [row.key for row in room.shown] == ["certificate 192.0.2.20 8443"]

    asyncio.run(story())
    with open_store(str(tmp_path / "monitor.db"), create=False) as store:
        assert [(each.host, each.check, each.port) for each in store.watches()] == [("192.0.2.20", "certificate", 8443)]
    assert changed_last(tmp_path) == ("monitor_add", "the terminal UI")


def test_rooms_are_entered_by_key_by_tab_and_left_by_escape(state: Path) -> None:
    async def story() -> None:
        async with at_home(state) as stage:
            await stage.pilot.press("ctrl+pagedown")
            await stage.until(lambda: stage.app.room == "targets")
            await into(stage, "journal")
            await stage.pilot.press("3")
            await stage.until(lambda: stage.app.room == "findings")
            await stage.pilot.click("Tabs", offset=(3, 0))
            await stage.until(lambda: stage.app.room == "ask")
            await into(stage, "findings")
            await stage.pilot.press("f1")
            await stage.until(lambda: isinstance(stage.app.screen, Help))
            assert "findings.group" in stage.read()
            await stage.pilot.press("escape")
            await stage.until(lambda: not isinstance(stage.app.screen, Help))
            await stage.pilot.press("escape")
            await stage.until(lambda: stage.app.room == "ask" and stage.app.focused is stage.prompt)

    asyncio.run(story())


@pytest.mark.parametrize(("name", "begins"), [("seen.html", b"<!doctype html"), ("seen.sarif", b"{"), ("seen.csv", b"")])
def test_what_is_seen_is_exported(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, begins: bytes) -> None:
    monkeypatch.chdir(tmp_path)

    async def story() -> None:
        async with at_home(state) as stage:
            await into(stage, "certificates")
            await stage.pilot.press("ctrl+e")
            await stage.until(lambda: "The 2 rows that are shown" in stage.read())
            await stage.pilot.press("down", "enter")
            await stage.until(lambda: isinstance(stage.app.screen, Written))
            await stage.pilot.press("ctrl+u", *name, "enter")
            await stage.until(lambda: not isinstance(stage.app.screen, Written))
            await stage.until(partial((tmp_path / name).exists))
            await stage.until(lambda: "Written:" in stage.read())
        assert (tmp_path / name).read_bytes().lower().startswith(begins)
        assert (tmp_path / name).stat().st_size > 200

    asyncio.run(story())


def test_a_session_is_gone_on_with(state: Path) -> None:
    async def story() -> None:
        async with at_home(state) as stage:
            await stage.pilot.press("ctrl+o")
            await stage.until(lambda: "Go on with a session" in stage.read())
            await stage.pilot.press("enter")
            await stage.until(lambda: "what you ask now goes on from here" in stage.read())
            assert "❯ audit the TLS configuration of 192.0.2.20:8443" in stage.read()
            await stage.pilot.press("ctrl+r")
            await stage.until(lambda: "Earlier questions" in stage.read())
            await stage.pilot.press(*"ping", "enter")
            await stage.until(lambda: stage.prompt.value.startswith("ping 192.0.2.20"))

    asyncio.run(story())


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_room_is_readable(state: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, theme: Theme) -> None:
    """Contrast of at least 4.5 to 1 (WCAG 2.2, success criterion 1.4.3), on the chosen row too."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    async def story() -> None:
        async with at_home(state, (160, 50)) as stage:
            stage.app.theme = theme.name
            for door in DOORS:
                if door.of:
                    await into(stage, door.id)
                    assert unreadable(stage) == {}, door.id

    asyncio.run(story())


HOSTILE = "\x1b]0;owned\x07[bold red]x[/] [@click=app.quit]y[/]\u202ecba\u2066"


def test_what_the_network_says_acts_nowhere(tmp_path: Path) -> None:
    """A finding, a server's name and a question, each as hostile as can be, in every room and in the export's window."""
    from netassist.assistant.answers import Step, answered
    from netassist.assistant.journal import Entry
    from netassist.assistant.memory import Recalled, Turn
    from netassist.assistant.sessions import Sessions
    from netassist.toolbox import Call

    call = Call("http_check", {"url": "http://www.example.org/"})
    found = Finding(id="http.csp", severity="high", title=HOSTILE, detail=HOSTILE, evidence=HOSTILE, fix=HOSTILE)
    when = datetime.fromtimestamp(NOW, UTC)
    where = Endpoint("www.example.org", 80)
    report = HttpCheck(target=where, started=when, duration_s=1, findings=(found,), url="http://www.example.org/")
    answer = answered(HOSTILE, [Step(call, "ok", report=report)], "testllm", HOSTILE)
    Sessions(tmp_path).add(None, answer, Recalled(Turn(HOSTILE, (call,))))
    Journal(tmp_path).write(Entry(when, HOSTILE, HOSTILE, HOSTILE, call, HOSTILE, HOSTILE, HOSTILE))

    async def story() -> None:
        async with at_home(tmp_path, (120, 40)) as stage:
            for room in ("targets", "findings", "journal"):
                await into(stage, room)
                harmless(stage)
                assert room == "targets" or "[@click=app.quit]y[/]" in stage.read()
            await stage.pilot.press("alt+1", "ctrl+o")
            await stage.until(lambda: "Go on with a session" in stage.read())
            harmless(stage)
            await stage.pilot.press("enter")
            await stage.until(lambda: "goes on from here" in stage.read())
            harmless(stage)

    asyncio.run(story())


def harmless(stage: Stage) -> None:
    assert not [segment for segment in stage.segments() if segment.style and "@click" in segment.style.meta]
    letters = {letter for segment in stage.segments() for letter in segment.text}
    assert not {letter for letter in letters if ord(letter) < 32 or letter in "\u202e\u2066\x7f"}


def test_a_room_that_cannot_read_says_so_and_the_app_goes_on(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(folder: Path) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr("netassist.tui.rooms.journal.verify", broken)

    async def story() -> None:
        async with at_home(state) as stage:
            await stage.pilot.press("alt+7")
            await stage.until(lambda: "internal error (RuntimeError: a mistake)" in " ".join(stage.read().split()))
            await into(stage, "targets")

    asyncio.run(story())
