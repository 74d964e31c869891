"""The journal: one line a call, chained, so that what was done to it afterwards shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netassist.assistant.chain import FIRST, Verdict, files, parse_head, verify
from netassist.assistant.journal import Entry, Journal, JournalError, change, entry
from netassist.observations import Failure, Report, Stopwatch
from netassist.toolbox import Call


def one(number: int) -> Entry:
    return Entry(datetime.now(UTC), "someone", f"request {number}", "the user", Call("ping", {"host": "192.0.2.1"}), "x", "ok")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal(tmp_path)
    made.open()
    for number in range(1, 7):
        made.write(one(number))
    return made


def lines(journal: Journal) -> list[bytes]:
    return journal.path.read_bytes().splitlines(keepends=True)


def put(journal: Journal, *rows: bytes) -> Verdict:
    journal.path.write_bytes(b"".join(rows))
    return verify(journal.path.parent)


def test_what_was_written_is_whole_and_its_head_is_told(journal: Journal) -> None:
    head = journal.write(one(7))
    assert verify(journal.path.parent) == Verdict(head, (), ())
    rows = [json.loads(line) for line in lines(journal)]
    assert [row["number"] for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    assert [row["previous"] for row in rows] == [FIRST, *(row["hash"] for row in rows[:-1])]
    assert parse_head(f"{head}\n") == head


def test_a_changed_line_is_found_wherever_it_stands(journal: Journal) -> None:
    written = lines(journal)
    for place in range(6):
        rows = [*written[:place], written[place].replace(b"someone", b"nobody!"), *written[place + 1 :]]
        assert f"journal.jsonl:{place + 1}: this line was changed" in " ".join(put(journal, *rows).problems)


@given(place=st.integers(0), bit=st.integers(0, 7))
@settings(deadline=None)  # it waits for the disk
def test_one_bit_is_enough(place: int, bit: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder))
        for number in range(3):
            head = journal.write(one(number))
        data = bytearray(journal.path.read_bytes())
        data[place % len(data)] ^= 1 << bit
        journal.path.write_bytes(data)
        found = verify(Path(folder), str(head))
        assert found.problems or found.notes
        # Where only the last line's end is gone, the kept head still tells.
        assert found.problems


def test_gaps_repetitions_and_another_order_are_found(journal: Journal) -> None:
    one, two, three, four, five, six = lines(journal)
    assert "entry 4 follows entry 1: 2 entries are missing" in put(journal, one, four, five, six).problems[0]
    assert "entry 2 follows entry 0: one entry is missing" in put(journal, two, three, four, five, six).problems[0]
    assert "repeated, or put in another order" in " ".join(put(journal, one, three, two, four, five, six).problems)
    assert "repeated" in put(journal, one, two, two, three).problems[0]
    assert put(journal, one, two, three).problems == ()


def test_a_head_kept_elsewhere_shows_truncation_and_rewriting(journal: Journal, tmp_path: Path) -> None:
    folder, written = journal.path.parent, lines(journal)
    third, head = json.loads(written[2]), verify(journal.path.parent).head
    assert verify(folder, str(head)).problems == ()
    assert verify(folder, f"3:{third['hash']}").problems == (), "entries may have been added since"
    put(journal, *written[:4])
    assert "entry 6, whose head was kept, is missing" in verify(folder, str(head)).problems[0]
    journal.path.unlink()
    assert "is missing" in verify(folder, str(head)).problems[0]
    for number in range(10):
        journal.write(one(number))
    assert verify(folder).problems == (), "written anew from the beginning, it is whole in itself"
    assert "it was rewritten" in verify(folder, str(head)).problems[0]


def test_an_entry_put_in_with_a_hash_of_its_own_does_not_fit(journal: Journal, tmp_path: Path) -> None:
    other = Journal(tmp_path / "other")
    other.open()
    for number in range(4):
        other.write(one(number + 100))
    mine, theirs = lines(journal), lines(other)
    assert "was not written behind the entry 2" in put(journal, *mine[:2], theirs[2], *mine[3:]).problems[0]


def test_a_torn_last_line_is_said_and_the_chain_goes_on_after_it(journal: Journal) -> None:
    written = lines(journal)
    torn = put(journal, *written[:5], written[5][:40])
    assert (torn.problems, torn.head.number) == ((), 5)
    assert "the last line is torn" in torn.notes[0]
    journal.write(one(9))
    after = verify(journal.path.parent)
    assert (after.problems, after.head.number) == ((), 6)
    assert "torn by a crash" in after.notes[0]
    # What is torn is known from then on: it can neither be changed nor taken away, nor can more of it be put there.
    rows = lines(journal)
    for changed in ([*rows[:5], b'{"torn\n', rows[6]], [*rows[:5], rows[6]], [*rows[:3], b"{\n", *rows[3:]]):
        assert "is not what stood there" in " ".join(put(journal, *changed).problems)


def test_lines_older_than_the_chain_are_taken_along(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.path.write_bytes(b'{"time":"2026-01-01T00:00:00Z","status":"ok"}\n' * 3000)
    assert verify(tmp_path).notes == ("the lines are older than the chain; it begins with the next entry",)
    journal.write(one(1))
    assert (verify(tmp_path).problems, verify(tmp_path).head.number) == ((), 1)
    journal.path.write_bytes(journal.path.read_bytes().replace(b"2026", b"2025", 1))
    assert verify(tmp_path).problems


def test_a_full_file_is_put_away_and_the_chain_goes_over_all(tmp_path: Path) -> None:
    journal = Journal(tmp_path, largest=1000)
    for number in range(12):
        head = journal.write(one(number))
    every = files(tmp_path)
    assert len(every) > 3
    assert [path.name for path in every[:2]] == ["journal.000001.jsonl", "journal.000002.jsonl"]
    assert verify(tmp_path) == Verdict(head, (), ())
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in every)
    every[1].unlink()
    assert "missing" in verify(tmp_path).problems[0]
    journal.write(one(99))
    assert len(files(tmp_path)) >= len(every) - 1, "no file is written over"


def test_a_line_torn_where_a_file_is_full_stays_known(tmp_path: Path) -> None:
    journal = Journal(tmp_path, largest=500)
    journal.write(one(1))
    with journal.path.open("ab") as file:
        file.write(b'{"number":2,"prev' + b"x" * 500)
    journal.write(one(2))
    found = verify(tmp_path)
    assert (found.problems, found.head.number, len(files(tmp_path))) == ((), 2, 2)
    assert "torn by a crash" in found.notes[0]


def test_several_processes_write_one_chain(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.assistant.test_journal import one; "
        "from netassist.assistant.journal import Journal\n"
        "for number in range(40): Journal(Path(sys.argv[1]), largest=4000).write(one(number))"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path)]) for _ in range(4)]
    assert [process.wait(60) for process in running] == [0] * 4
    found = verify(tmp_path)
    assert (found.head.number, found.problems, found.notes) == (160, (), ())


def test_a_journal_that_is_held_by_another_process_is_an_error(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    monkeypatch.setattr("netassist.assistant.journal._PATIENCE", 0.05)
    with (journal.path.parent / "journal.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(JournalError, match="another process holds"):
            journal.write(one(1))


def test_an_entry_says_who_and_what_and_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "somebody else")
    secret = "sk-abcdefghijklmnopqrstuvwx"
    call = Call("processor_run", {"name": "x", "arguments": f"--password={secret}"})
    report = Report(target="a", status="failed", error=Failure("denied", f"token: {secret}\x1b[2J"), **Stopwatch().stamp())
    for outcome in (report, f"refused with {secret}", None):
        made = entry(f"use {secret}", "fixed/none", call, "nobody", outcome)
        assert secret not in repr(made)
        assert "\x1b" not in repr(made)
    for trouble in ("", f"refused with {secret}\x1b[2J"):
        made = change(f"use {secret}", "token a", call, "the API", trouble)
        assert secret not in repr(made)
        assert "\x1b" not in repr(made)
        assert (made.status, bool(made.message)) == (("refused", True) if trouble else ("ok", False))
    assert made.user != "somebody else"
    assert entry("x", "y", call, "z", report).digest is not None


def test_a_disk_that_is_full_tears_a_line_and_is_told(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = os.write, iter([20])

    def full(descriptor: int, data: bytes) -> int:
        if (most := next(calls, None)) is None:
            raise OSError(28, "No space left on device")
        return real(descriptor, data[:most])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(JournalError, match="No space left"):
        journal.write(one(7))
    monkeypatch.undo()
    assert verify(journal.path.parent).problems == ()
    assert journal.write(one(8)).number == 7
