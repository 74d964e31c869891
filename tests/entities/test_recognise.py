"""What a request names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.entities import Entity, recognise


def found(text: str, *kinds: str, inventory: dict[str, str] | None = None, earlier: tuple[Entity, ...] = ()) -> list[str | int]:
    return [e.value for e in recognise(text, inventory or {}, earlier) if not kinds or e.kind in kinds]


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("ping db1.example.org.", ["db1.example.org"]),
        ("is 10.0.0.7, or 2001:db8::1 up?", ["10.0.0.7", "2001:db8::1"]),
        ("mail dot example dot org please", ["mail.example.org"]),
        ("ten dot zero dot four dot twenty", ["10.0.4.20"]),
        ("gateway dash two dot berlin dot example dot net", ["gateway-2.berlin.example.net"]),
        ("serveur tiret trois point usine point local", ["serveur-3.usine.local"]),
        ("the shop at münchen.example", ["münchen.example"]),
        ("write to ops@mail.example.org", ["mail.example.org"]),
        ("PTR of 9.100.51.198.in-addr.arpa", ["9.100.51.198.in-addr.arpa"]),
        ("page2.example.org and vlan20-gw.example.org", ["page2.example.org", "vlan20-gw.example.org"]),
        ("lapacho.gov.py, not setup.py", ["lapacho.gov.py"]),
        ("dune-shop.in and dune-nas", ["dune-shop.in"]),
        ("see readme.txt and config.yaml, e.g. the first", []),
        ("it is 12:30 on 24.11.2026, RFC 8446", []),
    ],
)
def test_hosts(text: str, hosts: list[str]) -> None:
    assert found(text, "host") == hosts


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("every five minutes", [300]), ("hourly", [3600]), ("every 30s", [30]), ("twice a day", [43200]),
        ("half an hour", [1800]),
        ("last week", [604800]), ("alle 10 Minuten", [600]), ("toutes les deux heures", [7200]), ("ten times and more", []),
        ("una volta all'ora", [3600]), ("das letzte Wochenende", [172800]), ("de laatste week", [604800]),
        ("prot 25 w/ starttls", []), ("5349 w tls", []),
        ("a two-minute interval", [120]), ("a six-hour window", [21600]),
        ("every 5 minutes on db1, every 10 on db2", [300, 600]), ("each 60 seconds, and each 120.", [60, 120]),
        ("past 6 hours of db1, past thirty-six of db2", [21600, 129600]), ("hourly, then every 10", [3600]),
        ("every 10 please", []),
    ],
)  # fmt: skip
def test_durations_in_seconds(text: str, seconds: list[int]) -> None:
    assert found(text, "duration") == seconds


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("ports 22, 80 and 443", ["22,80,443"]), ("8000-8100", ["8000-8100"]), ("from 1 to 1024", ["1-1024"]),
        ("between 1 and 1024", ["1-1024"]), ("between ports 1 and 1024", ["1-1024"]), ("between 90 and 20", []),
        ("entre el 5000 y el 5100", ["5000-5100"]), ("22 n 80 open", ["22,80"]),
        ("le 22 et le 3389", ["22,3389"]),
        ("tcp/23, tcp/80 and tcp/161", ["23,80,161"]),
        ("5060 tcp and 5061 tcp", ["5060,5061"]), ("22 as well as 3389", ["22,3389"]),
        ("102, 502 and the range 4840-4850", ["102,502,4840-4850"]), ("port 443", []),
    ],
)  # fmt: skip
def test_port_lists_in_nmaps_notation(text: str, ports: list[str]) -> None:
    assert found(text, "ports") == ports


def test_what_looks_dictated_and_is_not_hides_no_name() -> None:
    assert found("new access point ap-roof-5 joined", "word") == ["ap-roof-5"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ping server dash two, then nas underscore three", ["server-2", "nas_3"]),
        ("the dash cam is broken", []),
        ("trace web-prod and websrv01, not the web-site or web-interface", ["web-prod", "websrv01"]),
        ("could a processor be written, and must a processor be approved", []),
    ],
)
def test_names_of_one_label(text: str, words: list[str]) -> None:
    assert found(text, "word") == words


def test_networks_and_urls() -> None:
    assert found("10.0.0.0/24 in VLAN 10.3.0.0/16", "network") == ["10.0.0.0/24", "10.3.0.0/16"]
    assert found("fetch https://a.example:8443/x?y=1, please", "url", "number") == ["https://a.example:8443/x?y=1", 8443]


def test_names_of_the_inventory_stand_for_their_hosts() -> None:
    assert found("scan My Server now", "host", inventory={"my server": "192.0.2.7"}) == ["192.0.2.7"]


def test_what_is_said_in_part_is_completed_by_what_was_said_before() -> None:
    earlier = recognise("ping 10.0.0.5 and db1.example.org")
    assert found("and .17, and db2", "host", earlier=earlier) == ["10.0.0.17", "db2.example.org"]


def test_ordinary_words_are_no_machines_and_machines_are_words() -> None:
    assert found("please check the certificate of the server", "word") == []
    assert found("ping cam_03 and uplink-b", "word") == ["cam_03", "uplink-b"]


@given(st.text(max_size=300))
def test_any_text_is_read_and_every_entity_lies_inside_it(text: str) -> None:
    for entity in recognise(text):
        assert 0 <= entity.start <= entity.end <= len(text)


@given(
    st.lists(
        st.sampled_from(
            ["ping", "10.0.0.1", "::1", "every", "five", "minutes", "22", ",", "-", "dot", "a.b", "https://x.y", '"', "[", "/24"]
        ),
        max_size=25,
    )
)
def test_words_of_the_trade_in_any_order_are_read_in_order(words: list[str]) -> None:
    starts = [entity.start for entity in recognise(" ".join(words))]
    assert starts == sorted(starts)


@pytest.mark.parametrize(
    ("text", "kinds", "values"),
    [
        ("si le 10.7.7.3 a le port 3389 d'ouvert", "number duration", [3389]),
        ("le porte 80, 443 ora", "duration ports", ["80,443"]),
        ("watch it every half minute", "duration", [30]),
        ("one for 22 and one for 443, 2 min apiece", "number duration", [22, 443, 120]),
        ("22, 443, 2 min apiece", "ports duration", ["22,443", 120]),
        ("twelve and twenty times respectively", "number", [12, 20]),
        ("one hundred and twenty pings", "number", [120]),
        ("a dozen, two dozen, half a dozen pings", "number", [12, 24, 6]),
        ("ping em 20x", "number", [20]), ("ping it x6", "number", [6]), ("802.1x and x64", "number", []),
        ("a single ping", "number", [1]), ("zehnmal anpingen", "number", [10]), ("I asked twice", "number", []),
        ("the week's history", "duration", [604800]), ("last day and a half", "duration", [129600]),
        ("the certificate's last day", "duration", []), ("if you've a second", "duration", []),
        ("four-hourly, 8-hourly, six times daily", "duration", [14400, 28800, 14400]), ("6x/h", "duration", [600]),
        ("due on Friday, says Otto", "number", []), ("due ping", "number", [2]),
        ("Apr 09 and 12 March", "number", []), ("cinquanta ping, dziesięć razy", "number", [50, 10]),
    ],
)  # fmt: skip
def test_quantities_as_people_say_them(text: str, kinds: str, values: list[str | int]) -> None:
    assert found(text, *kinds.split()) == values


@pytest.mark.parametrize(
    ("before", "text", "hosts"),
    [
        ("atlas-db1.yarn.corp", "and db2, db3", ["atlas-db2.yarn.corp", "atlas-db3.yarn.corp"]),
        ("barcode-scanner-14", "-15?", ["barcode-scanner-15"]),
        ("gate-a.flugfeld.aero", "gate-b the same", ["gate-b.flugfeld.aero"]),
        ("edge-sofia.balkan.example", "edge-varna, then silver-web", ["edge-varna.balkan.example"]),
        ("gold-web.balkan.example", "silver-web and a read-only one", ["silver-web.balkan.example"]),
        ("10.5.0.25", "Try its colleague on .26.", ["10.5.0.26"]),
        ("10.5.0.25", "and .3.17", ["10.5.3.17"]),
        ("2001:db8:40::1", "::2 in the same prefix", ["2001:db8:40::2"]),
        ("shop.example.co.uk", "sorry, .org", ["shop.example.org"]),
        ("10.5.0.25", "the .com one, .txt", []),
    ],
)
def test_parts_of_names_are_completed(before: str, text: str, hosts: list[str]) -> None:
    assert found(text, "host", earlier=recognise(before)) == hosts


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("watch pdu-left.rz3 and redis6.cache_b", ["pdu-left.rz3", "redis6.cache_b"]),
        ("openssl 3.0.rc2, x509.v3", []),
        ("requests.get and java.net.ConnectException", []),
        ("ip address 10.30.0.1 255.255.255.0", ["10.30.0.1"]),
        ("a mailbox for a.lindqvist@bridge.example", ["bridge.example"]),
    ],
)
def test_what_ends_in_digits_may_be_a_host_and_code_is_none(text: str, hosts: list[str]) -> None:
    assert found(text, "host") == hosts


def test_an_address_without_a_scheme_keeps_its_path() -> None:
    assert found("load shop.example.org/en?page=1 now", "url", "number") == ["shop.example.org/en?page=1"]
    assert found("a.example.org/b.example.org and a.example.org/443", "url") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("the A-Record, TLS-Prüfung, two-factor", []),
        ("quince-03 and seven-oaks", ["quince-03", "seven-oaks"]),
        ("l'apéro n'est-il pas", ["apéro"]),
        ("ping l'antenne-2", ["antenne-2"]),
        ("mailers, laptops, borrowers and PTRs, weirdly unacknowledged", []),
        ("czy strona działa, potem sprawdź tylko porty oraz się", []),
        ("wil je de houder ervan begroeten, evenals het tweede adres", []),
        ("jeweils Zertifikate sowie Inhaber, bzw. was er annimmt", []),
        ("ainsi faire voir chacune, sauf la première", []),
        ("entrambi i siti, cioè il terzo", []), ("cuál contestan los certificados", []), ("ambas respondem aos serviços", []),
        ('{"name": "ping", "state":"down"}', []),
    ],
)  # fmt: skip
def test_ordinary_words_of_eight_languages_are_no_machines(text: str, words: list[str]) -> None:
    assert found(text, "word") == words


def test_the_processor_may_be_called_what_you_like_but_not_called() -> None:
    assert found("a processor called tapecheck, then processor leafcount", "word") == ["tapecheck", "leafcount"]
