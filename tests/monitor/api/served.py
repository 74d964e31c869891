"""The API on real sockets, over a real store: a unix socket and a TCP port, in the test's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx

from netassist.assistant.journal import Journal
from netassist.configuration import ScopeRules, Settings
from netassist.monitor.api import Api
from netassist.monitor.api.application import application
from netassist.monitor.api.limits import Limiter
from netassist.monitor.api.serving import local_listener, remote_listener
from netassist.monitor.api.tokens import minted
from netassist.monitor.api.values import Asked, Reloaded, Status, Tried
from netassist.monitor.api.ways import Figures, Unasked, Ways
from netassist.monitor.checks import Checker
from netassist.monitor.happening import Result
from netassist.monitor.page import Page
from netassist.monitor.store import Store, Token, open_store
from netassist.monitor.watch import Watch


class Served:
    """`local` is a client over the unix socket, `remote` one over TCP without a token."""

    def __init__(self, ways: Ways, local: httpx.AsyncClient, remote: httpx.AsyncClient, path: Path, port: int) -> None:
        self.ways, self.local, self.remote, self.path, self.port = ways, local, remote, path, port
        self.store = ways.store

    def token(self, *scopes: str, name: str = "somebody") -> dict[str, str]:
        """Headers with a new token."""
        secret, hashed = minted()
        self.store.put_token(Token(name=name, hash=hashed, scopes=scopes, made=time.time()))
        return {"Authorization": f"Bearer {secret}"}


Story = Callable[[Served], Awaitable[None]]


def played(folder: Path, story: Story, **choices: object) -> None:
    """Run a story against the API; `choices` replace parts of its `Ways`."""

    async def run() -> None:
        async with serving(folder, **choices) as served:
            await story(served)

    asyncio.run(run())


@contextlib.asynccontextmanager
async def serving(folder: Path, **choices: object) -> AsyncIterator[Served]:
    with open_store(str(folder / "monitor.db")) as store:
        ways = ways_to(store)._replace(**choices)  # type: ignore[arg-type]
        limiter = Limiter(ways.api.rate)
        path = folder / "daemon.sock"
        inner = local_listener(application(ways, limiter, trusted=True), path)
        outer = remote_listener(application(ways, limiter, trusted=False), ways.api)
        running = [asyncio.ensure_future(one.run_on()) for one in (inner, outer)]
        where = outer.where
        async with (
            httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path)), base_url="http://daemon", timeout=20) as local,
            httpx.AsyncClient(base_url=where, timeout=20, verify=False) as remote,
        ):
            yield Served(ways, local, remote, path, int(where.rpartition(":")[2]))
        for one in (inner, outer):
            one.end()
        await asyncio.gather(*running)


def ways_to(store: Store) -> Ways:
    """A daemon that is none: it measures, and what else it is asked for it writes down or refuses."""
    settings = Settings(scope=ScopeRules(allow=("127.0.0.1",)))

    async def status() -> Status:
        return Status(version="0", pid=1, since=0.0, store=store.where, watches=len(store.watches()))

    async def reload() -> Reloaded:
        return Reloaded(added=("tcp a 1",))

    async def ask(question: str) -> Asked:
        raise Unasked(f"nobody answers {question!r}")

    async def test_alert(channel: str) -> tuple[Tried, ...]:
        if channel not in ("", "mail"):
            raise KeyError(channel)
        return (Tried("mail"),)

    async def measure(watch: Watch) -> Result:
        return await Checker(settings).check(watch, time.time())

    def check(key: str) -> Awaitable[Result] | None:
        watch = next((watch for watch in store.watches() if watch.key == key and watch.enabled), None)
        return None if watch is None else measure(watch)

    return Ways(
        store=store,
        settings=settings,
        journal=Journal(Path(store.where).parent),
        api=Api(listen="127.0.0.1:0", rate=1000),
        page=Page(),
        now=time.time,
        status=status,
        reload=reload,
        stop=lambda: None,
        ask=ask,
        test_alert=test_alert,
        measure=measure,
        state=lambda key: store.states().get(key),
        check=check,
        figures=lambda: Figures({"up": 2}, ((0.1, 1), (float("inf"), 2)), 0.5),
        changed=lambda: None,
    )
