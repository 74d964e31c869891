"""How is a TLS server configured, and how safe is that? Versions, suites, groups, certificates, weaknesses and a grade."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import Literal

import msgspec

from netassist.network import Network, Progress
from netassist.observations import Endpoint, Failed, Failure, Report, Stopwatch
from netassist.targets import parse_address
from netassist.tls.certificate import CertificateInfo, presented, shown
from netassist.tls.classical_parts import classical_parts
from netassist.tls.deadlines import Deadline, deadlines
from netassist.tls.facts import VERSIONS, Facts, Support
from netassist.tls.grade import Grade, grade
from netassist.tls.groups import Group
from netassist.tls.key_exchange import QUANTUM_SAFE, KeyExchange, Preferred, Verdict, quantum_verdict
from netassist.tls.policies import Judgement, LeftOut, judge, left_out
from netassist.tls.published import Published, asking
from netassist.tls.resumption import Resumption, resumption
from netassist.tls.scan import Scan
from netassist.tls.scanning import Scanning, scanning
from netassist.tls.schemes import Scheme
from netassist.tls.server import Server
from netassist.tls.session import HTTPS_PORTS, Visit, completed, visit
from netassist.tls.suites import Suite
from netassist.tls.weakness import Weakness
from netassist.tls.weaknesses import active, exchanging, merged, verdicts

# Kinds of key, those that sign with schemes of these names, and what to accept for being shown them alone.
_KEYS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("RSA", ("rsa_pss_rsae", "rsa_pkcs1"),
     "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512:RSA+SHA224:RSA+SHA1"),
    ("RSA-PSS", ("rsa_pss_pss",), "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512"),
    ("EC", ("ecdsa",), "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ECDSA+SHA224:ECDSA+SHA1"),
    ("Ed25519", ("ed25519", "ed448"), "ed25519:ed448"),
    ("ML-DSA", ("mldsa",), "mldsa65:mldsa44:mldsa87"),
)  # fmt: skip

WithoutName = Literal["same", "other", "refused"]


class TlsAudit(Report, frozen=True, kw_only=True, tag="netassist/tls-audit/1"):
    """What was established about a TLS server; `incomplete` names what may lack entries (``suites/TLSv1.2``, ``groups`` …).

    `dh_bits` and `curves` are those sent by TLS 1.2 and before; `alpn` what was selected, `hsts` the header's value. The flags
    are facts of the handshake (`netassist.tls.facts.Facts`); None is what was not established.

    `quantum` and `key_exchange` are what `quantum_check` would say; with the groups of `confirmed_groups` a whole handshake was
    completed; `deadlines` are those of what a quantum computer breaks. `without_server_name` compares the certificate that
    clients without SNI are shown; `name_unrecognized`: the server refuses the host's name, so that all was asked without.
    """

    protocols: dict[str, Support] = msgspec.field(default_factory=dict)
    cipher_suites: dict[str, tuple[Suite, ...]] = msgspec.field(default_factory=dict)
    server_preference: dict[str, bool | None] = msgspec.field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    quantum: Verdict = "unknown"
    key_exchange: KeyExchange | None = None
    confirmed_groups: tuple[str, ...] = ()
    failed_groups: tuple[str, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    signature_schemes: tuple[Scheme, ...] = ()
    weaknesses: tuple[Weakness, ...] = ()
    certificates: tuple[CertificateInfo, ...] = ()
    without_server_name: WithoutName | None = None
    name_unrecognized: bool = False
    grade: Grade | None = None
    policies: tuple[Judgement, ...] = ()
    policies_left_out: tuple[LeftOut, ...] = ()
    connections: int = 0
    incomplete: tuple[str, ...] = ()
    dh_bits: tuple[int, ...] = ()
    curves: tuple[str, ...] = ()
    large_hello: bool | None = None
    compression: bool | None = None
    secure_renegotiation: bool | None = None
    fallback_scsv: bool | None = None
    extended_master_secret: bool | None = None
    encrypt_then_mac: bool | None = None
    session_tickets: bool | None = None
    session_ids: bool | None = None
    resumption: Resumption | None = None
    early_data: bool | None = None
    alpn: tuple[str, ...] = ()
    hsts: str | None = None


async def tls_audit(network: Network, host: str, port: int = 443, starttls: str | None = None) -> TlsAudit:
    """`audited`, of the server that answers there. `starttls` names the protocol to upgrade from plain text first."""
    watch = Stopwatch()
    try:
        server = Server(network, host, port, starttls)
        await network.resolve(host)
    except Failed as failed:
        return TlsAudit(target=Endpoint(host, port, starttls=starttls), status="failed", error=failed.failure, **watch.stamp())
    return await audited(server)


async def audited(server: Server, *, active_weaknesses: bool = True, begun: Scanning | None = None) -> TlsAudit:
    """Scan, read the certificates, test for weaknesses, grade.

    Some hundred connections, no more at a time than the server's limit. What the docstrings of `netassist.tls.weaknesses` say
    is sent in some of them, but for `active_weaknesses` false: then what takes an exchange of its own is `unknown`, which makes
    the report none the less whole. Fails as `Network.connect`, or `protocol` where the peer speaks no TLS. `begun` is a scan of
    the server that is under way already.
    """
    if begun is None:
        async with scanning(server) as begun:
            return await audited(server, active_weaknesses=active_weaknesses, begun=begun)
    async with asking(server) as records:
        return await _audited(server, active_weaknesses, begun, records)


async def _audited(server: Server, active_weaknesses: bool, begun: Scanning, records: Awaitable[Published | None]) -> TlsAudit:
    network, watch, scanner = server.network, begun.watch, begun.scanner
    scan = await begun.spoken()
    facts = scan.facts()
    if "accepted" not in facts.protocols.values():
        error = _refusal(server, scan) or scanner.named(scan.failure)
        used = network.connections - begun.connections_before
        return TlsAudit(
            target=server.target, status="failed", error=error, protocols=facts.protocols, connections=used, **watch.stamp()
        )
    _, visits, usual, nameless, resumes = await asyncio.gather(
        begun.whole(),
        _visits(server, facts),
        presented(server, records=records),
        _nameless(server),
        resumption(server, facts),
    )
    facts = scan.facts()
    if facts.large_hello is False:
        server.bears_large_hellos = False
        visits, usual, nameless = await asyncio.gather(
            _visits(server, facts), presented(server, records=records), _nameless(server)
        )
    facts = _with_visits(facts, visits)
    network.progress(Progress(f"{server.where}: certificates{' and weaknesses' if active_weaknesses else ''}"))
    certificates, exchanged, confirmed = await asyncio.gather(
        _certificates(server, facts, scan, usual, records),
        active(server, facts) if active_weaknesses else _nothing(),
        completed(server, [held.name for held in facts.groups if held.kind in QUANTUM_SAFE]),
    )
    if server.troubled and network.remaining > 0 and not await scanner.run(scan.still_serves()):
        # What seemed a refusal of this or that may have been one of any more connections.
        limited = Failure("rate_limited", f"{server.where}: answers no more what it answered before; try again later")
        scanner.failure = scanner.failure or limited
        confirmed = confirmed._replace(failed=())
        nameless = nameless if nameless and nameless.chain else None
    weaknesses = merged(verdicts(facts), exchanged)
    incomplete = tuple(_incomplete(facts))
    failure = scanner.named(scan.failure) or next((held.error for held in certificates if held.error), None)
    unasked = () if active_weaknesses else exchanging()
    unknown = bool(incomplete) or any(held.verdict == "unknown" and held.id not in unasked for held in weaknesses)
    exchange, without_name = _key_exchange(facts, confirmed.done), _compared(certificates, nameless)
    return TlsAudit(
        target=server.target,
        status="partial" if failure or unknown or not certificates else "ok",
        error=failure,
        protocols=facts.protocols,
        cipher_suites=facts.suites,
        server_preference=facts.server_preference,
        groups=facts.groups,
        quantum=quantum_verdict(exchange.kind, facts.groups, "groups" in facts.complete),
        key_exchange=exchange,
        confirmed_groups=confirmed.done,
        failed_groups=confirmed.failed,
        deadlines=deadlines(classical_parts(exchange, (held.chain[0].key for held in certificates if held.chain))),
        signature_schemes=facts.signature_schemes,
        weaknesses=weaknesses,
        certificates=(*certificates, nameless) if nameless and without_name == "other" else certificates,
        without_server_name=without_name,
        name_unrecognized=scan.name_unrecognized,
        grade=grade(facts, weaknesses, certificates),
        policies=judge(facts, certificates),
        policies_left_out=left_out(),
        connections=network.connections - begun.connections_before,
        incomplete=incomplete,
        dh_bits=facts.dh_bits,
        curves=facts.curves,
        large_hello=facts.large_hello,
        compression=facts.compression,
        secure_renegotiation=facts.secure_renegotiation,
        fallback_scsv=facts.fallback_scsv,
        extended_master_secret=facts.extended_master_secret,
        encrypt_then_mac=facts.encrypt_then_mac,
        session_tickets=facts.session_tickets,
        session_ids=facts.session_ids,
        resumption=msgspec.structs.replace(resumes, tls13=_resumed(visits)),
        early_data=facts.early_data,
        alpn=facts.alpn,
        hsts=facts.hsts,
        **watch.stamp(),
    )


def _refusal(server: Server, scan: Scan) -> Failure | None:
    """Why no version is accepted, where the server has said it; None where it has said nothing."""
    if scan.name_unrecognized and (scan.failure is None or scan.failure.kind == "protocol"):
        by_address = parse_address(server.ascii_host) is not None
        advice = "ask for it by its host's name instead of the address" if by_address else f"does it serve {server.ascii_host}?"
        what = "refuses clients that name no host it knows (alert unrecognized_name)"
        return Failure("protocol", f"{server.where}: {what}; {advice}")
    if scan.failure is not None:
        return None
    unnamed = "" if server.server_name else "; does it want a host's name (SNI), and not an address?"
    return Failure("protocol", f"{server.where}: refuses every version of SSL and TLS{unnamed}")


async def _nothing() -> tuple[Weakness, ...]:
    return ()


async def _nameless(server: Server) -> CertificateInfo | None:
    """What clients are shown that send no server name; None where none was sent anyway."""
    return await presented(server, named=False) if server.server_name is not None else None


def _compared(certificates: tuple[CertificateInfo, ...], nameless: CertificateInfo | None) -> WithoutName | None:
    if nameless is None or not certificates:
        return None
    if not nameless.chain:
        # Only a refusal in words says that it refuses; silence may have any reason.
        return "refused" if nameless.error and nameless.error.kind in ("protocol", "reset") else None
    known = {held.chain[0].fingerprint_sha256 for held in certificates if held.chain}
    return "same" if nameless.chain[0].fingerprint_sha256 in known else "other"


def _key_exchange(facts: Facts, confirmed: tuple[str, ...]) -> KeyExchange:
    """As `quantum_check` reports it, from what the scan has seen."""
    usual, reverse = facts.usual_group, facts.reverse_group
    if facts.protocols["TLSv1.3"] == "refused":
        return KeyExchange(kind="classical", groups=facts.groups, preferred="classical", classical_accepted=True)
    preferred: Preferred | None = None
    if usual is not None and usual.kind == "classical":
        preferred = "classical"
    elif usual is not None and reverse is not None:
        preferred = "server" if reverse.kind in QUANTUM_SAFE else "client_order"
    before_tls13 = any(facts.protocols[version] == "accepted" for version in VERSIONS[:-1])
    classical = before_tls13 or any(held.kind == "classical" for held in facts.groups)
    return KeyExchange(
        negotiated=usual.name if usual else None,
        kind=usual.kind if usual else None,
        confirmed=usual is not None and usual.name in confirmed,
        groups=facts.groups,
        preferred=preferred,
        classical_accepted=classical or (False if "groups" in facts.complete else None),
    )


async def _certificates(
    server: Server, facts: Facts, scan: Scan, usual: CertificateInfo, records: Awaitable[Published | None]
) -> tuple[CertificateInfo, ...]:
    """One a distinct leaf: what usual clients are shown, those of each other kind of key that signs, and what else was seen."""
    names = tuple(held.name for held in facts.signature_schemes)
    kinds = {kind: accepted for kind, schemes, accepted in _KEYS if any(name.startswith(schemes) for name in names)}
    if usual.chain and not {"RSA", "RSA-PSS"} <= kinds.keys():
        kinds.pop(usual.chain[0].key.type or "", None)
    found = await asyncio.gather(*(presented(server, only, records=records) for only in kinds.values()))
    told = await records if scan.chains else None
    spoken = [version for version in VERSIONS if facts.protocols[version] == "accepted"]
    plain = next((version for version in reversed(spoken) if version != "TLSv1.3"), spoken[-1])
    held: dict[str, CertificateInfo] = {}
    for info in (usual, *found, *(shown(server, plain, chain, told) for chain in scan.chains)):
        if info.chain:
            held.setdefault(info.chain[0].fingerprint_sha256, info)
    order = [kind for kind, _, _ in _KEYS]
    ordered = sorted(held.values(), key=lambda info: order.index(kind) if (kind := info.chain[0].key.type) in order else 9)
    return tuple(ordered) or tuple(info for info in (usual, *found) if info.error)[:1]


async def _visits(server: Server, facts: Facts) -> tuple[Visit, ...]:
    """What only whole sessions show; the first of them is the one that speaks HTTP."""
    if not any(facts.protocols[version] == "accepted" for version in VERSIONS[2:]):
        return ()
    offers = (("http/1.1",), ("h2",)) if server.starttls is None else ((), ())
    visits = [await visit(server, offers[0])]
    if visits[0].alpn is None and server.port in HTTPS_PORTS and server.starttls is None:
        # The server breaks off what is offered by ALPN; it may serve clients that offer nothing.
        visits = [await visit(server, ()), *visits]
    last = await visit(server, offers[-1], visits[0].session)
    if last.version is None and visits[0].session is not None:
        # It breaks off what else is offered by ALPN. OpenSSL does not offer a session again that a failed handshake had.
        worked = (visits[0].alpn,) if visits[0].alpn else ()
        fresh = await visit(server, worked)
        last = await visit(server, worked, fresh.session)
    return (*visits, last)


def _resumed(visits: Sequence[Visit]) -> bool | None:
    return next((held.resumed for held in visits if held.version == "TLSv1.3" and held.resumed is not None), None)


def _with_visits(facts: Facts, visits: Sequence[Visit]) -> Facts:
    if not visits:
        return facts
    tickets = {held.early_data for held in visits}
    return msgspec.structs.replace(
        facts,
        early_data=True if True in tickets else False if False in tickets else None,
        alpn=tuple(dict.fromkeys(held.alpn for held in visits if held.alpn)),
        hsts=visits[0].hsts,
    )


def _incomplete(facts: Facts) -> Iterable[str]:
    for version in VERSIONS:
        if facts.protocols[version] == "unknown":
            yield version
        elif facts.protocols[version] == "accepted" and f"suites/{version}" not in facts.complete:
            yield f"suites/{version}"
    yield from (what for what in ("groups", "signature_schemes") if what not in facts.complete)
