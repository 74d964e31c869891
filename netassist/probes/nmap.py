"""Which hosts are up, which ports are open and what runs there: the user's own Nmap, its argument vector made here."""

from __future__ import annotations

import asyncio
import math
import shutil
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from netassist.network import Network
from netassist.observations import Endpoint, Failed, Failure, Report, Status, Stopwatch
from netassist.probes.nmap_process import Follower, OpenPort, Run, run_nmap
from netassist.probes.nmap_xml import NmapHost, NmapPort, Scan, read_scan
from netassist.probes.privileges import may_open_raw_sockets
from netassist.targets import is_port_list, parse_network

Profile = Literal["discovery", "quick", "full", "service", "os", "udp", "vuln"]

# Scripts of these categories would speak to third parties, to the whole segment, or would take the service down.
_VULNERABILITY_SCRIPTS = "vuln and not (external or broadcast or dos)"


class _Recipe(NamedTuple):
    """What a profile adds: how it scans, its ports, its phases in order as Nmap names them, whether it needs raw sockets."""

    flags: tuple[str, ...]
    ports: tuple[str, ...]
    phases: tuple[str, ...]
    raw: bool = False


PROFILES: dict[str, _Recipe] = {
    "discovery": _Recipe(("-sn",), (), ("ping scan",)),
    "quick": _Recipe(("tcp",), ("-F",), ("port scan",)),
    "full": _Recipe(("tcp",), ("-p-",), ("port scan",)),
    "service": _Recipe(("tcp", "-sV"), (), ("port scan", "service scan", "nse")),
    "os": _Recipe(("tcp", "-O"), (), ("port scan",), raw=True),
    "udp": _Recipe(("-sU",), ("--top-ports", "100"), ("port scan",), raw=True),
    "vuln": _Recipe(("tcp", "-sV", "--script", _VULNERABILITY_SCRIPTS), (), ("port scan", "service scan", "nse")),
}


class NmapScan(Report, frozen=True, kw_only=True, tag="netassist/nmap/1"):
    """`hosts` of a network are those that are up, `hosts_down` counts the others that were looked at."""

    profile: str = "quick"
    command: tuple[str, ...] = ()
    hosts: tuple[NmapHost, ...] = ()
    hosts_down: int = 0


class _Aim(NamedTuple):
    """What is scanned: as the report names it, as Nmap takes it, and what is left out of it."""

    target: Endpoint | str
    text: str
    version: int
    excluded: tuple[str, ...] = ()

    @property
    def single(self) -> bool:
        return isinstance(self.target, Endpoint)


async def nmap_scan(network: Network, target: str, profile: str = "quick", ports: str | None = None) -> NmapScan:
    """Scan a host or a CIDR network; what had been found when the deadline came is kept, and the status then is ``partial``."""
    return await scan_within(network, target, profile, ports, network.remaining)


async def scan_within(network: Network, target: str, profile: str, ports: str | None, seconds: float) -> NmapScan:
    """`nmap_scan` in a part of the call's time."""
    watch = Stopwatch()
    aim = _Aim(target, target, 4)
    try:
        aim = await _aim(network, target)
        program = shutil.which("nmap")
        if program is None:
            raise Failed("missing_program", f"{target}: Nmap is not installed; install it: apt install nmap")
        arguments = _arguments(aim, program, profile, ports, seconds)
        follower = Follower(network, f"nmap {target}", PROFILES[profile].phases)
        run = await run_nmap(program, arguments, network, follower, seconds)
        scan = await asyncio.to_thread(read_scan, run.xml, program)
    except Failed as failed:
        return NmapScan(target=aim.target, status="failed", error=failed.failure, profile=profile, **watch.stamp())
    hosts = _hosts(aim, scan, run.open_ports)
    status, error = _verdict(network, target, aim, run, scan, hosts)
    down = [host for host in hosts if host.state == "down"]
    return NmapScan(
        target=aim.target,
        status=status,
        error=error,
        profile=profile,
        command=run.command,
        hosts=hosts if aim.single else tuple(host for host in hosts if host.state != "down"),
        hosts_down=len(down),
        **watch.stamp(),
    )


