"""What each tool says of a server's versions, suites and groups, read from the output that it has for programs.

Pure functions of that output. Suites and groups become code points, versions are named as `netassist.tls.facts.Version` does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import NamedTuple
from xml.etree import ElementTree

from netassist.tls.groups import group_named
from netassist.tls.suites_data import NAMES

VERSIONS = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_CODES = {name: code for code, name in NAMES.items()}
_TESTSSL = {"SSLv2": "SSLv2", "SSLv3": "SSLv3", "TLS1": "TLSv1.0", "TLS1_1": "TLSv1.1", "TLS1_2": "TLSv1.2", "TLS1_3": "TLSv1.3"}
_SSLYZE = {
    "ssl_2_0": "SSLv2",
    "ssl_3_0": "SSLv3",
    "tls_1_0": "TLSv1.0",
    "tls_1_1": "TLSv1.1",
    "tls_1_2": "TLSv1.2",
    "tls_1_3": "TLSv1.3",
}
_TESTSSL_SUITE = re.compile(r"cipher-(ssl2|ssl3|tls1|tls1_1|tls1_2|tls1_3)_x([0-9a-f]+)")
_TESTSSL_PREFIXES = {"ssl2": "SSLv2", "ssl3": "SSLv3"} | {key.lower(): name for key, name in _TESTSSL.items()}


class Answers(NamedTuple):
    """Versions accepted, pairs of version and suite, codes of groups; None for what a tool does not enumerate at all."""

    versions: frozenset[str]
    suites: frozenset[tuple[str, int]] | None
    groups: frozenset[int] | None = None


def of_netassist(output: str) -> Answers:
    report = json.loads(output)
    return Answers(
        frozenset(name for name, support in report["protocols"].items() if support == "accepted"),
        frozenset((name, int(held["code"], 16)) for name, suites in report["cipher_suites"].items() for held in suites),
        frozenset(int(held["code"], 16) for held in report["groups"]),
    )


def of_sslscan(output: str) -> Answers:
    """Its XML. A suite's `id` has six digits for SSL 2.0."""
    document = ElementTree.fromstring(output)
    versions = {
        f"{'SSLv' if held.get('type') == 'ssl' else 'TLSv'}{held.get('version')}"
        for held in document.iter("protocol")
        if held.get("enabled") == "1"
    }
    suites = {(str(held.get("sslversion")), int(str(held.get("id")), 16)) for held in document.iter("cipher")}
    return Answers(
        frozenset(versions), frozenset(suites), frozenset(int(str(held.get("id")), 16) for held in document.iter("group"))
    )


def of_nmap(output: str) -> Answers:
    """The XML of ssl-enum-ciphers, which names the curve that each suite got, and enumerates no groups."""
    suites = set()
    for script in ElementTree.fromstring(output).iter("script"):
        if script.get("id") not in ("ssl-enum-ciphers", "sslv2"):
            continue
        for table in script.iterfind("table"):
            for name in table.iterfind("table[@key='ciphers']/table/elem[@key='name']"):
                suites.add((str(table.get("key")), suite_code(str(name.text))))
    return Answers(frozenset(version for version, _ in suites), frozenset(suites))


def of_sslyze(output: str) -> Answers:
    """Its JSON, of the first server."""
    results = json.loads(output)["server_scan_results"]
    found = results[0]["scan_result"] if results and results[0]["scan_result"] else {}
    versions, suites = set(), set()
    for key, name in _SSLYZE.items():
        result = (found.get(f"{key}_cipher_suites") or {}).get("result") or {"accepted_cipher_suites": []}
        for held in result["accepted_cipher_suites"]:
            versions.add(name)
            suites.add((name, suite_code(held["cipher_suite"]["name"])))
    curves = (found.get("elliptic_curves") or {}).get("result") or {"supported_curves": []}
    return Answers(frozenset(versions), frozenset(suites), group_codes(held["name"] for held in curves["supported_curves"] or ()))


def of_testssl(output: str) -> Answers:
    """Its JSON with --protocols, --cipher-per-proto and --fs (PFS)."""
    versions, suites, groups = set(), set(), frozenset[int]()
    for held in json.loads(output):
        name, finding = held["id"], held["finding"]
        if name in _TESTSSL and finding.startswith("offered"):
            versions.add(_TESTSSL[name])
        elif found := _TESTSSL_SUITE.fullmatch(name):
            suites.add((_TESTSSL_PREFIXES[found[1]], int(found[2], 16)))
        elif name.endswith(("_ECDHE_curves", "_DH_groups", "FS_KEMs", "FS_DHE_groups")):
            groups |= group_codes(word.replace("-", "") for word in finding.split())
    return Answers(frozenset(versions), frozenset(suites), groups)


def suite_code(name: str) -> int:
    """By the registry's name, or Nmap's for TLS 1.3 (``TLS_AKE_WITH_…``); -1 for one that the registry does not have."""
    return _CODES.get(name.replace("TLS_AKE_WITH_", "TLS_"), -1)


def group_codes(names: Iterable[str]) -> frozenset[int]:
    """By their names; those that nobody registered are left out."""
    found = (group_named(name) for name in names)
    return frozenset(int(held.code, 16) for held in found if held.code is not None)
