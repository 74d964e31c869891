"""The hosts that a command line and a list name: read one by one, each once, and read again as often as wanted.

A host may be written ``host``, ``host:port``, ``[2001:db8::1]:port``, as an https URL, as a name of the user's own, or as a
network of 4,096 addresses at most. In a list each has a line; what follows a ``#`` is a comment.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import IO, NamedTuple

from netassist.targets import Network, check_port, host_port, parse_address, parse_host, parse_network, parse_url
from netassist.toolbox import InvalidCall

LARGEST = {4: 20, 6: 116}
"""Prefix length of the largest network, by IP version: 4,096 addresses."""
LONGEST_LINE = 4096
MOST_READ = 256 * 2**20
"""Bytes of a list that comes through a pipe, which has to be kept."""
_KEPT_IN_MEMORY = 2**20
_WITH_PORT = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*):(?P<port>[0-9]{1,5})")


class Place(NamedTuple):
    """Where one server is, as the user wrote it."""

    host: str
    port: int

    def __str__(self) -> str:
        return host_port(self.host, self.port)


def key(place: Place, address: str | None = None) -> int:
    """64 bits that tell places apart, however their names are spelled; with an address, that one of the place."""
    host = parse_address(place.host) or parse_host(place.host).host
    return int.from_bytes(blake2b(f"{host} {place.port} {address or ''}".encode(), digest_size=8).digest(), "big")


class Hosts:
    """Can be iterated again; nothing of it is held in memory but a number for each place seen.

    Args:
        words: hosts on the command line.
        file: a list; ``-`` is standard input, which is read to its end first.
        port: for those that name none.
        inventory: names of the user's own, in small letters, and what they stand for.

    Raises:
        InvalidCall: while iterating, for what is no host, with its line.
    """

    def __init__(
        self, words: Sequence[str], file: Path | None, port: int, inventory: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._words, self._port, self._inventory = words, port, inventory
        self._name = "standard input" if file == Path("-") else str(file)
        self._lines: IO[bytes] | None = _reread(file, self._name) if file is not None else None

    def __iter__(self) -> Iterator[Place]:
        seen: set[int] = set()
        for place in chain(self._named(), self._listed()):
            number = key(place)
            if number not in seen:
                seen.add(number)
                yield place

    def _named(self) -> Iterator[Place]:
        for word in self._words:
            try:
                yield from self._places(word)
            except ValueError as error:
                raise InvalidCall(str(error)) from None

    def lines(self) -> Iterator[tuple[str, str]]:
        """What the lines of the list say, without comments, each after where it stands. Raises InvalidCall."""
        if self._lines is None:
            return
        self._lines.seek(0)
        number = 0
        while line := self._lines.readline(LONGEST_LINE + 1):
            number += 1
            where = f"{self._name}:{number}"
            try:
                word = _bare(line, first=number == 1)
            except ValueError as error:
                raise InvalidCall(f"{where}: {error}") from None
            if word:
                yield where, word

    def _listed(self) -> Iterator[Place]:
        for where, word in self.lines():
            try:
                yield from self._places(word)
            except ValueError as error:
                raise InvalidCall(f"{where}: {error}") from None

    def _places(self, word: str) -> Iterator[Place]:
        word = self._inventory.get(word.lower(), word)
        area = parse_network(word)
        if area is None:
            yield place(word, self._port)
            return
        if area.prefixlen < LARGEST[area.version]:
            raise ValueError(
                f"{area} is larger than /{LARGEST[area.version]}; find its hosts first (nmap_scan), or name smaller parts"
            )
        yield from (Place(address, self._port) for address in _addresses(area))


def place(word: str, port: int) -> Place:
    """One host with its port, or with `port`. Raises ValueError, with a message that is fit to be shown."""
    if "://" in word:
        url = parse_url(word)
        if url.scheme != "https":
            raise ValueError(f"{word[:80]!r} is not an https URL; give the host, and its port where that is not 443")
        return Place(url.host.host if url.host.kind == "address" else url.host.text, url.port)
    host = word
    if parse_address(word) is None and (found := _WITH_PORT.fullmatch(word)):
        host, port = found["host"], check_port(int(found["port"]))
    parsed = parse_host(host)
    return Place(parsed.host if parsed.kind == "address" else parsed.text, port)


def _addresses(area: Network) -> Iterator[str]:
    """The hosts of a network, one at a time: those of IPv4 without the network's own and the broadcast address."""
    first, last = int(area.network_address), int(area.broadcast_address)
    if area.version == 4 and area.prefixlen < 31:
        first, last = first + 1, last - 1
    cls = type(area.network_address)
    yield from (str(cls(number)) for number in range(first, last + 1))


def _bare(line: bytes, *, first: bool) -> str:
    """A line without its end and its comment. Raises ValueError."""
    if len(line) > LONGEST_LINE:
        raise ValueError(f"the line has more than {LONGEST_LINE:,} bytes")
    try:
        text = line.decode("utf-8-sig" if first else "utf-8")
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    return re.split(r"(?:^|\s)#", text, maxsplit=1)[0].strip()


def _reread(file: Path, name: str) -> IO[bytes]:
    """The list as a file that can be read again: what comes through a pipe is kept, on disk where it is long."""
    source: IO[bytes] = sys.stdin.buffer if file == Path("-") else file.open("rb")
    if file != Path("-") and source.seekable():
        return source
    import tempfile

    kept: IO[bytes] = tempfile.SpooledTemporaryFile(_KEPT_IN_MEMORY)  # noqa: SIM115 - it lasts as long as we
    read = 0
    while part := source.read(2**16):
        read += len(part)
        if read > MOST_READ:
            raise InvalidCall(f"{name} holds more than {MOST_READ:,} bytes; give the list as a file")
        kept.write(part)
    return kept
