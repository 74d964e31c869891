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

So three or four connections for most servers, and one for those without TLS 1.3. SSH tells its methods before any key is
exchanged (RFC 4253, section 7.1), in one connection. What a server did not answer is unknown, never absent.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple, TypeVar

import msgspec

from netassist import __version__
from netassist.network import Network, Progress, Stream
from netassist.observations import Endpoint, Failed, Failure, Report, Stopwatch
from netassist.probes import ssh_kexinit as ssh
from netassist.targets import parse_host
from netassist.tls import groups as named
from netassist.tls import hello as wire
from netassist.tls.deadlines import ClassicalPart, Deadline, deadlines, rsa_strength
from netassist.tls.groups import Group, Kind
from netassist.untrusted import as_text

Verdict = Literal["safe", "available", "not_safe", "unknown"]
Preferred = Literal["server", "client_order", "classical"]
T = TypeVar("T")

_USUAL = (named.X25519MLKEM768, *named.CLASSICAL)
_USUAL_TO_OPENSSL = "*X25519MLKEM768:*X25519:P-256:P-384:P-521:X448:ffdhe2048:ffdhe3072"
# What servers answer where they have no group in common with the client.
_REFUSALS = (40, 47, 71)
_PROTOCOL_VERSION = 70


class KeyExchange(msgspec.Struct, frozen=True):
    """`negotiated` is what a client in use gets: over TLS one that shares X25519MLKEM768 and X25519, over SSH OpenSSH 10.

    `confirmed`: a whole handshake was completed with it. `groups` are those that the server accepts: all post-quantum ones
    and, of TLS's classical ones, those that it was seen to select. None: not established.
    """

    negotiated: str | None = None
    kind: Kind | None = None
    confirmed: bool = False
    groups: tuple[Group, ...] = ()
    preferred: Preferred | None = None
    classical_accepted: bool | None = None


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


class _First(NamedTuple):
    """What the usual client got. `version` as in ``TLSv1.3``; None where the server speaks neither that nor TLS 1.2."""

    version: str | None
    group: Group | None
    confirmed: bool
    authentication: Authentication


class _Server:
    """A TLS server that is asked again and again; it keeps the groups that were selected, in the order seen."""

    def __init__(self, network: Network, host: str, port: int, name: str | None) -> None:
        self._network, self._host, self._port, self._name = network, host, port, name
        self._where = f"{host}:{port}"
        self._answered = False
        self.address = ""
        self.selected: dict[str, Group] = {}
        self.failure: Failure | None = None

    async def usual(self) -> _First:
        """What a client in use gets: by a whole handshake, or where that does not succeed, by what the server selects."""
        from netassist.tls.handshake import Unfinished, handshake

        try:
            async with self._network.connect(self._host, self._port) as stream:
                self.address = stream.address
                try:
                    shaking = handshake(stream, server_name=self._name, groups=_USUAL_TO_OPENSSL)
                    session = await self._network.within(shaking, f"{stream.where}: the TLS handshake")
                    confirmed = True
                except Unfinished as unfinished:
                    session, confirmed = unfinished.session, False
                    self.failure = unfinished.failure
        except ValueError as error:
            raise Failed("missing_program", f"{error}; reinstall the cryptography package, whose OpenSSL knows ML-KEM") from None
        except Failed as failed:
            if failed.failure.kind != "protocol":
                raise
            self.failure = failed.failure
            return await self._usual_unconfirmed(failed)
        group = named.group_named(session.group) if session.group else None
        if group is not None:
            self.selected[group.name] = group
        return _First(session.protocol, group, confirmed, _authentication(session.protocol, session.chain))

    async def _usual_unconfirmed(self, failed: Failed) -> _First:
        shares = _shares(named.X25519MLKEM768, named.X25519)
        answer = await self.ask(_USUAL, shares, (wire.TLS13, wire.TLS12))
        if isinstance(answer, wire.Alert) and answer.description != _PROTOCOL_VERSION:
            raise failed
        if isinstance(answer, wire.Alert) or answer.version < wire.TLS13:
            return _First("TLSv1.2" if isinstance(answer, wire.ServerHello) else None, None, False, Authentication())
        return _First("TLSv1.3", named.group(answer.group or 0), False, Authentication())

    async def ask(
        self, offered: Sequence[int], shares: tuple[tuple[int, bytes], ...] = (), versions: tuple[int, ...] = (wire.TLS13,)
    ) -> wire.ServerHello | wire.Alert:
        """Offer these groups in a connection of its own. Raises Failed, of kind `protocol` where the answer is not to be believed."""
        suites = wire.TLS13_SUITES + (wire.TLS12_SUITES if wire.TLS12 in versions else ())
        hello = wire.ClientHello(
            random=os.urandom(32),
            session_id=os.urandom(32),
            groups=tuple(offered),
            key_shares=shares,
            server_name=self._name,
            versions=versions,
            cipher_suites=suites,
        )
        async with self._network.connect(self._host, self._port) as stream:
            self.address = stream.address
            answer = await _answer(self._network, stream, wire.client_hello(hello), wire.read_answer)
        if isinstance(answer, wire.ServerHello):
            try:
                wire.check_answer(hello, answer)
            except ValueError as error:
                raise Failed("protocol", f"{self._where}: {error}") from None
            self._answered = True
            if answer.group is not None:
                group = named.group(answer.group)
                self.selected[group.name] = group
        return answer

    async def preferred(self) -> Preferred | None:
        """Whether the server keeps to post-quantum groups where a client puts X25519 first."""
        shares = _shares(named.X25519, named.X25519MLKEM768)
        answer = await self.ask((named.X25519, named.X25519MLKEM768, *named.CLASSICAL[1:]), shares)
        if isinstance(answer, wire.Alert) or answer.group is None:
            return None
        return "client_order" if answer.group in named.CLASSICAL else "server"

    async def takes_classical(self) -> bool | None:
        answer = await self.ask(named.CLASSICAL, versions=(wire.TLS13, wire.TLS12))
        return self._refused(answer)

    async def all_post_quantum(self) -> bool:
        """Ask until every post-quantum group is known; False where an answer left it open."""
        left = [code for code in named.POST_QUANTUM if named.group(code).name not in self.selected]
        while left:
            accepted = self._refused(answer := await self.ask(left))
            if accepted is not True:
                if accepted is None:
                    message = f"{self._where}: answered {answer}; which post-quantum groups it accepts is not established"
                    self.failure = self.failure or Failure("protocol", message)
                return accepted is False
            left = [code for code in left if named.group(code).name not in self.selected]
        return True

    def _refused(self, answer: wire.ServerHello | wire.Alert) -> bool | None:
        """True: accepted. False: refused for want of a common group. None: cannot be told.

        A refusal counts only of a server that has answered another hello of the same kind.
        """
        if isinstance(answer, wire.ServerHello):
            return True
        return False if self._answered and answer.description in _REFUSALS else None


