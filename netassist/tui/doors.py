"""What the command line lends to the terminal UI: files, and what only it knows how to make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from netassist.backends.planning import Backend
    from netassist.configuration import Settings
    from netassist.remotes import BackendId


class Lent(NamedTuple):
    """None is what cannot be done here.

    Args:
        configuration: the file that the settings come from, and that hosts and models are written into.
        preferences: the file of colours and keys, tui.toml.
        backend: makes the backends of settings, or the one that is named.
        set_model: writes the local model into the configuration; None is the built-in one.
        first_start: ask the first questions.
        begin_with: a question that waits in the line, to be asked with Enter.
        welcome: what stands in the conversation before anything was asked; the usual words where it is empty.
    """

    configuration: Path | None = None
    preferences: Path | None = None
    backend: Callable[[Settings, BackendId | None], Backend] | None = None
    set_model: Callable[[Path, str | None], None] | None = None
    first_start: bool = False
    begin_with: str = ""
    welcome: str = ""