async def _aim(network: Network, target: str) -> _Aim:
    if parse_network(target) is not None:
        area, denied = await network.resolve_network(target)
        return _Aim(target, str(area), area.version, tuple(map(str, denied)))
    addresses = await network.resolve(target)
    if not addresses:
        raise Failed("unresolvable", f"{target}: no address found; check the spelling")
    return _Aim(Endpoint(target, None, str(addresses[0])), str(addresses[0]), addresses[0].version)


def _arguments(aim: _Aim, program: str, profile: str, ports: str | None, seconds: float) -> list[str]:
    """Nmap's arguments; targets come last, and are addresses in their canonical form, so none begins with a dash."""
    recipe = PROFILES.get(profile)
    if recipe is None:
        raise Failed("invalid", f"{profile!r} is not a profile; there are {', '.join(PROFILES)}")
    if ports is not None and not is_port_list(ports):
        raise Failed("invalid", f"{ports!r} is not a port list such as 22,80,8000-8100")
    privileged = may_open_raw_sockets(program)
    if recipe.raw and not privileged:
        raise Failed(
            "denied",
            f"{aim.text}: the {profile} scan needs raw sockets, which this user may not open; "
            f"run it with sudo, or once: sudo setcap cap_net_raw,cap_net_admin+eip {program}",
        )
    arguments = ["-n", "-T4", "--privileged" if privileged else "--unprivileged"]
    arguments += ["--host-timeout", f"{max(1, math.ceil(seconds))}s"]
    arguments += [flag if flag != "tcp" else "-sS" if privileged else "-sT" for flag in recipe.flags]
    if profile == "discovery":
        arguments += [f"-PS{ports}"] if ports else []
    else:
        arguments += ["-p", ports] if ports else recipe.ports
        # One host that the user named is scanned whether or not it answers a ping first.
        arguments += ["-Pn"] if aim.single else []
    arguments += ["-6"] if aim.version == 6 else []
    arguments += ["--exclude", ",".join(aim.excluded)] if aim.excluded else []
    return [*arguments, aim.text]


def _hosts(aim: _Aim, scan: Scan, open_ports: Sequence[OpenPort]) -> tuple[NmapHost, ...]:
    """The hosts of the XML, and what Nmap had said of others, or of those it gave up, before it was stopped."""
    hosts = {host.address: host for host in scan.hosts}
    for found in open_ports:
        host = hosts.get(found.address) or NmapHost(address=found.address, state="up")
        if all((port.port, port.protocol) != (found.port, found.protocol) for port in host.ports):
            port = NmapPort(port=found.port, protocol=found.protocol, state="open")
            host = msgspec.structs.replace(host, state="up", ports=(*host.ports, port))
        hosts[found.address] = host
    if isinstance(aim.target, Endpoint) and aim.target.host != aim.text and aim.text in hosts:
        hosts[aim.text] = msgspec.structs.replace(hosts[aim.text], hostnames=(aim.target.host,))
    return tuple(hosts.values())


def _verdict(
    network: Network, target: str, aim: _Aim, run: Run, scan: Scan, hosts: Sequence[NmapHost]
) -> tuple[Status, Failure | None]:
    kept: Status = "partial" if hosts else "failed"
    said = run.errors or "no message"
    if run.stopped:
        what = "what it had found is kept" if hosts else "it had found nothing yet"
        at_deadline = f"reached its deadline; {what}; scan fewer ports or allow more time"
        ended = f"was interrupted; {what}" if network.interrupted else at_deadline
        return kept, Failure("timeout", f"{target}: the scan {ended}")
    if run.code or not scan.complete:
        denied = "raw socket" in run.errors or "requires root privileges" in run.errors
        return kept, Failure("denied" if denied else "protocol", f"{target}: Nmap ended with code {run.code}: {said}")
    if late := [host.address for host in hosts if host.timed_out]:
        return "partial", Failure(
            "timeout", f"{target}: Nmap gave up on {', '.join(late[:5])} for want of time; ask for fewer ports"
        )
    if not hosts and aim.single:
        return "failed", Failure("protocol", f"{target}: Nmap reported no host: {said}")
    return "partial" if any(host.state == "unknown" for host in hosts) else "ok", None
