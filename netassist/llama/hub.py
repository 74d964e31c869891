"""What a repository of the hub holds: GGUF files with size and checksum, and its licence.

The hub's API: ``/api/models/OWNER/NAME`` and ``/api/models/OWNER/NAME/tree/REVISION`` (pages named by the Link header); of a file
in LFS, `lfs.oid` is the SHA-256 of its content. https://huggingface.co/docs/hub/api
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote, urljoin, urlsplit

import httpx
import msgspec

from netassist.llama.catalogue import Licence, check_whole, is_file, is_meant
from netassist.llama.gguf_header import Shape, shape_at_the_beginning
from netassist.llama.link import Later, Link, explained, hub
from netassist.observations import Failed
from netassist.untrusted import as_text

MOST_PAGES, LARGEST_PAGE = 20, 8 << 20
BEGINNING = 1 << 18
"""Bytes of a file that hold its shape, as a rule."""
_Form = TypeVar("_Form")


class Offered(msgspec.Struct, frozen=True):
    """A file of a repository. `sha256` is None where the hub does not say."""

    file: str
    bytes: int
    sha256: str | None


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    """`revision` is the commit that the list is of."""

    name: str
    revision: str
    licences: tuple[Licence, ...]
    files: tuple[Offered, ...]

    def url(self, file: str) -> str:
        return f"{hub()}/{self.name}/resolve/{quote(self.revision, safe='')}/{quote(file)}"


class _Card(msgspec.Struct):
    license: str | list[str] | None = None
    license_name: str | None = None
    license_link: str | None = None


class _About(msgspec.Struct):
    sha: str | None = None
    cardData: _Card | None = None


class _Lfs(msgspec.Struct):
    oid: str | None = None
    size: int | None = None


class _Entry(msgspec.Struct):
    type: str
    path: str
    size: int = 0
    lfs: _Lfs | None = None


def repository(name: str, link: Link) -> Repository:
    """What `name` (owner/name) holds. Raises Failed."""
    about = _asked(link, f"{hub()}/api/models/{name}", _About)[0]
    sha = about.sha or ""
    revision = sha if re.fullmatch(r"[0-9a-f]{40}", sha) else "main"
    files: list[Offered] = []
    page: str | None = f"{hub()}/api/models/{name}/tree/{revision}?recursive=true"
    for _ in range(MOST_PAGES):
        if page is None:
            break
        entries, page = _asked(link, page, list[_Entry])
        for entry in entries:
            if entry.type == "file" and is_file(entry.path) and entry.size >= 0:
                files.append(_offered(entry))
    return Repository(
        name=name,
        revision=revision,
        licences=_licences(name, about.cardData),
        files=tuple(sorted(files, key=lambda file: file.bytes)),
    )


def chosen(there: Repository, wanted: str | None) -> Offered:
    """The file of a repository that `wanted` names: in full, or by its quantisation; the only one where it is None.

    Raises Failed, which says what there is, and UnknownModel for one file of a split model.
    """
    if wanted is None:
        fits = list(there.files)
    else:
        fits = [file for file in there.files if file.file == wanted]
        fits = fits or [file for file in there.files if is_meant(wanted, file.file)]
    if len(fits) == 1:
        check_whole(fits[0].file)
        return fits[0]
    names = ", ".join(file.file for file in (fits or there.files)[:12]) or "no GGUF file at all"
    which = "there are several" if fits else f"{wanted} is not there"
    raise Failed("invalid", f"{there.name}: {which}; name one as {there.name}:FILE: {names}")


def remote_shape(link: Link, url: str) -> Shape | None:
    """The shape of a model that lies elsewhere, by the first part of its file; None where that cannot be had or does not tell."""
    try:
        return beginning(link, url)[1]
    except Failed:
        return None


def beginning(link: Link, url: str) -> tuple[int | None, Shape | None]:
    """The bytes of a file that lies elsewhere, and the model's shape, by the first part of it; None where it does not tell.

    Raises Failed.
    """

    def asked() -> tuple[int | None, bytes]:
        with link.get(url, {"Range": f"bytes=0-{BEGINNING - 1}"}) as answer:
            headers, begun = answer.response.headers, b""
            for part in answer.response.iter_raw():
                begun += part
                if len(begun) >= BEGINNING:
                    break
        ranged = re.fullmatch(r"bytes 0-\d+/(\d{1,15})", headers.get("content-range", ""))
        length = ranged[1] if ranged else headers.get("content-length", "")
        return int(length) if length.isdecimal() and len(length) < 16 else None, begun[:BEGINNING]

    size, begun = with_url_errors(url, asked)
    return size, shape_at_the_beginning(begun)


def with_url_errors(url: str, done: Callable[[], _Form]) -> _Form:
    """What `done` gives, tried twice where the connection breaks; a broken connection and a busy server as Failed."""
    try:
        try:
            return done()
        except (httpx.ReadError, httpx.RemoteProtocolError):
            # One that was kept open, and closed by the server while nobody looked.
            return done()
    except httpx.TransportError as error:
        raise explained(error, url) from None
    except Later as later:
        raise Failed("rate_limited", f"{later}; try again in a while") from None


def _asked(link: Link, url: str, form: type[_Form]) -> tuple[_Form, str | None]:
    """The answer to one question to the API, and the address of its next page."""
    body, headers = with_url_errors(url, lambda: link.read(url, LARGEST_PAGE))
    try:
        found = msgspec.json.decode(body, type=form)
    except (msgspec.DecodeError, RecursionError):
        what = "an HTML page (a proxy's?)" if body.lstrip()[:1] == b"<" else "something that is not what its API promises"
        raise Failed("protocol", f"{urlsplit(url).netloc} answers with {what}; set HF_ENDPOINT to a hub of models") from None
    onward = re.search(r'<([^<>]+)>\s*;\s*rel="next"', headers.get("link", ""))
    following = urljoin(url, onward[1]) if onward else None
    return found, following if following and following.startswith(f"{hub()}/") else None


def _offered(entry: _Entry) -> Offered:
    sha256 = (entry.lfs.oid or "").removeprefix("sha256:").lower() if entry.lfs else ""
    return Offered(entry.path, (entry.lfs.size if entry.lfs else None) or entry.size, sha256 if is_sha256(sha256) else None)


def is_sha256(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-f]{64}", text))


def _licences(name: str, card: _Card | None) -> tuple[Licence, ...]:
    if card is None or not (card.license or card.license_name):
        return ()
    stated = card.license if isinstance(card.license, str) else ", ".join(card.license or ())
    link = card.license_link or ""
    page = link if link.startswith(("http://", "https://")) else f"{hub()}/{name}"
    return (Licence(as_text(card.license_name or stated, 100), as_text(page, 300)),)
