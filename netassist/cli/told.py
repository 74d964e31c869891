"""What goes wrong with a piece of work, told in one line on stderr, with the exit code that it has."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from netassist.untrusted import as_text


def told(work: Callable[[], int], codes: Mapping[type[Exception], int]) -> int:
    """The exit code of `work`, or that of the first kind in `codes` which an error of it is; other errors go on."""
    try:
        return work()
    except tuple(codes) as error:
        print(f"netassist: {as_text(_said(error), 1000)}", file=sys.stderr)
        return next(code for kind, code in codes.items() if isinstance(error, kind))


def _said(error: Exception) -> str:
    """Of the system's errors the file and the reason, without their number."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)
