"""``netassist models pull``: a model's licences, and then its file."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from netassist.cli.completion import published_models
from netassist.cli.exits import CLEAN, REFUSED
from netassist.cli.models import gigabytes, told
from netassist.cli.models.listing import TokenCommand

if TYPE_CHECKING:
    from netassist.llama.catalogue import Licence, Source
    from netassist.llama.download import Moving, Wanted
    from netassist.llama.link import Link


def pull(
    name: Annotated[
        str,
        Parameter(help="A name of the catalogue (q4_k), owner/name, owner/name:FILE.gguf, or a URL.", completer=published_models),
    ],
    /,
    *,
    accept_licence: Annotated[bool, Parameter(negative="", help="You have read the licences and accept them.")] = False,
    token_command: TokenCommand = None,
) -> int:
    """Fetch a model; run again, it goes on where it was broken off."""
    kept = "interrupted; what has come is kept, the same command goes on from there"
    return told(lambda: _pulled(name, token_command, accepted=accept_licence), kept)


def _pulled(name: str, token_command: str | None, *, accepted: bool) -> int:
    from netassist.llama.catalogue import source
    from netassist.llama.link import Link, token

    with Link(token(token_command), for_asked=token_command is not None) as link:
        where, wanted, licences = _found(source(name), link)
        if _is_there(wanted):
            print(f"{where} is there already: {wanted.path}")
            return CLEAN
        _show(where, wanted, licences)
        if not accepted and not _agreed():
            print("netassist: nothing is fetched before you accept the licence (--accept-licence does)", file=sys.stderr)
            return REFUSED
        return _fetched(where, wanted, licences, link)


def _is_there(wanted: Wanted) -> bool:
    from netassist.llama import shelf

    note = shelf.note_of(wanted.path)
    if note is None or not wanted.path.is_file():
        return False
    return note.sha256 == wanted.sha256 if wanted.sha256 else note.url == wanted.url


def _fetched(where: Source, wanted: Wanted, licences: tuple[Licence, ...], link: Link) -> int:
    from time import sleep

    from netassist.llama import shelf
    from netassist.llama.download import fetch

    line = FetchLine()
    try:
        fetched = fetch(wanted, link, line.moved, sleep)
    finally:
        line.clear()
    accepted = tuple(f"{licence.name} <{licence.url}>" for licence in licences)
    note = shelf.Note(
        source=str(where), url=wanted.url, bytes=fetched.bytes, sha256=fetched.sha256, checked=fetched.checked, licences=accepted
    )
    shelf.written(wanted.path, note)
    how = (
        "its SHA-256 is the published one"
        if fetched.checked
        else f"no checksum is published for it; its SHA-256 is {fetched.sha256}"
    )
    print(f"{wanted.path} ({gigabytes(fetched.bytes)}; {how})")
    print(f"Use it: netassist models use {shlex.quote(str(where))}")
    return CLEAN


def _found(source: Source, link: Link) -> tuple[Source, Wanted, tuple[Licence, ...]]:
    """The one file that is meant, what is known of it, and its licences."""
    from netassist.llama import hub, shelf
    from netassist.llama.catalogue import Source, catalogue
    from netassist.llama.download import Wanted

    if source.repository is None:
        assert source.url is not None  # noqa: S101 - it is one or the other
        return source, Wanted(source.url, shelf.place(source)), ()
    there = hub.repository(source.repository, link)
    offered = hub.chosen(there, source.file)
    where = Source(there.name, offered.file)
    licences = catalogue().licences if there.name == catalogue().repository else there.licences
    return where, Wanted(there.url(offered.file), shelf.place(where), offered.bytes, offered.sha256), licences


def _show(where: Source, wanted: Wanted, licences: tuple[Licence, ...]) -> None:
    from netassist.untrusted import as_text

    size = gigabytes(wanted.bytes) if wanted.bytes else "of unknown size"
    print(f"{as_text(str(where), 300)}, {size}, to {wanted.path}\n", file=sys.stderr)
    if licences:
        print("Its use is governed by:", file=sys.stderr)
        for licence in licences:
            print(f"  {licence.name}\n    {licence.url}", file=sys.stderr)
    else:
        print("Its publisher states no licence here: look it up before you use it.", file=sys.stderr)


def _agreed() -> bool:
    """Ask on the terminal; no where there is none."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print("\nHave you read this, and do you accept it? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


class FetchLine:
    """One line on stderr: how much is here, how fast it comes, how long it will take; silent where stderr is no terminal."""

    def __init__(self) -> None:
        self._on = sys.stderr.isatty()
        self._shown = ""

    def moved(self, moving: Moving) -> None:
        text = progress(moving)
        if self._on and text != self._shown:
            self._shown = text
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()

    def clear(self) -> None:
        if self._on:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def progress(moving: Moving) -> str:
    """``fetching 1.20 GB of 4.92 GB (24%), 11.3 MB/s, 5:30 left``."""
    if not moving.total:
        return f"{moving.step} {gigabytes(moving.done)}, {moving.rate / 1e6:.1f} MB/s"
    left = int((moving.total - moving.done) / moving.rate) if moving.rate else 0
    hours, rest = divmod(left, 3600)
    clock = f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
    share = f"{gigabytes(moving.done)} of {gigabytes(moving.total)} ({moving.done / moving.total:.0%})"
    return f"{moving.step} {share}, {moving.rate / 1e6:.1f} MB/s, {clock} left"
