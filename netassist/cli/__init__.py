"""The command line. Nothing is imported before it is known what was asked for."""

from __future__ import annotations

import os
import sys

from netassist.cli.exits import INCOMPLETE, INTERRUPTED, USAGE


def main() -> None:
    """Entry point: exits with the code that DESIGN names; an error is one line, and a traceback only with ``--debug``."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        from netassist import __version__

        print(f"netassist {__version__}")
        return
    debug = "--debug" in arguments
    sys.exit(_run([argument for argument in arguments if argument != "--debug"], debug))


def _run(arguments: list[str], debug: bool) -> int:
    from cyclopts import CycloptsError

    from netassist.cli.app import app
    from netassist.configuration import BadConfiguration

    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        code = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except KeyboardInterrupt:
        return _failed("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # The reader has left (`| head`): what Python would still flush goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INCOMPLETE
    except CycloptsError as error:
        return _failed(f"{' '.join(str(error).split())}; netassist --help shows how it is used", USAGE)
    except BadConfiguration as error:
        return _failed(str(error), USAGE)
    except Exception as error:
        if debug:
            raise
        return _failed(*_explained(error))


def _explained(error: Exception) -> tuple[str, int]:
    from netassist.assistant.journal import JournalError
    from netassist.backends.planning import BackendError
    from netassist.toolbox import InvalidCall

    if isinstance(error, BackendError | JournalError):
        return str(error), INCOMPLETE
    if isinstance(error, InvalidCall):
        return str(error), USAGE
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}", INCOMPLETE
    return f"internal error ({type(error).__name__}: {error}); run it again with --debug and report what it prints", INCOMPLETE


def _failed(message: str, code: int) -> int:
    from netassist.untrusted import as_text

    print(f"netassist: {as_text(message, 1000)}", file=sys.stderr)
    return code
