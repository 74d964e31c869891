"""What a call may point at: only what the user said, or keeps in the inventory.

The same rule serves the grammar (which offers nothing else) and the gate (which checks again).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from netassist.entities import Entity, Kind
from netassist.targets import host_of
from netassist.toolbox import Call, Parameter, Value, tools

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
        if allowed is not None and value != properties[name].default and _same(value) not in map(_same, allowed):
            return f"{name}={value!r} does not come from the request"
    return None


def _same(value: Value) -> Value:
    return value.lower().rstrip("./") if isinstance(value, str) else value
