"""``/metrics`` and ``/probe`` as Prometheus reads them."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from netassist.configuration import ScopeRules, Settings
from netassist.monitor.alert import Alert
from netassist.monitor.api import Api
from netassist.monitor.api.probing import watch_for
from netassist.monitor.api.problems import Trouble
from netassist.monitor.api.values import Status
from netassist.monitor.api.ways import Figures
from netassist.monitor.happening import Standing, State
from netassist.monitor.metrics import LONGEST_VALUE, MOST_TAGS, MOST_VALUES, OTHER, Measured, labels, rendered
from netassist.monitor.watch import Watch
from tests.lab.http import http_server
from tests.monitor.api.served import Served, played

STATUS = Status(version="0", pid=1, since=0.0, store="x")


def samples(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def told(*standings: Standing) -> dict[str, list[tuple[dict[str, str], float]]]:
    watches = [Watch(host=f"{standing}.example", check="tls", tags={"team": "a"}) for standing in standings]
    states = {
        watch.key: State(watch=watch.key, standing=standing, since=5.0, at=9.0, ms=250.0,
                         facts={"grade": "B", "post_quantum": "available", "expires": "2027-01-01T10:20:30Z"})
        for watch, standing in zip(watches, standings, strict=True)
    }  # fmt: skip
    alert = Alert(id="0" * 8, watch=watches[0].key, about="state", level="critical", title="x", opened=0.0)
    figures = Figures({"up": 7}, ((0.1, 6), (float("inf"), 7)), 0.25, held=3, store_errors=1)
    return samples(rendered(Measured(watches, states, [alert], STATUS, figures)).decode())


def test_a_watch_is_told_with_its_labels() -> None:
    found = told("up", "degraded", "down", "unknown")
    up = {labels["host"]: value for labels, value in found["netassist_watch_up"]}
    assert up == {"up.example": 1.0, "degraded.example": 1.0, "down.example": 0.0}  # of what is not known nothing is said
    degraded = {labels["host"]: value for labels, value in found["netassist_watch_degraded"]}
    assert degraded == {"up.example": 0.0, "degraded.example": 1.0, "down.example": 0.0}
    labels, seconds = found["netassist_watch_response_seconds"][0]
    assert (labels["watch"], labels["check"], labels["tag_team"], seconds) == ("tls up.example", "tls", "a", 0.25)
    assert found["netassist_watch_certificate_expiry_timestamp_seconds"][0][1] == 1_798_798_830.0
    assert found["netassist_watch_tls_grade"][0][1] == 3.0
    assert found["netassist_watch_post_quantum"][0][0]["verdict"] == "available"


def test_the_daemon_is_told_of() -> None:
    found = told("up")
    assert ({"outcome": "up"}, 7.0) in found["netassist_checks_total"]
    assert found["netassist_results_held"] == [({}, 3.0)]
    assert ({"status": "open", "level": "critical"}, 1.0) in found["netassist_alerts"]
    assert found["netassist_check_lateness_seconds_count"] == [({}, 7.0)]
    assert [value for _, value in found["netassist_check_lateness_seconds_bucket"]] == [6.0, 7.0]


def test_what_becomes_labels_is_bounded() -> None:
    watches = [
        Watch(host=f"h{number}", check="icmp", tags={f"{number}": "x", "id": f"{number:05}" + "y" * 100, "sick\n": "\x1b[2J"})
        for number in range(MOST_VALUES + 50)
    ]
    named = labels(watches)
    assert len(named.names) == 5 + MOST_TAGS
    place = named.names.index("tag_id")
    values = [row[place] for row in named.of.values()]
    assert len(set(values)) == MOST_VALUES + 1
    assert OTHER in values
    assert max(map(len, values)) == LONGEST_VALUE
    text = rendered(Measured(watches, {}, [], STATUS, Figures({}))).decode()
    assert "\x1b" not in text
    assert len(samples(text)["netassist_watch_enabled"]) == len(watches)


def test_it_is_served(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        served.store.put_watch(Watch(host="a.example", check="icmp"), time.time())
        answer = await served.remote.get("/metrics", headers=served.token("read"))
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert samples(answer.text)["netassist_watches"] == [({}, 1.0)]

    played(tmp_path, story)


def test_a_probe_measures(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        with http_server({}) as web, socket.create_server(("127.0.0.1", 0)) as open_port:
            port = open_port.getsockname()[1]
            answer = await served.local.get("/probe", params={"target": f"127.0.0.1:{port}", "module": "tcp_connect"})
            found = samples(answer.text)
            assert found["probe_success"] == [({}, 1.0)]
            assert found["probe_duration_seconds"][0][1] > 0
            url = f"http://127.0.0.1:{web.port}/missing"
            answer = await served.local.get("/probe", params={"target": url, "module": "http_2xx"})
            assert samples(answer.text)["probe_success"] == [({}, 0.0)]
            assert [path for path, _ in web.requests] == ["/missing"]

    played(tmp_path, story)


def test_a_probe_touches_only_what_is_allowed(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        async def status(target: str, module: str = "tcp") -> int:
            return (await served.local.get("/probe", params={"target": target, "module": module})).status_code

        assert await status("127.0.0.2:1") == 403
        assert await status("169.254.169.254:80") == 403
        assert await status("2130706433:80") in (403, 422)
        assert await status("127.0.0.1:22") == 403  # the rule is for another port
        assert await status("127.0.0.1:1") == 200
        assert await status("127.0.0.3:1") == 200  # it is watched
        assert await status("127.0.0.3:2") == 403
        refused = (await served.local.get("/probe", params={"target": "127.0.0.3", "module": "icmp"})).json()["detail"]
        assert refused == (
            "icmp 127.0.0.3 is not watched, and nothing allows it; to have it probed write into monitor.toml, and reload: "
            '[api] probe = ["127.0.0.3"]'
        )
        refused = (await served.local.get("/probe", params={"target": "127.0.0.3", "module": "http_2x"})).json()["detail"]
        assert refused.startswith("there is no module 'http_2x'; there are icmp, ")

    settings = Settings(scope=ScopeRules(deny=("127.0.0.9",)))
    watched = Watch(host="127.0.0.3", check="tcp", port=1)

    async def with_watch(served: Served) -> None:
        served.store.put_watch(watched, 0.0)
        await story(served)

    played(tmp_path, with_watch, settings=settings, api=Api(listen="127.0.0.1:0", rate=1000, probe=("127.0.0.1:1",)))


@pytest.mark.parametrize(
    ("target", "module", "key"),
    [
        ("a.example", "icmp", "icmp a.example"),
        ("a.example:25", "smtp", "smtp a.example 25"),
        ("[2001:db8::1]:443", "tls", "tls 2001:db8::1 443"),
        ("https://a.example/x", "http_2xx", "https https://a.example/x"),
        ("a.example/x", "https", "https https://a.example/x"),
        ("a.example", "https", "https a.example"),
    ],
)
def test_targets_are_read_as_blackbox_exporter_reads_them(target: str, module: str, key: str) -> None:
    assert watch_for(target, module).key == key


@pytest.mark.parametrize(
    ("target", "module"), [("a.example", "ftp"), ("a b", "icmp"), ("a.example", "tcp"), ("10.0.0.0/8", "nmap")]
)
def test_what_is_no_target_is_refused(target: str, module: str) -> None:
    with pytest.raises(Trouble):
        watch_for(target, module)
