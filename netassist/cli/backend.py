"""The backend that flags and configuration choose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from netassist.backends.planning import Backend
from netassist.configuration import BadConfiguration, Settings, cache_folder, check_threads

if TYPE_CHECKING:
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
) -> Backend:
    """The local model: the built-in one, or the GGUF that a flag or the configuration names. Nothing is loaded yet.

    `line` shows how far the tools are that a model reads once, before it first plans.

    Raises:
        BadConfiguration: there is no such file, or that many threads are of no use.
    """
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