async def _tls(network: Network, host: str, port: int) -> _Facts:
    await network.resolve(host)
    target = parse_host(host)
    name = target.host if target.kind == "name" else None
    server = _Server(network, host, port, name)
    network.progress(Progress(f"{host}:{port}: a handshake with X25519MLKEM768"))
    first = await server.usual()
    preferred: Preferred | None = None
    classical: bool | None = None
    complete = True
    if first.version != "TLSv1.3":
        preferred, classical = "classical", True if first.version else None
    else:
        safe = first.group is not None and first.group.kind in ("hybrid", "post_quantum")
        try:
            if safe:
                network.progress(Progress(f"{host}:{port}: which group the server prefers"))
                preferred = await server.preferred()
            else:
                preferred, classical = "classical", True
            network.progress(Progress(f"{host}:{port}: which groups it accepts"))
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
    verdict = _verdict(exchange.kind, groups, complete)
    return _Facts(server.address, name, verdict, exchange, first.authentication, first.version, server.failure)


async def _ssh(network: Network, host: str, port: int) -> _Facts:
    where = f"{host}:{port}"
    network.progress(Progress(f"{where}: the key exchange methods that it offers"))
    async with network.connect(host, port) as stream:
        greeting = f"SSH-2.0-netassist_{__version__}\r\n".encode("ascii")
        identification, offer = await _answer(network, stream, greeting, ssh.read_opening)
    groups = tuple(Group(None, name, ssh.kind_of(name)) for name in dict.fromkeys(offer.methods))
    chosen = ssh.negotiated(ssh.OPENSSH_CLIENT, offer.methods)
    kind = ssh.kind_of(chosen) if chosen else None
    available = any(group.kind in ("hybrid", "post_quantum") for group in groups)
    classical = any(group.kind == "classical" for group in groups)
    # A name that tells nothing may be post-quantum.
    complete = bool(groups) and all(group.kind is not None for group in groups)
    exchange = KeyExchange(chosen, kind, False, groups, "client_order" if available else "classical", classical)
    verdict = _verdict(kind, groups, complete)
    keys = Authentication(post_quantum=_host_keys_post_quantum(offer.host_key), host_keys=offer.host_key)
    return _Facts(stream.address, None, verdict, exchange, keys, identification.text, None)


def _verdict(negotiated: Kind | None, groups: Sequence[Group], complete: bool) -> Verdict:
    if negotiated in ("hybrid", "post_quantum"):
        return "safe"
    if any(group.kind in ("hybrid", "post_quantum") for group in groups):
        return "available"
    return "not_safe" if complete else "unknown"


