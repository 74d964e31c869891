"""What an SSH server offers and shows before anybody logs in: algorithms, host keys, groups; each rated with its reason.

The first connection reads the server's KEXINIT (RFC 4253, section 7.1) and goes on to the first host key; one more for each
further type of host key, and up to three that ask a group exchange (RFC 4419) for the smallest group that it hands out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from netassist.network import Network, Progress
from netassist.observations import Endpoint, Failed, Failure, Report, Stopwatch
from netassist.probes import ssh_kexinit as ssh
from netassist.probes.ssh_algorithms import Algorithm, Kind, Verdict, held_against_policies, rated
from netassist.probes.ssh_exchange import Opened, group_size, host_key, opened
from netassist.probes.ssh_hostkey import EXCHANGES, GROUP_EXCHANGES, HostKey
from netassist.probes.ssh_kexinit import KexInit
from netassist.targets import host_port

MOST_KEYS = 12
"""Types of host key that are asked for; servers have one to four."""
_AT_ONCE = 2
"""Connections at a time: servers turn strangers away beyond a few (MaxStartups of sshd_config(5))."""
_LEAST_GROUPS = (512, 1024, 2048)
"""Bits that a group exchange is asked for, until the server hands a group out."""


class Algorithms(msgspec.Struct, frozen=True):
    """The server's lists in its order; what differs between the two directions stands in them once."""

    kex: tuple[Algorithm, ...] = ()
    host_key: tuple[Algorithm, ...] = ()
    cipher: tuple[Algorithm, ...] = ()
    mac: tuple[Algorithm, ...] = ()
    compression: tuple[Algorithm, ...] = ()


class Terrapin(msgspec.Struct, frozen=True):
    """CVE-2023-48795: whether messages can be cut from the beginning of a session unseen."""

    verdict: Literal["vulnerable", "safe", "unknown"] = "unknown"
    because: str = "not established"


class SshAudit(Report, frozen=True, kw_only=True, tag="netassist/ssh/1"):
    """`banner` is the identification line. `host_keys_missing` are algorithms that are offered, but whose key was not shown.

    `negotiated` is the key exchange that OpenSSH 10's client gets, `post_quantum` whether it withstands a quantum computer (None:
    not established). `group_exchange_bits` is the smallest group that is handed out; None where there is no such exchange, or
    where it could not be told (the report is ``partial`` then).
    """

    banner: str | None = None
    protocol: str | None = None
    software: str | None = None
    host_keys: tuple[HostKey, ...] = ()
    host_keys_missing: tuple[str, ...] = ()
    algorithms: Algorithms = Algorithms()
    negotiated: str | None = None
    post_quantum: bool | None = None
    terrapin: Terrapin = Terrapin()
    group_exchange_bits: int | None = None
    policies: tuple[Verdict, ...] = ()
    connections: int = 0


class _Shown(NamedTuple):
    """What came of asking for host keys and groups; `failure` is the first reason why something is missing."""

    keys: tuple[HostKey, ...]
    missing: tuple[str, ...]
    bits: int | None
    failure: Failure | None


async def ssh_audit(network: Network, host: str, port: int = 22) -> SshAudit:
    """Audit an SSH server without logging in. Fails as `Network.connect`, `protocol` and `rate_limited`."""
    watch, before = Stopwatch(), network.connections
    try:
        network.progress(Progress(f"{host_port(host, port)}: what the server offers"))
        async with opened(network, host, port) as connection:
            address, opening = connection.stream.address, connection.opening
            wanted = _wanted(opening.offer)
            method = next((name for name in EXCHANGES if name in opening.offer.methods), None)
            first = await _key(network, connection, method, wanted[0]) if method and wanted else None
    except Failed as failed:
        return SshAudit(
            target=Endpoint(host, port),
            status="failed",
            error=failed.failure,
            connections=network.connections - before,
            **watch.stamp(),
        )
    shown = await _shown(network, host, port, opening.offer, wanted, method, first)
    offer, incomplete = opening.offer, shown.failure is not None
    chosen = ssh.negotiated(ssh.OPENSSH_CLIENT, offer.methods)
    return SshAudit(
        target=Endpoint(host, port, address),
        status="partial" if incomplete else "ok",
        error=shown.failure,
        banner=opening.identification.text,
        protocol=opening.identification.version,
        software=opening.identification.text.split("-", 2)[2] or None,
        host_keys=shown.keys,
        host_keys_missing=shown.missing,
        algorithms=_algorithms(offer),
        negotiated=chosen,
        post_quantum=_post_quantum(offer, chosen),
        terrapin=terrapin(offer),
        group_exchange_bits=shown.bits,
        policies=held_against_policies(
            {"kex": offer.methods, "cipher": _both(offer.ciphers), "mac": _both(offer.macs)},
            None if shown.missing else tuple(key.type for key in shown.keys),
            shown.bits,
        ),
        connections=network.connections - before,
        **watch.stamp(),
    )


