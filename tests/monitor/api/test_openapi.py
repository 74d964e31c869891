"""The description of the API: whole, valid, the same as in docs/api, and what the API really answers fits it.

    python -m tests.monitor.api.test_openapi

writes docs/api/openapi.json anew.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import msgspec

from netassist.monitor.api.openapi import document, operation
from netassist.monitor.api.routes import ROUTES
from netassist.monitor.watch import Watch
from tests.monitor.api.served import Served, played

FILE = Path(__file__).parent.parent.parent.parent / "docs" / "api" / "openapi.json"


def written() -> str:
    """The file as it has to be; the version is that of the day."""
    whole = json.loads(msgspec.json.encode(document()))
    whole["info"]["version"] = "0"
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def test_the_file_in_docs_is_of_today() -> None:
    assert FILE.read_text(encoding="utf-8") == written(), "run: python -m tests.monitor.api.test_openapi"


def test_every_route_is_described_once() -> None:
    paths = document()["paths"]
    assert sum(len(held) for held in paths.values()) == len(ROUTES)
    names = [operation(route) for route in ROUTES]
    assert len(set(names)) == len(names)
    for path, held in paths.items():
        for method, told in held.items():
            variables = {one["name"] for one in told.get("parameters", ()) if one["in"] == "path"}
            assert variables == set(re.findall(r"{(\w+)}", path)), (method, path)
            assert bool(told["security"]) is ("401" in told["responses"])


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [ref for held in value.values() for ref in references(held)]
    return [ref for held in value for ref in references(held)] if isinstance(value, list) else []


def test_everything_it_refers_to_is_there_and_is_json_schema() -> None:
    whole = json.loads(msgspec.json.encode(document()))
    assert whole["openapi"] == "3.1.0"
    schemas = whole["components"]["schemas"]
    assert {ref.removeprefix("#/components/schemas/") for ref in references(whole)} <= schemas.keys()
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)


def schema_of(path: str, method: str, status: int) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(msgspec.json.encode(document()))
    [content] = whole["paths"][path][method]["responses"][str(status)]["content"].values()
    return {**content["schema"], "components": whole["components"]}


ASKED: tuple[tuple[str, str, str, object], ...] = (
    ("get", "/v1/watches", "/v1/watches", None),
    ("get", "/v1/states", "/v1/states", None),
    ("get", "/v1/history", "/v1/history?watch=icmp%20a.example", None),
    ("get", "/v1/events", "/v1/events", None),
    ("get", "/v1/alerts", "/v1/alerts?status=open", None),
    ("get", "/v1/status", "/v1/status", None),
    ("post", "/v1/reload", "/v1/reload", None),
    ("post", "/v1/test-alert", "/v1/test-alert", {}),
    ("post", "/v1/ask", "/v1/ask", {"question": "?"}),
    ("get", "/v1/watches/{key}", "/v1/watches/nothing", None),
    ("post", "/v1/watches", "/v1/watches", {"host": "b.example", "check": "tcp"}),
    ("post", "/v1/watches", "/v1/watches", {"host": "b.example", "check": "icmp"}),
)
"""Method, path as described, path as asked, body."""


def test_answers_are_as_described(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        served.store.put_watch(Watch(host="a.example", check="icmp"), 0.0)
        statuses = []
        for method, path, asked, body in ASKED:
            sent = {} if body is None else {"content": json.dumps(body), "headers": {"Content-Type": "application/json"}}
            answer = await served.local.request(method.upper(), asked, **sent)  # type: ignore[arg-type]
            jsonschema.validate(answer.json(), schema_of(path, method, answer.status_code))
            statuses.append(answer.status_code)
        assert statuses == [200] * 8 + [503, 404, 422, 201]

    played(tmp_path, story)


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(written(), encoding="utf-8")
