"""An RDAP server on loopback over TLS, and IANA's lists that lead to it, put where a user's own are looked for."""

from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.lab.http import HttpServer, Page, http_server
from tests.lab.keyfiles import write
from tests.lab.pki import authority, leaf

JSON = {"Content-Type": "application/rdap+json"}


class RdapServer(NamedTuple):
    """`data` is to be the user's data folder (XDG_DATA_HOME), `anchor` the file of trust anchors; `pages` may be changed."""

    http: HttpServer
    anchor: Path
    data: Path
    pages: dict[str, Page]

    @property
    def asked(self) -> list[str]:
        return [path for path, _ in self.http.requests]


@contextlib.contextmanager
def rdap_server(folder: Path, answers: Mapping[str, object], entries: Mapping[str, str]) -> Iterator[RdapServer]:
    """Answers `answers` by path (``/domain/…``): a `Page` as it is, anything else as JSON; 404 for the rest.

    `entries` are what IANA's lists name it for: ``dns`` → ``test``.
    """
    root = authority()
    files = write(leaf(root), folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    pages = {path: held if isinstance(held, Page) else page(held) for path, held in answers.items()}
    with http_server(pages, context=context) as server:
        lists = folder / "data" / "netassist" / "rdap"
        lists.mkdir(parents=True)
        for name in ("dns", "ipv4", "ipv6", "asn"):
            services = [[[entries[name]], [f"https://127.0.0.1:{server.port}/"]]] if name in entries else []
            held = {"version": "1.0", "publication": "2026-11-01T00:00:00Z", "services": services}
            (lists / f"{name}.json").write_text(json.dumps(held))
        yield RdapServer(server, root.anchor(folder), folder / "data", pages)


def page(answer: object, status: int = 200) -> Page:
    return Page(status, JSON, json.dumps(answer).encode())


def vcard(**properties: object) -> list[object]:
    """A jCard of text properties; ``adr`` takes a country's code."""
    rows: list[object] = [["version", {}, "text", "4.0"]]
    for name, value in properties.items():
        if name == "adr":
            rows.append(["adr", {"cc": value}, "text", ["", "", "1 Main Street", "Town", "", "", ""]])
        else:
            rows.append([name, {}, "uri" if name == "tel" else "text", value])
    return ["vcard", rows]
