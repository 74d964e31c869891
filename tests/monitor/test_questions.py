"""Scheduled questions: when they are due, and how their answers reach people, over restarts and mistakes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netassist.assistant.journal import Journal
from netassist.backends.planning import BackendError
from netassist.configuration import Settings
from netassist.monitor.asking import Asker
from netassist.monitor.changes import told_by_history
from netassist.monitor.happening import Event, State
from netassist.monitor.questions import Question, Turn, first_turn, turn_of
from netassist.monitor.store import Store, StoreTrouble
from tests.assistant.scripted import Scripted, calls, says, tcp
from tests.lab.listening import listening
from tests.monitor.sample import DB, NOON, drifted, state, went

WEEKLY = Question(
    name="certificates", text="is 127.0.0.1 up?", at="monday 08:00", zone="Europe/Berlin", channels=("mail",)
)


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%a %d %H:%M")


def due(question: Question, last: str, now: str) -> str | None:
    turn = turn_of(question, Turn(at(last), at(last) - 7 * 86400), at(now))
    return None if turn is None else when(turn.slot)


def test_it_is_due_on_its_day_at_its_hour_and_once() -> None:
    assert due(WEEKLY, "2026-11-23T08:00:00+01:00", "2026-11-30T07:59:59+01:00") is None
    assert due(WEEKLY, "2026-11-23T08:00:00+01:00", "2026-11-30T08:00:00+01:00") == "Mon 30 07:00"
    assert due(WEEKLY, "2026-11-30T08:00:00+01:00", "2026-12-01T08:00:00+01:00") is None


def test_what_was_missed_is_asked_once() -> None:
    assert due(WEEKLY, "2026-09-07T08:00:00+02:00", "2026-11-26T12:00:00+01:00") == "Mon 23 07:00"
    hourly = Question(name="h", text="?", every="1h", file="x")
    turn = turn_of(hourly, Turn(NOON, NOON - 3600), NOON + 5 * 3600 + 60)
    assert turn == Turn(NOON + 5 * 3600, NOON)


def test_the_hour_is_that_of_the_clock_on_the_wall_in_summer_and_winter() -> None:
    assert due(WEEKLY, "2026-03-23T08:00:00+01:00", "2026-03-30T08:00:00+02:00") == "Mon 30 06:00"


def test_one_that_is_new_waits_for_its_time_and_one_from_the_future_begins_anew() -> None:
    first = first_turn(WEEKLY, at("2026-11-28T12:00:00+00:00"))
    assert when(first.slot) == "Mon 23 07:00"
    assert turn_of(WEEKLY, first, at("2026-11-28T12:00:01+00:00")) is None
    assert turn_of(WEEKLY, Turn(NOON + 365 * 86400, NOON), NOON) is None


def test_one_that_was_broken_off_is_due_still() -> None:
    begun = Turn(NOON, NOON - 60, tries=1)
    assert turn_of(WEEKLY, begun, NOON + 1) == begun


@pytest.mark.parametrize(
    ("change", "wrong"),
    [({"at": ""}, "either"), ({"every": "1h"}, "either"), ({"at": "someday 08:00"}, "day of the week"),
     ({"at": "24:00"}, "day's end"), ({"channels": []}, "to nobody"), ({"text": " "}, "text"), ({"zone": "Mars"}, "time zone"),
     ({"at": "", "every": "5"}, "60 seconds"), ({"format": "pdf"}, "pdf"), ({"seconds": 0}, "seconds"), ({"why": "x"}, "why")],
)  # fmt: skip
def test_mistakes_are_told_where_it_is_read(change: dict[str, Any], wrong: str) -> None:
    table = {"name": "q", "text": "is it up?", "at": "08:00", "channels": ["mail"]} | change
    with pytest.raises(msgspec.ValidationError, match=wrong):
        msgspec.convert(table, Question)


def told(question: str, *events: Event, states: Sequence[State] = (), more: bool = False) -> list[str]:
    return told_by_history(question, events, {state.watch: state for state in states}, NOON, NOON + 60, more=more)


def test_the_history_tells_what_changed_oldest_first_and_what_went_down() -> None:
    lines = told(
        "what changed?", drifted(DB, "grade", "A", "C", NOON + 2), drifted(DB, "certificate", "a", "b", NOON + 1),
        went(DB, "down"), went(DB, "up"), went(DB, "down"), went(DB, "down", silenced="maintenance disks"),
    )  # fmt: skip
    assert lines == [
        "By the history, from 2026-11-28 12:00 UTC to 2026-11-28 12:01 UTC (all that is watched):",
        "- 2026-11-28 12:00 UTC  tcp db1.example.org 5432: certificate became b",
        "- 2026-11-28 12:00 UTC  tcp db1.example.org 5432: grade became C",
        "- tcp db1.example.org 5432 went down 2 times",
    ]
    assert told("?", Event(at=NOON, watch="", kind="online"))[1:] == ["- no fact changed", "- nothing went down"]


def test_a_question_about_certificates_is_told_of_these_and_how_they_stand() -> None:
    web = state(DB, "up", facts={"certificate": "CN=db1, valid until 2027-01-01", "grade": "A"})
    lines = told("every Monday: what changed in our certificates?", drifted(DB, "grade", "A", "C"), states=[web])
    assert lines[1:] == [
        "- no fact changed",
        "",
        "As it stands now:",
        "- tcp db1.example.org 5432: CN=db1, valid until 2027-01-01",
    ]
    assert told("which ports opened?")[-1] == "- no check has established that yet"


def test_what_the_history_tells_is_bounded() -> None:
    assert len(told("?", *[drifted(DB, "grade", "A", "C")] * 400, more=True)) == 104


@pytest.fixture
def store(store: Store) -> Store:
    store.put_watch(DB, NOON)
    return store


class Days:
    """Asks `question` on one day after the other; each day is a new program with its own plans."""

    def __init__(self, store: Any, folder: Path, question: Question) -> None:
        self.store, self.folder, self.question = store, folder, question

    def ask(self, now: float, *plans: Any) -> int:
        backend = Scripted(*plans)
        journal, questions = Journal(self.folder), (self.question,)
        asker = Asker(
            self.store, lambda: questions, Settings, journal, lambda _: backend, folder=self.folder, now=lambda: now
        )
        count = asyncio.run(asker.once())
        assert len(backend.plans) == 0 or count == 0
        return count


MONDAY = at("2026-11-30T08:00:00+01:00")


def test_the_answer_is_measured_and_told_with_what_changed(store: Store, tmp_path: Path) -> None:
    with listening(lambda _: None) as port:
        days = Days(store, tmp_path, msgspec.structs.replace(WEEKLY, text=f"is port {port} of 127.0.0.1 open?"))
        assert days.ask(MONDAY - 86400) == 0
        store.record([], events=[drifted(DB, "grade", "A", "C", MONDAY - 3600)])
        assert days.ask(MONDAY + 5, calls(tcp(port))) == 1
        assert days.ask(MONDAY + 65) == 0
    [notice] = store.notices()
    assert (notice.channel, notice.title) == ("mail", "[answer] certificates")
    assert f"port {port}" in notice.body
    assert "open" in notice.body
    assert "tcp db1.example.org 5432: grade became C" in notice.body


def test_a_program_that_ends_in_the_middle_asks_again_and_tells_once(store: Store, tmp_path: Path) -> None:
    class Ends(BaseException):
        """The end of the program."""

    class Ending:
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def put(self, name: str, value: str) -> None:
            if '"tries":0' in value and store.notices():
                raise Ends
            store.put(name, value)

    Days(store, tmp_path, WEEKLY).ask(MONDAY - 86400)
    with pytest.raises(Ends):
        Days(Ending(), tmp_path, WEEKLY).ask(MONDAY + 1, says("All is well."))
    assert Days(store, tmp_path, WEEKLY).ask(MONDAY + 9, says("All is well still.")) == 1
    assert Days(store, tmp_path, WEEKLY).ask(MONDAY + 99) == 0
    assert len(store.notices()) == 1


def test_an_answer_that_is_broken_off_again_and_again_is_given_up_and_said_so(store: Store, tmp_path: Path) -> None:
    days = Days(store, tmp_path, WEEKLY)
    days.ask(MONDAY - 86400)

    def dies(_: object) -> Any:
        raise KeyboardInterrupt

    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            days.ask(MONDAY + 1, dies)
    assert days.ask(MONDAY + 1) == 1
    assert "broken off 3 times" in store.notices()[0].body
    assert days.ask(MONDAY + 2) == 0


def test_a_backend_that_cannot_plan_is_told_with_what_changed_all_the_same(store: Store, tmp_path: Path) -> None:
    days = Days(store, tmp_path, WEEKLY)
    days.ask(MONDAY - 86400)
    days.ask(MONDAY, BackendError("the model has gone", "server"))
    body = store.notices()[0].body
    assert "There is no answer: the model has gone" in body
    assert "By the history, from" in body


def test_what_needs_a_yes_is_not_run(store: Store, tmp_path: Path) -> None:
    from netassist.toolbox import Call

    question = msgspec.structs.replace(WEEKLY, text="stop watching db1.example.org")
    days = Days(store, tmp_path, question)
    days.ask(MONDAY - 86400)
    days.ask(MONDAY, calls(Call("monitor_remove", {"host": "db1.example.org"})))
    assert [watch.key for watch in store.watches()] == [DB.key]
    assert "not approved" in store.notices()[0].body or "not there yet" in store.notices()[0].body


@pytest.mark.parametrize("format", ["text", "markdown", "json"])
def test_a_report_is_written_into_a_file_that_others_cannot_read(store: Store, tmp_path: Path, format: str) -> None:
    question = msgspec.structs.replace(WEEKLY, channels=(), file="reports/{date}.out", format=format)
    days = Days(store, tmp_path, question)
    days.ask(MONDAY - 86400)
    days.ask(MONDAY, says("All is well."))
    file = tmp_path / "reports" / "2026-11-30.out"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "All is well." in file.read_text()
    assert [each.name for each in file.parent.iterdir()] == [file.name]
    if format == "json":
        assert json.loads(file.read_text())["answer"]["schema"] == "netassist/answer/1"
    assert store.notices() == []


def test_a_file_that_cannot_be_written_is_told(store: Store, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    days = Days(store, tmp_path, msgspec.structs.replace(WEEKLY, file="taken/report.txt"))
    days.ask(MONDAY - 86400)
    days.ask(MONDAY, says("All is well."))
    assert "cannot be written" in store.notices()[0].body


def test_trouble_with_the_store_keeps_the_turn(store: Store, tmp_path: Path) -> None:
    class Full:
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def enqueue(self, *_: object) -> None:
            raise StoreTrouble("full", "the disk is full")

    Days(store, tmp_path, WEEKLY).ask(MONDAY - 86400)
    with pytest.raises(StoreTrouble):
        Days(Full(), tmp_path, WEEKLY).ask(MONDAY, says("All is well."))
    assert Days(store, tmp_path, WEEKLY).ask(MONDAY + 60, says("All is well.")) == 1
    assert len(store.notices()) == 1


def test_a_question_back_is_told_as_one_and_the_history_answers(store: Store, tmp_path: Path) -> None:
    from netassist.backends.planning import Plan

    store.record([], states=[state(DB, "up", facts={"certificate": "CN=db1"})])
    days = Days(store, tmp_path, msgspec.structs.replace(WEEKLY, text="what changed in our certificates?"))
    days.ask(MONDAY - 86400)
    days.ask(MONDAY, Plan("clarify", text="Which target do you mean?"))
    body = store.notices()[0].body
    assert "The assistant asks back, and nobody is here to answer: Which target" in body
    assert "- tcp db1.example.org 5432: CN=db1" in body
