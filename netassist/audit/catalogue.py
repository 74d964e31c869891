"""Every rule there is, from the tables that make the findings: what `netassist rules` and docs/rules.md show."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import cache

import msgspec

from netassist.audit.rule import Rule
from netassist.observations import Severity

FAMILIES: Mapping[str, str] = {
    "certificate": "Certificates of TLS servers",
    "http": "Web servers",
    "mail": "Mail servers and domains",
    "nmap": "Nmap's vulnerability scripts",
    "ping": "Reachability",
    "policy": "TLS policies that a project asks for",
    "quantum": "Key exchange and quantum computers",
    "service": "Services that are open",
    "software": "Versions",
    "ssh": "SSH servers",
    "tls": "TLS servers",
    "whois": "Registrations of domains",
}
"""Families of rules by the first part of their ids."""


class CatalogueEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. `id` is that of its findings; ``nmap.SCRIPT`` stands for every script's."""

    id: str
    family: str
    severity: Severity
    title: str
    rationale: str
    fix: str
    references: tuple[str, ...]


@cache
def catalogue() -> Mapping[str, CatalogueEntry]:
    """The rules by their ids, in alphabetical order."""
    entries = (
        CatalogueEntry(
            id=id,
            family=id.partition(".")[0],
            severity=rule.severity,
            title=rule.title,
            rationale=rule.detail,
            fix=rule.fix,
            references=rule.references,
        )
        for id, rule in _rules()
    )
    return {entry.id: entry for entry in sorted(entries, key=lambda entry: entry.id)}


def is_rule(id: str) -> bool:
    """Whether findings of this id can come up."""
    return id in catalogue() or (id.startswith("nmap.") and len(id) > len("nmap."))


def _rules() -> Iterator[tuple[str, Rule]]:
    from netassist.audit import end_of_life, exposed, posture, tls_configuration, tls_findings
    from netassist.audit.rules import certificate, nmap
    from netassist.tls.policies import policies

    for family in ("http", "mail", "ping", "quantum", "ssh", "whois"):
        yield from importlib.import_module(f"netassist.audit.rules.{family}").RULES.items()
    yield from exposed.RULES.items()
    yield from posture.RULES.items()
    for table in (certificate.RULES, certificate.KEY_RULES, certificate.OTHER_RULES):
        yield from ((f"certificate.{word}", rule) for word, rule in table.items())
    for held in (tls_findings.RULES, tls_configuration.RULES):
        yield from ((f"tls.{word}", rule) for word, rule in held.items())
    yield "nmap.SCRIPT", nmap.SCRIPT
    yield "software.end_of_life", end_of_life.RULE
    yield from ((f"policy.{name}", posture.policy_rule(name)) for name in policies())
