"""Everything that the API answers: the one table that the application and its description are made from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple

import msgspec

from netassist.monitor.alert import Alert
from netassist.monitor.api import daemon, telling, values, watching
from netassist.monitor.api.asked import Asked, Text
from netassist.monitor.api.tokens import Right
from netassist.monitor.api.ways import Ways

CHECK_SECONDS = 125.0
"""For a check that was asked for, which may have to wait for its turn."""
Handler = Callable[[Ways, Asked], Awaitable[msgspec.Struct | Text]]


class Route(NamedTuple):
    """Args:
    path: variables in braces, as OpenAPI has them.
    right: what the caller must be allowed; None for everybody.
    summary: one sentence, for the description.
    query, body, answer: types; None where there is none, for `answer` where it is no JSON.
    local: only over the unix socket.
    seconds: after which it is given up.
    errors: statuses that it may answer with, besides those that any route may.
    cost: in requests, for the limiter.
    change: what the journal calls it; empty where nothing is changed and nothing run.
    """

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    right: Right | None
    summary: str
    handler: Handler
    query: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    answer: type[msgspec.Struct] | None = None
    status: int = 200
    local: bool = False
    seconds: float = 30.0
    errors: tuple[int, ...] = ()
    cost: float = 1.0
    change: str = ""


async def _metrics(ways: Ways, asked: Asked) -> Text:
    from netassist.monitor.metrics import exposition

    return await exposition(ways)


async def _probe(ways: Ways, asked: Asked) -> Text:
    from netassist.monitor.api.probing import probe

    return await probe(ways, asked)


async def _description(ways: Ways, asked: Asked) -> Text:
    from netassist.monitor.api.openapi import document

    return Text("application/json", msgspec.json.format(msgspec.json.encode(document()), indent=2))


ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/watches", "read", "What is watched, with how each stands.", watching.watches, answer=values.Watches),
    Route("POST", "/v1/watches", "write", "Watch something more.", watching.add, body=values.NewWatch, answer=values.Watched,
          status=201, errors=(403, 409), change="monitor_add"),
    Route("GET", "/v1/watches/{key}", "read", "One watch.", watching.watch, answer=values.Watched, errors=(404,)),
    Route("PATCH", "/v1/watches/{key}", "write", "Change a watch that was added: pause it, set other limits.", watching.edit,
          body=values.WatchEdit, answer=values.Watched, errors=(403, 404, 409), change="monitor_edit"),
    Route("DELETE", "/v1/watches/{key}", "write", "Watch it no more; its history stays.", watching.remove, answer=values.Done,
          errors=(404, 409), change="monitor_remove"),
    Route("POST", "/v1/watches/{key}/check", "write", "Check it now, and answer with the result, which is recorded.",
          watching.check, answer=values.Checked, seconds=CHECK_SECONDS, errors=(404, 409), cost=5.0, change="monitor_check"),
    Route("GET", "/v1/states", "read", "How every watch stands.", watching.states, answer=values.States),
    Route("GET", "/v1/history", "read", "What was measured of a watch: availability, response times, results, days.",
          telling.history, query=values.HistoryQuery, answer=values.History, errors=(404,)),
    Route("GET", "/v1/events", "read", "What happened, newest first: changes of state, drift.", telling.events,
          query=values.EventsQuery, answer=values.Events),
    Route("GET", "/v1/alerts", "read", "What people were told of.", telling.alerts, query=values.AlertsQuery,
          answer=values.Alerts),
    Route("POST", "/v1/alerts/{id}/acknowledge", "write", "Take an alert on, so that it is not repeated.", telling.acknowledge,
          body=values.Acknowledgement, answer=Alert, errors=(404, 409), change="alert_acknowledge"),
    Route("GET", "/v1/maintenance", "read", "When nobody is to be told.", watching.windows, answer=values.Windows),
    Route("POST", "/v1/maintenance", "write", "Add or replace a maintenance window.", watching.put_window, body=values.NewWindow,
          answer=values.Windows, change="maintenance_add"),
    Route("DELETE", "/v1/maintenance/{name}", "write", "Remove a maintenance window.", watching.remove_window, answer=values.Done,
          errors=(404,), change="maintenance_remove"),
    Route("POST", "/v1/ask", "ask", "Ask in plain words; what needs a person's yes is not run.", daemon.ask, body=values.Question,
          answer=values.Asked, seconds=180.0, errors=(503,), cost=10.0, change="ask"),
    Route("GET", "/v1/status", "read", "How the daemon itself does.", daemon.status, answer=values.Status),
    Route("POST", "/v1/reload", "write", "Read monitor.toml anew.", daemon.reload, answer=values.Reloaded,
          change="daemon_reload"),
    Route("POST", "/v1/stop", "write", "End the daemon.", daemon.stop, answer=values.Done, local=True,
          change="daemon_stop"),
    Route("POST", "/v1/test-alert", "write", "Send a test to one channel or to all.", daemon.test_alert, body=values.TestAlert,
          answer=values.Tests, seconds=120.0, errors=(404, 409), change="daemon_test_alert"),
    Route("GET", "/metrics", "read", "For Prometheus.", _metrics),
    Route("GET", "/probe", "read", "One check, in the manner of blackbox_exporter, of what the configuration allows.", _probe,
          query=values.ProbeQuery, seconds=60.0, errors=(403,)),
    Route("GET", "/openapi.json", None, "This description.", _description),
)  # fmt: skip
