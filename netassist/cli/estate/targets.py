"""What is to be audited: hosts and networks as a command line, a list and a project name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from netassist.cli.many.hosts import Hosts, Place, place
from netassist.targets import parse_address, parse_host, parse_network, parse_url

WHOLE = 0
"""The port of a host that is audited as a whole."""


class Targets(Hosts):
    """Hosts, one at a time; the port is `WHOLE` where none is named. Networks are gathered apart, to be looked through first.

    Attributes:
        networks: in the order in which they were read.
        pages: URLs to fetch, by the host and port that they name.
    """

    def __init__(self, words: Sequence[str], file: Path | None, inventory: Mapping[str, str]) -> None:
        super().__init__(words, file, WHOLE, inventory)
        self.networks: list[str] = []
        self.pages: dict[Place, tuple[str, ...]] = {}

    def _places(self, word: str) -> Iterator[Place]:
        word = self._inventory.get(word.lower(), word)
        area = parse_network(word)
        if area is not None and area.num_addresses > 1:
            if str(area) not in self.networks:
                self.networks.append(str(area))
        elif area is not None:
            yield Place(str(area.network_address), WHOLE)
        elif "://" in word:
            url = parse_url(word)
            found = Place(url.host.host if url.host.kind == "address" else url.host.text, url.port)
            if word not in self.pages.get(found, ()):
                self.pages[found] = (*self.pages.get(found, ()), word)
            yield found
        elif (address := parse_address(word)) is not None:
            yield Place(str(address), WHOLE)
        else:
            yield place(word, WHOLE) if ":" in word else Place(parse_host(word).text, WHOLE)


def shown(place: Place) -> str:
    """The host alone where it is audited as a whole."""
    return place.host if place.port == WHOLE else str(place)
