"""What a call may point at: only what the user said, or keeps in the inventory.

The same rule serves the grammar (which offers nothing else) and the gate (which checks again).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from netassist.entities import Entity, Kind
from netassist.targets import host_of, host_port
from netassist.toolbox import OF_WATCHES, Call, Parameter, Value, tools

_NAMES: tuple[Kind, ...] = ("host", "url", "word")
KINDS: dict[str, tuple[Kind, ...]] = {
    "host": _NAMES,
    "url": ("url", "host", "word"),
    "target": ("host", "network", "url", "word"),
    "name": ("host", "url", "word", "network"),
    "port": ("number", "service_port"),
    "count": ("number",),
    "interval": ("duration", "number"),
    "hours": ("duration",),
    "ports": ("ports", "number", "service_port"),
}
"""The kinds of entity that each parameter may take; a parameter that is not here takes free text, an enum value or a boolean."""

STARTTLS_PORTS: dict[str, frozenset[int]] = {
    "smtp": frozenset({25, 26, 587, 2525, 2587}), "imap": frozenset({143}), "pop3": frozenset({110}), "ftp": frozenset({21}),
    "ldap": frozenset({389}), "xmpp": frozenset({5222, 5269}), "postgres": frozenset({5432}), "mysql": frozenset({3306}),
}  # fmt: skip
"""What has to be said, as a number or as the name of a service, before TLS is begun inside another protocol."""

KEEPS_URL = frozenset({("http_check", "url"), ("monitor_add", "host"), ("monitor_edit", "host"), ("monitor_remove", "host"),
                       ("monitor_history", "host")})  # fmt: skip
"""Where a URL stays whole; elsewhere its host is taken."""

_BACK = re.compile(
    r"\b(?:both|two|three|same|too|also|again|all|those|these|them|they|it|its|that|previous|earlier|before|former|latter|first|second|third|last|"
    r"other|others|either|each|every|compare|instead|not|beide|beiden|alle|gleiche|selbe|dasselbe|auch|nochmal|vorher|erste|zweite|andere|statt|"
    r"deux|aussi|même|encore|tous|premier|autre|ambos|también|mismo|todos|otro|otra|primero|entrambi|anche|stesso|tutti|altro|primo|ook|zelfde|"
    r"allebei|também|mesmo|outro|ambas)\b",
    re.IGNORECASE,
)
_TARGETS: tuple[Kind, ...] = ("host", "network", "url")


def confined(request: str, named: Sequence[Entity]) -> bool:
    """Whether a request speaks of the targets that it names and of no earlier ones: it names some, and refers back to none.

    A record's own name ("TLSA for _443._tcp.example.org", RFC 6698 section 3; RFC 8552) speaks of the host that
    it belongs to, so that it confines nothing.
    """
    return any(entity.kind in _TARGETS and str(entity.value)[:1] != "_" for entity in named) and not _BACK.search(request)


def within_reach(request: str, named: Sequence[Entity], earlier: Sequence[Entity]) -> list[Entity]:
    """The entities that a request may point at: its own and those of earlier turns; no earlier targets where it is `confined`."""
    if not confined(request, named):
        return [*earlier, *named]
    return [*(entity for entity in earlier if entity.kind not in (*_TARGETS, "word")), *named]


def value_of(tool: str, parameter: str, entity: Entity) -> Value:
    """The value that a parameter takes when it points at `entity`: hours out of seconds, the bare host out of a URL."""
    if entity.kind == "url" and (tool, parameter) not in KEEPS_URL and parameter != "url":
        url = str(entity.value)
        return host_of(url if "://" in url else f"https://{url}")
    if parameter == "hours":
        return max(1, round(int(entity.value) / 3600))
    return str(entity.value) if parameter in ("ports", "host", "target", "name", "url") else entity.value


def candidates(parameter_name: str, parameter: Parameter, entities: Sequence[Entity], tool: str = "") -> tuple[Value, ...] | None:
    """The values a parameter may take, latest said last; None where free text is allowed."""
    if parameter_name == "starttls" and parameter.enum:
        said_ports = {entity.value for entity in entities if entity.kind in ("number", "service_port")}
        return tuple(protocol for protocol in parameter.enum if STARTTLS_PORTS.get(protocol, said_ports) & said_ports)
    if parameter.enum:
        return parameter.enum
    if parameter.type == "boolean":
        return (True, False)
    role = parameter.role(parameter_name)
    if role not in KINDS:
        return None
    said = (value_of(tool, role, e) for e in entities if e.kind in KINDS[role])
    return tuple(dict.fromkeys(said))


def grounded(call: Call, entities: Sequence[Entity]) -> str | None:
    """None where the user said every target, port and quantity of the call; otherwise what was not said."""
    properties = tools()[call.name].parameters.properties
    for name, value in call.arguments.items():
        allowed = candidates(name, properties[name], entities, call.name)
        if call.name == "processor_run" and name == "name":
            continue
        if (call.name, name) in KEEPS_URL and _is_at_port(value, allowed, entities):
            continue
        if allowed is not None and value != properties[name].default and _same(value) not in map(_same, allowed):
            return f"{name}={value!r} does not come from the request"
    return None


def _is_at_port(value: Value, hosts: Sequence[Value] | None, entities: Sequence[Entity]) -> bool:
    """Whether it is ``HOST:PORT``, and both were said."""
    host = host_of(str(value))
    ports = {host_port(host, int(entity.value)) for entity in entities if entity.kind in KINDS["port"]}
    return value in ports and _same(host) in map(_same, hosts or ())


WATCHED_AT_A_PORT = frozenset({"http", "https", "certificate", "tls", "quantum", "ssh", "smtp"})
"""Checks of monitor_add that have a usual port, and are run at another where one is said."""
_TOGETHER = frozenset({"http", "https", "certificate", "tls", "quantum"})
_PORT = re.compile(r"(?:\b(?:ports?|puertos?|portas?|porte|poort|tcp)\s*[:=#/]?\s*|(?<=[\w\]]):)$", re.IGNORECASE)
_NEGATIVE = re.compile(r"(?<!\S)[-−–]\d+(?:[.,]\d+)?(?: ?[^\W\d_]+)?")


def with_ports(calls: Sequence[Call], request: str, named: Sequence[Entity]) -> tuple[Call, ...]:
    """The calls, with the port that the request names for their host where they leave it out.

    Of monitor_add it is the port; where more than one is left, or it is not plain which check is meant, it stays as it is (see
    `ports_left`). The tools that take no port are called for ``HOST:PORT``, once a port, so that they touch no other watch, and
    no other page.
    """
    left = _left(calls, request, named)
    adding = [call for call in calls if _lacks_port(call) and left and _host_at(left[0], named) in (None, call.arguments["host"])]
    if len(left) != 1 or (len(adding) > 1 and not all(call.arguments["check"] in _TOGETHER for call in adding)):
        adding = []
    found: list[Call] = []
    for call in calls:
        target = "url" if call.name == "http_check" else "host"
        host = str(call.arguments.get(target, ""))
        ports = [int(port.value) for port in left if _host_at(port, named) in (None, host)]
        if call in adding:
            found.append(Call(call.name, {**call.arguments, "port": ports[0]}))
        elif call.name in (*OF_WATCHES, "http_check") and ports and host_of(host) == host:
            found += [Call(call.name, {**call.arguments, target: host_port(host, port)}) for port in ports]
        else:
            found.append(call)
    return tuple(found)


def ports_left(calls: Sequence[Call], request: str, named: Sequence[Entity]) -> tuple[int, ...]:
    """The ports that a request for watching names and no call of it uses."""
    if all(call.name != "monitor_add" for call in calls):
        return ()
    return tuple(dict.fromkeys(int(entity.value) for entity in _left(calls, request, named)))


def negative_time(calls: Sequence[Call], request: str) -> str | None:
    """What a request for watching says of a time that is below zero (``-5 seconds``); None where it says none."""
    said = _NEGATIVE.search(request) if any(call.name in ("monitor_add", "monitor_edit") for call in calls) else None
    return said.group() if said else None


def _left(calls: Sequence[Call], request: str, named: Sequence[Entity]) -> list[Entity]:
    used = {number for call in calls for value in call.arguments.values() for number in re.findall(r"\d+", str(value))}
    begins = [(entity.start, entity.start + len(entity.text)) for entity in named if entity.kind in ("number", "ports")]
    stretches = [(start, end) for start, end in begins if _PORT.search(request[:start])]
    numbers = (entity for entity in named if entity.kind == "number")
    said = (entity for entity in numbers if any(start <= entity.start < end for start, end in stretches))
    return [entity for entity in said if str(entity.value) not in used and 0 < int(entity.value) <= 65535]


def _host_at(port: Entity, named: Sequence[Entity]) -> Value | None:
    """The host that a port stands beside: the last one before it, else the first behind it."""
    hosts = [entity for entity in named if entity.kind in _NAMES]
    before = [entity for entity in hosts if entity.end <= port.start]
    beside = before[-1] if before else hosts[0] if hosts else None
    return value_of("monitor_add", "host", beside) if beside is not None else None


def _lacks_port(call: Call) -> bool:
    host, check = str(call.arguments.get("host", "")), call.arguments.get("check")
    of_url = "://" in host and check in ("http", "https")
    return call.name == "monitor_add" and "port" not in call.arguments and check in WATCHED_AT_A_PORT and not of_url


def _same(value: Value) -> Value:
    return value.lower().rstrip("./") if isinstance(value, str) else value
