"""The tools: what a model is told of each (tools/*.json), and the handler that runs it.

A tool is one JSON file in BFCL's function-doc form (`name`, `description`, `parameters`), with four fields that no model sees:
`handler` (``module:function``, absent while the tool is planned for but not there yet), `risk`, `examples`, and `deadline_s`.
Nothing is imported until a tool is called. Users and packages add tools of the same form (`netassist.added_tools`).
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import msgspec

from netassist.observations import Report
from netassist.targets import check_port, host_and_port, host_of, is_port_list, parse_host, parse_target, parse_url

if TYPE_CHECKING:
    from netassist.network import Network

Risk = Literal["passive", "active", "intrusive", "change"]
Value = str | int | bool
Handler = Callable[..., Awaitable[Report]]

OF_WATCHES = frozenset({"monitor_edit", "monitor_remove", "monitor_history"})
"""Tools about what is watched, and not about what is to be: a host may be named with its port."""
MOST_PINGS = 100
"""Echo requests that one call may send."""

Role = Literal["host", "target", "url", "name", "port", "ports", "count", "interval", "hours"]
"""Parameters whose values have to be said, and are checked, whatever tool takes them."""
_POINTING: tuple[Role, ...] = ("host", "target", "url")
"""Roles of arguments that say what is touched."""
TYPES: dict[str, type] = {"string": str, "integer": int, "boolean": bool}


class Parameter(msgspec.Struct, frozen=True):
    """`like` gives a parameter of an added tool the role of the built-in one of that name; no model sees it."""

    type: Literal["string", "integer", "boolean"]
    description: str
    enum: tuple[str, ...] | None = None
    default: Value | None = None
    like: Role | None = None

    def role(self, name: str) -> str:
        """What the parameter `name` is treated as."""
        return self.like or name


class Parameters(msgspec.Struct, frozen=True):
    type: Literal["dict"]
    required: tuple[str, ...]
    properties: dict[str, Parameter]


class Tool(msgspec.Struct, frozen=True):
    """One tool file. `risk` is its tier when called with ordinary arguments; the gate raises it where arguments do.

    `origin` is empty for a built-in tool; otherwise the file or the package that adds it, which no file can say of itself.
    """

    name: str
    description: str
    parameters: Parameters
    risk: Risk = "active"
    handler: str | None = None
    examples: tuple[str, ...] = ()
    deadline_s: float = 60.0
    """Seconds that a call may take unless the user says otherwise."""
    origin: str = ""

    @property
    def implemented(self) -> bool:
        return self.handler is not None


class Call(msgspec.Struct, frozen=True):
    """One planned tool call."""

    name: str
    arguments: dict[str, Value] = {}

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{key}={value!r}' for key, value in self.arguments.items())})"


def each_once(calls: Sequence[Call]) -> tuple[Call, ...]:
    """The calls in their order; one that is made twice counts once."""
    return tuple(call for place, call in enumerate(calls) if call not in calls[:place])


class InvalidCall(ValueError):
    """A call that the tool's schema does not admit; the message is fit for a person and for a model."""


def tools_folder() -> Path:
    """tools/ inside the wheel, or at the top of a checkout."""
    packaged = Path(__file__).parent / "tools"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "tools"


@cache
def tools() -> Mapping[str, Tool]:
    """Every tool by name: the built-in ones in alphabetical order, then what users and packages add (`netassist.added_tools`).

    The order makes the head of every prompt the same.
    """
    from netassist.added_tools import added

    return {**built_in(), **{tool.name: tool for tool in added().tools}}


@cache
def built_in() -> Mapping[str, Tool]:
    """The tools that netassist brings, in alphabetical order."""
    found = (msgspec.json.decode(path.read_bytes(), type=Tool) for path in sorted(tools_folder().glob("*.json")))
    return {tool.name: tool for tool in found}


def function_doc(tool: Tool) -> dict[str, object]:
    """What a model is told of a tool, in BFCL's form."""
    told = {name: msgspec.structs.replace(parameter, like=None) for name, parameter in tool.parameters.properties.items()}
    plain: object = json.loads(msgspec.json.encode(msgspec.structs.replace(tool.parameters, properties=told)))
    return {"name": tool.name, "description": tool.description, "parameters": _without_none(plain)}


def validated(call: Call) -> Call:
    """The call with its arguments checked against the tool's schema and every target well formed.

    Raises:
        InvalidCall: with the tool, the argument and what is wrong.
    """
    tool = tools().get(call.name)
    if tool is None:
        from netassist.added_tools import added

        why = next((f"; {problem}" for problem in added().problems if call.name in problem), "")
        raise InvalidCall(f"there is no tool {call.name!r}; `netassist tools` lists them{why}")
    properties = tool.parameters.properties
    for name in tool.parameters.required:
        if name not in call.arguments:
            raise InvalidCall(f"{call.name}: {name} is missing ({properties[name].description})")
    for name, value in call.arguments.items():
        if name not in properties:
            raise InvalidCall(f"{call.name}: there is no argument {name!r}; it takes {', '.join(properties) or 'none'}")
        _check(call.name, name, properties[name], value)
    return call


