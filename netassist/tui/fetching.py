"""Fetching a model from within the terminal UI: what it is and its licences first, then the file, each in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic, sleep
from typing import TYPE_CHECKING

from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.llama.catalogue import Licence, Source
    from netassist.llama.download import Moving, Wanted

Tell = Callable[[str, float | None], None]
"""Hears how far it is, in words and from 0 to 1 where the size is known."""
EVERY = 0.5
"""Seconds between two tellings of how far it is."""


class Fetching:
    """One model by its name in the catalogue, ``owner/name:FILE.gguf`` or a URL; errors are ValueError or OSError."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._source: Source | None = None
        self._wanted: Wanted | None = None
        self._licences: Sequence[Licence] = ()
        self._told = 0.0

    async def found(self) -> str:
        """Ask the hub; what would be fetched, and under which licences."""
        from netassist.observations import Failed

        try:
            return await asyncio.to_thread(self._find)
        except Failed as failed:
            raise ValueError(str(failed)) from None

    async def fetched(self, tell: Tell) -> str:
        """Fetch it, and say where it is."""
        from netassist.observations import Failed

        try:
            return await asyncio.to_thread(self._fetch, tell)
        except Failed as failed:
            raise ValueError(str(failed)) from None

    def _find(self) -> str:
        from netassist.llama import hub, shelf
        from netassist.llama.catalogue import Source, catalogue, source
        from netassist.llama.download import Wanted
        from netassist.llama.link import Link, token

        named = source(self._name)
        with Link(token(None)) as link:
            if named.repository is None:
                self._source, self._wanted = named, Wanted(named.url or "", shelf.place(named))
            else:
                there = hub.repository(named.repository, link)
                offered = hub.chosen(there, named.file)
                self._source = Source(there.name, offered.file)
                self._licences = catalogue().licences if there.name == catalogue().repository else there.licences
                self._wanted = Wanted(there.url(offered.file), shelf.place(self._source), offered.bytes, offered.sha256)
        size = f"{self._wanted.bytes / 1e9:.2f} GB" if self._wanted.bytes else "of unknown size"
        licences = "\n".join(f"  {as_text(each.name, 100)}  {as_text(each.url, 200)}" for each in self._licences)
        governed = f"Its use is governed by:\n{licences}" if licences else "Its publisher states no licence: look it up first."
        return f"{as_text(str(self._source), 300)}, {size}\nto {self._wanted.path}\n\n{governed}"

    def _fetch(self, tell: Tell) -> str:
        from netassist.llama import shelf
        from netassist.llama.download import fetch
        from netassist.llama.link import Link, token

        assert self._wanted is not None  # noqa: S101 - it was found before
        with Link(token(None)) as link:
            got = fetch(self._wanted, link, lambda moving: self._tell(moving, tell), sleep)
        licences = tuple(f"{licence.name} <{licence.url}>" for licence in self._licences)
        url = self._wanted.url
        note = shelf.Note(
            source=str(self._source), url=url, bytes=got.bytes, sha256=got.sha256, checked=got.checked, licences=licences
        )
        shelf.written(self._wanted.path, note)
        checked = "its SHA-256 is the published one" if got.checked else "no checksum is published for it"
        return f"Fetched: {self._wanted.path.name}; {checked}. u plans with it."

    def _tell(self, moving: Moving, tell: Tell) -> None:
        now = monotonic()
        if now - self._told < EVERY and moving.done != moving.total:
            return
        self._told = now
        share = (
            f"{moving.done / moving.total:4.0%} of {moving.total / 1e9:.2f} GB" if moving.total else f"{moving.done / 1e9:.2f} GB"
        )
        left = f", {int((moving.total - moving.done) / moving.rate)} s left" if moving.total and moving.rate else ""
        fraction = moving.done / moving.total if moving.total else None
        tell(f"{moving.step} {self._name}: {share}, {moving.rate / 1e6:.1f} MB/s{left}", fraction)
