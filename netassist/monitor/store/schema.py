"""The tables, the same on SQLite and PostgreSQL. Watches have small numbers inside, so that the many rows of results are short.

No table of history refers to another by a foreign key: what it says stays true when a watch is gone.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import REAL, BigInteger, Column, Double, Index, Integer, LargeBinary, MetaData, SmallInteger, Table, Text

from netassist.monitor.happening import Outcome

VERSION = 2
"""`migrations` has a step for every version after the first."""
METADATA = MetaData()
OUTCOMES: tuple[Outcome, ...] = ("up", "degraded", "down", "unknown")
"""By the number that a row has for them."""

MARK = 0
"""The interval of a row of results that is none (see `ending`)."""

WHOLE = Integer().with_variant(BigInteger(), "postgresql")
SMALL = Integer().with_variant(SmallInteger(), "postgresql")
NUMBER: Any = REAL().with_variant(Double(), "postgresql")
_STRICT: dict[str, Any] = {"sqlite_strict": True}
_CLUSTERED: dict[str, Any] = {"sqlite_strict": True, "sqlite_with_rowid": False}

counters = Table(
    "counters", METADATA, Column("name", Text, primary_key=True), Column("value", WHOLE, nullable=False), **_CLUSTERED
)
COUNTERS = ("version", "revision", "rolled", "rolling", "raw_from", "hourly_from", "clock", "jumped")
"""``version`` of the tables; ``revision`` of what is watched; until when results are summed up (``rolled``), or being so
(``rolling``); since when all results and all hourly summaries are there; when was forgotten last, and when the clock jumped.
"""

watches = Table(
    "watches",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("in_file", Text),
    Column("added", Text),
    Column("interval", Integer, nullable=False),
    **_STRICT,
)
"""A watch as JSON, as monitor.toml has it and as it was added; the file's counts. With neither it is gone; its history stays."""

states = Table(
    "states",
    METADATA,
    Column("watch", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    **_STRICT,
)

results = Table(
    "results",
    METADATA,
    Column("watch", Integer, primary_key=True, autoincrement=False),
    Column("at", NUMBER, primary_key=True),
    Column("us", WHOLE),
    Column("interval", Integer, nullable=False),
    Column("outcome", SMALL, nullable=False),
    Column("message", Text),
    **_CLUSTERED,
)
"""`us` is the response time in microseconds; `interval` the watch's at that time, which tells how long the result speaks;
`MARK` where a watch was paused or removed, which ends what was before."""


def _summary(name: str, *more: Column[Any]) -> Table:
    return Table(
        name,
        METADATA,
        Column("watch", Integer, primary_key=True, autoincrement=False),
        Column("start", WHOLE, primary_key=True, autoincrement=False),
        *(Column(f"{outcome}_seconds", NUMBER, nullable=False) for outcome in OUTCOMES),
        *(Column(f"{outcome}_count", Integer, nullable=False) for outcome in OUTCOMES),
        Column("largest", WHOLE),
        Column("bins", LargeBinary),
        *more,
        **_CLUSTERED,
    )


hourly = _summary("hourly")
"""How long a watch was how in the hour from `start`, how many results were so; the longest response time, and all (`sketch`)."""
daily = _summary("daily", Column("worst", Text, nullable=False))
"""Likewise for a UTC day; `worst` is a standing."""

late = Table(
    "late",
    METADATA,
    Column("watch", Integer, primary_key=True, autoincrement=False),
    Column("hour", WHOLE, primary_key=True, autoincrement=False),
    **_CLUSTERED,
)
"""Hours that a result was added to after they had been summed up."""


events = Table(
    "events",
    METADATA,
    Column("id", WHOLE, primary_key=True),
    Column("at", NUMBER, nullable=False),
    Column("watch", Integer, nullable=False),
    Column("mark", WHOLE, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("events_once", "at", "watch", "mark", unique=True),
    Index("events_of", "watch", "at"),
    **_STRICT,
)
"""`watch` is 0 for the daemon itself; `mark` is a digest of the event, so that one that is recorded twice stands once."""

alerts = Table(
    "alerts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("opened", NUMBER, nullable=False),
    Column("resolved", NUMBER),
    Column("body", Text, nullable=False),
    Index("alerts_by_status", "status", "opened"),
    **_STRICT,
)

notices = Table(
    "notices",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("made", NUMBER, nullable=False),
    Column("due", NUMBER),
    Column("body", Text, nullable=False),
    Index("notices_due", "due"),
    Index("notices_made", "made"),
    **_STRICT,
)
"""`due` is null for one that is delivered or given up."""

windows = Table("windows", METADATA, Column("name", Text, primary_key=True), Column("body", Text, nullable=False), **_STRICT)
tokens = Table("tokens", METADATA, Column("name", Text, primary_key=True), Column("body", Text, nullable=False), **_STRICT)
facts = Table("facts", METADATA, Column("name", Text, primary_key=True), Column("value", Text, nullable=False), **_STRICT)
