"""Watches, windows, history and alerts over the API, by real requests to real sockets."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import quote

from netassist.configuration import ScopeRules, Settings
from netassist.monitor.alert import Alert
from netassist.monitor.api.values import NewWatch
from netassist.monitor.happening import Event, Result, State
from netassist.monitor.watch import CHECKS, Watch
from netassist.reports.words import listed
from tests.monitor.api.served import Served, played

SHOP = {"host": "https://shop.example.org/?a=1", "check": "https", "interval": 60, "group": "Shop"}
KEY = "https https://shop.example.org/?a=1"


def test_a_watch_is_added_read_changed_and_removed(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        made = await served.local.post("/v1/watches", json=SHOP)
        assert (made.status_code, made.json()["key"]) == (201, KEY)
        assert (await served.local.post("/v1/watches", json=SHOP)).status_code == 409
        path = f"/v1/watches/{quote(KEY, safe='')}"
        changed = await served.local.patch(path, json={"enabled": False, "limits": {"slow_ms": 300}})
        assert changed.json()["watch"]["limits"] == {"slow_ms": 300}
        [kept] = served.store.watches()
        assert (kept.enabled, kept.group, kept.limits.slow_ms) == (False, "Shop", 300)
        assert (await served.local.get(path)).json()["watch"]["host"] == SHOP["host"]
        assert [one["key"] for one in (await served.local.get("/v1/watches")).json()["watches"]] == [KEY]
        assert (await served.local.delete(path)).json() == {"done": True}
        assert served.store.watches() == ()
        assert (await served.local.delete(path)).status_code == 404

    played(tmp_path, story)


def test_what_cannot_be_watched_is_refused_with_the_reason(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        async def refused(body: object) -> tuple[int, str]:
            answer = await served.local.post("/v1/watches", json=body)
            assert answer.headers["content-type"] == "application/problem+json"
            return answer.status_code, answer.json()["detail"]

        assert await refused({"host": "a.example", "check": "tcp"}) == (422, "a.example: a tcp check needs a port")
        assert (await refused({"host": "a b", "check": "icmp"}))[0] == 422
        assert (await refused({"host": "a.example", "check": "telepathy"}))[0] == 422
        assert (await refused({"host": "a.example", "check": "icmp", "interval": 1}))[0] == 422
        assert (await refused([1]))[0] == 422
        assert await refused({"host": "a.example", "check": "icmp", "intervall": 60}) == (
            422, "the body: there is no field 'intervall'; there are " + listed(list(NewWatch.__struct_fields__), 20),
        )  # fmt: skip
        assert await refused({"host": "a.example", "check": "icmp", "interval": "5m"}) == (
            422, "the body: interval: it must be a whole number, and is a text in quotation marks",
        )  # fmt: skip
        assert await refused({"host": "a.example", "check": "tpc"}) == (
            422, f"the body: check: there is no choice 'tpc'; there are {listed(CHECKS, 20)}",
        )  # fmt: skip
        assert await refused({"host": "a.example"}) == (422, "the body: check is missing")
        status, why = await refused({"host": "a.example", "check": "icmp", "limits": {"grade": "A"}})
        assert (status, why) == (422, "grade means nothing to icmp; it is a limit of tls")
        status, why = await refused({"host": "a.example", "check": "icmp", "limits": {"slow": 60}})
        assert (status, "limits: there is no field 'slow'" in why) == (422, True)
        assert await refused({"host": "a.example", "check": "icmp", "limits": {"slow_ms": -1}}) == (
            422, "slow_ms -1 is not above 0 and up to an hour (3600000)",
        )  # fmt: skip
        status, why = await refused({"host": "a.example", "check": "icmp", "failures": 4})
        assert (status, "failures 4" in why) == (422, True)
        assert (await served.local.post("/v1/watches", json={"host": "r.example", "check": "icmp"})).status_code == 201
        assert await refused({"host": "s.example", "check": "icmp", "parents": ["t.example"]}) == (
            422, "no watch has the key or host 't.example'; did you mean 's.example'?",
        )  # fmt: skip
        behind = {"host": "s.example", "check": "icmp", "parents": ["icmp r.example"]}
        assert (await served.local.post("/v1/watches", json=behind)).status_code == 201
        path = "/v1/watches/icmp%20r.example"
        circle = await served.local.patch(path, json={"parents": ["s.example"]})
        assert (circle.status_code, "behind one another" in circle.json()["detail"]) == (422, True)
        unknown = await served.local.patch(path, json={"pubic": True})
        assert (unknown.status_code, "there is no field 'pubic'" in unknown.json()["detail"]) == (422, True)
        assert (await served.local.patch(path, json={"interval": 0})).status_code == 422
        await served.local.delete(path)
        assert (await served.local.patch("/v1/watches/icmp%20s.example", json={"enabled": False})).status_code == 200
        status, why = await refused({"host": "db.bank.example", "check": "icmp"})
        assert (status, "denies it" in why) == (403, True)

    played(tmp_path, story, settings=Settings(scope=ScopeRules(deny=(".bank.example",))))


def test_what_stands_in_the_file_is_changed_there(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        watch = Watch(host="a.example", check="icmp", source="file")
        served.store.set_file_watches([watch], 0.0)
        answer = await served.local.patch("/v1/watches/icmp%20a.example", json={"enabled": False})
        assert (answer.status_code, "monitor.toml" in answer.json()["detail"]) == (409, True)
        assert (await served.local.delete("/v1/watches/icmp%20a.example")).status_code == 409

    played(tmp_path, story)


def test_history_events_and_alerts_are_told(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        now, watch = time.time(), Watch(host="a.example", check="icmp", interval=60)
        served.store.put_watch(watch, now)
        results = [Result(watch=watch.key, at=now - 600 + 60 * turn, outcome="up", ms=10.0 + turn) for turn in range(10)]
        event = Event(at=now, watch=watch.key, kind="state", what="state", before="up", after="down")
        alert = Alert(id="0badcafe", watch=watch.key, about="state", level="critical", title="a.example is down", opened=now)
        served.store.record(results, [State(watch=watch.key, standing="up", since=now - 600)], [event], [alert])
        told = (await served.local.get("/v1/history", params={"watch": watch.key, "hours": "1"})).json()
        assert told["response_times"]["count"] == 10
        assert len(told["results"]) == 10
        assert round(told["availability"]["up"]) in range(595, 606)
        assert len(told["days"]) == 90
        events = (await served.local.get("/v1/events")).json()["events"]
        assert [one["after"] for one in events if one["kind"] == "state"] == ["down"]
        assert (await served.local.get("/v1/states")).json()["states"][0]["standing"] == "up"
        assert (await served.local.get("/v1/history", params={"watch": "icmp nobody"})).status_code == 404
        taken = (await served.local.post("/v1/alerts/0badcafe/acknowledge", json={"by": "maria"})).json()
        assert (taken["status"], taken["acknowledged_by"]) == ("acknowledged", "maria")
        assert (await served.local.get("/v1/alerts", params={"status": "open"})).json()["alerts"] == []
        assert (await served.local.post("/v1/alerts/00000000/acknowledge", json={})).status_code == 404

    played(tmp_path, story)


def test_maintenance_is_planned_and_taken_back(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        served.store.put_watch(Watch(host="a.example", check="icmp", group="Network"), 0.0)
        begin = time.time() + 10
        window = {"name": "new switch", "watches": ["Network"], "starts": begin, "ends": begin + 10}
        wrong = await served.local.post("/v1/maintenance", json=window | {"watches": ["Netwrok"]})
        assert (wrong.status_code, "did you mean 'Network'?" in wrong.json()["detail"]) == (422, True)
        assert (await served.local.post("/v1/maintenance", json=window | {"weekley": True})).status_code == 422
        assert (await served.local.post("/v1/maintenance", json=window | {"ends": begin + 1e9})).status_code == 422
        assert (await served.local.post("/v1/maintenance", json=window)).json()["windows"] == [window]
        assert (await served.local.post("/v1/maintenance", json=window | {"ends": begin - 5.0})).status_code == 422
        over = await served.local.post("/v1/maintenance", json=window | {"starts": 10.0, "ends": 20.0})
        assert (over.status_code, "would be over already" in over.json()["detail"]) == (422, True)
        assert (await served.local.delete("/v1/maintenance/new%20switch")).status_code == 200
        assert (await served.local.delete("/v1/maintenance/new%20switch")).status_code == 404

    played(tmp_path, story)


def test_the_daemon_is_asked_about_itself(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        assert (await served.local.get("/v1/status")).json()["store"] == served.store.where
        assert (await served.local.post("/v1/reload")).json()["added"] == ["tcp a 1"]
        assert (await served.local.post("/v1/test-alert", json={})).json() == {"channels": [{"channel": "mail", "error": ""}]}
        assert (await served.local.post("/v1/test-alert", json={"channel": "pigeon"})).status_code == 404
        assert (await served.local.post("/v1/ask", json={"question": "is it up?"})).status_code == 503

    played(tmp_path, story)
