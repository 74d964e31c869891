"""Fetching one large file: by ranges, from where it broke off, whole or not at all.

What has come lies in ``FILE.part``, and ``FILE.part.toml`` says what of. A range is only added to it where the server confirms by
the same strong ETag that it is a range of the same file (RFC 9110, sections 13.1.5 and 14); otherwise it begins anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import BinaryIO, NamedTuple

import httpx
import msgspec

from netassist.llama import gguf_header
from netassist.llama.hub import is_sha256
from netassist.llama.link import Answer, Later, Link, explained
from netassist.llama.shelf import note_place, part_of
from netassist.observations import Failed
from netassist.untrusted import as_text

ATTEMPTS = 5
"""Attempts in a row that get no further than any before them."""
LARGEST = 1 << 41
KEPT_FREE = 256 << 20
"""Bytes of the disk that stay free."""
CHUNK = 1 << 20


class Wanted(NamedTuple):
    """A file: where it is, where it goes, and what is known of it beforehand."""

    url: str
    path: Path
    bytes: int | None = None
    sha256: str | None = None


class Fetched(NamedTuple):
    """`checked`: the SHA-256 is the one that the publisher names."""

    bytes: int
    sha256: str
    checked: bool


class Moving(NamedTuple):
    """How far it is: bytes here, of how many (None: not known), and bytes a second so far."""

    step: str
    done: int
    total: int | None
    rate: float


class _Remembered(msgspec.Struct, frozen=True):
    """What a part is a part of."""

    url: str
    etag: str = ""
    sha256: str = ""


class _Anew(Exception):
    """What there is belongs to another file."""


Tell = Callable[[Moving], None]


def fetch(wanted: Wanted, link: Link, tell: Tell, wait: Callable[[float], None]) -> Fetched:
    """Fetch a file to its place, going on where an earlier attempt ended.

    Raises:
        Failed: it cannot be had (what came stays for the next time), or it is not what it should be (nothing stays).
    """
    make_folder(wanted.path.parent)
    part = part_of(wanted.path)
    with locked(part) as file:
        fetched = _Download(wanted, link, tell, part, file).run(wait)
        os.fsync(file.fileno())
        part.replace(wanted.path)
        note_place(part).unlink(missing_ok=True)
    return fetched


def make_folder(folder: Path) -> None:
    """The folder and what is missing above it, for the user alone."""
    if not folder.is_dir():
        make_folder(folder.parent)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)


def check_gguf(path: Path) -> gguf_header.Header:
    """The head of a GGUF file that has the length it says; raises Failed."""
    try:
        with path.open("rb") as file:
            header = gguf_header.read(file)
        size = path.stat().st_size
    except gguf_header.BadHeader as error:
        raise Failed("invalid", f"{path}: {error}; fetch it again") from None
    except OSError as error:
        raise Failed("invalid", f"{path}: {error.strerror}") from None
    if size < header.length:
        raise Failed("invalid", f"{path}: it has {size:,} of {header.length:,} bytes; fetch it again")
    return header


def sha256_of(path: Path, tell: Tell) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return _hashed(file, path.stat().st_size, tell).hexdigest()


class _Download:
    def __init__(self, wanted: Wanted, link: Link, tell: Tell, part: Path, file: BinaryIO) -> None:
        self._wanted, self._link, self._tell, self._part, self._file = wanted, link, tell, part, file
        self._total, self._sha256 = wanted.bytes, wanted.sha256
        self._etag = self._resumable()
        self._have = os.fstat(file.fileno()).st_size
        self._hash = _hashed(file, self._have, tell)
        self._began, self._came = monotonic(), 0

    def run(self, wait: Callable[[float], None]) -> Fetched:
        barren, furthest = 0, self._have
        while self._total is None or self._have < self._total:
            pause: float | None = None
            try:
                if self._once():
                    break
                trouble = Failed("reset", f"{self._host()} ends its answer before the file is whole")
            except _Anew:
                self._restart()
                trouble, pause = Failed("protocol", "the file changes while it is fetched; try again later"), 0.0
            except httpx.TransportError as error:
                trouble = explained(error, self._wanted.url)
            except Later as later:
                trouble, pause = Failed("rate_limited", f"{later}"), later.seconds
            barren = 0 if self._have > furthest else barren + 1
            furthest = max(furthest, self._have)
            if barren >= ATTEMPTS:
                kept = f"; {self._have:,} bytes are kept, the same command goes on from there" if self._have else ""
                raise Failed(trouble.failure.kind, f"{trouble}{kept}") from None
            wait(min(2.0**barren, 30.0) if pause is None else pause)
        return self._finished()

    def _once(self) -> bool:
        """One request; whether the file is whole after it, as far as the server can be believed."""
        if self._have and not self._etag:
            self._restart()
        headers = {"Range": f"bytes={self._have}-", "If-Range": self._etag} if self._have else {"Range": "bytes=0-"}
        with self._link.get(self._wanted.url, headers) as answer:
            if (whole := self._placed(answer)) is not None:
                return whole
            self._remember(answer)
            self._check_space()
            for chunk in answer.response.iter_raw():
                self._add(chunk)
        return self._total is None or self._have >= self._total

    def _placed(self, answer: Answer) -> bool | None:
        """Whether what comes is what comes next: None where it is, True where nothing is missing. Raises _Anew, Failed."""
        response = answer.response
        if response.headers.get("content-encoding", "identity") != "identity":
            raise Failed("protocol", f"{self._host()} compresses the file though it was asked not to; use another proxy or hub")
        if "text/html" in response.headers.get("content-type", ""):
            raise Failed("protocol", f"{self._host()} sends an HTML page instead of the model (a proxy's, or a login?)")
        if response.status_code == 416:
            at_end = re.fullmatch(r"bytes \*/(\d{1,15})", response.headers.get("content-range", ""))
            if at_end and int(at_end[1]) == self._have and self._have:
                return True
            raise _Anew
        if response.status_code == 200:
            if self._have:
                self._restart()
            length = response.headers.get("content-length", "")
            self._sized(int(length) if length.isdecimal() and len(length) < 16 else None)
            return None
        found = re.fullmatch(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)", response.headers.get("content-range", ""))
        if not found or int(found[1]) != self._have:
            raise Failed("protocol", f"{self._host()} answers with another range than was asked for; try again later")
        if self._have and _strong(response) != self._etag:
            raise _Anew
        self._sized(None if found[3] == "*" else int(found[3]))
        return None

    def _sized(self, total: int | None) -> None:
        if total is None:
            return
        if self._total is not None and total != self._total:
            if self._wanted.bytes is None and self._have:
                raise _Anew
            raise Failed("protocol", f"{self._host()} sends {total:,} bytes and promised {self._total:,}; try again later")
        if total > LARGEST:
            raise Failed("protocol", f"{self._host()} claims {total:,} bytes, which no model has")
        self._total = total

    def _remember(self, answer: Answer) -> None:
        linked = answer.linked.get("x-linked-etag", "").strip().removeprefix("W/").strip('"').lower()
        if is_sha256(linked):
            if self._sha256 and linked != self._sha256:
                raise Failed("protocol", f"{self._host()} has another file now than its list says; try again")
            self._sha256 = linked
        self._etag = _strong(answer.response)
        lines = {"url": self._wanted.url, "etag": self._etag, "sha256": self._sha256 or ""}
        text = "".join(f"{name} = '''{as_text(value, 2000)}'''\n" for name, value in lines.items())
        note_place(self._part).write_text(text, encoding="utf-8")

    def _resumable(self) -> str:
        """The ETag of the part that is there; without one it is emptied."""
        with contextlib.suppress(OSError, ValueError, msgspec.ValidationError):
            kept = msgspec.convert(tomllib.loads(note_place(self._part).read_text(encoding="utf-8")), _Remembered)
            same = self._sha256 == kept.sha256 if self._sha256 and kept.sha256 else kept.url == self._wanted.url
            if same and kept.etag:
                return kept.etag
        self._file.truncate(0)
        return ""

    def _restart(self) -> None:
        self._file.truncate(0)
        self._file.seek(0)
        self._have, self._hash, self._etag = 0, hashlib.sha256(), ""
        if self._wanted.bytes is None:
            self._total = None
        if self._wanted.sha256 is None:
            self._sha256 = None

    def _check_space(self) -> None:
        free = shutil.disk_usage(self._part.parent).free
        missing = max((self._total or 0) - self._have, 0)
        if missing + KEPT_FREE > free:
            raise Failed(
                "invalid",
                f"{self._part.parent}: {missing / 1e9:.1f} GB are to come and {free / 1e9:.1f} GB are free; "
                "free some, or set XDG_DATA_HOME to a larger disk",
            )

    def _add(self, chunk: bytes) -> None:
        if self._have + len(chunk) > (self._total or LARGEST):
            raise Failed("protocol", f"{self._host()} sends more than the {self._total or LARGEST:,} bytes it promised")
        if self._have < 4 and (self._head() + chunk[:4])[:4] != gguf_header.MAGIC[: self._have + len(chunk[:4])][:4]:
            raise Failed("protocol", f"{self._host()} sends no GGUF file; check the name, or what a proxy makes of it")
        rest = memoryview(chunk)
        try:
            while rest:
                written = self._file.write(rest)
                self._hash.update(rest[:written])
                self._have += written
                self._came += written
                rest = rest[written:]
        except OSError as error:
            raise Failed(
                "invalid", f"{self._part}: {error.strerror}; free some space, the same command goes on from there"
            ) from None
        self._tell(Moving("fetching", self._have, self._total, self._came / max(monotonic() - self._began, 0.001)))

    def _head(self) -> bytes:
        return os.pread(self._file.fileno(), self._have, 0)

    def _finished(self) -> Fetched:
        self._file.flush()
        found = self._hash.hexdigest()
        if self._sha256 and found != self._sha256:
            self._drop()
            raise Failed(
                "protocol", f"what {self._host()} sent is damaged (its SHA-256 is not the published one); fetch it again"
            )
        try:
            check_gguf(self._part)
        except Failed as failed:
            self._drop()
            raise Failed(
                "protocol", str(failed).replace(str(self._part), self._host() + " sent a file that is no model")
            ) from None
        return Fetched(self._have, found, self._sha256 is not None)

    def _drop(self) -> None:
        self._part.unlink(missing_ok=True)
        note_place(self._part).unlink(missing_ok=True)

    def _host(self) -> str:
        return as_text(httpx.URL(self._wanted.url).netloc, 120)


def _strong(response: httpx.Response) -> str:
    """The strong ETag of an answer, empty where it has none: only such a one proves that a range belongs to the same bytes."""
    etag = response.headers.get("etag", "").strip()
    return etag if re.fullmatch(r'"[\x21\x23-\x26\x28-\x7e]{1,500}"', etag) else ""


def _hashed(file: BinaryIO, size: int, tell: Tell) -> hashlib._Hash:
    """The SHA-256 of the first `size` bytes; the file stands behind them afterwards."""
    hashed, done, began = hashlib.sha256(), 0, monotonic()
    file.seek(0)
    while chunk := file.read(min(CHUNK, size - done)):
        hashed.update(chunk)
        done += len(chunk)
        tell(Moving("checking", done, size, done / max(monotonic() - began, 0.001)))
    return hashed


@contextlib.contextmanager
def locked(part: Path) -> Iterator[BinaryIO]:
    """The part, for us alone; raises Failed where another process is fetching it, or has just ended."""
    with open(os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Failed("invalid", f"{part}: another netassist is fetching it") from None
        if not _lies_at(part, file):
            raise Failed("invalid", f"{part}: another netassist has just ended with it; give the command again")
        yield file


def _lies_at(part: Path, file: BinaryIO) -> bool:
    """Whether the open file is the one at that path: whoever had the lock before us may have put it in its place."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file.fileno()), part.stat())
    return False
