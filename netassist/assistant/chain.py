"""The chain of the journal: what links an entry to the one before, and what verifying it finds.

A line is a JSON object whose first members are `number` (from 1, over all files) and `previous` (the hash of the entry before, 64
zeros for the first), and whose last is `hash`: the SHA-256, in hexadecimal, of the line's bytes up to and without ``,"hash":…``.
Where bytes stand between two entries that are none (a line torn by a crash, or lines older than the chain), the later one holds
their SHA-256 as `loose`, so that they are known, and none can be put there afterwards.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

FIRST = "0" * 64
_TAIL = re.compile(rb',"hash":"([0-9a-f]{64})"\}$')
_FULL = re.compile(r"journal\.(\d{6})\.jsonl")
_LONGEST = 2**20
"""Bytes of the longest line; entries are bounded far below."""


class Head(NamedTuple):
    """The last entry: its number and its hash, written ``12:9f86…``; kept elsewhere, it shows what was cut off or rewritten."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


class Link(msgspec.Struct, frozen=True):
    """What a line says of its place in the chain."""

    number: int
    previous: str
    hash: str
    loose: str | None = None


class Verdict(NamedTuple):
    """`problems` are what cannot come from writing alone; `notes` what can, and is worth knowing."""

    head: Head
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def files(folder: Path) -> list[Path]:
    """The journal's files in their order, the one that is written to last."""
    full = sorted(path for path in folder.glob("journal.*.jsonl") if _FULL.fullmatch(path.name))
    current = folder / "journal.jsonl"
    return [*full, current] if current.exists() else full


def next_file(folder: Path) -> Path:
    """The name under which the next full file is kept."""
    taken = [int(found[1]) for path in files(folder) if (found := _FULL.fullmatch(path.name))]
    return folder / f"journal.{max(taken, default=0) + 1:06}.jsonl"


def linked(body: bytes, previous: Head, loose: bytes = b"") -> tuple[Head, bytes]:
    """The head and the whole line of an entry whose JSON object is `body`, behind `previous` and `loose` bytes."""
    between = b'"loose":"%s",' % hashlib.sha256(loose).hexdigest().encode() if loose else b""
    start = b'{"number":%d,"previous":"%s",%s' % (previous.number + 1, previous.hash.encode(), between) + body[1:-1]
    digest = hashlib.sha256(start).hexdigest()
    return Head(previous.number + 1, digest), start + b',"hash":"%s"}\n' % digest.encode()


def head_of(folder: Path) -> tuple[Head, bytes]:
    """The last entry, read from the end, and the bytes behind it that are none. Raises OSError."""
    behind = b""
    for path in reversed(files(folder)):
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            data = b""
            while end:
                start = max(0, end - 65536)
                file.seek(start)
                data, end = file.read(end - start) + data, start
                lines = [line + b"\n" for line in data.split(b"\n")]
                lines[-1] = lines[-1][:-1]
                for place in range(len(lines) - 1, -1, -1):
                    if link := _link(lines[place]):
                        return Head(link.number, link.hash), b"".join(lines[place + 1 :]) + behind
            behind = data + behind
    return Head(0, FIRST), behind


def verify(folder: Path, kept: str | None = None) -> Verdict:
    """Read the whole chain, and hold it against a head that was `kept` elsewhere.

    Raises OSError, and ValueError where `kept` is no head.
    """
    wanted = parse_head(kept) if kept is not None else None
    head, loose, problems, notes = Head(0, FIRST), _Loose(), list[str](), list[str]()
    met = wanted is None or wanted == head
    for path, number, line in _lines(folder):
        where = f"{path.name}:{number}"
        if (link := _link(line)) is None:
            loose.add(line)
            if _TAIL.search(line.rstrip(b"\n")):
                problems.append(f"{where}: this line was changed after it was written")
            continue
        if link.number != head.number + 1:
            problems.append(f"{where}: entry {link.number} follows entry {head.number}: {_gap(head.number, link.number)}")
        elif link.previous != head.hash:
            problems.append(f"{where}: entry {link.number} was not written behind the entry {head.number} that stands before it")
        if link.loose != loose.digest:
            problems.append(f"{where}: what stands before entry {link.number} is not what stood there when it was written")
        elif loose.digest:
            notes.append(f"{where}: before entry {link.number} stands what is no entry: torn by a crash, or older than the chain")
        head, loose = Head(link.number, link.hash), _Loose()
        if wanted is not None and wanted.number == head.number:
            met = True
            if wanted != head:
                problems.append(f"{where}: entry {head.number} is another than the one whose head was kept: it was rewritten")
    if loose.digest and not loose.ended:
        notes.append("the end: the last line is torn, by a crash while it was written; the next entry will say that it was there")
    elif loose.digest and head.number:
        problems.append(f"the end: what stands behind entry {head.number} is no entry")
    elif loose.digest:
        notes.append("the lines are older than the chain; it begins with the next entry")
    if not met and wanted is not None:
        problems.append(f"the end: entry {wanted.number}, whose head was kept, is missing: the journal was cut off or replaced")
    return Verdict(head, tuple(problems), tuple(notes))


def entries(folder: Path) -> Iterator[bytes]:
    """Every line that is not empty, without its end, the oldest first; raises OSError."""
    for _, _, line in _lines(folder):
        if line.strip():
            yield line.rstrip(b"\n")


def parse_head(text: str) -> Head:
    """A head as `journal head` prints it; raises ValueError."""
    found = re.fullmatch(r"(\d{1,15}):([0-9a-f]{64})", text.strip())
    if found is None:
        raise ValueError(f"{text[:100]!r} is no head; it looks like 12:9f86d0…, as `netassist journal head` prints it")
    return Head(int(found[1]), found[2])


def _lines(folder: Path) -> Iterator[tuple[Path, int, bytes]]:
    """Every line with its file and its number from 1; a line beyond all bounds in parts."""
    for path in files(folder):
        with path.open("rb") as file:
            number = 0
            while line := file.readline(_LONGEST):
                number += 1
                yield path, number, line


def _link(line: bytes) -> Link | None:
    """The place of an entry in the chain; None where the line is none, or does not have the hash that it says."""
    tail = _TAIL.search(line[:-1]) if line.endswith(b"\n") else None
    if tail is None or hashlib.sha256(line[: tail.start()]).hexdigest().encode() != tail[1]:
        return None
    try:
        return msgspec.json.decode(line, type=Link)
    except msgspec.DecodeError:
        return None


def _gap(before: int, after: int) -> str:
    if after > before + 1:
        return f"{after - before - 1} entries are missing or changed" if after > before + 2 else "one entry is missing or changed"
    return "entries were repeated, or put in another order"


class _Loose:
    """Bytes between two entries: their digest, None where there are none, and whether they end a line."""

    def __init__(self) -> None:
        self._hash, self.ended = hashlib.sha256(), True
        self.digest: str | None = None

    def add(self, line: bytes) -> None:
        self._hash.update(line)
        self.digest = self._hash.hexdigest()
        self.ended = line.endswith(b"\n")
