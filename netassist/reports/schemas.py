"""The JSON Schema (2020-12) of what programs read, made from the types themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from netassist.reports.stored import TYPES, type_of

BASE = "https://raw.githubusercontent.com/netassist/netassist/main/docs/schema/"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REF = "#/$defs/{name}"


def file_name(schema: str) -> str:
    """``ping-1.json`` of ``netassist/ping/1``."""
    return f"{schema.removeprefix('netassist/').replace('/', '-')}.json"


def schemas(more: Mapping[str, type[msgspec.Struct]]) -> dict[str, dict[str, Any]]:
    """A schema for each type of report and of `more`, by the name of the form, each whole in itself.

    Where a report may hold reports of any kind, each kind stands there.
    """
    types: dict[str, type[msgspec.Struct]] = {name: type_of(name) for name in TYPES} | dict(more)
    tops, definitions = msgspec.json.schema_components(list(types.values()), ref_template=_REF, schema_hook=_anything)
    top = {name: str(held["$ref"]) for name, held in zip(types, tops, strict=True)}
    definitions["Report"] = {"description": definitions["Report"]["description"],
                             "anyOf": [{"$ref": top[name]} for name in TYPES] + [{"$ref": "#/$defs/AddedReport"}]}  # fmt: skip
    definitions["AddedReport"] = {
        "description": "The report of a tool that a user or a package added.",
        "type": "object",
        "properties": {"schema": {"type": "string", "pattern": "^(?!netassist/)"}},
        "required": ["schema", "target", "started", "duration_s"],
    }
    return {name: _whole(name, top[name], definitions) for name in types}


def _anything(kind: type) -> dict[str, Any]:
    """The schema of a field that holds any JSON."""
    if kind is object:
        return {"description": "any JSON"}
    raise NotImplementedError


def _whole(name: str, top: str, definitions: Mapping[str, Any]) -> dict[str, Any]:
    needed: dict[str, Any] = {}
    waiting = [top]
    while waiting:
        key = waiting.pop().removeprefix("#/$defs/")
        if key not in needed:
            needed[key] = definitions[key]
            waiting += _refs(definitions[key])
    return {"$schema": _DIALECT, "$id": BASE + file_name(name), "$ref": top, "$defs": dict(sorted(needed.items()))}


def _refs(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [ref for item in value.values() for ref in _refs(item)]
    return [ref for item in value for ref in _refs(item)] if isinstance(value, list) else []
