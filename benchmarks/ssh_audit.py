"""`ssh_audit` beside ssh-audit (a program of its own, from PyPI): the same facts, and where the two rate algorithms differently.

    build-support/peers.sh
    python -m benchmarks.ssh_audit

Facts (names, host keys and their fingerprints, sizes) have to agree; of ratings each difference is listed with ssh-audit's words.
Ours are *weak* or *broken* where ssh-audit says fail, and *recommended* or *acceptable* where it says nothing or warns.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
from collections import Counter
from collections.abc import Mapping
from time import perf_counter
from typing import Any

from benchmarks.peers import SSH_AUDIT
from benchmarks.table import table
from netassist.network import Network
from netassist.probes.ssh import SshAudit, ssh_audit
from netassist.scope import Scope
from tests.lab.ssh import ssh_server

_LISTS = (("kex", "kex"), ("key", "host_key"), ("enc", "cipher"), ("mac", "mac"))
# Why the two differ, by the beginning of what they differ in.
_WHY = {
    "smallest group": "ssh-audit asks OpenSSH once more for 2048 to 4096 bits, preferably 3072, and takes that answer; the "
    "server's moduli file has groups of 2048 bits, which a client that asks for few gets",
    "ecdh-sha2-nistp": "RFC 9142 recommends the curves; that NIST's constants hide a weakness is suspected, not shown",
    "ecdsa-sha2-nistp": "as above; the risk of bad random numbers is the reason here too, for acceptable and no better",
    "hmac-sha1": "collisions of SHA-1 do not carry over to HMAC (RFC 6194, section 3.3)",
    "aes128-cbc": "ssh-audit warns of CBC without failing it; here it is weak, with the finding of low severity",
}
_OLD = """Ciphers aes128-cbc,3des-cbc,aes128-ctr,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com
MACs hmac-md5,hmac-sha1-etm@openssh.com,hmac-sha1-96,umac-64@openssh.com,hmac-md5-96-etm@openssh.com,hmac-sha2-256
HostKeyAlgorithms ssh-rsa,ssh-ed25519,rsa-sha2-256"""
SERVERS: Mapping[str, Mapping[str, Any]] = {
    "OpenSSH as it comes": {"host_keys": ("ed25519", "rsa", "ecdsa")},
    "OpenSSH with what is old": {
        "host_keys": ("rsa", "ed25519"),
        "kex": "diffie-hellman-group14-sha1,diffie-hellman-group1-sha1,diffie-hellman-group-exchange-sha1,ecdh-sha2-nistp256,"
        "diffie-hellman-group-exchange-sha256,curve25519-sha256",
        "extra": _OLD,
    },
}


def compared(peer: str, port: int) -> tuple[list[list[str]], Counter[str], str]:
    """Differences, how many algorithms agree, and the times of both."""
    began = perf_counter()
    ours = asyncio.run(ssh_audit(Network(Scope(frozenset({"127.0.0.1"}))), "127.0.0.1", port))
    between = perf_counter()
    command = [peer, "-j", "--skip-rate-test", "-p", str(port), "127.0.0.1"]
    theirs = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    times = f"{between - began:.2f} s with {ours.connections} connections; ssh-audit {perf_counter() - between:.2f} s"
    rows, counts = _facts(ours, theirs), Counter[str]()
    for name, own in _LISTS:
        rated = {row["algorithm"]: row["notes"] for row in theirs[name]}
        for algorithm in getattr(ours.algorithms, own):
            notes = rated.get(algorithm.name, {})
            bad, same = bool(notes.get("fail")), algorithm.rating in ("weak", "broken")
            counts["agree" if bad == same else "differ"] += 1
            if bad != same:
                words = "; ".join([*notes.get("fail", ()), *notes.get("warn", ())])
                rows.append([algorithm.name, f"{algorithm.rating}: {algorithm.because}", words or "nothing"])
    why = [next((because for what, because in _WHY.items() if row[0].startswith(what)), "not explained") for row in rows]
    return [[*row, because] for row, because in zip(rows, why, strict=True)], counts, times


def _facts(ours: SshAudit, theirs: Mapping[str, Any]) -> list[list[str]]:
    """What the two say of the server itself, where that differs."""
    rows = []
    keys = {(key.type, key.fingerprint_sha256.removeprefix("SHA256:")) for key in ours.host_keys}
    peers = {(row["hostkey"], row["hash"]) for row in theirs["fingerprints"] if row["hash_alg"] == "SHA256"}
    if keys != peers:
        rows.append(["host keys", str(sorted(keys)), str(sorted(peers))])
    for name, own in _LISTS:
        mine = {algorithm.name for algorithm in getattr(ours.algorithms, own)}
        other = {row["algorithm"] for row in theirs[name] if not row["algorithm"].startswith(("kex-strict", "ext-info"))}
        if mine != other:
            rows.append([f"names of {own}", str(sorted(mine - other)), str(sorted(other - mine))])
    sizes = {row["keysize"] for row in theirs["kex"] if row["algorithm"].startswith("diffie-hellman-group-exchange")}
    if ours.group_exchange_bits is not None and sizes != {ours.group_exchange_bits}:
        rows.append(["smallest group", str(ours.group_exchange_bits), ", ".join(map(str, sorted(sizes)))])
    terrapin = any("CVE-2023-48795" in str(row) for row in theirs.get("cves", ()))
    if terrapin != (ours.terrapin.verdict == "vulnerable"):
        rows.append(["Terrapin", ours.terrapin.verdict, str(terrapin)])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", default=str(SSH_AUDIT))
    peer = parser.parse_args().peer
    for title, settings in SERVERS.items():
        with ssh_server(**settings) as port:
            rows, counts, times = compared(peer, port)
        print(f"### {title}\n\n{counts['agree']} of {counts.total()} algorithms are rated alike. {times}.\n")
        print(table(("what", "netassist", "ssh-audit", "why they differ"), rows), end="\n\n")


if __name__ == "__main__":
    main()
