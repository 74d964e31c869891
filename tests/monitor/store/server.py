"""The distribution's PostgreSQL for the store: a cluster of its own, gone with the tests; and each time an empty database."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.lab.postgres import program
from tests.lab.process import hand_over, run, serving

_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
max_connections = 40
shared_buffers = 8MB
max_wal_senders = 0
wal_level = minimal
autovacuum = off
dynamic_shared_memory_type = mmap
"""


def cluster(folder: Path) -> Path:
    """The data of a server that trusts whoever comes from this machine, as user lab."""
    data = folder / "data"
    hand_over(folder)
    run([program("initdb"), f"--pgdata={data}", "--no-sync", "--auth=trust", "--username=lab", "--encoding=UTF8", "--locale=C"])
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(_SETTINGS)
    return data


@contextlib.contextmanager
def serve(data: Path, port: int = 0) -> Iterator[int]:
    """The port where it listens."""
    server = program("postgres")

    def command(port: int) -> list[str]:
        return [server, "-D", str(data), "-p", str(port)]

    log = data.parent / "log"
    # SIGINT is its fast shutdown: it does not wait for those who are connected.
    with serving(command, _answers, log=log, unprivileged=True, stop=signal.SIGINT, address=("127.0.0.1", port)) as listening:
        yield listening


def _answers(connection: socket.socket) -> bool:
    """Whether it has started up: to a StartupMessage of protocol 3.0 it says AuthenticationOk, not an error."""
    body = (196608).to_bytes(4, "big") + b"user\0lab\0database\0postgres\0\0"
    connection.sendall((len(body) + 4).to_bytes(4, "big") + body)
    return connection.recv(1) == b"R"


def url(port: int) -> str:
    return f"postgresql://lab@127.0.0.1:{port}/postgres"


def emptied(port: int) -> str:
    """The URL of a database without any tables."""
    with psycopg.connect(url(port), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url(port)
