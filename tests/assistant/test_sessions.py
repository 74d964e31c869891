"""Sessions on disk: what goes in comes out, other processes write too, old ones go, secrets never enter."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from netassist.assistant import sessions as module
from netassist.assistant.answers import Answer
from netassist.assistant.conversation import Conversation
from netassist.assistant.journal import Journal
from netassist.assistant.memory import Recalled, Turn
from netassist.assistant.sessions import KEPT, SessionError, Sessions, UnknownSession
from netassist.configuration import Settings
from netassist.toolbox import Call
from tests.assistant.scripted import Scripted, calls, tcp


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    return Sessions(tmp_path / "state")


def exchange(request: str, text: str = "Done.", **turn: object) -> tuple[Answer, Recalled]:
    answer = Answer(request=request, answer=text, outcome="answered", backend="scripted", model="none")
    return answer, Recalled(msgspec.convert({"request": request, **turn}, Turn))


def conversation(sessions: Sessions, tmp_path: Path, backend: Scripted, resumed: str | None = None) -> Conversation:
    session = resumed

    async def keep(answer: Answer, recalled: Recalled) -> None:
        nonlocal session
        session = sessions.add(session, answer, recalled)

    made = Conversation(backend, Settings(), Journal(tmp_path / "state"), keep=keep)
    made.resume(sessions.turns(resumed) if resumed else ())
    return made


def test_a_conversation_goes_on_in_another_process_with_its_results(port: int, sessions: Sessions, tmp_path: Path) -> None:
    first = conversation(sessions, tmp_path, Scripted(calls(tcp(port), tcp(port, "127.0.0.2"))))
    asyncio.run(first.ask(f"check port {port} of 127.0.0.1 and 127.0.0.2"))
    backend = Scripted(calls(tcp(port)), calls(tcp(port)))
    again = conversation(sessions, tmp_path, backend, sessions.latest())
    answer = asyncio.run(again.ask(f"check port {port} of the ones with port {port} open"))
    assert [step.call for step in answer.steps] == [tcp(port)]
    asyncio.run(again.ask("and again"))
    assert backend.asked[-1].earlier[0].request == f"check port {port} of 127.0.0.1 and 127.0.0.2"
    assert "is open" in backend.asked[-1].earlier[0].results[0]
    [listed] = sessions.listed()
    assert (listed.exchanges, listed.title) == (3, f"check port {port} of 127.0.0.1 and 127.0.0.2")


def test_a_yes_in_another_process_runs_what_was_offered(port: int, sessions: Sessions, tmp_path: Path) -> None:
    asyncio.run(conversation(sessions, tmp_path, Scripted(calls(tcp(port), unsure=True))).ask(f"uh 127.0.0.1 {port}"))
    again = conversation(sessions, tmp_path, Scripted(), sessions.latest())
    assert [step.call for step in asyncio.run(again.ask("yes")).steps] == [tcp(port)]


def test_the_whole_report_is_kept(port: int, sessions: Sessions, tmp_path: Path) -> None:
    asked = conversation(sessions, tmp_path, Scripted(calls(tcp(port))))
    answer = asyncio.run(asked.ask(f"check port {port} of 127.0.0.1"))
    [stored] = sessions.exchanges(sessions.latest())
    assert json.loads(stored.answer)["steps"] == json.loads(msgspec.json.encode(answer))["steps"]


def test_only_the_user_can_read_them(sessions: Sessions) -> None:
    sessions.add(None, *exchange("ping a.test"))
    assert sessions.path.stat().st_mode & 0o777 == 0o600
    assert sessions.path.parent.stat().st_mode & 0o777 == 0o700
    database = sqlite3.connect(sessions.path)
    try:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        database.execute("BEGIN IMMEDIATE")
        assert {path.stat().st_mode & 0o777 for path in sessions.path.parent.glob("sessions.db*")} == {0o600}
    finally:
        database.close()


def test_what_the_network_said_is_data(sessions: Sessions) -> None:
    hostile = "'); DROP TABLE sessions; -- \x1b[2J\u202e% _ \\"
    session = sessions.add(None, *exchange(hostile, hostile))
    assert [found.request for found in sessions.search("drop table")] == [hostile]
    assert sessions.exchanges(session)[0].text == hostile
    assert sessions.search("%zzz") == []


def test_every_word_is_looked_for_in_any_case(sessions: Sessions) -> None:
    sessions.add(None, *exchange("Prüfe das Zertifikat von Übung.test", "It EXPIRED yesterday."))
    sessions.add(None, *exchange("ping b.test"))
    assert [found.request for found in sessions.search("übung expired")] == ["Prüfe das Zertifikat von Übung.test"]
    assert sessions.search("übung b.test") == []


def test_sessions_are_found_by_how_they_begin_and_deleted_without_trace(sessions: Sessions) -> None:
    session = sessions.add(None, *exchange("ping very-private-name.test"))
    other = sessions.add(None, *exchange("ping b.test"))
    assert sessions.find(session[:6]) == session
    for named in ("", "zz", "' OR 1", "deadbeef00"):
        with pytest.raises(UnknownSession, match="netassist sessions list"):
            sessions.find(named)
    assert sessions.delete([session, "ffffffff"]) == 1
    assert [listed.id for listed in sessions.listed()] == [other]
    assert not any(b"very-private-name" in path.read_bytes() for path in sessions.path.parent.glob("sessions.db*"))


def test_what_is_old_goes_but_never_the_session_at_hand(tmp_path: Path) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    sessions = Sessions(tmp_path, now=lambda: now)
    old = sessions.add(None, *exchange("old"))
    now += KEPT - timedelta(days=1)
    kept = sessions.add(None, *exchange("kept"))
    assert len(sessions.listed()) == 2
    now += timedelta(days=2)
    sessions.add(kept, *exchange("again"))
    assert [listed.id for listed in sessions.listed()] == [kept]
    now += 2 * KEPT
    sessions.add(kept, *exchange("after a long time"))
    assert sessions.listed()[0].exchanges == 3
    assert sessions.exchanges(old) == []


def test_the_oldest_make_room(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 5000)
    ids = [sessions.add(None, *exchange(f"question {number}", "x" * 1500)) for number in range(6)]
    left = [listed.id for listed in sessions.listed()]
    assert left == ids[::-1][: len(left)]
    assert 1 <= len(left) < 6


SECRETS = ("sk-abcdefghijklmnopqrstuvwx", "hunter22hunter22", "s3cr3tCookieValue", "my-long-token-of-the-environment")


def test_secrets_do_not_enter(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", SECRETS[3])
    request = f"check https://bob:{SECRETS[1]}@shop.test/ with {SECRETS[0]}, {SECRETS[3]}"
    turn = {"calls": [{"name": "http_check", "arguments": {"url": f"https://bob:{SECRETS[1]}@shop.test/"}}], "results": [request]}
    sessions.add(None, *exchange(request, f'token = "{SECRETS[0]}"', **turn))
    written = b"".join(path.read_bytes() for path in sessions.path.parent.glob("sessions.db*"))
    assert [secret for secret in SECRETS if secret.encode() in written] == []
    assert json.loads(sessions.exchanges(sessions.latest())[0].answer)["request"].startswith("check https://")


def test_a_key_in_a_header_of_a_server_does_not_enter(sessions: Sessions, tmp_path: Path) -> None:
    from tests.lab.http import Page, http_server

    with http_server({"/": Page(headers={"X-Api-Key": SECRETS[2]})}) as server:
        url = f"http://127.0.0.1:{server.port}/"
        asked = conversation(sessions, tmp_path, Scripted(calls(Call("http_check", {"url": url}))))
        answer = asyncio.run(asked.ask(f"check {url}"))
    assert SECRETS[2].encode() in msgspec.json.encode(answer)
    written = b"".join(path.read_bytes() for path in sessions.path.parent.glob("sessions.db*"))
    assert SECRETS[2].encode() not in written
    assert b"x-api-key" in written.lower()


WRITER = """
import sys
from pathlib import Path
from netassist.assistant.sessions import Sessions
from tests.assistant.test_sessions import exchange
sessions = Sessions(Path(sys.argv[1]))
for number in range(20):
    sessions.add(sys.argv[2], *exchange(f"{sys.argv[3]} {number}"))
