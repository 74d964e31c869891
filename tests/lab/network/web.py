"""Web servers of the lab network: nginx of the distribution, Node, and Python's for one page in the clear."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from tests.lab.http import Page, http_server
from tests.lab.keyfiles import dh_parameters
from tests.lab.network.place import Place, Start
from tests.lab.node import node_program
from tests.lab.pki import KeyKind
from tests.lab.process import hand_over, serving
from tests.lab.programs import require

HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""All that http_check's rules ask of a page."""
_APPLICATION: Mapping[str, str] = {
    **HEADERS,
    "Content-Security-Policy": "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "unsafe-url",
    "X-XSS-Protection": "1; mode=block",
    "Set-Cookie": "session=7f3a; Path=/",
}
_CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log stderr;
events {{ worker_connections 512; }}
http {{
  access_log off; server_tokens {tokens};
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen {address}:{port}{tls};
    {lines}
  }}
}}
"""
_MODERN = """
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets off; ssl_ecdh_curve X25519:prime256v1;
    ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305;"""
_OLD = """
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on; ssl_early_data on; ssl_dhparam {folder}/dh.pem;
    ssl_ecdh_curve secp384r1:prime256v1;
    ssl_ciphers ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-SHA:AES256-SHA:@SECLEVEL=0;
    ssl_conf_command SignatureAlgorithms RSA-PSS+SHA256:RSA+SHA256:RSA+SHA1;"""
_MIXED = "<title>Shop</title><script src=http://cdn.lab.test/menu.js></script><img src=https://cdn.lab.test/logo.png>"


def _page(body: str, headers: Mapping[str, str]) -> str:
    """Answers every path with an HTML page."""
    sent = "".join(f' add_header {name} "{value}" always;' for name, value in headers.items())
    return f'location / {{ default_type text/html;{sent} return 200 "<!DOCTYPE html>{body}"; }}'


@contextlib.contextmanager
def _nginx(
    place: Place, lines: str, *, tls: str = "", key: KeyKind = "ec", tokens: str = "off", listed: bool = False
) -> Iterator[None]:
    """`tls` are the directives of TLS; with `listed` there is a folder of files to list."""
    nginx = require("nginx")
    if tls:
        files = place.files(key)
        lines = f"ssl_certificate {files.certificate}; ssl_certificate_key {files.key};{tls}\n    {lines}"
    (place.folder / "dh.pem").write_bytes(dh_parameters(1024))
    if listed:
        (place.folder / "pub").mkdir()
        (place.folder / "pub" / "backup.tar").write_bytes(b"nothing")
    config = place.folder / "nginx.conf"
    config.write_text(
        _CONFIG.format(
            folder=place.folder, address=place.address, port=place.port, tokens=tokens, tls=" ssl" if tls else "",
            lines=lines.replace("{folder}", str(place.folder)),
        )
    )  # fmt: skip
    hand_over(place.folder)
    command = [nginx, "-e", "stderr", "-p", str(place.folder), "-c", str(config)]
    with serving(lambda _: command, log=place.folder / "log", unprivileged=True, address=place.where):
        yield


_SCRIPT = """
const fs = require("fs"), config = JSON.parse(fs.readFileSync(process.argv[2]));
const options = {...config.options, key: fs.readFileSync(config.key), cert: fs.readFileSync(config.certificate)};
const server = require("https").createServer(options, (_, answer) => {
  for (const [name, value] of Object.entries(config.headers)) answer.setHeader(name, value);
  answer.end("<!DOCTYPE html><title>lab</title>\\n");
});
server.on("tlsClientError", () => {}).listen(config.port, config.address);
process.on("SIGTERM", () => process.exit(0));
"""
_OLD_NODE = {
    "minVersion": "TLSv1", "honorCipherOrder": True, "dhparam": "auto",
    "ecdhCurve": "X25519MLKEM768:P-384:P-256:X25519", "sigalgs": "rsa_pss_rsae_sha256:rsa_pss_rsae_sha512:RSA+SHA256:RSA+SHA1",
    "ciphers": "ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-SHA:AES128-SHA:AECDH-AES128-SHA:"
    "NULL-SHA256:@SECLEVEL=0",
}  # fmt: skip
_HARDENED_NODE = {"ciphers": "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"}


@contextlib.contextmanager
def _node(place: Place, options: Mapping[str, object], headers: Mapping[str, str], key: KeyKind) -> Iterator[None]:
    files, script, config = place.files(key), place.folder / "server.js", place.folder / "config.json"
    script.write_text(_SCRIPT)
    held = {"options": options, "headers": headers, "address": place.address, "port": place.port}
    config.write_text(json.dumps({**held, "key": str(files.key), "certificate": str(files.certificate)}))
    command = [str(node_program()), str(script), str(config)]
    with serving(lambda _: command, log=Path(place.folder) / "log", address=place.where):
        yield


@contextlib.contextmanager
def _python(place: Place, page: Page) -> Iterator[None]:
    with http_server({"/": page}, host=place.address, port=place.port):
        yield


SERVICES: dict[str, Start] = {
    "nginx_to_https": partial(_nginx, lines="location / { return 301 https://$host/; }"),
    "nginx_good": partial(_nginx, lines=_page("<title>Shop</title>", HEADERS), tls=_MODERN),
    "nginx_default_page": partial(_nginx, lines=_page("<title>Welcome to nginx!</title>", {}), tokens="on"),
    "nginx_old_clients": partial(_nginx, lines='location / { return 200 "lab\\n"; }', tls=_OLD, key="rsa"),
    "nginx_listing": partial(_nginx, lines="location / { root {folder}/pub; autoindex on; }", listed=True),
    "nginx_plain_page": partial(_nginx, lines=_page("<title>Shop</title>", HEADERS)),
    "nginx_application": partial(_nginx, lines=_page(_MIXED, _APPLICATION), tls=_MODERN),
    "node_hardened": partial(_node, options=_HARDENED_NODE, headers={**HEADERS, "Content-Type": "text/html"}, key="ec"),
    "node_old_clients": partial(_node, options=_OLD_NODE, headers={}, key="rsa"),
    "web_page": partial(_python, page=Page(headers={**HEADERS, "Content-Type": "text/html"})),
}
