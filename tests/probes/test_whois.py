"""whois_lookup against an RDAP server over TLS: what is registered, what is not, and servers that misbehave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from netassist.audit import judged
from netassist.network import Network
from netassist.probes import rdap_fetch
from netassist.probes.whois import MOST_LEVELS, Whois, whois_lookup
from netassist.scope import Scope
from tests.lab.http import Page
from tests.lab.rdap import JSON, RdapServer, rdap_server, vcard

DOMAIN = {
    "objectClassName": "domain",
    "handle": "D-1",
    "ldhName": "LAB.ZZ",
    "status": ["active"],
    "events": [
        {"eventAction": "registration", "eventDate": "2001-02-03T04:05:06Z"},
        {"eventAction": "expiration", "eventDate": "2099-02-03T04:05:06Z"},
    ],
    "nameservers": [{"ldhName": "NS1.LAB.ZZ"}],
    "secureDNS": {"delegationSigned": True},
    "entities": [
        {
            "roles": ["registrar"],
            "publicIds": [{"type": "IANA Registrar ID", "identifier": "9999"}],
            "vcardArray": vcard(fn="Lab Names"),
            "entities": [{"roles": ["abuse"], "vcardArray": vcard(fn="Abuse", email="abuse@names.zz", tel="tel:+1.23")}],
        },
        {"roles": ["registrant"], "vcardArray": vcard(fn="A Person", org="Lab Ltd", adr="CH")},
    ],
}
NETWORK = {
    "objectClassName": "ip network", "handle": "NET-1", "name": "LAB-NET", "startAddress": "8.8.8.0", "endAddress": "8.8.8.255",
    "country": "CH", "cidr0_cidrs": [{"v4prefix": "8.8.8.0", "length": 24}],
    "entities": [{"roles": ["registrant"], "vcardArray": vcard(fn="Lab Ltd")}],
}  # fmt: skip
NUMBER = {"objectClassName": "autnum", "name": "LAB-AS", "startAutnum": 15000, "endAutnum": 15010}
ENTRIES = {"dns": "zz", "ipv4": "8.0.0.0/8", "ipv6": "2600::/12", "asn": "15000-16000"}
ANSWERS: Mapping[str, object] = {
    "/domain/lab.zz": DOMAIN, "/domain/xn--bcher-kva.zz": DOMAIN, "/ip/8.8.8.8": NETWORK, "/ip/8.8.8.0/25": NETWORK,
    "/ip/8.9.9.9": NETWORK, "/autnum/15005": NUMBER, "/autnum/15999": NUMBER,
    "/ip/2600::1": {"objectClassName": "ip network", "startAddress": "2600::", "endAddress": "2600:ffff::"},
}  # fmt: skip


def asked(server: RdapServer, name: str, monkeypatch: pytest.MonkeyPatch, scope: Scope | None = None) -> Whois:
    monkeypatch.setenv("XDG_DATA_HOME", str(server.data))
    network = Network(scope or Scope(allow=("127.0.0.1",)), ca_file=server.anchor, timeout=2)
    report = judged(asyncio.run(whois_lookup(network, name)))
    assert isinstance(report, Whois)
    return report


def test_a_domain_with_all_that_its_registry_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with rdap_server(tmp_path, ANSWERS, ENTRIES) as server:
        report = asked(server, "lab.zz", monkeypatch)
    found = report.registration
    assert found is not None
    assert (report.status, report.outcome, report.kind, report.name) == ("ok", "registered", "domain", "lab.zz")
    assert (found.registrar, found.registrar_id, found.holder, found.country) == ("Lab Names", "9999", "Lab Ltd", "CH")
    assert found.registered == datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert found.expires == datetime(2099, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert (found.status, found.nameservers, found.signed) == (("active",), ("ns1.lab.zz",), True)
    assert found.abuse is not None
    assert (found.abuse.email, found.abuse.phone) == ("abuse@names.zz", "+1.23")
    assert report.list_as_of == "2026-11-01"
    assert report.findings == ()


def test_a_host_is_asked_for_upwards_until_a_domain_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {**ANSWERS, "/domain/www.lab.zz": Page(400, JSON, b"{}")}
    with rdap_server(tmp_path, answers, ENTRIES) as server:
        report = asked(server, "a.www.lab.zz", monkeypatch)
    assert (report.query, report.name, report.outcome) == ("a.www.lab.zz", "lab.zz", "registered")
    assert server.asked == ["/domain/a.www.lab.zz", "/domain/www.lab.zz", "/domain/lab.zz"]


def test_how_often_it_goes_up_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with rdap_server(tmp_path, {}, ENTRIES) as server:
        report = asked(server, ".".join("abcdefghijkl") + ".zz", monkeypatch)
    assert report.outcome == "not_registered"
    assert len(server.asked) == MOST_LEVELS
    assert server.asked[-1] == "/domain/l.zz"


def test_other_scripts_are_asked_for_in_ascii(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with rdap_server(tmp_path, ANSWERS, ENTRIES) as server:
        assert asked(server, "bücher.zz", monkeypatch).name == "xn--bcher-kva.zz"


@pytest.mark.parametrize(
    ("name", "path", "kind"),
    [
        ("8.8.8.8", "/ip/8.8.8.8", "address"),
        ("8.8.8.0/25", "/ip/8.8.8.0/25", "network"),
        ("2600::1", "/ip/2600::1", "address"),
        ("AS15005", "/autnum/15005", "autonomous_system"),
        ("as15005", "/autnum/15005", "autonomous_system"),
    ],
)
def test_addresses_networks_and_numbers(name: str, path: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with rdap_server(tmp_path, ANSWERS, ENTRIES) as server:
        report = asked(server, name, monkeypatch)
    assert (report.outcome, report.kind, server.asked) == ("registered", kind, [path])


@pytest.mark.parametrize("name", ["8.9.9.9", "AS15999"])
def test_an_answer_about_something_else_is_none(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with rdap_server(tmp_path, ANSWERS, ENTRIES) as server:
        report = asked(server, name, monkeypatch)
    assert report.error is not None
    assert (report.status, report.error.kind, report.registration) == ("failed", "protocol", None)


def test_what_is_not_registered_is_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with rdap_server(tmp_path, ANSWERS, ENTRIES) as server:
        report = asked(server, "nobody.zz", monkeypatch)
    assert (report.status, report.error, report.outcome, report.registration) == ("ok", None, "not_registered", None)


@pytest.mark.parametrize("name", ["10.0.0.1", "192.168.0.0/16", "fe80::1", "printer.local", "shop.test", "AS64512", "127.0.0.1"])
def test_what_nobody_registers_is_asked_of_nobody(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with rdap_server(tmp_path, ANSWERS, ENTRIES) as server:
        report = asked(server, name, monkeypatch)
    assert (report.status, report.outcome, server.asked) == ("ok", "special_use", [])
    assert report.note


def test_a_registry_without_rdap_is_named_and_nothing_else_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with rdap_server(tmp_path, ANSWERS, ENTRIES) as server:
        report = asked(server, "lab.yy", monkeypatch)
    assert report.error is not None
    assert (report.status, report.outcome, server.asked) == ("failed", "no_service", [])
    assert "the registry of .yy offers no RDAP (IANA's list of 2026-11-01)" in report.error.message


@pytest.mark.parametrize("name", ["localhost", "AS4294967296", "-x.zz", "a b.zz", ""])
def test_what_is_no_question_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with rdap_server(tmp_path, ANSWERS, ENTRIES) as server:
        report = asked(server, name, monkeypatch)
    assert report.error is not None
    assert (report.error.kind, server.asked) == ("invalid", [])


@pytest.mark.parametrize(("after", "said"), [("30", "in 30 s"), ("soon", "later"), ("9" * 40, "later"), (None, "later")])
def test_a_rate_limit_says_when_to_come_again(
    after: str | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page(429, {"Retry-After": after} if after else {}, b"{}")
    with rdap_server(tmp_path, {"/domain/lab.zz": page}, ENTRIES) as server:
        report = asked(server, "lab.zz", monkeypatch)
    assert report.error is not None
    assert (report.error.kind, said in report.error.message) == ("rate_limited", True)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (Page(200, JSON, b"<html>"), "does not answer with JSON"),
        (Page(200, JSON, b"[" * 100_000), "does not answer with JSON"),
        (Page(200, JSON, b'"' + b"x" * rdap_fetch.MOST_BYTES + b'"'), "more than"),
        (Page(200, JSON, b"{}"), "objectClassName"),
        (Page(200, JSON, b"7"), "objectClassName"),
        (Page(500, JSON, b"{}"), "status 500"),
        (Page(400, JSON, b"{}"), "status 400"),
        (Page(302, {"Location": "/domain/lab.zz"}), "redirects"),
        (Page(302, {"Location": "http://127.0.0.1/domain/lab.zz"}), "from HTTPS to plain HTTP"),
        (Page(302, {"Location": "https://[x/"}), "no URL"),
    ],
)
def test_a_server_that_misbehaves_is_told(page: Page, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with rdap_server(tmp_path, {"/domain/lab.zz": page}, ENTRIES) as server:
        report = asked(server, "lab.zz", monkeypatch)
    assert report.error is not None
    assert (report.status, report.error.kind, report.registration) == ("failed", "protocol", None)
    assert said in report.error.message


def test_redirects_are_followed_between_registries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "/ip/8.1.1.1": Page(302, {"Location": "https://127.0.0.1:{port}/ip/8.8.8.8"}),
        "/ip/8.8.8.8": {**NETWORK, "startAddress": "8.0.0.0", "endAddress": "8.255.255.255"},
    }
    with rdap_server(tmp_path, answers, ENTRIES) as server:
        report = asked(server, "8.1.1.1", monkeypatch)
    assert (report.outcome, server.asked) == ("registered", ["/ip/8.1.1.1", "/ip/8.8.8.8"])
    assert report.servers == (f"https://127.0.0.1:{server.http.port}/ip/8.8.8.8",)


def test_a_redirect_into_this_machine_is_not_followed_unless_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(302, {"Location": "https://127.0.0.2:{port}/domain/lab.zz"})
    with rdap_server(tmp_path, {"/domain/lab.zz": page}, ENTRIES) as server:
        report = asked(server, "lab.zz", monkeypatch)
    assert report.error is not None
    assert (report.error.kind, len(server.asked)) == ("out_of_scope", 1)


def test_a_server_in_iana_s_list_at_a_private_address_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with rdap_server(tmp_path, ANSWERS, ENTRIES) as server:
        report = asked(server, "lab.zz", monkeypatch, Scope())
    assert report.error is not None
    assert (report.error.kind, server.asked) == ("out_of_scope", [])


def test_a_certificate_that_does_not_verify_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with rdap_server(tmp_path, ANSWERS, ENTRIES) as server:
        monkeypatch.setenv("XDG_DATA_HOME", str(server.data))
        report = asyncio.run(whois_lookup(Network(Scope(allow=("127.0.0.1",))), "lab.zz"))
    assert report.error is not None
    assert "certificate does not verify" in report.error.message
    assert server.asked == []


def test_the_registrar_is_asked_for_what_the_registry_does_not_keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thin registry keeps no holder; its link leads to the registrar."""
    registrar = {**DOMAIN, "entities": [{"roles": ["registrant"], "vcardArray": vcard(fn="A Person", org="Lab Ltd", adr="CH")}]}
    with rdap_server(tmp_path, {"/registrar/lab.zz": registrar, "/domain/lab.zz": {}}, ENTRIES) as server:
        where = f"https://127.0.0.1:{server.http.port}/registrar/lab.zz"
        thin = {**DOMAIN, "entities": [{"roles": ["registrar"], "vcardArray": vcard(fn="Lab Names")}]}
        thin["links"] = [{"rel": "related", "type": "application/rdap+json", "href": where}]
        server.pages["/domain/lab.zz"] = Page(200, JSON, json.dumps(thin).encode())
        report = asked(server, "lab.zz", monkeypatch)
    assert report.registration is not None
    assert (report.registration.registrar, report.registration.holder, report.registration.country) == (
        "Lab Names",
        "Lab Ltd",
        "CH",
    )
    assert len(report.servers) == 2


def test_where_the_registrar_does_not_answer_the_registry_s_answer_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thin = {**DOMAIN, "links": [{"rel": "related", "type": "application/rdap+json", "href": "https://127.0.0.3/x"}]}
    with rdap_server(tmp_path, {"/domain/lab.zz": thin}, ENTRIES) as server:
        report = asked(server, "lab.zz", monkeypatch)
    assert (report.status, report.outcome) == ("ok", "registered")
    assert report.note is not None
    assert "in vain" in report.note


@pytest.mark.parametrize(
    ("change", "ids"),
    [
        ({"events": [{"eventAction": "expiration", "eventDate": "2020-01-01T00:00:00Z"}]}, ["whois.expired"]),
        ({"status": ["client hold"]}, ["whois.on_hold"]),
        ({"status": ["serverHold", "pendingDelete"]}, ["whois.on_hold", "whois.being_deleted"]),
        ({"events": []}, []),
    ],
)
def test_what_a_registration_means(
    change: dict[str, object], ids: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rdap_server(tmp_path, {"/domain/lab.zz": {**DOMAIN, **change}}, ENTRIES) as server:
        assert [finding.id for finding in asked(server, "lab.zz", monkeypatch).findings] == ids
