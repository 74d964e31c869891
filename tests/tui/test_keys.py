"""What keys do where: back from a line, to the rooms, through the tables; what is offered, copied, and said."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.widgets import Input, OptionList, Static

from netassist.assistant.journal import Journal
from netassist.backends.planning import Plan
from netassist.configuration import Settings
from netassist.monitor.store import open_store
from netassist.monitor.watch import Watch
from netassist.tui.app import NetAssistApp
from netassist.tui.columns import Cell, Column, Shape, rank, shaped
from netassist.tui.commands import commands
from netassist.tui.doors import Lent
from netassist.tui.screens.choice import Choice
from netassist.tui.screens.written import Written
from netassist.tui.widgets.fold import FoldTitle
from netassist.tui.widgets.progress import CallProgress
from netassist.tui.widgets.prompt import YES
from netassist.tui.widgets.recalled import RecalledTurn
from netassist.tui.widgets.tabs import Tabs
from netassist.tui.widgets.turn import Turn
from tests.lab.http import Page, http_server
from tests.lab.listening import closed_port
from tests.tui.estate import NOW, SETTINGS, converse, furnished
from tests.tui.stage import Planned, Stage, call, lines, opened
from tests.tui.test_rooms import at_home, changed_last, into

LONG = call("ping", host="127.0.0.1", count=100)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return furnished(tmp_path_factory.mktemp("state"))


def test_escape_on_a_line_goes_back_and_in_the_question_it_cancels(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, LONG) as stage:
            await stage.begin("ping 127.0.0.1 a hundred times")
            await stage.until(lambda: "of 100 answered" in stage.read())
            await stage.pilot.press("tab")
            await stage.until(lambda: isinstance(stage.app.focused, FoldTitle))
            assert all(offered in stage.read() for offered in ("⏎ Unfold", "x Cancel it", "y Copy", "esc Back"))
            await stage.pilot.press("q")
            assert "Esc goes back to the question." in stage.read()
            await stage.pilot.press("escape")
            assert stage.app.focused is stage.prompt
            assert stage.app.busy
            assert "Cancelling" not in stage.read()
            await stage.pilot.press("escape")
            await stage.until(lambda: not stage.app.busy)
            assert "Interrupted; this is what is known." in stage.read()
            assert "esc Cancel" not in stage.read()

    asyncio.run(story())


def test_escape_and_a_digit_go_to_a_room(state: Path) -> None:
    async def story() -> None:
        async with at_home(state) as stage:
            await stage.pilot.press("escape")
            assert isinstance(stage.app.focused, Tabs)
            await stage.pilot.press("o")
            assert "1 to 7 go to a room" in stage.read()
            await stage.pilot.press("escape")
            assert stage.prompt.has_focus
            await stage.pilot.press("escape", "4")
            await stage.until(lambda: stage.app.room == "certificates")
            assert stage.prompt.value == ""

    asyncio.run(story())


def test_j_and_k_move_in_every_table_and_change_nothing(state: Path) -> None:
    async def story() -> None:
        async with at_home(state) as stage:
            for name in ("targets", "findings", "certificates", "monitor", "models", "journal"):
                room = await into(stage, name)
                assert room.chosen == room.shown[0]
                await stage.pilot.press("j")
                assert room.chosen is not None
                assert room.chosen.key == room.shown[1].key, name
                await stage.pilot.press("k")
                assert room.chosen.key == room.shown[0].key, name
        with open_store(str(state / "monitor.db"), create=False) as store:
            assert [alert.status for alert in store.unresolved()] == ["open"]

    asyncio.run(story())


def test_ctrl_e_exports_from_the_question_and_ends_the_line_in_a_window(tmp_path: Path) -> None:
    async def story(port: int) -> None:
        async with opened(tmp_path, call("tcp_check", host="127.0.0.1", port=port)) as stage:
            await stage.ask(f"is port {port} open on 127.0.0.1?")
            assert stage.app.focused is stage.prompt
            await stage.pilot.press("ctrl+e")
            await stage.until(lambda: isinstance(stage.app.screen, Written))
            field = stage.app.screen.query_one(Input)
            await stage.pilot.press("home", "ctrl+e")
            assert field.cursor_position == len(field.value) > 0

    asyncio.run(story(closed_port()))


def test_clearing_takes_a_resumed_session_away_too(state: Path) -> None:
    async def story() -> None:
        async with at_home(state) as stage:
            await stage.pilot.press("ctrl+o")
            await stage.until(lambda: isinstance(stage.app.screen, Choice))
            await stage.pilot.press("enter")
            await stage.until(lambda: bool(stage.app.query(RecalledTurn)))
            await stage.pilot.press("ctrl+l")
            await stage.until(lambda: not stage.app.query(RecalledTurn))
            assert "Ask about hosts and networks" in stage.read()

    asyncio.run(story())


@pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=str)
def test_what_is_typed_into_the_palette_is_seen(tmp_path: Path, size: tuple[int, int]) -> None:
    async def story() -> None:
        async with opened(tmp_path, size=size) as stage:
            await stage.pilot.press("ctrl+p")
            await stage.until(lambda: isinstance(stage.app.screen, CommandPalette))
            field = stage.app.screen.query_one(Input)
            await stage.pilot.press(*"first questions")
            await stage.until(lambda: stage.app.screen.query_one(OptionList).option_count == 1)
            assert field.content_size.height == 1
            assert "first questions" in "".join(segment.text for line in lines(field) for segment in line)
            assert "Ask the first questions again" in str(stage.app.screen.query_one(OptionList).get_option_at_index(0).prompt)

    asyncio.run(story())


def test_end_goes_to_the_last_command(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as stage:
            await stage.pilot.press("ctrl+p", "ctrl+p")
            await stage.until(lambda: isinstance(stage.app.screen, CommandPalette))
            found = stage.app.screen.query_one(OptionList)
            await stage.until(lambda: found.option_count > 10)
            await stage.pilot.press("end")
            await stage.until(lambda: found.highlighted == found.option_count - 1)
            await stage.pilot.press("home")
            await stage.until(lambda: found.highlighted == 0)

    asyncio.run(story())


def test_the_palette_has_the_commands_of_the_room(state: Path) -> None:
    async def story() -> None:
        async with at_home(state) as stage:
            assert not [each.title for each in commands(stage.app) if each.title.startswith("Findings: ")]
            room = await into(stage, "findings")
            await stage.pilot.press("ctrl+p", *"findings group")
            await stage.until(lambda: isinstance(stage.app.screen, CommandPalette))
            await stage.until(lambda: stage.app.screen.query_one(OptionList).option_count == 1)
            await stage.pilot.press("enter")
            await stage.until(lambda: "By host." in stage.read())
            assert {row.group for row in room.shown} >= {"192.0.2.20", "192.0.2.21"}

    asyncio.run(story())


def test_a_table_is_sorted_by_column_after_column(state: Path) -> None:
    async def story() -> None:
        async with at_home(state) as stage:
            room = await into(stage, "findings")
            own = [row.key for row in room.shown]
            await stage.pilot.press("S", "S")
            titles = [row.cells[1].text.casefold() for row in room.shown]
            assert titles == sorted(titles)
            assert [row.key for row in room.shown] != own
            assert "Sorted by finding" in stage.read()
            await stage.pilot.press("S", "S", "S", "S")
            assert [row.key for row in room.shown] == own

    asyncio.run(story())


def test_cells_rank_by_what_they_mean() -> None:
    for ordered in (
        ["CRITICAL", "HIGH", "✘ medium", "LOW", "INFO", ""],
        ["0.5 ms", "12 ms", "2 s", "3 min", "2 h", "9 d", ""],
        ["9", "1,024", ""],
        ["6.1 MB", "~16.07 GB", ""],
        ["a.example", "B.example", ""],
    ):
        backwards = ordered[::-1]
        assert sorted(backwards, key=rank) == ordered


def test_the_command_of_a_call_is_copied_alone(tmp_path: Path) -> None:
    async def story(port: int) -> None:
        async with opened(tmp_path, call("tcp_check", host="127.0.0.1", port=port)) as stage:
            await stage.ask(f"is port {port} open on 127.0.0.1?")
            stage.app.query_one(CallProgress).query_one(FoldTitle).focus()
            await stage.pilot.press("c")
            assert stage.app.clipboard == f"netassist run tcp_check host=127.0.0.1 port={port}"
            assert "Copied the command" in stage.read()
            assert not stage.app.screen.query("Toast")

    asyncio.run(story(closed_port()))


def test_tab_goes_to_the_latest_question(tmp_path: Path) -> None:
    async def story(port: int) -> None:
        tcp = call("tcp_check", host="127.0.0.1", port=port)
        async with opened(tmp_path, tcp, tcp) as stage:
            for _ in range(2):
                await stage.ask(f"is port {port} open on 127.0.0.1?")
            await stage.pilot.press("tab")
            await stage.until(lambda: isinstance(stage.app.focused, FoldTitle))
            assert stage.app.focused is not None
            assert stage.app.query(Turn).last() in stage.app.focused.ancestors

    asyncio.run(story(closed_port()))


def test_a_yes_that_is_waited_for_is_named_and_forgotten_with_the_next_question(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, Plan("clarify"), None) as stage:
            stage.app.ask_room._choices = lambda answer: ("yes", "no")  # type: ignore[method-assign]
            await stage.ask("do it")
            assert stage.prompt.placeholder == YES
            await stage.begin("something else")
            assert str(stage.prompt.placeholder).startswith("Ask, for example")

    asyncio.run(story())


@pytest.mark.parametrize("size", [(80, 24), (80, 40)], ids=str)
def test_the_end_of_an_answer_that_fits_is_in_sight_and_follows_a_resize(tmp_path: Path, size: tuple[int, int]) -> None:
    async def story(url: str) -> None:
        poem = Plan("no_call")
        async with opened(tmp_path, poem, poem, call("http_check", url=url), LONG, size=size) as stage:
            view = stage.app.ask_room.view
            for question in ("a poem", "a song", f"check {url}"):
                await stage.ask(question)
            last = stage.app.query(Turn).last()
            tall = last.region.height > view.region.height
            await stage.until(lambda: view.scroll_y == view.max_scroll_y or (tall and last.region.y <= view.region.y + 2))
            await stage.begin("ping 127.0.0.1 a hundred times")
            await stage.until(lambda: "of 100 answered" in stage.read())
            await stage.pilot.resize_terminal(70, 16)
            await stage.until(lambda: view.size.height < 16)
            await stage.until(lambda: view.scroll_y == view.max_scroll_y > 0)

    with http_server({"/": Page(headers={"Content-Type": "text/html", "Server": "lab/1.0"})}) as server:
        asyncio.run(story(f"http://127.0.0.1:{server.port}/"))


def test_what_leaves_the_machine_is_in_another_colour(tmp_path: Path) -> None:
    class Remote(Planned):
        name = "hugllm"

    async def story(backend: Planned) -> tuple[object, str]:
        async with opened(tmp_path, backend=backend) as stage:
            kept = stage.app.screen.query_one("#privacy", Static)
            return kept.styles.color, str(kept.content)

    here, there = asyncio.run(story(Planned())), asyncio.run(story(Remote()))
    assert "only probes" in here[1]
    assert "hugllm" in there[1]
    assert here[0] != there[0]


def test_a_tour_stays_above_the_conversation(tmp_path: Path) -> None:
    async def story() -> None:
        lent = Lent(welcome="1. Press Enter.\n2. Go on.")
        app = NetAssistApp(SETTINGS, Planned(Plan("no_call")), Journal(tmp_path), frozenset(), lent=lent)
        async with app.run_test(size=(80, 24)) as pilot:
            stage = Stage(app, pilot, Planned())
            assert "2. Go on." in await stage.ask("a poem")

    asyncio.run(story())


def test_a_state_is_old_where_no_daemon_answers_and_its_check_is_overdue(state: Path) -> None:
    async def story(later: float) -> tuple[set[str], str]:
        app = NetAssistApp(SETTINGS, Planned(), Journal(state), frozenset(), folder=state, clock=lambda: NOW + later)
        async with app.run_test(size=(120, 40)) as pilot:
            room = await into(Stage(app, pilot, Planned()), "monitor")
            return {row.cells[0].text for row in room.shown}, room.found.summary.plain

    fresh, old = asyncio.run(story(0)), asyncio.run(story(600))
    assert fresh[0] == {"✘ down", "✔ up"}
    assert old[0] == {"? was down", "? was up"}
    assert "3 not known any more" in old[1]
    assert " up" not in old[1]


def test_open_alerts_are_counted_on_the_tab(state: Path, tmp_path: Path) -> None:
    async def story(folder: Path) -> str:
        async with at_home(folder) as stage:
            return stage.app.query_one(Tabs).render().plain

    assert "5 Monitor•1" in asyncio.run(story(state))
    assert "•" not in asyncio.run(story(tmp_path))
    (tmp_path / "monitor.db").write_bytes(b"no database at all" * 400)
    assert "5 Monitor•?" in asyncio.run(story(tmp_path))


def test_a_port_is_watched_its_interval_changed_and_the_watch_removed(tmp_path: Path) -> None:
    converse(tmp_path)

    def kept() -> list[Watch]:
        with open_store(str(tmp_path / "monitor.db"), create=False) as store:
            return [*store.watches()]

    async def story() -> None:
        async with at_home(tmp_path) as stage:
            await into(stage, "targets")
            await stage.pilot.press("w")
            await stage.until(lambda: "Watch 192.0.2.20" in stage.read())
            await stage.pilot.press("t", "c", "p", "enter")
            await stage.until(lambda: isinstance(stage.app.screen, Written))
            await stage.pilot.press(*"70000", "enter")
            await stage.until(lambda: "That is no port" in stage.read())
            await stage.pilot.press("ctrl+u", *"5432", "enter")
            await stage.until(lambda: "Watched every 300 s: tcp 192.0.2.20 5432" in stage.read())
            await into(stage, "monitor")
            await stage.pilot.press("i")
            await stage.until(lambda: isinstance(stage.app.screen, Written))
            await stage.pilot.press("ctrl+u", *"1s", "enter")
            await stage.until(lambda: "Between 5 seconds" in stage.read())
            await stage.pilot.press("ctrl+u", *"15s", "enter")
            await stage.until(lambda: "is checked every 15 seconds" in stage.read())
            assert [(each.key, each.interval) for each in kept()] == [("tcp 192.0.2.20 5432", 15)]
            assert changed_last(tmp_path) == ("monitor_edit", "the terminal UI")
            await stage.pilot.press("delete")
            await stage.until(lambda: isinstance(stage.app.screen, Choice))
            await stage.pilot.press("enter")  # no is the default
            await stage.until(lambda: not isinstance(stage.app.screen, Choice))
            assert len(kept()) == 1
            await stage.pilot.press("delete")
            await stage.until(lambda: isinstance(stage.app.screen, Choice))
            await stage.pilot.press("down", "enter")
            await stage.until(lambda: "is watched no more" in stage.read())
            assert kept() == []
            assert changed_last(tmp_path) == ("monitor_remove", "the terminal UI")

    asyncio.run(story())


def test_what_a_growing_column_does_not_need_goes_to_the_others() -> None:
    columns = (Column("where", 8, 40, grows=True, least=15), Column("until", 7), Column("subject", 5, 30, grows=True, least=10))
    rows = [[Cell("192.0.2.21:8443"), Cell("2026-10-30"), Cell("s" * 25)]]
    assert shaped(columns, rows, 60) == Shape((0, 1, 2), (21, 10, 25))
    assert shaped(columns, rows, 45) == Shape((0, 1, 2), (15, 10, 16))
    assert shaped(columns, rows, 33) == Shape((0, 1), (21, 10))
    assert shaped(columns, rows, 8) == Shape((0,), (8,))


def test_a_long_word_below_the_room_is_read_to_its_end(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, size=(80, 24)) as stage:
            stage.app.say(f"{'Watched every 300 s. ' * 5}It is done by netassist daemon.")
            line = stage.app.screen.query_one("#status")
            await stage.until(lambda: line.size.height == 2)
            assert "netassist daemon." in stage.app.export_screenshot().replace("&#160;", " ")
            stage.app.say("")
            await stage.until(lambda: line.size.height == 1)

    asyncio.run(story())


def test_where_a_view_is_on_the_screen_already_v_goes_into_it(state: Path) -> None:
    async def story() -> None:
        async with at_home(state, (160, 50)) as stage:
            room = await into(stage, "certificates")
            await stage.pilot.press("v")
            assert stage.app.focused is room.query_one(".chart")
            assert stage.read().count("Timeline to expiry") == 1
            await stage.pilot.press("escape")
            assert stage.app.focused is room.list
            assert not (await into(stage, "journal")).query(".chart")

    asyncio.run(story())


def test_a_backend_whose_key_nobody_has_seen_is_not_called_ready(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    settings = Settings(backends=("hugllm", "testllm"))

    async def story() -> list[str]:
        app = NetAssistApp(settings, Planned(), Journal(state), frozenset(), folder=state, clock=lambda: NOW)
        async with app.run_test(size=(120, 40)) as pilot:
            room = await into(Stage(app, pilot, Planned()), "models")
            return [row.cells[1].text for row in room.shown[:2]]

    assert asyncio.run(story()) == ["? maybe ready", "✔ ready"]
