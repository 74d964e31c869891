"""A request with what it points at written out: "scan the ones with port 443 open" becomes "scan 192.0.2.5 and 192.0.2.9"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from netassist import scope
from netassist.assistant.found import resolved
from netassist.assistant.memory import Published
from netassist.entities import Entity
from netassist.entities.pointing import Pointing, means_earlier, pointings
from netassist.reports.words import count, listed
from netassist.targets import host_of, host_port
from netassist.toolbox import Call, Value, each_once

_SPEAKS: tuple[tuple[re.Pattern[str], int], ...] = tuple(
    (re.compile(rf"\b(?:{words})\b", re.IGNORECASE), port)
    for words, port in ((r"tls|ssl|cert\w*|zertifikat\w*|quantum\w*|ciphers?", 443), ("ssh", 22), (r"smtp|mail\w*", 25))
)
"""What is asked of a port, and the port that is meant where no other is named."""
_TARGETS = ("host", "target", "url", "name")


class Reference(NamedTuple):
    """How a request is read.

    Args:
        text: the request with all hosts written out.
        planned: the same with one host standing in for all, which is what a model plans that plans everything at once.
        hosts: that host, and those that it stands for.
        pointed: the hosts that were pointed at.
        ahead: phrases that mean what is still to be measured for this request.
        question: what to ask back, where nothing fits; else empty.
    """

    text: str
    planned: str
    hosts: Mapping[str, tuple[str, ...]] = {}
    pointed: tuple[str, ...] = ()
    ahead: tuple[Pointing, ...] = ()
    question: str = ""


def referred(request: str, named: Sequence[Entity], turns: Sequence[Sequence[Published]]) -> Reference:
    """Write out what a request points at.

    Args:
        named: the entities of the request.
        turns: the reports of earlier turns, in order.
    """
    text, planned = request, request
    hosts: dict[str, tuple[str, ...]] = {}
    pointed: list[str] = []
    ahead: list[Pointing] = []
    for pointing in reversed(pointings(request)):
        if not means_earlier(pointing, request, named):
            ahead.append(pointing)
            continue
        found = resolved(pointing, turns)
        if found is None and pointing.what in ("open", "up"):
            return Reference(request, request, question=_NOTHING_YET.format(phrase=pointing.text))
        if found is None:
            continue
        if not found.hosts:
            return Reference(request, request, question=_NONE_FITS.format(what=_words(pointing)))
        port = _port(pointing, f"{request[: pointing.start]} {request[pointing.end :]}")
        before, after = slice(None, pointing.start), slice(pointing.end, None)
        text = text[before] + listed(found.hosts, len(found.hosts)) + port + text[after]
        planned = planned[before] + found.hosts[0] + port + planned[after]
        hosts[found.hosts[0]] = tuple(dict.fromkeys((*hosts.get(found.hosts[0], ()), *found.hosts)))
        pointed += found.hosts
    return Reference(text, planned, hosts, tuple(dict.fromkeys(pointed)), tuple(reversed(ahead)))


def spread(calls: Sequence[Call], hosts: Mapping[str, tuple[str, ...]]) -> tuple[Call, ...]:
    """The calls, each that points at a host which stands for several made for all of them."""
    made: list[Call] = []
    for call in calls:
        for standing, meant in hosts.items():
            touched = {name: value for name, value in call.arguments.items() if name in _TARGETS and _is(value, standing)}
            if touched:
                made += (_moved(call, touched, standing, host) for host in meant)
                break
        else:
            made.append(call)
    return each_once(made)


def looked_ahead(reference: Reference, reports: Sequence[Published]) -> tuple[str, ...]:
    """The hosts that phrases about what is still to come stand for, by the reports that came meanwhile."""
    found = (resolved(pointing, [reports]) for pointing in reference.ahead)
    hosts = (host for answer in found if answer is not None for host in answer.hosts)
    return tuple(dict.fromkeys(hosts))


def spelled(host: str) -> str:
    """A host, or that of a URL, as hosts are compared."""
    return scope.spelled(host_of(host))


def _is(value: Value, host: str) -> bool:
    return isinstance(value, str) and spelled(value) == spelled(host)


def _moved(call: Call, touched: Mapping[str, Value], standing: str, host: str) -> Call:
    """The call with another host in its place, in a URL too."""
    arguments = dict(call.arguments)
    for name, value in touched.items():
        bracketed = host_port(host)
        old = f"[{standing}]" if f"[{standing}]" in str(value) else standing
        arguments[name] = str(value).replace(old, bracketed, 1) if "://" in str(value) else host
    return msgspec.structs.replace(call, arguments=arguments)


def _port(pointing: Pointing, rest: str) -> str:
    """Where a service is asked for and not at its own port, the port that the phrase names."""
    usual = next((port for words, port in _SPEAKS if words.search(rest)), None)
    return f" on port {pointing.port}" if pointing.port and usual and pointing.port != usual else ""


def _words(pointing: Pointing) -> str:
    return {
        "open": f"host with port {pointing.port} open", "up": "host that is up", "mail": "mail server",
        "name_servers": "name server", "addresses": "address", "found": "host",
    }[pointing.what]  # fmt: skip


_NOTHING_YET = (
    "Nothing that was measured in this conversation shows which hosts “{phrase}” are. Name them, or have them scanned first."
)
_NONE_FITS = "The measurement you point at found no {what}, so there is nothing to run this on. Which host do you mean?"


def said_of(reference: Reference) -> str:
    """The sentence that tells what a phrase was taken for."""
    return f"That is {count(len(reference.pointed), 'host')}: {listed(reference.pointed)}." if reference.pointed else ""
