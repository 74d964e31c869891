"""Who registered a domain, a network or an AS number, and until when? By RDAP (RFC 9082, RFC 9083), without WHOIS of port 43."""

from __future__ import annotations

import ipaddress
import re
from typing import Literal, NamedTuple

import msgspec

from netassist.network import Network, Progress
from netassist.observations import Failed, Failure, Report, Stopwatch
from netassist.probes import rdap_bootstrap
from netassist.probes.rdap import Registration, read
from netassist.probes.rdap_bootstrap import Bootstrap, Service
from netassist.probes.rdap_fetch import NOT_TAKEN, RdapAnswer, ask
from netassist.targets import Network as Cidr
from netassist.targets import host_of, parse_address, parse_host, parse_network
from netassist.untrusted import as_text

MOST_LEVELS = 5
"""How many names a host name is asked under, from itself upwards, until one is registered."""
_NUMBER = re.compile(r"(?:as|asn)?\s*(\d{1,10})", re.IGNORECASE)
_SPECIAL_NAMES = {
    "localhost": "RFC 6761", "test": "RFC 6761", "invalid": "RFC 6761", "example": "RFC 6761", "local": "RFC 6762",
    "onion": "RFC 7686", "internal": "ICANN, reserved for private use", "home.arpa": "RFC 8375", "alt": "RFC 9476",
}  # fmt: skip
_SPECIAL_ADDRESSES = (
    ("is_loopback", "loopback"), ("is_link_local", "link-local"), ("is_multicast", "multicast"),
    ("is_unspecified", "unspecified"), ("is_private", "for private or special use"), ("is_reserved", "reserved"),
)  # fmt: skip

Kind = Literal["domain", "address", "network", "autonomous_system"]
Outcome = Literal["registered", "not_registered", "special_use", "no_service"]


class Whois(Report, frozen=True, kw_only=True, tag="netassist/whois/1"):
    """`query` is what was asked for, in the form that registries take; `servers` are the URLs that answered, in order.

    `name` is what is registered: `query`, or the nearest name above a host's. `outcome`: ``not_registered`` is the registry's
    answer that it knows of none; ``special_use`` needs no registry, `note` says why; ``no_service`` is that IANA lists no RDAP
    server for it, so that nothing is known, and the report has failed. None: not established.
    """

    query: str = ""
    kind: Kind | None = None
    outcome: Outcome | None = None
    name: str | None = None
    registration: Registration | None = None
    servers: tuple[str, ...] = ()
    list_as_of: str | None = None
    note: str | None = None


class _Question(NamedTuple):
    """`paths` are asked in order until one is found; `special` says why nobody need be asked."""

    query: str
    kind: Kind
    registry: rdap_bootstrap.Name
    special: str | None = None


async def whois_lookup(network: Network, name: str) -> Whois:
    """Ask the registry that IANA names. The host itself is not touched."""
    watch = Stopwatch()
    report = Whois(target=as_text(name, 255), status="failed", started=watch.started, duration_s=0.0)
    try:
        question = _question(name)
        report = msgspec.structs.replace(report, query=question.query, kind=question.kind)
        if question.special is not None:
            found = msgspec.structs.replace(report, status="ok", outcome="special_use", note=question.special)
        else:
            found = await _looked_up(network, question, report)
    except Failed as failed:
        found = msgspec.structs.replace(report, error=failed.failure)
    return msgspec.structs.replace(found, duration_s=watch.stamp()["duration_s"])


def _question(text: str) -> _Question:
    """Raises Failed(invalid)."""
    if number := _NUMBER.fullmatch(text.strip()):
        if int(number[1]) >= 2**32:
            raise Failed("invalid", f"{text}: AS numbers end at 4294967295")
        return _Question(f"AS{int(number[1])}", "autonomous_system", "asn", _special_number(int(number[1])))
    bare = host_of(text) if "://" in text else text
    area = parse_network(bare)
    address = parse_address(bare)
    if area is None and address is not None:
        area = ipaddress.ip_network(address)
    if area is not None:
        registry: rdap_bootstrap.Name = "ipv6" if area.version == 6 else "ipv4"
        kind: Kind = "address" if address is not None else "network"
        return _Question(str(address or area), kind, registry, _special_network(area))
    try:
        name = parse_host(bare).host
    except ValueError as error:
        raise Failed("invalid", str(error)) from None
    if "." not in name:
        raise Failed("invalid", f"{text}: a name without a dot is registered nowhere; give it with its domain")
    special = next((why for zone, why in _SPECIAL_NAMES.items() if f".{name}".endswith(f".{zone}")), None)
    return _Question(name, "domain", "dns", f"names below it belong to nobody ({special})" if special else None)


def _special_network(area: Cidr) -> str | None:
    """What the standards keep a network for (IANA special-purpose address registries)."""
    if area.is_global:
        return None
    kind = next((words for flag, words in _SPECIAL_ADDRESSES if getattr(area, flag)), None)
    return f"it is {kind}, so no registry gives it to anybody" if kind else None


def _special_number(number: int) -> str | None:
    private = 64512 <= number <= 65534 or 4_200_000_000 <= number <= 4_294_967_294  # RFC 6996
    documentation = 64496 <= number <= 64511 or 65536 <= number <= 65551  # RFC 5398
    if private or documentation or number in (0, 23456, 65535, 4_294_967_295):
        kind = "private use" if private else "documentation" if documentation else "special use"
        return f"it is kept for {kind}, so no registry gives it to anybody"
    return None


