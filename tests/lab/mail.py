"""Mail servers that are upgraded by STARTTLS: Dovecot of the distribution for IMAP, aiosmtpd in Python for SMTP."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.lab.keyfiles import KeyFiles, dh_parameters, write
from tests.lab.pki import authority, leaf
from tests.lab.process import account, group, hand_over, serving
from tests.lab.programs import require
from tests.lab.servers import Served
from tests.lab.smtp import smtp_server

# No login can succeed; the processes that would need root's rights to part with them have none.
_DOVECOT = """
protocols = imap
listen = {address}
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
default_internal_user = {account}
default_internal_group = {group}
default_login_user = {account}
mail_location = maildir:{folder}/mail
passdb {{
  driver = static
  args = nologin=yes
}}
userdb {{
  driver = static
  args = uid={account} gid={group} home={folder}/mail
}}
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
ssl_dh = <{folder}/dh.pem
ssl_min_protocol = TLSv1.1
ssl_cipher_list = ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-SHA:AES128-GCM-SHA256:@SECLEVEL=0
ssl_curve_list = P-384:X25519
ssl_prefer_server_ciphers = yes
service imap-login {{
  chroot =
  service_count = 0
  process_limit = 1
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
"""


@contextlib.contextmanager
def dovecot(folder: Path) -> Iterator[Served]:
    """IMAP: TLS 1.1 and up, Diffie-Hellman of 2,048 bits, the server's order."""
    server, root = require("dovecot"), authority()
    anchor, files = root.anchor(folder), write(leaf(root, key="rsa"), folder)
    (folder / "dh.pem").write_bytes(dh_parameters(2048))
    config = folder / "dovecot.conf"
    config.touch()
    hand_over(folder)

    def command(port: int) -> list[str]:
        config.write_text(dovecot_settings(folder, files, "127.0.0.1", imap=port))
        return [server, "-F", "-c", str(config)]

    def greets(connection: socket.socket) -> bool:
        return connection.recv(4) == b"* OK"

    with serving(command, greets, log=folder / "log", unprivileged=True) as port:
        yield Served(port, "imap", anchor)


def dovecot_settings(folder: Path, files: KeyFiles, address: str, *, imap: int, imaps: int = 0) -> str:
    """Dovecot's configuration; a port of 0 is not listened at. `folder` holds dh.pem."""
    return _DOVECOT.format(
        folder=folder, address=address, imap=imap, imaps=imaps, account=account(), group=group(),
        certificate=files.certificate, key=files.key,
    )  # fmt: skip


@contextlib.contextmanager
def smtp(folder: Path) -> Iterator[Served]:
    """SMTP: what Python's `ssl` makes of a server's context, with one curve and two suites before TLS 1.3."""
    root = authority()
    files = write(leaf(root, key="rsa"), folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-GCM-SHA384")
    context.set_ecdh_curve("prime256v1")
    with smtp_server(tls=context, hostname="lab.test") as port:
        yield Served(port, "smtp", root.anchor(folder))


SERVERS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Served]]] = {
    "imap_dovecot": dovecot,
    "smtp_aiosmtpd": smtp,
}
