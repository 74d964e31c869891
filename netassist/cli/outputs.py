"""Where reports go: to standard output in one format, and whole into files in the formats that their names end in."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netassist.audit.security_audit import Changed
    from netassist.observations import Report
    from netassist.reports.formats import FormatName


class Outputs:
    """Text and JSON lines are printed report by report as they come; every other format when all reports are there.

    Args:
        format: what standard output gets, and files whose names end in none of `netassist.reports.formats.SUFFIXES`.
        files: written in one step at the end; what was there before is replaced.

    Raises:
        InvalidCall: a file is named twice, is a folder, or its folder is not there.
    """

    def __init__(self, format: FormatName, files: Sequence[Path] = ()) -> None:
        self._format, self._files = format, tuple(files)
        self._kept: list[Report] = []
        self._streamed = 0
        check_files(self._files)

    def add(self, report: Report, *, told: bool = False) -> None:
        """The next report; `told` where stderr has said to a person what it says."""
        if self._files or self._format not in ("text", "jsonl"):
            self._kept.append(report)
        if self._format in ("text", "jsonl") and not (told and self._format == "text"):
            self._stream(report)

    def end(self, changes: Changed | None = None) -> None:
        """Print what could not be printed before, and write the files; raises OSError."""
        from netassist.reports.formats import Results, format_of, rendered

        results = Results(self._kept, changes)
        if self._kept and self._format not in ("text", "jsonl"):
            with contextlib.suppress(BrokenPipeError):
                sys.stdout.write(rendered(self._format, results).decode())
        for file in self._files:
            write_file(file, rendered(format_of(file) or self._format, results))

    def _stream(self, report: Report) -> None:
        """That its reader has left (`| head`) does not change what the exit code says of the measurement."""
        from netassist.cli.output import show
        from netassist.reports.json import encoded

        with contextlib.suppress(BrokenPipeError):
            if self._format == "jsonl":
                sys.stdout.write(encoded(report).decode() + "\n")
            else:
                sys.stdout.write("\n" if self._streamed else "")
                show(report, "text")
            sys.stdout.flush()
        self._streamed += 1


def write_file(file: Path, data: bytes) -> None:
    """Replace a file in one step, so that nobody reads half of it; a device or a pipe is written to. Raises OSError."""
    if file.exists() and not file.is_file():
        file.write_bytes(data)
        return
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name[:64]}.", dir=file.parent)
    try:
        with open(descriptor, "wb") as stream:
            stream.write(data)
            mask = os.umask(0)
            os.umask(mask)
            os.fchmod(stream.fileno(), file.stat().st_mode & 0o777 if file.exists() else 0o666 & ~mask)
        os.replace(name, file.resolve())
    except BaseException as error:
        os.unlink(name)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(file)) from None
        raise


def check_files(files: Sequence[Path]) -> None:
    """Raises InvalidCall for a file that is named twice, is a folder, or whose folder is not there."""
    from netassist.toolbox import InvalidCall

    for place, file in enumerate(files):
        if file in files[:place]:
            raise InvalidCall(f"-o {file} is given twice; give it once")
        if file.is_dir():
            raise InvalidCall(f"-o {file} is a folder; name a file")
        if not file.parent.is_dir():
            raise InvalidCall(f"-o {file}: there is no folder {file.parent}; make it first")
