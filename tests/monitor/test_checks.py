"""Checks of real servers on loopback, within the scope."""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes

from netassist.configuration import ScopeRules, Settings
from netassist.monitor.checks import Checker, call_for, deadline_of, url_of
from netassist.monitor.happening import Result
from netassist.monitor.states import blank, folded
from netassist.monitor.watch import CHECKS, Check, Limits, Watch, port_of
from netassist.targets import port_numbers, port_ranges
from netassist.toolbox import validated
from tests.lab.dns import dns_server
from tests.lab.http import Page, http_server
from tests.lab.keyfiles import write
from tests.lab.listening import closed_port, listening
from tests.lab.pki import Identity, authority, leaf

LAB = Settings(scope=ScopeRules(allow=("127.0.0.0/8", "::1")))


def checked(watch: Watch, settings: Settings = LAB) -> Result:
    return asyncio.run(Checker(settings).check(watch, 1.0))


@pytest.fixture
def port() -> Iterator[int]:
    with listening(lambda connection: None) as number:
        yield number


def test_every_check_has_a_call_that_its_tool_takes_and_a_deadline_below_its_interval() -> None:
    for check in CHECKS:
        watch = Watch(host="192.0.2.7", check=check, port=443 if check == "tcp" else None, interval=10)
        assert validated(call_for(watch))
        assert deadline_of(watch) <= 8


@pytest.mark.parametrize(
    ("host", "check", "port", "url"),
    [
        ("example.org", "https", None, "https://example.org:443/"),
        ("example.org", "http", 8080, "http://example.org:8080/"),
        ("https://example.org/login?x=1", "https", None, "https://example.org/login?x=1"),
        ("https://example.org/login", "https", 8443, "https://example.org:8443/login"),
        ("2001:db8::1", "http", None, "http://[2001:db8::1]:80/"),
    ],
)
def test_the_page_that_is_asked_for(host: str, check: Check, port: int | None, url: str) -> None:
    assert url_of(Watch(host=host, check=check, port=port)).text == url


def test_ports_come_from_the_watch_or_from_what_was_written() -> None:
    assert port_of(Watch(host="example.org", check="tcp", port=22)) == 22
    assert port_of(Watch(host="example.org:2222", check="tcp")) == 2222
    assert port_of(Watch(host="[2001:db8::1]:2222", check="tcp")) == 2222
    assert port_of(Watch(host="https://example.org:8443/", check="tls")) == 8443
    assert port_of(Watch(host="example.org", check="tls")) is None


def test_starttls_goes_by_the_port() -> None:
    assert call_for(Watch(host="mail.example.org", check="certificate", port=587)).arguments["starttls"] == "smtp"
    assert "starttls" not in call_for(Watch(host="mail.example.org", check="certificate", port=465)).arguments


def test_expected_ports_are_scanned_with_the_well_known_ones() -> None:
    looked_at = str(call_for(Watch(host="a.test", check="nmap", limits=Limits(ports="22,12345"))).arguments["ports"])
    assert {1, 22, 1024, 6379, 8080, 12345} <= {*port_numbers(port_ranges(looked_at))}
    assert looked_at.startswith("1-1024,")


def test_a_port_that_listens_is_up_and_one_that_does_not_is_down(port: int) -> None:
    up = checked(Watch(host="127.0.0.1", check="tcp", port=port))
    assert (up.outcome, up.ms is not None) == ("up", True)
    down = checked(Watch(host="127.0.0.1", check="tcp", port=closed_port()))
    assert (down.outcome, "refused; nothing listens there" in down.message) == ("down", True)


def test_the_second_check_of_an_address_sees_what_the_first_saw_and_what_changed() -> None:
    checker = Checker(LAB)

    async def story() -> list[str]:
        with listening(lambda connection: None) as number:
            watch = Watch(host="127.0.0.1", check="tcp", port=number)
            found = [await checker.check(watch, 1.0), await checker.check(watch, 2.0)]
        found.append(await checker.check(watch, 3.0))
        return [result.outcome if result.outcome == "up" else result.message for result in found]

    first, second, third = asyncio.run(story())
    assert (first, second) == ("up", "up")
    assert "refused; nothing listens there" in third


def test_a_name_is_looked_up_for_every_check(port: int) -> None:
    checker, watch = Checker(LAB), Watch(host="localhost", check="tcp", port=port)

    async def twice() -> list[str]:
        return [(await checker.check(watch, at)).outcome for at in (1.0, 2.0)]

    assert asyncio.run(twice()) == ["up", "up"]


