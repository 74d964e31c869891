"""What the name server says of a name, or of an address (PTR). Asks the system's resolver; the host itself is not touched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import dns.asyncresolver
import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rdtypes.ANY.SOA
import dns.rdtypes.ANY.TXT
import dns.resolver
import dns.reversename
import msgspec

from netassist.network import Network
from netassist.observations import Failed, Failure, Report, Stopwatch
from netassist.targets import parse_address, parse_host
from netassist.untrusted import as_text

RECORD_TYPES = ("A", "AAAA", "MX", "TXT", "NS", "CNAME", "SOA", "CAA", "SRV", "PTR", "TLSA")
MOST_ANSWERS = 256
_DATA_LIMIT = 4000
_UDP_PAYLOAD = 1232
"""Bytes of a UDP answer that is not fragmented (DNS flag day 2020)."""


class DnsAnswer(msgspec.Struct, frozen=True):
    """One record in presentation format; the strings of a TXT record are put together, without quotes."""

    name: str
    type: str
    ttl: int
    data: str


Dnssec = Literal["secure", "insecure", "bogus", "unknown"]
_ASKED = dns.flags.RD | dns.flags.AD
"""AD in a question asks for the AD bit of the answer without the signatures (RFC 6840, section 5.7)."""
_BOGUS_CODES = frozenset((1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 25, 27))
"""Extended DNS errors (RFC 8914 and its registry) that say what of DNSSEC was wrong."""
_STATE_SECONDS = 1.0


class Authority(msgspec.Struct, frozen=True):
    """The zone that says that there is no such name or record, and for how many seconds that may be kept (RFC 2308)."""

    zone: str
    negative_ttl: int


class DnsLookup(Report, frozen=True, kw_only=True, tag="netassist/dns/1"):
    """`name` is what was asked for, the reverse name of an address.

    `rcode` is the server's (RFC 6895), None where none answered; NXDOMAIN, and NOERROR without answers, are results.
    `authenticated` is the AD bit (RFC 4035): the resolver says that it validated; as good as the way to the resolver. `dnssec`
    says more: ``insecure`` where a resolver that does validate did not find the answer signed, ``bogus`` where it refused the
    answer for its signatures, ``unknown`` where the resolver does not validate; `dnssec_detail` is why. `aliases` are the names
    that CNAMEs lead to, in order. `resolver` is who was asked, `response_ms` how long its answer took.
    """

    name: str = ""
    record_type: str = "A"
    rcode: str | None = None
    answers: tuple[DnsAnswer, ...] = ()
    authenticated: bool | None = None
    dnssec: Dnssec = "unknown"
    dnssec_detail: str | None = None
    aliases: tuple[str, ...] = ()
    authority: Authority | None = None
    resolver: str | None = None
    response_ms: float | None = None


class _State(NamedTuple):
    dnssec: Dnssec
    detail: str


async def dns_lookup(network: Network, name: str, record_type: str = "A") -> DnsLookup:
    """Look up the records of one type; of an address, its name (PTR), whichever type is asked for."""
    watch = Stopwatch()
    question, kind = name, record_type
    try:
        question, kind = _question(name, record_type)
        response = await ask(network, question, kind)
    except Failed as failed:
        return DnsLookup(target=name, name=question, record_type=kind, status="failed", error=failed.failure, **watch.stamp())
    rcode = dns.rcode.to_text(response.rcode())
    answered = rcode in ("NOERROR", "NXDOMAIN")
    state = await _dnssec(network, question, kind, response)
    error = None if answered else Failure("unresolvable", f"{question} {kind}: {_refusal(rcode, state)}")
    return DnsLookup(
        target=name,
        name=question,
        record_type=kind,
        status="ok" if answered else "partial",
        error=error,
        rcode=rcode,
        answers=tuple(_answers(response)),
        authenticated=bool(response.flags & dns.flags.AD) if answered else None,
        dnssec=state.dnssec,
        dnssec_detail=state.detail,
        aliases=_aliases(response, question),
        authority=_authority(response),
        resolver=_asked(network),
        response_ms=round(response.time * 1000, 3) if response.time is not None else None,
        **watch.stamp(),
    )


def _question(name: str, record_type: str) -> tuple[str, str]:
    if record_type not in RECORD_TYPES:
        raise Failed("invalid", f"{record_type!r} is not a record type; there are {', '.join(RECORD_TYPES)}")
    address = parse_address(name)
    if address is not None:
        return dns.reversename.from_address(str(address)).to_text(omit_final_dot=True), "PTR"
    try:
        return parse_host(name).host, record_type
    except ValueError as error:
        raise Failed("invalid", str(error)) from None


def _refusal(rcode: str, state: _State) -> str:
    if state.dnssec == "bogus":
        return f"the resolver answered {rcode}: {state.detail}; the zone's owner has to mend its signatures"
    return f"the resolver answered {rcode}; ask another, or later"


async def _dnssec(network: Network, name: str, kind: str, response: dns.message.Message) -> _State:
    """What is known of the answer's signatures. Whether the resolver validates is told by the root zone, which is signed."""
    if response.flags & dns.flags.AD:
        return _State("secure", "validated, says the resolver (AD bit)")
    told = [option for option in response.options if isinstance(option, dns.edns.EDEOption) and option.code in _BOGUS_CODES]
    if told and response.rcode() == dns.rcode.SERVFAIL:
        return _State("bogus", f"the signatures do not verify ({as_text(str(told[0]), 200)})")
    try:
        root = await ask(network, ".", "SOA", _STATE_SECONDS)
        if not root.flags & dns.flags.AD:
            return _State("unknown", "the resolver does not validate")
        if response.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return _State("insecure", "not signed, says a resolver that validates")
        unchecked = await ask(network, name, kind, _STATE_SECONDS, _ASKED | dns.flags.CD)
    except Failed:
        return _State("unknown", "whether the resolver validates could not be told")
    if response.rcode() == dns.rcode.SERVFAIL and unchecked.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return _State("bogus", "the signatures do not verify (the resolver answers only when it is told not to check)")
    return _State("unknown", "the resolver gave no answer to check")


