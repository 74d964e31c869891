"""The description of the API: OpenAPI 3.1, made from the table of routes and the types that it reads and writes."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec

from netassist import __version__
from netassist.monitor.api.problems import MEDIA_TYPE, Problem
from netassist.monitor.api.routes import ROUTES, Route

_REF = "#/components/schemas/{name}"
_ALWAYS = (401, 403, 429, 500, 503, 504)
_WHY = {
    401: "no token, or none that is known",
    403: "the token may not, or the scope does not allow it",
    404: "there is none",
    409: "it cannot be done as things stand",
    413: "the body is too large",
    422: "what was sent is not what is read here",
    429: "too many requests; Retry-After says when",
    500: "a mistake of the daemon's",
    503: "it cannot be answered now",
    504: "it took too long",
}


@cache
def document() -> dict[str, Any]:
    """The whole description; it is the same for every daemon of this version."""
    types = list(dict.fromkeys(kind for route in ROUTES for kind in (route.query, route.body, route.answer, Problem) if kind))
    references, components = msgspec.json.schema_components(types, ref_template=_REF, schema_hook=_anything)
    schema = dict(zip(types, references, strict=True))
    queries = {route.query.__name__ for route in ROUTES if route.query is not None}
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "netassist daemon",
            "version": __version__,
            "description": "Watching hosts. Over the unix socket the user of the daemon needs no token; over TCP every request "
            "does (`netassist daemon token add`). Times are Unix seconds.",
            "license": {"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {name: held for name, held in sorted(components.items()) if name not in queries},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, schema: dict[type[msgspec.Struct], dict[str, Any]], components: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"operationId": operation(route), "summary": route.summary}
    variables = re.findall(r"{(\w+)}", route.path)
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in variables]
    if route.query is not None:
        held = components[route.query.__name__]
        parameters += [
            {"name": name, "in": "query", "required": name in held.get("required", ()), "schema": kind}
            for name, kind in held["properties"].items()
        ]
    if parameters:
        told["parameters"] = parameters
    if route.body is not None:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema[route.body]}}}
    content = {"application/json": {"schema": schema[route.answer]}} if route.answer else {_plain(route): {}}
    answers: dict[str, Any] = {str(route.status): {"description": "done", "content": content}}
    read = (413, 422) if route.body is not None else (422,) if route.query is not None else ()
    for status in sorted({*_ALWAYS, *read, *route.errors} - (set() if route.right else {401, 403})):
        answers[str(status)] = {"description": _WHY[status], "content": {MEDIA_TYPE: {"schema": schema[Problem]}}}
    told["responses"] = answers
    told["security"] = [{"token": []}] if route.right else []
    if route.right:
        told["x-right"] = route.right
    if route.local:
        told["x-local"] = True
    return told


def operation(route: Route) -> str:
    """A name that is the route's own, for example ``get_watches_key``."""
    return "_".join([route.method.lower(), *re.findall(r"[a-z]+", route.path.removeprefix("/v1"))])


def _plain(route: Route) -> str:
    return "application/json" if route.path.endswith(".json") else "text/plain"


def _anything(kind: type) -> dict[str, Any]:
    if kind is msgspec.Raw:
        return {"description": "any JSON"}
    raise NotImplementedError
