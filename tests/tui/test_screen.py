"""The screen itself: hostile text, small terminals, light and dark, keys, and what is left after it."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest
from textual import events
from textual.color import Color
from textual.theme import Theme
from textual.widgets import OptionList

from netassist.assistant.journal import Journal
from netassist.backends.planning import BackendError, Plan
from netassist.configuration import Settings
from netassist.tui.app import privacy
from netassist.tui.screens import approval
from netassist.tui.screens.help import EXAMPLES, Help
from netassist.tui.serving import run
from netassist.tui.styled import bar
from netassist.tui.themes import DARK, LIGHT, fitting
from netassist.tui.widgets.fold import Fold
from tests.lab.http import Page, http_server
from tests.tui.stage import PATIENCE, Planned, Stage, call, opened

HOSTILE = "[bold]x[/bold] [@click=app.quit]y[/] [$error]z"


async def answered(stage: Stage, port: int) -> None:
    """The answer of an http_check, with everything unfolded."""
    await stage.ask(f"check http://127.0.0.1:{port}/")
    for fold in stage.app.query(Fold):
        fold.unfolded = True
    await stage.until(lambda: "Measured" in stage.read())


def test_text_from_outside_is_never_markup(tmp_path: Path) -> None:
    async def story(port: int) -> None:
        plans = BackendError(HOSTILE), call("http_check", url=f"http://127.0.0.1:{port}/")
        async with opened(tmp_path, *plans) as stage:
            assert f"❯ {HOSTILE}" in await stage.ask(HOSTILE)
            assert f"✘ {HOSTILE}" in stage.read()
            await answered(stage, port)
            # The page's header is evidence of a finding, and stands in the report.
            assert stage.read().count(f"lab/1.0 {HOSTILE}") >= 2
            assert not [segment for segment in stage.segments() if segment.style and "@click" in segment.style.meta]
            assert not any(ord(letter) < 32 for segment in stage.segments() for letter in segment.text)

    with http_server({"/": Page(headers={"Server": f"lab/1.0 {HOSTILE}\x1b[31m"})}) as server:
        asyncio.run(story(server.port))


def test_a_narrow_terminal(tmp_path: Path) -> None:
    async def story(port: int) -> None:
        async with opened(tmp_path, call("http_check", url=f"http://127.0.0.1:{port}/"), size=(60, 20)) as stage:
            await answered(stage, port)
            screen = stage.app.screen
            assert screen.region.contains_region(stage.prompt.region)
            assert stage.prompt.region.height >= 1
            assert screen.query_one("#conversation").region.height >= 10
            assert all(widget.region.right <= 60 for widget in screen.query("#conversation *") if widget.display)
            for key in ("enter", "f1", "^q"):
                assert any(key in text for text in (stage.read(), stage.read().replace("⏎", "enter")))
            await stage.pilot.press("f1")
            await stage.until(lambda: isinstance(stage.app.screen, Help))
            assert stage.app.screen.query_one(OptionList).size.height >= 4

    with http_server({"/": Page()}) as server:
        asyncio.run(story(server.port))


def test_a_terminal_of_40_columns_still_says_what_leaves_the_machine(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, size=(40, 20)) as stage:
            name, kept = (stage.app.screen.query_one(id) for id in ("#name", "#privacy"))
            await stage.until(lambda: kept.region.right == 40)
            assert kept.region.width >= len(privacy("testllm"))
            assert (name.region.x, name.region.width) == (0, len("netassist "))

    asyncio.run(story())


def test_a_tiny_terminal_keeps_the_input_line(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, size=(20, 5)) as stage:
            await stage.until(lambda: stage.app.screen.query_one("#conversation").region.height == 4)
            await stage.pilot.press("u", "p")
            assert stage.app.screen.region.contains_region(stage.prompt.region)
            assert stage.prompt.content_size.height == 1
            assert stage.prompt.value == "up"

    asyncio.run(story())


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_everything_is_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theme: Theme) -> None:
    """Contrast of at least 4.5 to 1 (WCAG 2.2, success criterion 1.4.3)."""
    monkeypatch.setattr(approval, "CALM", 0.01)

    async def story(port: int) -> None:
        vuln = call("nmap_scan", target="127.0.0.1", profile="vuln")
        plans = Plan("clarify"), BackendError("it broke"), call("http_check", url=f"http://127.0.0.1:{port}/"), vuln
        async with opened(tmp_path, *plans) as stage:
            stage.app.theme = theme.name
            await stage.ask("scan my server")
            await stage.ask("scan my server")
            await answered(stage, port)
            faint = unreadable(stage)
            await stage.pilot.press("f1")
            await stage.until(lambda: isinstance(stage.app.screen, Help))
            faint |= unreadable(stage)
            await stage.pilot.press("escape")
            await stage.begin("look for weaknesses of 127.0.0.1")
            await stage.until(lambda: isinstance(stage.app.screen, approval.Approval) and stage.app.screen.ready)
            faint |= unreadable(stage)
            await stage.pilot.press("n")
            await stage.until(lambda: not stage.app.busy)
            assert faint == {}

    with http_server({"/": Page(headers={"Content-Type": "text/html", "Server": "lab/1.0"})}) as server:
        asyncio.run(story(server.port))


def unreadable(stage: Stage) -> dict[str, float]:
    """Text on the screen of too little contrast, and how much it has."""
    faint = {}
    for text, style, _ in stage.segments():
        if text.strip(" ─━▔▁╭╮╰╯│") and style and style.color and style.bgcolor:
            ratio = contrast(Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor))
            if ratio < 4.5:
                faint[text] = round(ratio, 2)
    return faint


def contrast(one: Color, other: Color) -> float:
    """The contrast ratio of WCAG 2.2."""

    def luminance(color: Color) -> float:
        parts = [value / 255 for value in color.rgb]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_earlier_questions_come_back_and_the_draft_is_kept(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path, Plan("no_call"), Plan("no_call")) as stage:
            await stage.ask("first")
            await stage.ask("second")
            stage.prompt.value = "half a th"
            await stage.pilot.press("up")
            assert stage.prompt.value == "second"
            await stage.pilot.press("up", "up")
            assert stage.prompt.value == "first"
            await stage.pilot.press("down", "down")
            assert stage.prompt.value == "half a th"

    asyncio.run(story())


def test_a_paste_of_100_kb_is_refused_in_one_line(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as stage:
            stage.prompt.post_message(events.Paste("scan 127.0.0.1 " * 7000))
            await stage.until(lambda: len(stage.prompt.value) > 100_000)
            await stage.pilot.press("enter")
            await stage.until(lambda: not stage.app.busy)
            assert "the question has 104,999 characters; 8,000 is the most" in stage.read()
            assert stage.backend.asked == []

    asyncio.run(story())


def test_pasted_lines_become_one(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as stage:
            stage.prompt.post_message(events.Paste("is 127.0.0.1\nup?\n"))
            await stage.until(lambda: stage.prompt.value == "is 127.0.0.1 up?")

    asyncio.run(story())


def test_help_offers_examples_and_a_question_mark_inside_a_question_is_one(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as stage:
            await stage.pilot.press("u", "p", "question_mark")
            assert stage.prompt.value == "up?"
            stage.prompt.value = ""
            await stage.pilot.press("question_mark")
            await stage.until(lambda: isinstance(stage.app.screen, Help))
            assert "Ctrl-Q" in stage.read()
            await stage.pilot.press("enter")
            await stage.until(lambda: stage.prompt.value == EXAMPLES[0])

    asyncio.run(story())


def test_ctrl_c_twice_quits_and_ends_what_runs(tmp_path: Path) -> None:
    async def story() -> Planned:
        async with opened(tmp_path, call("ping", host="127.0.0.1", count=100)) as stage:
            await stage.begin("ping 127.0.0.1 a hundred times")
            await stage.until(lambda: "of 100 answered" in stage.read())
            await stage.pilot.press("ctrl+c", "ctrl+c")
            assert not stage.app.busy
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert not [task for task in left if "netassist" in repr(task.get_coro())]
        return stage.backend

    assert asyncio.run(story()).closed


def test_one_ctrl_c_while_nothing_runs_only_warns(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as stage:
            await stage.pilot.press("ctrl+c")
            assert "Ctrl-C once more quits." in stage.read()
            await stage.pilot.press("h", "ctrl+c")
            assert stage.app.is_running
            assert not stage.backend.closed

    asyncio.run(story())


def test_without_a_terminal_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Settings(), Planned(), Journal(tmp_path), frozenset()) == 2
    assert capsys.readouterr().err.count("\n") == 1


PROGRAM = """
import sys
from pathlib import Path
from netassist.assistant.journal import Journal
from netassist.configuration import Settings
from netassist.tui.serving import run
from tests.tui.stage import Planned

