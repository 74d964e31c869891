"""What goes wrong with a machine, done to it for real: disks, clocks, name servers, file descriptors. Most of it needs root."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import sqlite3
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

_CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
static volatile int64_t *ahead;
__attribute__((constructor)) static void begin(void) {
  int file = open(getenv("CLOCK_AHEAD"), O_RDONLY | O_CLOEXEC);
  ahead = mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
  if (file < 0 || ahead == MAP_FAILED) abort();
}
int clock_gettime(clockid_t id, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
  int failed = real(id, now);
  if (!failed && id == CLOCK_REALTIME && ahead) now->tv_sec += *ahead;
  return failed;
}
"""


class Disk:
    """An ext4 file system in a file, mounted at `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._images = [folder.with_name("image-0")]
        folder.mkdir()
        with self._images[0].open("wb") as image:
            image.truncate(12 << 20)
        _ran("mkfs.ext4", "-q", "-m", "0", str(self._images[0]))
        self._mount()

    def fill(self) -> None:
        """Nothing more can be written."""
        file = os.open(self.folder / "fill", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with contextlib.suppress(OSError):
            while True:
                os.write(file, bytes(4096))
        os.close(file)

    def empty(self) -> None:
        (self.folder / "fill").unlink()

    def become_read_only(self) -> None:
        """As after an error of the device: who has files open cannot write to them either."""
        _ran("mount", "-o", "remount,abort", str(self.folder))

    def mend(self) -> None:
        """As an operator would: checked, and mounted anew; who has files open has those of the old one."""
        _ran("umount", "--lazy", str(self.folder))
        self._images.append(self._images[0].with_name(f"image-{len(self._images)}"))
        shutil.copy(self._images[-2], self._images[-1])
        subprocess.run([_tool("e2fsck"), "-p", self._images[-1]], capture_output=True, check=False)
        self._mount()

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Whoever writes waits until the block ends."""
        _ran("fsfreeze", "--freeze", str(self.folder))
        try:
            yield
        finally:
            _ran("fsfreeze", "--unfreeze", str(self.folder))

    def close(self) -> None:
        subprocess.run([_tool("umount"), "--lazy", self.folder], check=False)

    def _mount(self) -> None:
        done = subprocess.run(
            [_tool("mount"), "-o", "loop", self._images[-1], self.folder], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"cannot mount: {done.stderr.strip()}")


@contextlib.contextmanager
def disk(folder: Path) -> Iterator[Disk]:
    """Skips the test where no disk can be had."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    for program in ("mkfs.ext4", "e2fsck", "mount", "umount", "fsfreeze"):
        _tool(program)
    made = Disk(folder)
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def held(database: Path) -> Iterator[None]:
    """Another has begun to write to a database of SQLite."""
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


class SetClock:
    """The wall clock of a process, apart from everybody else's; the monotonic one runs on."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("setting a clock needs a C compiler")
        folder.mkdir()
        source, library, self._ahead = folder / "clock.c", folder / "clock.so", folder / "ahead"
        source.write_text(_CLOCK)
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_AHEAD": str(self._ahead)}
        self._ahead.write_bytes(struct.pack("q", 0))

    def set(self, ahead: int) -> None:
        """Seconds by which it is ahead of the true time."""
        with self._ahead.open("r+b") as file:
            file.write(struct.pack("q", ahead))


def with_name_server(address: str, folder: Path) -> tuple[str, ...]:
    """What goes before a command so that it asks this name server (port 53), in a mount namespace of its own."""
    if os.geteuid() != 0:
        pytest.skip("another name server needs root")
    conf = folder / "resolv.conf"
    conf.write_text(f"nameserver {address}\n")
    done = subprocess.run([_tool("unshare"), "--mount", "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no mount namespace can be had: {done.stderr.strip()}")
    return (_tool("unshare"), "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', str(conf))


@contextlib.contextmanager
def without_descriptors(pid: int) -> Iterator[None]:
    """A process can open nothing more; what it has open stays."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def _ran(program: str, *words: str) -> None:
    subprocess.run([_tool(program), *words], check=True, capture_output=True)


def _tool(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is missing")
    return found