async def ask(
    network: Network, name: str, record_type: str, most: float | None = None, flags: int = _ASKED
) -> dns.message.Message:
    """The response, whatever its code; Failed where no server gave any within the step time-out, and `most` seconds."""
    resolver = _resolver(network)
    resolver.flags = flags
    resolver.lifetime = seconds = max(0.05, min(network.timeout, network.remaining, most or network.timeout))
    resolver.timeout = min(resolver.timeout, seconds / 2)  # so that a lost question is asked again
    step = f"{name} {record_type}: asking {', '.join(map(str, resolver.nameservers))}"
    try:
        answering = resolver.resolve(dns.name.from_text(name), record_type, raise_on_no_answer=False, search=False)
        return (await network.within(answering, step, seconds + 1)).response
    except dns.resolver.NXDOMAIN as error:
        responses: list[dns.message.Message] = list(error.kwargs["responses"].values())
        return responses[-1]
    except dns.resolver.NoNameservers as error:
        for *_, cause, response in reversed(error.kwargs["errors"]):
            if isinstance(response, dns.message.Message):
                return response
            if isinstance(cause, OSError):
                raise Failed("unreachable", f"{step}: {cause.strerror or cause}; check the resolver") from None
        raise Failed("protocol", f"{step}: no usable answer; check the resolver") from None
    except dns.exception.Timeout:
        raise Failed("timeout", f"{step}: no answer within {seconds:.3g} s; check the resolver") from None
    except dns.exception.DNSException as error:
        raise Failed("protocol", f"{step}: {as_text(str(error), 200)}") from None


def _resolver(network: Network) -> dns.asyncresolver.Resolver:
    try:
        resolver = dns.asyncresolver.Resolver(configure=network.resolver is None)
    except dns.resolver.NoResolverConfiguration:
        raise Failed("unresolvable", "no name server is configured; see /etc/resolv.conf") from None
    if network.resolver is not None:
        bare = parse_address(network.resolver)
        try:
            parts = urlsplit(f"//{network.resolver}" if bare is None else f"//[{bare}]" if bare.version == 6 else f"//{bare}")
            resolver.nameservers, resolver.port = [parts.hostname or ""], parts.port or 53
        except ValueError:
            shown = as_text(network.resolver, 100)
            raise Failed("invalid", f"the resolver {shown!r} is neither an address nor address:port; correct it") from None
    resolver.use_edns(0, 0, _UDP_PAYLOAD)
    return resolver


def _asked(network: Network) -> str | None:
    if network.resolver is not None:
        return network.resolver
    servers = _resolver(network).nameservers
    return str(servers[0]) if servers else None


def _aliases(response: dns.message.Message, name: str) -> tuple[str, ...]:
    """Where the CNAMEs of the answer lead from `name`, in order; a circle is left where it closes."""
    targets = {rrset.name: record.target for rrset in response.answer if rrset.rdtype == dns.rdatatype.CNAME for record in rrset}
    chain, at = list[dns.name.Name](), dns.name.from_text(name)
    while (at := targets.get(at, dns.name.root)) != dns.name.root and at not in chain and len(chain) < MOST_ANSWERS:
        chain.append(at)
    return tuple(as_text(found.to_text(omit_final_dot=True), 255) for found in chain)


def _authority(response: dns.message.Message) -> Authority | None:
    """The SOA record beside an answer that there is nothing (RFC 2308, section 3)."""
    for rrset in response.authority:
        for record in rrset:
            if isinstance(record, dns.rdtypes.ANY.SOA.SOA):
                return Authority(as_text(rrset.name.to_text().rstrip("."), 255) or ".", min(rrset.ttl, record.minimum))
    return None


def _answers(response: dns.message.Message) -> Iterator[DnsAnswer]:
    records = ((rrset, record) for rrset in response.answer for record in rrset)
    for (rrset, record), _ in zip(records, range(MOST_ANSWERS), strict=False):
        data = b"".join(record.strings) if isinstance(record, dns.rdtypes.ANY.TXT.TXT) else record.to_text()
        name = as_text(rrset.name.to_text(omit_final_dot=True), 255)
        yield DnsAnswer(name, dns.rdatatype.to_text(rrset.rdtype), rrset.ttl, as_text(data, _DATA_LIMIT))
