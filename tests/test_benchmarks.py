"""What the benchmarks rest on: the peers' output is read rightly, differences are counted, packets are turned round whole."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.agreement import cell, differences
from benchmarks.answers import Answers, of_netassist, of_nmap, of_sslscan, of_sslyze, of_testssl
from benchmarks.long_way import turned
from benchmarks.many import addresses
from benchmarks.reference import Reference, reference, visit
from benchmarks.table import ratio
from benchmarks.timing import in_turn

AES, CHACHA = 0xC02F, 0x1303
SSLSCAN = """<?xml version="1.0"?><document title="SSLScan Results"><ssltest host="127.0.0.1" port="1">
<protocol type="ssl" version="3" enabled="0" /><protocol type="tls" version="1.2" enabled="1" />
<protocol type="tls" version="1.3" enabled="1" />
<cipher status="preferred" sslversion="TLSv1.3" cipher="TLS_CHACHA20_POLY1305_SHA256" id="0x1303" />
<cipher status="accepted" sslversion="TLSv1.2" cipher="ECDHE-RSA-AES128-GCM-SHA256" id="0xC02F" />
<group sslversion="TLSv1.3" bits="128" name="x25519" id="0x001d" /></ssltest></document>"""
NMAP = """<?xml version="1.0"?><nmaprun><host><ports><port><script id="ssl-enum-ciphers" output="">
<table key="TLSv1.2"><table key="ciphers"><table>
<elem key="name">TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256</elem></table></table></table>
<table key="TLSv1.3"><table key="ciphers"><table>
<elem key="name">TLS_AKE_WITH_CHACHA20_POLY1305_SHA256</elem></table></table></table>
<elem key="least strength">A</elem></script></port></ports></host></nmaprun>"""
SSLYZE = {
    "tls_1_2_cipher_suites": {
        "result": {"accepted_cipher_suites": [{"cipher_suite": {"name": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}}]}
    },
    "tls_1_3_cipher_suites": {"result": {"accepted_cipher_suites": [{"cipher_suite": {"name": "TLS_CHACHA20_POLY1305_SHA256"}}]}},
    "ssl_3_0_cipher_suites": {"result": {"accepted_cipher_suites": []}},
    "elliptic_curves": {"result": {"supported_curves": [{"name": "X25519", "openssl_nid": 1034}]}},
}
TESTSSL = {
    "SSLv3": "not offered", "TLS1_2": "offered", "TLS1_3": "offered with final", "PFS_ECDHE_curves": "X25519",
    "cipher-tls1_2_xc02f": "TLS 1.2   xc02f   ECDHE-RSA-AES128-GCM-SHA256", "cipher-tls1_3_x1303": "TLS 1.3   x1303",
}  # fmt: skip
NETASSIST = {
    "protocols": {"SSLv3": "refused", "TLSv1.2": "accepted", "TLSv1.3": "accepted"},
    "cipher_suites": {"TLSv1.2": [{"code": "0xC02F"}], "TLSv1.3": [{"code": "0x1303"}]},
    "groups": [{"code": "0x001D"}],
}
TRUE = Answers(frozenset({"TLSv1.2", "TLSv1.3"}), frozenset({("TLSv1.2", AES), ("TLSv1.3", CHACHA)}), frozenset({29}))


@pytest.fixture(scope="module")
def server() -> Iterator[Reference]:
    with reference() as running:
        yield running


def test_each_tool_is_read_to_say_the_same_of_the_same_server() -> None:
    sslyze = json.dumps({"server_scan_results": [{"scan_result": SSLYZE}]})
    testssl = json.dumps([{"id": name, "finding": finding} for name, finding in TESTSSL.items()])

    assert of_sslscan(SSLSCAN) == TRUE
    assert of_sslyze(sslyze) == TRUE
    assert of_testssl(testssl) == TRUE
    assert of_netassist(json.dumps(NETASSIST)) == TRUE
    assert of_nmap(NMAP) == TRUE._replace(groups=None)  # it enumerates none


def test_a_server_that_sslyze_could_not_reach_is_said_to_have_nothing() -> None:
    unreached = json.dumps({"server_scan_results": [{"scan_result": None}]})

    assert of_sslyze(unreached) == Answers(frozenset(), frozenset(), frozenset())


def test_what_a_tool_misses_and_invents_is_counted_and_named() -> None:
    said = Answers(frozenset({"TLSv1.2", "SSLv3"}), frozenset({("TLSv1.2", AES), ("TLSv1.2", -1)}), frozenset())

    assert cell(said, TRUE) == "−1 +1 / −1 +1 / −1"
    assert list(differences(said, TRUE)) == [
        "misses TLSv1.3",  # and so its suites, which need no words
        "misses x25519",
        "invents SSLv3",
        "invents a suite that nobody registered",
    ]
    assert cell(TRUE, TRUE) == "✓ / ✓ / ✓"
    assert cell(TRUE._replace(groups=None), TRUE) == "✓ / ✓ / ·"


@given(st.binary(min_size=20, max_size=1500))
def test_a_packet_turned_round_keeps_its_checksum_and_all_but_the_addresses(packet: bytes) -> None:
    back = turned(packet)

    assert (back[12:16], back[16:20]) == (packet[16:20], packet[12:16])
    assert (back[:12], back[20:]) == (packet[:12], packet[20:])
    assert turned(back) == packet


def test_the_reference_server_counts_whoever_connects(server: Reference) -> None:
    before = server.accepted.value

    found = in_turn({"one": lambda: visit(server.host, server.port)}, 2, lambda: int(server.accepted.value), warm=False)

    assert found["one"].connections == 1
    assert server.accepted.value == before + 2


def test_a_thousand_hosts_have_addresses_of_their_own() -> None:
    found = list(addresses(1000))

    assert len(set(found)) == 1000
    assert all(address.startswith("127.1.") and socket.inet_aton(address) for address in found)


def test_a_goal_that_is_missed_is_said_to_be() -> None:
    assert ratio(1.0, 2.0, 0.5) == "0.5 (goal 0.5)"
    assert ratio(1.2, 2.0, 0.5) == "0.6 (goal 0.5, missed)"
