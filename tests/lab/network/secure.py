"""Services of the lab network with cryptography of their own: TLS by OpenSSL 4, SSH, mail, PostgreSQL, and the scripted holes."""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from functools import partial

from tests.lab.dns import dns_server
from tests.lab.keyfiles import dh_parameters
from tests.lab.listening import listening
from tests.lab.mail import dovecot_settings
from tests.lab.network.place import Place, Start
from tests.lab.openssl4 import OLD_DHE
from tests.lab.pki import Identity, authority, issue, leaf, resigned
from tests.lab.postgres import postgres_settings, program
from tests.lab.process import hand_over, run, serving
from tests.lab.programs import require
from tests.lab.servers import Served, servers
from tests.lab.smtp import smtp_server
from tests.lab.ssh import ssh_server
from tests.lab.tls import tls_server

_SUITES = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:@SECLEVEL=2"
_ALL_GROUPS = "X25519:P-256:P-384:P-521:X448:X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024:MLKEM512:MLKEM768:MLKEM1024"


@contextlib.contextmanager
def _tls(
    place: Place,
    made: Callable[[Place], Identity] = Place.identity,
    *,
    groups: str = "X25519MLKEM768:X25519:P-256",
    ciphers: str = _SUITES,
) -> Iterator[None]:
    """TLS 1.2 and 1.3 in the server's order."""
    with tls_server(
        made(place), least="TLSv1.2", ciphers=ciphers, groups=groups, server_order=True, address=place.where
    ):  # fmt: skip
        yield


def _issued(place: Place, days: float) -> Identity:
    return issue("lab.test", place.root, dns=("lab.test",), ips=(place.address,), days=days)


def _weak(place: Place) -> Identity:
    return resigned(place.identity("rsa1024"), place.root, "sha1")


def _of_another_root(place: Place) -> Identity:
    root = authority("Another Root")
    return leaf(root, dns=("lab.test",), ips=(place.address,))._replace(chain=(root.certificate,))


@contextlib.contextmanager
def _all_suites(place: Place) -> Iterator[None]:
    """The client's order."""
    with tls_server(
        place.identity("rsa"), least="TLSv1.0", ciphers="ALL:eNULL:@SECLEVEL=0", groups=_ALL_GROUPS, address=place.where
    ):
        yield


@contextlib.contextmanager
def _weak_dh(place: Place) -> Iterator[None]:
    dh = place.folder / "dh.pem"
    dh.write_bytes(dh_parameters(1024))
    with tls_server(place.identity("rsa"), least="TLSv1.0", ciphers=f"{OLD_DHE}:@SECLEVEL=0", groups="P-256", dh=dh,
                    server_order=True, address=place.where):  # fmt: skip
        yield


@contextlib.contextmanager
def _ml_dsa(place: Place) -> Iterator[None]:
    with tls_server(place.identity("rsa"), also=place.identity("mldsa65"), version="TLSv1.3", groups="X25519MLKEM768:X25519",
                    server_order=True, address=place.where):  # fmt: skip
        yield


@contextlib.contextmanager
def _ssh(place: Place, kex: str | None = None, host_key: str = "ed25519", extra: str = "") -> Iterator[None]:
    with ssh_server(kex=kex, host_keys=(host_key,), extra=extra, address=place.where):
        yield


@contextlib.contextmanager
def _smtp(place: Place, *, tls: bool = True, tls_first: bool = False, plain_logins: bool = False) -> Iterator[None]:
    context = None
    if tls:
        files = place.files("rsa")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-GCM-SHA384")
        context.set_ecdh_curve("prime256v1")
    with smtp_server(tls=context, logins=plain_logins, logins_need_tls=False, tls_first=tls_first, address=place.where,
                     ident="ESMTP Postfix"):  # fmt: skip
        yield


@contextlib.contextmanager
def _dovecot(place: Place, *, imap: bool) -> Iterator[None]:
    """IMAP with STARTTLS, or with TLS first."""
    server, files, config = require("dovecot"), place.files("rsa"), place.folder / "dovecot.conf"
    (place.folder / "dh.pem").write_bytes(dh_parameters(2048))
    config.write_text(
        dovecot_settings(place.folder, files, place.address, imap=place.port if imap else 0, imaps=0 if imap else place.port)
    )
    hand_over(place.folder)
    with serving(lambda _: [server, "-F", "-c", str(config)], log=place.folder / "log", unprivileged=True, address=place.where):
        yield


