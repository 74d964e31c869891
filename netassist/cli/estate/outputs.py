"""Where the audits of an estate go: as they come where the format lets them, else whole at the end."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from netassist.cli.estate.resume import resumed
from netassist.cli.outputs import Outputs, check_files
from netassist.reports.formats import FormatName, format_of

if TYPE_CHECKING:
    from netassist.audit.security_audit import SecurityAudit
    from netassist.reports.style import Line


class EstateOutputs(Outputs):
    """As `Outputs`; files of JSON lines grow with each audit, so that a run that is broken off can be gone on with.

    Args:
        resume: go on with that file; without it it must not be there yet.

    Attributes:
        done: keys of the hosts whose audits it holds already.

    Raises:
        InvalidCall: as `Outputs`, and for a file of JSON lines that is there already.
    """

    def __init__(self, format: FormatName, files: Sequence[Path], *, resume: bool) -> None:
        check_files(files)
        lines = [file for file in files if (format_of(file) or format) == "jsonl"]
        super().__init__(format, [file for file in files if file not in lines])
        _check_lines(lines, resume=resume)
        self.done = resumed(lines[0]) if resume and lines[0].exists() else frozenset()
        self._lines = [open(file, "ab" if resume else "xb", buffering=0) for file in lines]  # noqa: SIM115 - they last as long as we
        self._form = format

    def put(self, audit: SecurityAudit) -> None:
        """The next audit. Raises OSError."""
        from netassist.reports.json import encoded

        for stream in self._lines:
            data = encoded(audit) + b"\n"
            while data:
                data = data[stream.write(data) or 0 :]
        self.add(audit)

    def table(self, lines: Iterable[Line]) -> None:
        """What stands below the audits in text."""
        if self._form == "text":
            from netassist.cli.output import show_lines

            with contextlib.suppress(BrokenPipeError):
                show_lines(lines)

    def close(self) -> None:
        for stream in self._lines:
            with contextlib.suppress(OSError):
                os.fsync(stream.fileno())
            stream.close()


def _check_lines(files: Sequence[Path], *, resume: bool) -> None:
    """Raises InvalidCall for a file of JSON lines that is there and is not to be gone on with, and for `resume` without one."""
    from netassist.toolbox import InvalidCall

    if resume and len(files) != 1:
        raise InvalidCall("--resume goes with one -o FILE.jsonl, which it goes on with")
    for file in files:
        if not resume and file.exists():
            raise InvalidCall(f"{file} is there already and is not written over; name another, or go on with it by --resume")


def width() -> int:
    from netassist.reports.style import columns

    return columns(sys.stdout)
