"""``/probe``: one check in the manner of blackbox_exporter, of what the configuration allows and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic

from netassist.monitor.api.asked import Asked, Text
from netassist.monitor.api.problems import Trouble
from netassist.monitor.api.values import ProbeQuery
from netassist.monitor.api.ways import Ways, stored
from netassist.monitor.drift import expiry
from netassist.monitor.happening import Result
from netassist.monitor.validity import check_watch
from netassist.monitor.watch import CHECKS, Check, Watch, port_of
from netassist.observations import Failed
from netassist.scope import Scope
from netassist.targets import host_of, parse_url

MODULES: dict[str, Check] = {check: check for check in CHECKS} | {
    "http_2xx": "http", "tcp_connect": "tcp", "ssh_banner": "ssh", "icmp_ipv4": "icmp",
}  # fmt: skip
"""The checks by their own names, and by those of blackbox_exporter's example configuration."""


async def probe(ways: Ways, asked: Asked) -> Text:
    query = asked.query_as(ProbeQuery)
    wanted = watch_for(query.target, query.module)
    watches = await stored(ways.store.watches)
    if wanted.key not in {watch.key for watch in watches}:
        _check_allowed(ways, wanted)
    began = monotonic()
    result = await ways.measure(wanted)
    return exposed(wanted, result, monotonic() - began)


def watch_for(target: str, module: str) -> Watch:
    """The watch that a probe is of; raises Trouble."""
    check = MODULES.get(module)
    if check is None:
        raise Trouble(422, f"there is no module {module!r}; there are {', '.join(MODULES)}")
    try:
        host, port = target, None
        if "://" in target:
            url = parse_url(target)
            check = url.scheme if check in ("http", "https") else check
        elif check in ("http", "https") and "/" in target:
            host = parse_url(f"{check}://{target}").text
        else:
            host = host_of(target)
            port = port_of(Watch(host=target, check=check))
        wanted = Watch(host=host, check=check, port=port)
        check_watch(wanted)
    except ValueError as error:
        raise Trouble(422, str(error)) from None
    return wanted


def _check_allowed(ways: Ways, wanted: Watch) -> None:
    rules = ways.settings.scope
    scope = Scope(allow=(*rules.allow, *ways.api.probe), deny=rules.deny, read_only=ways.settings.read_only)
    try:
        scope.check_host(host_of(wanted.host), port_of(wanted))
    except Failed:
        host = host_of(wanted.host)
        why = f"{wanted.key} is not watched, and nothing allows it; to have it probed write into monitor.toml, and reload"
        raise Trouble(403, f'{why}: [api] probe = ["{host}"]') from None


def exposed(wanted: Watch, result: Result, seconds: float) -> Text:
    """The result in Prometheus's text form."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import GaugeMetricFamily, Metric

    def one(name: str, help: str, value: float) -> Metric:
        metric = GaugeMetricFamily(name, help)
        metric.add_metric([], value)
        return metric

    class Probed:
        def collect(self) -> Iterable[Metric]:
            yield one("probe_success", "Whether the probe succeeded", float(result.outcome in ("up", "degraded")))
            yield one("probe_duration_seconds", "How long the probe took", seconds)
            unknown = float(result.outcome == "unknown")
            yield one("netassist_probe_unknown", "Whether it could not be measured, for a reason of this machine's", unknown)
            degraded = float(result.outcome == "degraded")
            yield one("netassist_probe_degraded", "Whether a limit is exceeded", degraded)
            if result.ms is not None:
                yield one("netassist_probe_response_seconds", "Response time", result.ms / 1000)
            if (expires := expiry(result.facts)) is not None:
                yield one("probe_ssl_earliest_cert_expiry", "When the certificate expires, Unix seconds", expires)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Probed())
    return Text("text/plain; version=0.0.4; charset=utf-8", generate_latest(registry))
