"""Is it the hosts, or this machine's own network?"""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from netassist.monitor import connectivity
from netassist.monitor.connectivity import LATELY, Link, Suspicion, Way, has_neighbour, is_elsewhere, link
from netassist.monitor.watch import Watch

GATEWAY = IPv4Address("192.0.2.1")
ROUTE = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n{rows}"


def machine(root: Path, *rows: str, state: str = "up") -> Path:
    """Files as Linux has them, of a machine with one interface beside loopback."""
    for name, standing in (("lo", "unknown"), ("eth0", state)):
        (root / "sys/class/net" / name).mkdir(parents=True, exist_ok=True)
        (root / "sys/class/net" / name / "operstate").write_text(standing + "\n")
    (root / "proc/net").mkdir(parents=True, exist_ok=True)
    (root / "proc/net/route").write_text(ROUTE.format(rows="\n".join(rows)))
    return root


def test_the_default_route_and_its_gateway_are_read(tmp_path: Path) -> None:
    default = "eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0"
    root = machine(tmp_path, default, "eth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0")
    assert link(root) == Link(True, (GATEWAY,))


def test_a_cable_that_is_out_is_no_carrier(tmp_path: Path) -> None:
    assert link(machine(tmp_path, state="down")) == Link(False, ())


def test_where_the_kernel_tells_nothing_all_is_well(tmp_path: Path) -> None:
    assert link(tmp_path).carrier


@pytest.mark.parametrize(("flags", "known"), [("0x2", True), ("0x0", False)])
def test_a_gateway_without_a_link_address_is_gone(tmp_path: Path, flags: str, known: bool) -> None:
    table = tmp_path / "arp"
    table.write_text(f"IP address HW type Flags HW address Mask Device\n192.0.2.1 0x1 {flags} 00:00:00:00:00:00 * eth0\n")
    assert has_neighbour("192.0.2.1", table) == known
    assert has_neighbour("192.0.2.2", table)


def standing(*links: Link, ask: bool = False) -> list[str]:
    """How it stands, one look after the first."""
    looks = iter(links)
    way = Way(lambda: next(looks))

    async def every() -> list[str]:
        return [await way.standing(ask_gateway=ask) for _ in links[1:]]

    return asyncio.run(every())


def test_a_route_that_is_gone_is_offline_and_one_that_never_was_is_not() -> None:
    assert standing(Link(True, (GATEWAY,)), Link(True, ()), Link(True, (GATEWAY,))) == ["offline", "online"]
    assert standing(Link(True, ()), Link(True, ()), Link(False, ())) == ["online", "offline"]


def test_a_gateway_that_answers_is_online_and_one_that_does_not_is_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    there = IPv4Address("127.0.0.1")
    assert standing(Link(True, (there,)), Link(True, (there,)), ask=True) == ["online"]

    async def silent(gateway: object) -> bool:
        return False

    monkeypatch.setattr(connectivity, "answers", silent)
    assert standing(Link(True, (there,)), Link(True, (there,)), ask=True) == ["offline"]


def test_one_host_that_answers_takes_the_suspicion_away() -> None:
    suspicion = Suspicion()
    for number in range(5):
        suspicion.note(f"host{number}", answered=False, now=100.0)
        suspicion.note(f"host{number}", answered=False, now=101.0)
    assert suspicion.hosts(102.0) == 5
    assert suspicion.hosts(102.0 + LATELY) == 0
    suspicion.note("host9", answered=True, now=103.0)
    assert suspicion.hosts(103.0) == 0


@pytest.mark.parametrize(
    ("host", "elsewhere"),
    [("127.0.0.9", False), ("::1", False), ("localhost", False), ("http://127.0.0.1:8080/", False), ("192.0.2.7", True),
     ("example.org", True)],
)  # fmt: skip
def test_loopback_says_nothing_of_the_network(host: str, elsewhere: bool) -> None:
    assert is_elsewhere(Watch(host=host, check="icmp")) == elsewhere
