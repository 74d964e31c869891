"""The other scanners: where they are, and what they are told to do.

Those of the distribution are found by name; sslyze lives in `.peers/`, which `build-support/peers.sh` fills. Each is run without
a shell, with nothing on standard input, and stopped where it takes too long.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import NamedTuple

from benchmarks.answers import Answers, of_netassist, of_nmap, of_sslscan, of_sslyze, of_testssl

NETASSIST = (sys.executable, "-m", "netassist")
_SECONDS = 300.0
_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
_SSLYZE = Path(os.environ.get("NETASSIST_PEERS", Path(__file__).parent.parent / ".peers")) / "bin" / "sslyze"
SSH_AUDIT = _SSLYZE.with_name("ssh-audit")
_SSLYZE_SUITES = ("--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3", "--elliptic_curves")


class Peer(NamedTuple):
    """A scanner: `enumerate` is its command for versions, suites and groups, `everything` that for a full audit.

    Both are given host, port, and a file for its output; `read` understands what stands in that file then.
    """

    name: str
    program: str
    version: tuple[str, ...]
    enumerate: Callable[[str, int, Path], Sequence[str]]
    everything: Callable[[str, int, Path], Sequence[str]]
    read: Callable[[str], Answers]


def _sslscan(host: str, port: int, file: Path) -> Sequence[str]:
    return (f"--xml={file}", f"{host}:{port}")


def _nmap(host: str, port: int, file: Path) -> Sequence[str]:
    # Forced (+), so that it does not depend on what Nmap takes the port for; the version scan is not part of it.
    scripts = "+ssl-enum-ciphers,+sslv2"
    return ("-Pn", "-n", "--unprivileged", "-p", str(port), "--script", scripts, "-oX", str(file), host)


def _sslyze_suites(host: str, port: int, file: Path) -> Sequence[str]:
    return (*_SSLYZE_SUITES, "--mozilla_config=disable", f"--json_out={file}", f"{host}:{port}")


def _sslyze(host: str, port: int, file: Path) -> Sequence[str]:
    return (f"--json_out={file}", f"{host}:{port}")


def _testssl_suites(host: str, port: int, file: Path) -> Sequence[str]:
    return ("--quiet", "--color", "0", "--warnings", "off", "-p", "-E", "-f", "--jsonfile", str(file), f"{host}:{port}")


def _testssl(host: str, port: int, file: Path) -> Sequence[str]:
    return ("--quiet", "--color", "0", "--warnings", "off", "--jsonfile", str(file), f"{host}:{port}")


SSLSCAN = Peer("sslscan", "sslscan", ("--version",), _sslscan, _sslscan, of_sslscan)
NMAP = Peer("Nmap ssl-enum-ciphers", "nmap", ("--version",), _nmap, _nmap, of_nmap)
SSLYZE = Peer("sslyze", str(_SSLYZE), ("--help",), _sslyze_suites, _sslyze, of_sslyze)
TESTSSL = Peer("testssl.sh", "testssl", ("--version",), _testssl_suites, _testssl, of_testssl)
PEERS = (SSLSCAN, NMAP, SSLYZE, TESTSSL)


def path_of(peer: Peer) -> str | None:
    """Where the program is; None where it is not installed."""
    return shutil.which(peer.program, path=_PATH)


def version_of(peer: Peer) -> str:
    """As it says itself, the first number with dots in it."""
    path = path_of(peer)
    if path is None:
        return "not installed"
    said = subprocess.run([path, *peer.version], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", said.stdout + said.stderr)
    found = re.search(r"(?:version|testssl|Version:)?\s*(\d+\.\d+(?:\.\d+)*)", plain)
    return found[1] if found else "of unknown version"


def environment() -> dict[str, str]:
    """Without this user's configuration of netassist; its journal goes where benchmarks may write."""
    return {**os.environ, "XDG_CONFIG_HOME": os.devnull, "XDG_STATE_HOME": str(Path(gettempdir()) / "netassist-bench-state")}


def told(command: Sequence[str], seconds: float = _SECONDS) -> subprocess.CompletedProcess[str]:
    """Run a program to its end. Raises subprocess.TimeoutExpired."""
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=seconds, env=environment()
    )


def answers(peer: Peer, host: str, port: int, seconds: float = _SECONDS) -> Answers:
    """What it enumerates. Raises RuntimeError, with its words, where its output cannot be read."""
    with TemporaryDirectory(prefix="netassist-bench-") as name:
        file = Path(name) / "output"
        done = told([path_of(peer) or peer.program, *peer.enumerate(host, port, file)], seconds)
        try:
            return peer.read(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, SyntaxError, KeyError) as error:
            raise RuntimeError(f"{peer.name}: {error!r}: {(done.stdout + done.stderr)[-500:]}") from None


def ours(host: str, port: int) -> Answers:
    """What `netassist run tls_audit` says, without its active checks' part in it. Raises RuntimeError."""
    done = told([*NETASSIST, "run", "tls_audit", f"host={host}", f"port={port}", "-f", "json"])
    try:
        return of_netassist(done.stdout)
    except (ValueError, KeyError) as error:
        raise RuntimeError(f"netassist: {error!r}: {done.stderr[-500:]}") from None
