"""The Starlette application: every route of the table behind the same door of access, limits, bounds and time-outs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TYPE_CHECKING

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route as Path

from netassist.monitor.api.access import Caller, local, remote
from netassist.monitor.api.asked import Asked, Text
from netassist.monitor.api.journaled import journaled
from netassist.monitor.api.limits import Limiter
from netassist.monitor.api.problems import MEDIA_TYPE, Trouble, problem, unread
from netassist.monitor.api.routes import ROUTES, Route
from netassist.monitor.api.ways import Ways, stored
from netassist.monitor.logs import say
from netassist.monitor.store import StoreTrouble

if TYPE_CHECKING:
    from netassist.monitor.store import Token

LARGEST_BODY = 64 * 1024
LONGEST_QUERY = 4096
"""Bytes of the path and the query together."""
BODY_SECONDS = 10.0
GUESS = 20.0
"""What a wrong credential costs, in requests."""

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_log = logging.getLogger(__name__)
Endpoint = Callable[[Request], Awaitable[Response]]


class Door:
    """Who comes in, for one listener.

    Args:
        trusted: the listener is the unix socket, whose peers the server has checked.
    """

    def __init__(self, ways: Ways, limiter: Limiter, *, trusted: bool) -> None:
        self.ways, self.limiter, self.trusted = ways, limiter, trusted

    async def caller(self, request: Request, cost: float = 1.0) -> Caller:
        """Raises Trouble where the credential is wrong, or it asks too often."""
        peer = request.client.host if request.client is not None else "unknown"
        if self.trusted:
            return local(peer)
        reading, given = request.method in ("GET", "HEAD"), request.headers.get("authorization", "")
        guesses = f"guesses of {peer}"
        if given:  # an address that guessed too often waits, whatever it brings now
            _check_not_late(self.limiter.late(guesses, monotonic()))
        caller = remote(peer, given, await self._tokens(), reading=reading)
        if caller is None:
            self.limiter.spend(guesses, monotonic(), GUESS)
            say(_log, logging.WARNING, "a wrong token was turned away", peer=peer)
            raise Trouble(401, "the token is not known; `netassist daemon token list` tells which are", challenge(request))
        _check_not_late(self.limiter.wait(caller.name, monotonic(), cost))
        return caller

    async def _tokens(self) -> list[Token]:
        return await stored(self.ways.store.tokens)


def application(ways: Ways, limiter: Limiter, *, trusted: bool) -> Starlette:
    """The API and the page, for one listener."""
    from netassist.monitor.page.pages import paths

    door = Door(ways, limiter, trusted=trusted)
    routes = [Path(_path(route.path), answering(_api(ways, door, route)), methods=[route.method]) for route in ROUTES]
    shown = [Path(path, answering(endpoint), methods=["GET"]) for path, endpoint in paths(ways, door)]
    return Starlette(routes=[*routes, *shown], exception_handlers={HTTPException: _unrouted})


def _check_not_late(late: float) -> None:
    if late:
        again = int(late) + 1
        raise Trouble(429, f"too many requests; try again in {again} s", {"Retry-After": str(again)})


def _path(path: str) -> str:
    """A key may hold slashes: it is often a URL."""
    return path.replace("{key}", "{key:path}")


def _api(ways: Ways, door: Door, route: Route) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        caller = await door.caller(request, route.cost)
        _check_right(route, caller, door, request)
        path = {name: str(value) for name, value in request.path_params.items()}
        asked = Asked(caller, path, _query(route, request), await _body(route, request))
        try:
            async with asyncio.timeout(route.seconds):
                handled = journaled(ways, route, asked, f"{request.method} {request.url.path}") if route.change else None
                answer = await (handled or route.handler(ways, asked))
        except TimeoutError:
            raise Trouble(504, f"not done within {route.seconds:.0f} s; try again, or ask for less") from None
        if request.method != "GET":
            say(_log, logging.INFO, "asked for", who=caller.name, what=f"{route.method} {request.url.path}")
        if isinstance(answer, Text):
            return Response(answer.body, media_type=answer.media_type)
        return Response(msgspec.json.encode(answer), route.status, media_type="application/json")

    return endpoint


def answering(endpoint: Endpoint) -> Endpoint:
    """The endpoint, with what it raises as a problem, and the headers that every answer has."""

    async def answered(request: Request) -> Response:
        try:
            if len(request.scope.get("raw_path") or b"") + len(request.scope["query_string"]) > LONGEST_QUERY:
                raise Trouble(414, f"the address has more than {LONGEST_QUERY:,} bytes")
            response = await endpoint(request)
        except Trouble as trouble:
            response = problem_response(trouble.status, trouble.detail, trouble.headers)
        except StoreTrouble as trouble:
            response = problem_response(503, str(trouble), {"Retry-After": "10"})
        except ClientDisconnect:
            response = Response(status_code=400)
        except Exception as error:  # noqa: BLE001 - a mistake in one answer must not end the daemon, nor show its insides
            _log.error("an answer failed", exc_info=error, extra={"fields": {"what": request.url.path}})
            response = problem_response(500, "a mistake of the daemon's; its log says more")
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return answered


def problem_response(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(problem(status, detail)), status, headers, MEDIA_TYPE)


async def _unrouted(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = "there is nothing there; /openapi.json lists what is" if status == 404 else "this cannot be asked for in this way"
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return problem_response(status, detail, {**headers, **_HEADERS})


def _check_right(route: Route, caller: Caller, door: Door, request: Request) -> None:
    if route.local and not door.trusted:
        raise Trouble(403, "this is answered over the unix socket only")
    if route.right is None or route.right in caller.rights:
        return
    if not caller.known:
        raise Trouble(401, "a token is needed; `netassist daemon token add` makes one", challenge(request))
    raise Trouble(403, f"{caller.name} may not {route.right}; `netassist daemon token add` makes one that may")


def challenge(request: Request) -> dict[str, str]:
    """Browsers are asked for the token as a password."""
    basic = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    return {"WWW-Authenticate": 'Basic realm="netassist: a token as password", charset="UTF-8"' if basic else "Bearer"}


def _query(route: Route, request: Request) -> msgspec.Struct | None:
    pairs = request.query_params.multi_items()
    if route.query is None:
        if pairs:
            raise Trouble(422, f"{route.path} takes no query")
        return None
    given = dict(pairs)
    if len(given) < len(pairs):
        raise Trouble(422, "a name stands in the query more than once")
    try:
        return msgspec.convert(given, route.query, strict=False)
    except msgspec.ValidationError as error:
        raise Trouble(422, unread("the query", error, route.query)) from None


async def _body(route: Route, request: Request) -> msgspec.Struct | None:
    if route.body is None:
        return None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":  # a form of another site cannot send this
        raise Trouble(415, "the body has to be application/json")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST_BODY:
                    raise Trouble(413, f"the body has more than {LARGEST_BODY:,} bytes", {"Connection": "close"})
    except TimeoutError:
        raise Trouble(408, f"the body was not there within {BODY_SECONDS:.0f} s", {"Connection": "close"}) from None
    try:
        return msgspec.json.decode(bytes(body) or b"{}", type=route.body)
    except msgspec.ValidationError as error:
        raise Trouble(422, unread("the body", error, route.body)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Trouble(422, f"the body: {error}") from None
