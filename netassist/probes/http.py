"""What a web server answers to one GET: status, redirects, headers, cookies, what the page is, and how long each phase took."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urljoin

import msgspec

from netassist.network import Network
from netassist.observations import Endpoint, Failed, Failure, Report, Stopwatch
from netassist.probes.http_body import ENCODINGS, decoded
from netassist.probes.http_cookies import Cookie, read_cookie
from netassist.probes.http_exchange import BODY_LIMIT, Exchange, Timing, get
from netassist.probes.http_page import Load, Page, read_page
from netassist.probes.http_speech import TlsSummary
from netassist.targets import Url, host_of, host_port, parse_url
from netassist.untrusted import as_text

MOST_REDIRECTS = 5
MOST_COOKIES = 50
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Redirect(msgspec.Struct, frozen=True):
    """One redirect: asked `url`, sent on to `location`; where that was not `followed`, `because` says why."""

    url: str
    status_code: int
    location: str
    followed: bool
    because: str | None = None


class Body(msgspec.Struct, frozen=True):
    """What was read of a body: `received` bytes on the way, `decoded` bytes without their `encoding`, None where it is unknown.

    `complete` is False where there was more than is read, or the body was cut.
    """

    received: int
    decoded: int | None
    encoding: str | None
    complete: bool


class HttpCheck(Report, frozen=True, kw_only=True, tag="netassist/http/1"):
    """`url` is what was fetched last; what is not said to be of every hop is that response's.

    `cookies` are those of every hop. `default_page` names the program whose own page is shown, or ``directory listing``.
    `downgrade` is the redirect that leads from https to http, where there was one, followed or not.
    `tls_error` says why the certificate does not verify; everything else was then measured without verification, and the
    finding ``http.certificate_not_verified`` says so.
    """

    url: str = ""
    status_code: int | None = None
    redirects: tuple[Redirect, ...] = ()
    timing_ms: Timing = Timing()
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    http_version: str | None = None
    tls_error: str | None = None
    tls: TlsSummary | None = None
    downgrade: Redirect | None = None
    cookies: tuple[Cookie, ...] = ()
    body: Body | None = None
    title: str | None = None
    default_page: str | None = None
    mixed_content: tuple[Load, ...] = ()


class _Fetched(NamedTuple):
    """A response, and what was gathered on the way to it."""

    url: Url
    exchange: Exchange
    tls_error: str | None
    cookies: tuple[Cookie, ...]


async def http_check(network: Network, url: str) -> HttpCheck:
    """GET a URL by HTTP/2 where the server has it, else HTTP/1.1, and follow redirects within scope.

    A bare host is asked by https, and by http only where port 443 is refused, or where a port was given that does not speak TLS.
    """
    watch = Stopwatch()
    target = _target(url)
    hops: list[Redirect] = []
    error: Failure | None = None
    try:
        fetched = await _first(network, url)
    except Failed as failed:
        return HttpCheck(target=target, url=url, status="failed", error=failed.failure, **watch.stamp())
    try:
        while fetched.exchange.status_code in _REDIRECTS and "location" in fetched.exchange.headers:
            fetched = await _follow(network, fetched, hops)
    except Failed as failed:
        hops[-1] = msgspec.structs.replace(hops[-1], because=failed.failure.message)
        error = failed.failure if failed.failure.kind != "out_of_scope" else None
    answer = fetched.exchange
    body, page = _page(fetched)
    error = error or (answer.cut.failure if answer.cut else None)
    return HttpCheck(
        target=Endpoint(target.host, fetched.url.port, answer.address),
        status="partial" if error else "ok",
        error=error,
        url=fetched.url.text,
        status_code=answer.status_code,
        redirects=tuple(hops),
        timing_ms=answer.timing,
        headers=answer.headers,
        http_version=answer.http_version,
        tls_error=fetched.tls_error,
        tls=answer.tls,
        downgrade=next((hop for hop in hops if hop.url.startswith("https:") and hop.location.startswith("http:")), None),
        cookies=fetched.cookies,
        body=body,
        title=page.title,
        default_page=page.default_page,
        mixed_content=page.mixed,
        **watch.stamp(),
    )


async def _first(network: Network, text: str) -> _Fetched:
    url = _parsed(text)
    try:
        return await _fetch(network, url)
    except Failed as failed:
        bare, with_port = "://" not in text, url.port != 443
        plain = failed.failure.kind == "refused" if not with_port else failed.failure.kind in ("protocol", "reset")
        if not (bare and plain):
            raise
        before = failed.failure.message
    where = host_port(url.host.text, url.port if with_port else None)
    try:
        return await _fetch(network, _parsed(f"http://{where}{url.path}"))
    except Failed as failed:
        between = " " if before.endswith("?") else "; "
        raise Failed(failed.failure.kind, f"{before}{between}{failed.failure.message}") from None


async def _fetch(network: Network, url: Url, before: tuple[Cookie, ...] = ()) -> _Fetched:
    exchange = await get(network, url, verify=False, encodings=ENCODINGS, http2=True)
    cookies = tuple(read_cookie(raw, url.text) for raw in exchange.cookies[:MOST_COOKIES])
    return _Fetched(url, exchange, exchange.tls_error, tuple(dict.fromkeys((*before, *cookies))))


def _page(fetched: _Fetched) -> tuple[Body, Page]:
    answer = fetched.exchange
    encoding = answer.headers.get("content-encoding")
    plain = decoded(answer.body, encoding or "")
    # The limit ends the reading with the piece that reaches it.
    complete = answer.cut is None and not plain.more and len(answer.body) < BODY_LIMIT
    body = Body(len(answer.body), None if plain.data is None else len(plain.data), encoding, complete)
    if plain.data is None or "html" not in answer.headers.get("content-type", "text/html"):
        return body, Page(None, None, ())
    return body, read_page(plain.data, secure=fetched.url.scheme == "https")


async def _follow(network: Network, fetched: _Fetched, hops: list[Redirect]) -> _Fetched:
    """Fetch where a response sends us; the hop is recorded whether or not that succeeds."""
    here, answer = fetched.url.text, fetched.exchange
    try:
        location = as_text(urljoin(here, answer.headers["location"]), 2000)
    except ValueError as error:
        hops.append(Redirect(here, answer.status_code, as_text(answer.headers["location"], 2000), followed=False))
        raise Failed("invalid", f"{here}: redirects to what is no URL ({as_text(str(error), 100)})") from None
    hop = Redirect(here, answer.status_code, location, followed=False)
    hops.append(hop)
    if len(hops) > MOST_REDIRECTS:
        raise Failed("protocol", f"{here}: more than {MOST_REDIRECTS} redirects; the last leads to {location}")
    there = _parsed(location)
    if any(_same(there, _parsed(earlier.url)) for earlier in hops):
        raise Failed("protocol", f"{here}: redirects in a circle, back to {location}; correct the server's redirects")
    if there.host.host != fetched.url.host.host:
        await network.resolve(there.host.text)
    following = await _fetch(network, there, fetched.cookies)
    hops[-1] = msgspec.structs.replace(hop, followed=True)
    # An unverified step on the way makes all that follows unverified.
    return following._replace(tls_error=fetched.tls_error or following.tls_error)


def _same(one: Url, other: Url) -> bool:
    """Whether both ask for the same thing; a fragment is not sent."""
    return (one.scheme, one.host.host, one.port, one.path) == (other.scheme, other.host.host, other.port, other.path)


def _target(text: str) -> Endpoint:
    try:
        return Endpoint(host_of(text), parse_url(text).port)
    except ValueError:
        return Endpoint(host_of(text))


def _parsed(text: str) -> Url:
    try:
        return parse_url(text)
    except ValueError as error:
        raise Failed("invalid", str(error)) from None
