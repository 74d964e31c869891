"""A database of an older version is brought forward with all that is in it; one of a later version is left alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, create_engine, inspect, text

from netassist.monitor.happening import Event, State
from netassist.monitor.store import Store, StoreTrouble, migrations, open_store
from netassist.monitor.store.schema import METADATA, VERSION
from netassist.monitor.watch import Watch
from tests.monitor.store.version_1 import statements

DB = Watch(host="db1.example.org", check="tcp", port=5432, interval=60)


def execute(url: str, *commands: str) -> None:
    if url.startswith("postgresql"):
        with psycopg.connect(url) as server:
            for command in commands:
                server.execute(command.encode())
    else:
        with closing(sqlite3.connect(url)) as file:
            for command in commands:
                file.execute(command)
            file.commit()


def columns(url: str) -> dict[str, set[tuple[str, str, bool]]]:
    """Of every table the columns, with their types and whether they may be empty; and its keys."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:") if "://" in url else f"sqlite:///{url}")
    with engine.connect() as connection:
        seen = inspect(connection)
        found = {
            table: {(column["name"], str(column["type"]), bool(column["nullable"])) for column in seen.get_columns(table)}
            | {(str(name), "key", False) for name in seen.get_pk_constraint(table)["constrained_columns"]}
            | {(str(index["name"]), str(index["column_names"]), bool(index["unique"])) for index in seen.get_indexes(table)}
            for table in seen.get_table_names()
        }
    engine.dispose()
    return found


def test_version_1_is_brought_forward_with_all_that_is_in_it(url: str, open_again: Callable[[], Store]) -> None:
    execute(url, *statements(sqlite="://" not in url))
    store = open_again()
    assert store.watches() == (DB,)
    assert store.states() == {DB.key: State(watch=DB.key, standing="down", since=1060.5)}
    assert [(result.at, result.ms, result.outcome, result.message) for result in store.results(DB.key, 0, 2000)] == [
        (1000.5, 12.5, "up", ""),
        (1060.5, None, "down", "refused"),
    ]
    assert store.events(0, 2000) == [Event(at=1060.5, watch=DB.key, kind="state", before="up", after="down")]
    assert store.get("told") == "{}"
    before = store.availability(DB.key, 0.0, 3600.0)
    store.roll_up(7200.0)
    assert store.availability(DB.key, 0.0, 3600.0) == before
    assert columns(url).keys() == METADATA.tables.keys()


def test_what_is_brought_forward_has_the_tables_of_a_new_one(url: str, tmp_path: Path, postgresql: int) -> None:
    execute(url, *statements(sqlite="://" not in url))
    open_store(url).close()
    forward = columns(url)
    if "://" in url:
        execute(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    new = url if "://" in url else str(tmp_path / "new.db")
    open_store(new).close()
    assert columns(new) == forward


def test_the_file_is_copied_first(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    execute(str(path), *statements(sqlite=True))
    open_store(str(path)).close()
    copy = tmp_path / "monitor.db.version-1"
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as old:
        assert old.execute("SELECT value FROM counters WHERE name = 'version'").fetchone() == (1,)
        assert old.execute("SELECT count(*) FROM results").fetchone() == (2,)


def test_a_step_that_fails_leaves_everything_as_it_was(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    execute(url, *statements(sqlite="://" not in url))
    before = columns(url)

    def half(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE hourly (watch INTEGER)"))
        connection.execute(text("CREATE TABLE hourly (watch INTEGER)"))

    monkeypatch.setitem(migrations._STEPS, 2, half)
    with pytest.raises(StoreTrouble, match="hourly"):
        open_store(url)
    assert columns(url) == before
    monkeypatch.undo()
    with open_store(url) as store:
        assert len(store.results(DB.key, 0, 2000)) == 2


def test_a_later_version_is_left_alone(url: str) -> None:
    open_store(url).close()
    execute(url, f"UPDATE counters SET value = {VERSION + 1} WHERE name = 'version'", "CREATE TABLE news (id INTEGER)")
    before = columns(url)
    with pytest.raises(StoreTrouble, match="later version of netassist") as caught:
        open_store(url)
    assert caught.value.kind == "unavailable"
    assert columns(url) == before


def test_there_is_a_step_for_every_version() -> None:
    assert sorted(migrations._STEPS) == list(range(2, VERSION + 1))


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "places.sqlite"
    execute(str(path), "CREATE TABLE bookmarks (id INTEGER)")
    with pytest.raises(StoreTrouble, match="another program"):
        open_store(str(path))
    assert columns(str(path)).keys() == {"bookmarks"}
