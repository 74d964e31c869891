"""A program that delivers messages is killed again and again: every message comes, and one that comes twice says so."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from netassist.monitor.store import open_store
from tests.lab.webhook import receiver
from tests.monitor.sample import NOON, alert, many, notice

# Each program begins five minutes after the one before, so that what was under way then is due again.
PROGRAM = """
import asyncio, sys, time
from netassist.configuration import Settings
from netassist.monitor.channels import Channel
from netassist.monitor.messenger import Messenger, Terms
from netassist.monitor.store import open_store

file, url, offset = sys.argv[1], sys.argv[2], float(sys.argv[3])
channel = Channel(name="hook", kind="webhook", url=url, timeout=30.0)
with open_store(file) as store:
    asyncio.run(Messenger(store, Terms(channels=(channel,)), Settings(), now=lambda: offset).run())
"""
KILLS, MESSAGES = 2, 20


def test_every_message_comes_and_one_that_comes_twice_says_so(tmp_path: Path) -> None:
    waiting = [notice(id=f"n{number:03}") for number in range(MESSAGES)]
    with open_store(str(tmp_path / "monitor.db")) as store, receiver() as hook:
        store.enqueue(waiting, {})
        for kill in range(KILLS):
            before = len(hook.received)
            hook.answers.extend([200, 200, 200, "hang"])
            with program(tmp_path, hook.url, NOON + 300 * kill):
                hook.wait_for(before + 4)
        with program(tmp_path, hook.url, NOON + 300 * KILLS):
            until(lambda: all(each.delivered is not None for each in store.notices()))
        tries = defaultdict(list)
        for received in hook.received:
            tries[received.headers["x-netassist-id"]].append(int(received.headers["x-netassist-attempt"]))
    assert sorted(tries) == [each.id for each in waiting]
    assert all(numbers == [*range(1, len(numbers) + 1)] for numbers in tries.values())
    assert sum(len(numbers) > 1 for numbers in tries.values()) >= KILLS


def test_alerts_that_open_while_it_is_killed_are_told_once_each(tmp_path: Path) -> None:
    watches = many(KILLS)
    with open_store(str(tmp_path / "monitor.db")) as store, receiver() as hook:
        store.set_file_watches(watches, NOON)
        for turn, watch in enumerate(watches):
            now, id = NOON + 1000 * turn, f"{turn:08x}"
            store.record([], alerts=[alert(watch, id=id, opened=now)])
            with program(tmp_path, hook.url, now):
                until(lambda id=id: id in (store.get("told") or ""))  # type: ignore[misc]
            with program(tmp_path, hook.url, now + 400):
                until(lambda id=id: any(id.encode() in received.body for received in hook.received))  # type: ignore[misc]
        first = [received for received in hook.received if received.headers["x-netassist-attempt"] == "1"]
    told = [msgspec.json.decode(received.body)["title"] for received in first]
    assert told == [f"[critical] {watch.host} is down" for watch in watches]


@contextlib.contextmanager
def program(folder: Path, url: str, at: float) -> Iterator[None]:
    """Delivers until the block ends, and is killed then."""
    arguments = [sys.executable, "-c", PROGRAM, str(folder / "monitor.db"), url, str(at)]
    with subprocess.Popen(arguments, env={**os.environ, "XDG_STATE_HOME": str(folder)}) as running:
        try:
            yield
        finally:
            running.kill()


def until(holds: Callable[[], bool]) -> None:
    """Wait for what another program does; raises TimeoutError where it does not."""
    waiting = threading.Event()
    for _ in range(600):
        if holds():
            return
        waiting.wait(0.05)
    raise TimeoutError
