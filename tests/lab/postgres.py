"""PostgreSQL of the distribution with TLS, asked for by SSLRequest. Its data are of no interest: a new, empty cluster."""

from __future__ import annotations

import contextlib
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.lab.keyfiles import KeyFiles, write
from tests.lab.pki import authority, leaf
from tests.lab.process import hand_over, run, serving
from tests.lab.programs import require
from tests.lab.servers import Served

_CONFIG = """
listen_addresses = '{address}'
unix_socket_directories = ''
fsync = off
max_connections = 50
shared_buffers = 8MB
max_wal_senders = 0
wal_level = minimal
autovacuum = off
dynamic_shared_memory_type = mmap
ssl = on
ssl_cert_file = '{certificate}'
ssl_key_file = '{key}'
ssl_min_protocol_version = 'TLSv1.2'
ssl_ciphers = 'ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256:AES256-SHA256'
ssl_prefer_server_ciphers = on
ssl_ecdh_curve = 'prime256v1'
"""


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[Served]:
    """TLS 1.2 and 1.3 on one curve, PostgreSQL's own Diffie-Hellman group, its order."""
    server, initdb = program("postgres"), program("initdb")
    root, data = authority(), folder / "data"
    anchor, files = root.anchor(folder), write(leaf(root, key="rsa"), folder)
    hand_over(folder)
    choices = ("--no-sync", "--auth=reject", "--username=lab", "--encoding=UTF8", "--locale=C")
    run([initdb, f"--pgdata={data}", *choices])
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(postgres_settings(files, "127.0.0.1"))

    def command(port: int) -> list[str]:
        return [server, "-D", str(data), "-p", str(port)]

    # SIGQUIT is its immediate shutdown: there is nothing to keep.
    with serving(command, log=folder / "log", unprivileged=True, stop=signal.SIGQUIT) as port:
        yield Served(port, "postgres", anchor)


def postgres_settings(files: KeyFiles, address: str) -> str:
    """What is added to the configuration of a new cluster."""
    return _CONFIG.format(address=address, certificate=files.certificate, key=files.key)


def program(name: str) -> str:
    """Debian keeps the server's programs out of PATH, in a folder a version."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3].split(".")[0]))
    return shutil.which(name) or (str(versions[-1]) if versions else require(name))


SERVERS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Served]]] = {"postgres": postgres}
