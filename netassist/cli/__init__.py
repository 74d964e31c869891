"""The command line. Nothing is imported before it is known what was asked for."""

from __future__ import annotations

import gc
import os
import sys

from netassist.cli.exits import CLEAN, FINDINGS, INCOMPLETE, INTERRUPTED, USAGE


def main() -> None:
    """Entry point: exits with the code that DESIGN names; an error is one line, and a traceback only with ``--debug``."""
    # A tenth of a short run would go into looking for garbage among what is being imported.
    gc.set_threshold(10_000)
    try:
        code = _run(sys.argv[1:])
    except KeyboardInterrupt:
        code = _failed("interrupted", INTERRUPTED)
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    if not _streams():
        return _failed("standard output is closed, so there is nowhere to print the answer", INCOMPLETE)
    debug = "--debug" in arguments
    try:
        if "--read-only" in arguments:
            os.environ["NETASSIST_READ_ONLY"] = "1"
        code = _called([argument for argument in arguments if argument not in ("--debug", "--read-only")])
    except BrokenPipeError:
        # The reader has all that it wants (`| head`).
        code = CLEAN
    except Exception as error:  # noqa: BLE001 - the edge: each becomes one line
        if debug:
            import traceback

            traceback.print_exc()
        code = _failed(*_explained(error))
    return _flushed(code)


def _called(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        from netassist import __version__

        print(f"netassist {__version__}")
        return CLEAN
    if arguments[:1] == ["tls"]:
        from netassist.cli.many.words import plain

        if (said := plain(arguments[1:])) is not None:
            from netassist.cli.many.command import tls

            return tls(*said[0], **said[1])
    from netassist.cli.app import app

    if arguments[:1] in (["--help"], ["-h"]):
        from netassist.cli.common_jobs import JOBS

        for job in JOBS:
            app[job]  # what it is for is in its tool's file
    code = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    return code if isinstance(code, int) else CLEAN


def _streams() -> bool:
    """Put /dev/null where a standard stream is closed, lest a file of ours takes its number; False where it is the output."""
    there = sys.stdout is not None
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            os.set_inheritable(number, True)
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8"))  # noqa: SIM115 - it lasts as long as we
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    return there


def _flushed(code: int) -> int:
    """The exit code once everything has been written, or that of not having been able to."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
    except OSError as error:
        _drop_output()
        if code not in (CLEAN, FINDINGS):
            return code
        return _failed(f"the output cannot be written: {error.strerror}", INCOMPLETE)
    return code


def _drop_output() -> None:
    """What Python would still flush at its end goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explained(error: Exception) -> tuple[str, int]:
    import errno

    from cyclopts import CycloptsError

    from netassist.assistant.journal import JournalError
    from netassist.backends.planning import BackendError
    from netassist.cli.many.team import Broken
    from netassist.configuration import BadConfiguration
    from netassist.toolbox import InvalidCall

    if isinstance(error, CycloptsError):
        from netassist.cli.misuse import explained

        return explained(error), USAGE
    if isinstance(error, BackendError | Broken | JournalError):
        return str(error), INCOMPLETE
    if isinstance(error, InvalidCall | BadConfiguration):
        return str(error), USAGE
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}", INCOMPLETE
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
        # Names of other files have been caught above: this is standard output.
        return f"the output cannot be written: {error.strerror}", INCOMPLETE
    return f"internal error ({type(error).__name__}: {error}); run it again with --debug and report what it prints", INCOMPLETE


def _failed(message: str, code: int) -> int:
    from netassist.untrusted import as_text

    try:
        print(f"netassist: {as_text(message, 1000)}", file=sys.stderr, flush=True)
    except OSError:
        # The terminal has been closed; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    return code
