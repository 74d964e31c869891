"""One whole TLS handshake as a client: OpenSSL (by pyOpenSSL) on memory buffers, its bytes carried by a `Stream`.

It accepts what OpenSSL can still speak, down to TLS 1.0 at security level 0, because a weak server has to be reported on
too, and it verifies nothing: trust is judged from the chain that comes back (`netassist.tls.trust`). Nothing is sent
over the session.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from OpenSSL import SSL, crypto
from OpenSSL._util import ffi, lib

from netassist.network import Stream
from netassist.observations import Failed
from netassist.targets import parse_address, parse_host
from netassist.tls.spoken import spoken
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.tls.server import Server

# Whatever has a certificate behind it, the strong ones first; NULL encryption last, and no anonymous key exchange.
CIPHERS = b"ALL:eNULL:!aNULL:@SECLEVEL=0"
_HEARD = 256
"""Bytes of what a peer says first that are kept, to tell what it speaks."""
_HANDSHAKE, _CERTIFICATE_VERIFY = 22, 15
_OP_LEGACY_SERVER_CONNECT = 0x4  # SSL_OP_LEGACY_SERVER_CONNECT: servers from before RFC 5746
_OP_TLSEXT_PADDING = 0x10  # SSL_OP_TLSEXT_PADDING: servers that RFC 7685 is about
_PROTOCOLS = {"TLSv1": "TLSv1.0"}
_NUMBERS = {
    "TLSv1.0": SSL.TLS1_VERSION,
    "TLSv1.1": SSL.TLS1_1_VERSION,
    "TLSv1.2": SSL.TLS1_2_VERSION,
    "TLSv1.3": SSL.TLS1_3_VERSION,
}
_NOT_TLS = frozenset(
    ("wrong version number", "http request", "https proxy request", "packet length too long", "record layer failure",
     "unexpected message", "bad record type", "unsupported record type", "invalid record type", "no protocols available"),
)  # fmt: skip


class Session(NamedTuple):
    """What one handshake agreed on.

    `protocol` is ``TLSv1.0`` to ``TLSv1.3``. `group` is OpenSSL's name for the key exchange (``X25519MLKEM768``, ``x25519``),
    None for static RSA. `chain` are the certificates in DER, in the order sent. `ocsp_staple` is the stapled response (RFC 6066,
    section 8) in DER, empty where the server sent none, None where the handshake broke off before that was known.
    `signature` is the code of the scheme that the server signed with (IANA TLS SignatureScheme), None before TLS 1.3.
    """

    protocol: str
    cipher: str | None
    group: str | None
    chain: tuple[bytes, ...]
    ocsp_staple: bytes | None
    alpn: str | None = None
    signature: int | None = None


class Unfinished(Failed):
    """The peer broke the handshake off after it had shown its certificate; `session` is what was agreed on until then."""

    def __init__(self, failed: Failed, session: Session) -> None:
        super().__init__(failed.failure.kind, failed.failure.message)
        self.session = session


class NotTls(Failed):
    """The peer speaks something else than TLS; `heard` is the beginning of it, `why` OpenSSL's reason."""

    def __init__(self, where: str, why: str, heard: bytes) -> None:
        self.heard, self.why = heard, f"does not speak TLS here ({why})"
        advice = "is it the right port, or does it need starttls?"
        if (other := spoken(heard)) is not None:
            self.why, advice = f"does not speak TLS here, but {other}", other.advice
        super().__init__("protocol", f"{where}: {self.why}; {advice}")

    @property
    def is_ssh(self) -> bool:
        """Whether it begins as an SSH server does (RFC 4253, section 4.2)."""
        return self.heard.startswith(b"SSH-")


def set_groups(context: SSL.Context, names: str) -> None:
    """Restrict key exchange to OpenSSL's group names, colon between, best first: ``X25519MLKEM768:X25519``.

    pyOpenSSL has no public call for it; `SSL_CTX_set1_curves_list` is the older name of `SSL_CTX_set1_groups_list`.

    Raises:
        ValueError: OpenSSL knows none of that name.
    """
    if lib.SSL_CTX_set1_curves_list(context._context, names.encode("ascii")) != 1:
        lib.ERR_clear_error()
        raise ValueError(f"OpenSSL does not know the groups {names!r}")


class _Heard(NamedTuple):
    """What comes in on the way of one connection: stapled responses, and the schemes of CertificateVerify."""

    staples: list[bytes]
    signed: list[int]


