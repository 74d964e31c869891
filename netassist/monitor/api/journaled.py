"""What changes something over the API has a line in the journal: who asked for it, over what, and whether it was made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from netassist.assistant.journal import JournalError, change
from netassist.monitor.api.asked import Asked, Text
from netassist.monitor.api.problems import Trouble
from netassist.monitor.api.ways import Ways, stored
from netassist.toolbox import Call, Value

if TYPE_CHECKING:
    from netassist.monitor.api.routes import Route


async def journaled(ways: Ways, route: Route, asked: Asked, request: str) -> msgspec.Struct | Text:
    """What the route answers. Nothing is changed where the journal cannot be written; what the scope refuses is entered too."""
    facts = request, asked.caller.name, Call(route.change, dict(_arguments(asked))), "the API"
    await _entered(ways.journal.open, "nothing was changed")
    try:
        answer = await route.handler(ways, asked)
    except Trouble as trouble:
        if trouble.status == 403:
            refused = change(*facts, trouble.detail)
            await _entered(lambda: ways.journal.write(refused), "nothing was changed")
        raise
    await _entered(lambda: ways.journal.write(change(*facts)), "what was asked for is done all the same")
    return answer


async def _entered(work: Callable[[], object], otherwise: str) -> None:
    try:
        await stored(work)
    except JournalError as error:
        raise Trouble(503, f"{error}; {otherwise}", {"Retry-After": "60"}) from None


def _arguments(asked: Asked) -> Iterator[tuple[str, Value]]:
    yield from asked.path.items()
    given = msgspec.to_builtins(asked.body) if asked.body is not None else {}
    for name, value in given.items():
        yield name, value if isinstance(value, (str, int, bool)) else msgspec.json.encode(value).decode()
