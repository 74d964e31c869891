"""A program that records results one after another and says of each that it is recorded: to be killed. Arguments: the store."""

from __future__ import annotations

import sys

from netassist.monitor.happening import Result, State
from netassist.monitor.store import open_store
from netassist.monitor.watch import Watch

WATCH = Watch(host="db1.example.org", check="tcp", port=5432, interval=60)


def main() -> None:
    with open_store(sys.argv[1]) as store:
        at = int(store.get("next") or 1)
        store.put_watch(WATCH, 0.0)
        while True:
            store.record([Result(watch=WATCH.key, at=float(at), outcome="up", ms=1.0)], [State(watch=WATCH.key, since=float(at))])
            print(at, flush=True)
            at += 1


if __name__ == "__main__":
    main()
