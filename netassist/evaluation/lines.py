"""Files of one JSON object a line, and what is wrong with them, by file and line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from netassist.toolbox import InvalidCall
from netassist.untrusted import as_text

_Row = TypeVar("_Row", bound=msgspec.Struct)


class Place(NamedTuple):
    """A line of a file, counted from 1."""

    file: Path
    line: int

    def wrong(self, what: str) -> InvalidCall:
        """The exception that says what is wrong there."""
        return InvalidCall(f"{self.file}:{self.line}: {as_text(what, 300)}")


def rows(file: Path, kind: type[_Row], is_called: str) -> Iterator[tuple[Place, _Row]]:
    """Each line of `file` that is not blank, as a `kind`; `is_called` is what people call one.

    Raises:
        InvalidCall: a line is not UTF-8, not JSON or of another form; the message names the line.
        OSError: the file cannot be read.
    """
    for number, line in enumerate(file.read_bytes().split(b"\n"), 1):
        if line.strip():
            yield Place(file, number), row(line, kind, is_called, Place(file, number))


def row(line: bytes, kind: type[_Row], is_called: str, place: Place) -> _Row:
    """One line as a `kind`; raises InvalidCall."""
    try:
        return msgspec.json.decode(line.decode("utf-8"), type=kind)
    except UnicodeDecodeError:
        raise place.wrong("not UTF-8") from None
    except msgspec.ValidationError as error:
        raise place.wrong(f"not {is_called}: {error}") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise place.wrong(f"not JSON: {error}") from None
