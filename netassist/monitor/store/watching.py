"""What is watched: as monitor.toml says it, and as it was added, each kept apart; every change is an event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, delete, not_, or_, select, update

from netassist.monitor.happening import Event, State
from netassist.monitor.store import alarms
from netassist.monitor.store.database import Row, add_new, count_up
from netassist.monitor.store.encoding import decoded, encoded
from netassist.monitor.store.ending import end, stand_still
from netassist.monitor.store.recording import write_events
from netassist.monitor.store.schema import states, watches
from netassist.monitor.watch import Watch
from netassist.untrusted import as_text

_PRESENT = or_(watches.c.in_file.is_not(None), watches.c.added.is_not(None))


_Wanted = tuple[str, Watch | None, Watch | None]
"""A key, and the watch as it is to be in the file and as it is to be added."""


class _Kept(NamedTuple):
    """One row: the watch as the file has it and as it was added, as JSON."""

    id: int
    in_file: str | None
    added: str | None
    interval: int

    @property
    def counts(self) -> str | None:
        return self.in_file or self.added


def read(connection: Connection, where: str) -> tuple[Watch, ...]:
    rows = connection.execute(select(watches.c.in_file, watches.c.added).where(_PRESENT).order_by(watches.c.id))
    return tuple(decoded(row.in_file or row.added, Watch, where) for row in rows)


def read_gone(connection: Connection) -> tuple[str, ...]:
    return tuple(connection.execute(select(watches.c.key).where(not_(_PRESENT)).order_by(watches.c.id)).scalars())


def read_states(connection: Connection, where: str) -> dict[str, State]:
    rows = connection.execute(select(states.c.body).join(watches, watches.c.id == states.c.watch).where(_PRESENT))
    found = (decoded(row.body, State, where) for row in rows)
    return {state.watch: state for state in found}


def put(connection: Connection, watch: Watch, at: float, where: str) -> None:
    """Raises ValueError for a watch of monitor.toml."""
    kept = _kept(connection, watch.key)
    _refuse(watch.key, kept.get(watch.key))
    added = msgspec.structs.replace(watch, source="added")
    _write(connection, kept, [(watch.key, None, added)], at, where)


def remove(connection: Connection, key: str, at: float, where: str) -> bool:
    """Raises ValueError for a watch of monitor.toml."""
    kept = _kept(connection, key)
    row = kept.get(key)
    _refuse(key, row)
    if row is None or row.counts is None:
        return False
    _write(connection, kept, [(key, None, None)], at, where)
    return True


def set_file(connection: Connection, file: Sequence[Watch], at: float, where: str) -> None:
    kept = _kept(connection)
    now = {watch.key: msgspec.structs.replace(watch, source="file") for watch in file}
    wanted: list[_Wanted] = []
    for key in {**now, **{key: None for key, row in kept.items() if row.in_file}}:
        row = kept.get(key)
        watch = now.get(key)
        if row is None or row.in_file != (encoded(watch) if watch else None):
            added = decoded(row.added, Watch, where) if row and row.added else None
            wanted.append((key, watch, added))
    if wanted:
        _write(connection, kept, wanted, at, where)


def _write(connection: Connection, kept: Mapping[str, _Kept], wanted: Sequence[_Wanted], at: float, where: str) -> None:
    ids = _store(connection, kept, wanted)
    happened: list[Event] = []
    anew: list[int] = []
    gone, paused = set[str](), set[str]()
    for key, in_file, added in wanted:
        row, watch = kept.get(key), in_file or added
        before = decoded(row.counts, Watch, where) if row and row.counts else None
        happened.extend(_changed(key, before, watch, at))
        if before is None or watch is None:
            anew.append(ids[key])
        if watch is None:
            gone.add(key)
        elif before is not None and before.enabled and not watch.enabled:
            paused.add(key)
    if anew:
        connection.execute(delete(states).where(states.c.watch == bindparam("id")), [{"id": id} for id in anew])
    happened.extend(stand_still(connection, {key: ids[key] for key in paused}, at, where))
    end(connection, [ids[key] for key in (*gone, *paused)], at)
    alarms.close(connection, gone, paused, at, where)
    write_events(connection, happened, ids)
    count_up(connection, "revision")


def _store(connection: Connection, kept: Mapping[str, _Kept], wanted: Sequence[_Wanted]) -> dict[str, int]:
    """Their numbers, by key."""
    add_new(connection, watches, [{"key": key, "interval": 0} for key, _, _ in wanted if key not in kept])
    rows: list[Row] = []
    for key, in_file, added in wanted:
        watch = in_file or added
        bodies = {"in_file": encoded(in_file) if in_file else None, "added": encoded(added) if added else None}
        rows.append({"of": key, **bodies, "interval": watch.interval if watch else kept[key].interval})
    connection.execute(update(watches).where(watches.c.key == bindparam("of")), rows)
    now = kept if all(key in kept for key, _, _ in wanted) else _kept(connection, wanted[0][0] if len(wanted) == 1 else None)
    return {key: row.id for key, row in now.items()}


def _changed(key: str, before: Watch | None, after: Watch | None, at: float) -> Iterator[Event]:
    """The event of a change; `what` is added, edited or removed, `before` and `after` the settings that differ."""
    if before is None or after is None:
        what = "removed" if after is None else "added"
        yield Event(at=at, watch=key, kind="changed", what=what, message=f"The watch was {what}.")
        return
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    if names:
        texts = ("; ".join(f"{name} {_said(kept.get(name))}" for name in names) for kept in (old, new))
        message = _edited(names, before, after)
        yield Event(at=at, watch=key, kind="changed", what="edited", before=next(texts), after=next(texts), message=message)


def _edited(names: Sequence[str], before: Watch, after: Watch) -> str:
    if names == ["enabled"]:
        return f"The watch was {'resumed' if after.enabled else 'paused'}."
    return as_text(f"The watch was edited: {'; '.join(_difference(name, before, after) for name in names)}", 500)


def _difference(name: str, before: Watch, after: Watch) -> str:
    if name == "enabled":
        return "resumed" if after.enabled else "paused"
    old, new = (_said(msgspec.to_builtins(getattr(watch, name))) or "none" for watch in (before, after))
    return f"{name} {old} → {new}"


def _said(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{name}={item}" for name, item in value.items())
    return "as by default" if value is None else str(value)


def _kept(connection: Connection, key: str | None = None) -> dict[str, _Kept]:
    """Every row, or that of one key."""
    query = select(watches.c.key, watches.c.id, watches.c.in_file, watches.c.added, watches.c.interval)
    rows = connection.execute(query if key is None else query.where(watches.c.key == key))
    return {row.key: _Kept(row.id, row.in_file, row.added, row.interval) for row in rows}


def _refuse(key: str, kept: _Kept | None) -> None:
    if kept is not None and kept.in_file is not None:
        raise ValueError(f"{key} is in monitor.toml; change it there")
