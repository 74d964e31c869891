"""A small estate of real servers, measured: `python -m tests.reports.estate` does so anew and writes the two lists beside.

The stored results are what the tests of the formats, docs/report.html and docs/pictures are made of.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from netassist.observations import Report
from netassist.reports.stored import read
from tests.lab.http import Page, http_server
from tests.lab.pki import authority, leaf
from tests.lab.servers import servers
from tests.lab.ssh import ssh_server
from tests.lab.tls import tls_server

STORED = Path(__file__).with_name("estate.jsonl")
BEFORE = Path(__file__).with_name("estate_before.jsonl")
"""The same hosts a little earlier: the shop without post-quantum groups, and with a page on a port in plain text."""
SHOP, INTRANET, CLOSED = "127.0.0.40", "127.0.0.41", "127.0.0.42"
"""The shop has a good certificate and post-quantum groups, the intranet an expired one; on the third nothing listens."""
SCANNED = ("openssl4_faulty", "openssl4_ml_dsa", "openssl4_client_order", "openssl4_wrong_host")


def estate(file: Path = STORED) -> tuple[Report, ...]:
    """The stored results."""
    return read(file.read_bytes(), file.name)


def _measured(*, before: bool) -> Iterator[bytes]:
    with tempfile.TemporaryDirectory(prefix="netassist-estate-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        root = authority("Lab Root")
        shop = leaf(root, dns=("shop.example",), ips=(SHOP,), key="rsa")
        intranet = leaf(root, "expired", dns=("intranet.example",), ips=(INTRANET,), key="rsa")
        page = {"/": Page(headers={"Content-Type": "text/html"}, body=b"<h1>lab</h1>")}
        groups = "X25519:P-256" if before else "X25519MLKEM768:X25519"
        stack.enter_context(tls_server(shop, groups=groups, address=(SHOP, 8443)))
        stack.enter_context(tls_server(intranet, groups="X25519:P-256", version="TLSv1.2", address=(INTRANET, 8443)))
        stack.enter_context(http_server(page, host=SHOP if before else INTRANET, port=8080))
        stack.enter_context(ssh_server(address=(SHOP, 2222)))
        environment = os.environ | {"XDG_STATE_HOME": name, "XDG_CONFIG_HOME": name}
        trust = ("--ca-file", str(root.anchor(folder)))
        for host in (SHOP, INTRANET):
            yield _run("security_audit", f"host={host}", *trust, environment=environment)
        if before:
            return
        yield _run("certificate_info", f"host={CLOSED}", environment=environment)
        for server in SCANNED:
            (folder / server).mkdir()
            served = stack.enter_context(servers()[server](folder / server))
            anchor = ("--ca-file", str(served.anchor)) if served.anchor else ()
            yield _run("tls_audit", f"host={served.host}", f"port={served.port}", *anchor, environment=environment)


def _run(*words: str, environment: dict[str, str]) -> bytes:
    command = [sys.executable, "-m", "netassist", "run", *words, "-f", "jsonl"]
    print("$ netassist", *command[3:], file=sys.stderr)
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False).stdout


if __name__ == "__main__":
    BEFORE.write_bytes(b"".join(_measured(before=True)))
    STORED.write_bytes(b"".join(_measured(before=False)))
