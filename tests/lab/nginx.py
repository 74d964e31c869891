"""nginx of the distribution: as Mozilla's intermediate profile has it, and for old clients with early data."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from tests.lab.keyfiles import dh_parameters, write
from tests.lab.pki import KeyKind, authority, leaf
from tests.lab.process import hand_over, serving
from tests.lab.programs import require
from tests.lab.servers import Served

# All that nginx writes stays in its folder; its own error log is there before it has read its configuration.
_CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log stderr;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  ssl_dhparam {folder}/dh.pem;
  server {{
    listen 127.0.0.1:{port} {listen};
    {certificates}
    {lines}
    location / {{ return 200 "lab\\n"; }}
  }}
}}
"""


@contextlib.contextmanager
def intermediate(folder: Path) -> Iterator[Served]:
    """TLS 1.2 and 1.3, an RSA and an ECDSA certificate, the client's order, HTTP/2, HSTS for two years, no tickets."""
    lines = """
    ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers off; ssl_session_tickets off;
    ssl_ecdh_curve X25519:prime256v1:secp384r1;
    ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384;
    ssl_conf_command SignatureAlgorithms ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256;
    add_header Strict-Transport-Security "max-age=63072000" always;
    """
    with _served(folder, lines, listen="ssl http2", keys=("rsa", "ec"), dh_bits=2048) as served:
        yield served


@contextlib.contextmanager
def old_clients(folder: Path) -> Iterator[Served]:
    """TLS 1.0 and up, CBC suites first, Diffie-Hellman of 1,024 bits, the server's order, early data, no HTTP/2."""
    lines = """
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on; ssl_early_data on;
    ssl_ecdh_curve secp384r1:prime256v1;
    ssl_ciphers ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-SHA:DHE-RSA-CAMELLIA256-SHA:AES256-SHA:\
@SECLEVEL=0;
    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384;
    ssl_conf_command SignatureAlgorithms RSA-PSS+SHA256:RSA+SHA256:RSA+SHA1;
    """
    with _served(folder, lines, listen="ssl", keys=("rsa",), dh_bits=1024) as served:
        yield served


@contextlib.contextmanager
def _served(
    folder: Path, lines: str, *, listen: str, keys: tuple[KeyKind, ...], dh_bits: Literal[1024, 2048]
) -> Iterator[Served]:
    nginx, root = require("nginx"), authority()
    anchor, certificates = root.anchor(folder), ""
    for kind in keys:
        files = write(leaf(root, key=kind), folder, kind)
        certificates += f"ssl_certificate {files.certificate}; ssl_certificate_key {files.key};\n    "
    (folder / "dh.pem").write_bytes(dh_parameters(dh_bits))
    config = folder / "nginx.conf"
    config.touch()
    hand_over(folder)

    def command(port: int) -> list[str]:
        config.write_text(_CONFIG.format(folder=folder, port=port, listen=listen, certificates=certificates, lines=lines))
        return [nginx, "-e", "stderr", "-p", str(folder), "-c", str(config)]

    with serving(command, log=folder / "log", unprivileged=True) as port:
        yield Served(port, anchor=anchor)


SERVERS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Served]]] = {
    "nginx_intermediate": intermediate,
    "nginx_old_clients": old_clients,
}
