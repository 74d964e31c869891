"""A world of its own: a network namespace without any way out, in which every address there is leads back to this machine.

All of IPv4 and IPv6 is routed to the loopback device as local (Linux's "AnyIP"), so that servers answer at whatever address is
asked, and a packet to an address that nobody may touch is sent, seen and answered instead of failing for want of a route. There
is no default route and no other device. `python -m tests.safety.namespace PROGRAM…` runs a program in such a world.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.lab.programs import require

RESOLVER = "192.0.2.53"
_FILES = {
    "/etc/resolv.conf": f"nameserver {RESOLVER}\noptions timeout:1 attempts:1\n",
    "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "/etc/nsswitch.conf": "hosts: files dns\npasswd: files\ngroup: files\nservices: files\n",
}


def command(*program: str) -> list[str]:
    """The command that runs a program in a new world."""
    own = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return [require("unshare"), "--net", "--mount", *own, "--", sys.executable, "-m", "tests.safety.namespace", *program]


def unavailable() -> str | None:
    """Why no such world can be made here; None where it can."""
    require("ip")
    done = subprocess.run(command("true"), capture_output=True, text=True, timeout=60)
    return None if done.returncode == 0 else f"no network namespace can be made here: {done.stderr.strip()[-300:]}"


def make() -> None:
    """Turn the namespaces of this process, which have to be new, into the world."""
    for words in ("link set lo up", "route add local 0.0.0.0/0 dev lo", "-6 route add local ::/0 dev lo"):
        subprocess.run([require("ip"), *words.split()], check=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in _FILES.items():
            own = Path(folder, Path(name).name)
            own.write_text(text)
            subprocess.run(["mount", "--bind", own, name], check=True)


def main(program: list[str]) -> None:
    make()
    os.execvp(program[0], program)


if __name__ == "__main__":
    main(sys.argv[1:])
