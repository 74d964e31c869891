"""One daemon for one store: a lock on this machine, and a heartbeat in the store for other machines."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from netassist.configuration import state_folder

if TYPE_CHECKING:
    from netassist.monitor.store import Store

FACT = "daemon"
"""Where in the store the heartbeat is."""
BEAT = 10.0
"""Seconds between two."""
SILENT = 45.0
"""Seconds after which a heartbeat is taken for that of a daemon which is gone."""
_TRIES, _BETWEEN = 10, 0.05
_LONGEST_PATH = 100
"""Bytes of a unix socket's address (unix(7) has 108)."""


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon that watches: `at` is its last sign of life; `socket` is where it is asked. Times are Unix seconds."""

    pid: int
    host: str
    since: float
    at: float
    socket: str
    version: str = ""

    def is_fresh(self, now: float) -> bool:
        """Whether it may still be there; one from the future was written before the clock was set back."""
        return abs(now - self.at) < SILENT

    @property
    def is_here(self) -> bool:
        """Whether it runs, or ran, on this machine."""
        return self.host == socket.gethostname()


class NotAlone(Exception):
    """Another daemon watches what is in this store; the message says which."""


def heartbeat(store: Store) -> Heartbeat | None:
    """The last one; None where there is none. Raises StoreTrouble."""
    try:
        return msgspec.json.decode(store.get(FACT) or "null", type=Heartbeat | None)
    except msgspec.DecodeError:
        return None


def beat(store: Store, told: Heartbeat | None) -> None:
    """Write a sign of life, or with None that it has ended."""
    store.put(FACT, msgspec.json.encode(told).decode())


def running(store: Store, now: float) -> Heartbeat | None:
    """The daemon that watches this store at the moment, as far as can be told from here. One on this machine is known by its
    lock: it may have been unable to write a sign of life for long."""
    told = heartbeat(store)
    if told is None:
        return None
    return told if (is_locked(store) if told.is_here else told.is_fresh(now)) else None


@contextlib.contextmanager
def alone(store: Store, now: float) -> Iterator[None]:
    """Hold the store for this daemon. Raises NotAlone, OSError where the lock cannot be made."""
    path = _lock_file(store)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        if not _locked(held):
            told = heartbeat(store)
            who = f", process {told.pid}" if told is not None else ""
            raise NotAlone(f"{store.where}: a daemon watches it already{who}; `netassist daemon stop` ends it") from None
        told = heartbeat(store)
        if told is not None and not told.is_here and told.is_fresh(now):
            raise NotAlone(f"{store.where}: a daemon on {told.host} (process {told.pid}) watches it already; end it there first")
        yield
    finally:
        os.close(held)


def _locked(held: int) -> bool:
    """Take the lock; who only looks whether it is held (`is_locked`) holds it for a moment."""
    for _ in range(_TRIES):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(_BETWEEN)
    return False


def is_locked(store: Store) -> bool:
    """Whether a daemon of this machine holds the store."""
    try:
        held = os.open(_lock_file(store), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(held)
    return False


def socket_file() -> Path:
    """Where the daemon is asked: in systemd's runtime folder where it gave one, else in the user's state folder."""
    given = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return (Path(given) if given else state_folder()) / "daemon.sock"


@contextlib.contextmanager
def short(path: Path) -> Iterator[str]:
    """A name for a unix socket that fits its address, however long the path is, as long as the block lasts."""
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _lock_file(store: Store) -> Path:
    """Beside an SQLite file, else in the state folder."""
    if "://" not in store.where:
        return Path(f"{store.where}.daemon.lock")
    return state_folder() / f"daemon-{hashlib.sha256(store.where.encode()).hexdigest()[:16]}.lock"
