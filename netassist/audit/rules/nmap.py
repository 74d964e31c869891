"""What a port scan means: services that should not be open, old versions, and what Nmap's vulnerability scripts have found."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from netassist.audit import exposed as services
from netassist.audit.end_of_life import Seen, end_of_life
from netassist.audit.rule import Rule
from netassist.observations import Finding
from netassist.probes.nmap import NmapScan

SCRIPT = Rule(
    "high",
    "An Nmap script says: vulnerable",
    "An Nmap script that tests for this weakness says so.",
    "Update or reconfigure the service as the references say, then scan again.",
    ("https://nmap.org/nsedoc/categories/vuln.html",),
)
"""The rule ``nmap.SCRIPT`` for each script of that name; of medium severity where it says *likely*."""

# Nmap's vulns library writes "State: VULNERABLE", "LIKELY VULNERABLE" or "NOT VULNERABLE".
_STATE = re.compile(r"State: (LIKELY VULNERABLE|VULNERABLE)\b")
_CVE = re.compile(r"\bCVE-\d{4}-\d{4,7}\b")


def judge(scan: NmapScan) -> Iterator[Finding]:
    yield from services.exposed(
        services.Seen(
            host.address,
            port.port,
            port.protocol,
            port.service,
            probed=port.probed,
            product=" ".join(filter(None, (port.product, port.version))),
            tls=port.tunnel == "ssl",
        )
        for host in scan.hosts
        for port in host.ports
        if port.state == "open"
    )
    yield from end_of_life(
        (
            Seen(
                f"{host.address} {port.port}/{port.protocol}",
                " ".join(filter(None, (port.product, port.version, port.extra))),
                port.cpe,
            )
            for host in scan.hosts
            for port in host.ports
            if port.state == "open" and port.probed
        ),
        scan.started.date(),
    )
    yield from _vulnerabilities(scan)


def _vulnerabilities(scan: NmapScan) -> Iterator[Finding]:
    hits: defaultdict[tuple[str, bool], list[tuple[str, str, frozenset[str]]]] = defaultdict(list)
    for host in scan.hosts:
        outputs = [(host.address, host.scripts, host.script_data)]
        outputs += [(f"{host.address} {port.port}/{port.protocol}", port.scripts, port.script_data) for port in host.ports]
        for where, scripts, data in outputs:
            for name, output in scripts.items():
                for state, found in _states(output, data.get(name)):
                    hits[name, state == "LIKELY VULNERABLE"].append((where, output, found))
    for (name, likely), places in hits.items():
        cves = sorted({cve for _, _, found in places for cve in found})
        yield Finding(
            id=f"nmap.{name}",
            severity="medium" if likely else SCRIPT.severity,
            title=f"{name}: {'likely vulnerable' if likely else 'vulnerable'}" + (f" ({', '.join(cves)})" if cves else ""),
            detail=SCRIPT.detail,
            evidence="; ".join(dict.fromkeys(f"{where}: {output[:300]}" for where, output, _ in places[:10])),
            fix=SCRIPT.fix,
            references=tuple(f"https://nvd.nist.gov/vuln/detail/{cve}" for cve in cves)
            or (f"https://nmap.org/nsedoc/scripts/{name}.html",),
        )


def _states(output: str, data: object) -> Iterator[tuple[str, frozenset[str]]]:
    """Each weakness that a script found: by the tables that Nmap's vulns library fills, else by its text."""
    tables = [row for row in data.values() if isinstance(row, dict) and "state" in row] if isinstance(data, dict) else []
    for table in tables:
        state = str(table["state"])
        if state.startswith(("VULNERABLE", "LIKELY VULNERABLE")):
            words = " ".join(_texts(table.get("ids"))) or " ".join(_texts(table))
            yield "LIKELY VULNERABLE" if state.startswith("LIKELY") else "VULNERABLE", frozenset(_CVE.findall(words))
    if not tables and (found := _STATE.search(output)):
        yield found[1], frozenset(_CVE.findall(output))


def _texts(data: object) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | tuple | list):
        for item in data.values() if isinstance(data, dict) else data:
            yield from _texts(item)
