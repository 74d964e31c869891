"""A conversation on the screen: questions, live progress, answers, questions back, cancelling, errors."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from time import monotonic

import msgspec
import pytest

from netassist.assistant.answers import Step
from netassist.backends.planning import BackendError, Plan
from netassist.configuration import Settings
from netassist.network import Progress
from netassist.reports.text.finding import problems
from netassist.toolbox import Call
from netassist.tui.widgets import progress
from netassist.tui.widgets.answer import AnswerView
from netassist.tui.widgets.fold import Fold
from netassist.tui.widgets.progress import CallProgress
from netassist.tui.widgets.turn import Turn
from tests.lab.http import Page, http_server
from tests.lab.listening import closed_port
from tests.lab.pki import authority, leaf
from tests.lab.tls import tls_server
from tests.reports.samples import EXAMPLES
from tests.tui.snapshot import assert_looks
from tests.tui.stage import call, opened, together

PAGE = Page(headers={"Content-Type": "text/html", "Server": "lab/1.0"})


def test_a_question_is_measured_and_answered(tmp_path: Path) -> None:
    async def story(url: str, port: int) -> None:
        plan = together(call("http_check", url=url), call("tcp_check", host="127.0.0.1", port=port))
        async with opened(tmp_path, plan) as stage:
            seen = await stage.ask(f"check {url} and port {port} of 127.0.0.1")
            assert f"❯ check {url}" in seen
            assert f"✔ http_check  url={url}  done in" in seen
            assert f"✔ tcp_check  host=127.0.0.1 port={port}  done in" in seen
            # The verdicts, one a call; then the findings by severity, each with its word.
            assert f"{url} answered 200 OK" in seen
            assert f"· Port {port} on 127.0.0.1 is closed" in seen
            findings = stage.app.query_one(AnswerView).answer.findings
            assert findings
            assert f"{problems(findings)}:" in seen
            assert sum(f" {finding.severity.upper():<9}{finding.title}" in seen for finding in findings) == len(findings)
            assert "▸ ! LOW      No content security policy" in seen
            assert seen.index("LOW") < seen.index("INFO")
            assert "Evidence" not in seen

            csp, report = (
                next(fold for fold in stage.app.query(Fold) if words in fold.title.plain)
                for words in ("No content security", "http_check")
            )
            csp.unfolded = report.unfolded = True
            await stage.until(lambda: "HTTP/1.1" in stage.read())
            unfolded = stage.read()
            assert "Evidence  port" in unfolded
            assert "Fix       Send a Content-Security-Policy" in unfolded
            # The card of the call: what it is for, how to run it again, and the whole result.
            assert f"Command  netassist run http_check url={url}" in unfolded
            assert unfolded.count("200 OK") == 3

    with http_server({"/": PAGE}) as server:
        asyncio.run(story(f"http://127.0.0.1:{server.port}/", closed_port()))


def test_the_fold_is_worked_by_keys(tmp_path: Path) -> None:
    async def story(port: int) -> None:
        async with opened(tmp_path, call("tcp_check", host="127.0.0.1", port=port)) as stage:
            await stage.ask(f"is port {port} open on 127.0.0.1?")
            await stage.pilot.press("shift+tab", "enter")
            await stage.until(lambda: "State  closed" in stage.read())
            await stage.pilot.press("left")
            await stage.until(lambda: "State  closed" not in stage.read())
            await stage.pilot.press("escape")
            assert stage.app.focused is stage.prompt

    asyncio.run(story(closed_port()))


def test_a_question_back_is_shown_as_one_and_waits_for_the_reply(tmp_path: Path) -> None:
    async def story() -> None:
        settings = Settings(targets={"the nas": "192.0.2.7"})
        async with opened(tmp_path, Plan("clarify"), settings=settings) as stage:
            seen = await stage.ask("scan my server")
            assert "? Question back: Which target do you mean?" in seen
            assert "the nas" in seen
            assert stage.app.focused is stage.prompt
            assert str(stage.prompt.placeholder).startswith("Your answer")

    asyncio.run(story())


def test_what_no_tool_serves_is_said(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, Plan("no_call")) as stage:
            assert "nothing was run" in await stage.ask("write me a poem")
            assert not stage.app.query(CallProgress)

    asyncio.run(story())


def test_cancelling_keeps_what_is_known(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, call("ping", host="127.0.0.1", count=100)) as stage:
            await stage.begin("ping 127.0.0.1 a hundred times")
            assert "esc Cancel" in stage.read()
            # Live progress: what it does, and how far it is.
            await stage.until(lambda: "of 100 answered" in stage.read())
            assert "%" in stage.read()
            await stage.pilot.press("escape")
            await stage.until(lambda: not stage.app.busy)
            seen = stage.read()
            assert "! ping  host=127.0.0.1 count=100  done in part" in seen
            assert "Interrupted; this is what is known." in seen
            assert "Incomplete:" in seen
            assert stage.app.is_running
        entry = json.loads((tmp_path / "journal.jsonl").read_text())
        assert (entry["call"]["name"], entry["status"]) == ("ping", "partial")

    asyncio.run(story())


def test_cancelling_while_it_is_being_planned(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, None) as stage:
            await stage.begin("ping 127.0.0.1")
            assert "deciding what to measure" in stage.read()
            await stage.pilot.press("ctrl+c")
            await stage.until(lambda: not stage.app.busy)
            assert "Cancelled; nothing was run." in stage.read()
            assert stage.app.is_running

    asyncio.run(story())


def test_one_question_at_a_time_and_the_second_is_kept(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, None, Plan("no_call")) as stage:
            await stage.begin("ping 127.0.0.1")
            await stage.begin("and 127.0.0.2?")
            assert "One question at a time" in stage.read()
            assert stage.prompt.value == "and 127.0.0.2?"
            assert stage.backend.asked == ["ping 127.0.0.1"]
            await stage.pilot.press("escape")
            await stage.until(lambda: not stage.app.busy)
            await stage.pilot.press("enter")
            await stage.until(lambda: not stage.app.busy)
            assert stage.backend.asked == ["ping 127.0.0.1", "and 127.0.0.2?"]

    asyncio.run(story())


def test_errors_are_one_line_and_the_talk_goes_on(tmp_path: Path) -> None:
    async def story(port: int) -> None:
        plans = BackendError("the model cannot be loaded; use another"), RuntimeError("a mistake")
        async with opened(tmp_path, *plans, call("tcp_check", host="127.0.0.1", port=port)) as stage:
            assert "✘ the model cannot be loaded; use another" in await stage.ask("ping 127.0.0.1")
            assert "✘ internal error (RuntimeError: a mistake)" in await stage.ask("ping 127.0.0.1")
            assert "✘ the question has 9,000 characters" in await stage.ask("x" * 9000)
            assert f"Port {port} on 127.0.0.1 is closed" in await stage.ask(f"is port {port} of 127.0.0.1 open?")

    asyncio.run(story(closed_port()))


def test_a_journal_that_cannot_be_written(tmp_path: Path) -> None:
    async def story(port: int) -> None:
        (tmp_path / "file").write_text("")
        async with opened(tmp_path / "file", call("tcp_check", host="127.0.0.1", port=port)) as stage:
            seen = " ".join((await stage.ask(f"is port {port} of 127.0.0.1 open?")).split())
            assert "cannot be written" in seen
            assert "no call is run without its journal line" in seen

    asyncio.run(story(closed_port()))


def test_a_target_that_nobody_named_is_refused(tmp_path: Path) -> None:
    async def story(port: int) -> None:
        async with opened(tmp_path, call("tcp_check", host="127.0.0.1", port=port)) as stage:
            seen = await stage.ask("is port 80 open on 127.0.0.2?")
            assert f"✘ tcp_check  host=127.0.0.1 port={port}  refused, not run" in seen

    asyncio.run(story(closed_port()))


def test_clearing_the_view_spares_what_is_running(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, Plan("no_call"), None) as stage:
            await stage.ask("a poem, please")
            await stage.begin("ping 127.0.0.1")
            await stage.pilot.press("ctrl+l")
            await stage.pilot.pause()
            assert [turn.question for turn in stage.app.query(Turn)] == ["ping 127.0.0.1"]

    asyncio.run(story())


def test_after_clearing_the_view_the_next_question_refers_to_nothing(tmp_path: Path) -> None:
    async def story(port: int) -> None:
        tcp = call("tcp_check", host="127.0.0.1", port=port)
        async with opened(tmp_path, tcp, tcp) as stage:
            await stage.ask(f"is port {port} open on 127.0.0.1?")
            await stage.pilot.press("ctrl+l")
            await stage.pilot.pause()
            assert "refused, not run" in await stage.ask("again")

    asyncio.run(story(closed_port()))


def test_a_short_answer_stands_below_its_question_and_a_long_one_begins_in_sight(tmp_path: Path) -> None:
    async def story(url: str, port: int) -> None:
        plans = call("tcp_check", host="127.0.0.1", port=port), *[call("http_check", url=url)] * 2
        async with opened(tmp_path, *plans, size=(80, 20)) as stage:
            view = stage.app.query_one("#conversation")
            await stage.ask(f"is port {port} of 127.0.0.1 open?")
            assert view.scroll_y == 0
            await stage.ask(f"check {url}")
            await stage.ask(f"check {url}")
            last = stage.app.query(Turn).last()
            await stage.until(lambda: last.region.y >= view.region.y)
            assert last.region.y <= view.region.y + 2

    with http_server({"/": PAGE}) as server:
        asyncio.run(story(f"http://127.0.0.1:{server.port}/", closed_port()))


def test_one_of_two_calls_is_cancelled_and_the_other_goes_on(tmp_path: Path) -> None:
    async def story(port: int) -> None:
        both = together(call("ping", host="127.0.0.1", count=100), call("ping", host="127.0.0.1", count=3))
        async with opened(tmp_path, both) as stage:
            await stage.begin("ping 127.0.0.1 a hundred times, and three times")
            await stage.until(lambda: "of 100 answered" in stage.read())
            stage.app.query(CallProgress).first().query_one("FoldTitle").focus()
            await stage.pilot.press("x")
            await stage.until(lambda: not stage.app.busy)
            seen = stage.read()
            assert "! ping  host=127.0.0.1 count=100  done in part" in seen
            assert "✔ ping  host=127.0.0.1 count=3  done in" in seen
            assert "3 of 3 ICMP" in seen or "3 of 3" in seen
            assert "Interrupted" not in seen

    asyncio.run(story(closed_port()))


def test_a_question_back_is_answered_by_picking(tmp_path: Path) -> None:
    async def story(port: int) -> None:
        settings = Settings(targets={"the nas": "127.0.0.1"})
        plan = call("tcp_check", host="127.0.0.1", port=port)
        async with opened(tmp_path, Plan("clarify"), plan, settings=settings) as stage:
            await stage.ask("is the port open?")
            await stage.pilot.press("shift+tab", "enter")
            await stage.until(lambda: len(stage.backend.asked) == 2 and not stage.app.busy)
            assert stage.backend.asked[1].endswith("the nas")

    asyncio.run(story(closed_port()))


@pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=["80x24", "160x50"])
def test_the_screen_after_a_real_audit_looks_as_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setattr("netassist.assistant.running._since", lambda began: 1.5)
    root = authority()

    async def story(port: int) -> None:
        audit = call("tls_audit", host="127.0.0.1", port=port)
        async with opened(tmp_path, audit, size=size, settings=Settings(ca_file=str(root.anchor(tmp_path)))) as stage:
            await stage.ask(f"audit the TLS configuration of 127.0.0.1:{port}")
            stage.app.query("AnswerView Fold").first(Fold).unfolded = True
            await stage.until(lambda: "Evidence" in stage.read())
            assert_looks(stage.app, f"ask-{size[0]}", {str(port): "44300", r"20\d\d-\d\d-\d\d": "2026-11-29"})

    with tls_server(leaf(root, "expired"), least="TLSv1.2", groups="X25519MLKEM768:X25519") as server:
        assert len(str(server.port)) == 5
        asyncio.run(story(server.port))


@pytest.mark.parametrize("steps", [("shift+tab",), ("tab",), ("tab", "enter", "tab")], ids=str)
def test_keys_work_after_the_line_with_the_focus_was_cleared_away(tmp_path: Path, steps: tuple[str, ...]) -> None:
    async def story(port: int) -> None:
        tcp = call("tcp_check", host="127.0.0.1", port=port)
        async with opened(tmp_path, tcp, tcp, tcp) as stage:
            for _ in range(3):
                await stage.ask(f"is port {port} open on 127.0.0.1?")
            stage.app.query("FoldTitle").first().focus()
            await stage.pilot.press(*steps)
            stage.app.action_clear()
            await stage.pilot.press("tab", "shift+tab")
            await stage.until(lambda: not stage.app.query(Turn))
            assert stage.app.focused is None or stage.app.focused.is_attached
            await stage.pilot.press("alt+7")
            await stage.until(lambda: stage.app.room == "journal")

    asyncio.run(story(closed_port()))


def test_a_long_list_of_ports_stands_on_one_line_after_the_results() -> None:
    ports = ",".join(map(str, range(1, 1001)))
    scan = msgspec.structs.replace(EXAMPLES["nmap_good"], command=("nmap", "-p", ports, "10.0.0.5"))
    call_of_it = Call("nmap_scan", {"target": "10.0.0.5"})
    card = CallProgress(call_of_it)
    card.over(Step(call_of_it, "ok", 1, report=scan))
    assert ports in card.command
    shown = card._body(100).plain
    assert "500" not in shown
    assert shown.index("22/tcp") < shown.index("Command")


def test_a_time_left_that_rounds_to_nothing_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    card = CallProgress(Call("ping", {"host": "127.0.0.1"}))
    card.start(card.call)
    later = monotonic() + 30
    monkeypatch.setattr(progress, "monotonic", lambda: later)
    card.move(Progress("ping", 0.5))
    assert "about 30 s left" in card._title().plain
    card.move(Progress("ping", 0.999))
    assert "left" not in card._title().plain
