"""What a host's services say together that none says alone: protocols in plain text, resolvers for anybody, policies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

from netassist.address_space import is_public
from netassist.audit.findings import Place
from netassist.audit.rule import Rule
from netassist.observations import Endpoint, Failure, Finding, Report, schema_of
from netassist.targets import host_port, parse_address
from netassist.tls.policies import Judgement, policies

if TYPE_CHECKING:
    from netassist.audit.parts import Service
    from netassist.tls.audit import TlsAudit

RULES: dict[str, Rule] = {
    "service.no_starttls": Rule(
        "medium",
        "A service with logins that cannot be encrypted",
        "The service refuses to go over to TLS, so that passwords and data cross the network in clear text.",
        "Give it a certificate and turn STARTTLS on, or offer its port with TLS from the start alone (RFC 8314 for mail).",
        ("https://cwe.mitre.org/data/definitions/319.html", "https://www.rfc-editor.org/rfc/rfc8314"),
    ),
    "service.open_resolver": Rule(
        "medium",
        "A DNS server resolves names for strangers",
        "It amplifies floods against others, and lets whoever asks try to poison its cache. Whether it does so for all the world "
        "was seen from here alone.",
        "Let it resolve for its own networks only (BIND: allow-recursion; Unbound: access-control), and serve zones without it.",
        ("https://www.rfc-editor.org/rfc/rfc5358", "https://cwe.mitre.org/data/definitions/406.html"),
    ),
}  # fmt: skip


def policy_rule(policy: str) -> Rule:
    """The rule that a TLS server keeps to a named policy."""
    held = policies()[policy]
    return Rule(
        "medium",
        f"Deviates from {held.title}",
        f"The project asks its TLS servers to keep to this policy (version {held.version}).",
        "Configure the server as the policy says, or name the exception and its reason in the project file.",
        (held.source,),
    )


def plain_text(host: str, services: Sequence[Service], refusals: dict[int, str]) -> Iterator[tuple[Place, Finding]]:
    """Services that refused STARTTLS, with what they said by port; mail servers have a rule of their own."""
    for service in services:
        if service.starttls is False and service.service not in ("smtp", "submission") and service.port in refusals:
            said = refusals[service.port]
            yield Place(host, service.port, said), RULES["service.no_starttls"].finding("service.no_starttls", said)


def open_resolvers(host: str, address: str, services: Sequence[Service]) -> Iterator[tuple[Place, Finding]]:
    """DNS servers that resolve names for this machine; at an address that is not public that may be what they are for."""
    parsed = parse_address(address)
    rule = RULES["service.open_resolver"]
    rule = rule if parsed is not None and is_public(parsed) else rule._replace(severity="info")
    for service in services:
        if service.recursion:
            said = f"asked for the root's name servers at {address}, it says that recursion is available (RA)"
            yield Place(host, service.port, said), rule.finding("service.open_resolver", said)


def against(wanted: Sequence[str], reports: Sequence[Report]) -> Iterator[tuple[Place, Finding]]:
    """``policy.ID`` for each TLS server that deviates from a policy that is wanted."""
    for report, judgement in _judged(wanted, reports):
        if judgement.verdict == "deviates" and isinstance(report.target, Endpoint):
            said = "; ".join(judgement.deviations)
            found = policy_rule(judgement.id).finding(f"policy.{judgement.id}", said)
            yield Place(report.target.host, report.target.port, said), found


def not_judged(wanted: Sequence[str], reports: Sequence[Report]) -> Iterator[Failure]:
    """A policy that could not be judged is not kept."""
    for report, judgement in _judged(wanted, reports):
        if judgement.verdict == "unknown" and isinstance(report.target, Endpoint):
            missing = "; ".join(judgement.not_measured) or "not everything was measured"
            port = report.target.port
            where = host_port(report.target.host, port) if port is not None else report.target.host
            yield Failure("protocol", f"{where}: whether it keeps to {judgement.title} is unknown: {missing}")


def _judged(wanted: Sequence[str], reports: Sequence[Report]) -> Iterator[tuple[Report, Judgement]]:
    for report in reports:
        if schema_of(report) == "netassist/tls-audit/1":
            judgements = cast("TlsAudit", report).policies
            yield from ((report, judgement) for judgement in judgements if judgement.id in wanted)
