"""What may disturb asks first: by name, in words, and no is the answer unless a person says otherwise."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from netassist.assistant import gate
from netassist.tui.screens import approval
from netassist.tui.screens.approval import Approval, question
from netassist.tui.widgets.fold import Fold
from tests.tui.stage import Stage, call, opened

VULN = call("nmap_scan", target="127.0.0.1", profile="vuln")
QUESTION = "look for weaknesses of 127.0.0.1"


async def asked(stage: Stage, question: str) -> Approval:
    await stage.begin(question)
    await stage.until(lambda: isinstance(stage.app.screen, Approval))
    assert isinstance(stage.app.screen, Approval)
    return stage.app.screen


@pytest.mark.parametrize("key", ["n", "escape", "enter"])
def test_no(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setattr(approval, "CALM", 0.01)

    async def story() -> None:
        async with opened(tmp_path, VULN) as stage:
            screen = await asked(stage, QUESTION)
            await stage.until(lambda: screen.ready)
            words = " ".join(stage.read().split())
            assert "nmap_scan target = 127.0.0.1 profile = vuln" in words
            assert "Intrusive: it may disturb what it scans" in words
            assert "try known weaknesses" in words
            await stage.pilot.press(key)
            await stage.until(lambda: not stage.app.busy)
            assert "refused, not run" in stage.read()
            assert "was not approved; you said no" in " ".join(stage.read().split())

    asyncio.run(story())


def test_the_ports_are_those_that_are_asked_for() -> None:
    assert "on every open port" in question(VULN.calls[0], "intrusive").plain
    [one] = call("nmap_scan", target="127.0.0.1", profile="vuln", ports="8443").calls
    asked_for = question(one, "intrusive").plain
    assert "on those of the ports 8443 that are open" in asked_for
    assert "every open port" not in asked_for


def test_yes_runs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approval, "CALM", 0.01)
    monkeypatch.setattr(gate, "risk_of", lambda call: "intrusive")

    async def story(port: int) -> None:
        async with opened(tmp_path, call("tcp_check", host="127.0.0.1", port=port)) as stage:
            screen = await asked(stage, f"is port {port} of 127.0.0.1 open?")
            await stage.until(lambda: screen.ready)
            await stage.pilot.press("y")
            await stage.until(lambda: not stage.app.busy)
            assert f"Port {port} on 127.0.0.1 is open" in stage.read()
        assert "a yes on the terminal" in (tmp_path / "journal.jsonl").read_text()

    with socket.create_server(("127.0.0.1", 0)) as server:
        asyncio.run(story(server.getsockname()[1]))


@pytest.mark.parametrize(("key", "lasts"), [("s", "for the session"), ("a", "for always")])
def test_a_yes_for_longer_is_not_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, lasts: str) -> None:
    monkeypatch.setattr(approval, "CALM", 0.01)
    monkeypatch.setattr(gate, "risk_of", lambda call: "intrusive")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    async def story(port: int) -> None:
        plan = call("tcp_check", host="127.0.0.1", port=port)
        async with opened(tmp_path, plan, plan) as stage:
            screen = await asked(stage, f"is port {port} of 127.0.0.1 open?")
            await stage.until(lambda: screen.ready)
            await stage.pilot.press(key)
            await stage.until(lambda: not stage.app.busy)
            assert f"Port {port} on 127.0.0.1 is open" in await stage.ask(f"is port {port} of 127.0.0.1 open?")
        assert f"a yes on the terminal, given {lasts}" in (tmp_path / "journal.jsonl").read_text()
        assert (tmp_path / "netassist" / "approvals.json").exists() == (key == "a")

    with socket.create_server(("127.0.0.1", 0)) as server:
        asyncio.run(story(server.getsockname()[1]))


def test_what_was_approved_beforehand_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "risk_of", lambda call: "intrusive")

    async def story(port: int) -> None:
        plan = call("tcp_check", host="127.0.0.1", port=port)
        async with opened(tmp_path, plan, approved=frozenset({"intrusive"})) as stage:
            assert f"Port {port} on 127.0.0.1 is open" in await stage.ask(f"is port {port} of 127.0.0.1 open?")

    with socket.create_server(("127.0.0.1", 0)) as server:
        asyncio.run(story(server.getsockname()[1]))


def test_letters_of_a_half_typed_question_are_no_yes_and_cancelling_is_a_no(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approval, "CALM", 3600)

    async def story() -> None:
        async with opened(tmp_path, VULN) as stage:
            screen = await asked(stage, QUESTION)
            await stage.pilot.press("y", "e", "s", "enter", "escape")
            await stage.pilot.pause()
            assert stage.app.screen is screen
            await stage.pilot.press("ctrl+c")
            await stage.until(lambda: not stage.app.busy)
            assert stage.app.screen is not screen
            assert "refused, not run" in stage.read()

    asyncio.run(story())


def test_a_network_says_how_many_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approval, "CALM", 0.01)

    async def story() -> None:
        async with opened(tmp_path, call("nmap_scan", target="10.0.0.0/16", profile="discovery"), size=(60, 20)) as stage:
            screen = await asked(stage, "who is up in 10.0.0.0/16?")
            await stage.until(lambda: screen.ready)
            assert "65,536 addresses" in " ".join(stage.read().split())
            # The answers can be reached in a small terminal too.
            assert all(screen.region.contains_region(button.region) for button in screen.query("Button"))
            await stage.pilot.press("n")
            await stage.until(lambda: not stage.app.busy)

    asyncio.run(story())


def test_the_arguments_are_edited_and_the_edited_call_is_asked_about_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approval, "CALM", 0.01)
    monkeypatch.setattr(gate, "risk_of", lambda call: "intrusive")

    async def story(port: int) -> None:
        async with opened(tmp_path, call("tcp_check", host="127.0.0.1", port=1)) as stage:
            screen = await asked(stage, "is port 1 of 127.0.0.1 open?")
            await stage.until(lambda: screen.ready)
            assert "You asked: is port 1 of 127.0.0.1 open?" in stage.read()
            await stage.pilot.press("e", "tab", "ctrl+u", *"99999", "enter")
            await stage.until(lambda: "99999" in stage.read() and "is not" in stage.read())
            await stage.pilot.press("ctrl+u", *str(port), "enter")
            await stage.until(lambda: isinstance(stage.app.screen, Approval) and stage.app.screen is not screen)
            again = stage.app.screen
            assert isinstance(again, Approval)
            await stage.until(lambda: again.ready)
            assert f"port = {port}" in stage.read()
            await stage.pilot.press("y")
            await stage.until(lambda: not stage.app.busy)
            assert f"Port {port} on 127.0.0.1 is open" in stage.read()
            stage.app.query(Fold).first().unfolded = True
            await stage.until(lambda: "Command" in stage.read())
            assert f"netassist run tcp_check host=127.0.0.1 port={port}" in stage.read()
            assert "port=1 " not in stage.read()
        assert "which edited tcp_check" in (tmp_path / "journal.jsonl").read_text()

    with socket.create_server(("127.0.0.1", 0)) as server:
        asyncio.run(story(server.getsockname()[1]))
