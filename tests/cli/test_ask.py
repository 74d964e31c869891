"""`ask` as a process: sessions that go on, questions a line, what happens where nobody can be asked."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import pytest

from tests.cli.program import OURS, netassist
from tests.lab.programs import require


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def sessions(environment: dict[str, str]) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = json.loads(netassist(environment, "sessions", "list", "-f", "json").stdout)
    return listed


def test_a_later_question_goes_on_with_the_latest_session(environment: dict[str, str], port: int) -> None:
    first = netassist(environment, "ask", f"is tcp port {port} open on 127.0.0.1?", "-f", "json")
    assert first.returncode == 0, first.stderr
    again = netassist(environment, "ask", "--continue", "same for 127.0.0.2", "-f", "json")
    answer = json.loads(again.stdout)
    assert [step["call"]["arguments"]["host"] for step in answer["steps"]] == ["127.0.0.2"], again.stdout
    [session] = sessions(environment)
    assert (session["id"], session["exchanges"]) == (json.loads(first.stdout)["session"], 2)
    assert answer["session"] == session["id"]


def test_a_session_is_named_by_its_id(environment: dict[str, str], port: int) -> None:
    question = f"is tcp port {port} open on 127.0.0.1?"
    first, second = (json.loads(netassist(environment, "ask", question, "-f", "json").stdout)["session"] for _ in range(2))
    done = netassist(environment, "ask", "--continue", first, question, "-f", "jsonl")
    assert rows(done)[0]["session"] == first != second
    assert {each["id"]: each["exchanges"] for each in sessions(environment)} == {first: 2, second: 1}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--continue", "ping 127.0.0.1"), "there is no session to go on with"),
        (("--continue", "0badcafe", "ping 127.0.0.1"), "there is no session 0badcafe; netassist sessions list"),
        (("--separate", "ping 127.0.0.1"), "--separate goes with -f jsonl and questions on standard input"),
    ],
)
def test_what_cannot_be_gone_on_with_is_one_line(environment: dict[str, str], words: tuple[str, ...], said: str) -> None:
    done = netassist(environment, "ask", *words)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert said in done.stderr


def test_nothing_is_stored_where_nobody_wants_it(environment: dict[str, str], port: int) -> None:
    done = netassist(environment, "ask", "--no-store", f"is tcp port {port} open on 127.0.0.1?", "-f", "json")
    assert (done.returncode, json.loads(done.stdout)["session"]) == (0, "")
    assert sessions(environment) == []


def test_an_answer_is_shown_though_it_cannot_be_stored(environment: dict[str, str], port: int) -> None:
    state = Path(environment["XDG_STATE_HOME"]) / "netassist"
    state.mkdir(parents=True)
    (state / "sessions.db").write_text("no database" * 1000)
    done = netassist(environment, "ask", f"is tcp port {port} open on 127.0.0.1?")
    assert (done.returncode, f"Port {port} on 127.0.0.1 is open" in done.stdout) == (0, True)
    assert "not stored" in done.stderr
    assert "--no-store" in done.stderr


def test_questions_a_line_are_one_conversation_and_a_blank_line_begins_another(environment: dict[str, str], port: int) -> None:
    said = f"is tcp port {port} open on 127.0.0.1?\nsame for 127.0.0.2\n\nis tcp port {port} open on 127.0.0.1?\n"
    done = netassist(environment, "ask", "-", "-f", "jsonl", said=said)
    answers = rows(done)
    assert [answer["outcome"] for answer in answers] == ["answered"] * 3, done.stdout
    first, second, third = (answer["session"] for answer in answers)
    assert first == second != third
    assert all(answer["schema"] == "netassist/answer/1" for answer in answers)
    assert done.returncode == 0


def test_separate_questions_know_nothing_of_each_other(environment: dict[str, str], port: int) -> None:
    said = f"is tcp port {port} open on 127.0.0.1?\nscan the ones with port {port} open\n"
    done = netassist(environment, "ask", "-f", "jsonl", "--separate", said=said)
    first, second = rows(done)
    assert (first["outcome"], second["outcome"]) == ("answered", "clarify")
    assert first["session"] != second["session"]


def test_the_exit_code_is_the_worst_and_one_failure_stops_no_other(environment: dict[str, str], port: int) -> None:
    open_one = f"is tcp port {port} open on 127.0.0.1?"
    long_one = "x" * 9000
    for lines, code in (([open_one, long_one, open_one], 2), ([open_one, "ping no-such-host.invalid", long_one], 3)):
        done = netassist(environment, "ask", "-", "-f", "jsonl", "--separate", said="\n".join(lines))
        answers = rows(done)
        assert (done.returncode, len(answers)) == (code, 3), done.stdout
        assert answers[0]["outcome"] == "answered"
    assert [row["outcome"] for row in answers] == ["answered", "failed", "failed"]


def test_no_question_at_all_is_wrong_usage(environment: dict[str, str]) -> None:
    done = netassist(environment, "ask", "-", "-f", "jsonl", said="\n \n")
    assert (done.returncode, done.stdout) == (2, "")
    assert "holds no question; write one a line" in done.stderr


def test_a_line_without_end_is_one_question_that_is_too_long(environment: dict[str, str], port: int) -> None:
    done = netassist(environment, "ask", "-", "-f", "jsonl", said="y" * 300_000 + f"\nis tcp port {port} open on 127.0.0.1?\n")
    first, second = rows(done)
    assert (first["outcome"], second["outcome"], done.returncode) == ("failed", "answered", 2)
    assert "characters" in str(first["answer"])


def test_several_lines_are_one_question_for_a_reader(environment: dict[str, str], port: int) -> None:
    done = netassist(environment, "ask", "-", "-f", "json", said=f"is tcp port {port}\nopen on 127.0.0.1?\n")
    assert (done.returncode, json.loads(done.stdout)["outcome"]) == (0, "answered")


class Begun(NamedTuple):
    """`ask` under way, its streams open."""

    process: subprocess.Popen[str]
    asked: IO[str]
    answers: IO[str]
    errors: IO[str]

    def ask(self, question: str) -> None:
        self.asked.write(question + "\n")
        self.asked.flush()


@contextlib.contextmanager
def begun(environment: dict[str, str]) -> Iterator[Begun]:
    words = [*OURS, "ask", "-", "-f", "jsonl"]
    with subprocess.Popen(
        words, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            yield Begun(process, process.stdin, process.stdout, process.stderr)
        finally:
            process.kill()


def test_each_answer_is_there_before_the_next_question_is(environment: dict[str, str], port: int) -> None:
    with begun(environment) as running:
        for _ in range(2):
            running.ask(f"is tcp port {port} open on 127.0.0.1?")
            assert json.loads(running.answers.readline())["outcome"] == "answered"
        running.asked.close()
        assert running.process.wait(60) == 0


def test_ctrl_c_keeps_the_answers_and_ends_the_waiting(environment: dict[str, str], port: int) -> None:
    with begun(environment) as running:
        running.ask(f"is tcp port {port} open on 127.0.0.1?")
        assert json.loads(running.answers.readline())["outcome"] == "answered"
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(60) == 130
        assert "were not asked" in running.errors.read()
    assert sessions(environment)[0]["exchanges"] == 1


def test_an_interrupted_question_answers_and_keeps_what_is_known(environment: dict[str, str], port: int) -> None:
    with begun(environment) as running:
        running.ask("ping 127.0.0.1 100 times")
        journal = Path(environment["XDG_STATE_HOME"]) / "netassist"
        while not journal.exists():
            assert running.process.poll() is None
        running.process.send_signal(signal.SIGINT)
        out, errors = running.process.communicate(timeout=60)
    assert running.process.returncode == 130, errors
    assert "Traceback" not in errors
    for row in map(json.loads, out.splitlines()):
        assert row["interrupted"]
        assert sessions(environment)[0]["exchanges"] == 1


def test_a_reader_that_leaves_ends_the_asking(environment: dict[str, str], port: int) -> None:
    with begun(environment) as running:
        running.answers.close()
        running.ask(f"is tcp port {port} open on 127.0.0.1?")
        assert running.process.wait(60) == 0
        assert "Traceback" not in running.errors.read()


def test_a_tool_of_the_users_own_that_cannot_be_used_is_told_once(environment: dict[str, str], tmp_path: Path, port: int) -> None:
    tools = tmp_path / "config" / "netassist" / "tools"
    tools.mkdir(parents=True)
    (tools / "broken.json").write_text('{"name": "ping"')
    own = {**environment, "XDG_CONFIG_HOME": str(tmp_path / "config")}
    done = netassist(own, "ask", f"is tcp port {port} open on 127.0.0.1?", "-f", "json")
    assert (done.returncode, json.loads(done.stdout)["outcome"]) == (0, "answered")
    assert done.stderr.count("broken.json: not a tool") == 1


def test_within_a_time_what_is_known_is_answered(environment: dict[str, str]) -> None:
    done = netassist(environment, "ask", "ping 127.0.0.1 100 times", "--within", "9", "-f", "json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["steps"][0]["status"]) == (3, "partial"), done.stdout
    assert answer["missing"] == ["the rest, for the 9 seconds for this request are over"]


def test_the_built_in_model_scans_what_was_found(environment: dict[str, str], port: int) -> None:
    require("nmap")
    with socket.create_server(("127.0.0.2", port)):
        said = f"scan port {port} of 127.0.0.0/30\ncheck tcp port {port} of the ones with port {port} open\n"
        done = netassist(environment, "ask", "-f", "jsonl", said=said)
    _, answer = rows(done)
    assert answer["read_as"] == "That is 2 hosts: 127.0.0.1 and 127.0.0.2.", done.stdout
    assert [step["call"]["arguments"] for step in answer["steps"]] == [  # type: ignore[attr-defined]
        {"host": "127.0.0.1", "port": port}, {"host": "127.0.0.2", "port": port},
    ]  # fmt: skip


def test_help_says_how_standard_input_is_read(environment: dict[str, str]) -> None:
    shown = " ".join(netassist(environment, "ask", "--help").stdout.split())
    assert "With -f jsonl it is a question a line" in shown
    assert "a blank line begins a new conversation" in shown
