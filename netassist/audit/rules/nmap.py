"""What a port scan means: services that should not be open, and what Nmap's vulnerability scripts have found."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from netassist.audit.exposed import Seen, exposed
from netassist.observations import Finding
from netassist.probes.nmap import NmapScan

# Nmap's vulns library writes "State: VULNERABLE", "LIKELY VULNERABLE" or "NOT VULNERABLE".
_STATE = re.compile(r"State: (LIKELY VULNERABLE|VULNERABLE)\b")
_CVE = re.compile(r"\bCVE-\d{4}-\d{4,7}\b")


def judge(scan: NmapScan) -> Iterator[Finding]:
    yield from exposed(
        Seen(
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
    yield from _vulnerabilities(scan)


def _vulnerabilities(scan: NmapScan) -> Iterator[Finding]:
    hits: defaultdict[tuple[str, bool], list[tuple[str, str]]] = defaultdict(list)
    for host in scan.hosts:
        outputs = [(host.address, host.scripts)]
        outputs += [(f"{host.address} {port.port}/{port.protocol}", port.scripts) for port in host.ports]
        for where, scripts in outputs:
            for name, output in scripts.items():
                if found := _STATE.search(output):
                    hits[name, found[1].startswith("LIKELY")].append((where, output))
    for (name, likely), places in hits.items():
        cves = sorted({cve for _, output in places for cve in _CVE.findall(output)})
        yield Finding(
            id=f"nmap.{name}",
            severity="medium" if likely else "high",
            title=f"{name}: {'likely vulnerable' if likely else 'vulnerable'}" + (f" ({', '.join(cves)})" if cves else ""),
            detail="An Nmap script that tests for this weakness says so.",
            evidence="; ".join(f"{where}: {output[:300]}" for where, output in places[:10]),
            fix="Update or reconfigure the service as the references say, then scan again.",
            references=tuple(f"https://nvd.nist.gov/vuln/detail/{cve}" for cve in cves)
            or (f"https://nmap.org/nsedoc/scripts/{name}.html",),
        )
