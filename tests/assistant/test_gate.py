"""The gate: what may run, and who has to say yes."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from netassist.assistant.gate import Refused, admit, risk_of
from netassist.configuration import ScopeRules, Settings
from netassist.entities import recognise
from netassist.toolbox import Call, Risk, Value, tools

DEFAULTS = Settings()


def gate(
    call: Call, said: str | None, settings: Settings = DEFAULTS, approved: frozenset[Risk] = frozenset(), yes: bool = False
) -> str:
    """Who allowed the call; raises Refused."""

    async def answer(call: Call, risk: Risk) -> bool:
        return yes

    entities = None if said is None else recognise(said, settings.inventory)
    return asyncio.run(admit(call, settings, entities, approved, answer)).allowed_by


def scan(target: str, **more: Value) -> Call:
    return Call("nmap_scan", {"target": target, **more})


@pytest.mark.parametrize(
    ("call", "tier"),
    [
        (scan("192.0.2.1"), "active"),
        (scan("192.0.2.1", profile="vuln"), "intrusive"),
        (scan("10.0.0.0/20"), "active"),
        (scan("10.0.0.0/19"), "intrusive"),
        (scan("2001:db8::/116"), "active"),
        (scan("2001:db8::/64"), "intrusive"),
        (Call("dns_lookup", {"name": "example.org"}), "passive"),
        (Call("monitor_remove", {"host": "a"}), "change"),
    ],
)
def test_risk_tiers(call: Call, tier: str) -> None:
    assert risk_of(call) == tier


def test_what_the_user_named_runs() -> None:
    assert gate(scan("192.0.2.1"), "scan 192.0.2.1") == "the request"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (scan("192.0.2.2"), "scan 192.0.2.1"),
        (scan("192.0.2.1", ports="22,80"), "scan 192.0.2.1"),
        (Call("tcp_check", {"host": "192.0.2.1", "port": 8080}), "is port 80 open on 192.0.2.1"),
        (scan("192.0.2.0/24"), "scan 192.0.2.1"),
    ],
)
def test_what_the_user_did_not_say_is_refused(call: Call, said: str) -> None:
    with pytest.raises(Refused) as refused:
        gate(call, said)
    assert refused.value.kind == "ungrounded"


@pytest.mark.parametrize("host", ["-oX", "a;reboot", "$(id)", "a b", "", "x" * 300, "evil\x1b[2J"])
def test_a_target_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(Refused) as refused:
        gate(Call("ping", {"host": host}), None)
    assert refused.value.kind == "invalid"


def test_intrusive_calls_need_a_yes() -> None:
    call = scan("192.0.2.1", profile="vuln")
    with pytest.raises(Refused, match="--approve intrusive") as refused:
        gate(call, "run the vuln scripts on 192.0.2.1")
    assert refused.value.kind == "denied"
    assert gate(call, "run the vuln scripts on 192.0.2.1", yes=True) == "a yes on the terminal"
    assert gate(call, "run the vuln scripts on 192.0.2.1", approved=frozenset({"intrusive"})) == "--approve intrusive"


def test_a_yes_to_changes_is_none_to_intrusive_scans() -> None:
    with pytest.raises(Refused, match="intrusive"):
        gate(scan("10.0.0.0/8"), "scan 10.0.0.0/8", approved=frozenset({"change"}))


def test_deny_wins() -> None:
    settings = Settings(scope=ScopeRules(allow=("192.0.2.0/24",), deny=("192.0.2.7",)))
    assert gate(scan("192.0.2.8"), "scan 192.0.2.8", settings) == "the request"
    with pytest.raises(Refused) as refused:
        gate(scan("192.0.2.7"), "scan 192.0.2.7", settings)
    assert refused.value.kind == "out_of_scope"


def test_a_name_of_the_inventory_grounds_its_host() -> None:
    settings = Settings(targets={"the NAS": "192.0.2.9"})
    assert gate(scan("192.0.2.9"), "scan the nas", settings) == "the request"


def test_a_tool_that_is_not_there_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    planned_for = {**tools(), "ping": msgspec.structs.replace(tools()["ping"], handler=None)}
    monkeypatch.setattr("netassist.assistant.gate.tools", lambda: planned_for)
    with pytest.raises(Refused, match="not there yet") as refused:
        gate(Call("ping", {"host": "192.0.2.1"}), "ping 192.0.2.1")
    assert refused.value.kind == "unavailable"


@pytest.mark.parametrize(
    ("call", "allowed"),
    [
        (Call("tcp_check", {"host": "192.0.2.1", "port": 25}), False),
        (Call("tcp_check", {"host": "192.0.2.1", "port": 26}), True),
        (Call("http_check", {"url": "http://192.0.2.1:8080/"}), False),
        (Call("http_check", {"url": "https://192.0.2.1/"}), True),
        (Call("tls_audit", {"host": "192.0.2.2"}), False),
        (Call("ping", {"host": "192.0.2.2"}), True),
    ],
)
def test_ports_are_looked_at_when_a_call_is_planned(call: Call, allowed: bool) -> None:
    settings = Settings(scope=ScopeRules(deny=(":25", "192.0.2.1:8080", "192.0.2.2:443")))
    if allowed:
        assert gate(call, None, settings) == "the request"
    else:
        with pytest.raises(Refused) as refused:
            gate(call, None, settings)
        assert refused.value.kind == "out_of_scope"


def test_read_only_lets_through_what_only_looks_things_up(monkeypatch: pytest.MonkeyPatch) -> None:
    own = msgspec.structs.replace(tools()["ping"], name="own_probe", origin="own_probe.json")
    every = {**tools(), "own_probe": own, "own_look_up": msgspec.structs.replace(own, name="own_look_up", risk="passive")}
    for module in ("netassist.assistant.gate", "netassist.toolbox"):
        monkeypatch.setattr(f"{module}.tools", lambda: every)
    settings = Settings(read_only=True)
    for name, tool in every.items():
        if not tool.implemented:
            continue
        arguments = {
            key: {"integer": 80, "boolean": True}.get(parameter.type, parameter.enum[0] if parameter.enum else "a.test")
            for key, parameter in tool.parameters.properties.items() if key in tool.parameters.required
        }  # fmt: skip
        if tool.risk == "passive":
            assert gate(Call(name, arguments), None, settings) == "the request"
        else:
            with pytest.raises(Refused, match="read-only") as refused:
                gate(Call(name, arguments), None, settings, approved=frozenset({"active", "intrusive", "change"}), yes=True)
            assert refused.value.kind == "denied"
