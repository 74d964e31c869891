"""How long does one server take? Ours and the peers in turn, on the reference server near and far."""

from __future__ import annotations

import asyncio
import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import peers
from benchmarks.engine import engine, network
from benchmarks.long_way import THERE, inside, long_way
from benchmarks.reference import Reference, reference
from benchmarks.table import ratio, table
from benchmarks.timing import Timing, in_turn
from netassist.tls.audit import audited
from netassist.tls.server import Server

ROUND_TRIP = 0.05
HEAD = ("what", "connections", "time: median (least–most)", "ratio")
_AUDIT = "`netassist tls HOST --no-active-weaknesses`"
_CORE = "netassist's engine alone: versions, suites, order, groups, certificate"
_BASIC = "the same, and signature schemes, as `tls_audit` asks"


def ours(server: Reference, *words: str) -> Callable[[], object]:
    """The whole process, its imports in it. Raises RuntimeError where it measured nothing."""
    command = [*peers.NETASSIST, "tls", server.where, "-f", "json", "--ca-file", str(server.anchor), *words]

    def run() -> None:
        done = peers.told(command)
        if not done.stdout.startswith(("{", "[")) or '"accepted"' not in done.stdout:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr[-500:]}")

    return run


def theirs(peer: peers.Peer, server: Reference, *, everything: bool = False) -> Callable[[], object]:
    """Raises RuntimeError where it says nothing of TLS 1.2, since a scan that failed is fast."""

    def run() -> None:
        with TemporaryDirectory(prefix="netassist-bench-") as name:
            file = Path(name) / "output"
            words = peer.everything if everything else peer.enumerate
            done = peers.told([peers.path_of(peer) or peer.program, *words(server.host, server.port, file)])
            if not file.exists() or (not everything and "TLSv1.2" not in peer.read(file.read_text()).versions):
                raise RuntimeError(f"{peer.name}: {(done.stdout + done.stderr)[-500:]}")

    return run


def near(runs: int) -> str:
    """On loopback: engine and process against sslscan, and Nmap beside them."""
    with reference() as server:
        contestants = {
            _CORE: lambda: engine(server.host, server.port, signature_schemes=False),
            _BASIC: lambda: engine(server.host, server.port),
            _AUDIT: ours(server, "--no-active-weaknesses"),
            **_installed(server, peers.SSLSCAN, peers.NMAP),
        }
        found = in_turn(contestants, runs, lambda: int(server.accepted.value))
        cpu = _cpu(server)
    return f"{_against_sslscan(found, {_CORE: 0.25, _AUDIT: 0.8})}\n\nThe engine's own CPU time: {cpu}."


def far(runs: int) -> str | None:
    """The same with a round trip of 50 ms; None where this machine allows no namespace with a TUN device."""
    return inside("benchmarks.speed", [str(runs)])


def _far(runs: int) -> str:
    with long_way(ROUND_TRIP), reference(host="0.0.0.0", reached_at=THERE) as server:
        engine(server.host, server.port)
        contestants = {
            _CORE: lambda: engine(server.host, server.port, signature_schemes=False),
            _BASIC: lambda: engine(server.host, server.port),
            _AUDIT: ours(server, "--no-active-weaknesses"),
            **_installed(server, peers.SSLSCAN, peers.NMAP),
        }
        found = in_turn(contestants, runs, lambda: int(server.accepted.value), warm=False)
    return _against_sslscan(found, {_AUDIT: 0.12})


def whole(runs: int, *, testssl: bool) -> str:
    """A full audit, all weaknesses in it, against sslyze, and against one run of testssl.sh."""
    audit = "`netassist tls HOST`"
    with reference() as server:

        def counted() -> int:
            return int(server.accepted.value)

        def alone() -> None:
            asyncio.run(audited(Server(network(server.host), server.host, server.port)))

        contestants = {"netassist's engine alone: full audit": alone, audit: ours(server)}
        if peers.path_of(peers.SSLYZE):
            contestants["sslyze"] = theirs(peers.SSLYZE, server, everything=True)
        found = in_turn(contestants, runs, counted)
        slow = {}
        if testssl and peers.path_of(peers.TESTSSL):
            slow = in_turn({"testssl.sh": theirs(peers.TESTSSL, server, everything=True)}, 1, counted, warm=False)
    rows: list[Sequence[object]] = []
    for name, timing in (found | slow).items():
        words = []
        if name == audit:
            words += [f"{ratio(timing.median, found['sslyze'].median, 0.5)} of sslyze"] if "sslyze" in found else []
            words += [f"{ratio(timing.median, slow['testssl.sh'].median, 0.02)} of testssl.sh"] if slow else []
        rows.append((name, timing.connections, timing, "; ".join(words)))
    return table(HEAD, rows)


def _installed(server: Reference, *wanted: peers.Peer) -> dict[str, Callable[[], object]]:
    return {peer.name: theirs(peer, server) for peer in wanted if peers.path_of(peer)}


def _against_sslscan(found: dict[str, Timing], goals: dict[str, float]) -> str:
    peer = found.get(peers.SSLSCAN.name)
    rows = []
    for name, timing in found.items():
        words = ratio(timing.median, peer.median, goals.get(name)) if peer and timing is not peer else "1" if peer else ""
        rows.append((name, timing.connections, timing, words))
    return table(HEAD, rows)


def _cpu(server: Reference) -> str:
    """Of one more scan in this process, which has nothing else to do."""
    before, connections = resource.getrusage(resource.RUSAGE_SELF), server.accepted.value
    engine(server.host, server.port)
    after, made = resource.getrusage(resource.RUSAGE_SELF), server.accepted.value - connections
    taken = sum(getattr(after, name) - getattr(before, name) for name in ("ru_utime", "ru_stime"))
    return f"{taken * 1000:.0f} ms, the kernel's part in it, {1000 * taken / made:.2f} ms a connection"


if __name__ == "__main__":
    print(_far(int(sys.argv[1])))
