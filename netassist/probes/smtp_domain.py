"""What a domain publishes about its mail: MX, SPF, DMARC, DKIM, MTA-STS, TLS reporting.

Only the resolver is asked, and by HTTPS for MTA-STS the host ``mta-sts.DOMAIN``, which the standard derives from the name
(RFC 8461, section 3.2).
"""

from __future__ import annotations

import asyncio
from typing import Literal, NamedTuple

import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.TXT
import msgspec

from netassist.network import Network
from netassist.observations import Failed, Failure
from netassist.probes.dns import ask
from netassist.probes.smtp_dkim import Dkim, dkim
from netassist.probes.smtp_policies import Dmarc, MtaSts, TlsRpt, read_dmarc, read_mta_sts, read_policy, read_tls_rpt
from netassist.probes.smtp_spf import Spf, spf
from netassist.targets import parse_address, parse_host, parse_url
from netassist.untrusted import as_text

POLICY_PORT = 443
POLICY_BYTES = 65536
MOST_MX, MOST_TEXTS = 50, 50
_LEVELS = 3
"""How many names, from a host's own upwards, are asked for their MX records."""


class Mx(msgspec.Struct, frozen=True):
    """One mail server of a domain; the lowest preference is tried first (RFC 5321, section 5.1)."""

    preference: int
    host: str


class MailDomain(msgspec.Struct, frozen=True, kw_only=True):
    """`takes_mail` is false where the domain says so by a null MX (RFC 7505)."""

    name: str
    mx: tuple[Mx, ...] = ()
    takes_mail: bool = True
    spf: Spf
    dmarc: Dmarc
    dkim: Dkim
    mta_sts: MtaSts
    tls_rpt: TlsRpt


class Exchangers(NamedTuple):
    """The domain that a host belongs to, and its mail servers, the first to be tried first."""

    domain: str
    mx: tuple[Mx, ...]
    takes_mail: bool


async def exchangers(network: Network, host: str) -> Exchangers | None:
    """Whose mail a host takes: its own, by MX records of its name, or that of the domain above it whose MX it is.

    None where it is an address, or no name has such records, and the host publishes no SPF record either.

    Raises:
        Failed: the resolver does not answer.
    """
    if parse_address(host) is not None or "." not in host:
        return None
    labels = host.split(".")
    names = [".".join(labels[at:]) for at in range(len(labels) - 1)][:_LEVELS]
    found = await asyncio.gather(*(_mx(network, name) for name in names), return_exceptions=True)
    for name, answer in zip(names, found, strict=True):
        if isinstance(answer, Failed):
            if name == host:
                raise answer
        elif isinstance(answer, BaseException):
            raise answer
        elif answer and (name == host or host in [mx.host for mx in answer]):
            null = all(not mx.host for mx in answer)
            return Exchangers(name, () if null else answer, not null)
    own = await texts(network, host)
    return Exchangers(host, (), True) if any(text.lower().startswith("v=spf1") for text in own) else None


async def published(network: Network, found: Exchangers) -> MailDomain:
    """All that the domain publishes, asked for at once; what did not answer is unknown in its place."""
    domain = found.domain

    async def records(name: str) -> tuple[str, ...]:
        return await texts(network, name)

    async def exists(name: str) -> bool:
        return (await _answered(network, name, "TXT")).rcode() != dns.rcode.NXDOMAIN

    answers = await asyncio.gather(
        spf(domain, records),
        _dmarc(network, domain),
        dkim(domain, exists, records),
        _mta_sts(network, found),
        _tls_rpt(network, domain),
    )
    spf_, dmarc, keys, mta_sts, tls_rpt = answers
    return MailDomain(
        name=domain, mx=found.mx, takes_mail=found.takes_mail, spf=spf_, dmarc=dmarc, dkim=keys, mta_sts=mta_sts, tls_rpt=tls_rpt
    )


async def texts(network: Network, name: str) -> tuple[str, ...]:
    """The TXT records of a name, each put together; none where there is no such name. Raises Failed."""
    response = await _answered(network, name, "TXT")
    joined = (b"".join(record.strings) for record in _records(response) if isinstance(record, dns.rdtypes.ANY.TXT.TXT))
    return tuple(text.decode("utf-8", "replace") for text, _ in zip(joined, range(MOST_TEXTS), strict=False))


async def _mx(network: Network, name: str) -> tuple[Mx, ...]:
    """In the order in which they are tried; a null MX has an empty host."""
    response = await _answered(network, name, "MX")
    records = (record for record in _records(response) if isinstance(record, dns.rdtypes.ANY.MX.MX))
    found = [Mx(record.preference, _host(record.exchange)) for record in records]
    return tuple(sorted(found, key=lambda mx: (mx.preference, mx.host))[:MOST_MX])


