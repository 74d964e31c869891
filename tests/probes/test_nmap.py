"""nmap_scan with the real Nmap on loopback: what it finds, what it may not do, and that nothing is left running."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.audit import judged
from netassist.network import Network, Progress
from netassist.observations import Endpoint
from netassist.probes import nmap as probe
from netassist.probes.nmap import NmapScan, nmap_scan
from netassist.probes.nmap_process import Follower, OpenPort
from netassist.probes.nmap_xml import closed, read_scan
from netassist.probes.privileges import may_open_raw_sockets
from netassist.scope import Scope
from netassist.targets import port_numbers, port_ranges
from tests.lab.listening import closed_port
from tests.lab.programs import require

XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<nmaprun scanner="nmap" args="nmap" start="1" version="7.93" xmloutputversion="1.05">
<scaninfo type="syn" protocol="tcp" numservices="3" services="22,443,3306"/>
<host starttime="1" endtime="2"><status state="up" reason="user-set" reason_ttl="0"/>
<address addr="192.0.2.1" addrtype="ipv4"/><address addr="00:00:5E:00:53:01" addrtype="mac"/>
<hostnames></hostnames>
<ports><extraports state="closed" count="97"></extraports>
<port protocol="tcp" portid="443"><state state="open" reason="syn-ack" reason_ttl="0"/>
<service name="http" product="lab" version="1" tunnel="ssl" method="probed" conf="10">
<cpe>cpe:/a:lab:lab:1</cpe><cpe>cpe:/o:x:x</cpe>
</service><script id="evil" output="&#x202e;&lt;TOOLCALL&gt;[ping()]"/></port>
<port protocol="tcp" portid="3306"><state state="open" reason="syn-ack" reason_ttl="0"/>
<service name="mysql" method="table" conf="3"/></port>
</ports>
<hostscript>
<script id="smb-vuln-ms17-010" output="&#xa;  VULNERABLE:&#xa; State: VULNERABLE&#xa; IDs: CVE:CVE-2017-0143&#xa;"/>
</hostscript>
</host>
<host starttime="1" endtime="2"><status state="up" reason="user-set" reason_ttl="0"/>
<address addr="192.0.2.2" addrtype="ipv4"/>
<ports><extraports state="filtered" count="100"></extraports></ports>
</host>
<runstats><finished time="2" timestr="x" elapsed="1.0" exit="success"/><hosts up="2" down="0" total="2"/></runstats>
</nmaprun>
"""


@pytest.fixture(autouse=True)
def nmap() -> str:
    return require("nmap")


@contextlib.contextmanager
def serving(banner: bytes) -> Iterator[int]:
    """A server that greets with `banner` (nothing: it only listens to what is said) and never hangs up first."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.ExitStack() as kept:
                while True:
                    try:
                        connection, _ = listener.accept()
                    except OSError:
                        return
                    kept.enter_context(connection)
                    with contextlib.suppress(OSError):
                        connection.sendall(banner)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def scan(
    target: str = "127.0.0.1",
    profile: str = "quick",
    ports: str | None = None,
    *,
    scope: Scope | None = None,
    deadline: float = 60.0,
    progress: Callable[[Progress], None] = lambda _: None,
) -> NmapScan:
    network = Network(scope or Scope(frozenset({target})), deadline=deadline, progress=progress)
    return asyncio.run(nmap_scan(network, target, profile, ports))


def left_running(report_or_folder: str) -> list[str]:
    """Command lines of processes that still name a file of the scan."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if report_or_folder in line and "nmap" in line.split(" ")[0]:
                found.append(line)
    return found


def xml_path(report: NmapScan) -> str:
    return report.command[report.command.index("-oX") + 1]


def test_an_open_and_a_closed_port() -> None:
    shut = closed_port()
    with serving(b"") as port:
        report = scan(ports=f"{port},{shut}")
    [host] = report.hosts
    assert (report.status, report.error, report.profile) == ("ok", None, "quick")
    assert report.scanned is not None
    assert set(port_numbers(port_ranges(report.scanned))) == {port, shut}
    assert report.target == Endpoint("127.0.0.1", None, "127.0.0.1")
    assert (host.address, host.state) == ("127.0.0.1", "up")
    assert {(p.port, p.protocol, p.state) for p in host.ports} == {(port, "tcp", "open"), (shut, "tcp", "closed")}


def test_a_name_is_scanned_by_its_pinned_address_and_kept() -> None:
    report = scan("localhost", ports=str(closed_port()))
    assert isinstance(report.target, Endpoint)
    assert report.target.address in ("127.0.0.1", "::1")
    assert report.command[-1] == report.target.address
    assert [host.hostnames for host in report.hosts] == [("localhost",)]


