"""A port scan: which hosts are up, which ports are open, and what listens there."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from netassist.reports.layout import (
    BLANK,
    GOOD,
    NEUTRAL,
    UNKNOWN,
    WARN,
    Task,
    Text,
    Tone,
    Verdict,
    facts,
    heading,
    paragraph,
    table,
)
from netassist.reports.looked import limits
from netassist.reports.style import Span, Style
from netassist.reports.text import finding
from netassist.reports.words import count, listed, named, place
from netassist.targets import is_port_list

if TYPE_CHECKING:
    from netassist.probes.nmap import NmapScan
    from netassist.probes.nmap_xml import NmapHost, NmapPort
    from netassist.reports.style import Line

_MOST_PORTS, _MOST_HOSTS = 12, 6
_LONGEST = 40
"""Characters that are shown of a list of ports in Nmap's command."""
_STATES: dict[str, Style] = {"open": "good", "open|filtered": "warn", "unfiltered": "warn"}


def task(scan: NmapScan) -> Task:
    return Task("scan", place(scan.target))


def verdict(scan: NmapScan) -> Verdict:
    text, tone = _network(scan) if isinstance(scan.target, str) else _single(scan)
    text = " ".join(filter(None, (text, limits(scan))))
    grave = [item.title for item in scan.findings if item.severity in ("critical", "high", "medium")]
    if grave:
        return Verdict(f"{text} {count(len(grave), 'problem')}: {listed(grave, 5)}.", finding.worst(scan.findings))
    silent = scan.profile == "vuln" and scan.status == "ok" and not any(item.id.startswith("nmap.") for item in scan.findings)
    return Verdict(f"{text} Nmap's vulnerability scripts report nothing." if silent else text, tone)


def evidence(scan: NmapScan, width: int) -> Iterator[Line]:
    looked = f"{len(scan.hosts)} up, {scan.hosts_down} without an answer" if isinstance(scan.target, str) else None
    runs = str(scan.batches) if scan.batches > 1 else None
    for host in scan.hosts:
        yield from _host(host, width)
        yield BLANK
    rows = [("Profile", scan.profile), ("Command", command_line(scan.command)), ("Hosts", looked), ("Runs of Nmap", runs)]
    yield from facts(rows, width)


def command_line(command: Sequence[str]) -> str:
    """What was run, a long list of ports cut short."""
    return shlex.join(word if len(word) <= _LONGEST or not is_port_list(word) else f"{word[:_LONGEST]}…" for word in command)


def software(product: str | None, version: str | None) -> str:
    """What a service says it runs, in short; empty where it did not say."""
    return named(" ".join(filter(None, (product, version)))) if product else ""


def _single(scan: NmapScan) -> tuple[str, Tone]:
    target = place(scan.target)
    host = scan.hosts[0] if scan.hosts else None
    if host is None or host.state == "unknown":
        return f"Whether {target} is up is unknown: nothing answered{_tally(host)}.", UNKNOWN
    if host.state == "down":
        return f"{target} does not answer and seems to be down.", WARN
    if scan.profile == "discovery":
        return f"{target} is up.", GOOD
    found = _open(host)
    perhaps = [port for port in host.ports if port.state == "open|filtered"]
    unsure = f" {count(len(perhaps), 'more port')} may be open, but did not answer." if found and perhaps else ""
    guess = f" It seems to run {named(host.os[0].name)} ({host.os[0].accuracy}% match)." if host.os else ""
    if not found and perhaps:
        maybe = f"{count(len(perhaps), 'port')} may be, but did not answer"
        return f"No port of {target} is known to be open; {maybe}.{guess}", UNKNOWN
    if not found:
        return f"No port was found open on {target}{_tally(host)}.{guess}", NEUTRAL
    verb = "port is" if len(found) == 1 else "ports are"
    names = listed([_named(port) for port in found], _MOST_PORTS)
    return f"{len(found)} {verb} open on {target}: {names}.{unsure}{guess}", GOOD


