"""TLS as a client of HTTPS: a whole handshake (netassist.tls.handshake) whose session then carries the request."""

from __future__ import annotations

from datetime import UTC, datetime

from OpenSSL import SSL, crypto

from netassist.network import NO_ANSWER, Network, Stream
from netassist.observations import Failed
from netassist.probes.http_speech import TlsSummary
from netassist.targets import Target, parse_address
from netassist.tls.chain import Certificate, Reading, read
from netassist.tls.handshake import client, flush, shake
from netassist.tls.identity import matches
from netassist.tls.trust import Anchors, anchors, judge_chain
from netassist.untrusted import as_text


class Tls:
    """The session over a `Stream`. `error` says why the certificate `shown` does not verify, None where it does."""

    def __init__(
        self, connection: SSL.Connection, stream: Stream, summary: TlsSummary, error: str | None, shown: Certificate | None
    ) -> None:
        self._connection, self._stream = connection, stream
        self.summary, self.error, self.shown = summary, error, shown

    async def send(self, data: bytes) -> None:
        """Raises Failed, `protocol` where the peer has broken the session."""
        while data:
            try:
                data = data[self._connection.send(data[:16384]) :]
            except SSL.WantReadError:
                self._connection.bio_write(await self._stream.receive())
            except SSL.Error:
                raise Failed("protocol", f"{self._stream.where}: closed the TLS connection") from None
            await flush(self._connection, self._stream)

    async def receive(self) -> bytes:
        """What arrives next; empty where the peer has closed, with or without saying so first."""
        while True:
            try:
                return self._connection.recv(65536)
            except SSL.WantReadError:
                await flush(self._connection, self._stream)
                data = await self._stream.receive()
                if not data:
                    return b""
                self._connection.bio_write(data)
            except SSL.Error:  # ZeroReturnError: the peer said goodbye
                return b""


async def secured(network: Network, stream: Stream, host: Target, alpn: tuple[str, ...], groups: str | None) -> Tls:
    """Shake hands, and judge the certificate for `host` without insisting on it.

    Raises:
        NotTls: the peer does not speak TLS.
        Failed: `protocol` where it refuses; `timeout`, `reset`; `invalid` where the user's trust anchors cannot be read.
    """
    trusted = anchors(network.ca_file)
    connection = client(host.host if parse_address(host.host) is None else None, groups=groups, alpn=alpn)
    await network.within(shake(connection, stream), f"{stream.where}: the TLS handshake", advice=NO_ANSWER)
    chain = tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, held) for held in connection.get_peer_cert_chain() or ())
    selected = connection.get_alpn_proto_negotiated()
    reading, error = _judged(chain, host, trusted)
    shown = reading.shown if reading else None
    version = connection.get_protocol_version_name()
    summary = TlsSummary(
        "TLSv1.0" if version == "TLSv1" else version,
        connection.get_cipher_name(),
        connection.get_group_name(),
        as_text(selected, 50) if selected else None,
        shown.subject if shown else None,
        (shown.not_after - datetime.now(UTC)).days if shown else None,
    )
    return Tls(connection, stream, summary, error, shown)


def _judged(chain: tuple[bytes, ...], host: Target, trusted: Anchors) -> tuple[Reading | None, str | None]:
    """The leaf, and why the chain does not verify for the host."""
    if not chain:
        return None, "the server shows no certificate"
    try:
        leaf = read(chain[0])
        trust = judge_chain(chain, trusted)
    except (ValueError, crypto.Error) as error:
        return None, f"a certificate cannot be read ({as_text(str(error), 200)})"
    if not trust.trusted:
        return leaf, as_text(trust.error or "no reason given", 200)
    if leaf.names is None or not matches(host.host, leaf.names.dns, leaf.names.ip):
        return leaf, f"host name mismatch: the certificate is not for {host.host}"
    return leaf, None
