"""How version 1 made its tables, and what it had in them: the statements as that version gave them, never to be changed."""

from __future__ import annotations

_SQLITE = """
CREATE TABLE alerts (id TEXT NOT NULL, status TEXT NOT NULL, opened REAL NOT NULL, resolved REAL, body TEXT NOT NULL,
  PRIMARY KEY (id)) STRICT;
CREATE INDEX alerts_by_status ON alerts (status, opened);
CREATE TABLE counters (name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (name)) WITHOUT ROWID, STRICT;
CREATE TABLE events (id INTEGER NOT NULL, at REAL NOT NULL, watch INTEGER NOT NULL, mark INTEGER NOT NULL, kind TEXT NOT NULL,
  body TEXT NOT NULL, PRIMARY KEY (id)) STRICT;
CREATE INDEX events_of ON events (watch, at);
CREATE UNIQUE INDEX events_once ON events (at, watch, mark);
CREATE TABLE facts (name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name)) STRICT;
CREATE TABLE notices (id TEXT NOT NULL, made REAL NOT NULL, due REAL, body TEXT NOT NULL, PRIMARY KEY (id)) STRICT;
CREATE INDEX notices_made ON notices (made);
CREATE INDEX notices_due ON notices (due);
CREATE TABLE results (watch INTEGER NOT NULL, at REAL NOT NULL, us INTEGER, interval INTEGER NOT NULL, outcome INTEGER NOT NULL,
  message TEXT, PRIMARY KEY (watch, at)) WITHOUT ROWID, STRICT;
CREATE TABLE states (watch INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (watch)) STRICT;
CREATE TABLE tokens (name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (name)) STRICT;
CREATE TABLE watches (id INTEGER NOT NULL, "key" TEXT NOT NULL, in_file TEXT, added TEXT, interval INTEGER NOT NULL,
  PRIMARY KEY (id), UNIQUE ("key")) STRICT;
CREATE TABLE windows (name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (name)) STRICT;
"""
_POSTGRESQL = """
CREATE TABLE alerts (id TEXT NOT NULL, status TEXT NOT NULL, opened DOUBLE PRECISION NOT NULL, resolved DOUBLE PRECISION,
  body TEXT NOT NULL, PRIMARY KEY (id));
CREATE INDEX alerts_by_status ON alerts (status, opened);
CREATE TABLE counters (name TEXT NOT NULL, value BIGINT NOT NULL, PRIMARY KEY (name));
CREATE TABLE events (id BIGSERIAL NOT NULL, at DOUBLE PRECISION NOT NULL, watch INTEGER NOT NULL, mark BIGINT NOT NULL,
  kind TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (id));
CREATE INDEX events_of ON events (watch, at);
CREATE UNIQUE INDEX events_once ON events (at, watch, mark);
CREATE TABLE facts (name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name));
CREATE TABLE notices (id TEXT NOT NULL, made DOUBLE PRECISION NOT NULL, due DOUBLE PRECISION, body TEXT NOT NULL,
  PRIMARY KEY (id));
CREATE INDEX notices_made ON notices (made);
CREATE INDEX notices_due ON notices (due);
CREATE TABLE results (watch INTEGER NOT NULL, at DOUBLE PRECISION NOT NULL, us BIGINT, interval INTEGER NOT NULL,
  outcome SMALLINT NOT NULL, message TEXT, PRIMARY KEY (watch, at));
CREATE TABLE states (watch INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (watch));
CREATE TABLE tokens (name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (name));
CREATE TABLE watches (id SERIAL NOT NULL, key TEXT NOT NULL, in_file TEXT, added TEXT, interval INTEGER NOT NULL,
  PRIMARY KEY (id), UNIQUE (key));
CREATE TABLE windows (name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (name));
"""
_ROWS = """
INSERT INTO counters (name, value) VALUES ('version', 1), ('revision', 1);
INSERT INTO watches (key, added, interval)
  VALUES ('tcp db1.example.org 5432', '{"host":"db1.example.org","check":"tcp","port":5432,"interval":60}', 60);
INSERT INTO results (watch, at, us, interval, outcome, message)
  VALUES (1, 1000.5, 12500, 60, 0, NULL), (1, 1060.5, NULL, 60, 2, 'refused');
INSERT INTO states (watch, body) VALUES (1, '{"watch":"tcp db1.example.org 5432","standing":"down","since":1060.5}');
INSERT INTO events (at, watch, mark, kind, body)
  VALUES (1060.5, 1, 77, 'state', '{"at":1060.5,"watch":"tcp db1.example.org 5432","kind":"state","before":"up","after":"down"}');
INSERT INTO facts (name, value) VALUES ('told', '{}');
"""


def statements(sqlite: bool) -> list[str]:
    """Those that make the tables, then the rows."""
    return [part for part in ((_SQLITE if sqlite else _POSTGRESQL) + _ROWS).split(";") if part.strip()]
