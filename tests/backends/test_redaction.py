"""Placeholders: nothing real leaves, everything comes back, and a conversation keeps its names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.backends.planning import Exchange, Round
from netassist.backends.redaction import Redaction
from netassist.entities import recognise
from netassist.toolbox import Call
from tests.backends.asking import EVERY, planned, remote, told
from tests.lab.llm_server import Llm, Turn, Wanted, llm_server

INVENTORY = {"the nas": "192.0.2.7", "office": "10.20.0.0/16"}
REAL = ("shop.example.org", "198.51.100.8", "192.0.2.7", "10.20.0.0/16", "2001:db8::53", "https://intra.example.org/hr/list?id=7",
        "admin@example.org", "02:00:5e:10:00:01", "the nas", "office", "intra.example.org", "host1.invalid")  # fmt: skip


def redaction(*requests: str) -> Redaction:
    made = Redaction(INVENTORY)
    for request in requests:
        made.learn(recognise(request, INVENTORY))
    return made


@pytest.mark.parametrize("real", REAL)
@pytest.mark.parametrize("text", ["{}", "is {} up?", "({})", "{}, and more", '"{}"', "{}: 443/tcp open", "CN={},O=Lab", "{}."])
def test_what_is_real_goes_out_as_a_placeholder_and_comes_back(real: str, text: str) -> None:
    said = text.format(real)
    hidden = redaction().hidden(said)
    assert real not in hidden or real == "host1.invalid"
    made = redaction()
    back = made.shown(made.hidden(said))
    assert back in (said, text.format(INVENTORY.get(real, real)))


@given(st.lists(st.sampled_from([*REAL, "and", "port 443", "TLSv1.3", "0.4", "nginx/1.24.0"]), min_size=1, max_size=8))
def test_any_mixture_holds_nothing_real(parts: list[str]) -> None:
    hidden = redaction().hidden(" ".join(parts)).lower()
    assert not [real for real in REAL if real in hidden and real != "host1.invalid"]


@given(st.text(max_size=300))
def test_any_text_can_be_hidden_and_what_is_no_host_stays(text: str) -> None:
    made = redaction()
    assert made.shown(made.hidden(text)).lower().count("\x00") == text.lower().count("\x00")


@given(st.text("ab1.:/@-[] \n", max_size=200))
def test_what_looks_like_hosts_comes_back(text: str) -> None:
    made = Redaction()
    assert made.shown(made.hidden(text)).lower().replace("[", "").replace("]", "") == text.lower().replace("[", "").replace(
        "]", ""
    )


def test_a_placeholder_stays_the_same() -> None:
    made = redaction()
    first = made.hidden("192.0.2.1 and SHOP.example.org")
    assert made.hidden("shop.example.org, then 192.0.2.1") == f"{first.split()[-1]}, then {first.split()[0]}"
    assert made.shown("ping HOST99.invalid") == "ping HOST99.invalid"


def test_dictated_addresses_and_partial_names_are_hidden_too() -> None:
    request = "is ten dot one dot two dot three up?"
    made = redaction(request)
    hidden = made.hidden(request)
    assert "ten dot one" not in hidden
    assert made.shown(hidden) == "is 10.1.2.3 up?"


@pytest.mark.parametrize("text", ["12:30:198.51.100.8", "1:2:3:198.51.100.8", "999.1.1.198.51.100.8", "at:::198.51.100.8:::"])
def test_an_address_within_what_is_none_is_hidden(text: str) -> None:
    assert "51.100" not in redaction().hidden(text) or "999" in text


def test_versions_and_ports_stay() -> None:
    text = "TLSv1.3, OpenSSH_9.6p1, nginx/1.24.0, 443/tcp, 12:30:45, 99.5%"
    assert redaction().hidden(text) == text


def test_a_remote_model_plans_over_placeholders_and_real_hosts_are_called(tmp_path: Path) -> None:
    request = "is the nas up, what runs on shop.example.org, and check https://intra.example.org/hr/list?id=7"
    earlier = [Exchange("ping 198.51.100.8", (Call("ping", {"host": "198.51.100.8"}),), "call", ("198.51.100.8 is up",))]
    so_far = [Round((Call("dns_lookup", {"name": "shop.example.org"}),), ("MX mail.secret.example.org",))]

    def model(said: str) -> Turn:
        host, shop, url = (part.strip(",") for part in (said.split()[1], said.split()[6], said.split()[-1]))
        calls = [Wanted("ping", {"host": host}), Wanted("nmap_scan", {"target": shop}), Wanted("http_check", {"url": url})]
        return Turn(f"Looking at {shop}.", calls=calls)

    async def story() -> None:
        backend = remote(lab, tmp_path, redact=True)
        await backend.plan(request, earlier, EVERY, INVENTORY, so_far)
        lab.otherwise = model(next(m["content"] for m in lab.asked[0].body["messages"][::-1] if m["role"] == "user"))
        plan = await planned(backend, request, earlier, so_far, INVENTORY)
        assert [call.arguments for call in plan.calls] == [
            {"host": "192.0.2.7"},
            {"target": "shop.example.org"},
            {"url": "https://intra.example.org/hr/list?id=7"},
        ]
        assert plan.text == "Looking at shop.example.org."

    with llm_server(Llm(otherwise=Turn("?"))) as lab:
        told(story())
    for asked in lab.asked:
        assert not [real for real in (*REAL, "mail.secret", "hr/list") if real in asked.said and real != "host1.invalid"]
        assert "host" in asked.said


def test_a_correction_holds_nothing_real_either(tmp_path: Path) -> None:
    wrong = Turn(calls=[Wanted("ping", {"host": "host1.invalid", "count": "x"})])
    with llm_server(Llm([wrong, Turn(calls=[Wanted("ping", {"host": "host1.invalid"})])])) as lab:
        plan = told(planned(remote(lab, tmp_path, redact=True), "ping shop.example.org"))
    assert plan.calls == (Call("ping", {"host": "shop.example.org"}),)
    assert not [asked for asked in lab.asked if "shop.example" in asked.said]
