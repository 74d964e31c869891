"""What was asked of each host, and what came of it, for the HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netassist.audit.parts import Service
from netassist.audit.security_audit import SecurityAudit
from netassist.observations import Report
from netassist.reports.layout import BAD, CRITICAL, GOOD, NEUTRAL, UNKNOWN, WARN, Tone
from netassist.reports.located import parts, place_of, probe_of
from netassist.reports.text import verdict

_CLASSES = {GOOD: "good", NEUTRAL: "plain", WARN: "warn", UNKNOWN: "warn", BAD: "bad", CRITICAL: "bad"}
_WORDS = {"good": "good", "plain": "result", "warn": "attention", "bad": "problem"}


class Check(NamedTuple):
    """`tone` is a class of the style sheet, `mark` and `word` say the same without colour."""

    port: int | None
    probe: str
    sentence: str
    tone: str
    mark: str
    word: str


class Host(NamedTuple):
    name: str
    address: str
    services: tuple[Service, ...]
    checks: tuple[Check, ...]


def hosts(reports: Sequence[Report]) -> list[Host]:
    """In the order in which they were first asked; checks in their order."""
    services: dict[str, tuple[Service, ...]] = {}
    for report in reports:
        if isinstance(report, SecurityAudit):
            for host in report.hosts:
                place = place_of(report)
                name = place.host if host.address == place.address else host.address
                services[name] = host.services
    checks: dict[str, list[Check]] = {name: [] for name in services}
    addresses: dict[str, str] = {}
    for report in parts(reports):
        place = place_of(report)
        checks.setdefault(place.host, []).append(_check(report, place.port))
        if place.address and place.address != place.host:
            addresses.setdefault(place.host, place.address)
    return [Host(name, addresses.get(name, ""), services.get(name, ()), tuple(held)) for name, held in checks.items()]


def _check(report: Report, port: int | None) -> Check:
    text, tone = verdict(report)
    shown = _tone(tone)
    return Check(port, probe_of(report), text, shown, tone.mark, _WORDS[shown])


def _tone(tone: Tone) -> str:
    return _CLASSES.get(tone, {"accent": "warn", "dim": "plain"}.get(tone.style, "plain"))
