"""What was wrong with a command line, in one line of plain words."""

from __future__ import annotations

from cyclopts import CycloptsError, MissingArgumentError, UnknownCommandError, UnknownOptionError, UnusedCliTokensError

COMMANDS = ("ask", "eval", "models", "plan", "run", "tls", "tools")


def explained(error: CycloptsError) -> str:
    """What was wrong, and which help tells more."""
    error.verbose = False
    chain = " ".join(("netassist", *(error.command_chain or ())))
    return f"{_wrong(error)}; {chain} --help shows how it is used"


def _wrong(error: CycloptsError) -> str:
    unused = error.unused_tokens or ["?"]
    if isinstance(error, UnknownCommandError) and error.command_chain:
        return f"there is no command {unused[0]!r}"
    if isinstance(error, UnknownCommandError) or (isinstance(error, UnusedCliTokensError) and not error.command_chain):
        return f"there is no command {unused[0]!r}; {', '.join(COMMANDS[:-1])} and {COMMANDS[-1]} are"
    if isinstance(error, UnusedCliTokensError):
        return f"{', '.join(map(repr, unused))} cannot be placed"
    if isinstance(error, UnknownOptionError) and error.token is not None:
        return f"there is no option {error.token.keyword or error.token.value}"
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        name = error.argument.name
        return f"{name} needs a value" if name.startswith("-") else f"{name} is missing"
    return " ".join(str(error).split()).rstrip(".")
