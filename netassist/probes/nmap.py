"""Which hosts are up, which ports are open and what runs there: the user's own Nmap, its argument vector made here."""

from __future__ import annotations

import asyncio
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from types import MappingProxyType
from typing import Literal, NamedTuple

import msgspec

from netassist.address_space import covers, overlap
from netassist.network import Network
from netassist.observations import Endpoint, Failed, Failure, Report, Status, Stopwatch
from netassist.probes.nmap_process import Follower, OpenPort, Run, run_nmap
from netassist.probes.nmap_xml import NmapHost, NmapPort, Scan, prepare, read_scan
from netassist.probes.privileges import may_open_raw_sockets
from netassist.scope import ports_in_both
from netassist.targets import Network as Cidr
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


BATCH = 1024
"""Addresses that one run of Nmap is given: few enough for it to be read as a whole and for little to be lost, many enough to fill
Nmap's own groups of hosts."""
MOST_IPV6 = 65536
"""Addresses of an IPv6 network that can be tried; larger ones have more than anybody can wait for."""


class NmapScan(Report, frozen=True, kw_only=True, tag="netassist/nmap/1"):
    """`hosts` of several are those that are up, `hosts_down` counts the others that were looked at.

    A large network or list is scanned in `batches`, one run of Nmap each; `command` is that of the first. `scanned` are
    the ports that each host was to be asked for, in Nmap's notation and as Nmap tells them.
    """

    profile: str = "quick"
    command: tuple[str, ...] = ()
    hosts: tuple[NmapHost, ...] = ()
    hosts_down: int = 0
    batches: int = 0
    scanned: str | None = None


class _Aim(NamedTuple):
    """What one run scans: as the report names it, as Nmap takes it, and which parts and ports the scope leaves out of it.

    `names` are the host names that were asked for, by address.
    """

    target: Endpoint | str
    text: tuple[str, ...]
    version: int
    excluded: tuple[Cidr, ...] = ()
    closed: str = ""
    names: Mapping[str, str] = MappingProxyType({})

    @property
    def single(self) -> bool:
        return isinstance(self.target, Endpoint)


class _Ran(NamedTuple):
    """What came of one run."""

    command: tuple[str, ...]
    hosts: tuple[NmapHost, ...]
    status: Status
    error: Failure | None
    stopped: bool
    ports: str | None


async def nmap_scan(network: Network, target: str, profile: str = "quick", ports: str | None = None) -> NmapScan:
    """Scan a host or a CIDR network; what had been found when the deadline came is kept, and the status then is ``partial``."""
    return await scan_within(network, target, profile, ports, network.remaining)


async def scan_within(network: Network, target: str, profile: str, ports: str | None, seconds: float) -> NmapScan:
    """`nmap_scan` in a part of the call's time."""
    return await scan_hosts(network, (target,), profile, ports, seconds)


async def scan_hosts(network: Network, targets: Sequence[str], profile: str, ports: str | None, seconds: float) -> NmapScan:
    """`nmap_scan` of a list of hosts and networks. What cannot be scanned at all makes it ``partial`` and hides no other."""
    watch, ends = Stopwatch(), monotonic() + seconds
    whole: Endpoint | str = targets[0] if len(targets) == 1 else ", ".join(targets)
    ran: list[_Ran] = []
    failures: list[Failure] = []
    try:
        program = shutil.which("nmap")
        if program is None:
            raise Failed("missing_program", f"{whole}: Nmap is not installed; install it: apt install nmap")
        aims, failures = await _aims(network, targets)
        if len(targets) == 1 and aims and aims[0].single:
            whole = aims[0].target
        parts = sum(map(_count, aims))
        for batch in (batch for aim in aims for batch in _batches(aim)):
            ran.append(await _run(network, batch, program, profile, ports, ends - monotonic(), len(ran), parts))
            if ran[-1].stopped or not network.remaining:
                break
    except Failed as failed:
        failures.append(failed.failure)
    hosts = tuple(host for run in ran for host in run.hosts)
    single = isinstance(whole, Endpoint)
    error = next(iter([*failures, *(run.error for run in ran if run.error is not None)]), None)
    failed_wholly = not hosts and (error is not None or not ran)
    partial = bool(failures) or any(run.status != "ok" for run in ran)
    return NmapScan(
        target=whole,
        status="failed" if failed_wholly else "partial" if partial else "ok",
        error=error,
        profile=profile,
        command=ran[0].command if ran else (),
        hosts=hosts if single else tuple(host for host in hosts if host.state != "down"),
        hosts_down=sum(host.state == "down" for host in hosts),
        batches=len(ran),
        scanned=next((run.ports for run in ran if run.ports is not None), None),
        **watch.stamp(),
    )


async def _run(
    network: Network, aim: _Aim, program: str, profile: str, ports: str | None, seconds: float, part: int, parts: int
) -> _Ran:
    arguments = [
        *(("--max-rate", f"{network.rate:g}") if network.rate else ()),
        *_arguments(aim, program, profile, ports, seconds),
    ]
    phases = PROFILES[profile].phases
    if not aim.single and "ping scan" not in phases:
        phases = ("ping scan", *phases)
    named = aim.target.host if isinstance(aim.target, Endpoint) else aim.target
    follower = Follower(network, f"nmap {named}", phases, part=part, parts=parts, several=not aim.single)
    run, _ = await asyncio.gather(run_nmap(program, arguments, network, follower, seconds), asyncio.to_thread(prepare, program))
    scan = await asyncio.to_thread(read_scan, run.xml, program)
    hosts = _hosts(aim, scan, run.open_ports)
    status, error = _verdict(network, named, aim, run, scan, hosts)
    return _Ran(run.command, hosts, status, error, run.stopped is not None, scan.ports)


