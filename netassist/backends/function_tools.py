"""The tools as a chat completion API wants them: JSON Schema, and in it only what the user said.

A parameter that may point at nothing the user said is left out where it is optional; where it is required it stays, so that the
model sees what is missing and asks back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from netassist.backends.planning import Exchange
from netassist.entities import Entity, recognise, recognise_all
from netassist.grounding import candidates, within_reach
from netassist.toolbox import Tool, Value, function_doc

Json: TypeAlias = dict[str, object]
Hidden: TypeAlias = Callable[[str], str]
"""What stands for a text where it must not leave the machine."""


def reach_of(request: str, earlier: Sequence[Exchange], inventory: Mapping[str, str]) -> list[Entity]:
    """What the calls for `request` may point at."""
    said = recognise_all((exchange.request for exchange in earlier), inventory)
    return within_reach(request, recognise(request, inventory, said), said)


def described(tools: Sequence[Tool], reach: Sequence[Entity], hidden: Hidden) -> list[Json]:
    """Each tool's `name`, `description`, and `parameters` as JSON Schema (draft 2020-12)."""
    return [_described(tool, reach, hidden) for tool in tools]


def native(functions: Sequence[Json]) -> list[Json]:
    """The `tools` of a request to a chat completion API."""
    return [{"type": "function", "function": function} for function in functions]


def as_json(functions: Sequence[Json]) -> str:
    """The functions as text, for a model whose server has no `tools`."""
    return json.dumps(functions, ensure_ascii=False)


def _described(tool: Tool, reach: Sequence[Entity], hidden: Hidden) -> Json:
    document = function_doc(tool)
    properties: Json = {}
    for name, parameter in tool.parameters.properties.items():
        plain = {"type": parameter.type, "description": parameter.description}
        if parameter.default is not None:
            plain["default"] = parameter.default  # type: ignore[assignment]
        allowed = candidates(name, parameter, reach, tool.name)
        required = name in tool.parameters.required
        if parameter.type == "boolean" or allowed is None or (required and not allowed):
            properties[name] = plain
        elif allowed:
            properties[name] = plain | {"enum": _values(allowed, parameter.default, hidden)}
    schema = {"type": "object", "properties": properties, "required": list(tool.parameters.required)}
    return {"name": document["name"], "description": document["description"], "parameters": schema | _CLOSED}


_CLOSED: Json = {"additionalProperties": False}


def _values(allowed: Sequence[Value], default: Value | None, hidden: Hidden) -> list[Value]:
    values = [hidden(value) if isinstance(value, str) else value for value in allowed]
    if default is not None and default not in values:
        values.append(default)
    return list(dict.fromkeys(values))