class Marked(Planned):
    async def close(self):
        Path(sys.argv[1], "closed").touch()

sys.exit(run(Settings(), Marked(None), Journal(Path(sys.argv[1])), frozenset()))
"""


@pytest.mark.parametrize("end", ["ctrl-q", "ctrl-q while asking", "SIGTERM", "SIGHUP", "SIGINT"])
def test_a_real_terminal_and_nothing_left_behind(tmp_path: Path, end: str) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], stdin=theirs, stdout=theirs, stderr=theirs, env=environment,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        read_until(ours, lambda seen: b"F1 shows" in seen)
        if end == "ctrl-q while asking":
            os.write(ours, b"ping 127.0.0.1\r")
            read_until(ours, lambda seen: b"deciding" in seen)
        if end.startswith("ctrl-q"):
            os.write(ours, b"\x11")
        else:
            process.send_signal(signal.Signals[end])
        rest = read_until(ours, lambda seen: process.poll() is not None)
        assert process.wait(PATIENCE) == 0
        assert b"Traceback" not in rest
        # The alternate screen has been left, so the shell's own content is back.
        assert b"\x1b[?1049l" in rest
        assert (tmp_path / "closed").exists()
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.parametrize("asking", [False, True], ids=["idle", "while asking"])
def test_a_terminal_that_vanishes_ends_the_app(tmp_path: Path, asking: bool) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": os.pathsep.join(sys.path)}
    # In a session of its own without a controlling terminal, so that the kernel sends no SIGHUP: writing is what fails.
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], stdin=theirs, stdout=theirs, stderr=theirs, env=environment,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        read_until(ours, lambda seen: b"F1 shows" in seen)
        if asking:
            os.write(ours, b"ping 127.0.0.1\r")
            read_until(ours, lambda seen: b"deciding" in seen)
        os.close(ours)
        process.wait(PATIENCE)
        assert (tmp_path / "closed").exists()
    finally:
        process.kill()
        process.wait()


STUCK = """
import queue
from netassist.tui.terminal import ending

ending(lambda: None, 0.2, 3)
print("ready", flush=True)
full = queue.Queue(1)
while True:
    full.put("what the terminal never takes")
"""


def test_sigterm_ends_an_app_that_waits_for_its_terminal() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 3
        finally:
            process.kill()


def read_until(terminal: int, condition: Callable[[bytes], bool]) -> bytes:
    seen, ends = b"", monotonic() + PATIENCE
    while not condition(seen):
        assert monotonic() < ends, seen[-2000:]
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                # Linux: the other side has been closed.
                return seen
    return seen


def test_small_things() -> None:
    assert bar(0.5).plain == "━" * 12 + "─" * 12 + "  50%"
    assert bar(7).plain.endswith("100%")
    assert bar(0.999).plain.endswith(" 99%")
    assert privacy("testllm") == "only probes leave this machine"
    assert "turbollm" in privacy("turbollm")
    assert fitting({"COLORFGBG": "0;15"}) is LIGHT
    assert fitting({"COLORFGBG": "15;0"}) is DARK
    assert fitting({}) is DARK
