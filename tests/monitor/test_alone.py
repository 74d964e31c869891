"""One daemon for one store, on this machine and on others; and sockets at the end of long paths."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import msgspec
import pytest

from netassist.monitor.alone import FACT, SILENT, Heartbeat, NotAlone, alone, beat, heartbeat, is_locked, running, short
from netassist.monitor.store import Store

NOW = 1_000_000.0
HERE = Heartbeat(pid=os.getpid(), host=socket.gethostname(), since=NOW - 60, at=NOW - 5, socket="/x/daemon.sock")
ELSEWHERE = msgspec.structs.replace(HERE, host="another.example", pid=7)


def test_a_second_one_is_told_of_the_first(store: Store) -> None:
    beat(store, HERE)
    with alone(store, NOW):
        assert is_locked(store)
        assert running(store, NOW) == HERE
        with pytest.raises(NotAlone, match=f"process {HERE.pid}"), alone(store, NOW):
            pass
    assert not is_locked(store)
    assert running(store, NOW) is None  # it was killed: the heartbeat is fresh, and nobody holds the lock


def test_one_on_this_machine_counts_however_long_it_could_not_write(store: Store) -> None:
    beat(store, HERE)
    with alone(store, NOW):
        assert running(store, NOW + 100 * SILENT) == HERE
        assert running(store, NOW - 365 * 86400) == HERE


def test_one_on_another_machine_counts_while_its_heart_beats(store: Store) -> None:
    beat(store, ELSEWHERE)
    assert running(store, NOW) == ELSEWHERE
    with pytest.raises(NotAlone, match=r"another\.example \(process 7\)"), alone(store, NOW):
        pass
    with alone(store, NOW + SILENT):
        assert is_locked(store)
    with alone(store, NOW - 86400):  # written before the clock was set back
        assert is_locked(store)


def test_one_that_ended_leaves_none(store: Store) -> None:
    beat(store, None)
    assert heartbeat(store) is None
    store.put(FACT, "no JSON at all")
    assert heartbeat(store) is None


def test_a_long_path_is_no_hindrance(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 20) / ("longer" * 20)
    folder.mkdir(parents=True)
    path = folder / "daemon.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        with short(path) as name:
            listening.bind(name)
        listening.listen()
        assert path.is_socket()
        with socket.socket(socket.AF_UNIX) as asking, short(path) as name:
            asking.connect(name)
