"""Where the daemon keeps everything: SQLite with nothing to set up, or PostgreSQL by a URL.

SQLAlchemy is loaded with the first `open_store` (or `Store`), not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netassist.monitor.store.trouble import StoreTrouble
from netassist.monitor.store.values import Availability, Day, Point, ResponseTimes, Retention, Token, Window

if TYPE_CHECKING:
    from netassist.monitor.store.store import Store, open_store

__all__ = [
    "Availability", "Day", "Point", "ResponseTimes", "Retention", "Store", "StoreTrouble", "Token", "Window", "open_store",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name in ("Store", "open_store"):
        from netassist.monitor.store import store

        return getattr(store, name)
    raise AttributeError(name)
