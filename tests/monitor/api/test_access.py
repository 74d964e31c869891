"""Who may do what: tokens and their rights, the unix socket, guessing, too much of anything."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import stat
from pathlib import Path

import pytest

from netassist.configuration import BadConfiguration
from netassist.monitor.api import Api
from netassist.monitor.api.access import remote
from netassist.monitor.api.application import LARGEST_BODY
from netassist.monitor.api.limits import BURST, MOST_CALLERS, Limiter
from netassist.monitor.api.serving import remote_listener
from netassist.monitor.api.tokens import checked_name, minted, owner
from netassist.monitor.page import Page
from netassist.monitor.store import Token
from tests.lab.pki import authority, leaf
from tests.monitor.api.served import Served, played


def test_without_a_token_nothing_is_told(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        for path in ("/v1/watches", "/v1/status", "/metrics", "/probe?target=127.0.0.1&module=icmp", "/", "/all", "/watch/1"):
            answer = await served.remote.get(path)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), path
        assert (await served.remote.get("/openapi.json")).status_code == 200

    played(tmp_path, story)


def test_a_token_may_do_what_its_rights_say(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        reads, asks = served.token("read", name="reader"), served.token("ask", name="asker")
        writes = served.token("write", "read", name="writer")
        body = {"host": "a.example", "check": "icmp"}
        assert (await served.remote.get("/v1/watches", headers=reads)).status_code == 200
        assert (await served.remote.post("/v1/watches", headers=reads, json=body)).status_code == 403
        assert (await served.remote.get("/v1/watches", headers=asks)).status_code == 403
        assert (await served.remote.post("/v1/watches", headers=writes, json=body)).status_code == 201
        assert (await served.remote.post("/v1/ask", headers=writes, json={"question": "?"})).status_code == 403
        assert (await served.remote.post("/v1/ask", headers=asks, json={"question": "?"})).status_code == 503
        assert (await served.remote.post("/v1/stop", headers=writes)).status_code == 403

    played(tmp_path, story)


def test_a_token_counts_no_more_once_it_is_removed(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        token = served.token("read", name="gone")
        assert (await served.remote.get("/v1/states", headers=token)).status_code == 200
        served.store.remove_token("gone")
        assert (await served.remote.get("/v1/states", headers=token)).status_code == 401

    played(tmp_path, story)


def test_a_browser_is_asked_for_the_token_as_a_password_and_may_only_read_with_it(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        asked = await served.remote.get("/", headers={"Accept": "text/html"})
        assert asked.headers["www-authenticate"].startswith("Basic ")
        secret = served.token("read", "write")["Authorization"].removeprefix("Bearer ")
        basic = {"Authorization": "Basic " + base64.b64encode(f"me:{secret}".encode()).decode()}
        page = await served.remote.get("/", headers=basic)
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        body = {"host": "a.example", "check": "icmp"}
        assert (await served.remote.post("/v1/watches", headers=basic, json=body)).status_code == 401

    played(tmp_path, story)


def test_who_guesses_has_to_wait_and_others_do_not(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        token = served.token("read")
        wrong = {"Authorization": "Bearer na_guess"}
        answers = [(await served.remote.get("/v1/states", headers=wrong)).status_code for _ in range(12)]
        assert answers[0] == 401
        assert answers[-1] == 429
        late = await served.remote.get("/v1/states", headers=token)
        assert (late.status_code, int(late.headers["retry-after"]) >= 1) == (429, True)
        assert (await served.local.get("/v1/states")).status_code == 200

    played(tmp_path, story, api=Api(listen="127.0.0.1:0", rate=20))


def test_the_page_is_public_only_where_it_is_said_so(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        assert (await served.remote.get("/")).status_code == 200
        whole = await served.remote.get("/all")
        assert (whole.status_code, whole.json()["detail"]) == (401, "the page is shown to who gives a token as the password")
        assert (await served.remote.get("/v1/watches")).status_code == 401

    played(tmp_path, story, page=Page(public=True))


def test_bodies_and_queries_are_bounded_and_typed(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        whole = json.dumps({"question": "x" * LARGEST_BODY})
        kind = {"Content-Type": "application/json"}
        assert (await served.local.post("/v1/ask", content=whole, headers=kind)).status_code == 413
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert (await served.local.post("/v1/ask", content='{"question":"?"}', headers=form)).status_code == 415
        assert (await served.local.post("/v1/ask", content=b'{"question":"\xff"}', headers=kind)).status_code == 422
        assert (await served.local.post("/v1/ask", content="[" * 60_000, headers=kind)).status_code == 422
        assert (await served.local.get("/v1/events?hours=1&hours=2")).status_code == 422
        assert (await served.local.get("/v1/events?limit=100000")).status_code == 422
        assert (await served.local.get("/v1/events?colour=red")).status_code == 422
        assert (await served.local.get("/v1/watches?" + "a" * 5000)).status_code == 414
        assert (await served.local.get("/nothing")).headers["content-type"] == "application/problem+json"
        assert (await served.local.put("/v1/watches")).status_code == 405

    played(tmp_path, story)


def test_a_mistake_of_ours_shows_nothing_of_our_insides(tmp_path: Path) -> None:
    async def broken() -> None:
        raise RuntimeError("password=hunter2 in /etc")

    async def story(served: Served) -> None:
        answer = await served.local.get("/v1/status")
        assert (answer.status_code, "hunter2" in answer.text) == (500, False)
        assert (await served.local.get("/v1/states")).status_code == 200

    played(tmp_path, story, status=broken)


def test_what_is_no_http_is_turned_away(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"\x16\x03\x01\x00\xff\x01\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000)
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        writer.close()

    played(tmp_path, story)


def test_who_says_nothing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netassist.monitor.api.serving.HEAD_SECONDS", 0.2)

    async def story(served: Served) -> None:
        for said in (b"", b"GET / HTT"):
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(said)
            assert await reader.read() == b""
            writer.close()
        assert (await served.local.get("/v1/states")).status_code == 200

    played(tmp_path, story)


def test_the_socket_is_this_users_alone(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        assert stat.S_IMODE(served.path.stat().st_mode) == 0o600
        if os.geteuid() != 0:
            return
        served.path.chmod(0o666)
        served.path.parent.chmod(0o755)
        for folder in served.path.parents:
            if str(folder).startswith("/tmp/"):
                folder.chmod(folder.stat().st_mode | 0o011)
        assert await asyncio.to_thread(as_stranger, served.path) == b""

    played(tmp_path, story)


def as_stranger(path: Path) -> bytes:
    """What another user of this machine gets to hear over the socket, though it lets him connect."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(path))
                connection.settimeout(10)
                connection.sendall(b"GET /v1/states HTTP/1.1\r\nHost: x\r\n\r\n")
                os.write(writing, connection.recv(1000))
        except (ConnectionError, BrokenPipeError):
            pass
        except OSError as error:
            os.write(writing, f"not even tried: {error}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as heard:
        said = heard.read()
    os.waitpid(child, 0)
    return said


def test_over_tls_the_certificate_is_the_one_that_was_given(tmp_path: Path) -> None:
    root = authority()
    identity = leaf(root, ips=("127.0.0.1",))
    from tests.lab.keyfiles import write

    files = write(identity, tmp_path)
    api = Api(listen="127.0.0.1:0", certificate=str(files.certificate), key=str(files.key), rate=100)

    async def story(served: Served) -> None:
        assert (await served.remote.get("/openapi.json")).status_code == 200
        assert served.remote.base_url.scheme == "https"

    played(tmp_path, story, api=api)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"listen": "0.0.0.0:80"}, "needs TLS"),
        ({"listen": "192.0.2.1:80"}, "needs TLS"),
        ({"listen": "localhost:80"}, "is not an address and a port"),
        ({"listen": "127.0.0.1"}, "is not an address and a port"),
        ({"listen": "127.0.0.1:99999"}, "is not an address and a port"),
        ({"certificate": "a"}, "go together"),
        ({"rate": 0.0}, "requests a second"),
        ({"probe": ("a b",)}, "not a host name"),
    ],
)
def test_what_cannot_be_served_is_refused(given: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Api(**given)  # type: ignore[arg-type]


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadConfiguration, match=f"listen 127.0.0.1:{port}"):
            remote_listener(lambda *_: None, Api(listen=f"127.0.0.1:{port}"))  # type: ignore[arg-type]


