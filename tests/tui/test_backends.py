"""The terminal UI with a remote backend: falls are told, what a model made up is marked, and answers are stored."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import pytest

from netassist.assistant.sessions import Sessions
from netassist.backends.ladder import Ladder, Rung
from netassist.backends.ledger import Ledger
from netassist.backends.remote import Remote
from netassist.backends.testllm import TestLlm
from netassist.configuration import Settings
from netassist.tui.widgets.answer import Draft
from tests.backends.asking import remote
from tests.lab.llm_server import Llm, Turn, Wanted, llm_server
from tests.tui.stage import call, opened


def ladder(lab: Llm, folder: Path) -> Ladder:
    first: Remote = remote(lab, folder)
    return Ladder([Rung(first, "lab"), Rung(TestLlm())], Ledger(folder))


def test_a_fall_is_told_beside_its_question(tmp_path: Path) -> None:
    async def story(lab: Llm, port: int) -> None:
        async with opened(tmp_path, backend=ladder(lab, tmp_path)) as stage:
            assert "questions are sent to turbollm" in stage.read()
            seen = await stage.ask(f"is tcp port {port} open on 127.0.0.1?")
            assert "has a fault of its own (HTTP 500: \x1b[31mout of order)" not in seen
            assert "! turbollm: 127.0.0.1" in seen
            assert "out of order); testllm goes on" in " ".join(seen.split())
            assert f"Port {port} on 127.0.0.1 is open" in seen

    with (
        llm_server(Llm(otherwise=Turn(status=500, error="\x1b[31mout of order"))) as lab,
        socket.create_server(("127.0.0.1", 0)) as s,
    ):
        asyncio.run(story(lab, s.getsockname()[1]))


def test_what_a_model_made_up_is_marked_and_the_measurement_stands_beside_it(tmp_path: Path) -> None:
    async def story(lab: Llm, port: int) -> None:
        async with opened(tmp_path, backend=remote(lab, tmp_path), keep=True) as stage:
            seen = await stage.ask(f"is tcp port {port} open on 127.0.0.1?")
            words = " ".join(seen.split())
            assert f"Port {port} on 127.0.0.1 is ~~closed~~ open, and 192.0.2.77 [not measured] too." in words
            assert "Not found in what was measured: closed (measured: open), 192.0.2.77." in words
            assert f"✔ Port {port} on 127.0.0.1 is open" in words

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        wanted = Wanted("tcp_check", {"host": "127.0.0.1", "port": port})
        with llm_server(Llm([Turn(calls=[wanted]), Turn(f"Port {port} on 127.0.0.1 is closed, and 192.0.2.77 too.")])) as lab:
            asyncio.run(story(lab, port))


def test_an_answer_is_shown_as_it_is_written_and_replaced_by_the_checked_one(tmp_path: Path) -> None:
    async def story(lab: Llm, port: int, held: threading.Event) -> None:
        async with opened(tmp_path, backend=remote(lab, tmp_path)) as stage:
            await stage.begin(f"is tcp port {port} open on 127.0.0.1?")
            await stage.until(lambda: "not yet checked" in stage.read())
            await stage.until(lambda: f"• port {port} is closed" in stage.read())
            # Nothing of it has been held against the measurement yet, and so nothing is marked.
            assert "~~" not in stage.read()
            assert "192.0.2.77" not in stage.read()
            await stage.pilot.press(*"next")
            assert stage.prompt.value == "next"
            held.set()
            await stage.until(lambda: not stage.app.busy)
            seen = stage.read()
            assert "not yet checked" not in seen
            assert not stage.app.query(Draft)
            assert f"• port {port} is ~~closed~~ open" in seen
            assert "192.0.2.77 [not measured]" in seen
            assert "**" not in seen

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port, held = listening.getsockname()[1], threading.Event()
        wanted = Wanted("tcp_check", {"host": "127.0.0.1", "port": port})
        written = f"## Result\n\nOn **127.0.0.1**:\n\n- port {port} is closed\n- and more that was not so clear, 192.0.2.77 too"
        with llm_server(Llm([Turn(calls=[wanted]), Turn(written, held=held)])) as lab:
            asyncio.run(story(lab, port, held))


def test_an_answer_that_is_cancelled_while_it_is_written_leaves_what_was_measured(tmp_path: Path) -> None:
    async def story(lab: Llm, port: int) -> None:
        async with opened(tmp_path, backend=remote(lab, tmp_path)) as stage:
            await stage.begin(f"is tcp port {port} open on 127.0.0.1?")
            await stage.until(lambda: "not yet checked" in stage.read())
            await stage.pilot.press("escape")
            await stage.until(lambda: not stage.app.busy)
            seen = stage.read()
            assert "Interrupted; this is what is known." in seen
            assert f"Port {port} on 127.0.0.1 is open" in seen
            assert "an answer of many words" not in seen

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        wanted = Wanted("tcp_check", {"host": "127.0.0.1", "port": port})
        with llm_server(Llm([Turn(calls=[wanted]), Turn("an answer of many words that stops here", fault="stall")])) as lab:
            asyncio.run(story(lab, port))


@pytest.mark.parametrize("whole", [False, True], ids=["while it is written", "when it is checked"])
def test_a_model_s_text_is_inert(tmp_path: Path, whole: bool) -> None:
    async def story(lab: Llm, held: threading.Event) -> None:
        async with opened(tmp_path, backend=remote(lab, tmp_path)) as stage:
            await stage.begin("hello")
            await stage.until(lambda: "<b>bold</b>" in stage.read())
            if whole:
                held.set()
                await stage.until(lambda: not stage.app.busy)
            assert bool(stage.app.query(Draft)) is not whole
            words = " ".join(stage.read().split())
            for shown in ("[site](http", "![picture](file", "<b>bold</b>", "&#x202e;", "[@click=app.quit"):
                assert shown in words
            assert not any(ord(letter) < 32 or letter in "\u202e\x7f" for segment in stage.segments() for letter in segment.text)
            styles = [segment.style for segment in stage.segments() if segment.style]
            assert not [style for style in styles if style.link or any("@click" in name for name in style.meta)]
            held.set()
            await stage.until(lambda: not stage.app.busy)

    hostile = (
        "See [site](http://evil.example/) ![picture](file:///etc/passwd) <b>bold</b> &#x202e; [@click=app.quit]y[/] "
        "\x1b]0;owned\x07 \x1b[31mred \u202e [x]: http://evil.example/\n\n[x]: http://evil.example/"
    )
    held = threading.Event()
    with llm_server(Llm([Turn(f"{hostile} {'and so on ' * 30}", held=held)])) as lab:
        asyncio.run(story(lab, held))


def test_answers_are_stored_and_a_cleared_view_begins_another_session(tmp_path: Path) -> None:
    async def story() -> None:
        plans = [call("tcp_check", host="127.0.0.1", port=port) for port in (1, 2, 3)]
        async with opened(tmp_path, *plans, settings=Settings(), keep=True) as stage:
            await stage.ask("is port 1 of 127.0.0.1 open?")
            await stage.ask("is port 2 of 127.0.0.1 open?")
            await stage.pilot.press("ctrl+l")
            await stage.ask("is port 3 of 127.0.0.1 open?")

    asyncio.run(story())
    sessions = Sessions(tmp_path)
    stored = [[each.request for each in sessions.exchanges(session.id)] for session in sessions.listed()]
    assert sorted(stored) == [
        ["is port 1 of 127.0.0.1 open?", "is port 2 of 127.0.0.1 open?"], ["is port 3 of 127.0.0.1 open?"]
    ]  # fmt: skip
