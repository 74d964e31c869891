"""The terminal UI with a remote backend: falls are told, what a model made up is marked, and answers are stored."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from netassist.assistant.sessions import Sessions
from netassist.backends.ladder import Ladder, Rung
from netassist.backends.ledger import Ledger
from netassist.backends.remote import Remote
from netassist.backends.testllm import TestLlm
from netassist.configuration import Settings
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
