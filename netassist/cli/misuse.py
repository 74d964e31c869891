"""What was wrong with a command line, in one line of plain words, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from cyclopts import App, CycloptsError, MissingArgumentError, UnknownCommandError, UnknownOptionError, UnusedCliTokensError


def explained(error: CycloptsError) -> str:
    """What was wrong, and which help tells more."""
    error.verbose = False
    chain = " ".join(("netassist", *(error.command_chain or ())))
    return f"{_wrong(error)}; {chain} --help shows how it is used"


def meant(word: str, known: Iterable[str]) -> str:
    """`` (did you mean X?)`` for the nearest of the known words, or nothing where none is near."""
    near = get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]}?)" if near else ""


def _wrong(error: CycloptsError) -> str:
    unused = error.unused_tokens or ["?"]
    if isinstance(error, UnknownCommandError) or (isinstance(error, UnusedCliTokensError) and not error.command_chain):
        return f"there is no command {unused[0]!r}{meant(unused[0], _commands(error))}"
    if isinstance(error, UnusedCliTokensError):
        return f"{', '.join(map(repr, unused))} cannot be placed"
    if isinstance(error, UnknownOptionError) and error.token is not None:
        word = error.token.keyword or error.token.value
        known = (name for argument in error.argument_collection or () for name in argument.names)
        return f"there is no option {word}{meant(word, known)}"
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        name = error.argument.name
        return f"{name} needs a value" if error.keyword is not None else f"{name} is missing"
    return " ".join(str(error).split()).rstrip(".")


def _commands(error: CycloptsError) -> list[str]:
    """The commands that were there to choose from."""
    from netassist.cli.app import app

    chosen: App = app
    for word in error.command_chain or ():
        chosen = chosen[word]
    return [name for name in chosen if not name.startswith("-")]
