"""The tools: their files keep to the contract, and their handlers to their files."""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path

import pytest

from netassist.toolbox import (
    Call,
    InvalidCall,
    Value,
    built_in,
    from_words,
    function_doc,
    targets_of,
    tools,
    tools_folder,
    validated,
)

CONTRACT = Path(__file__).parent.parent.parent / "shared" / "contract" / "tools.json"
HERE = [tool for tool in tools().values() if tool.implemented]


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not beside this checkout")
def test_what_a_model_is_told_is_the_contract() -> None:
    contract = {doc["name"]: doc for doc in json.loads(CONTRACT.read_text(encoding="utf-8"))}
    assert {name: function_doc(tool) for name, tool in built_in().items()} == contract


@pytest.mark.parametrize("tool", HERE, ids=lambda tool: tool.name)
def test_a_handler_takes_what_its_file_says(tool: object) -> None:
    for one in HERE:
        if one is not tool:
            continue
        module, _, function = (one.handler or "").partition(":")
        parameters = list(inspect.signature(getattr(importlib.import_module(module), function)).parameters.values())[1:]
        assert [parameter.name for parameter in parameters] == list(one.parameters.properties)
        for parameter in parameters:
            described = one.parameters.properties[parameter.name]
            assert (parameter.default is inspect.Parameter.empty) == (parameter.name in one.parameters.required)
            assert parameter.name in one.parameters.required or parameter.default == described.default


def test_every_built_in_tool_states_its_risk() -> None:
    assert all("risk" in json.loads(file.read_bytes()) for file in tools_folder().glob("*.json"))


def test_every_tool_that_is_there_shows_an_example_that_is_valid() -> None:
    for tool in HERE:
        for example in tool.examples:
            from_words(tool.name, dict(word.partition("=")[::2] for word in example.split()))


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("pong", {}, "there is no tool"),
        ("ping", {}, "host is missing"),
        ("ping", {"host": "a.test", "size": 3}, "there is no argument"),
        ("ping", {"host": "a.test", "count": "4"}, "not of type integer"),
        ("ping", {"host": "a.test", "count": True}, "not of type integer"),
        ("ping", {"host": "a.test", "count": 0}, "not positive"),
        ("tcp_check", {"host": "a.test", "port": 70000}, "not between 1 and 65535"),
        ("nmap_scan", {"target": "a.test", "profile": "deep"}, "not one of"),
        ("nmap_scan", {"target": "a.test", "ports": "22;ls"}, "not a port list"),
        ("nmap_scan", {"target": "-iL /etc/passwd"}, "not a host"),
        ("http_check", {"url": "file:///etc/passwd"}, "not an http"),
    ],
)
def test_what_a_schema_does_not_admit(name: str, arguments: dict[str, Value], said: str) -> None:
    with pytest.raises(InvalidCall, match=said):
        validated(Call(name, arguments))


def test_words_become_values_of_their_types() -> None:
    assert from_words("monitor_edit", {"host": "a", "interval": "60", "enabled": "false"}).arguments == {
        "host": "a", "interval": 60, "enabled": False,
    }  # fmt: skip


def test_what_a_call_touches() -> None:
    assert targets_of(Call("http_check", {"url": "https://a.test:8443/x"})) == ("a.test",)
    assert targets_of(Call("nmap_scan", {"target": "10.0.0.0/24"})) == ("10.0.0.0/24",)
    assert targets_of(Call("dns_lookup", {"name": "a.test"})) == ()


def test_what_is_watched_may_be_a_url_and_what_is_pinged_may_not() -> None:
    url = "https://shop.example.org/health"
    assert validated(Call("monitor_add", {"host": url, "check": "http"})).arguments["host"] == url
    with pytest.raises(InvalidCall, match=r"shop\.example\.org"):
        validated(Call("ping", {"host": url}))
    with pytest.raises(InvalidCall, match="http or https"):
        validated(Call("monitor_remove", {"host": "file:///etc/passwd"}))