_HEARD_BY: dict[int, _Heard] = {}
"""By the address of OpenSSL's connection, for as long as that lives."""


@ffi.callback("void(int, int, int, const void *, size_t, SSL *, void *)")  # type: ignore[untyped-decorator]
def _note_signature(sent: int, version: int, kind: int, data: object, size: int, ssl: object, argument: object) -> None:
    """Note the scheme of each CertificateVerify that comes in (RFC 8446, section 4.4.3).

    pyOpenSSL has no public call for it either; `SSL_CTX_set_msg_callback` shows every handshake message in plain text.
    """
    head = bytes(ffi.buffer(data, 6)) if kind == _HANDSHAKE and size >= 6 and not sent else b""
    if head and head[0] == _CERTIFICATE_VERIFY and (heard := _HEARD_BY.get(_address(ssl))):
        heard.signed.append(int.from_bytes(head[4:]))


def _note_staple(connection: SSL.Connection, response: bytes, _data: object) -> bool:
    if heard := _HEARD_BY.get(_address(connection._ssl)):
        heard.staples.append(response)
    return True


def _address(ssl: object) -> int:
    return int(ffi.cast("uintptr_t", ssl))


def set_signatures(context: SSL.Context, names: str) -> None:
    """Restrict what the server may sign with to OpenSSL's names, colon between: ``rsa_pss_rsae_sha256:ECDSA+SHA256``.

    Raises:
        ValueError: OpenSSL does not know one of them.
    """
    if lib.SSL_CTX_set1_sigalgs_list(context._context, names.encode("ascii")) != 1:
        lib.ERR_clear_error()
        raise ValueError(f"OpenSSL does not know the signature schemes {names!r}")


async def handshake(
    stream: Stream,
    *,
    server_name: str | None,
    groups: str | None = None,
    alpn: tuple[str, ...] = (),
    signatures: str | None = None,
) -> Session:
    """Shake hands over `stream` and say what came of it; the caller closes the stream.

    Args:
        server_name: sent as SNI (RFC 6066, section 3), in its ASCII form; an IP address is not sent.
        groups: offer these only, as `set_groups` takes them; OpenSSL's default list where None.
        alpn: protocols to offer (RFC 7301), best first.
        signatures: accept these schemes only, as `set_signatures` takes them, so that a server shows the key that signs so.

    Raises:
        Unfinished: the peer broke off after its certificate had come, for want of a client certificate for example.
        NotTls: the peer does not speak TLS.
        Failed: `protocol` where the peer refuses; `timeout`, `reset`.
    """
    staples: list[bytes] = []
    signed: list[int] = []
    connection = client(server_name, groups=groups, alpn=alpn, signatures=signatures, staples=staples, signed=signed)
    try:
        await shake(connection, stream)
    except Failed as failed:
        if connection.get_peer_cert_chain():
            raise Unfinished(failed, _session(connection, staples, signed)) from None
        raise
    return _session(connection, staples, signed)


def client(
    server_name: str | None,
    *,
    groups: str | None = None,
    alpn: tuple[str, ...] = (),
    signatures: str | None = None,
    version: str | None = None,
    tickets: bool = True,
    staples: list[bytes] | None = None,
    signed: list[int] | None = None,
) -> SSL.Connection:
    """A client on memory buffers, as `handshake` takes its arguments; of `version` (``TLSv1.2``) alone, where that is given.

    Without `tickets` it takes none, so that a server can resume sessions by their ids only (RFC 5077, section 3.2).
    Stapled OCSP responses are put into `staples`, the schemes that the server signs with into `signed`.
    """
    connection = SSL.Connection(_context(groups, alpn, signatures, version, tickets), None)
    address = _address(connection._ssl)
    _HEARD_BY[address] = _Heard([] if staples is None else staples, [] if signed is None else signed)
    weakref.finalize(connection, _HEARD_BY.pop, address, None)
    if server_name is not None and parse_address(server_name) is None:
        connection.set_tlsext_host_name(parse_host(server_name).host.encode("ascii"))
    connection.request_ocsp()
    connection.set_connect_state()
    return connection


