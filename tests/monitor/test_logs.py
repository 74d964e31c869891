"""Lines of the log: one an event, for a journal, a terminal and a program, without secrets and without terminal escapes."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.monitor.logs import Form, Lines, begin, is_journal, say

_log = logging.getLogger("netassist.monitor.tested")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """pytest's own handlers are put back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def said(form: Form, level: int, message: str, **fields: object) -> str:
    stream = io.StringIO()
    begin(form, stream=stream)
    say(_log, level, message, **fields)
    return stream.getvalue()


def test_for_a_journal_it_begins_with_the_priority() -> None:
    assert said("journal", logging.ERROR, "not stored", store="a b", held=3) == '<3>not stored store="a b" held=3\n'
    assert said("journal", logging.WARNING, "late").startswith("<4>")
    assert said("journal", logging.INFO, "watching", nothing=None) == "<6>watching\n"


def test_on_a_terminal_it_begins_with_the_time() -> None:
    line = said("text", logging.INFO, "watching", watches=3)
    assert line[10] == "T"
    assert line.endswith("Z info    watching watches=3\n")


def test_for_programs_it_is_json() -> None:
    line = json.loads(said("json", logging.WARNING, "late", watch='tcp "x" 22'))
    assert line["level"] == "warning"
    assert line["message"] == "late"
    assert line["watch"] == 'tcp "x" 22'


def test_an_error_says_where_and_stays_one_line() -> None:
    stream = io.StringIO()
    begin("journal", stream=stream)
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        _log.error("it broke off", exc_info=error)
    [line] = stream.getvalue().splitlines()
    assert 'error="ValueError: two lines"' in line
    assert "where=test_logs.py:" in line


@pytest.mark.parametrize("form", ["journal", "text", "json"])
def test_secrets_stay_out(form: Form) -> None:
    line = said(form, logging.INFO, "sent to https://user:hunter2hunter2@chat.example.org", header="Bearer abcdef0123456789",
                split="token=sec\x00ret-of-ours")  # fmt: skip
    assert "hunter2" not in line
    assert "abcdef0123456789" not in line
    assert "ret-of-ours" not in line


@given(st.text(), st.text(), st.sampled_from(["journal", "text", "json"]))
def test_whatever_is_logged_is_one_printable_line(message: str, value: str, form: Form) -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "%s", (message,), None)
    record.fields = {"value": value}
    line = Lines(form).format(record)  # type: ignore[arg-type]
    assert "\n" not in line
    assert "\x1b" not in line
    assert line.isprintable() or all(character.isprintable() for character in line)


def test_it_knows_a_journal_by_its_device_and_inode(tmp_path: Path) -> None:
    with (tmp_path / "journal").open("w") as stream:
        file = os.fstat(stream.fileno())
        assert is_journal(stream, {"JOURNAL_STREAM": f"{file.st_dev}:{file.st_ino}"})
        assert not is_journal(stream, {"JOURNAL_STREAM": f"{file.st_dev}:{file.st_ino + 1}"})
        assert not is_journal(stream, {})
    assert not is_journal(io.StringIO(), {"JOURNAL_STREAM": "1:2"})
