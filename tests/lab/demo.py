"""The main job, shown: questions in plain words, asked of real servers on this machine's loopback.

    python -m tests.lab.demo

`estate` starts the servers; their facts are known, so that a test can hold the answers against them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.lab.http import Page, http_server
from tests.lab.pki import Identity, authority, leaf
from tests.lab.ssh import ssh_server
from tests.lab.tls import tls_server

SHOP, INTRANET = "127.0.0.20", "127.0.0.21"
TLS, HTTP, SSH = 8443, 8080, 2222

QUESTIONS = (
    f"Give me info on the SSL certificate of {SHOP}:{TLS}",
    f"When does the certificate on {INTRANET} port {TLS} expire?",
    f"Check if {SHOP} is using quantum safe encryption on port {TLS}",
    f"Is {INTRANET} port {TLS} quantum safe?",
    f"Is ssh on {SHOP} port {SSH} quantum safe?",
    "Which ports are open on my shop?",
    f"Run a comprehensive security audit on {INTRANET}",
    "Scan my server",
)
"""What the demonstration asks; the last question lacks its target."""


class Estate(NamedTuple):
    """A shop with a good certificate and post-quantum groups, an intranet with an expired one and classical groups."""

    config: Path
    shop: Identity
    intranet: Identity

    def environment(self, state: Path) -> dict[str, str]:
        """The environment in which netassist knows the estate and keeps its journal in `state`."""
        return os.environ | {"NETASSIST_CONFIG": str(self.config), "XDG_STATE_HOME": str(state)}


@contextlib.contextmanager
def estate(folder: Path) -> Iterator[Estate]:
    """Start every server; `folder` takes the configuration and the trust anchor.

    Their ports are fixed, so one estate stands at a time; others wait for their turn.
    """
    root = authority("Lab Root")
    shop = leaf(root, dns=("shop.example",), ips=(SHOP,), key="rsa")
    intranet = leaf(root, "expired", dns=("intranet.example",), ips=(INTRANET,), key="rsa")
    config = folder / "config.toml"
    config.write_text(f'ca_file = "{root.anchor(folder)}"\n\n[targets]\n"my shop" = "{SHOP}"\n"the intranet" = "{INTRANET}"\n')
    page = {"/": Page(headers={"Content-Type": "text/html"}, body=b"<h1>lab</h1>")}
    with contextlib.ExitStack() as stack:
        turn = stack.enter_context((Path(tempfile.gettempdir()) / f"netassist-estate-{os.getuid()}.lock").open("w"))
        fcntl.flock(turn, fcntl.LOCK_EX)
        stack.enter_context(tls_server(shop, groups="X25519MLKEM768:X25519", address=(SHOP, TLS)))
        stack.enter_context(tls_server(intranet, groups="X25519:P-256", version="TLSv1.2", address=(INTRANET, TLS)))
        stack.enter_context(ssh_server(address=(SHOP, SSH)))
        for host in (SHOP, INTRANET):
            stack.enter_context(http_server(page, host=host, port=HTTP))
        yield Estate(config, shop, intranet)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="netassist-demo-") as name, estate(Path(name)) as lab:
        for question in QUESTIONS:
            print(f"\n$ netassist ask {shlex.quote(question)}", flush=True)
            command = [sys.executable, "-m", "netassist", "ask", question]
            code = subprocess.run(command, env=lab.environment(Path(name)), stdin=subprocess.DEVNULL, check=False).returncode
            if code not in (0, 2):
                sys.exit(f"the demonstration stopped: netassist ended with code {code}")


if __name__ == "__main__":
    main()