def from_words(tool_name: str, words: Mapping[str, str], inventory: Mapping[str, str] = MappingProxyType({})) -> Call:
    """A call out of ``key=value`` words, each value read as its parameter's type; raises InvalidCall.

    `inventory` maps names of the user's own, in small letters, to the hosts or networks that they stand for.
    """
    tool = tools().get(tool_name)
    properties = tool.parameters.properties if tool else {}
    pointing = {name for name in words if name in properties and properties[name].role(name) in _POINTING}
    words = {name: inventory.get(word.lower(), word) if name in pointing else word for name, word in words.items()}
    arguments: dict[str, Value] = {}
    for name, word in words.items():
        kind = properties[name].type if name in properties else "string"
        if kind == "integer" and not (word.isascii() and word.removeprefix("-").isdigit() and len(word) < 20):
            raise InvalidCall(f"{tool_name}: {name}={word!r} is not a whole number")
        if kind == "boolean" and word.lower() not in ("true", "false"):
            raise InvalidCall(f"{tool_name}: {name}={word!r} is neither true nor false")
        arguments[name] = int(word) if kind == "integer" else word.lower() == "true" if kind == "boolean" else word
    return validated(Call(tool_name, arguments))


async def run(call: Call, network: Network) -> Report:
    """Run a validated call.

    Raises:
        InvalidCall: the tool is not there yet.
    """
    tool = tools()[call.name]
    if tool.handler is None:
        raise InvalidCall(f"{call.name} is not there yet; `netassist tools` lists what is")
    if tool.origin:
        from netassist.added_tools import ran

        return await ran(tool, call, network)
    module, _, function = tool.handler.partition(":")
    handler: Handler = getattr(importlib.import_module(module), function)
    return await handler(network, **call.arguments)


def targets_of(call: Call) -> tuple[str, ...]:
    """The hosts and networks that a call touches, bare of scheme, port and path.

    The `name` of an added tool counts where it may be a host's: what the tool connects to has to be in scope.
    """
    tool = tools().get(call.name)
    properties = tool.parameters.properties if tool else {}
    found: list[str] = []
    for role in (*_POINTING, "name") if tool and tool.origin else _POINTING:
        for name, value in call.arguments.items():
            if (properties[name].role(name) if name in properties else name) == role:
                text = str(value) if role == "target" else host_of(str(value))
                found += [text] if role != "name" or _is_host(text) else []
    return tuple(found)


def _is_host(text: str) -> bool:
    try:
        parse_host(text)
    except ValueError:
        return False
    return True


def _check(tool: str, name: str, parameter: Parameter, value: Value) -> None:
    if not isinstance(value, TYPES[parameter.type]) or (parameter.type == "integer" and isinstance(value, bool)):
        raise InvalidCall(f"{tool}: {name}={value!r} is not of type {parameter.type}")
    if parameter.enum and value not in parameter.enum:
        raise InvalidCall(f"{tool}: {name}={value!r} is not one of {', '.join(parameter.enum)}")
    role = parameter.role(name)
    try:
        if role == "port":
            check_port(int(value))
        elif role in ("count", "interval", "hours") and int(value) < 1:
            raise ValueError(f"{value} is not positive")
        elif role == "count" and int(value) > MOST_PINGS:
            raise ValueError(f"{value} is more than {MOST_PINGS}")
        elif role == "ports" and not is_port_list(str(value)):
            raise ValueError(f"{value!r} is not a port list such as 22,80,8000-8100")
        elif role == "target":
            parse_target(str(value))
        elif role == "url":
            parse_url(str(value))
        elif role == "host" and tool.startswith("monitor_") and "://" in str(value):
            parse_url(str(value))  # what is watched may be a URL, which stays whole
        elif role == "host" and tool in OF_WATCHES and (port := host_and_port(str(value))[1]) is not None:
            check_port(port)
            parse_host(host_of(str(value)))
        elif role == "host" or (role, tool) == ("name", "dns_lookup"):
            _check_host(str(value))
    except ValueError as error:
        said = str(error)
        raise InvalidCall(f"{tool}: {said if said.startswith(name) else f'{name}: {said}'}") from None


def _check_host(text: str) -> None:
    """Raises ValueError, with advice where the host stands inside `text`."""
    try:
        parse_host(text)
    except ValueError as error:
        bare = host_of(text)
        if bare == text:
            raise
        try:
            parse_host(bare)
        except ValueError:
            raise error from None
        raise ValueError(f"{error}; give the host alone: {bare}") from None


def _without_none(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return value
