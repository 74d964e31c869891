"""How the backends stand: which are used, which can be, and why one cannot. Nobody is asked; keys are not looked up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from netassist.backends.configured import place_of, server_of
from netassist.backends.keys import KeySource
from netassist.backends.ladder import duration
from netassist.backends.ledger import Budget, Latency, Ledger, Spent
from netassist.backends.testllm import BUILT_IN
from netassist.configuration import Settings
from netassist.remotes import BACKENDS, BackendId

State = Literal["ready", "left_alone", "no_key", "budget_spent", "not_used"]


class Standing(msgspec.Struct, frozen=True):
    """One backend. `rung` counts from 1 in the user's order, 0 where it is not used; `why` explains the state in words."""

    name: BackendId
    rung: int
    model: str
    where: str
    state: State
    why: str
    key: str | None = None
    privacy: str | None = None
    latency: Latency | None = None
    spent_today: Spent | None = None
    asked_again_s: float | None = None


class Overview(msgspec.Struct, frozen=True, tag_field="schema", tag="netassist/backends/1"):
    """All backends, those that are used first, in their order."""

    backends: tuple[Standing, ...]


def overview(settings: Settings, ledger: Ledger) -> Overview:
    """How each backend stands now; raises LedgerError."""
    used: Sequence[BackendId] = settings.backends
    names = (*used, *(name for name in BACKENDS if name not in used))
    rungs = [used.index(name) + 1 if name in used else 0 for name in names]
    known = ledger if ledger.path.exists() else None
    return Overview(tuple(_standing(name, rung, settings, known) for name, rung in zip(names, rungs, strict=True)))


def _standing(name: BackendId, rung: int, settings: Settings, ledger: Ledger | None) -> Standing:
    latency = ledger.latency(name) if ledger is not None else None
    if name == "testllm":
        model = settings.model.file or BUILT_IN.stem
        state: State = "ready" if rung else "not_used"
        return Standing(name, rung, model, "this machine", state, _NOT_USED if not rung else "", latency=latency)
    server = server_of(name, settings)
    fall = ledger.fall(name) if ledger is not None else None
    spent = ledger.spent(name, server.budget) if ledger is not None else _nothing(server.budget)
    state, why, again = "ready", "", None
    if not rung:
        state, why = "not_used", _NOT_USED
    elif _has_no_key(server.key):
        state, why = (
            "no_key",
            f"its key is to come {server.key}" if str(server.key) != "none" else f"no key for {server.key.host}",
        )
    elif _is_spent(spent):
        state, why = "budget_spent", "today's budget is used up; it is new at midnight"
    elif fall is not None and ledger is not None and fall.place == place_of(server):
        remaining = fall.remaining(ledger.clock())
        times = f", {fall.times} times in a row" if fall.times > 1 else ""
        state, again = ("left_alone", remaining) if remaining else ("ready", None)
        when = f"asked again in {duration(remaining)}" if remaining else "asked again next time"
        why = f"{fall.what.removeprefix(f'{name}: ')}{times}; {when}"
    elif _is_hidden(server.key):
        why = f"whether there is a key is seen when it is asked: it is to come {server.key}"
    return Standing(
        name, rung, server.model, server.base_url, state, why, str(server.key), settings.privacy, latency, spent, again
    )


_NOT_USED = "the configuration's `backends` does not name it"


def _has_no_key(source: KeySource) -> bool:
    """Whether it is certain that there is none: commands and keyrings are not asked here."""
    return not source.command and not source.is_set and (source.variable_named or (source.required and not source.keyring))


def _is_hidden(source: KeySource) -> bool:
    """Whether a key is somewhere that only asking for it tells."""
    return bool(source.command) or (source.keyring and not source.is_set)


def _is_spent(spent: Spent) -> bool:
    tokens = spent.token_limit is not None and spent.tokens >= spent.token_limit
    return tokens or (spent.money_limit is not None and spent.money >= spent.money_limit)


def _nothing(budget: Budget) -> Spent:
    return Spent(0, 0.0, budget.tokens, budget.money, False)
