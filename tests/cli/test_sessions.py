"""`sessions`: listed, shown, exported, searched, deleted, one clear line for each mistake."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from netassist.assistant.answers import Answer
from netassist.assistant.memory import Recalled, Turn
from netassist.assistant.sessions import Sessions
from tests.cli.imported import imported
from tests.cli.program import netassist

HOSTILE = "\x1b[2Jcleared\u202e \x9b31m"


def stored(environment: dict[str, str], *requests: str, text: str = "It is up.") -> str:
    """A session with an exchange for each request; its id."""
    sessions, session = Sessions(Path(environment["XDG_STATE_HOME"]) / "netassist"), None
    for request in requests:
        answer = Answer(request=request, answer=text, outcome="answered", backend="testllm", model="nano")
        session = sessions.add(session, answer, Recalled(Turn(request)))
    assert session is not None
    return session


def test_sessions_are_listed_the_latest_first(environment: dict[str, str]) -> None:
    assert "no sessions yet" in netassist(environment, "sessions", "list").stdout
    first, second = stored(environment, "ping a.test", "again"), stored(environment, "ping b.test")
    shown = netassist(environment, "sessions", "list").stdout.splitlines()
    assert [line.split()[0] for line in shown] == ["id", second, first]
    assert shown[2].endswith("ping a.test")
    rows = json.loads(netassist(environment, "sessions", "list", "-f", "json").stdout)
    assert [(row["id"], row["exchanges"]) for row in rows] == [(second, 1), (first, 2)]


def test_a_session_is_shown_and_exported_whole(environment: dict[str, str], tmp_path: Path) -> None:
    session = stored(environment, "ping a.test", "and b.test")
    shown = netassist(environment, "sessions", "show", session[:5]).stdout
    assert shown.index("❯ ping a.test") < shown.index("It is up.") < shown.index("❯ and b.test")
    done = netassist(environment, "sessions", "export", session, "-o", str(tmp_path / "session.json"))
    assert (done.returncode, done.stdout) == (0, "")
    exported = msgspec.json.decode((tmp_path / "session.json").read_bytes())
    assert (exported["schema"], exported["id"]) == ("netassist/session/1", session)
    assert [each["answer"]["schema"] for each in exported["exchanges"]] == ["netassist/answer/1"] * 2
    assert json.loads(netassist(environment, "sessions", "show", session, "-f", "json").stdout) == exported


def test_no_command_of_a_terminal_comes_out(environment: dict[str, str]) -> None:
    session = stored(environment, f"ping {HOSTILE}", text=HOSTILE)
    for words in (("list",), ("show", session), ("search", "cleared"), ("export", session), ("search", "cleared", "-f", "json")):
        shown = netassist(environment, "sessions", *words).stdout
        assert "cleared" in shown
        assert "\x1b" not in shown
        assert "\x9b" not in shown


def test_what_was_asked_is_found(environment: dict[str, str]) -> None:
    session = stored(environment, "ping a.test", "check the Certificate of b.test")
    shown = netassist(environment, "sessions", "search", "certificate", "UP").stdout
    assert f"{session} 2" in shown
    assert "a.test" not in shown
    assert netassist(environment, "sessions", "search", "nothing-like-that").stdout == "nothing found\n"


def test_sessions_are_deleted(environment: dict[str, str]) -> None:
    one, two, three = (stored(environment, f"ping {name}.test") for name in "abc")
    assert netassist(environment, "sessions", "delete", one).stdout == "1 session deleted\n"
    left = {row["id"] for row in json.loads(netassist(environment, "sessions", "list", "-f", "json").stdout)}
    assert left == {two, three}
    assert netassist(environment, "sessions", "delete", "--all").stdout == "2 sessions deleted\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("show", "deadbeef"), 2, "there is no session deadbeef; netassist sessions list shows them"),
        (("show", "../x"), 2, "'../x' is no session"),
        (("show",), 2, "SESSION is missing"),
        (("delete",), 2, "name the sessions to delete, or give --all"),
        (("delete", "--all", "deadbeef"), 2, "name the sessions to delete, or give --all"),
        (("search",), 2, "name the words to look for"),
    ],
)
def test_each_mistake_gets_one_clear_line(environment: dict[str, str], words: tuple[str, ...], code: int, said: str) -> None:
    done = netassist(environment, "sessions", *words)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (code, "", 1), done.stderr
    assert said in done.stderr


def test_a_file_that_cannot_be_written_is_named(environment: dict[str, str]) -> None:
    session = stored(environment, "ping a.test")
    done = netassist(environment, "sessions", "export", session, "-o", "/nonexistent/x.json")
    assert (done.returncode, done.stderr) == (3, "netassist: /nonexistent/x.json: No such file or directory\n")


def test_sessions_need_no_model(environment: dict[str, str]) -> None:
    modules = ("llama_cpp", "numpy", "netassist.backends.testllm", "textual", "httpx", "netassist.probes.nmap")
    assert imported(environment, ["sessions", "list"], modules)[0] == []