@contextlib.contextmanager
def _postgres(place: Place) -> Iterator[None]:
    data, files = place.folder / "data", place.files("rsa")
    hand_over(place.folder)
    choices = ("--no-sync", "--auth=reject", "--username=lab", "--encoding=UTF8", "--locale=C")
    run([program("initdb"), f"--pgdata={data}", *choices])
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(postgres_settings(files, place.address))
    command = [program("postgres"), "-D", str(data), "-p", str(place.port)]
    with serving(lambda _: command, log=place.folder / "log", unprivileged=True, stop=signal.SIGQUIT, address=place.where):
        yield


@contextlib.contextmanager
def _as_on_loopback(place: Place, name: str) -> Iterator[None]:
    """A server of tests/lab/servers.py, which listens on loopback: carried there from the host's address."""
    with servers()[name](place.folder) as served, _carried(place, served):
        yield


@contextlib.contextmanager
def _dns(place: Place, *, recursion: bool = False) -> Iterator[None]:
    records = {("lab.test", "SOA"): ("ns.lab.test. root.lab.test. 1 3600 600 86400 300",), ("lab.test", "A"): (place.address,)}
    with dns_server(records, recursion=recursion, at=place.where):
        yield


@contextlib.contextmanager
def _carried(place: Place, served: Served) -> Iterator[None]:
    def hold(client: socket.socket) -> None:
        with socket.create_connection((served.host, served.port)) as server:
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    (server if ready is client else client).sendall(data)

    with listening(hold, place.where):
        yield


_HARDENED = (
    "Ciphers aes256-gcm@openssh.com,aes128-gcm@openssh.com\nMACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com"
)
_OLD = """Ciphers aes128-cbc,3des-cbc,aes128-ctr
MACs hmac-md5,hmac-sha2-256
HostKeyAlgorithms ssh-rsa,rsa-sha2-256"""
_OLD_KEX = "diffie-hellman-group14-sha1,diffie-hellman-group1-sha1,curve25519-sha256"
_HYBRID_KEX = "sntrup761x25519-sha512@openssh.com,curve25519-sha256"
SERVICES: dict[str, Start] = {
    "certificate_expired": partial(_tls, made=lambda place: leaf(place.root, "expired", ips=(place.address,))),
    "certificate_weak": partial(_tls, made=_weak, ciphers="ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"),
    "certificate_wrong_host": partial(_tls, made=lambda place: leaf(place.root, "wrong_host")),
    "certificate_long": partial(_tls, made=partial(_issued, days=800)),
    "certificate_soon": partial(_tls, made=partial(_issued, days=11)),
    "certificate_unknown_root": partial(_tls, made=_of_another_root),
    "certificate_self_signed": partial(_tls, made=lambda place: leaf(place.root, "self_signed", ips=(place.address,))),
    "groups_hybrid_first": _tls,
    "groups_hybrid_last": partial(_tls, groups="X25519:P-256:X25519MLKEM768"),
    "groups_classical": partial(_tls, groups="X25519:P-256"),
    "all_suites": _all_suites,
    "weak_dh": _weak_dh,
    "ml_dsa": _ml_dsa,
    "sshd_hardened": partial(_ssh, kex=_HYBRID_KEX, extra=_HARDENED),
    "sshd_default": _ssh,
    "sshd_classical": partial(_ssh, kex="curve25519-sha256", extra=_HARDENED),
    "sshd_old": partial(_ssh, kex=_OLD_KEX, host_key="rsa", extra=_OLD),
    "smtp_starttls": _smtp,
    "smtps": partial(_smtp, tls_first=True),
    "smtp_plain_logins": partial(_smtp, tls=False, plain_logins=True),
    "imap_starttls": partial(_dovecot, imap=True),
    "imaps": partial(_dovecot, imap=False),
    "postgres": _postgres,
    "dns": _dns,
    "dns_open": partial(_dns, recursion=True),
    "heartbleed": partial(_as_on_loopback, name="scripted_heartbleed"),
    "heartbleed_patched": partial(_as_on_loopback, name="scripted_heartbleed_patched"),
    "ccs_injection": partial(_as_on_loopback, name="scripted_ccs_injection"),
    "robot": partial(_as_on_loopback, name="scripted_robot_strong"),
    "ssl2": partial(_as_on_loopback, name="scripted_ssl2"),
    "ssl3": partial(_as_on_loopback, name="tlslite_old"),
}
