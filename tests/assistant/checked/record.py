"""Makes the reports that the answers in answers.jsonl are about: the real probes, run once against servers of the lab.

    python -m tests.assistant.checked.record --over-those-that-are-kept

Needs root: in a mount namespace of its own, /etc/hosts gives the addresses of loopback their names. The answers quote what these
reports hold, so a new recording asks for new answers; what is kept is in `reports/`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from netassist.audit import judged
from netassist.audit.security_audit import audit_ports
from netassist.network import Network
from netassist.observations import Report
from netassist.probes.dns import dns_lookup
from netassist.probes.http import http_check
from netassist.probes.nmap import nmap_scan
from netassist.probes.ping import ping
from netassist.probes.tcp import tcp_check
from netassist.quantum import quantum_check
from netassist.scope import Scope
from netassist.tls.audit import tls_audit
from netassist.tls.certificate import certificate_info
from tests.assistant.checked.dataset import REPORTS
from tests.lab.dns import dns_server
from tests.lab.http import Page, http_server
from tests.lab.pki import authority, leaf
from tests.lab.ssh import ssh_server
from tests.lab.tls import tls_server
from tests.lab.tlslite import old

HOSTS = {
    "shop.example": "127.0.0.20",
    "intranet.example": "127.0.0.21",
    "files.example": "127.0.0.22",
    "old.example": "127.0.0.1",
}
SHOP, INTRANET, FILES = (HOSTS[name] for name in ("shop.example", "intranet.example", "files.example"))
UNROUTED = "192.0.2.44"
ZONE = {
    ("shop.example", "A"): ("192.0.2.10", "192.0.2.11"),
    ("shop.example", "AAAA"): ("2001:db8::10",),
    ("shop.example", "MX"): ("10 mx1.shop.example.", "20 mx2.shop.example."),
    ("shop.example", "TXT"): ('"v=spf1 ip4:192.0.2.0/28 include:_spf.mailer.example -all"', '"site-verification=8f3a91"'),
    ("shop.example", "NS"): ("ns1.dns.example.", "ns2.dns.example."),
    ("shop.example", "CAA"): ('0 issue "letsencrypt.org"',),
    ("www.shop.example", "CNAME"): ("shop.example.",),
}
AGAIN = "--over-those-that-are-kept"
REDIS = b"# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nos:Linux 6.1.0-18-amd64 x86_64\r\narch_bits:64\r\n"
_TIMELY = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:@SECLEVEL=2"


@contextlib.contextmanager
def speaking(host: str, port: int, greeting: bytes, answers: Mapping[bytes, bytes] = {}) -> Iterator[None]:
    """Sends `greeting`, then to each line that holds a key of `answers` its value."""

    def hold(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.sendall(greeting)
            while heard := connection.recv(4096):
                for words, answer in answers.items():
                    if words in heard.upper():
                        connection.sendall(answer)

    with socket.create_server((host, port)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=hold, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield
        listener.shutdown(socket.SHUT_RDWR)


def record(folder: Path) -> None:
    root = authority("Lab Root")
    shop = leaf(authority("Lab Intermediate", root), dns=("shop.example", "www.shop.example"), ips=(SHOP,), key="rsa")
    intranet = leaf(root, "expired", dns=("intranet.example",), ips=(INTRANET,), key="rsa")
    files = leaf(root, "self_signed", dns=("nas.files.example",), ips=())
    moved = {"/": Page(301, {"Location": "https://shop.example/"})}
    page = {"/": Page(headers={"Content-Type": "text/html", "Server": "nginx/1.22.1", "X-Powered-By": "PHP/8.2.7"}, body=b"<p>")}
    redis = {b"INFO": b"$%d\r\n%s\r\n" % (len(REDIS), REDIS), b"PING": b"+PONG\r\n"}
    ftp = {b"USER": b"331 Please specify the password.\r\n", b"PASS": b"530 Login incorrect.\r\n"}
    groups = "X25519MLKEM768:SecP256r1MLKEM768:X25519:P-256"
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        enter(tls_server(shop, least="TLSv1.2", ciphers=_TIMELY, groups=groups, server_order=True, address=(SHOP, 443)))
        enter(tls_server(intranet, groups="X25519:P-256", version="TLSv1.2", address=(INTRANET, 8443)))
        enter(tls_server(files, groups="P-256:P-384", least="TLSv1.0", address=(FILES, 443)))
        enter(ssh_server(address=(SHOP, 22)))
        enter(ssh_server(kex="curve25519-sha256,ecdh-sha2-nistp256", host_keys=("rsa", "ed25519"), address=(FILES, 2222)))
        enter(http_server(moved, host=SHOP, port=80))
        enter(http_server(page, host=INTRANET, port=8080))
        enter(speaking(INTRANET, 6379, b"", redis))
        enter(speaking(FILES, 21, b"220 (vsFTPd 3.0.3)\r\n", ftp))
        (folder / "old").mkdir()
        outdated = enter(old(folder / "old"))
        resolver = enter(dns_server(ZONE, authenticated=("shop.example",))).address
        anchor = root.anchor(folder)

        def network(deadline: float = 120.0) -> Network:
            named = (*HOSTS, *HOSTS.values(), UNROUTED, "127.0.0.20/30", "127.0.0.20/31", "nosuch.example", "www.shop.example")
            return Network(Scope().naming(*named), deadline=deadline, timeout=3.0, ca_file=anchor, resolver=resolver)

        made: dict[str, Callable[[Network], Awaitable[Report]]] = {
            "ping_shop": lambda n: ping(n, "shop.example", 10),
            "ping_none": lambda n: ping(n, UNROUTED, 4),
            "tcp_open": lambda n: tcp_check(n, "shop.example", 22),
            "tcp_ftp": lambda n: tcp_check(n, "files.example", 21),
            "tcp_closed": lambda n: tcp_check(n, "shop.example", 25),
            "tcp_filtered": lambda n: tcp_check(n, UNROUTED, 3389),
            "dns_a": lambda n: dns_lookup(n, "shop.example", "A"),
            "dns_mx": lambda n: dns_lookup(n, "shop.example", "MX"),
            "dns_txt": lambda n: dns_lookup(n, "shop.example", "TXT"),
            "dns_caa": lambda n: dns_lookup(n, "shop.example", "CAA"),
            "dns_alias": lambda n: dns_lookup(n, "www.shop.example", "A"),
            "dns_none": lambda n: dns_lookup(n, "nosuch.example", "A"),
            "http_shop": lambda n: http_check(n, "http://shop.example/"),
            "http_intranet": lambda n: http_check(n, "http://intranet.example:8080/"),
            "http_missing": lambda n: http_check(n, "http://intranet.example:8080/status"),
            "certificate_shop": lambda n: certificate_info(n, "shop.example"),
            "certificate_intranet": lambda n: certificate_info(n, "intranet.example", 8443),
            "certificate_files": lambda n: certificate_info(n, "files.example"),
            "tls_shop": lambda n: tls_audit(n, "shop.example"),
            "tls_intranet": lambda n: tls_audit(n, "intranet.example", 8443),
            "tls_old": lambda n: tls_audit(n, "old.example", outdated.port),
            "quantum_shop": lambda n: quantum_check(n, "shop.example"),
            "quantum_intranet": lambda n: quantum_check(n, "intranet.example", 8443),
            "quantum_ssh": lambda n: quantum_check(n, "shop.example", 22, "ssh"),
            "quantum_ssh_files": lambda n: quantum_check(n, "files.example", 2222, "ssh"),
            "nmap_shop": lambda n: nmap_scan(n, "shop.example", "service", "20-25,80,443,8080"),
            "nmap_intranet": lambda n: nmap_scan(n, "intranet.example", "service", "22,80,443,6379,8080,8443"),
            "nmap_network": lambda n: nmap_scan(n, "127.0.0.20/30", "quick"),
            "audit_intranet": lambda n: audit_ports(n, "intranet.example", "22,443,6379,8080,8443"),
            "refused": lambda n: certificate_info(n, "shop.example", 8443),
        }
        for name, make in made.items():
            report = judged(asyncio.run(_made(make, network())))
            print(name, report.status, report.error)
            text = msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"
            (REPORTS / f"{name}.json").write_bytes(text)


async def _made(make: Callable[[Network], Awaitable[Report]], network: Network) -> Report:
    return await make(network)


def main() -> None:
    if sys.argv[1:] != [AGAIN]:
        sys.exit(f"this writes over reports/, which the answers quote; say so: python -m tests.assistant.checked.record {AGAIN}")
    if "NETASSIST_RECORDING" not in os.environ:
        command = ["unshare", "--mount", sys.executable, "-m", "tests.assistant.checked.record", AGAIN]
        sys.exit(subprocess.run(command, env=os.environ | {"NETASSIST_RECORDING": "1"}, check=False).returncode)
    with tempfile.TemporaryDirectory() as name:
        hosts = Path(name) / "hosts"
        named = (f"{address} {host}\n" for host, address in HOSTS.items())
        hosts.write_text("127.0.0.1 localhost\n" + "".join(named))
        subprocess.run(["mount", "--bind", str(hosts), "/etc/hosts"], check=True)
        record(Path(name))


if __name__ == "__main__":
    main()
