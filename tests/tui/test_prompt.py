"""The place for questions: completion, pasted lists, several lines, earlier questions."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual import events

from netassist.backends.planning import Plan
from netassist.configuration import Settings
from netassist.tui.widgets.prompt import hosts_of, rest
from tests.tui.stage import opened


def test_a_host_and_a_tool_are_completed_with_tab(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, settings=Settings(targets={"nas": "nas.example.org"})) as stage:
            await stage.pilot.press(*"is nas.e")
            await stage.until(lambda: stage.prompt.suggestion == "xample.org")
            await stage.pilot.press("tab", *" up? tls_a", "tab")
            assert stage.prompt.value == "is nas.example.org up? tls_audit"
            await stage.pilot.press("tab")
            assert stage.app.focused is not None

    asyncio.run(story())


def test_a_pasted_list_of_hosts_gets_commas_and_is_counted(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as stage:
            stage.prompt.value = "ping "
            stage.prompt.post_message(events.Paste("192.0.2.1\n192.0.2.2\n\nwww.example.org\n192.0.2.1\n"))
            await stage.until(lambda: stage.prompt.value == "ping 192.0.2.1, 192.0.2.2, www.example.org")
            await stage.until(lambda: "3 hosts" in stage.read())

    asyncio.run(story())


def test_a_question_of_several_lines_is_one(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, Plan("no_call")) as stage:
            await stage.pilot.press(*"ping a", "ctrl+j", *"and b")
            assert stage.prompt.value == "ping a\nand b"
            assert stage.prompt.content_size.height == 2
            await stage.pilot.press("up")
            assert stage.prompt.value == "ping a\nand b"
            await stage.pilot.press("enter")
            await stage.until(lambda: stage.backend.asked == ["ping a\nand b"] and not stage.app.busy)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("192.0.2.1\nexample.org", ["192.0.2.1", "example.org"]),
        ("# mine\n192.0.2.0/28,\n2001:db8::1", ["192.0.2.0/28", "2001:db8::1"]),
        ("192.0.2.1", []),
        ("is 192.0.2.1\nup?", []),
        ("one\ntwo", []),
    ],
)
def test_what_is_a_list_of_hosts(text: str, hosts: list[str]) -> None:
    assert hosts_of(text) == hosts


def test_the_rest_of_a_word() -> None:
    assert rest("exa", ["example.org"]) == "mple.org"
    assert rest("EXA", ["example.org"]) == "mple.org"
    assert rest("example.org", ["example.org", "example.org.au"]) == ""
    assert rest("x", ["example.org"]) == ""
