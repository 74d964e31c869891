"""A furnished state folder: answers that were measured in the lab, its journal, and a monitor's store; always the same."""

from __future__ import annotations

import getpass
import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from netassist.assistant.answers import Step, answered
from netassist.assistant.journal import Entry, Journal
from netassist.assistant.memory import Recalled, Turn
from netassist.assistant.sessions import Sessions
from netassist.configuration import Settings
from netassist.monitor.alert import Alert
from netassist.monitor.happening import Event, Outcome, Result, State
from netassist.monitor.store import open_store
from netassist.monitor.watch import Watch
from netassist.reports.stored import read
from netassist.toolbox import Call

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC).timestamp()
SETTINGS = Settings(targets={"my shop": "192.0.2.20", "the intranet": "192.0.2.21", "branch office": "198.51.100.0/28"})
ANSWERS = Path(__file__).parent / "data" / "answers.jsonl"
"""Questions with the reports that the servers of tests/lab/demo.py brought, with addresses for documentation in their place."""


def furnished(folder: Path) -> Path:
    """The state folder, filled."""
    folder.mkdir(parents=True, exist_ok=True)
    converse(folder)
    watch(folder)
    return folder


def converse(folder: Path) -> None:
    sessions, journal = Sessions(folder, lambda: datetime.fromtimestamp(NOW - 7200, UTC)), Journal(folder)
    kept = None
    for line in ANSWERS.read_bytes().splitlines():
        asked = msgspec.json.decode(line)
        steps = []
        for held in asked["steps"]:
            [report] = read(json.dumps(held["report"]).encode(), "the seed")
            steps.append(Step(msgspec.convert(held["call"], Call), report.status, report.duration_s, report=report))
        answer = answered(asked["request"], steps, "testllm", "nano")
        calls = tuple(step.call for step in steps)
        reports = tuple(msgspec.to_builtins(step.report) for step in steps)
        kept = sessions.add(kept, answer, Recalled(Turn(asked["request"], calls), reports))
        for step in steps:
            assert step.report is not None
            moment = step.report.started.replace(microsecond=0)
            journal.write(Entry(moment, "ada", asked["request"], "testllm/nano", step.call, "the request", step.status))
    vuln = Call("nmap_scan", {"target": "192.0.2.20", "profile": "vuln"})
    said = "nmap_scan is intrusive (it may disturb what it scans) and was not approved; allow it with --approve intrusive"
    moment = datetime(2026, 11, 29, 11, tzinfo=UTC)
    journal.write(Entry(moment, "ada", "look for weaknesses of my shop", "testllm/nano", vuln, "nobody", "refused", said))


def watch(folder: Path) -> None:
    """Three watches with a day of results: one up, one slow at noon, one down with an open alert."""
    web = Watch(host="https://shop.example.org/", check="https", interval=600, group="shop")
    slow = Watch(host="192.0.2.20", check="icmp", interval=600)
    down = Watch(host="192.0.2.21", check="tcp", port=8443, interval=600)
    shapes: list[tuple[Watch, Callable[[int], float | None]]] = [
        (web, lambda step: 80 + 30 * math.sin(step / 9)),
        (slow, lambda step: 4 + (60 if 70 < step < 90 else 0)),
        (down, lambda step: 12 + step % 5 if step < 120 else None),
    ]
    with open_store(str(folder / "monitor.db")) as store:
        for each, shape in shapes:
            store.put_watch(each, NOW - 86400 * 2)
            results = [_result(each, step, shape(step)) for step in range(144)]
            last, is_down = results[-1], results[-1].outcome == "down"
            since = NOW - 24 * 600 if is_down else NOW - 86400
            told = {"at": last.at, "ms": last.ms, "message": last.message}
            state = State(watch=each.key, standing=last.outcome, since=since, next_run=NOW + 60, **told)  # type: ignore[arg-type]
            events = (
                [Event(at=since, watch=each.key, kind="state", before="up", after="down", message=last.message)]
                if is_down
                else []
            )
            alerts = [_alert(each, since)] if is_down else []
            store.record(results, [state], events, alerts)


def _result(each: Watch, step: int, ms: float | None) -> Result:
    outcome: Outcome = "up" if ms is not None else "down"
    message = "" if ms is not None else "192.0.2.21:8443: the connection was refused"
    return Result(watch=each.key, at=NOW - 86400 + step * 600 + 1, outcome=outcome, ms=ms, message=message)


def _alert(each: Watch, since: float) -> Alert:
    return Alert(
        id="0a1b2c3d", watch=each.key, about="state", level="critical", title=f"{each.key} is down",
        detail="the connection was refused", advice="See whether the service runs there.", opened=since,
    )  # fmt: skip


def me() -> str:
    return getpass.getuser()
