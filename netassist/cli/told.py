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
        print(f"netassist: {as_text(str(error), 1000)}", file=sys.stderr)
        return next(code for kind, code in codes.items() if isinstance(error, kind))
