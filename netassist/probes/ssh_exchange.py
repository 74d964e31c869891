"""Connections to an SSH server that go as far as its host key, and no further: nobody logs in, and no key is agreed on."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import NamedTuple

from netassist import __version__
from netassist.network import Network, Stream
from netassist.observations import Failed
from netassist.probes import ssh_hostkey as keys
from netassist.probes import ssh_kexinit as ssh
from netassist.probes.first_answer import first_answer
from netassist.probes.ssh_hostkey import HostKey
from netassist.probes.ssh_kexinit import KexInit, Opening

GREETING = f"SSH-2.0-netassist_{__version__}\r\n".encode("ascii")


class Opened(NamedTuple):
    """A connection whose server has said what it offers; `rest` came after that."""

    stream: Stream
    opening: Opening
    rest: bytes


@contextlib.asynccontextmanager
async def opened(network: Network, host: str, port: int) -> AsyncIterator[Opened]:
    """Raises Failed as `Network.connect` and `first_answer`."""
    async with network.connect(host, port) as stream:
        opening, rest = await first_answer(network, stream, GREETING, ssh.read_opening_and_rest)
        yield Opened(stream, opening, rest)
        with contextlib.suppress(Failed):
            await stream.send(ssh.goodbye())


async def host_key(network: Network, connection: Opened, method: str, algorithm: str) -> HostKey:
    """The host key that the server shows for `algorithm` in an exchange by `method`, one of `EXCHANGES`.

    Raises:
        Failed: `protocol` where the server answers with something else, disconnects, or sends a key that is malformed.
    """
    offer = _begin(connection, method, algorithm)
    if method in keys.GROUP_EXCHANGES:
        request = ssh.packet(keys.GEX_REQUEST, keys.group_request(2048, 2048, 8192))
        group, rest = await _answer(network, connection, offer + request, connection.rest, keys.GEX_GROUP)
        share = ssh.packet(keys.GEX_INIT, _made(connection, group))
        reply, _ = await _answer(network, connection, share, rest, keys.GEX_REPLY)
    else:
        share = ssh.packet(keys.KEX_INIT, keys.opening_share(method))
        reply, _ = await _answer(network, connection, offer + share, connection.rest, keys.KEX_REPLY)
    try:
        return keys.read_reply(reply)
    except ValueError as error:
        raise Failed("protocol", f"{connection.stream.where}: {error}") from None


async def group_size(network: Network, connection: Opened, method: str, algorithm: str, least: int) -> int:
    """Bits of the group that the server hands out to who asks for `least`, and takes up to 8192.

    Raises:
        Failed: `protocol` where the server hands out none.
    """
    request = ssh.packet(keys.GEX_REQUEST, keys.group_request(least, least, 8192))
    said = _begin(connection, method, algorithm) + request
    group, _ = await _answer(network, connection, said, connection.rest, keys.GEX_GROUP)
    try:
        return keys.group_bits(group)
    except ValueError as error:
        raise Failed("protocol", f"{connection.stream.where}: {error}") from None


def _begin(connection: Opened, method: str, algorithm: str) -> bytes:
    """Our KEXINIT: one method, one host key algorithm, and whatever the server has of the rest."""
    theirs = connection.opening.offer
    ours = KexInit(
        kex=(method,), host_key=(algorithm,), ciphers=theirs.ciphers, macs=theirs.macs, compression=theirs.compression
    )  # fmt: skip
    return ssh.packet(ssh.KEXINIT, ssh.kexinit(ours))


async def _answer(network: Network, connection: Opened, said: bytes, before: bytes, wanted: int) -> tuple[bytes, bytes]:
    """The body of the message that is awaited, and what came after it."""
    message, rest = await first_answer(network, connection.stream, said, lambda came: ssh.read_message(before + came, wanted))
    return message.body, rest


def _made(connection: Opened, group: bytes) -> bytes:
    try:
        return keys.answer_to_group(group)
    except ValueError as error:
        raise Failed("protocol", f"{connection.stream.where}: {error}") from None
