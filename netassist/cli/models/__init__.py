"""``netassist models``: which models there are, which one suits this machine, fetching and keeping them."""

from __future__ import annotations

import sys
from collections.abc import Callable

from netassist.cli.exits import INCOMPLETE, INTERRUPTED, USAGE


def told(work: Callable[[], int], interrupted: str = "interrupted") -> int:
    """What `work` returns; where it cannot be done, a line that says so and the exit code for it."""
    from netassist.llama.catalogue import UnknownModel
    from netassist.observations import Failed
    from netassist.untrusted import as_text

    try:
        return work()
    except UnknownModel as error:
        message, code = str(error), USAGE
    except Failed as failed:
        message, code = str(failed), INCOMPLETE
    except KeyboardInterrupt:
        message, code = interrupted, INTERRUPTED
    print(f"netassist: {as_text(message, 1000)}", file=sys.stderr)
    return code


def gigabytes(size: int) -> str:
    """A size to read: 4.92 GB, 4.3 MB."""
    return f"{size / 1e9:.2f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


def check_context(context: int) -> int:
    """The number itself; raises InvalidCall where no model has such a context."""
    if not 256 <= context <= 1 << 20:
        from netassist.toolbox import InvalidCall

        raise InvalidCall(f"--context: {context} tokens are not between 256 and {1 << 20}")
    return context
