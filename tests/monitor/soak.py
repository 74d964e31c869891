"""A daemon under load is killed at random moments, over and over; nothing that it had acknowledged may be lost.

    python -m tests.monitor.soak --rounds 100

Ports of loopback go down and come back; a webhook takes the messages. After every kill: each result, state and alert that could
be read before is still there, once; in the end: each outage has one alert, each alert was told, what was sent twice says so, and
every watch is checked at its own times again.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import socket
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec

from netassist.monitor.alert import Alert, Notice
from netassist.monitor.happening import Outcome
from netassist.monitor.notices import PACE
from netassist.monitor.outbox import Outbox
from netassist.monitor.plan_file import read_plan
from netassist.monitor.store import Store
from netassist.monitor.telling import Telling
from netassist.monitor.webhook import Posted
from tests.lab.webhook import Receiver, receiver
from tests.monitor.process import Watching, watching

INTERVAL = 5
CHANNELS = 10
"""Each is told of a tenth of the ports: a channel that is told much gathers its news for minutes, and then sends little."""
TURNS = 0.3
"""How likely it is that a port goes down or comes back within a tenth of a second."""
_DEFAULTS = f"""
[defaults]
interval = {INTERVAL}
failures = 1
of = 1
"""
_CHANNEL = """
[[channel]]
name = "hook{number}"
kind = "webhook"
url = "{url}"
groups = ["g{number}"]
wait = 0
brief = "told"
"""
_WATCH = """
[[watch]]
host = "{address}"
check = "tcp"
port = {port}
group = "g{number}"
"""


class Port:
    """One port of loopback that can be closed and opened again, with the same number."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket: socket.socket | None = socket.create_server((address, 0), backlog=128)
        self.number = int(self._socket.getsockname()[1])

    @property
    def key(self) -> str:
        return f"tcp {self.address} {self.number}"

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    def turn(self) -> None:
        if self._socket is None:
            self._socket = socket.create_server((self.address, self.number), backlog=128, reuse_port=False)
        else:
            self._socket.close()
            self._socket = None

    def drain(self) -> None:
        """Take what waits, so that the backlog never fills."""
        if self._socket is not None:
            self._socket.setblocking(False)
            try:
                while True:
                    self._socket.accept()[0].close()
            except BlockingIOError:
                pass


class Seen(NamedTuple):
    """What could be read at one moment."""

    results: dict[str, dict[float, Outcome]]
    alerts: dict[str, Alert]


class Verdict(NamedTuple):
    """What a soak came to; `wrong` is empty where all is as it has to be."""

    wrong: list[str]
    rounds: int
    results: int
    alerts: int
    messages: int
    marked: int
    lateness: list[float]

    def __str__(self) -> str:
        late = sorted(self.lateness)
        said = f", {late[int(len(late) * 0.99)] * 1000:.0f} ms late at the 99th percentile" if late else ""
        return (
            f"{self.rounds} kills, {self.results} results, {self.alerts} alerts, {self.messages} messages "
            f"({self.marked} marked as a retry){said}: {'; '.join(self.wrong) or 'nothing lost, nothing doubled'}"
        )


def soak(folder: Path, rounds: int, ports: int, seed: int, *, longest: float = 4.0, quiet: float = 4.5) -> Verdict:
    """Args:
    longest: seconds at most from one start to the kill.
    quiet: intervals that it is left alone in the end.
    """
    chance = random.Random(seed)
    toggled = [Port(f"127.0.{1 + place // 200}.{1 + place % 200}") for place in range(ports)]
    with receiver() as hook, watching(folder, _plan(hook, toggled)) as daemon:
        wrong, before = list[str](), Seen({}, {})
        for turn in range(rounds):
            daemon.start()
            _meanwhile(chance.uniform(0.05, longest), toggled, chance)
            with daemon.stored() as store:
                before = _seen(store, toggled, before)
            time.sleep(chance.uniform(0.0, 0.3))  # so that the kill falls anywhere
            daemon.kill()
            with daemon.stored() as store:
                wrong += [f"round {turn}: {one}" for one in _lost(before, _seen(store, toggled, Seen({}, {})))]
        for port in toggled:
            if not port.is_open:
                port.turn()
        daemon.start()
        return _settled(daemon, hook, toggled, wrong, rounds, quiet)


def _plan(hook: Receiver, ports: Sequence[Port]) -> str:
    channels = (_CHANNEL.format(url=hook.url, number=number) for number in range(CHANNELS))
    watches = (
        _WATCH.format(address=port.address, port=port.number, number=place % CHANNELS) for place, port in enumerate(ports)
    )
    return "".join([_DEFAULTS, *channels, *watches])


