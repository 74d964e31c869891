"""The daemon asked from the command line, over its unix socket."""

from __future__ import annotations

import http.client
import socket
import time
from typing import TypeVar
from urllib.parse import quote

import msgspec

from netassist.monitor.alone import Heartbeat, is_locked, running, short
from netassist.monitor.store import StoreTrouble, open_store
from netassist.untrusted import as_text

T = TypeVar("T")

SECONDS = 130.0
"""In which an answer has to be there; what is asked for may have to wait for its turn."""
PROMPT = 10.0
"""In which a daemon that is well says how it does."""
ENDING = 30.0
_LARGEST = 8 << 20
_STATUS = "/v1/status"


class Unheard(Exception):
    """No daemon answers, or not with what was asked for; the message says what to do."""


class Silent(Unheard):
    """One runs, and does not answer."""


def watch_path(key: str) -> str:
    """Where the API has a watch."""
    return f"/v1/watches/{quote(key, safe='')}"


def asked(url: str | None, method: str, path: str, kind: type[T], body: bytes = b"") -> T:
    """The answer of the daemon that watches the store at `url`. Raises Unheard, StoreTrouble."""
    return asked_of(found(url), method, path, kind, body)


def asked_of(told: Heartbeat, method: str, path: str, kind: type[T], body: bytes = b"") -> T:
    """The answer of a daemon that was found before; no change is asked of one that does not say how it does. Raises Unheard."""
    if method != "GET":
        asked_of(told, "GET", _STATUS, msgspec.Raw)
    seconds = PROMPT if path == _STATUS else SECONDS
    answer = _Connection(told, seconds)
    try:
        # A route with a body reads JSON; `{}` stands for what was left out.
        headers = {"Content-Type": "application/json"} if body else {}
        answer.request(method, path, body or None, headers)
        response = answer.getresponse()
        raw, status = response.read(_LARGEST), response.status
    except TimeoutError:
        raise Silent(
            f"the daemon (process {told.pid}) runs and does not answer: nothing came within {seconds:.0f} s; is it stopped, or "
            "this machine overloaded? its log says more"
        ) from None
    except (OSError, http.client.HTTPException) as error:
        raise Unheard(f"the daemon (process {told.pid}) does not answer at {told.socket}: {error}") from None
    finally:
        answer.close()
    try:
        if status >= 400:
            raise Unheard(as_text(str(msgspec.json.decode(raw)["detail"])))
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, KeyError, TypeError):
        raise Unheard(f"the daemon answered with what is not understood (status {status}); is it of another version?") from None


def found(url: str | None) -> Heartbeat:
    """The daemon that watches the store. Raises Unheard where there is none."""
    how = "`netassist daemon` starts one"
    try:
        with open_store(url, create=False) as store:
            told = running(store, time.time())
            if told is None:
                raise Unheard(f"no daemon watches {store.where}; {how}")
    except StoreTrouble as trouble:
        if trouble.kind == "unavailable":
            raise Unheard(f"no daemon runs: {trouble}") from None
        raise
    if not told.is_here:
        raise Unheard(f"the daemon runs on {told.host} (process {told.pid}); ask it there")
    return told


def ended(url: str | None) -> bool:
    """Wait until the daemon of a store has let go of it; False where it does not within half a minute."""
    until = time.monotonic() + ENDING
    with open_store(url, create=False) as store:
        while is_locked(store):
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
    return True


class _Connection(http.client.HTTPConnection):
    """HTTP over the daemon's unix socket."""

    def __init__(self, told: Heartbeat, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._told = told

    def connect(self) -> None:
        from pathlib import Path

        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        with short(Path(self._told.socket)) as name:
            self.sock.connect(name)
