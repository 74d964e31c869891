"""Changes over the API stand in the journal, with who made them; a check that is asked for is run and rate limited."""

from __future__ import annotations

import getpass
import json
import time
from pathlib import Path
from urllib.parse import quote

import msgspec

from netassist.assistant.chain import entries, verify
from netassist.assistant.journal import Entry
from netassist.configuration import ScopeRules, Settings
from netassist.monitor.alert import Alert
from netassist.monitor.happening import State
from netassist.monitor.watch import Watch
from tests.lab.listening import closed_port
from tests.monitor.api.served import Served, played

PATH = "/v1/watches/icmp%20a.example"


def written(folder: Path) -> list[Entry]:
    return [msgspec.json.decode(row, type=Entry) for row in entries(folder)]


def test_every_change_is_entered_with_who_made_it(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        token = served.token("read", "write", name="deploy")
        body = {"host": "a.example", "check": "icmp", "limits": {"slow_ms": 9}}
        await served.remote.post("/v1/watches", headers=token, json=body)
        await served.local.patch(PATH, json={"enabled": False})
        await served.remote.get("/v1/watches", headers=token)  # reads are not entered
        await served.remote.patch(PATH, headers=token, json={"enabled": True, "limits": {"slow_ms": -9}})  # nothing was changed
        alert = Alert(id="0badcafe", watch="icmp a.example", about="state", level="critical", title="down", opened=time.time())
        served.store.put_alert(alert)
        await served.remote.post("/v1/alerts/0badcafe/acknowledge", headers=token, json={})
        night = {"name": "night", "starts": time.time(), "ends": time.time() + 3600}
        await served.remote.post("/v1/maintenance", headers=token, json=night)
        await served.remote.delete("/v1/maintenance/night", headers=token)
        await served.local.delete(PATH)
        await served.local.post("/v1/reload")

    played(tmp_path, story)
    rows = written(tmp_path)
    local = f"user {getpass.getuser()}"
    assert [(row.call.name, row.planned_by, row.status) for row in rows] == [
        ("monitor_add", "token deploy", "ok"),
        ("monitor_edit", local, "ok"),
        ("alert_acknowledge", "token deploy", "ok"),
        ("maintenance_add", "token deploy", "ok"),
        ("maintenance_remove", "token deploy", "ok"),
        ("monitor_remove", local, "ok"),
        ("daemon_reload", local, "ok"),
    ]
    assert rows[0].call.arguments == {"host": "a.example", "check": "icmp", "limits": '{"slow_ms":9.0}'}
    assert rows[1].call.arguments == {"key": "icmp a.example", "enabled": False}
    assert (rows[1].request, rows[1].allowed_by) == ("PATCH /v1/watches/icmp a.example", "the API")
    assert rows[2].call.arguments == {"id": "0badcafe", "by": ""}
    assert verify(tmp_path, None).problems == ()


def test_what_the_scope_refuses_is_entered_too(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        assert (await served.local.post("/v1/watches", json={"host": "db.bank.example", "check": "icmp"})).status_code == 403

    played(tmp_path, story, settings=Settings(scope=ScopeRules(deny=(".bank.example",))))
    [row] = written(tmp_path)
    assert (row.status, "denies it" in (row.message or "")) == ("refused", True)


def test_nothing_is_changed_where_the_journal_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").mkdir()

    async def story(served: Served) -> None:
        answer = await served.local.post("/v1/watches", json={"host": "a.example", "check": "icmp"})
        assert (answer.status_code, "nothing was changed" in answer.json()["detail"]) == (503, True)
        assert served.store.watches() == ()

    played(tmp_path, story)


def test_a_check_is_run_at_once_and_not_again_within_seconds(tmp_path: Path) -> None:
    port = closed_port()

    async def story(served: Served) -> None:
        watch = Watch(host="127.0.0.1", check="tcp", port=port)
        served.store.put_watch(watch, 0.0)
        path = f"/v1/watches/{quote(watch.key, safe='')}/check"
        reads = served.token("read", name="reader")
        assert (await served.remote.post(path, headers=reads)).status_code == 403
        answer = await served.local.post(path)
        assert (answer.status_code, answer.json()["result"]["outcome"]) == (200, "down")
        served.store.record([], [State(watch=watch.key, standing="down", at=998.0)])
        again = await served.local.post(path)
        assert (again.status_code, again.headers["retry-after"]) == (429, "3")
        served.store.record([], [State(watch=watch.key, standing="down", at=994.0)])
        assert (await served.local.post(path)).status_code == 200
        assert (await served.local.patch(path.removesuffix("/check"), json={"enabled": False})).status_code == 200
        paused = await served.local.post(path)
        assert (paused.status_code, "is paused" in paused.json()["detail"]) == (409, True)
        assert (await served.local.post("/v1/watches/tcp%20nobody%201/check")).status_code == 404

    played(tmp_path, story, now=lambda: 1000.0)
    assert [row.call.name for row in written(tmp_path)] == ["monitor_check", "monitor_check", "monitor_edit"]


def test_a_watch_whose_address_ends_like_the_route_is_still_one_watch(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        watch = Watch(host="http://127.0.0.1:1/check", check="http", enabled=False)
        served.store.put_watch(watch, 0.0)
        path = f"/v1/watches/{quote(watch.key, safe='')}"
        assert (await served.local.get(path)).json()["key"] == watch.key
        assert "is paused" in (await served.local.post(f"{path}/check")).json()["detail"]
        assert (await served.local.delete(path)).status_code == 200

    played(tmp_path, story)


def test_what_is_entered_holds_no_secret(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        body = {"host": "a.example", "check": "icmp", "tags": {"link": "https://me:hunter2@a.example/"}}
        assert (await served.local.post("/v1/watches", json=body)).status_code == 201

    played(tmp_path, story)
    assert "hunter2" not in json.dumps([row.call.arguments for row in written(tmp_path)])