def test_ipv6_is_scanned_as_such() -> None:
    report = scan("::1", ports=str(closed_port()))
    assert "-6" in report.command
    assert [host.address for host in report.hosts] == ["::1"]


def test_a_service_tells_its_version_and_hostile_banners_are_disarmed() -> None:
    with serving(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n") as ssh:
        report = scan(profile="service", ports=str(ssh))
    [port] = report.hosts[0].ports
    assert (port.service, port.product) == ("ssh", "OpenSSH")
    assert port.version is not None
    assert port.version.startswith("9.2p1")
    assert port.confidence == 10


def test_progress_is_told_while_it_runs() -> None:
    told: list[Progress] = []
    with serving(b"SSH-2.0-lab_1\r\n") as port:
        scan(profile="service", ports=str(port), progress=told.append)
    fractions = [step.fraction for step in told if step.fraction is not None]
    assert any(f"{port}/tcp is open" in step.text for step in told)
    assert fractions == sorted(fractions)


def test_whether_raw_sockets_are_allowed_is_found_out_without_opening_one() -> None:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
        allowed = True
    except PermissionError:
        allowed = False
    assert may_open_raw_sockets("/bin/sh") is allowed


@pytest.mark.parametrize(("profile", "word"), [("os", "os"), ("udp", "udp")])
def test_what_needs_raw_sockets_is_denied_without_them(profile: str, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "may_open_raw_sockets", lambda _: False)
    report = scan(profile=profile, ports="1")
    assert report.error is not None
    assert (report.status, report.error.kind, report.command) == ("failed", "denied", ())
    assert word in report.error.message
    assert "sudo" in report.error.message
    assert "setcap" in report.error.message


@pytest.mark.parametrize("profile", list(probe.PROFILES))
def test_every_profile_runs_or_says_why_not(profile: str, nmap: str) -> None:
    report = scan(profile=profile, ports=str(closed_port()))
    if probe.PROFILES[profile].raw and not may_open_raw_sockets(nmap):
        assert report.error is not None
        assert report.error.kind == "denied"
    else:
        assert (report.status, report.error) == ("ok", None)
        assert [host.state for host in report.hosts] == ["up"]


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("discovery", ["-sn"]),
        ("quick", ["-F"]),
        ("full", ["-p-"]),
        ("service", ["-sV"]),
        ("os", ["-O"]),
        ("udp", ["-sU", "--top-ports", "100"]),
        ("vuln", ["-sV", "--script", "vuln and not (external or broadcast or dos)"]),
    ],
)
def test_each_profile_has_its_arguments(profile: str, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "may_open_raw_sockets", lambda _: True)
    aim = probe._Aim(Endpoint("192.0.2.1"), ("192.0.2.1",), 4)
    arguments = probe._arguments(aim, "/usr/bin/nmap", profile, None, 60)
    assert [argument for argument in arguments if argument in expected] == expected
    assert arguments[-1] == "192.0.2.1"
    assert "-n" in arguments


def test_without_privilege_tcp_is_scanned_by_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "may_open_raw_sockets", lambda _: False)
    with serving(b"") as port:
        report = scan(ports=str(port))
    assert "-sT" in report.command
    assert [p.state for p in report.hosts[0].ports] == ["open"]


def test_a_network_is_scanned_without_what_is_denied() -> None:
    scope = Scope(frozenset({"127.0.0.0/30"}), deny=("127.0.0.2", "10.0.0.0/8"))
    report = scan("127.0.0.0/30", "discovery", scope=scope)
    assert report.status == "ok"
    assert report.command[-3:] == ("--exclude", "127.0.0.2/32", "127.0.0.0/30")
    found = {host.address for host in report.hosts}
    assert "127.0.0.1" in found
    assert "127.0.0.2" not in found


@pytest.mark.parametrize(
    ("target", "scope"),
    [
        ("127.0.0.1", Scope()),
        ("127.0.0.0/30", Scope(frozenset({"127.0.0.1"}))),
        ("127.0.0.0/29", Scope(frozenset({"127.0.0.0/30"}))),
        ("127.0.0.0/30", Scope(frozenset({"127.0.0.0/30"}), deny=("127.0.0.0/8",))),
        ("127.0.0.1", Scope(frozenset({"127.0.0.1"}), deny=("127.0.0.1",))),
    ],
)
def test_what_is_out_of_scope_is_never_scanned(target: str, scope: Scope) -> None:
    report = scan(target, scope=scope)
    assert report.error is not None
    assert (report.status, report.error.kind, report.command) == ("failed", "out_of_scope", ())