def _network(scan: NmapScan) -> tuple[str, Tone]:
    target, up = _area(scan), [host for host in scan.hosts if host.state == "up"]
    if not up:
        looked = f" ({scan.hosts_down} looked at)" if scan.hosts_down else ""
        return f"No host {target} answered{looked}.", NEUTRAL
    hosts = [_brief(host) if scan.profile != "discovery" else host.address for host in up]
    verb = "host is" if len(up) == 1 else "hosts are"
    ports = sum(len(_open(host)) for host in up)
    total = "" if scan.profile == "discovery" else f", with {count(ports, 'open port')}"
    return f"{len(up)} {verb} up {target}{total}: {listed(hosts, _MOST_HOSTS)}.", GOOD


def _area(scan: NmapScan) -> str:
    """``in 192.0.2.0/24``; of a list how long it is."""
    target = place(scan.target)
    return f"of {target.count(', ') + 1} targets" if ", " in target else f"in {target}"


def _brief(host: NmapHost) -> str:
    numbers = [_number(port) for port in _open(host)]
    return f"{host.address} ({', '.join(numbers[:8])}{', …' if len(numbers) > 8 else ''})" if numbers else host.address


def _open(host: NmapHost) -> list[NmapPort]:
    return [port for port in host.ports if port.state == "open"]


def _number(port: NmapPort) -> str:
    return str(port.port) if port.protocol == "tcp" else f"{port.port}/{port.protocol}"


def _named(port: NmapPort) -> str:
    """The port with what told its name; a name that comes from the number alone tells nothing new."""
    what = software(port.product, port.version) or (named(port.service) if port.service and port.probed else "")
    return f"{_number(port)} ({what})" if what else _number(port)


def _tally(host: NmapHost | None) -> str:
    """How many ports are in which state, the open ones apart, in brackets."""
    if host is None:
        return ""
    states = Counter({state: number for state, number in host.not_shown.items() if number})
    states.update(port.state for port in host.ports if port.state != "open")
    (state, number), *others = states.most_common() or [("", 0)]
    parts = [f"{count(number, 'port')} {state}", *(f"{number} {state}" for state, number in others)]
    return f" ({listed(parts)})" if number else ""


def _host(host: NmapHost, width: int) -> Iterator[Line]:
    name = f"{host.address} ({', '.join(host.hostnames)})" if host.hostnames else host.address
    state = f" is {host.state}" if host.state in ("up", "down") else ": whether it is up is unknown"
    yield from heading(f"{name}{state}{' (Nmap gave it up for want of time)' if host.timed_out else ''}", width)
    guesses = listed([f"{guess.name} ({guess.accuracy}%)" for guess in host.os], 3)
    yield from facts([("System", f"perhaps {guesses}" if guesses else None)], width)
    if host.ports:
        yield from table(("port", "state", "service", "product", "TLS"), [_row(port) for port in host.ports], width)
    guessed = "?: guessed by the port number" if any(map(_guessed, host.ports)) else ""
    hidden = f"not listed: {_hidden(host)}" if _hidden(host) else ""
    yield from paragraph(Span("; ".join(filter(None, (guessed, hidden))), "dim"), width, indent=2)
    outputs = [(name, output) for name, output in host.scripts.items()]
    outputs += [(f"{name} {_number(port)}", output) for port in host.ports for name, output in port.scripts.items()]
    if outputs:
        yield from heading("Scripts", width, "dim", indent=2)
        yield from facts(outputs, width, indent=4)


def _row(port: NmapPort) -> Sequence[Text]:
    guess = f"{port.service}?" if _guessed(port) else "unknown"
    service = Span(port.service) if port.service and port.probed else Span(guess, "dim")
    product = " ".join(filter(None, (port.product, port.version)))
    return (f"{port.port}/{port.protocol}", Span(port.state, _STATES.get(port.state, "dim")), service, product,
            "TLS" if port.tunnel == "ssl" else "")  # fmt: skip


def _guessed(port: NmapPort) -> bool:
    return not port.probed and port.service not in (None, "unknown")


def _hidden(host: NmapHost) -> str:
    return listed([f"{count(number, f'{state} port')}" for state, number in host.not_shown.items() if number])
