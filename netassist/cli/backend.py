"""The backend that flags and configuration choose."""

from __future__ import annotations

from pathlib import Path

from netassist.backends.planning import Backend
from netassist.configuration import Settings


def chosen_backend(settings: Settings, model: Path | None, threads: int | None) -> Backend:
    """The local model: the built-in one, or the GGUF that a flag or the configuration names. Nothing is loaded yet."""
    from netassist.backends.testllm import TestLlm

    file = model or (Path(settings.model.file).expanduser() if settings.model.file else None)
    return TestLlm(file, threads or settings.model.threads)