@pytest.mark.parametrize(("profile", "ports"), [("quick", "22;id"), ("quick", "-p-"), ("stealth", None)])
def test_arguments_that_are_none_never_reach_nmap(profile: str, ports: str | None) -> None:
    report = scan(profile=profile, ports=ports)
    assert report.error is not None
    assert (report.error.kind, report.command) == ("invalid", ())


@pytest.mark.parametrize("target", ["-iL/etc/passwd", "--script=x", "a;b", "$(id)", ""])
def test_targets_that_are_none_never_reach_nmap(target: str) -> None:
    report = scan(target)
    assert report.error is not None
    assert (report.status, report.command) == ("failed", ())
    assert report.error.kind in ("invalid", "out_of_scope")


def test_a_machine_without_nmap_is_told_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    report = scan(ports="1")
    assert report.error is not None
    assert (report.status, report.error.kind) == ("failed", "missing_program")
    assert "apt install nmap" in report.error.message


def test_a_program_that_only_calls_itself_nmap_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    impostor = tmp_path / "nmap"
    impostor.write_text("#!/bin/sh\necho hello\n")
    impostor.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    report = scan(ports="1")
    assert report.error is not None
    assert (report.status, report.error.kind) == ("failed", "missing_program")


# Against a server that says nothing, Nmap's service detection waits for many seconds: time enough to be stopped.


def test_at_the_deadline_what_was_found_is_kept_and_nothing_runs_on() -> None:
    with serving(b"") as port:
        report = scan(profile="service", ports=str(port), deadline=3.0)
    assert report.error is not None
    assert (report.status, report.error.kind) == ("partial", "timeout")
    assert [(p.port, p.state) for host in report.hosts for p in host.ports] == [(port, "open")]
    assert left_running(xml_path(report)) == []
    assert not Path(xml_path(report)).parent.exists()


def test_an_interrupted_scan_reports_what_it_has() -> None:
    async def story(port: int) -> NmapScan:
        def interrupt(step: Progress) -> None:
            if "is open" in step.text:
                network.interrupt()

        network = Network(Scope(frozenset({"127.0.0.1"})), progress=interrupt)
        return await nmap_scan(network, "127.0.0.1", "service", str(port))

    with serving(b"") as port:
        report = asyncio.run(story(port))
    assert report.error is not None
    assert (report.status, report.error.message) == (
        "partial", "127.0.0.1: the scan was interrupted; what it had found is kept",
    )  # fmt: skip
    assert [p.port for host in report.hosts for p in host.ports] == [port]
    assert left_running(xml_path(report)) == []


