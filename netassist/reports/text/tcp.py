"""One TCP port: open, closed or filtered, how fast, and what it says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from netassist.reports.layout import GOOD, NEUTRAL, UNKNOWN, WARN, Task, Verdict, facts
from netassist.reports.words import milliseconds, place, quoted

if TYPE_CHECKING:
    from netassist.probes.tcp import TcpCheck
    from netassist.reports.style import Line

_SILENT = {
    "waits": "none within a second; the server waits for the client to speak first",
    "hangs_up": "none; the server closed the connection without a word",
    "speaks": "none that could be read",
    None: "unknown",
}


def task(check: TcpCheck) -> Task:
    return Task("check the port", place(check.target))


def verdict(check: TcpCheck) -> Verdict:
    where = _where(check)
    if check.state == "open":
        took = f": it accepted a connection in {milliseconds(check.connect_ms)}" if check.connect_ms is not None else ""
        if check.opening == "hangs_up":
            return Verdict(f"{where} is open{took}, but closed it at once.", WARN)
        says = f" and said {quoted(check.banner)}" if check.banner else ""
        return Verdict(f"{where} is open{took}{says}.", GOOD)
    if check.state == "closed":
        return Verdict(f"{where} is closed: the connection was refused.", NEUTRAL)
    if check.state == "filtered":
        return Verdict(f"{where} is filtered: nothing came back, so whether anything listens there is unknown.", UNKNOWN)
    return Verdict(f"Whether {place(check.target)} is open is unknown.", UNKNOWN)


def evidence(check: TcpCheck, width: int) -> Iterable[Line]:
    took = milliseconds(check.connect_ms) if check.connect_ms is not None else None
    banner = quoted(check.banner, 600) if check.banner else _SILENT[check.opening]
    rows = [("State", check.state or "unknown"), ("Connected in", took), ("Banner", banner if check.state == "open" else None)]
    return facts(rows, width)


def _where(check: TcpCheck) -> str:
    port = getattr(check.target, "port", None)
    return f"Port {port} on {place(check.target, port=False)}" if port else place(check.target)
