"""Colour only where it is wanted, and text that says the same without it."""

from __future__ import annotations

import io
import os
import pty
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.reports.style import WIDEST, WIDTH, Line, Span, ansi, cells, columns, wants_colour
from netassist.reports.text import lines
from tests.reports.samples import EXAMPLES


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "on_terminal", "elsewhere"),
    [
        ({"TERM": "xterm"}, True, False),
        ({}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ({"FORCE_COLOR": "0"}, False, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
    ],
)
def test_who_gets_colour(environment: dict[str, str], on_terminal: bool, elsewhere: bool) -> None:
    assert wants_colour(Terminal(), environment) is on_terminal
    assert wants_colour(io.StringIO(), environment) is elsewhere


@given(st.sampled_from(sorted(EXAMPLES)))
def test_colour_adds_escapes_and_nothing_else(name: str) -> None:
    shown = lines(EXAMPLES[name])
    plain, coloured = ansi(shown, colour=False), ansi(shown, colour=True)
    assert "\x1b" not in plain
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in stripped.split("\n")] == plain.split("\n")


def test_severity_has_its_colour_and_its_word() -> None:
    assert ansi([Line((Span("CRITICAL", "critical"), Span(" x")))], colour=True) == "\x1b[1;31mCRITICAL\x1b[0m x\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_every_report_can_be_printed_in_old_encodings(name: str, encoding: str) -> None:
    shown = ansi(lines(EXAMPLES[name]), colour=False, encoding=encoding)
    assert "\\u" not in shown
    assert shown.encode(encoding).count(b"\n") == len(lines(EXAMPLES[name]))


def test_what_has_no_stand_in_is_spelled_out() -> None:
    assert ansi([Line((Span("✔ 宽"),))], colour=False, encoding="ascii") == "+ \\u5bbd\n"


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("宽", 2), ("e\u0301", 1), ("✔ ━", 3)])
def test_columns_that_a_text_takes(text: str, width: int) -> None:
    assert cells(text) == width


def test_the_width_is_the_terminals() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours), os.fdopen(theirs, "r") as terminal:
        assert columns(terminal, {}) == WIDTH  # a new pseudo-terminal has no size yet
        import termios

        termios.tcsetwinsize(theirs, (24, 72))
        assert columns(terminal, {}) == 72
        assert columns(terminal, {"COLUMNS": "60"}) == 60
    assert columns(io.StringIO(), {}) == WIDTH
    assert columns(io.StringIO(), {"COLUMNS": "400"}) == WIDEST
    assert columns(io.StringIO(), {"COLUMNS": "wide"}) == WIDTH