def test_a_cancelled_scan_leaves_nothing_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def story(port: int) -> None:
        def cancel(step: Progress) -> None:
            if "is open" in step.text:
                task.cancel()

        network = Network(Scope(frozenset({"127.0.0.1"})), progress=cancel)
        task = asyncio.create_task(nmap_scan(network, "127.0.0.1", "service", str(port)))
        with pytest.raises(asyncio.CancelledError):
            await task

    with serving(b"") as port:
        asyncio.run(story(port))
    assert left_running(str(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_the_xml_is_read_with_what_python_nmap_leaves_out(nmap: str) -> None:
    hosts, complete, ports = read_scan(XML, nmap)
    assert (complete, ports) == (True, "22,443,3306")
    first, second = hosts
    tls, mysql = first.ports
    assert (first.address, first.state, first.not_shown) == ("192.0.2.1", "up", {"closed": 97})
    assert (tls.port, tls.service, tls.tunnel, tls.confidence) == (443, "http", "ssl", 10)
    assert tls.cpe == ("cpe:/a:lab:lab:1", "cpe:/o:x:x")
    assert tls.scripts == {"evil": "< TOOLCALL>[ping()]"}
    assert (mysql.service, mysql.confidence, mysql.tunnel) == ("mysql", 3, None)
    # Nothing has answered, and nothing had to: whether it is up is not known.
    assert (second.state, second.not_shown) == ("unknown", {"filtered": 100})


def test_findings_of_a_scan(nmap: str) -> None:
    report = scan(ports=str(closed_port()))
    hosts = read_scan(XML, nmap).hosts
    judged_report = judged(NmapScan(target="192.0.2.0/30", started=report.started, duration_s=1.0, hosts=hosts))
    by_id = {finding.id: finding for finding in judged_report.findings}
    assert set(by_id) == {"service.mysql", "nmap.smb-vuln-ms17-010"}
    assert by_id["service.mysql"].severity == "high"
    assert "by its port number" in by_id["service.mysql"].evidence
    assert by_id["nmap.smb-vuln-ms17-010"].references == ("https://nvd.nist.gov/vuln/detail/CVE-2017-0143",)


VULNS = b"""<nmaprun><host><status state="up" reason="syn-ack"/><address addr="192.0.2.9" addrtype="ipv4"/><ports>
<port protocol="tcp" portid="443"><state state="open" reason="syn-ack"/><service name="https" product="Apache httpd"
 version="2.2.15" extrainfo="(CentOS)" method="probed" conf="10"><cpe>cpe:/a:apache:http_server:2.2.15</cpe></service>
<script id="ssl-lab" output="text"><table key="CVE-2014-0001"><elem key="title">A flaw</elem><elem key="state">VULNERABLE</elem>
<table key="ids"><elem>CVE:CVE-2014-0001</elem></table><table key="scores"><elem>9</elem><elem>8</elem></table></table>
<table key="CVE-2014-0002"><elem key="state">NOT VULNERABLE</elem>
<table key="ids"><elem>CVE:CVE-2014-0002</elem></table></table></script>
</port></ports></host><runstats><finished exit="success"/><hosts/></runstats></nmaprun>"""


def test_what_scripts_say_is_data(nmap: str) -> None:
    [port] = read_scan(VULNS, nmap).hosts[0].ports
    assert port.script_data["ssl-lab"] == {
        "CVE-2014-0001": {
            "title": "A flaw", "state": "VULNERABLE", "ids": ("CVE:CVE-2014-0001",), "scores": ("9", "8"),
        },
        "CVE-2014-0002": {"state": "NOT VULNERABLE", "ids": ("CVE:CVE-2014-0002",)},
    }  # fmt: skip
    assert port.extra == "(CentOS)"


def test_the_data_of_scripts_is_bounded(nmap: str) -> None:
    wide = b"<elem>x</elem>" * 5000
    deep = b"<table>" * 200 + b"<elem>y</elem>" + b"</table>" * 200
    for data in (wide, deep):
        raw = VULNS.replace(b'<script id="ssl-lab" output="text">', b'<script id="ssl-lab" output="text">' + data)
        [port] = read_scan(raw, nmap).hosts[0].ports
        assert len(str(port.script_data)) < 20_000


def test_findings_of_scripts_and_of_versions(nmap: str) -> None:
    hosts = read_scan(VULNS, nmap).hosts
    report = NmapScan(target="192.0.2.9", started=datetime(2026, 11, 28, tzinfo=UTC), duration_s=1.0, hosts=hosts)
    by_id = {finding.id: finding for finding in judged(report).findings}
    assert set(by_id) == {"nmap.ssl-lab", "software.end_of_life"}
    assert by_id["nmap.ssl-lab"].references == ("https://nvd.nist.gov/vuln/detail/CVE-2014-0001",)
    old = by_id["software.end_of_life"]
    assert (old.severity, "2017-07-11" in old.title, "version string" in old.title) == ("info", True, True)
    stored = msgspec.json.decode(msgspec.json.encode(report), type=NmapScan)
    assert judged(stored).findings == judged(report).findings


def test_a_large_network_is_scanned_in_parts_and_what_is_denied_is_left_out() -> None:
    aim = probe._Aim("10.0.0.0/20", ("10.0.0.0/20",), 4, (ip_network("10.0.4.0/22"), ip_network("10.0.8.9/32")))
    batches = list(probe._batches(aim))
    assert [(batch.text, batch.excluded) for batch in batches] == [
        (("10.0.0.0/22",), ()), (("10.0.8.0/22",), (ip_network("10.0.8.9/32"),)), (("10.0.12.0/22",), ()),
    ]  # fmt: skip
    assert probe._count(aim) == 4
    hosts = tuple(f"192.0.2.{n % 250}" for n in range(2500))
    assert [len(batch.text) for batch in probe._batches(probe._Aim("many", hosts, 4))] == [1024, 1024, 452]


def test_batches_are_scanned_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "BATCH", 4)
    told: list[Progress] = []
    with serving(b"") as port:
        report = scan("127.0.0.0/28", ports=str(port), progress=told.append)
    assert (report.status, report.batches, len(report.hosts)) == ("ok", 4, 16)
    assert sorted({host.address for host in report.hosts}) == sorted(f"127.0.0.{n}" for n in range(16))
    assert any(f"{port}/tcp is open on 127.0.0.1" in step.text for step in told)
    fractions = [step.fraction for step in told if step.fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] >= 0.75


def test_at_the_deadline_no_further_batch_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "BATCH", 4)

    async def story(port: int) -> NmapScan:
        def interrupt(step: Progress) -> None:
            if "is open" in step.text:
                network.interrupt()

        network = Network(Scope(frozenset({"127.0.0.0/28"})), progress=interrupt)
        return await nmap_scan(network, "127.0.0.0/28", "service", str(port))

    with serving(b"") as port:
        report = asyncio.run(story(port))
    assert report.error is not None
    assert (report.status, report.batches, "interrupted" in report.error.message) == ("partial", 1, True)
    assert any(p.port == port for host in report.hosts for p in host.ports)