async def _looked_up(network: Network, question: _Question, report: Whois) -> Whois:
    registry = rdap_bootstrap.load(question.registry)
    report = msgspec.structs.replace(report, list_as_of=registry.day)
    service = _service(question, registry)
    if service is None:
        return msgspec.structs.replace(report, outcome="no_service", error=_unserved(question, registry))
    network.progress(Progress(f"whois {question.query}: asking {host_of(service.urls[0])}"))
    names = _names(question, service)
    for name in names:
        answer = await _asked(network, service, _path(question, name), below=name != names[-1])
        report = msgspec.structs.replace(report, servers=(*report.servers, as_text(answer.url, 1000)))
        if answer.content is not None:
            return await _registered(network, question, report, name, answer)
    return msgspec.structs.replace(report, status="ok", outcome="not_registered")


async def _registered(network: Network, question: _Question, report: Whois, name: str, answer: RdapAnswer) -> Whois:
    """Raises Failed(protocol) where the answer is none, or about something else."""
    try:
        registration = read(answer.content)
    except ValueError as error:
        raise Failed("protocol", f"{host_of(answer.url)}: does not answer as RDAP servers do: {error}") from None
    if not _is_about(question, registration):
        raise Failed("protocol", f"{host_of(answer.url)}: answers about something else than {as_text(name, 255)}")
    report = msgspec.structs.replace(report, status="ok", outcome="registered", name=name, registration=registration)
    if registration.kind == "domain" and registration.related:
        return await _completed(network, report, registration, registration.related)
    return report


def _is_about(question: _Question, found: Registration) -> bool:
    """Whether an answer is of the kind that was asked for, and a network or a block of numbers holds what was asked for."""
    if question.kind == "domain":
        return found.kind == "domain"
    if question.kind == "autonomous_system":
        number, first, last = int(question.query.removeprefix("AS")), found.first or "0", found.last or str(2**32)
        inside = first.isdecimal() and last.isdecimal() and int(first) <= number <= int(last)
        return found.kind == "autonomous_system" and inside
    area, begin, end = ipaddress.ip_network(question.query), parse_address(found.first or ""), parse_address(found.last or "")
    if found.kind != "network" or begin is None or end is None or not begin.version == end.version == area.version:
        return False
    return int(begin) <= int(area.network_address) <= int(end)


def _service(question: _Question, registry: Bootstrap) -> Service | None:
    if question.kind == "domain":
        return rdap_bootstrap.for_domain(registry, question.query)
    if question.kind == "autonomous_system":
        return rdap_bootstrap.for_number(registry, int(question.query.removeprefix("AS")))
    return rdap_bootstrap.for_network(registry, ipaddress.ip_network(question.query))


def _unserved(question: _Question, registry: Bootstrap) -> Failure:
    if question.kind != "domain":
        message = f"{question.query}: IANA's list of {registry.day} names no RDAP server for it; is it given out?"
        return Failure("protocol", message)
    top = question.query.rsplit(".", 1)[-1]
    reason = f"the registry of .{top} offers no RDAP (IANA's list of {registry.day})"
    where = f"see https://www.iana.org/domains/root/db/{top}.html for its registry's own service"
    return Failure("protocol", f"{question.query}: {reason}; {where}")


def _names(question: _Question, service: Service) -> list[str]:
    """What is asked for in turn: of a domain its name and those above it, down to one label below the registry's entry."""
    if question.kind != "domain":
        return [question.query]
    labels = question.query.split(".")
    above = len(service.entry.split("."))
    names = [".".join(labels[at:]) for at in range(len(labels) - above)] or [question.query]
    return names[-MOST_LEVELS:]


def _path(question: _Question, name: str) -> str:
    """RFC 9082, section 3.1."""
    if question.kind == "autonomous_system":
        return f"autnum/{name.removeprefix('AS')}"
    return f"domain/{name}" if question.kind == "domain" else f"ip/{name}"


async def _asked(network: Network, service: Service, path: str, *, below: bool) -> RdapAnswer:
    """By the first of the registry's URLs that answers; HTTP only where it has no other. `below`: it need not be a domain."""
    secure = [url for url in service.urls if url.startswith("https://")] or list(service.urls)
    failure: Failed | None = None
    for base in secure:
        try:
            url = f"{base.rstrip('/')}/{path}"
            return await (ask(network, url, NOT_TAKEN) if below else ask(network, url))
        except Failed as failed:
            failure = failed
            if failed.failure.kind in ("rate_limited", "out_of_scope") or not network.remaining:
                break
    raise failure or Failed("protocol", f"{service.entry}: IANA's list holds no URL for it")


async def _completed(network: Network, report: Whois, registration: Registration, related: str) -> Whois:
    """With what the registrar knows and the registry does not; where it does not answer, `note` says so."""
    try:
        answer = await ask(network, related)
        more = read(answer.content)
    except Failed as failed:
        why = f"the registrar's own server was asked too, in vain: {failed.failure.message}"
        return msgspec.structs.replace(report, note=why)
    except ValueError:
        return msgspec.structs.replace(report, note="the registrar's own server was asked too, and knows nothing of it")
    kept = ("holder", "country", "abuse", "registrar", "registrar_id", "withheld", "contacts")
    missing = {name: getattr(more, name) for name in kept if not getattr(registration, name)}
    whole = msgspec.structs.replace(registration, **missing)
    return msgspec.structs.replace(report, registration=whole, servers=(*report.servers, as_text(answer.url, 1000)))