"""


def test_processes_write_one_session_at_a_time_and_lose_nothing(sessions: Sessions) -> None:
    session = sessions.add(None, *exchange("first"))
    words = [sys.executable, "-c", WRITER, str(sessions.path.parent), session]
    writers = [subprocess.Popen([*words, name]) for name in ("a", "b", "c")]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    stored = sessions.exchanges(session)
    assert [each.number for each in stored] == list(range(1, 62))
    for name in ("a", "b", "c"):
        assert [each.request for each in stored if each.request.startswith(name)] == [f"{name} {n}" for n in range(20)]


@pytest.mark.parametrize("content", [b"no database, but long enough to be read" * 100, b"SQLite format 3\0" + b"\xff" * 4080])
def test_a_damaged_file_is_told_with_what_to_do(sessions: Sessions, content: bytes) -> None:
    sessions.path.parent.mkdir(mode=0o700)
    sessions.path.write_bytes(content)
    with pytest.raises(SessionError, match="move it away to begin anew, or ask with --no-store"):
        sessions.listed()


def test_a_later_version_is_left_alone(sessions: Sessions) -> None:
    sessions.add(None, *exchange("ping a.test"))
    with sqlite3.connect(sessions.path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(SessionError, match="later version"):
        sessions.listed()


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    with pytest.raises(SessionError, match="cannot be opened"):
        Sessions(tmp_path / "state").listed()


def test_no_link_is_followed(sessions: Sessions, tmp_path: Path) -> None:
    sessions.path.parent.mkdir(mode=0o700)
    sessions.path.symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(SessionError, match="cannot be opened"):
        sessions.add(None, *exchange("ping a.test"))
    assert not (tmp_path / "elsewhere.db").exists()