def test_a_list_of_hosts_is_one_scan_and_what_is_out_of_scope_hides_nothing() -> None:
    network = Network(Scope(frozenset({"127.0.0.1", "localhost", "127.0.0.2", "::1"})))
    targets = ("localhost", "127.0.0.2", "192.0.2.7", "::1")
    with serving(b"") as port:
        report = asyncio.run(probe.scan_hosts(network, targets, "quick", str(port), 60))
    assert report.error is not None
    assert (report.status, report.error.kind) == ("partial", "out_of_scope")
    assert report.target == "localhost, 127.0.0.2, 192.0.2.7, ::1"
    addresses = {host.address: host.hostnames for host in report.hosts}
    assert {"127.0.0.2", "::1"} <= set(addresses)
    assert ("localhost",) in addresses.values()
    assert "192.0.2.7" not in report.command


def test_an_ipv6_network_that_nobody_can_try_is_refused() -> None:
    report = scan("2001:db8::/64", scope=Scope(frozenset({"2001:db8::/64"})))
    assert report.error is not None
    assert (report.status, report.error.kind, report.command) == ("failed", "invalid", ())
    assert "/112" in report.error.message


def test_a_small_ipv6_network_is_scanned() -> None:
    report = scan("::1/128", "discovery")
    assert (report.status, [host.address for host in report.hosts]) == ("ok", ["::1"])


@given(st.integers(0, len(XML)))
def test_of_a_file_cut_anywhere_the_whole_hosts_are_kept(at: int) -> None:
    document, complete = closed(XML[:at])
    whole = XML[:at].count(b"</host>")
    assert document.count("<host ") == whole
    assert complete == (b"</nmaprun>" in XML[:at])


@given(st.binary(max_size=300))
def test_no_bytes_upset_the_reader(raw: bytes) -> None:
    document, complete = closed(raw)
    assert document.startswith("<nmaprun")
    assert not complete


def test_the_follower_believes_only_nmaps_own_lines() -> None:
    told: list[Progress] = []
    follower = Follower(Network(Scope(), progress=told.append), "nmap x", ("port scan", "service scan", "nse"))
    for line in (
        "Discovered open port 22/tcp on 192.0.2.1",
        "| Discovered open port 23/tcp on 192.0.2.1",
        "Discovered open port 24/tcp on 192.0.2.1 and more",
        "Connect Scan Timing: About 50.00% done; ETC: 12:00 (0:00:03 remaining)",
        "Service scan Timing: About 50.00% done; ETC: 12:00 (0:00:03 remaining)",
        "Connect Scan Timing: About 99.00% done; ETC: 12:00 (0:00:03 remaining)",
    ):
        follower.line(line)
    assert follower.open_ports == [OpenPort("192.0.2.1", 22, "tcp")]
    assert [step.fraction for step in told] == [0.0, 0.1667, 0.5, 0.5]
    assert told[1].text == "nmap x: Connect Scan 50.00%, this step about 3 s more"


def test_the_way_leads_through_the_phases_of_a_network_and_its_parts() -> None:
    told: list[Progress] = []
    follower = Follower(
        Network(Scope(), progress=told.append), "nmap x", ("ping scan", "port scan"), part=1, parts=2, several=True
    )
    follower.line("ARP Ping Scan Timing: About 50.00% done; ETC: 12:00 (0:02:40 remaining)")
    follower.line("SYN Stealth Scan Timing: About 50.00% done")
    follower.line("Discovered open port 22/tcp on 192.0.2.1")
    assert [(step.text, step.fraction) for step in told] == [
        ("nmap x: ARP Ping Scan 50.00%, this step about 3 min more", 0.625),
        ("nmap x: SYN Stealth Scan 50.00%", 0.875),
        ("nmap x: 22/tcp is open on 192.0.2.1", 0.875),
    ]