@lru_cache(maxsize=64)
def _context(
    groups: str | None, alpn: tuple[str, ...], signatures: str | None, version: str | None, tickets: bool
) -> SSL.Context:
    """One for all connections of the same settings: to make one takes longer than to shake hands."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_options(_OP_LEGACY_SERVER_CONNECT | _OP_TLSEXT_PADDING)
    context.set_cipher_list(CIPHERS)
    context.set_min_proto_version(_NUMBERS[version] if version is not None else SSL.TLS1_VERSION)
    if version is not None:
        context.set_max_proto_version(_NUMBERS[version])
    if not tickets:
        context.set_options(SSL.OP_NO_TICKET)
    context.set_verify(SSL.VERIFY_NONE)
    if groups is not None:
        set_groups(context, groups)
    if signatures is not None:
        set_signatures(context, signatures)
    if alpn:
        context.set_alpn_protos([name.encode("ascii") for name in alpn])
    context.set_ocsp_client_callback(_note_staple)
    lib.SSL_CTX_set_msg_callback(context._context, _note_signature)
    return context


@contextlib.asynccontextmanager
async def shaken(
    server: Server,
    *,
    groups: str | None = None,
    alpn: tuple[str, ...] = (),
    version: str | None = None,
    tickets: bool = True,
    session: SSL.Session | None = None,
) -> AsyncIterator[tuple[SSL.Connection, Stream]]:
    """A session with a server, its handshake completed: `client`, and the stream that it is on.

    Args:
        groups: those that the server bears where None.
        session: one of an earlier connection, to be resumed.

    Raises:
        ValueError: OpenSSL does not know the groups.
        Failed: as `Server.connect` and `shake`.
    """
    connection = client(server.server_name, groups=groups or server.groups, alpn=alpn, version=version, tickets=tickets)
    if session is not None:
        # pyOpenSSL's own call wants both connections of one context, OpenSSL's does not.
        lib.SSL_set_session(connection._ssl, session._session)
    async with server.connect() as stream:
        await server.network.within(shake(connection, stream), f"{stream.where}: the TLS handshake")
        yield connection, stream


def resumed(connection: SSL.Connection) -> bool:
    """Whether the server took up the session that was offered."""
    return bool(lib.SSL_session_reused(connection._ssl))


async def shake(connection: SSL.Connection, stream: Stream) -> None:
    """Carry the handshake over `stream` until it is complete.

    Raises:
        NotTls: the peer does not speak TLS.
        Failed: `protocol` where the peer refuses.
    """
    heard = b""
    while True:
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            await flush(connection, stream)
            if data := await stream.receive():
                heard = (heard + data)[:_HEARD]
                connection.bio_write(data)
            else:
                raise Failed("protocol", f"{stream.where}: closed the connection during the TLS handshake") from None
        except SSL.Error as error:
            if (reason := _reason(error)) in _NOT_TLS:
                raise NotTls(stream.where, reason, heard) from None
            raise Failed("protocol", f"{stream.where}: {_cause(reason)}") from None
        else:
            await flush(connection, stream)
            return


async def flush(connection: SSL.Connection, stream: Stream) -> None:
    """Send what the connection has to say."""
    while True:
        try:
            data = connection.bio_read(65536)
        except SSL.WantReadError:
            return
        await stream.send(data)


def _reason(error: SSL.Error) -> str:
    rows = error.args[0] if error.args and isinstance(error.args[0], list) else []
    reasons = [as_text(str(row[2]), 100) for row in rows if len(row) > 2 and row[2]]
    return reasons[0] if reasons else "no reason given"


def _cause(reason: str) -> str:
    """OpenSSL's reason in plain words; alerts by their names (RFC 8446, section 6)."""
    if " alert " in reason:
        alert = reason.split(" alert ", 1)[1].removeprefix("number ")
        return f"refused the TLS handshake with the alert {alert.replace(' ', '_')}"
    return f"the TLS handshake failed ({reason})"


def _session(connection: SSL.Connection, staples: list[bytes], signed: list[int]) -> Session:
    chain = tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, held) for held in connection.get_peer_cert_chain() or ())
    alpn, version = connection.get_alpn_proto_negotiated(), connection.get_protocol_version_name()
    return Session(
        protocol=_PROTOCOLS.get(version, version),
        cipher=connection.get_cipher_name(),
        group=connection.get_group_name(),
        chain=chain,
        ocsp_staple=staples[-1] if staples else None,
        alpn=as_text(alpn, 100) if alpn else None,
        signature=signed[-1] if signed else None,
    )
