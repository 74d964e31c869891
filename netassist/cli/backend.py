"""The backend that flags and configuration choose."""

from __future__ import annotations

from pathlib import Path

from netassist.backends.planning import Backend
from netassist.configuration import BadConfiguration, Settings, check_threads


def chosen_backend(settings: Settings, model: Path | None, threads: int | None) -> Backend:
    """The local model: the built-in one, or the GGUF that a flag or the configuration names. Nothing is loaded yet.

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
        _check_file(file, named_by)
    return TestLlm(file, threads if threads is not None else settings.model.threads)


def _check_file(file: Path, named_by: str) -> None:
    if file in (Path(), Path("..")) or file.is_dir():
        raise BadConfiguration(f"{named_by}: {file} is a folder; name a GGUF file" if file.name else f"{named_by} names no file")
    if not file.exists():
        raise BadConfiguration(f"{named_by}: {file}: there is no such file")
