"""How ready the servers are for quantum computers, for the HTML page: the verdicts that stand in the reports, counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from netassist.observations import Report
from netassist.probes.ssh import SshAudit
from netassist.quantum import QuantumCheck
from netassist.reports.html.certificates import WIDTH
from netassist.reports.located import Place, place_of
from netassist.tls.audit import TlsAudit
from netassist.tls.deadlines import Deadline
from netassist.tls.key_exchange import Verdict

WORDS: Mapping[Verdict, str] = {
    "safe": "quantum safe",
    "available": "offered, but usual clients do not get it",
    "not_safe": "not quantum safe",
    "unknown": "unknown",
}
_ORDER: tuple[Verdict, ...] = ("not_safe", "available", "unknown", "safe")
CLASSES: Mapping[Verdict, str] = {"safe": "good", "available": "warn", "not_safe": "bad", "unknown": "plain"}


class Server(NamedTuple):
    place: Place
    protocol: str
    verdict: Verdict
    negotiated: str
    authentication: str
    deadline: Deadline | None


class Share(NamedTuple):
    """How many servers have a verdict, and its part of the bar."""

    verdict: Verdict
    number: int
    x: float
    width: float


class Readiness(NamedTuple):
    servers: tuple[Server, ...]
    shares: tuple[Share, ...]
    words: Mapping[Verdict, str] = WORDS
    classes: Mapping[Verdict, str] = CLASSES


def readiness(reports: Sequence[Report]) -> Readiness | None:
    """Each server once, by the check that tells most; None where no check asked."""
    found: dict[tuple[str, int | None, str], Server] = {}
    for kind in (SshAudit, TlsAudit, QuantumCheck):
        for report in reports:
            if isinstance(report, kind) and (server := _server(report)) is not None:
                key = server.place.host, server.place.port, server.protocol
                # An answer is worth more than none, and of two answers the later check's.
                if key not in found or server.verdict != "unknown":
                    found[key] = server
    if not found:
        return None
    shares, x = [], 0.0
    for verdict in WORDS:
        number = sum(server.verdict == verdict for server in found.values())
        width = round(WIDTH * number / len(found), 1)
        shares.append(Share(verdict, number, x, width))
        x += width
    servers = sorted(found.values(), key=lambda server: (_ORDER.index(server.verdict), str(server.place)))
    return Readiness(tuple(servers), tuple(shares))


def _server(report: Report) -> Server | None:
    place = place_of(report)
    match report:
        case QuantumCheck():
            proof = report.authentication
            keys = proof.leaf_key or ", ".join(proof.host_keys[:4])
            return Server(
                place,
                report.protocol.upper(),
                report.verdict,
                report.key_exchange.negotiated or "",
                keys,
                _first(report.deadlines),
            )
        case TlsAudit():
            got = report.key_exchange.negotiated if report.key_exchange else None
            keys = ", ".join(_keys(report))
            return Server(place, "TLS", report.quantum, got or "", keys, _first(report.deadlines))
        case SshAudit():
            # Which exchange OpenSSH's client gets is what the audit tells; None: not established.
            verdicts: dict[bool | None, Verdict] = {True: "safe", False: "not_safe", None: "unknown"}
            keys = ", ".join(dict.fromkeys(key.type for key in report.host_keys))
            return Server(place, "SSH", verdicts[report.post_quantum], report.negotiated or "", keys, None)
    return None


def _keys(audit: TlsAudit) -> list[str]:
    keys = [info.chain[0].key for info in audit.certificates if info.chain]
    shown = [key.parameter_set or " ".join(filter(None, (key.type, str(key.curve or key.bits or "")))) for key in keys]
    return list(dict.fromkeys(shown))


def _first(deadlines: Sequence[Deadline]) -> Deadline | None:
    return min(deadlines, key=lambda deadline: deadline.after, default=None)
