"""A disk that is full or read-only, a database that is locked or damaged, a writer that is killed: nothing is lost, all said."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from netassist.monitor.happening import Result
from netassist.monitor.store import Store, StoreTrouble, on_sqlite, open_store
from tests.monitor.store.server import cluster, emptied, serve
from tests.monitor.store.server import url as url_of
from tests.monitor.store.writer import WATCH

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


def result(at: float, message: str = "") -> Result:
    return Result(watch=WATCH.key, at=at, outcome="up", ms=1.0, message=message)


def times(store: Store) -> list[float]:
    return [kept.at for kept in store.results(WATCH.key, 0, 1e9, limit=1_000_000)]


@contextlib.contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """A disk in memory."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "netassist-test", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"cannot mount: {done.stderr}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def remount(folder: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", folder], check=True)


@as_root
def test_a_full_disk_is_said_and_writing_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=1m") as disk, open_store(str(disk / "monitor.db")) as store:
        store.put_watch(WATCH, 0.0)
        acknowledged: list[float] = []
        with pytest.raises(StoreTrouble, match="make room") as caught:  # noqa: PT012 - which of them it is cannot be foretold
            for at in range(100_000):
                store.record([result(at + part / 100, "x" * 400) for part in range(100)])
                acknowledged += [at + part / 100 for part in range(100)]
        assert caught.value.kind == "full"
        assert acknowledged
        assert times(store) == acknowledged, "it can still be read"
        remount(disk, "size=8m")
        store.record([result(999_999.0)])
        assert times(store) == [*acknowledged, 999_999.0]


@as_root
def test_there_is_no_room_to_begin(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=64k") as disk:
        with contextlib.suppress(OSError):
            (disk / "rest").write_bytes(bytes(64 * 1024))
        with pytest.raises(StoreTrouble) as caught:
            open_store(str(disk / "monitor.db"))
        assert caught.value.kind == "full"


@as_root
def test_a_disk_that_becomes_read_only_can_be_read_and_later_written(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=8m") as disk:
        with open_store(str(disk / "monitor.db")) as store:
            store.put_watch(WATCH, 0.0)
            store.record([result(1.0)])
        remount(disk, "ro")
        with pytest.raises(StoreTrouble) as caught:
            open_store(str(disk / "monitor.db"))
        assert caught.value.kind == "read_only"
        remount(disk, "rw")
        with open_store(str(disk / "monitor.db")) as store:
            assert times(store) == [1.0]


def test_a_database_that_became_read_only_is_said(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "monitor.db")) as store:
        store.put_watch(WATCH, 0.0)
        store.record([result(1.0)])
        with closing(store._database._writer.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA query_only=ON")  # a disk with an open file on it is not remounted
        with pytest.raises(StoreTrouble, match="cannot be written") as caught:
            store.record([result(2.0)])
        assert caught.value.kind == "read_only"
        with closing(store._database._writer.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA query_only=OFF")
        store.record([result(3.0)])
        assert times(store) == [1.0, 3.0]


_HOLDER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_another_that_holds_it_is_waited_for_a_while(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = str(tmp_path / "monitor.db") if kind == "sqlite" else emptied(request.getfixturevalue("postgresql"))
    with open_store(url, patience=0.2) as store:
        store.put_watch(WATCH, 0.0)
        before = times(store)
        with held(url):
            with pytest.raises(StoreTrouble, match="another program holds it") as caught:
                store.record([result(1.0)])
            assert caught.value.kind == "locked"
            assert times(store) == before, "reading does not wait"
        store.record([result(2.0)])
        assert times(store)[-1] == 2.0


@contextlib.contextmanager
def held(url: str) -> Iterator[None]:
    """Another process has begun to write."""
    if "://" in url:
        with psycopg.connect(url) as other:
            other.execute("LOCK TABLE results IN EXCLUSIVE MODE")
            yield
        return
    command = [sys.executable, "-c", _HOLDER, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield
        holder.communicate("")


def filled(path: Path) -> None:
    with open_store(str(path)) as store:
        store.put_watch(WATCH, 0.0)
        store.record([result(float(at), "x" * 100) for at in range(2000)])


@pytest.mark.parametrize("damage", ["pages", "header", "half"])
def test_a_damaged_file_is_recognised_and_left_as_it_is(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    filled(path)
    data = bytearray(path.read_bytes())
    if damage == "pages":
        for page in range(20, len(data) // 4096):
            data[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    elif damage == "header":
        data[:100] = b"This is a text about databases. " * 3 + b"1234"
    else:
        del data[len(data) // 2 :]
    path.write_bytes(data)
    with pytest.raises(StoreTrouble, match="restore a backup") as caught:
        open_store(str(path))
    assert caught.value.kind == "corrupt"
    assert path.read_bytes() == data


def test_a_file_is_checked_if_it_is_small_or_this_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "monitor.db"
    filled(path)
    with path.open("r+b") as file:
        file.seek(30 * 4096)
        file.write(b"\xa5" * 4096)
    monkeypatch.setattr(on_sqlite, "_CHECKED_BYTES", 4096)
    with open_store(str(path)) as store:
        assert store.watches() == (WATCH,)
    for check, most in ((True, 4096), (None, 2**30)):
        monkeypatch.setattr(on_sqlite, "_CHECKED_BYTES", most)
        with pytest.raises(StoreTrouble, match="damaged"):
            open_store(str(path), check=check)


def test_a_file_that_is_damaged_while_it_is_open_is_said(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    filled(path)
    with open_store(str(path)) as store:
        with path.open("r+b") as file:
            for page in range(5, path.stat().st_size // 4096):
                file.seek(page * 4096)
                file.write(b"\xa5" * 4096)
        with pytest.raises(StoreTrouble) as caught:
            times(store)
        assert caught.value.kind == "corrupt"


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    url, acknowledged = str(tmp_path / "monitor.db"), list[float]()
    for round in range(5):
        command = [sys.executable, "-m", "tests.monitor.store.writer", url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for _ in range(20 + 7 * round):
                acknowledged.append(float(writer.stdout.readline()))
            writer.kill()
            acknowledged += [float(line) for line in writer.stdout if line.endswith("\n")]
        with open_store(url) as store:
            found = times(store)
            assert found[: len(acknowledged)] == acknowledged
            assert len(found) - len(acknowledged) <= 1, "one may be in that was not said any more"
            assert store.states()[WATCH.key].since == found[-1], "a state is written with its result, or neither"
            acknowledged = found
            store.put("next", str(int(found[-1]) + 1))


def test_a_server_that_goes_away_is_said_and_found_again(tmp_path: Path) -> None:
    data = cluster(tmp_path)
    with serve(data) as port:
        store = open_store(url_of(port), patience=1.0)
        store.put_watch(WATCH, 0.0)
        store.record([result(1.0)])
    for ask in (lambda: store.record([result(2.0)]), store.states):
        with pytest.raises(StoreTrouble) as caught:
            ask()
        assert caught.value.kind == "unavailable"
    with serve(data, port):
        store.record([result(3.0)])
        assert times(store) == [1.0, 3.0]
        store.close()


def test_a_password_is_in_no_message() -> None:
    for url in ("postgresql://ada:hunter2@127.0.0.1:1/db", "mysql://ada:hunter2@db/x", "postgresql://ada:hunter2@[::1/db"):
        with pytest.raises(StoreTrouble) as caught:
            open_store(url, patience=1.0)
        assert caught.value.kind == "unavailable"
        assert "hunter2" not in str(caught.value)


def test_where_there_is_none_it_is_made_for_this_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with pytest.raises(StoreTrouble, match="no such database yet"):
        open_store(create=False)
    assert not (tmp_path / "netassist").exists()
    with open_store() as store:
        store.put_watch(WATCH, 0.0)
        folder = tmp_path / "netassist"
        assert store.where == str(folder / "monitor.db")
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    with open_store(create=False) as store:
        assert store.watches() == (WATCH,)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "monitor.db").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreTrouble):
        open_store(str(tmp_path / "monitor.db"))
    assert not (tmp_path / "elsewhere").exists()


def test_a_backup_is_whole_while_others_write(tmp_path: Path) -> None:
    url, copy = tmp_path / "monitor.db", tmp_path / "backup.db"
    command = [sys.executable, "-m", "tests.monitor.store.writer", str(url)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(50)]
        with open_store(str(url)) as store:
            store.backup(copy)
            store.backup(copy)
            with pytest.raises(StoreTrouble, match="the database itself"):
                store.backup(url)
        writer.kill()
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with open_store(str(copy)) as restored:
        found = times(restored)
        assert found == [float(at) for at in range(1, len(found) + 1)]
        assert len(found) >= len(said)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_postgresql_has_its_own_backups(postgresql: int, tmp_path: Path) -> None:
    with open_store(url_of(postgresql)) as store, pytest.raises(StoreTrouble, match="pg_dump"):
        store.backup(tmp_path / "backup.db")


def test_a_watch_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    filled(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE watches SET added = '{}'")
        database.commit()
    with open_store(str(path)) as store, pytest.raises(StoreTrouble, match="watch cannot be read") as caught:
        store.watches()
    assert caught.value.kind == "corrupt"
