"""Results and summaries of one watch, brought into stretches of time."""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, func, select

from netassist.monitor.store.database import counts
from netassist.monitor.store.grains import DAY, HOUR, Grain, Marks, Piece, day_of, hour_of, pieces
from netassist.monitor.store.schema import OUTCOMES, daily, hourly, late, results
from netassist.monitor.store.sketch import unpacked
from netassist.monitor.store.tally import Raw, Stretches, Summary


def marks_of(connection: Connection, watch: int) -> Marks:
    counted = counts(connection)
    first: int | None = connection.execute(select(func.min(late.c.hour)).where(late.c.watch == watch)).scalar_one()
    rolled = counted["rolled"] if first is None else min(first, counted["rolled"])
    return Marks(rolled, counted["raw_from"], counted["hourly_from"])


def gather(connection: Connection, watch: int, marks: Marks, stretches: Stretches, coarsest: Grain) -> None:
    """Fill the stretches with what is known of their time."""
    for piece in pieces(stretches.since, stretches.until, marks, coarsest):
        if piece.grain == "raw":
            last = piece.end == stretches.until
            rows = read_raw(connection, watch, piece.start, piece.end, last)
            stretches.add_results(rows, piece.start, piece.end)
        else:
            _add_summaries(connection, watch, piece, stretches)


def read_raw(connection: Connection, watch: int, since: float, until: float, last: bool = False) -> list[Raw]:
    """The results from `since` to before `until` (with one at `until` for the `last`), and the one before them, which may speak
    into that time.
    """
    of = results.c.watch == watch
    before = select(func.max(results.c.at)).where(of, results.c.at < since).correlate(None).scalar_subquery()
    end = results.c.at <= until if last else results.c.at < until
    query = select(results.c.at, results.c.us, results.c.interval, results.c.outcome)
    query = query.where(of, results.c.at >= func.coalesce(before, since), end).order_by(results.c.at)
    return [Raw(*row) for row in connection.execute(query)]


def _add_summaries(connection: Connection, watch: int, piece: Piece, stretches: Stretches) -> None:
    table, length, first = (daily, DAY, day_of(piece.start)) if piece.grain == "day" else (hourly, HOUR, hour_of(piece.start))
    query = select(table).where(table.c.watch == watch, table.c.start >= first, table.c.start < piece.end).order_by(table.c.start)
    for row in connection.execute(query).mappings():
        since, until = max(piece.start, row["start"]), min(piece.end, row["start"] + length)
        add_row(stretches, row, since, until, (until - since) / length)


def add_row(stretches: Stretches, row: RowMapping, start: float, end: float, part: float = 1.0) -> None:
    """A row of `hourly` or `daily`, or the `part` of it from `start` to `end`."""
    seconds = [row[f"{outcome}_seconds"] for outcome in OUTCOMES]
    counted = [row[f"{outcome}_count"] for outcome in OUTCOMES]
    summary = Summary(seconds, counted, unpacked(row["bins"] or b""), row["largest"] or 0)
    stretches.add_summary(summary, start, end, part)
