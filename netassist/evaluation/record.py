"""What a model answered, kept line by line, so that a run that was broken off goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from netassist.evaluation.lines import Place, row
from netassist.toolbox import InvalidCall


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """One case's answer: whether the model was let think aloud, how many `seconds` it took, and why there is none (`error`)."""

    id: str
    model: str = ""
    thinking: bool = False
    seconds: float | None = None
    error: str | None = None


_Row = TypeVar("_Row", bound=Answered)


class Record(Generic[_Row]):
    """A file of answers, or none: then they live as long as the run.

    A file that is there is gone on with (`resume`) or left alone. Its last line may have been cut short, by a process that
    was killed; it is taken away. Of two answers to one case the later counts.

    Raises:
        InvalidCall: the file is there and is not to be gone on with, or its lines are no answers, or those of another model.
        OSError: it cannot be read or written.
    """

    def __init__(self, file: Path | None, kind: type[_Row], resume: bool, same: Callable[[_Row], str | None]) -> None:
        self.answers: dict[str, _Row] = {}
        self._file = file
        if file is None:
            return
        if file.exists():
            if not resume:
                raise InvalidCall(f"{file} is there already; --resume goes on with it, or name another file")
            self._read(file, kind, same)
        with file.open("ab"):
            pass  # now rather than after the first answer, which may take minutes

    @property
    def done(self) -> frozenset[str]:
        """The cases that need no further answer; one that failed is tried again."""
        return frozenset(case for case, answer in self.answers.items() if answer.error is None)

    def model(self, chosen: str) -> str:
        """Whose answers they are: those of the model that was `chosen`, or where no line names one, of a file of this name."""
        unnamed = bool(self.answers) and not any(answer.model for answer in self.answers.values())
        return self._file.stem if unnamed and self._file is not None else chosen

    def keep(self, answer: _Row) -> None:
        """Write one answer down."""
        self.answers[answer.id] = answer
        if self._file is not None:
            with self._file.open("ab") as file:
                file.write(msgspec.json.encode(answer) + b"\n")

    def _read(self, file: Path, kind: type[_Row], same: Callable[[_Row], str | None]) -> None:
        lines = file.read_bytes().split(b"\n")
        last = lines.pop()
        for number, line in enumerate(lines if not _whole(last) else [*lines, last], 1):
            if line.strip():
                place = Place(file, number)
                answer = row(line, kind, "an answer of this evaluation", place)
                if other := same(answer):
                    raise place.wrong(other)
                self.answers[answer.id] = answer
        if last:
            with file.open("r+b") as opened:
                if _whole(last):
                    opened.seek(0, 2)
                    opened.write(b"\n")
                else:
                    opened.truncate(sum(len(line) + 1 for line in lines))


def _whole(line: bytes) -> bool:
    """Whether a line without its end is all that was to be written."""
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
