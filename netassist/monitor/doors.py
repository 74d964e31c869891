"""The listeners of the daemon, over its life: opened, given another plan, and closed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from netassist.configuration import BadConfiguration
from netassist.monitor.api import Api
from netassist.monitor.api.ways import Ways
from netassist.monitor.logs import say

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from netassist.monitor.api.serving import Listener

_log = logging.getLogger(__name__)


class _Switch:
    """An application in the place of another that is chosen anew at each reload."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class Doors:
    """Args:
    path: of the unix socket.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._inner, self._outer = _Switch(), _Switch()
        self._local: Listener | None = None
        self._remote: Listener | None = None
        self._prepared: Listener | None = None
        self._api = Api()
        self._serving: list[asyncio.Task[None]] = []

    @property
    def where(self) -> tuple[str, ...]:
        return tuple(one.where for one in (self._local, self._remote) if one is not None)

    def open(self, ways: Ways) -> None:
        """Raises OSError, BadConfiguration where a listener cannot be had."""
        from netassist.monitor.api.serving import local_listener

        self.prepare(ways.api)
        self._local = local_listener(self._inner, self.path)
        self._serve(self._local)
        self.reopen(ways)

    def prepare(self, api: Api) -> None:
        """Take hold of what another plan needs, so that what cannot be had is known before. Raises BadConfiguration."""
        from netassist.monitor.api.serving import remote_listener

        if self._prepared is not None:
            self._prepared.drop()
            self._prepared = None
        if not self._is_kept(api):
            if api.listen and api.listen == self._api.listen:
                raise BadConfiguration(f"[api] TLS comes to {api.listen}, or goes from it, when the daemon is started anew")
            self._prepared = remote_listener(self._outer, api) if api.listen else None
        elif self._remote is not None:
            self._remote.renew(api)

    def reopen(self, ways: Ways) -> None:
        """Go on with another plan, for which `prepare` was called. Requests under way end as they began."""
        from netassist.monitor.api.application import application
        from netassist.monitor.api.limits import Limiter

        limiter = Limiter(ways.api.rate)
        self._inner.app = application(ways, limiter, trusted=True)
        self._outer.app = application(ways, limiter, trusted=False)
        if not self._is_kept(ways.api):
            if self._remote is not None:
                self._remote.end()
            self._remote, self._prepared = self._prepared, None
            if self._remote is not None:
                self._serve(self._remote)
        self._api = ways.api

    def end(self) -> None:
        """Take nothing new."""
        for listener in (self._local, self._remote):
            if listener is not None:
                listener.end()

    async def closed(self) -> None:
        """Wait for what is being answered, a few seconds at most."""
        await asyncio.gather(*self._serving, return_exceptions=True)
        if self._local is not None:
            with contextlib.suppress(OSError):
                self.path.unlink()

    def _is_kept(self, api: Api) -> bool:
        """Whether the TCP listener is as this plan has it."""
        mine = self._api.listen, bool(self._api.certificate)
        return (api.listen, bool(api.certificate)) == mine and (self._remote is not None or not api.listen)

    def _serve(self, listener: Listener) -> None:
        task = asyncio.ensure_future(listener.run_on())
        self._serving.append(task)
        task.add_done_callback(lambda ended: self._ended(listener, ended))

    def _ended(self, listener: Listener, task: asyncio.Task[None]) -> None:
        self._serving.remove(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            say(_log, logging.ERROR, "a listener broke off", where=listener.where, why=str(error))
