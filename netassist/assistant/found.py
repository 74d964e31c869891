"""What a person who points at results means: hosts out of typed fields of earlier reports, never out of banners or free text.

Reports are read in their published form, so that those of a stored session serve as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from netassist.assistant.memory import Published
from netassist.entities.pointing import Pointing
from netassist.targets import parse_address, parse_host, port_ranges

_RECORDS = {"mail": ("MX",), "name_servers": ("NS",), "addresses": ("A", "AAAA")}
_NAMING = ("A", "AAAA", "MX", "NS", "CNAME", "SRV", "PTR")
"""Types of record whose data names a host."""
MOST_HOSTS = 256


class Hosts(NamedTuple):
    """What a phrase stands for: the hosts, which may be none where what was measured fits none."""

    hosts: tuple[str, ...]


def resolved(pointing: Pointing, turns: Sequence[Sequence[Published]]) -> Hosts | None:
    """The hosts that a phrase stands for; None where nothing was measured that says so.

    Names are those of the latest turn that found any. Of ports and of hosts that are up, the latest turn counts that looked at
    several hosts, with what was measured of single ones since.

    Args:
        turns: the reports of each turn, in order.
    """
    found = _by_state(pointing, turns) if pointing.what in ("open", "up") else _by_name(pointing, turns)
    return None if found is None else Hosts(tuple(dict.fromkeys(filter(_is_host, found)))[:MOST_HOSTS])


def _by_state(pointing: Pointing, turns: Sequence[Sequence[Published]]) -> list[str] | None:
    states: dict[str, bool] = {}
    for reports in reversed(turns):
        seen: dict[str, bool] = {}
        for report in _all(reports):
            seen |= dict(_open(report, pointing.port or 0) if pointing.what == "open" else _up(report))
        states = seen | states
        if len(seen) > 1:
            break
    return [host for host, holds in states.items() if holds] if states else None


def _by_name(pointing: Pointing, turns: Sequence[Sequence[Published]]) -> list[str] | None:
    for reports in reversed(turns):
        answers = [hosts for report in _all(reports) if (hosts := _names(pointing, report)) is not None]
        if answers:
            return [host for hosts in answers for host in hosts]
    return None


def _all(reports: Iterable[Published]) -> Iterator[Published]:
    """The reports that measured something, and those inside audits."""
    for report in reports:
        if report.get("status") != "failed":
            yield report
            for host in report.get("hosts") or () if _name(report) == "audit" else ():
                yield from _all(host.get("reports") or ())


def _up(report: Published) -> Iterator[tuple[str, bool]]:
    """The hosts that a report looked at, and whether they were up."""
    if _name(report) == "ping" and report["sent"]:
        yield _target(report), bool(report["received"])
    elif _name(report) == "nmap":
        yield from ((_spelled(host, report), host["state"] == "up") for host in report["hosts"] if host["state"] != "unknown")


def _open(report: Published, port: int) -> Iterator[tuple[str, bool]]:
    """The hosts whose TCP port a report looked at, and whether it was open."""
    name = _name(report)
    if name == "tcp" and _port(report) == port and report["state"]:
        yield _target(report), report["state"] == "open"
    elif name == "nmap" and _was_scanned(report, port):
        yield from ((_spelled(host, report), any(_is_open(each, port) for each in host["ports"])) for host in report["hosts"])
    elif name == "audit":
        services = [service for host in report["hosts"] for service in host["services"] if service["protocol"] == "tcp"]
        if any(service["port"] == port for service in services):
            yield _target(report), True


def _was_scanned(report: Published, port: int) -> bool:
    """Whether a scan is known to have looked at a TCP port: it lists it somewhere, or was told to."""
    if any(each["port"] == port and each["protocol"] == "tcp" for host in report["hosts"] for each in host["ports"]):
        return True
    command = list(report.get("command") or ())
    if "-sU" in command or report.get("profile") == "discovery":
        return False
    ports = command[command.index("-p") + 1] if "-p" in command[:-1] else ""
    return "-p-" in command or any(low <= port <= high for low, high in port_ranges(ports))


def _names(pointing: Pointing, report: Published) -> list[str] | None:
    """The hosts that one report names of what is pointed at; None where it looked for no such thing."""
    name = _name(report)
    if pointing.what == "found":
        if name == "nmap" and isinstance(report["target"], str):  # of a network: a host that was named is nothing found
            return [host["address"] for host in report["hosts"] if host["state"] == "up"]
        return list(_data(report, _NAMING)) or None if name == "dns" else None
    wanted = _RECORDS[pointing.what]
    return list(_data(report, wanted)) if name == "dns" and report["record_type"] in wanted else None


def _data(report: Published, kinds: Sequence[str]) -> Iterator[str]:
    """The hosts that the data of DNS records name (RFC 1035, section 3.3; RFC 2782); ``.`` is none (RFC 7505)."""
    for answer in report["answers"]:
        if answer["type"] in kinds:
            host = str(answer["data"]).split(" ")[-1].rstrip(".")
            if host:
                yield host


def _is_open(entry: Published, port: int) -> bool:
    return bool(entry["port"] == port and entry["protocol"] == "tcp" and entry["state"] == "open")


def _name(report: Published) -> str:
    return str(report.get("schema", "")).removeprefix("netassist/").partition("/")[0]


def _target(report: Published) -> str:
    target = report["target"]
    return str(target if isinstance(target, str) else target["host"])


def _port(report: Published) -> int | None:
    target = report["target"]
    return None if isinstance(target, str) else target["port"]


def _spelled(host: Published, report: Published) -> str:
    """A scanned host as the user named it, or by its address where it was found in a network."""
    return str(host["address"]) if isinstance(report["target"], str) else _target(report)


def _is_host(text: str) -> bool:
    """Whether it is an address or a name of several labels; a single label could mean anything here."""
    if parse_address(text) is not None:
        return True
    try:
        parse_host(text)
    except ValueError:
        return False
    return text.isascii() and "." in text
