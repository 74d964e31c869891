"""One database, opened more than once by one process, and by others beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from netassist.monitor.happening import Result
from netassist.monitor.store import open_store
from netassist.monitor.watch import Watch

READER = "import sys; from netassist.monitor.store import open_store; open_store(sys.argv[1]).close()"


def deleted() -> list[str]:
    """Open files of this process that are there no more."""
    links = []
    for name in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            continue
    return [link for link in links if "monitor.db" in link and link.endswith(" (deleted)")]


def test_what_is_opened_once_more_here_keeps_its_locks_from_others(tmp_path: Path) -> None:
    # Given a daemon's store, which a question in the same process opens and closes again
    file = str(tmp_path / "monitor.db")
    with open_store(file) as store:
        store.put_watch(Watch(host="a.test", check="icmp"), 1.0)
        with open_store(file) as again:
            again.put_watch(Watch(host="b.test", check="icmp"), 2.0)
        # When another process, the last but us, closes the database
        subprocess.run([sys.executable, "-c", READER, file], check=True)
        # Then what we write goes where others read it
        assert deleted() == []
        store.record([Result(watch="icmp a.test", at=3.0, outcome="up")])
        with open_store(file) as other:
            assert [result.at for result in other.results("icmp a.test", 0.0, 10.0)] == [3.0]
    with open_store(file) as later:
        assert len(later.watches()) == 2
