"""``netassist models verify``, ``use`` and ``remove``."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from netassist.cli.completion import fetched_models, model_files
from netassist.cli.exits import CLEAN, INCOMPLETE
from netassist.cli.models import gigabytes, told
from netassist.cli.options import Config

if TYPE_CHECKING:
    from netassist.llama.shelf import Model

Name = Annotated[str, Parameter(help="A model that was fetched; `netassist models list` marks them.", completer=fetched_models)]


def verify(
    name: Annotated[
        str | None, Parameter(help="One model; all that were fetched where left out.", completer=fetched_models)
    ] = None,
    /,
) -> int:
    """Check fetched models: their length, their head, and their SHA-256."""
    return told(lambda: _verified(name))


def _verified(name: str | None) -> int:
    from netassist.llama import shelf
    from netassist.observations import Failed

    chosen = shelf.models() if name is None else [shelf.find(name)]
    if not chosen:
        print("netassist: nothing has been fetched; `netassist models list` shows what can be", file=sys.stderr)
    code = CLEAN
    for model in chosen:
        try:
            print(f"✔ {model.name}: {_sound(model)}")
        except Failed as failed:
            code = INCOMPLETE
            print(f"✘ {model.name}: {failed}; fetch it again: netassist models remove {model.name}, then pull")
    return code


def _sound(model: Model) -> str:
    """What was checked, in words; raises Failed."""
    from netassist.cli.models.pull import FetchLine
    from netassist.llama.download import check_gguf, sha256_of
    from netassist.observations import Failed

    header = check_gguf(model.path)
    what = f"{header.architecture}, {gigabytes(model.path.stat().st_size)}"
    if model.note is None:
        return f"{what}; whole, but nothing is noted of where it came from, so its content cannot be checked"
    line = FetchLine()
    found = sha256_of(model.path, line.moved)
    line.clear()
    if found != model.note.sha256:
        raise Failed("invalid", "its content is not what was fetched (the SHA-256 differs)")
    return f"{what}; SHA-256 {'as published' if model.note.checked else 'as when it was fetched (none is published)'}"


def remove(name: Name, /) -> int:
    """Delete a model that was fetched, or what came of one that was broken off."""
    return told(lambda: _removed(name))


def _removed(name: str) -> int:
    from netassist.llama import shelf

    there = {model.name: model for model in (*shelf.unfinished(), *shelf.models())}
    model = shelf.find(name, list(there.values()))
    size = _part_deleted(shelf.part_of(model.path)) + _deleted(model.path)
    for folder in model.path.parents:
        if folder == shelf.folder():
            break
        with contextlib.suppress(OSError):
            folder.rmdir()
    print(f"{model.name} is deleted ({gigabytes(size)} are free again)")
    if _configured() == model.path:
        print("Your configuration still names it: netassist models use built-in")
    return CLEAN


def _part_deleted(part: Path) -> int:
    from netassist.llama.download import locked

    if not part.exists():
        return 0
    with locked(part):
        return _deleted(part)


def _deleted(path: Path) -> int:
    """Delete a file, if it is there, and its note; how many bytes it had."""
    from netassist.llama.shelf import note_place

    size = path.stat().st_size if path.exists() else 0
    for each in (path, note_place(path)):
        each.unlink(missing_ok=True)
    return size


def _configured() -> Path | None:
    """The file that the user's configuration names."""
    from netassist.configuration import BadConfiguration, load

    try:
        named = load().model.file
    except BadConfiguration:
        return None
    return Path(named).expanduser() if named else None


def use(
    name: Annotated[str, Parameter(help="A model that was fetched, a GGUF file, or built-in.", completer=model_files)],
    /,
    *,
    config: Config = None,
) -> int:
    """Plan with this model from now on: it is written into the configuration."""
    return told(lambda: _used(name, config))


def _used(name: str, config: Path | None) -> int:
    from netassist.cli.models.configured import set_model
    from netassist.configuration import configuration_file
    from netassist.llama import shelf
    from netassist.llama.download import check_gguf

    file = config or configuration_file()
    if name == "built-in":
        set_model(file, None)
        print(f"{file}: the built-in model is used")
        return CLEAN
    given = Path(name).expanduser()
    path = given.resolve() if given.is_file() else shelf.find(name).path
    check_gguf(path)
    set_model(file, str(path))
    print(f"{file}: [model] file = {path}")
    return CLEAN
