"""Where in a TOML text a setting stands: line and column, from 1. The reader of TOML keeps neither."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

Path = tuple[str | int, ...]
"""Keys, and places in arrays, from the top: ``("watch", 2, "limits", "grade")``."""
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]*?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_LONG = ('"""', "'''")


class _Seen(NamedTuple):
    path: Path
    line: int
    column: int


def place_of(text: str, path: Path) -> tuple[int, int]:
    """The place of the longest part of `path` that stands somewhere, or of what stands inside it; else the text's begin."""
    best, found = 0, (1, 1)
    within: tuple[int, int] | None = None
    for seen in _settings(text):
        depth = _common(seen.path, path)
        # An inline table's or an array's members stand where it does; of what is deeper, the first stands for what it is in.
        if depth > best and depth in (len(seen.path), len(path)):
            best, found = depth, (seen.line, seen.column)
        if depth == len(path) and within is None:
            within = (seen.line, seen.column)
    if not best and within is not None:
        return within
    return _inside(text, found, path[best:]) if best else found


def _settings(text: str) -> Iterator[_Seen]:
    """Every header and key, with its whole path."""
    table: Path = ()
    counts: dict[Path, int] = {}
    inside = ""
    for number, line in enumerate(text.splitlines(), 1):
        if inside:
            inside = "" if inside in line else inside
            continue
        if header := _HEADER.match(line):
            table = _table(_parts(header[2]), header[1] == "[[", counts)
            yield _Seen(table, number, header.start(1) + 1)
        elif key := _KEY.match(line):
            yield _Seen((*table, *_parts(key[1])), number, key.start(1) + 1)
            rest = line[key.end() :]
            inside = next((mark for mark in _LONG if rest.count(mark) == 1), "")


def _table(names: tuple[str, ...], is_array: bool, counts: dict[Path, int]) -> Path:
    """The path of a header: names of arrays are followed by the place of the member that was begun last."""
    path: Path = ()
    for place, name in enumerate(names):
        path = (*path, name)
        if is_array and place == len(names) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _parts(written: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(written))


def _common(one: Path, other: Path) -> int:
    return next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _inside(text: str, found: tuple[int, int], rest: Path) -> tuple[int, int]:
    """Where on the same line a name of the rest stands, as in ``limits = {grade = "Z"}``."""
    line = text.splitlines()[found[0] - 1]
    for name in reversed(rest):
        written = rf"""(?<![\w-])["']?{re.escape(str(name))}["']?\s*="""
        if isinstance(name, str) and name and (match := re.search(written, line[found[1] :])):
            return found[0], found[1] + match.start() + 1
    return found
