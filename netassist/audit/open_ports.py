"""What is open at a host: by Nmap, or by connecting where Nmap cannot tell."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from netassist.audit import judged
from netassist.audit.parts import Service
from netassist.network import Network
from netassist.observations import Failure, Report
from netassist.probes.nmap_ports import usual_ports
from netassist.probes.tcp import TcpCheck, tcp_check
from netassist.scope import port_list
from netassist.targets import port_numbers, port_ranges

# What is tried where there is no Nmap: ports whose services the audit can check, or that should not be open.
COMMON_PORTS = (21, 22, 23, 25, 80, 110, 139, 143, 443, 445, 465, 587, 636, 853, 993, 995, 1433, 1521, 2375, 3306, 3389,
                5432, 5900, 6379, 8080, 8443, 9200, 11211, 27017)  # fmt: skip
AT_ONCE = 4
_SCAN_SHARE = 0.6
"""Part of the call's time that the port scan may take, so that the checks still get theirs."""


class OpenPorts(NamedTuple):
    """`services` in the order of their ports; `tried` are the ports that were connected to one by one."""

    reports: tuple[Report, ...]
    failures: tuple[Failure, ...]
    services: tuple[Service, ...]
    tried: tuple[int, ...] = ()


async def open_ports(network: Network, host: str, profile: str, ports: str | None) -> OpenPorts:
    """The open ones of `ports` (Nmap's notation), or of the common ones; `profile` is how Nmap scans."""
    from netassist.probes.nmap import scan_within

    tell = network.progress
    network.progress = lambda progress: tell(progress._replace(fraction=(progress.fraction or 0) / 2))
    try:
        asked = ports or await _worth_asking(network, host)
        scan = await scan_within(network, host, profile, asked, network.remaining * _SCAN_SHARE)
        failures = [scan.error] if scan.error is not None else []
        if scan.hosts and ports is None and (closed := await network.closed_ports(host)):
            unseen = f"{host}: its ports {closed} were not looked at, because the scope closes them (see [scope] deny)"
            failures.append(Failure("out_of_scope", unseen))
        if scan.hosts:
            if not failures and any(item.state == "unknown" for item in scan.hosts):
                silent = f"{host}: nothing answered at any port; is it up, or does a firewall drop everything?"
                failures.append(Failure("unreachable", silent))
            seen = [Service.of(port) for item in scan.hosts for port in item.ports if port.state == "open"]
            if scan.error is not None:
                # What Nmap was not given the time to ask may tell its name by itself.
                seen = [await _greeted(network, host, service) for service in seen]
            ordered = sorted(seen, key=lambda service: (service.port, service.protocol))
            return OpenPorts((judged(scan),), tuple(failures), tuple(ordered))
        wanted = sorted(set(port_numbers(port_ranges(ports)))) if ports else COMMON_PORTS
        tried = await _tried(network, host, wanted)
    finally:
        network.progress = tell
    failures += [check.error for _, check in tried if check.error is not None]
    if left := len(wanted) - len(tried):
        why = "interrupted" if network.interrupted else "no time was left; name fewer, or allow more time"
        late = f"{host}: {left:,} of {len(wanted):,} ports were not tried: {why}"
        failures.append(Failure("timeout", late))
    reports = [judged(check) for _, check in tried if check.state == "open" or check.error is not None]
    services = [Service.heard(port, check) for port, check in tried if check.state == "open"]
    return OpenPorts((judged(scan), *reports), tuple(failures), tuple(services), tuple(port for port, _ in tried))


async def _worth_asking(network: Network, host: str) -> str | None:
    """The ports that Nmap takes by itself, and those that should not be open, as far as the scope has them; None where it does
    not tell which it takes.
    """
    import shutil

    from netassist.audit.exposed import TCP_PORTS

    usual = await usual_ports(program) if (program := shutil.which("nmap")) else frozenset[int]()
    if not usual:
        return None
    closed = await network.closed_ports(host)
    return port_list((usual | TCP_PORTS) - frozenset(port_numbers(port_ranges(closed)))) or None


async def _greeted(network: Network, host: str, service: Service) -> Service:
    if service.service is not None or service.tls or service.protocol != "tcp":
        return service
    return Service.heard(service.port, await tcp_check(network, host, service.port))


async def _tried(network: Network, host: str, ports: Sequence[int]) -> list[tuple[int, TcpCheck]]:
    """The ports by connecting to them, a few at a time, as far as the time suffices."""
    left, done = iter(ports), []

    async def work() -> None:
        while network.remaining and (port := next(left, None)) is not None:
            done.append((port, await tcp_check(network, host, port)))

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return sorted(done, key=lambda one: one[0])