def test_tokens_are_kept_as_salted_hashes() -> None:
    secret, hashed = minted()
    kept = Token(name="one", hash=hashed, scopes=("read",), made=0.0)
    assert secret not in hashed
    assert minted() != (secret, hashed)
    assert owner(secret, [kept]) is kept
    assert owner(secret + "x", [kept]) is None
    broken = [Token(name=wrong, hash=wrong, scopes=("read",), made=0.0) for wrong in ("", "blake2b$zz$x", "md5$$", "blake2b")]
    assert owner(secret, [*broken, kept]) is kept
    assert owner("", broken) is None


@pytest.mark.parametrize("name", ["", "-a", "a b", "a\n", "ä", "a" * 65])
def test_names_of_tokens_are_plain(name: str) -> None:
    with pytest.raises(ValueError, match="no name for a token"):
        checked_name(name)


@pytest.mark.parametrize("credential", ["Basic !!!", "Basic " + "A" * 1000, "Digest x", "Bearer", "Bearer " + "x" * 500])
def test_odd_credentials_are_wrong_ones(credential: str) -> None:
    assert remote("peer", credential, [], reading=True) is None


def test_a_caller_may_burst_and_then_goes_at_the_rate() -> None:
    limiter = Limiter(2.0)
    assert [limiter.wait("a", 100.0) for _ in range(int(2 * BURST))] == [0.0] * 20
    assert limiter.wait("a", 100.0) == pytest.approx(0.5)
    assert limiter.wait("b", 100.0) == 0.0
    assert limiter.wait("a", 100.6) == 0.0
    assert limiter.wait("a", 90.0) > 0  # time does not go back for it


def test_few_callers_are_remembered() -> None:
    limiter = Limiter(1.0)
    for number in range(MOST_CALLERS + 10):
        limiter.wait(str(number), 0.0)
    assert len(limiter._buckets) == MOST_CALLERS
