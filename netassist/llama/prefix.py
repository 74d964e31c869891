"""States of evaluated prompt heads on disk, so that a new process computes none of their tokens again.

A file is a header of one page and the bytes of ``llama_state_seq_get_data``. Its name is the hash of all that the state depends
on; one that is cut short, damaged or another user's is removed. It is written under another name first, so that nobody reads half
of one.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import stat
import struct
import time
import zlib
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from netassist.llama.messages import HeadCame

MOST_KEPT = 2 << 30
"""Bytes of all states together; one of 2,200 tokens of an 8B model has 290 MB."""
PAGE = 4096
ABANDONED = 3600.0
"""Seconds after which a file that is still being written has been given up by its writer."""
STEP = 128
"""Tokens of a head that are computed between two words about it."""
_HEADER = struct.Struct("<16s32sIIQ")
"""Magic, key, number of tokens, CRC-32 of the state, bytes of the state."""
_MAGIC = b"netassist-head-1"
_SAMPLES = 64


class HeadEngine(Protocol):
    """What is asked of an engine here (see `netassist.llama.engine.LlamaEngine`)."""

    @property
    def tokens(self) -> Sequence[int]: ...
    @property
    def state_size(self) -> int: ...
    @property
    def state_depends_on(self) -> bytes: ...
    def begin(self, tokens: Sequence[int]) -> int: ...
    def extend(self, tokens: Sequence[int]) -> None: ...
    def write_state(self, into: memoryview) -> int: ...
    def read_state(self, tokens: Sequence[int], data: memoryview) -> bool: ...


class Ready(NamedTuple):
    """How a head came about, and how many of its tokens were computed for it."""

    came: HeadCame
    computed: int


def ready(engine: HeadEngine, head: Sequence[int], store: Store | None, tell: Callable[[int, int], None]) -> Ready:
    """Have `engine` hold `head`: as it does already, from disk, or by computing it, which `tell` hears of (done, total)."""
    if not head:
        return Ready("nothing", 0)
    if list(engine.tokens[: len(head)]) == list(head):
        return Ready("kept", 0)
    key = hashlib.sha256(engine.state_depends_on + array("i", head).tobytes()).digest()
    if store is not None and store.load(key, len(head), lambda data: engine.read_state(head, data)):
        return Ready("loaded", 0)
    began = engine.begin(head)
    for place in range(began, len(head), STEP):
        tell(place, len(head))
        engine.extend(head[place : place + STEP])
    tell(len(head), len(head))
    saved = store is not None and store.save(key, len(head), engine.state_size, engine.write_state)
    return Ready("built" if saved else "not_saved", len(head) - began)


class Store:
    """A folder of states that holds `most` bytes at most; the ones unused for longest go first."""

    def __init__(self, folder: Path, most: int = MOST_KEPT) -> None:
        self.folder, self.most = folder, most

    def load(self, key: bytes, tokens: int, use: Callable[[memoryview], bool]) -> bool:
        """Let `use` have the state (writable memory of its own); false where there is none, or none that is sound and of use."""
        path = self._path(key)
        try:
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError:
            self._remove(path)
            return False
        try:
            size = _of_ours(file)
            # Private, because llama.cpp's binding takes no constant memory; what it does not write stays in the page cache.
            with mmap.mmap(file, size, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE) as data, memoryview(data) as view:
                _check(view, key, tokens)
                with view[PAGE:] as state:
                    sound = use(state)
            if sound:
                os.utime(file)
                return True
        except (ValueError, OSError):
            pass
        finally:
            os.close(file)
        self._remove(path)
        return False

    def save(self, key: bytes, tokens: int, size: int, write: Callable[[memoryview], int]) -> bool:
        """Keep the `size` bytes that `write` puts into memory; false where there is no room for them or no folder."""
        path = self._path(key)
        part = self.folder / f".{path.name}.{os.getpid()}"
        try:
            self._open()
            self._make_room(PAGE + size)
            file = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                # Reserved beforehand: writing to mapped memory that a full disk cannot take is the end of a process.
                os.posix_fallocate(file, 0, PAGE + size)
                with mmap.mmap(file, PAGE + size) as data, memoryview(data) as view, view[PAGE:] as state:
                    if write(state) != size:
                        raise ValueError("llama.cpp wrote less than it said")
                    head = _HEADER.pack(_MAGIC, key, tokens, zlib.crc32(state), size)
                    view[: len(head)] = head
            finally:
                os.close(file)
            # No fsync: what a crash of the system tears is told by its checksum.
            part.replace(path)
        except (OSError, ValueError):
            self._remove(part)
            return False
        return True

    def _path(self, key: bytes) -> Path:
        return self.folder / f"{key.hex()}.state"

    def _open(self) -> None:
        """Make the folder, for its owner alone; raises OSError where it is another's."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self.folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise PermissionError(f"{self.folder}: not a folder of yours")
        if found.st_mode & 0o077:
            self.folder.chmod(0o700)

    def _make_room(self, size: int) -> None:
        """Remove what is abandoned, and what has not been used for longest; raises OSError where `size` cannot fit."""
        if size > self.most:
            raise OSError(f"a state of {size} bytes is more than the {self.most} of all")
        states: list[tuple[float, int, Path]] = []
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):
                found = path.lstat()
                if path.name.startswith(".") and found.st_mtime < time.time() - ABANDONED:
                    path.unlink()
                elif path.suffix == ".state":
                    states.append((found.st_mtime, found.st_size, path))
        states.sort()
        held = sum(bytes_ for _, bytes_, _ in states)
        for _, bytes_, path in states:
            if held + size <= self.most:
                break
            self._remove(path)
            held -= bytes_

    def _remove(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            path.unlink()


def fingerprint(path: Path) -> bytes:
    """A hash of a model's file by its size, the time of its last change, its first and last bytes and samples in between.

    Not of all 5 GB, which would take as long as loading them: who changes a file in place and sets its time back may not be found
    out.
    """
    found = path.stat()
    known = hashlib.sha256(struct.pack("<qq", found.st_size, found.st_mtime_ns))
    with path.open("rb") as file:
        for place in range(_SAMPLES + 1):
            file.seek(max(0, found.st_size - PAGE) * place // _SAMPLES)
            known.update(file.read(PAGE))
    return known.digest()


def _of_ours(file: int) -> int:
    """The size of a regular file of this user; raises ValueError where it is anything else."""
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_size <= PAGE:
        raise ValueError("no state of ours")
    return found.st_size


def _check(view: memoryview, key: bytes, tokens: int) -> None:
    """Raises ValueError unless the header fits what was looked for and the bytes behind it."""
    with view[PAGE:] as state:
        if _HEADER.unpack_from(view) != (_MAGIC, key, tokens, zlib.crc32(state), len(state)):
            raise ValueError("damaged, or of something else")