async def _answer(network: Network, stream: Stream, said: bytes, read: Callable[[bytes], T | None]) -> T:
    """Send `said` and receive until `read` makes something of all that came; within the time of one step altogether."""

    async def exchange() -> T:
        received = b""
        await stream.send(said)
        while (found := read(received)) is None:
            if not (more := await stream.receive()):
                raise _closed(received, stream.where)
            received += more
        return found

    try:
        return await network.within(exchange(), f"{stream.where}: waiting for an answer")
    except ValueError as error:
        raise Failed("protocol", f"{stream.where}: {error}") from None


def _closed(received: bytes, where: str) -> Failed:
    if received.startswith((b"Exceeded MaxStartups", b"Not allowed at this time")):
        return Failed("rate_limited", f"{where}: turns connections away ({as_text(received, 60)}); try again later")
    return Failed("protocol", f"{where}: closed the connection after {len(received)} bytes")


def _shares(*codes: int) -> tuple[tuple[int, bytes], ...]:
    """Valid key shares, in this order, for X25519 (RFC 7748) and X25519MLKEM768 (draft-ietf-tls-ecdhe-mlkem: ML-KEM first)."""
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    def share(code: int) -> bytes:
        lattice = MLKEM768PrivateKey.generate().public_key().public_bytes_raw() if code == named.X25519MLKEM768 else b""
        return lattice + X25519PrivateKey.generate().public_key().public_bytes_raw()

    return tuple((code, share(code)) for code in codes)


# RFC 8446, section 4.2.3: in TLS 1.3 these keys sign by one scheme only. RSA keys have a choice of three.
_SCHEMES = {
    "EC P-256": "ecdsa_secp256r1_sha256", "EC P-384": "ecdsa_secp384r1_sha384", "EC P-521": "ecdsa_secp521r1_sha512",
    "Ed25519": "ed25519", "Ed448": "ed448", "ML-DSA-44": "mldsa44", "ML-DSA-65": "mldsa65", "ML-DSA-87": "mldsa87",
}  # fmt: skip
_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
# NIST's arc of signature algorithms, 2.16.840.1.101.3.4.3 (Computer Security Objects Register): FIPS 204 and FIPS 205.
_POST_QUANTUM_KEYS = {17: "ML-DSA-44", 18: "ML-DSA-65", 19: "ML-DSA-87"} | dict(
    enumerate(
        (f"SLH-DSA-{hashed}-{size}{speed}" for hashed in ("SHA2", "SHAKE") for size in (128, 192, 256) for speed in "sf"), 20
    )
)


def _authentication(version: str, chain: Sequence[bytes]) -> Authentication:
    """What the leaf certificate, first of `chain` in DER, says; nothing where it cannot be read."""
    key = _leaf_key(chain[0]) if chain else None
    if key is None:
        return Authentication()
    return Authentication(_SCHEMES.get(key) if version == "TLSv1.3" else None, key, key.startswith(("ML-DSA", "SLH-DSA")))


def _leaf_key(der: bytes) -> str | None:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

    try:
        certificate = x509.load_der_x509_certificate(der)
        arc, _, last = certificate.public_key_algorithm_oid.dotted_string.rpartition(".")
        if arc == "2.16.840.1.101.3.4.3" and int(last) in _POST_QUANTUM_KEYS:
            return _POST_QUANTUM_KEYS[int(last)]
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {_CURVES.get(key.curve.name, key.curve.name)}"
    if isinstance(key, dsa.DSAPublicKey):
        return f"DSA {key.key_size}"
    return "Ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else "Ed448" if isinstance(key, ed448.Ed448PublicKey) else None


def _host_keys_post_quantum(offered: Sequence[str]) -> bool | None:
    """Whether an SSH server offers ML-DSA or SLH-DSA host keys; None where a name tells nothing."""
    if any(re.search(r"ml-?dsa|slh-?dsa", name, re.IGNORECASE) for name in offered):
        return True
    known = all(re.search(r"rsa|ssh-dss|ecdsa|ed25519|ed448", name, re.IGNORECASE) for name in offered)
    return False if offered and known else None


def _classical_parts(exchange: KeyExchange, authentication: Authentication) -> Iterator[ClassicalPart]:
    if exchange.kind == "classical":
        name = exchange.negotiated or "classical key exchange"
        weak = name in ("ffdhe2048", "secp224r1") or name.startswith("diffie-hellman-group14-")
        yield ClassicalPart(name, 112 if weak else None)
    key = authentication.leaf_key
    if key is not None and not authentication.post_quantum:
        kind, _, size = key.partition(" ")
        yield ClassicalPart(key.replace(" ", "-", 1), rsa_strength(int(size)) if kind in ("RSA", "DSA") else None)
    if authentication.host_keys and authentication.post_quantum is False:
        yield ClassicalPart("RSA, ECDSA and EdDSA host keys", None)