async def _aims(network: Network, targets: Sequence[str]) -> tuple[list[_Aim], list[Failure]]:
    """What to scan, single hosts of one IP version together; and why others cannot be.

    Raises:
        Failed: the only one cannot be scanned.
    """
    networks: list[_Aim] = []
    hosts: list[_Aim] = []
    failures: list[Failure] = []
    for target in targets:
        try:
            aim = await _aim(network, target)
        except Failed as failed:
            if len(targets) == 1:
                raise
            failures.append(failed.failure)
            continue
        (hosts if aim.single else networks).append(aim)
    if len(targets) == 1:
        return [*hosts, *networks], failures
    together: dict[tuple[int, str], list[_Aim]] = {}
    for aim in hosts:
        together.setdefault((aim.version, aim.closed), []).append(aim)
    lists = [
        _Aim(
            ", ".join(host.target.host for host in group if isinstance(host.target, Endpoint)),
            tuple(dict.fromkeys(text for host in group for text in host.text)),
            version,
            closed=closed,
            names={address: name for host in group for address, name in host.names.items()},
        )
        for (version, closed), group in together.items()
    ]
    return [*lists, *networks], failures


async def _aim(network: Network, target: str) -> _Aim:
    if parse_network(target) is not None:
        area, denied = await network.resolve_network(target)
        if area.version == 6 and area.num_addresses > MOST_IPV6:
            raise Failed(
                "invalid",
                f"{target}: an IPv6 network of 2^{128 - area.prefixlen} addresses cannot be tried one by one; name its hosts, or "
                f"a network of /{128 - MOST_IPV6.bit_length() + 1} or smaller",
            )
        return _Aim(target, (str(area),), area.version, denied, await network.closed_ports(target))
    addresses = await network.resolve(target)
    if not addresses:
        raise Failed("unresolvable", f"{target}: no address found; check the spelling")
    address, closed = str(addresses[0]), await network.closed_ports(target)
    names = {address: target} if target != address else {}
    return _Aim(Endpoint(target, None, address), (address,), addresses[0].version, closed=closed, names=names)


def _count(aim: _Aim) -> int:
    """How many runs it takes at most."""
    area = parse_network(aim.text[0])
    return max(1, -(-(area.num_addresses if area is not None else len(aim.text)) // BATCH))


def _batches(aim: _Aim) -> Iterator[_Aim]:
    """What each run is given: parts of a network, or of a list, of `BATCH` addresses at most."""
    area = parse_network(aim.text[0])
    if area is None:
        yield from (aim._replace(text=aim.text[start : start + BATCH]) for start in range(0, len(aim.text), BATCH))
    elif area.num_addresses <= BATCH:
        yield aim
    else:
        for part in area.subnets(new_prefix=area.max_prefixlen - BATCH.bit_length() + 1):
            if not _covered(part, aim.excluded):
                yield aim._replace(text=(str(part),), excluded=_inside(aim.excluded, part))


def _covered(part: Cidr, excluded: Sequence[Cidr]) -> bool:
    """Whether all of a part is left out."""
    return any(covers(other, part) for other in excluded)


def _inside(excluded: Sequence[Cidr], part: Cidr) -> tuple[Cidr, ...]:
    """Of the networks that are left out those that concern this part."""
    return tuple(other for other in excluded if overlap(other, part))


def _arguments(aim: _Aim, program: str, profile: str, ports: str | None, seconds: float) -> list[str]:
    """Nmap's arguments; targets come last, and are addresses in their canonical form, so none begins with a dash."""
    recipe = PROFILES.get(profile)
    if recipe is None:
        raise Failed("invalid", f"{profile!r} is not a profile; there are {', '.join(PROFILES)}")
    if ports is not None and not is_port_list(ports):
        raise Failed("invalid", f"{ports!r} is not a port list such as 22,80,8000-8100")
    if ports is not None and (shut := ports_in_both(ports, aim.closed)):
        raise Failed("out_of_scope", f"{', '.join(aim.text)}: the scope closes its ports {shut}; leave them out (see [scope])")
    privileged = may_open_raw_sockets(program)
    if recipe.raw and not privileged:
        raise Failed(
            "denied",
            f"{', '.join(aim.text)}: the {profile} scan needs raw sockets, which this user may not open; "
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
    arguments += ["--exclude", ",".join(map(str, aim.excluded))] if aim.excluded else []
    arguments += ["--exclude-ports", aim.closed] if aim.closed else []
    return [*arguments, *aim.text]


def _hosts(aim: _Aim, scan: Scan, open_ports: Sequence[OpenPort]) -> tuple[NmapHost, ...]:
    """The hosts of the XML, and what Nmap had said of others, or of those it gave up, before it was stopped."""
    hosts = {host.address: host for host in scan.hosts}
    for found in open_ports:
        host = hosts.get(found.address) or NmapHost(address=found.address, state="up")
        if all((port.port, port.protocol) != (found.port, found.protocol) for port in host.ports):
            port = NmapPort(port=found.port, protocol=found.protocol, state="open")
            host = msgspec.structs.replace(host, state="up", ports=(*host.ports, port))
        hosts[found.address] = host
    for address, name in aim.names.items():
        if address in hosts:
            hosts[address] = msgspec.structs.replace(hosts[address], hostnames=(name,))
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