def _meanwhile(seconds: float, ports: Sequence[Port], chance: random.Random) -> None:
    """Let the daemon work, and ports come and go."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if chance.random() < TURNS:
            chance.choice(ports).turn()
        for port in ports:
            port.drain()
        time.sleep(min(0.1, max(0.0, until - time.monotonic())))


def _seen(store: Store, ports: Sequence[Port], before: Seen) -> Seen:
    """What is readable: results since those that were seen before, and all alerts."""
    now = time.time() + 10
    results = {
        port.key: {one.at: one.outcome for one in store.results(port.key, now - 90, now, 1000)} for port in ports
    }
    return Seen(results, {alert.id: alert for alert in store.alerts("all", 10_000)})


def _lost(before: Seen, after: Seen) -> list[str]:
    """What was there before the kill and is not, or is otherwise."""
    wrong = []
    oldest = time.time() - 60
    for key, results in before.results.items():
        gone = [at for at, outcome in results.items() if at > oldest and after.results[key].get(at) != outcome]
        wrong += [f"{key}: {len(gone)} results are lost"] if gone else []
    wrong += [f"alert {id} is lost" for id in before.alerts.keys() - after.alerts.keys()]
    wrong += [f"alert {id} was resolved and is not" for id, alert in before.alerts.items()
              if alert.status == "resolved" and id in after.alerts and after.alerts[id].status != "resolved"]  # fmt: skip
    opened = Counter((alert.watch, alert.about) for alert in after.alerts.values() if alert.status != "resolved")
    doubled = [f"{watch} has {number} open alerts about {about}" for (watch, about), number in opened.items() if number > 1]
    return wrong + doubled


def _settled(
    daemon: Watching, hook: Receiver, ports: Sequence[Port], wrong: list[str], rounds: int, quiet: float
) -> Verdict:
    """All ports are open; the daemon is left alone until everything is resolved and told, and a few intervals of checks."""
    began = time.time()
    until = time.monotonic() + 90
    while time.monotonic() < until:
        for port in ports:
            port.drain()
        with daemon.stored() as store:
            states = store.states()
            resolved = all(states[alert.watch].flapping for alert in store.unresolved())
        if resolved and time.time() - began > quiet * INTERVAL:
            break
        time.sleep(0.2)
    else:
        wrong.append("it did not come to rest within 90 s")
    ended = time.time()
    daemon.send(signal.SIGTERM)
    if daemon.ended() != 0:
        wrong.append("it did not end cleanly")
    with daemon.stored() as store:
        _tell_the_rest(store, daemon)
        alerts = store.alerts("all", 100_000)
        late = [_late(store, port, began, ended, wrong) for port in ports]
        number = sum(len(store.results(port.key, 0, time.time(), 100_000)) for port in ports)
        notices = store.notices(100_000)
    posted = [msgspec.json.decode(one.body, type=Posted) for one in list(hook.received)]
    wrong += _told(alerts, notices, posted)
    marked = sum(one.attempt > 1 for one in posted)
    return Verdict(wrong, rounds, number, len(alerts), len(posted), marked, [one for each in late for one in each])


def _tell_the_rest(store: Store, daemon: Watching) -> None:
    """What a channel that was told much of late holds back for some minutes: told as if these were over."""
    later = time.time() + 2 * PACE
    channels = read_plan(daemon.plan).channels

    async def tell() -> None:
        while Telling(store).tick(channels, None, later):
            pass
        await Outbox(store, lambda: channels, now=lambda: later + 7200).once()

    asyncio.run(tell())


def _told(alerts: Sequence[Alert], notices: Sequence[Notice], posted: Sequence[Posted]) -> list[str]:
    """Each alert came, what came twice said so, and nothing was told anew."""
    tries: dict[str, list[int]] = defaultdict(list)
    for one in posted:
        tries[one.id].append(one.attempt)
    number = Counter(id for notice in notices for id in notice.alerts if notice.id in tries)
    found = {
        "messages were given up": [notice.id for notice in notices if notice.given_up],
        "messages count as delivered and did not come": [one.id for one in notices if one.delivered and one.id not in tries],
        "messages are not delivered": [one.id for one in notices if one.delivered is None],
        "alerts were never told": [alert.id for alert in alerts if alert.level == "critical" and not number[alert.id]],
        "messages came twice without saying so": [id for id, each in tries.items() if len(each) != len(set(each))],
        "alerts were told more often than of their begin and end": [id for id, times in number.items() if times > 2],
    }
    return [f"{len(ids)} {what}: {', '.join(ids[:3])}" for what, ids in found.items() if ids]


def _late(store: Store, port: Port, began: float, ended: float, wrong: list[str]) -> list[float]:
    """By how much the checks of one port, once all was quiet, missed their times."""
    from netassist.monitor.schedule import fraction

    times = [one.at for one in store.results(port.key, began, ended, 1000)]
    if len(times) < int((ended - began) / INTERVAL) - 1:
        wrong.append(f"{port.key}: {len(times)} checks in {ended - began:.0f} s")
    if [at for at, after in pairwise(times) if after - at > 2 * INTERVAL]:
        wrong.append(f"{port.key}: a check was left out")
    offset = fraction(port.key) * INTERVAL
    return [(at - offset) % INTERVAL for at in times[1:]]


def main(arguments: Sequence[str] | None = None) -> int:
    reader = argparse.ArgumentParser(description="Kill a daemon under load, over and over, and look for what is lost.")
    reader.add_argument("--rounds", type=int, default=100)
    reader.add_argument("--ports", type=int, default=150)
    reader.add_argument("--seed", type=int, default=int(time.time()))
    chosen = reader.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="netassist-soak-") as folder:
        verdict = soak(Path(folder), chosen.rounds, chosen.ports, chosen.seed)
    print(f"seed {chosen.seed}: {verdict}")
    return 1 if verdict.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
