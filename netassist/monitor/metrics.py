"""``/metrics``: how every watch stands and how the daemon does, for Prometheus, from a registry of our own.

A watch that is not known to be up or down has no ``netassist_watch_up``: no data is neither. The labels of a watch are its key's
parts, its group and its tags; how many tags and values become labels is bounded.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from netassist import __version__
from netassist.monitor.alert import Alert
from netassist.monitor.api.asked import Text
from netassist.monitor.api.values import Status
from netassist.monitor.api.ways import Figures, Ways, stored
from netassist.monitor.drift import LETTERS, expiry
from netassist.monitor.happening import State
from netassist.monitor.watch import Watch
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from prometheus_client.core import Metric

MOST_TAGS, MOST_VALUES, LONGEST_VALUE = 8, 100, 64
"""Names of tags that become labels, values of each (others are ``other``), characters of one."""
OTHER = "other"
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Measured(NamedTuple):
    """What the exposition is made of."""

    watches: Sequence[Watch]
    states: Mapping[str, State]
    alerts: Sequence[Alert]
    status: Status
    figures: Figures


class Labels(NamedTuple):
    """Label names of all watches, and the values of each."""

    names: tuple[str, ...]
    of: dict[str, tuple[str, ...]]


async def exposition(ways: Ways) -> Text:
    status, figures = await ways.status(), ways.figures()

    def made() -> bytes:
        store = ways.store
        return rendered(Measured(store.watches(), store.states(), store.unresolved(), status, figures))

    return Text(MEDIA_TYPE, await stored(made))


def rendered(measured: Measured) -> bytes:
    from prometheus_client import CollectorRegistry, generate_latest

    class Collector:
        def collect(self) -> Iterable[Metric]:
            yield from _of_watches(measured)
            yield from _of_daemon(measured)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector())
    return generate_latest(registry)


def labels(watches: Sequence[Watch]) -> Labels:
    """The tags that most watches have become labels, ``tag_`` before their names."""
    used = Counter(name for watch in watches for name in watch.tags)
    tags: dict[str, str] = {}
    for name, _ in sorted(used.items(), key=lambda item: (-item[1], item[0])):
        label = f"tag_{re.sub(r'[^a-zA-Z0-9_]', '_', name)[:40]}"
        if label not in tags.values() and len(tags) < MOST_TAGS:
            tags[name] = label
    known: dict[str, set[str]] = {name: set() for name in tags}
    rows = {}
    for watch in watches:
        port = "" if watch.port is None else str(watch.port)
        values = [_bounded(watch.tags.get(name, ""), known[name]) for name in tags]
        own = as_text(watch.key, 300), as_text(watch.host, 255), watch.check, port, as_text(watch.group, 64)
        rows[watch.key] = (*own, *values)
    return Labels(("watch", "host", "check", "port", "group", *tags.values()), rows)


def _bounded(value: str, known: set[str]) -> str:
    shown = as_text(value, LONGEST_VALUE)
    if shown and shown not in known and len(known) >= MOST_VALUES:
        return OTHER
    known.add(shown)
    return shown


def _of_watches(measured: Measured) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    named = labels(measured.watches)
    families = {name: GaugeMetricFamily(f"netassist_watch_{name}", text, labels=named.names) for name, text in _WATCH.items()}
    quantum = GaugeMetricFamily(
        "netassist_watch_post_quantum",
        "1 for the verdict on the key exchange: safe, available, not_safe",
        labels=(*named.names, "verdict"),
    )
    for watch in measured.watches:
        of, state = named.of[watch.key], measured.states.get(watch.key)
        families["enabled"].add_metric(of, float(watch.enabled))
        if state is None:
            continue
        for name, value in _values(state).items():
            families[name].add_metric(of, value)
        if (verdict := state.facts.get("post_quantum")) in ("safe", "available", "not_safe"):
            quantum.add_metric((*of, str(verdict)), 1.0)
    yield from (*families.values(), quantum)


_WATCH = {
    "enabled": "0 while it is paused",
    "up": "1 where it is up or degraded, 0 where it is down; absent where that is not known",
    "degraded": "1 where it is degraded, 0 where it is up or down; absent where that is not known",
    "response_seconds": "Response time of the last check",
    "last_check_timestamp_seconds": "When it was last checked, Unix time",
    "state_since_timestamp_seconds": "Since when it stands as it does, Unix time",
    "silenced": "1 while nobody is told of it: maintenance, a parent that is down, paused, the daemon's own network gone",
    "flapping": "1 while it goes to and fro",
    "certificate_expiry_timestamp_seconds": "When its certificate expires, Unix time",
    "tls_grade": f"TLS grade from 0, the best: {', '.join(LETTERS)}",
}


def _values(state: State) -> dict[str, float]:
    found = {"silenced": float(bool(state.silenced)), "flapping": float(state.flapping)}
    if state.standing in ("up", "degraded", "down"):
        found |= {"up": float(state.standing != "down"), "degraded": float(state.standing == "degraded")}
        found["state_since_timestamp_seconds"] = state.since
    if state.ms is not None:
        found["response_seconds"] = state.ms / 1000
    if state.at is not None:
        found["last_check_timestamp_seconds"] = state.at
    if (expires := expiry(state.facts)) is not None:
        found["certificate_expiry_timestamp_seconds"] = expires
    if (grade := state.facts.get("grade")) in LETTERS:
        found["tls_grade"] = float(LETTERS.index(str(grade)))
    return found


def _of_daemon(measured: Measured) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    def gauge(name: str, text: str, value: float) -> Metric:
        family = GaugeMetricFamily(f"netassist_{name}", text)
        family.add_metric([], value)
        return family

    status, figures = measured.status, measured.figures
    build = GaugeMetricFamily("netassist_build_info", "1, with the version", labels=("version",))
    build.add_metric((__version__,), 1.0)
    yield build
    yield gauge("start_timestamp_seconds", "When the daemon began, Unix time", status.since)
    yield gauge("watches", "What is watched", len(measured.watches))
    yield gauge("results_held", "Results that wait to be stored", figures.held)
    yield gauge("outbox_notices", "Notices that wait to be delivered", status.outbox)
    yield gauge("offline", "1 while the daemon's own network is gone", float(status.offline))
    yield gauge("trouble", "Things of the daemon's own that do not work; /v1/status has them in words", len(status.trouble))
    refused = float(bool(status.plan_trouble))
    yield gauge("plan_refused", "1 while monitor.toml is wrong and the plan before it goes on", refused)
    checks = CounterMetricFamily("netassist_checks", "Checks run, by what they came to", labels=("outcome",))
    for outcome in ("up", "degraded", "down", "unknown"):
        checks.add_metric((outcome,), figures.checks.get(outcome, 0))
    yield checks
    errors = CounterMetricFamily("netassist_store_errors", "Times that the database could not be used")
    errors.add_metric([], figures.store_errors)
    yield errors
    if figures.lateness:
        late = HistogramMetricFamily("netassist_check_lateness_seconds", "Seconds from when a check was due to its begin")
        buckets = [("+Inf" if bound == float("inf") else str(bound), float(count)) for bound, count in figures.lateness]
        late.add_metric([], buckets=buckets, sum_value=figures.lateness_sum)
        yield late
    alerts = GaugeMetricFamily("netassist_alerts", "Alerts that are not resolved", labels=("status", "level"))
    counted = Counter((alert.status, alert.level) for alert in measured.alerts)
    for status_of in ("open", "acknowledged"):
        for level in ("critical", "warning", "info"):
            alerts.add_metric((status_of, level), counted[(status_of, level)])
    yield alerts
