"""From the alerts in the store to notices in its outbox, and what each channel was told: a crash neither drops nor repeats one.

What a round decides is written down with its notices before they go into the outbox, and again after. Whoever comes upon the
first without the second puts the same notices in once more, which changes nothing where they are there.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from netassist.monitor.alert import Alert, AlertStatus, Notice
from netassist.monitor.channels import Channel
from netassist.monitor.happening import State
from netassist.monitor.notices import Entry, due, is_over
from netassist.monitor.quiet import Quiet
from netassist.monitor.watch import Watch

FACT = "told"
_AT_FIRST, _MOST = 200, 20_000


class Board(Protocol):
    """What of the store is needed here."""

    def get(self, name: str) -> str | None: ...
    def put(self, name: str, value: str) -> None: ...
    def unresolved(self) -> list[Alert]: ...
    def alerts(self, status: AlertStatus, limit: int = 200) -> list[Alert]: ...
    def alert(self, id: str) -> Alert | None: ...
    def states(self) -> dict[str, State]: ...
    def revision(self) -> int: ...
    def watches(self) -> tuple[Watch, ...]: ...
    def enqueue(self, notices: Sequence[Notice], told: Mapping[str, AlertStatus]) -> None: ...


class Decided(msgspec.Struct, frozen=True):
    """The ledger, and notices that are perhaps not in the outbox yet."""

    ledger: dict[str, Entry] = {}
    notices: tuple[Notice, ...] = ()
    told: dict[str, AlertStatus] = {}


def new_id() -> str:
    """A notice's id: 24 hexadecimal digits."""
    return secrets.token_hex(12)


class Telling:
    """Makes notices of news. Synchronous; every method may raise StoreTrouble, and may then be called again."""

    def __init__(self, store: Board, new_id: Callable[[], str] = new_id) -> None:
        self._store, self._new_id = store, new_id
        self._decided: Decided | None = None
        self._watches: Mapping[str, Watch] = {}
        self._revision: int | None = None

    @property
    def ledger(self) -> Mapping[str, Entry]:
        """What is known to be told, and to wait, since the last look."""
        return self._decided.ledger if self._decided is not None else {}

    def tick(
        self, channels: Sequence[Channel], quiet: Quiet | None, now: float, diagnosing: Collection[str] = ()
    ) -> list[Notice]:
        """Put what is due into the outbox; what was put there."""
        before = self._settled()
        alerts = self._of_interest(before.ledger, now)
        if not alerts and not before.ledger:
            return []
        facts = alerts, self._all_watches(), channels, quiet, before.ledger, now, self._new_id
        round = due(*facts, diagnosing=diagnosing)
        if round.notices and (silenced := self._silenced()):
            round = due(*facts, silenced, diagnosing)
        if round.notices or round.ledger != before.ledger:
            self._decide(Decided(round.ledger, tuple(round.notices), round.told))
            self._settled()
        return round.notices

    def _settled(self) -> Decided:
        """What was decided last, with all of its notices in the outbox."""
        decided = self._decided if self._decided is not None else _read(self._store.get(FACT))
        self._decided = decided
        if decided.notices:
            self._store.enqueue(decided.notices, decided.told)
            self._decide(Decided(decided.ledger))
        return self._decided

    def _decide(self, decided: Decided) -> None:
        self._store.put(FACT, msgspec.json.encode(decided).decode())
        self._decided = decided

    def _of_interest(self, ledger: Mapping[str, Entry], now: float) -> list[Alert]:
        """What is not resolved, what was so when the ledger was written, and what came and went in between."""
        found = {alert.id: alert for alert in self._store.unresolved()}
        limit = _AT_FIRST
        while True:
            resolved = self._store.alerts("resolved", limit)
            found |= {alert.id: alert for alert in resolved}
            missing = [id for id, entry in ledger.items() if id not in found and not entry.done]
            known = len(resolved) < limit or resolved[-1].id in ledger or is_over(resolved[-1], now)
            if limit >= _MOST or (known and len(missing) <= _AT_FIRST):
                break
            limit *= 4
        others = (self._store.alert(id) for id in missing)
        found |= {alert.id: alert for alert in others if alert is not None}
        return [
            alert
            for alert in found.values()
            if not is_over(alert, now) or (alert.id in ledger and not ledger[alert.id].done)
        ]

    def _silenced(self) -> set[str]:
        """Watches of which nobody is told at the moment."""
        return {key for key, state in self._store.states().items() if state.silenced}

    def _all_watches(self) -> Mapping[str, Watch]:
        """By key; read anew where somebody changed them."""
        revision = self._store.revision()
        if revision != self._revision:
            self._watches = {watch.key: watch for watch in self._store.watches()}
            self._revision = revision
        return self._watches


def _read(kept: str | None) -> Decided:
    """What was decided; nothing where that cannot be read, and then people are rather told twice than not at all."""
    if kept is None:
        return Decided()
    try:
        return msgspec.json.decode(kept, type=Decided)
    except msgspec.DecodeError:
        return Decided()
