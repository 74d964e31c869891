"""What can be fetched: the published files of Nemotron Nano 8B by their short names, and any other GGUF by name or URL."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from netassist.llama.gguf_header import Shape

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,95}/[A-Za-z0-9][A-Za-z0-9_.-]{0,95}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,200}\.gguf", re.IGNORECASE)
_ONE_OF = re.compile(r"-\d{5}-of-(\d{5})\.gguf$", re.IGNORECASE)
_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,100}")


class UnknownModel(ValueError):
    """A name that stands for no file; the message says what does."""


class Licence(msgspec.Struct, frozen=True):
    name: str
    url: str


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the catalogue. `bytes` is None where its publisher's size is not known; `estimate` is computed."""

    name: str
    what: str
    embeddings: float
    layers: float
    bytes: int | None = None


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    repository: str
    model: str
    shape: Shape
    matrices: int
    norms: int
    head: int
    licences: tuple[Licence, ...]
    files: tuple[Published, ...]

    def file_of(self, published: Published) -> str:
        return f"{self.model}-{published.name}.gguf"

    def estimate(self, published: Published) -> int:
        """Bytes of the file, from the model's shape and the types of its weights."""
        embeddings = 2 * self.shape.vocabulary * self.shape.width * published.embeddings
        return int((embeddings + self.matrices * published.layers) / 8) + 4 * self.norms + self.head

    def size(self, published: Published) -> int:
        return published.bytes or self.estimate(published)


class Source(NamedTuple):
    """Where a model comes from: a file of a repository of the hub (`file` None: it is still to be chosen), or a `url`."""

    repository: str | None
    file: str | None
    url: str | None = None

    def __str__(self) -> str:
        return self.url or (f"{self.repository}:{self.file}" if self.file else str(self.repository))


@cache
def catalogue() -> Catalogue:
    raw = tomllib.loads((Path(__file__).parent / "catalogue.toml").read_text(encoding="utf-8"))
    raw["shape"] = list(Shape(**raw["shape"]))
    return msgspec.convert(raw, Catalogue)


def source(name: str) -> Source:
    """What a name stands for: ``q4_k`` of the catalogue, ``owner/name``, ``owner/name:file.gguf``, or an http(s) URL.

    A page of the hub (``…/blob/main/file.gguf``) stands for its file; another revision than main is refused. Raises UnknownModel.
    """
    for published in catalogue().files:
        if name.lower() == published.name:
            return Source(catalogue().repository, catalogue().file_of(published))
    if re.match(r"https?://", name, re.IGNORECASE):
        return _of_url(name)
    repository, colon, file = name.partition(":")
    if _REPOSITORY.fullmatch(repository) and ".." not in repository:
        if not colon:
            return Source(repository, None)
        if is_file(file):
            check_whole(file)
            return Source(repository, file)
        if re.fullmatch(r"[A-Za-z0-9_-]{1,40}", file):
            # As llama.cpp's own -hf owner/name:Q4_K_M: the hub's list tells which file that is.
            return Source(repository, file)
        raise UnknownModel(f"{file!r} is not the name of a GGUF file; `netassist models list {repository}` shows those there are")
    known = ", ".join(published.name for published in catalogue().files)
    raise UnknownModel(f"there is no model {name!r}; name one of {known}, or owner/name, owner/name:file.gguf or a URL")


def is_file(path: str) -> bool:
    """Whether a path inside a repository is that of a GGUF file, and harmless as a name here."""
    *folders, file = path.split("/")
    return len(folders) <= 4 and bool(_FILE.fullmatch(file)) and ".." not in path and all(map(_FOLDER.fullmatch, folders))


def check_whole(file: str) -> None:
    """Raises UnknownModel where a file is one of several that are a model together, as llama.cpp splits them."""
    parts = _ONE_OF.search(file)
    if parts and int(parts[1]) > 1:
        raise UnknownModel(f"{file} is one of {int(parts[1])} files of one model and not fetched; name a file that is whole")


def is_meant(wanted: str, file: str) -> bool:
    """Whether `wanted` is how the name of a file ends: Q4_K_M for a-Q4_K_M.gguf."""
    return bool(re.search(rf"(?:^|[-_.]){re.escape(wanted.lower().removesuffix('.gguf'))}\.gguf$", file.lower()))


def _of_url(url: str) -> Source:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises where it is no number
    except ValueError:
        raise UnknownModel(f"{url[:200]!r} is not a URL") from None
    path = unquote(parts.path)
    if parts.username or parts.password:
        raise UnknownModel("give no password in a URL, it would be kept; give a token with --token-command")
    if parts.hostname in ("huggingface.co", "hf.co"):
        on_hub = re.fullmatch(r"/([^/]+/[^/]+)(?:/(?:blob|resolve|raw|tree)/([^/]+)(?:/(.+))?)?/?", path)
        if on_hub and _REPOSITORY.fullmatch(on_hub[1]):
            name = on_hub[1] + (f":{on_hub[3]}" if on_hub[3] else "")
            if on_hub[2] not in (None, "main"):
                raise UnknownModel(f"{on_hub[2][:100]} is a revision, and only main can be fetched; name it as {name}")
            return source(name)
    if not parts.hostname or not is_file(path.rpartition("/")[2]):
        raise UnknownModel(f"{url[:200]!r} does not end in the name of a GGUF file")
    check_whole(path.rpartition("/")[2])
    return Source(None, path.rpartition("/")[2], url)