def terrapin(offer: KexInit) -> Terrapin:
    """Whether the server's offer is open to Terrapin (Bäumer, Brinkmann and Schwenk 2023), where the client has no strict kex.

    ChaCha20-Poly1305, and CBC with an encrypt-then-MAC, are; strict key exchange closes it where both sides know it.
    """
    open_to: list[str] = []
    for ciphers, macs in zip(offer.ciphers, offer.macs, strict=True):
        open_to += [name for name in ciphers if name.startswith("chacha20-poly1305")]
        if any("-etm@" in name for name in macs):
            open_to += [f"{name} with encrypt-then-MAC" for name in ciphers if name.endswith("-cbc")]
    names = ", ".join(dict.fromkeys(open_to))
    if not open_to:
        return Terrapin("safe", "offers neither ChaCha20-Poly1305 nor CBC with encrypt-then-MAC")
    if ssh.STRICT in offer.kex:
        return Terrapin("safe", f"knows strict key exchange ({ssh.STRICT}); it protects clients that know it too")
    return Terrapin("vulnerable", f"offers {names} without strict key exchange")


async def _shown(
    network: Network,
    host: str,
    port: int,
    offer: KexInit,
    wanted: Sequence[str],
    method: str | None,
    first: HostKey | Failure | None,
) -> _Shown:
    """The host keys, and the smallest group."""
    where = host_port(host, port)
    if not wanted:
        return _Shown((), (), None, Failure("protocol", f"{where}: offers no algorithm for a host key"))
    if method is None:
        names = ", ".join(offer.methods) or "none"
        why = f"{where}: host keys could not be seen: no key exchange in common (it offers {names})"
        return _Shown((), tuple(wanted), None, Failure("protocol", why))
    limit, done = asyncio.Semaphore(_AT_ONCE), 1

    async def ask(algorithm: str) -> HostKey | Failure:
        nonlocal done
        async with limit:
            network.progress(Progress(f"{where}: host key for {algorithm}", done / (len(wanted) + 1)))
            try:
                async with opened(network, host, port) as connection:
                    return await _key(network, connection, method, algorithm)
            except Failed as failed:
                return failed.failure
            finally:
                done += 1

    outcomes = [*([first] if first is not None else ()), *await asyncio.gather(*map(ask, wanted[1:MOST_KEYS]))]
    more = Failure("protocol", f"{where}: offers host keys of {len(wanted)} types; the first {MOST_KEYS} were asked for")
    outcomes += [more] * len(wanted[MOST_KEYS:])
    missing = [name for name, outcome in zip(wanted, outcomes, strict=True) if isinstance(outcome, Failure)]
    bits, failure = await _smallest_group(network, host, port, offer, wanted)
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    keys = dict.fromkeys(outcome for outcome in outcomes if isinstance(outcome, HostKey))
    return _Shown(tuple(keys), tuple(missing), bits, next(iter(failures), failure))


async def _key(network: Network, connection: Opened, method: str, algorithm: str) -> HostKey | Failure:
    try:
        return await host_key(network, connection, method, algorithm)
    except Failed as failed:
        return Failure(failed.failure.kind, f"{failed.failure.message} (asked for the host key of {algorithm})")


async def _smallest_group(
    network: Network, host: str, port: int, offer: KexInit, wanted: Sequence[str]
) -> tuple[int | None, Failure | None]:
    method = next((name for name in GROUP_EXCHANGES if name in offer.methods), None)
    if method is None or not wanted:
        return None, None
    network.progress(Progress(f"{host_port(host, port)}: the smallest group of its group exchange"))
    failure: Failure | None = None
    for least in _LEAST_GROUPS:
        try:
            async with opened(network, host, port) as connection:
                return await group_size(network, connection, method, wanted[0], least), None
        except Failed as failed:
            failure = Failure(failed.failure.kind, f"{failed.failure.message} (asked for a group of {least} bits)")
            # Only a server that answers by turning the sizes down is asked for larger ones.
            if failed.failure.kind not in ("protocol", "reset"):
                break
    return None, failure


def _wanted(offer: KexInit) -> tuple[str, ...]:
    """One algorithm for each type of host key: those of RSA differ in the hash alone (RFC 8332)."""
    first: dict[str, str] = {}
    for name in offer.host_key:
        first.setdefault(name.replace("rsa-sha2-512", "ssh-rsa").replace("rsa-sha2-256", "ssh-rsa"), name)
    return tuple(first.values())


def _algorithms(offer: KexInit) -> Algorithms:
    lists: dict[Kind, Sequence[str]] = {
        "kex": offer.methods,
        "host_key": offer.host_key,
        "cipher": _both(offer.ciphers),
        "mac": _both(offer.macs),
        "compression": _both(offer.compression),
    }
    return Algorithms(**{kind: tuple(rated(kind, name) for name in dict.fromkeys(names)) for kind, names in lists.items()})


def _both(lists: tuple[tuple[str, ...], tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*lists[0], *lists[1])))


def _post_quantum(offer: KexInit, chosen: str | None) -> bool | None:
    """Of what OpenSSH's client gets; None where it gets nothing, and names that tell nothing may be of any kind."""
    if chosen is not None:
        return ssh.kind_of(chosen) in ("hybrid", "post_quantum")
    return None if any(ssh.kind_of(name) != "classical" for name in offer.methods) or not offer.methods else False
