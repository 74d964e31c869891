"""The known weaknesses of a TLS server, one module each, found by listing this package.

Every module has `verdict(facts)`, pure. Those that need an exchange of their own have `check(peer, facts)` too, and their
docstring says what is sent and why it does no harm.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cache
from types import MappingProxyType, ModuleType

from netassist.observations import Failed
from netassist.tls.facts import Facts
from netassist.tls.server import Server
from netassist.tls.weakness import IDS, Verdict, Weakness, WeaknessId

__all__ = ["IDS", "Verdict", "Weakness", "WeaknessId", "active", "checks", "exchanging", "merged", "verdicts"]

Check = Callable[[Facts], Weakness]


@cache
def checks() -> Mapping[WeaknessId, ModuleType]:
    """The modules of this package by the weakness that each judges, in the order of `IDS`."""
    names = {found.name for found in pkgutil.iter_modules(__path__)}
    return MappingProxyType(
        {weakness: importlib.import_module(f"{__name__}.{weakness}") for weakness in IDS if weakness in names}
    )


def exchanging() -> frozenset[WeaknessId]:
    """The weaknesses that only an exchange of its own can show."""
    return frozenset(weakness for weakness, module in checks().items() if hasattr(module, "check"))


def verdicts(facts: Facts) -> tuple[Weakness, ...]:
    """A verdict on every weakness, in the order of `IDS`, from the facts alone: what takes an exchange of its own is unknown."""
    found = checks()
    return tuple(_judged(weakness, found.get(weakness), facts) for weakness in IDS)


async def active(server: Server, facts: Facts) -> tuple[Weakness, ...]:
    """Verdicts on the weaknesses that only an exchange of its own can show.

    Nothing is raised for what the peer does: a check that gets no clear answer is `unknown`, its evidence saying why.
    """
    import asyncio

    from netassist.tls.exchange import Peer

    peer = Peer(server)

    async def checked(weakness: WeaknessId, module: ModuleType) -> Weakness:
        before = _judged(weakness, module, facts)
        if before.verdict != "unknown":
            return before
        check: Callable[[Peer, Facts], Awaitable[Weakness]] = module.check
        try:
            return await check(peer, facts)
        except Failed as failed:
            return Weakness(weakness, "unknown", failed.failure.message)

    return tuple(
        await asyncio.gather(*(checked(weakness, module) for weakness, module in checks().items() if hasattr(module, "check")))
    )


def merged(judged: Iterable[Weakness], exchanged: Iterable[Weakness]) -> tuple[Weakness, ...]:
    """One verdict a weakness, in the order of `IDS`; what an exchange has shown stands before what the facts say."""
    by_id = {held.id: held for held in (*judged, *exchanged)}
    return tuple(by_id[weakness] for weakness in IDS if weakness in by_id)


def _judged(weakness: WeaknessId, module: ModuleType | None, facts: Facts) -> Weakness:
    if module is None:
        return Weakness(weakness, "unknown", "there is no check of it here")
    judge: Check = module.verdict
    return judge(facts)