def _host(name: dns.name.Name) -> str:
    text = name.to_text(omit_final_dot=True).lower()
    return "" if name == dns.name.root else as_text(text, 255)


async def _answered(network: Network, name: str, kind: str) -> dns.message.Message:
    """Raises Failed where the resolver gives no answer, or a code that is none."""
    response = await ask(network, name, kind)
    if response.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise Failed("unresolvable", f"{name} {kind}: the resolver answered {dns.rcode.to_text(response.rcode())}")
    return response


def _records(response: dns.message.Message) -> list[dns.rdata.Rdata]:
    return [record for rrset in response.answer for record in rrset]


async def _dmarc(network: Network, domain: str) -> Dmarc:
    """The domain's own record, or the nearest above it, down to two labels (RFC 7489, section 6.6.3, by the names alone)."""
    labels = domain.split(".")
    for at in range(max(1, len(labels) - 1))[: _LEVELS + 1]:
        name = ".".join(labels[at:])
        try:
            found = await texts(network, f"_dmarc.{name}")
        except Failed as failed:
            return Dmarc(verdict="unknown", detail=failed.failure.message)
        if records := [text for text in found if text.replace(" ", "").lower().startswith("v=dmarc1")]:
            return read_dmarc(records, name, inherited=name != domain)
    return Dmarc(verdict="absent")


async def _tls_rpt(network: Network, domain: str) -> TlsRpt:
    try:
        found = await texts(network, f"_smtp._tls.{domain}")
    except Failed as failed:
        return TlsRpt(verdict="unknown", detail=failed.failure.message)
    return read_tls_rpt([text for text in found if text.lower().startswith("v=tlsrptv1")])


async def _mta_sts(network: Network, found: Exchangers) -> MtaSts:
    try:
        announced = [text for text in await texts(network, f"_mta-sts.{found.domain}") if text.lower().startswith("v=stsv1")]
    except Failed as failed:
        return MtaSts(verdict="unknown", detail=failed.failure.message)
    record = read_mta_sts(announced)
    if record.verdict != "present":
        return record
    try:
        policy = await _policy(network, found.domain)
    except Failed as failed:
        kind: Literal["invalid", "unknown"] = "invalid" if failed.failure.kind in ("protocol", "unresolvable") else "unknown"
        why = failed.failure.message
        return msgspec.structs.replace(record, verdict=kind, problems=(why,) if kind == "invalid" else (), detail=why)
    return read_policy(record, policy, [mx.host for mx in found.mx])


async def _policy(network: Network, domain: str) -> str:
    """The policy by HTTPS with a certificate that verifies, without redirects (RFC 8461, section 3.3). Raises Failed."""
    from netassist.probes.http_exchange import Untrusted, get

    host = f"mta-sts.{domain}"
    port = "" if POLICY_PORT == 443 else f":{POLICY_PORT}"
    url = parse_url(f"https://{host}{port}/.well-known/mta-sts.txt")
    scope = network.scope
    try:
        scope.check_host(host)
    except Failed:
        scope = scope.learning(host)
    with network.beside(scope) as own:
        try:
            answer = await network.within(get(own, url, limit=POLICY_BYTES + 1), f"{host}: fetching the MTA-STS policy")
        except Untrusted as untrusted:
            raise Failed("protocol", f"{host}: its certificate does not verify ({untrusted})") from None
    if answer.cut is not None:
        raise answer.cut
    if answer.status_code != 200:
        raise Failed("protocol", f"{host}: answers with the status {answer.status_code} instead of a policy")
    if len(answer.body) > POLICY_BYTES:
        raise Failed("protocol", f"{host}: the policy is longer than {POLICY_BYTES} bytes")
    return answer.body.decode("utf-8", "replace")


def failure_of(domain: MailDomain) -> Failure | None:
    """The first thing that could not be established."""
    parts = (domain.spf, domain.dmarc, domain.dkim, domain.mta_sts, domain.tls_rpt)
    for part in parts:
        if part.verdict == "unknown":
            return Failure("unresolvable", part.detail or f"{domain.name}: not everything could be looked up")
    return None


def ascii_host(host: str) -> str:
    """The host as the DNS takes it. Raises Failed(invalid)."""
    try:
        return parse_host(host).host
    except ValueError as error:
        raise Failed("invalid", str(error)) from None
