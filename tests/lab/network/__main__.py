"""A network of hosts to audit, in network namespaces (Linux, root): `truth.toml` says which, and what is wrong with them.

    python -m tests.lab.network [--hosts NAME,…] COMMAND…

starts the hosts, runs the command on the network's own side (10.98.0.1/24), and ends with its exit code. The command is told
the lab's root by SSL_CERT_FILE. Nothing of it reaches the machine's own network: the bridge is in a namespace too.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.lab.network.hosts import network
from tests.lab.network.truth import truth
from tests.lab.pki import authority
from tests.lab.programs import require

# With a namespace of processes too, so that nothing is left where this one is killed.
_SPACE = ("--net", "--pid", "--fork", "--kill-child", "--mount-proc")


def command(hosts: str, *words: str) -> list[str]:
    """The command that starts `hosts` ("" for all) and runs another among them."""
    inside = [sys.executable, "-m", "tests.lab.network", "--inside", "--hosts", hosts, *words]
    return [require("unshare"), *_SPACE, "--", *inside]


def unavailable() -> str | None:
    """Why the network cannot be made here; None where it can."""
    if os.geteuid() != 0:
        return "only root may make network namespaces whose servers run as another user"
    bridge = (require("ip"), "link", "add", "br0", "type", "bridge")
    done = subprocess.run([require("unshare"), *_SPACE, "--", *bridge], capture_output=True, text=True, timeout=60)
    return None if done.returncode == 0 else f"no network with a bridge can be made here: {done.stderr.strip()[-300:]}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", default="", help="names of truth.toml, with commas; all of them without")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if not options.command:
        parser.error("a command to run in the network is missing")
    if not options.inside:
        if why := unavailable():
            sys.exit(f"tests.lab.network: {why}")
        words = command(options.hosts, *options.command)
        os.execv(words[0], words)
    true = truth(options.hosts.split(",") if options.hosts else None)
    root = authority()
    with tempfile.TemporaryDirectory(prefix="lab-network-") as folder, network(true, root, Path(folder)):
        environment = {**os.environ, "SSL_CERT_FILE": str(root.anchor(Path(folder)))}
        return subprocess.run(options.command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
