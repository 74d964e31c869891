"""Is what goes over this connection safe from a quantum computer later? For TLS and SSH, by asking the server itself.

The verdict speaks of key exchange, which is what recorded traffic depends on; authentication is reported beside it.

TLS is asked with few connections, each of which settles one question:

1. A whole handshake that sends key shares for X25519MLKEM768 and X25519, in this order, as clients in use do. It gives the
   verdict `safe`, the certificate, and the confirmation that the group works. Before TLS 1.3 there is no post-quantum key
   exchange, so after a handshake with TLS 1.2 nothing more is asked.
2. The same shares the other way round, where the first gave a post-quantum group: does the server prefer it, or does the
   client's order decide?
3. Classical groups alone, without key shares: are such clients still served? It also shows that the server answers a
   hello without shares, so that its refusal of the next one means something.
4. All post-quantum groups without key shares: the server names one by a HelloRetryRequest (RFC 8446, section 4.1.4). Again
   without that one, until it refuses.

So three connections for a classical server, four for a safe one, one more for each further post-quantum group, and one in all
for those without TLS 1.3. SSH tells its methods before any key is
exchanged (RFC 4253, section 7.1), in one connection. What a server did not answer is unknown, never absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from netassist import __version__
from netassist.network import Network, Progress
from netassist.observations import Endpoint, Failed, Failure, Report, Stopwatch
from netassist.probes import ssh_kexinit as ssh
from netassist.probes.first_answer import first_answer
from netassist.targets import host_port
from netassist.tls.classical_parts import of_exchange
from netassist.tls.deadlines import ClassicalPart, Deadline, deadlines, rsa_strength
from netassist.tls.group_scan import AskedServer
from netassist.tls.groups import Group
from netassist.tls.key_exchange import KeyExchange, Preferred, Verdict, quantum_verdict
from netassist.tls.schemes import scheme
from netassist.tls.server import Server

__all__ = ["Authentication", "Deadline", "KeyExchange", "QuantumCheck", "Verdict", "quantum_check"]

_VERSIONS = ("TLSv1.0", "TLSv1.1", "TLSv1.2")


class Authentication(msgspec.Struct, frozen=True):
    """How the server proves who it is; None: not established. `host_keys` are the algorithms that an SSH server offers."""

    signature: str | None = None
    leaf_key: str | None = None
    post_quantum: bool | None = None
    host_keys: tuple[str, ...] = ()


class QuantumCheck(Report, frozen=True, kw_only=True, tag="netassist/quantum/1"):
    """`version` is the protocol version negotiated (``TLSv1.3``) or the SSH identification; `connections` how many it took."""

    protocol: Literal["tls", "ssh"]
    verdict: Verdict = "unknown"
    key_exchange: KeyExchange = KeyExchange()
    authentication: Authentication = Authentication()
    deadlines: tuple[Deadline, ...] = ()
    version: str | None = None
    connections: int = 0


class _Facts(NamedTuple):
    address: str
    server_name: str | None
    verdict: Verdict
    key_exchange: KeyExchange
    authentication: Authentication
    version: str | None
    failure: Failure | None


async def quantum_check(
    network: Network, host: str, port: int | None = None, protocol: Literal["tls", "ssh"] = "tls"
) -> QuantumCheck:
    """Ask a TLS (port 443) or SSH (port 22) server which key exchange it does. Fails as `Network.connect`, or `protocol`."""
    watch, before = Stopwatch(), network.connections
    port = port or (443 if protocol == "tls" else 22)
    try:
        facts = await (_tls if protocol == "tls" else _ssh)(network, host, port)
    except Failed as failed:
        return QuantumCheck(
            target=Endpoint(host, port),
            protocol=protocol,
            status="failed",
            error=failed.failure,
            connections=network.connections - before,
            **watch.stamp(),
        )
    unknown = facts.failure is not None or facts.verdict == "unknown"
    unknown = unknown or facts.key_exchange.preferred is None or facts.key_exchange.classical_accepted is None
    return QuantumCheck(
        target=Endpoint(host, port, facts.address, facts.server_name),
        protocol=protocol,
        status="partial" if unknown else "ok",
        error=facts.failure,
        verdict=facts.verdict,
        key_exchange=facts.key_exchange,
        authentication=facts.authentication,
        deadlines=deadlines(_classical_parts(facts.key_exchange, facts.authentication)),
        version=facts.version,
        connections=network.connections - before,
        **watch.stamp(),
    )


async def _tls(network: Network, host: str, port: int) -> _Facts:
    await network.resolve(host)
    asked = Server(network, host, port)
    server, where = AskedServer(asked), asked.where
    network.progress(Progress(f"{where}: a handshake with X25519MLKEM768"))
    first = await server.usual()
    preferred: Preferred | None = None
    classical: bool | None = None
    complete = True
    if first.version != "TLSv1.3":
        preferred, classical = "classical", True if first.version in _VERSIONS else None
    else:
        safe = first.group is not None and first.group.kind in ("hybrid", "post_quantum")
        try:
            if safe:
                network.progress(Progress(f"{where}: which group the server prefers"))
                preferred = await server.preferred()
            else:
                preferred, classical = "classical", True
            network.progress(Progress(f"{where}: which groups it accepts"))
            accepted = await server.takes_classical()
            classical = accepted if classical is None else classical
            complete = await server.all_post_quantum()
        except Failed as failed:
            complete, server.failure = False, server.failure or failed.failure
    groups = tuple(server.selected.values())
    exchange = KeyExchange(
        first.group.name if first.group else None,
        first.group.kind if first.group else "classical",
        first.confirmed,
        groups,
        preferred,
        classical,
    )
    verdict = quantum_verdict(exchange.kind, groups, complete)
    return _Facts(
        asked.address or "",
        asked.server_name,
        verdict,
        exchange,
        _leaf(first.signature, first.chain),
        first.version,
        server.failure,
    )


async def _ssh(network: Network, host: str, port: int) -> _Facts:
    where = host_port(host, port)
    network.progress(Progress(f"{where}: the key exchange methods that it offers"))
    async with network.connect(host, port) as stream:
        greeting = f"SSH-2.0-netassist_{__version__}\r\n".encode("ascii")
        identification, offer = await first_answer(network, stream, greeting, ssh.read_opening)
    groups = tuple(Group(None, name, ssh.kind_of(name)) for name in dict.fromkeys(offer.methods))
    chosen = ssh.negotiated(ssh.OPENSSH_CLIENT, offer.methods)
    kind = ssh.kind_of(chosen) if chosen else None
    available = any(group.kind in ("hybrid", "post_quantum") for group in groups)
    # A name that tells nothing may be of any kind.
    complete = bool(groups) and all(group.kind is not None for group in groups)
    classical = any(group.kind == "classical" for group in groups) or (False if complete else None)
    exchange = KeyExchange(chosen, kind, False, groups, "client_order" if available else "classical", classical)
    verdict = quantum_verdict(kind, groups, complete)
    return _Facts(stream.address, None, verdict, exchange, _host_keys(offer.host_key), identification.text, None)


_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_HOST_KEYS = {
    "RSA": "rsa",
    "DSA": "ssh-dss",
    "ECDSA": "ecdsa",
    "EdDSA": "ed25519|ed448",
    "ML-DSA": "ml-?dsa",
    "SLH-DSA": "slh-?dsa",
}


def _leaf(signature: int | None, chain: Sequence[bytes]) -> Authentication:
    """The scheme that the server signed with, and its key: that of the leaf certificate, first of `chain` in DER."""
    from netassist.tls import chain as certificates

    try:
        key = certificates.read(chain[0]).shown.key if chain else None
    except ValueError:
        key = None
    if key is None or key.type is None:
        return Authentication(_scheme(signature))
    size = _CURVES.get(key.curve or "", key.curve) if key.type == "EC" else key.bits if key.type in ("RSA", "DSA") else None
    name = key.parameter_set or (f"{key.type} {size}" if size else key.type)
    return Authentication(_scheme(signature), name, key.type == "ML-DSA")


def _scheme(code: int | None) -> str | None:
    return None if code is None else scheme(code).name


def _host_keys(offered: Sequence[str]) -> Authentication:
    """What an SSH server offers to prove itself with; whether that is post-quantum is None where a name tells nothing."""
    families = [_family(name) for name in offered]
    post_quantum = any(family in ("ML-DSA", "SLH-DSA") for family in families)
    known = bool(families) and None not in families
    return Authentication(post_quantum=post_quantum if post_quantum or known else None, host_keys=tuple(offered))


def _family(name: str) -> str | None:
    return next((family for family, words in reversed(_HOST_KEYS.items()) if re.search(words, name, re.IGNORECASE)), None)


def _classical_parts(exchange: KeyExchange, authentication: Authentication) -> Iterator[ClassicalPart]:
    yield from of_exchange(exchange)
    key = authentication.leaf_key
    if key is not None and not authentication.post_quantum:
        kind, _, size = key.partition(" ")
        strength = rsa_strength(int(size)) if kind in ("RSA", "DSA") else None
        yield ClassicalPart(f"ECDSA {size}" if kind == "EC" else key.replace(" ", "-"), strength)
    families = {_family(name) for name in authentication.host_keys}
    for family in ("RSA", "DSA", "ECDSA", "EdDSA"):
        if family in families:
            yield ClassicalPart(f"{family} host key", None)
