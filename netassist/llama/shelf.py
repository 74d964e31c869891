"""The models that were fetched: GGUF files in the user's data folder (XDG_DATA_HOME), each with a note of where it came from.

``models/owner/name/FILE.gguf`` beside ``FILE.gguf.toml``; what a plain URL gave lies in ``models/url/HOST/DIGEST/``, the
beginning of the URL's SHA-256. Only the user may read them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from netassist.configuration import data_folder
from netassist.llama.catalogue import Source, UnknownModel, catalogue, is_meant, source

NOTE = ".toml"
PART = ".part"
"""Ends the name of a file that is not whole yet."""
_URL = re.compile(r"^(https?):/+", re.IGNORECASE)


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
    return folder() / "url" / host / hashlib.sha256((source.url or "").encode()).hexdigest()[:8] / source.file


def models() -> list[Model]:
    """All that is there, by name."""
    return [Model(_name(path), path, note_of(path)) for path in _files() if _is_model(path)]


def unfinished() -> list[Model]:
    """Downloads that were broken off, by name; `path` is where each one goes once it is whole."""
    whole = [path.with_name(path.name.removesuffix(PART)) for path in _files() if path.name.endswith(PART)]
    return [Model(_name(path), path, None) for path in whole if _is_model(path)]


def part_of(path: Path) -> Path:
    """Where what has come of a file lies until it is whole."""
    return path.with_name(path.name + PART)


def _files() -> list[Path]:
    return sorted(path for path in folder().rglob("*") if path.is_file())


def _is_model(path: Path) -> bool:
    return path.suffix.lower() == ".gguf"


def note_place(path: Path) -> Path:
    """Where the note of a file lies, whole or a part."""
    return path.with_name(path.name + NOTE)


def note_of(path: Path) -> Note | None:
    with contextlib.suppress(OSError, ValueError, msgspec.ValidationError):
        return msgspec.convert(tomllib.loads(note_place(path).read_text(encoding="utf-8")), Note)
    return None


def written(path: Path, note: Note) -> None:
    """Keep a note beside `path`."""
    lines = [f"{name} = {_toml(value)}" for name, value in msgspec.structs.asdict(note).items()]
    file = note_place(path)
    draft = file.with_name(file.name + ".new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")
    draft.replace(file)


def find(name: str, there: list[Model] | None = None) -> Model:
    """The one of `there` (all models where it is left out) that `name` stands for: ``q4_k``, ``owner/name:FILE.gguf``,
    ``owner/name:Q4_K_M``, a URL, the file's name with or without its ending.

    Raises:
        UnknownModel: none has it, or several do; the message says what to do.
    """
    # What was read as a path has lost a slash of its URL.
    name = _URL.sub(r"\1://", name)
    there = models() if there is None else there
    matching = (_by_url, _by_name, _by_quantisation)
    candidates = next((found for match in matching if (found := list(dict.fromkeys(match(name, there))))), [])
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise UnknownModel(f"{name!r} may be {' or '.join(model.name for model in candidates[:4])}; name one of them")
    raise UnknownModel(
        f"{name!r} has not been fetched; `netassist models pull {name}` does, `netassist models list` shows what is there"
    )


def _by_url(name: str, there: list[Model]) -> Iterator[Model]:
    place_of_name = _place_of_url(name)
    for model in there:
        if model.path == place_of_name or (model.note is not None and name in (model.note.source, model.note.url)):
            yield model


def _place_of_url(name: str) -> Path | None:
    with contextlib.suppress(UnknownModel):
        if _URL.match(name) and (found := source(name)).file:
            return place(found)
    return None


def _by_quantisation(name: str, there: list[Model]) -> Iterator[Model]:
    repository, colon, wanted = name.partition(":")
    for model in there:
        theirs, _, file = model.name.partition(":")
        if colon and theirs.lower() == repository.lower() and is_meant(wanted, file):
            yield model


def _by_name(name: str, there: list[Model]) -> Iterator[Model]:
    wanted = name.lower().removesuffix(".gguf")
    of_catalogue = catalogue().repository.lower()
    for model in there:
        repository, _, file = model.name.lower().removesuffix(".gguf").rpartition(":")
        stem = file.rpartition("/")[2]
        short = stem.removeprefix(f"{catalogue().model.lower()}-") if repository == of_catalogue else stem
        if wanted in (f"{repository}:{file}", file, stem, short) or wanted == f"{repository}:{short}":
            yield model


def _name(path: Path) -> str:
    parts = path.relative_to(folder()).parts
    return ":".join(("/".join(parts[:2]), "/".join(parts[2:])) if len(parts) > 2 else parts)


def _toml(value: object) -> str:
    import json

    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    # A JSON text is a TOML text, but for DEL.
    return json.dumps(value, ensure_ascii=False)