def test_a_page_and_its_limits() -> None:
    with http_server({"/": Page(body=b"all is well"), "/gone": Page(410)}) as server:
        base = f"http://127.0.0.1:{server.port}"
        assert checked(Watch(host=base, check="http", limits=Limits(content="well"))).outcome == "up"
        assert checked(Watch(host=base, check="http", limits=Limits(content="ill"))).outcome == "down"
        gone = checked(Watch(host=f"{base}/gone", check="http"))
        assert (gone.outcome, gone.message) == ("down", "the status is 410")
        assert checked(Watch(host="127.0.0.1", check="http", port=server.port)).outcome == "up"


def test_https_is_down_unless_its_certificate_verifies(tmp_path: Path) -> None:
    root = authority()
    files = write(leaf(root), tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    with http_server({"/": Page()}, context=context) as server:
        watch = Watch(host="127.0.0.1", check="https", port=server.port)
        untrusted = checked(watch)
        assert untrusted.outcome == "down"
        assert "the certificate does not verify" in untrusted.message
        trusting = Settings(scope=LAB.scope, ca_file=str(root.anchor(tmp_path)))
        assert checked(watch, trusting).outcome == "up"


def test_https_sees_another_certificate_by_the_way(tmp_path: Path) -> None:
    root = authority()
    settings = Settings(scope=LAB.scope, ca_file=str(root.anchor(tmp_path)))
    first, second = leaf(root), leaf(root)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_files(first, tmp_path / "first"))
    with http_server({"/": Page()}, context=context) as server:
        watch = Watch(host="127.0.0.1", check="https", port=server.port)
        before, again = checked(watch, settings), checked(watch, settings)
        context.load_cert_chain(*_files(second, tmp_path / "second"))
        after = checked(watch, settings)
    assert {result.outcome for result in (before, again, after)} == {"up"}
    assert before.facts == again.facts
    assert before.facts["expires"] == f"{first.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    assert second.certificate.fingerprint(hashes.SHA256()).hex()[:16] in after.facts["certificate"]
    state = folded(blank(watch.key), watch, before).state
    assert folded(state, watch, again).events == ()
    [event] = folded(state, watch, after).events
    assert (event.kind, event.what, event.message.startswith("the certificate changed: now ")) == ("drift", "certificate", True)


def _files(identity: Identity, folder: Path) -> tuple[Path, Path]:
    folder.mkdir()
    files = write(identity, folder)
    return files.certificate, files.key


def test_an_echo_of_loopback() -> None:
    result = checked(Watch(host="127.0.0.1", check="icmp"))
    assert (result.outcome, result.ms is not None) == ("up", True)


def test_dns_records_of_a_server_and_of_one_that_is_gone() -> None:
    with dns_server({("www.lab.test", "A"): ("192.0.2.1",)}) as server:
        settings = Settings(scope=LAB.scope, resolver=server.address)
        result = checked(Watch(host="www.lab.test", check="dns"), settings)
        assert (result.outcome, result.facts) == ("up", {"records": "192.0.2.1"})
        assert checked(Watch(host="none.lab.test", check="dns"), settings).outcome == "down"
    gone = Settings(scope=LAB.scope, resolver=f"127.0.0.1:{closed_port()}")
    assert checked(Watch(host="www.lab.test", check="dns", interval=5), gone).outcome == "unknown"


def test_a_deny_rule_wins_and_is_not_the_hosts_fault(port: int) -> None:
    denying = Settings(scope=ScopeRules(allow=("127.0.0.1",), deny=(f"127.0.0.1:{port}",)))
    result = checked(Watch(host="127.0.0.1", check="tcp", port=port), denying)
    assert (result.outcome, "denies it" in result.message) == ("unknown", True)


def test_in_read_only_mode_nothing_is_touched(port: int) -> None:
    result = checked(Watch(host="127.0.0.1", check="tcp", port=port), Settings(scope=LAB.scope, read_only=True))
    assert (result.outcome, "read-only" in result.message) == ("unknown", True)


def test_used_up_file_descriptors_are_our_own_trouble_and_pass(port: int) -> None:
    checker, watch = Checker(LAB), Watch(host="127.0.0.1", check="tcp", port=port)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def story() -> list[Result]:
        found = [await checker.check(watch, 1.0)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, limits[1]))
        held: list[socket.socket] = []
        try:
            while True:
                held.append(socket.socket())
        except OSError:
            found.append(await checker.check(watch, 2.0))
        finally:
            for one in held:
                one.close()
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        return [*found, await checker.check(watch, 3.0)]

    before, during, after = asyncio.run(story())
    assert (before.outcome, during.outcome, after.outcome) == ("up", "unknown", "up")
    assert "Too many open files" in during.message
