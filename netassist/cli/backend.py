"""The backend that flags and configuration choose."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from netassist.backends.planning import Backend
from netassist.configuration import BadConfiguration, Settings, cache_folder, check_threads, state_folder
from netassist.remotes import BackendId

if TYPE_CHECKING:
    from netassist.backends.testllm import TestLlm
    from netassist.cli.terminal import ProgressLine
    from netassist.llama.messages import Reading

_READING = -1
"""The place of this on the progress line, beside those of the calls."""


def chosen_backend(
    settings: Settings,
    model: Path | None,
    threads: int | None,
    thinking: Literal["on", "off"] = "off",
    thought_tokens: int = 1024,
    line: ProgressLine | None = None,
    backend: BackendId | None = None,
) -> Backend:
    """The backends in the configuration's order, or the one that a flag pins. Nothing is loaded or asked yet.

    A flag that speaks of the local model pins that. Without either, and with `testllm` alone in the configuration, nothing
    leaves this machine, whatever keys are in the environment. `line` shows how far the tools are that a local model reads once,
    and is cleared before a fall is told on stderr; without it nothing is told.

    Raises:
        BadConfiguration: there is no such file, that many threads are of no use, or the flags do not go together.
    """
    named_local = "--model" if model is not None else "--thinking on" if thinking == "on" else None
    if named_local and backend not in (None, "testllm"):
        raise BadConfiguration(f"{named_local} is for the local model, and --backend {backend} is not one; leave one of them out")
    order = (backend,) if backend else ("testllm",) if named_local else settings.backends
    if order == ("testllm",):
        return _local(settings, model, threads, thinking, thought_tokens, line)
    from netassist.backends.configured import place_of, server_of
    from netassist.backends.ladder import Ladder, Rung
    from netassist.backends.ledger import Ledger
    from netassist.backends.remote import Remote

    ledger = Ledger(state_folder())
    rungs = []
    for name in order:
        if name == "testllm":
            rungs.append(Rung(_local(settings, model, threads, thinking, thought_tokens, line)))
        else:
            server = server_of(name, settings)
            rungs.append(Rung(Remote(server, ledger), place_of(server)))
    return Ladder(rungs, ledger, _telling(line) if line is not None else lambda _: None, pinned=backend is not None)


def _telling(line: ProgressLine) -> Callable[[str], None]:
    def told(text: str) -> None:
        from netassist.untrusted import as_text

        line.clear()
        print(f"netassist: {as_text(text, 600)}", file=sys.stderr, flush=True)

    return told


def _local(
    settings: Settings,
    model: Path | None,
    threads: int | None,
    thinking: Literal["on", "off"],
    thought_tokens: int,
    line: ProgressLine | None,
) -> TestLlm:
    """The local model: the built-in one, or the GGUF that a flag or the configuration names."""
    from netassist.backends.testllm import TestLlm

    file, named_by = model, "--model"
    if model is None and settings.model.file:
        file, named_by = Path(settings.model.file).expanduser(), "[model] file"
    if threads is not None:
        try:
            check_threads(threads)
        except ValueError as error:
            raise BadConfiguration(f"--threads: {error}") from None
    if file is not None:
        file = _located(file, named_by)
    return TestLlm(
        file,
        threads if threads is not None else settings.model.threads,
        thinking == "on",
        thought_tokens=thought_tokens,
        heads=cache_folder() / "heads",
        tell=_reading(line) if line is not None else lambda _: None,
    )


def _reading(line: ProgressLine) -> Callable[[Reading], None]:
    from netassist.network import Progress

    def told(read: Reading) -> None:
        if read.done == read.total:
            line.finished(_READING)
        else:
            text = f"the model reads the tools, once: {read.done:,} of {read.total:,} tokens"
            line.moved(_READING, Progress(text, read.done / read.total))

    return told


def _located(file: Path, named_by: str) -> Path:
    """The GGUF file that is meant: that path, or a model of that name that was fetched. Raises BadConfiguration."""
    if file in (Path(), Path("..")) or file.is_dir():
        raise BadConfiguration(f"{named_by}: {file} is a folder; name a GGUF file" if file.name else f"{named_by} names no file")
    if file.exists():
        return file
    if file.is_absolute() or file.parts[0] in (".", ".."):
        raise BadConfiguration(f"{named_by}: {file}: there is no such file")
    from netassist.llama.catalogue import UnknownModel
    from netassist.llama.shelf import find

    try:
        return find(str(file)).path
    except UnknownModel as error:
        raise BadConfiguration(f"{named_by}: there is no such file, and {error}") from None
