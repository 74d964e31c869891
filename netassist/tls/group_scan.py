"""Which groups a TLS server selects: each question is one connection, offered by own bytes or by a whole handshake."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from netassist.network import NO_ANSWER
from netassist.observations import Failed, Failure
from netassist.probes.first_answer import first_answer
from netassist.tls import groups as named
from netassist.tls import hello as wire
from netassist.tls.groups import Group
from netassist.tls.key_exchange import Preferred
from netassist.tls.server import Server

_USUAL = (named.X25519MLKEM768, *named.CLASSICAL)
_USUAL_TO_OPENSSL = "*X25519MLKEM768:*X25519:P-256:P-384:P-521:X448:ffdhe2048:ffdhe3072"
# RFC 8446, section 4.1.1: with no group in common a server aborts with handshake_failure or insufficient_security.
_REFUSALS = (40, 71)
_ILLEGAL_PARAMETER, _PROTOCOL_VERSION = 47, 70


class First(NamedTuple):
    """What the usual client got. `version` as in ``TLSv1.3``, or ``before TLSv1.2`` where it was not established further.

    `confirmed`: the handshake was completed. `chain` are the certificates in DER, `signature` is the code
    of the scheme that the server signed with.
    """

    version: str
    group: Group | None
    confirmed: bool
    chain: tuple[bytes, ...] = ()
    signature: int | None = None


class AskedServer:
    """A TLS server that is asked again and again; it keeps the groups that were selected, in the order seen."""

    def __init__(self, server: Server) -> None:
        self._server, self._network, self._where = server, server.network, server.where
        self._answered = self._answered_without_shares = False
        self.selected: dict[str, Group] = {}
        self.failure: Failure | None = None

    async def usual(self) -> First:
        """What a client in use gets: by a whole handshake, or where that does not succeed, by what the server selects."""
        from netassist.tls.handshake import NotTls, Unfinished, handshake

        try:
            async with self._server.connect() as stream:
                try:
                    shaking = handshake(stream, server_name=self._server.server_name, groups=_USUAL_TO_OPENSSL)
                    session = await self._network.within(shaking, f"{stream.where}: the TLS handshake", advice=NO_ANSWER)
                    confirmed = True
                except Unfinished as unfinished:
                    session, confirmed = unfinished.session, False
                    self.failure = unfinished.failure
        except ValueError as error:
            raise Failed("missing_program", f"{error}; reinstall the cryptography package, whose OpenSSL knows ML-KEM") from None
        except Failed as failed:
            if failed.failure.kind != "protocol":
                raise
            if isinstance(failed, NotTls):
                if failed.is_ssh:
                    raise Failed("protocol", f"{self._where}: {failed.why}; ask with protocol=ssh") from None
                advice = "is it the right port? quantum_check cannot ask servers that need STARTTLS first"
                failed = Failed("protocol", f"{self._where}: {failed.why}; {advice}")
            self.failure = failed.failure
            return await self._usual_unconfirmed(failed)
        group = named.group_named(session.group) if session.group else None
        if group is not None:
            self.selected[group.name] = group
        return First(session.protocol, group, confirmed, session.chain, session.signature)

    async def _usual_unconfirmed(self, failed: Failed) -> First:
        shares = _shares(named.X25519MLKEM768, named.X25519)
        try:
            answer = await self.ask(_USUAL, shares, (wire.TLS13, wire.TLS12))
        except Failed:
            raise failed from None
        if isinstance(answer, wire.Alert):
            if answer.description != _PROTOCOL_VERSION:
                raise failed
            return First("before TLSv1.2", None, False)
        # TLS 1.3 names its group, TLS 1.2 does not yet.
        return First("TLSv1.2", None, False) if answer.group is None else First("TLSv1.3", named.group(answer.group), False)

    async def ask(
        self, offered: Sequence[int], shares: tuple[tuple[int, bytes], ...] = (), versions: tuple[int, ...] = (wire.TLS13,)
    ) -> wire.ServerHello | wire.Alert:
        """Offer these groups in a connection of its own. Raises Failed, `protocol` where the answer is not to be believed."""
        suites = wire.TLS13_SUITES + (wire.TLS12_SUITES if wire.TLS12 in versions else ())
        hello = wire.ClientHello(
            random=os.urandom(32),
            session_id=os.urandom(32),
            groups=tuple(offered),
            key_shares=shares,
            server_name=self._server.server_name,
            versions=versions,
            cipher_suites=suites,
        )
        async with self._server.connect() as stream:
            answer: wire.ServerHello | wire.Alert = await first_answer(
                self._network, stream, wire.client_hello(hello), wire.read_answer
            )
        if isinstance(answer, wire.ServerHello):
            try:
                wire.check_answer(hello, answer)
            except ValueError as error:
                raise Failed("protocol", f"{self._where}: {error}") from None
            self._answered = True
            self._answered_without_shares |= not shares
            if answer.group is not None:
                group = named.group(answer.group)
                self.selected[group.name] = group
        return answer

    async def preferred(self) -> Preferred | None:
        """Whether the server keeps to post-quantum groups where a client puts X25519 first."""
        shares = _shares(named.X25519, named.X25519MLKEM768)
        answer = await self.ask((named.X25519, named.X25519MLKEM768, *named.CLASSICAL[1:]), shares)
        if isinstance(answer, wire.Alert) or answer.group is None:
            return None
        return "client_order" if answer.group in named.CLASSICAL else "server"

    async def takes_classical(self) -> bool | None:
        """Whether clients without post-quantum groups are served; None where the answer leaves it open."""
        return self._accepted(await self.ask(named.CLASSICAL, versions=(wire.TLS13, wire.TLS12)))

    async def all_post_quantum(self) -> bool:
        """Ask until every post-quantum group is known; False where an answer leaves it open."""
        left: tuple[int, ...] = named.POST_QUANTUM
        while left := tuple(code for code in left if named.group(code).name not in self.selected):
            accepted = self._accepted(answer := await self.ask(left))
            if accepted is None:
                message = f"{self._where}: answers {answer}; which post-quantum groups it accepts is not established"
                self.failure = self.failure or Failure("protocol", message)
            if not accepted:
                return accepted is False
        return True

    def _accepted(self, answer: wire.ServerHello | wire.Alert) -> bool | None:
        """False where it is refused for want of a common group; None where that cannot be told.

        A refusal counts only from a server that has answered another such hello; it might object to all of them.
        """
        if isinstance(answer, wire.ServerHello):
            return True
        if answer.description == _ILLEGAL_PARAMETER:
            return False if self._answered_without_shares else None
        return False if answer.description in _REFUSALS and self._answered else None


def _shares(*codes: int) -> tuple[tuple[int, bytes], ...]:
    """Valid key shares, in this order, for X25519 (RFC 7748) and X25519MLKEM768 (draft-ietf-tls-ecdhe-mlkem: ML-KEM first)."""
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    def share(code: int) -> bytes:
        lattice = MLKEM768PrivateKey.generate().public_key().public_bytes_raw() if code == named.X25519MLKEM768 else b""
        return lattice + X25519PrivateKey.generate().public_key().public_bytes_raw()

    return tuple((code, share(code)) for code in codes)
