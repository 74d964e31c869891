"""One question to an RDAP server by HTTPS (RFC 7480), its redirects followed.

Who is asked stands in IANA's list, and after that in what those servers answer: hosts that nobody named. So they may be touched
at public addresses only, unless the configuration allows more, and never by plain HTTP after HTTPS.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urljoin

import msgspec

from netassist.network import Network
from netassist.observations import Failed
from netassist.probes.http_exchange import Exchange, Untrusted, get
from netassist.targets import Url, parse_url
from netassist.untrusted import as_text

MOST_BYTES = 1_000_000
MOST_REDIRECTS = 5
_ACCEPT = "application/rdap+json, application/json;q=0.5"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_THERE = frozenset({404})
NOT_TAKEN = frozenset({400, 404, 422})
"""What servers say of a name below a registered one: that it is not there, or that they do not take it for a domain."""


class RdapAnswer(NamedTuple):
    """`content` is the decoded JSON, None where the server says that it has no such thing; `url` is who answered."""

    url: str
    content: object | None


async def ask(network: Network, text: str, absent: frozenset[int] = _NOT_THERE) -> RdapAnswer:
    """GET an RDAP URL; a status among `absent` is the answer that there is none.

    Raises:
        Failed: `rate_limited` with the time that the server names; `protocol` where the answer is no JSON, too long, or an error;
            `out_of_scope`, and as `Network.connect`.
    """
    url = _parsed(text)
    for _ in range(MOST_REDIRECTS + 1):
        answer = await _got(network, url)
        location = answer.headers.get("location", "")
        if answer.status_code not in _REDIRECTS or not location:
            return _read(url, answer, absent)
        following = _parsed(location, url.text)
        if url.scheme == "https" and following.scheme != "https":
            raise Failed("protocol", f"{url.host.text}: redirects from HTTPS to plain HTTP ({as_text(location, 200)})")
        url = following
    raise Failed("protocol", f"{url.host.text}: more than {MOST_REDIRECTS} redirects; the registry's servers have to be mended")


async def _got(network: Network, url: Url) -> Exchange:
    host = url.host.text
    with network.beside(network.scope.learning(host)) as own:
        asking = get(own, url, limit=MOST_BYTES + 1, accept=_ACCEPT)
        try:
            answer = await network.within(asking, f"{host}: asking by RDAP", 3 * network.timeout)
        except Untrusted as untrusted:
            raise Failed("protocol", f"{host}: its certificate does not verify ({untrusted}); nothing was asked") from None
    if answer.cut is not None:
        raise answer.cut
    if len(answer.body) > MOST_BYTES:
        raise Failed("protocol", f"{host}: answers with more than {MOST_BYTES} bytes")
    return answer


def _read(url: Url, answer: Exchange, absent: frozenset[int]) -> RdapAnswer:
    host, code = url.host.text, answer.status_code
    if code in absent:
        return RdapAnswer(url.text, None)
    if code == 429:
        later = _later(answer.headers.get("retry-after"))
        raise Failed("rate_limited", f"{host}: limits how often it is asked; try again {later}")
    if code != 200:
        raise Failed("protocol", f"{host}: answers with the status {code}; try again later")
    try:
        return RdapAnswer(url.text, msgspec.json.decode(answer.body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Failed("protocol", f"{host}: does not answer with JSON; its RDAP service has to be mended") from None


def _later(value: str | None) -> str:
    """``in 30 s``, out of seconds or a date (RFC 9110, section 10.2.3)."""
    if value is None:
        return "later (it does not say when)"
    if value.isdecimal() and len(value) < 9:
        return f"in {int(value)} s"
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return "later (it does not say when)"
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime.now(UTC)
    return f"in {max(0, round(seconds.total_seconds()))} s"


def _parsed(text: str, base: str = "") -> Url:
    """A URL that an RDAP server or IANA's list names, relative to `base`."""
    try:
        return parse_url(urljoin(base, text))
    except ValueError as error:
        raise Failed("protocol", f"an RDAP server leads to what is no URL ({as_text(str(error), 200)})") from None
