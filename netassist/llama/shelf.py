"""The models that were fetched: GGUF files in the user's data folder (XDG_DATA_HOME), each with a note of where it came from.

``models/owner/name/FILE.gguf`` beside ``FILE.gguf.toml``; what a plain URL gave lies in ``models/url/HOST/``. Only the user may
read them.
"""

from __future__ import annotations

import contextlib
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from netassist.configuration import data_folder
from netassist.llama.catalogue import Source, UnknownModel, catalogue

NOTE = ".toml"
PART = ".part"
"""Ends the name of a file that is not whole yet."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Where a file came from. `sha256` is what its publisher says (`checked`), or what was computed where it says nothing."""

    source: str
    url: str
    bytes: int
    sha256: str
    checked: bool
    licences: tuple[str, ...] = ()


class Model(NamedTuple):
    """`name` is ``owner/name:FILE.gguf``; `note` is None where it is gone or cannot be read."""

    name: str
    path: Path
    note: Note | None


def folder() -> Path:
    return data_folder() / "models"


def place(source: Source) -> Path:
    """Where the file of a source belongs."""
    assert source.file is not None  # noqa: S101 - chosen by then
    if source.repository is not None:
        return folder().joinpath(*source.repository.split("/"), *source.file.split("/"))
    from urllib.parse import urlsplit

    host = "".join(c if c.isalnum() or c in ".-" else "_" for c in urlsplit(source.url or "").netloc)
    return folder() / "url" / host / source.file


def models() -> list[Model]:
    """All that is there, by name."""
    top = folder()
    found = [path for path in sorted(top.rglob("*.gguf")) if path.is_file()] if top.is_dir() else []
    return [Model(_name(path.relative_to(top)), path, note_of(path)) for path in found]


def unfinished() -> list[Path]:
    """Downloads that were broken off."""
    return sorted(folder().rglob(f"*{PART}")) if folder().is_dir() else []


def note_of(path: Path) -> Note | None:
    with contextlib.suppress(OSError, ValueError, msgspec.ValidationError):
        return msgspec.convert(tomllib.loads(path.with_name(path.name + NOTE).read_text(encoding="utf-8")), Note)
    return None


def written(path: Path, note: Note) -> None:
    """Keep a note beside `path`."""
    lines = [f"{name} = {_toml(value)}" for name, value in msgspec.structs.asdict(note).items()]
    file = path.with_name(path.name + NOTE)
    draft = file.with_name(file.name + ".new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")
    draft.replace(file)


def find(name: str) -> Model:
    """The model of that name: ``q4_k``, ``owner/name:FILE.gguf``, the file's name with or without its ending.

    Raises:
        UnknownModel: none has it, or several do; the message says what to do.
    """
    candidates = list(dict.fromkeys(_matching(name, models())))
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise UnknownModel(f"{name!r} may be {' or '.join(model.name for model in candidates[:4])}; name one of them")
    raise UnknownModel(
        f"{name!r} has not been fetched; `netassist models pull {name}` does, `netassist models list` shows what is there"
    )


def _matching(name: str, there: list[Model]) -> Iterator[Model]:
    wanted = name.lower().removesuffix(".gguf")
    of_catalogue = catalogue().repository.lower()
    for model in there:
        repository, _, file = model.name.lower().removesuffix(".gguf").partition(":")
        stem = file.rpartition("/")[2]
        short = stem.removeprefix(f"{catalogue().model.lower()}-") if repository == of_catalogue else stem
        if wanted in (f"{repository}:{file}", file, stem, short) or wanted == f"{repository}:{short}":
            yield model


def _name(relative: Path) -> str:
    owner, name, *rest = relative.parts
    return f"{owner}/{name}:{'/'.join(rest)}" if rest else f"{owner}:{name}"


def _toml(value: object) -> str:
    import json

    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    # A JSON text is a TOML text, but for DEL.
    return json.dumps(value, ensure_ascii=False)
