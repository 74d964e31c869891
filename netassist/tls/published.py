"""What the DNS says about a TLS server: the certificates that it should have (TLSA), and who may issue them (CAA).

A few questions to the resolver; the server itself is not touched. What they mean is in `netassist.tls.dane` and `caa`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from typing import TYPE_CHECKING, NamedTuple

from netassist.network import Network
from netassist.observations import Failed, Failure
from netassist.targets import parse_address, parse_host
from netassist.tls.server import Server
from netassist.untrusted import as_text

if TYPE_CHECKING:
    import dns.message

SECONDS, ALIAS_SECONDS = 1.0, 0.5
"""For all questions together, and once more for those about what an alias stands for: no certificate waits any longer."""
MOST_RECORDS = 64
_NOT_IN_THE_DNS = ("localhost", "local", "invalid", "onion")
"""RFC 6761, 6762 and 7686: names that are not to be asked for."""


class Answer(NamedTuple):
    """`records` are RDATA as on the wire, of `name` or what that is an alias of; empty where there are none.

    `authenticated` is the AD bit: the resolver has validated the answer, also that there is none (RFC 4035, section 3.2.3).
    `failure` says why nothing is known: only NXDOMAIN and NOERROR are answers.
    """

    name: str
    records: tuple[bytes, ...] = ()
    authenticated: bool = False
    failure: Failure | None = None


class Published(NamedTuple):
    """`caa` is of the host's name or the nearest one above that has records (RFC 8659, section 3)."""

    tlsa: Answer
    caa: Answer


async def published(server: Server) -> Published | None:
    """Ask the network's resolver; None where the host is an address, no name that the public DNS could know, or out of scope.

    Takes at most `SECONDS` and `ALIAS_SECONDS`, and fails in no other way than that an answer has a `failure`.
    """
    host, labels = server.ascii_host, server.ascii_host.split(".")
    if parse_address(host) is not None or len(labels) < 2 or labels[-1] in _NOT_IN_THE_DNS:
        return None
    try:
        server.network.scope.check_host(server.host)
    except Failed:
        return None
    tlsa, caa = await asyncio.gather(_tlsa(server.network, host, f"_{server.port}._tcp"), _caa(server.network, labels))
    return Published(tlsa, caa)


@contextlib.asynccontextmanager
async def asking(server: Server) -> AsyncIterator[Awaitable[Published | None]]:
    """`published`, asked for beside what is done meanwhile; given up on leaving."""
    task = asyncio.ensure_future(published(server))
    try:
        yield task
    finally:
        task.cancel()


async def _tlsa(network: Network, host: str, service: str) -> Answer:
    """Where the host is a validated alias, the records of the name that it stands for come first (RFC 7671, section 7)."""
    own, (canonical, validated, failure) = await asyncio.gather(
        _records(network, f"{service}.{host}", "TLSA"), _canonical(network, host)
    )
    if canonical != host and validated:
        expanded = await _records(network, f"{service}.{canonical}", "TLSA", ALIAS_SECONDS)
        if expanded.failure or (expanded.records and expanded.authenticated):
            return expanded
    if failure is not None and not own.records:
        return own._replace(failure=own.failure or failure)
    return own


async def _caa(network: Network, labels: list[str]) -> Answer:
    """All names up to the top are asked for at once; the nearest to the host that has records counts, or that is not known."""
    names = [".".join(labels[level:]) for level in range(len(labels))]
    asking = [asyncio.ensure_future(_records(network, name, "CAA")) for name in names]
    try:
        return await _nearest(asking, names[0])
    finally:
        for task in asking:
            task.cancel()


async def _nearest(asking: list[asyncio.Task[Answer]], host: str) -> Answer:
    authenticated = True
    for task in asking:
        answer = await task
        if answer.records or answer.failure:
            return answer
        authenticated = authenticated and answer.authenticated
    return Answer(host, authenticated=authenticated)


async def _records(network: Network, name: str, record_type: str, seconds: float = 0.0) -> Answer:
    try:
        found = _chained(await _asked(network, name, record_type, seconds))
    except Failed as failed:
        return Answer(name, failure=failed.failure)
    return Answer(name, found.records, found.authenticated)


async def _canonical(network: Network, host: str) -> tuple[str, bool, Failure | None]:
    """The name that `host` is an alias of, itself where it is none, and whether that is validated."""
    try:
        found = _chained(await _asked(network, host, "A"))
        return parse_host(found.name).host, found.authenticated, None
    except Failed as failed:
        return host, False, failed.failure
    except ValueError:
        return host, False, None  # not a name that a server could have


def _asked(network: Network, name: str, record_type: str, seconds: float = 0.0) -> Awaitable[dns.message.Message]:
    # dnspython takes longer to load than a handshake: only for names, and while the host is waited for.
    from netassist.probes.dns import ask

    return ask(network, name, record_type, seconds or SECONDS)


def _chained(response: dns.message.Message) -> Answer:
    """The records behind any aliases; `name` is the one at the end.

    Raises:
        Failed: `unresolvable` where the code is none that answers; `protocol` where the aliases lead nowhere.
    """
    import dns.exception
    import dns.flags
    import dns.message
    import dns.rcode

    asked = as_text(str(response.question[0]), 300) if response.question else "the question"
    if response.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise Failed("unresolvable", f"{asked}: the resolver answered {dns.rcode.to_text(response.rcode())}{_why(response)}")
    if not isinstance(response, dns.message.QueryMessage):
        raise Failed("protocol", f"{asked}: the resolver's message is no answer")
    try:
        chain = response.resolve_chaining()
    except dns.exception.DNSException as error:
        raise Failed("protocol", f"{asked}: {as_text(str(error), 200)}") from None
    records = [record.to_wire() for record in chain.answer or ()]
    name = chain.canonical_name.to_text(omit_final_dot=True).lower()
    return Answer(name, tuple(held for held in records[:MOST_RECORDS] if held), bool(response.flags & dns.flags.AD))


def _why(response: dns.message.Message) -> str:
    """The resolver's extended errors (RFC 8914), such as ``DNSSEC Bogus``."""
    import dns.edns

    told = [str(option) for option in response.options if isinstance(option, dns.edns.EDEOption)]
    return f" ({as_text('; '.join(told), 200)})" if told else ""
